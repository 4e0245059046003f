// Knows acoustic scenes: clean synthetic speech → what a telephone line would deliver. Does not know texts or voices.
import type { Random } from './random.ts'
import * as signals from './signals.ts'
import { ESPEAK_RATE_HZ } from './synthesiser.ts'

export type TestCondition = {
  /** Noise against the whole utterance. */
  snrDb?: number
  /** Noise before and after the speech is 15 to 25 dB lower, or 8 dB higher. */
  levelJump?: boolean
  /** Share of lost packets. */
  lossRate?: number
  /** Another voice throughout, against the speech. */
  echoDb?: number
}

const seconds = (value: number): number => Math.round(value * signals.SAMPLE_RATE_HZ)

/** Speech at 8 kHz with its speed (and formants) changed by `speed`. */
export function toTelephoneRate(samples: Float32Array, speed: number): Float32Array {
  return signals.resample(samples, (ESPEAK_RATE_HZ * speed) / signals.SAMPLE_RATE_HZ)
}

const POOL_SIZE = 40

/** Memory of recent clean utterances, used as babble and as echo of another voice. */
export class SpeechPool {
  readonly #items: Float32Array[] = []
  #next = 0

  add(samples: Float32Array): void {
    this.#items[this.#next++ % POOL_SIZE] = samples
  }

