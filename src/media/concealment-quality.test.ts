import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { JitterBuffer } from './jitter-buffer.ts'
import { seededRandom } from './seeded-random.ts'
import { readWav } from './wav.ts'

const PACKET = 160
const RUNS = 8

/** Speech of some seconds, as it comes over a line. */
const speech = ['greeting', 'busy', 'tomorrow', 'robot'].map((name) => readWav(readFileSync(new URL(`../speech/asr/builtin/fixtures/${name}.wav`, import.meta.url))).channels[0]!)

type Heard = { sent: Float64Array; heard: Float64Array; silenced: Float64Array; lost: boolean[] }

/** Plays packets that come exactly in time, some of them not at all, and lines up what was sent with what was heard. */
function lose(pcm: Int16Array, share: number, seed: number): Heard {
  const random = seededRandom(seed)
  const packets = Math.floor(pcm.length / PACKET)
  const lost = Array.from({ length: packets }, (_, n) => n > 2 && n < packets - 6 && random() < share)
  const buffer = new JitterBuffer()
  const out: number[] = []
  for (let n = 0; n < packets + 2; n += 1) {
    if (n < packets && !lost[n]) buffer.push({ sequence: n, timestamp: n * PACKET, ssrc: 1, marker: false, payloadType: 8 }, pcm.subarray(n * PACKET, (n + 1) * PACKET), n * 20)
    out.push(...buffer.pop(n * 20)!)
  }
  // The first 40 ms are the delay; pauses may be shortened after a second, so runs are kept shorter than that.
  const heard = Float64Array.from(out.slice(2 * PACKET))
  const sent = Float64Array.from(pcm.subarray(0, packets * PACKET))
  const silenced = sent.map((sample, i) => (lost[Math.floor(i / PACKET)] ? 0 : sample))
  return { sent, heard: heard.subarray(0, sent.length), silenced, lost }
}

/** Stretches of a little under a second with a voice in them. */
function stretches(): Int16Array[] {
  const length = 46 * PACKET
  return speech.flatMap((pcm) => {
    const parts: Int16Array[] = []
    for (let at = 0; at + length <= pcm.length; at += length) {
      const part = pcm.subarray(at, at + length)
      if (levelDb(Float64Array.from(part)) > -35) parts.push(part)
    }
    return parts
  })
}

function energy(pcm: Float64Array): number {
  return pcm.reduce((sum, sample) => sum + sample * sample, 0)
}

function levelDb(pcm: Float64Array): number {
  return 10 * Math.log10((energy(pcm) / pcm.length + 1e-9) / 32_768 ** 2)
}

function snrDb(parts: readonly { sent: Float64Array; heard: Float64Array }[]): number {
  let signal = 0
  let noise = 1e-9
  for (const { sent, heard } of parts) {
    signal += energy(sent)
    noise += energy(sent.map((sample, i) => sample - heard[i]!))
  }
  return 10 * Math.log10(signal / noise)
}

const runs = (share: number) => stretches().flatMap((pcm, i) => Array.from({ length: RUNS }, (_, round) => lose(pcm, share, i * 100 + round)))

void test('without loss speech comes out as it went in', () => {
  for (const { sent, heard } of runs(0)) assert.deepEqual(heard, sent)
})

void test('more loss is a little worse each time, and the level of speech holds where holes of silence would lower it', () => {
  const shares = [0.01, 0.03, 0.05, 0.1, 0.2]
  const quality = shares.map((share) => {
    const all = runs(share)
    const level = (of: 'sent' | 'heard' | 'silenced') => 10 * Math.log10(all.reduce((sum, one) => sum + energy(one[of]), 0))
    return { share, snrDb: snrDb(all), silenceSnrDb: snrDb(all.map(({ sent, silenced }) => ({ sent, heard: silenced }))), levelLossDb: level('sent') - level('heard'), silenceLevelLossDb: level('sent') - level('silenced') }
  })
  const told = JSON.stringify(quality)
  for (const [i, now] of quality.entries()) {
    const before = quality[i - 1]
    // Twice the losses cost 3 dB; nothing falls off a cliff. What is made up has the sound of the voice, not its phase: by
    // this measure it is about as far off as silence, by level it is right.
    if (before !== undefined) assert.ok(before.snrDb - now.snrDb < 10 * Math.log10(now.share / before.share) + 3, told)
    assert.ok(now.snrDb > now.silenceSnrDb - 1.5, told)
    assert.ok(Math.abs(now.levelLossDb) < now.silenceLevelLossDb + 0.05, told)
  }
  if (process.env['PRINT_FIGURES'] !== undefined) console.log(told)
})

void test('the level carries on over a lost packet in the middle of a voice', () => {
  const steps: number[] = []
  for (const { heard, lost } of runs(0.05)) {
    for (let n = 3; n < lost.length - 6; n += 1) {
      if (!lost[n] || lost[n - 1]) continue
      const before = levelDb(heard.subarray((n - 1) * PACKET, n * PACKET))
      if (before < -30) continue // not a voice
      steps.push(levelDb(heard.subarray(n * PACKET, (n + 1) * PACKET)) - before)
    }
  }
  steps.sort((a, b) => a - b)
  assert.ok(steps.length > 50, `${steps.length}`)
  const median = steps[steps.length >> 1]!
  assert.ok(Math.abs(median) < 2, `${median} dB`)
  assert.ok(steps[Math.floor(steps.length * 0.05)]! > -6 && steps[Math.floor(steps.length * 0.95)]! < 6, `${steps.at(0)} … ${steps.at(-1)} dB`)
})