  /** Unit-RMS speech of the wanted length made of `voices` random utterances on top of each other. */
  babble(length: number, voices: number, random: Random): Float32Array {
    const signal = new Float32Array(length)
    for (let v = 0; v < voices && this.#items.length > 0; v++) {
      for (let at = 0; at < length; ) {
        const item = random.pick(this.#items)
        signals.mix(signal, item, 1 / Math.max(1, signals.rms(item)), at)
        at += Math.max(800, item.length)
      }
    }
    return signals.scale(signal, 1 / Math.max(1e-6, signals.rms(signal)))
  }
}

/** Unit-RMS background noise of a random kind. */
function backgroundNoise(length: number, pool: SpeechPool, random: Random): Float32Array {
  const kind = random.next()
  if (kind < 0.6) return signals.colouredNoise(length, random.range(0, 0.9), random)
  if (kind < 0.72) return signals.colouredNoise(length, random.range(0.9, 0.99), random)
  if (kind < 0.8) return signals.hum(length, random)
  const noise = pool.babble(length, random.integer(3, 6), random)
  signals.mix(noise, signals.colouredNoise(length, random.range(0, 0.9), random), 0.5)
  return noise
}

/** Multiply by a gain that jumps by up to +-15 dB at one to three places. */
function jumpLevel(noise: Float32Array, random: Random): Float32Array {
  let at = 0
  while (at < noise.length) {
    const run = seconds(random.range(0.3, 2))
    const gain = Math.pow(10, random.range(-15, 8) / 20)
    for (let i = at; i < Math.min(noise.length, at + run); i++) noise[i]! *= gain
    at += run
  }
  return noise
}

/** Place speech parts on a time line with pauses; returns the signal and the speech RMS. */
function layOut(parts: readonly Float32Array[], random: Random, leadMin: number, leadMax: number): { signal: Float32Array; level: number; lead: number } {
  const pauses = parts.map((_, k) => seconds(k === 0 ? random.range(leadMin, leadMax) : random.range(0.25, 0.9)))
  const tail = seconds(random.range(0.12, 0.7))
  const total = parts.reduce((sum, part, k) => sum + pauses[k]! + part.length, 0) + tail
  const signal = new Float32Array(total)
  let at = 0
  let level = 0
  parts.forEach((part, k) => {
    at += pauses[k]!
    signals.mix(signal, part, 1, at)
    level = Math.max(level, signals.rms(part))
    at += part.length
  })
  return { signal, level, lead: pauses[0] ?? 0 }
}

/**
 * Everything at random.
 * @param utterances speech parts at 8 kHz on the 16-bit scale; none make an example without speech
 */
export function trainingScene(utterances: readonly Float32Array[], pool: SpeechPool, random: Random): Int16Array {
  const parts = utterances.map((part) => {
    let speech = signals.handset(part, random)
    if (random.chance(0.25)) speech = signals.reverberate(speech, random)
    const target = Math.exp(random.range(Math.log(1500), Math.log(30000)))
    return signals.scale(speech, target / signals.peak(speech))
  })
  const leadMax = random.chance(0.3) ? 1.4 : 0.45
  let { signal, level, lead } = layOut(parts, random, 0.04, leadMax)
  if (!parts.length) {
    signal = new Float32Array(seconds(random.range(0.8, 4)))
    level = Math.exp(random.range(Math.log(150), Math.log(4000)))
  }
  addInterference(signal, level, lead, parts.length > 0, pool, random)
  const pcm = signals.alawRoundTrip(signal)
  if (random.chance(0.2)) signals.losePackets(pcm, random.range(0.005, 0.05), random)
  return pcm
}

/** Tones, echo of the robot's own voice, and noise. */
function addInterference(signal: Float32Array, level: number, lead: number, hasSpeech: boolean, pool: SpeechPool, random: Random): void {
  if (random.chance(hasSpeech ? 0.05 : 0.55)) {
    const length = hasSpeech ? Math.max(1, lead - 400) : signal.length
    signals.mix(signal, signals.randomTone(length, random), Math.exp(random.range(Math.log(600), Math.log(12000))))
  }
  if (random.chance(hasSpeech ? 0.15 : 0.25)) {
    const nominal = hasSpeech ? level : 3000
    signals.mix(signal, pool.babble(signal.length, 1, random), nominal * Math.pow(10, random.range(-30, -20) / 20) * (hasSpeech ? 1 : 0.7))
  }
  if (random.chance(0.28)) return
  const snrDb = random.chance(0.35) ? random.range(20, 38) : random.range(3, 24)
  let noise = backgroundNoise(signal.length, pool, random)
  if (random.chance(0.35)) noise = jumpLevel(noise, random)
  const noiseLevel = hasSpeech ? level * Math.pow(10, -snrDb / 20) : level * 0.5
  signals.mix(signal, noise, noiseLevel)
}

/** One named condition. @param speech one utterance at 8 kHz */
export function testScene(speech: Float32Array, condition: TestCondition, pool: SpeechPool, random: Random): Int16Array {
  const lead = seconds(random.range(0.05, 0.35)) + (condition.levelJump ? seconds(0.6) : 0)
  const tail = seconds(random.range(0.1, 0.4)) + (condition.levelJump ? seconds(0.6) : 0)
  const signal = new Float32Array(lead + speech.length + tail)
  signals.mix(signal, speech, random.range(3000, 27000) / signals.peak(speech), lead)
  const level = signals.rms(signal)
  if (condition.echoDb !== undefined) {
    const speechLevel = signals.rms(signal, lead, lead + speech.length)
    signals.mix(signal, pool.babble(signal.length, 1, random), speechLevel * Math.pow(10, condition.echoDb / 20))
  }
  if (condition.snrDb !== undefined) {
    const noise = signals.colouredNoise(signal.length, random.range(0, 0.9), random)
    if (condition.levelJump) stepNoise(noise, lead, lead + speech.length, random)
    signals.mix(signal, noise, level * Math.pow(10, -condition.snrDb / 20))
  }
  const pcm = signals.alawRoundTrip(signal)
  return condition.lossRate ? signals.losePackets(pcm, condition.lossRate, random, false) : pcm
}

/** Noise 15..25 dB lower (or 8 dB higher) outside the speech than inside. */
function stepNoise(noise: Float32Array, start: number, end: number, random: Random): void {
  const before = Math.pow(10, random.pick([-25, -15, 8]) / 20)
  const after = Math.pow(10, random.pick([-25, -15, 8]) / 20)
  for (let i = 0; i < start; i++) noise[i]! *= before
  for (let i = end; i < noise.length; i++) noise[i]! *= after
}
