// Knows signal tools for 8 kHz telephone audio: resampling, A-law, noise, tones, rooms, lost packets. Does not know speech.
import type { Random } from './random.ts'

export const SAMPLE_RATE_HZ = 8000
export const PACKET_SAMPLES = 160

const RESAMPLE_PHASES = 256
const ZERO_CROSSINGS = 14
type Kernels = { halfWidth: number; rows: Float32Array[] }
const kernelCache = new Map<string, Kernels>()

/** Windowed-sinc kernels for one rate ratio, one per fractional delay. */
function resampleKernels(ratio: number): Kernels {
  const key = ratio.toFixed(4)
  const cached = kernelCache.get(key)
  if (cached) return cached
  const halfWidth = Math.ceil(ZERO_CROSSINGS * Math.max(1, ratio))
  const cutoff = 0.475 * Math.min(1, 1 / ratio)
  const rows = Array.from({ length: RESAMPLE_PHASES }, (_, phase) => {
    const row = new Float32Array(2 * halfWidth)
    let sum = 0
    for (let k = 0; k < row.length; k++) {
      const t = k - halfWidth + 1 - phase / RESAMPLE_PHASES
      const window = 0.5 + 0.5 * Math.cos((Math.PI * t) / halfWidth)
      row[k] = Math.abs(t) >= halfWidth ? 0 : window * (t === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * t) / (Math.PI * t))
      sum += row[k]!
    }
    for (let k = 0; k < row.length; k++) row[k]! /= sum
    return row
  })
  const kernels = { halfWidth, rows }
  if (kernelCache.size > 64) kernelCache.clear()
  kernelCache.set(key, kernels)
  return kernels
}

/** Resamples by any ratio of input rate to output rate. */
export function resample(input: Float32Array, ratio: number): Float32Array {
  const rounded = Math.round(ratio * 100) / 100
  const { halfWidth, rows } = resampleKernels(rounded)
  const output = new Float32Array(Math.floor(input.length / rounded))
  for (let i = 0; i < output.length; i++) {
    const centre = i * rounded
    const whole = Math.floor(centre)
    const row = rows[Math.floor((centre - whole) * RESAMPLE_PHASES)]!
    const start = whole - halfWidth + 1
    const to = Math.min(row.length, input.length - start)
    let sum = 0
    for (let k = Math.max(0, -start); k < to; k++) sum += row[k]! * input[start + k]!
    output[i] = sum
  }
  return output
}

/** A-law code of a 16-bit sample. Source: ITU-T G.711. */
export function encodeAlaw(value: number): number {
  let x = Math.max(-32768, Math.min(32767, Math.round(value)))
  const sign = x < 0 ? 0 : 0x80
  if (x < 0) x = -x - 1
  let exponent = 7
  for (let mask = 0x4000; (x & mask) === 0 && exponent > 0; mask >>= 1) exponent--
  const mantissa = (x >> (exponent === 0 ? 4 : exponent + 3)) & 15
  return (sign | (exponent << 4) | mantissa) ^ 0x55
}

/** 16-bit sample of an A-law code. Source: ITU-T G.711. */
export function decodeAlaw(code: number): number {
  const plain = code ^ 0x55
  const exponent = (plain >> 4) & 7
  let y = ((plain & 15) << 4) + 8
  if (exponent > 0) y += 0x100
  if (exponent > 1) y <<= exponent - 1
  return plain & 0x80 ? y : -y
}

const ALAW_TABLE = Int16Array.from({ length: 65_536 }, (_, i) => decodeAlaw(encodeAlaw(i - 32_768)))

/** What a telephone line makes of a signal. */
export function alawRoundTrip(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => ALAW_TABLE[Math.max(-32768, Math.min(32767, Math.round(sample))) + 32768]!)
}

export function rms(samples: Float32Array, from = 0, to = samples.length): number {
  let energy = 0
  for (let i = from; i < to; i++) energy += samples[i]! * samples[i]!
  return Math.sqrt(energy / Math.max(1, to - from))
}

export function peak(samples: Float32Array): number {
  let max = 1
  for (const sample of samples) max = Math.max(max, Math.abs(sample))
  return max
}

/** Multiplies in place. */
export function scale(samples: Float32Array, gain: number): Float32Array {
  for (let i = 0; i < samples.length; i++) samples[i]! *= gain
  return samples
}

/** Adds `source × gain` into `target` from sample `at` on. */
export function mix(target: Float32Array, source: Float32Array, gain = 1, at = 0): void {
  const end = Math.min(target.length, at + source.length)
  for (let i = Math.max(0, at); i < end; i++) target[i]! += source[i - at]! * gain
}

/** One-pole coloured noise of unit RMS; colour 0 is white, towards 1 low-pass. */
export function colouredNoise(length: number, colour: number, random: Random): Float32Array {
  const noise = new Float32Array(length)
  const norm = Math.sqrt((1 - colour * colour) * 3)
  let state = 0
  for (let i = 0; i < length; i++) {
    state = colour * state + (random.next() * 2 - 1)
    noise[i] = state * norm
  }
  return noise
}

/** Mains hum: 50 Hz and harmonics, unit RMS. */
export function hum(length: number, random: Random): Float32Array {
  const signal = new Float32Array(length)
  for (let h = 1; h <= 6; h++) mix(signal, sine(length, 50 * h, random.next() * 6.28), 1 / h)
  return scale(signal, 1 / Math.max(1e-6, rms(signal)))
}

function sine(length: number, frequencyHz: number, phase = 0): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * frequencyHz * i) / SAMPLE_RATE_HZ + phase))
}

/** Bursts of a tone of unit amplitude; the pattern gives seconds on, off, on … */
export function toneBursts(length: number, frequenciesHz: readonly number[], pattern: readonly number[]): Float32Array {
  const signal = new Float32Array(length)
  for (const frequencyHz of frequenciesHz) mix(signal, sine(length, frequencyHz), 1 / frequenciesHz.length)
  let position = 0
  for (let k = 0; position < length; k++) {
    const run = Math.round(pattern[k % pattern.length]! * SAMPLE_RATE_HZ)
    if (k % 2 === 1) signal.fill(0, position, Math.min(length, position + run))
    position += Math.max(1, run)
  }
  return signal
}

const DTMF_ROWS_HZ = [697, 770, 852, 941]
const DTMF_COLUMNS_HZ = [1209, 1336, 1477, 1633]

/** Ring-back, busy, congestion, key presses or a fax-like tone, unit amplitude. */
export function randomTone(length: number, random: Random): Float32Array {
  const kind = random.integer(0, 5)
  if (kind === 0) return toneBursts(length, [450], [1, 4])
  if (kind === 1) return toneBursts(length, [450], [0.35, 0.35])
  if (kind === 2) return toneBursts(length, [random.range(400, 480)], [random.range(0.1, 1), random.range(0.1, 1)])
  if (kind === 3) return toneBursts(length, [random.range(300, 2200)], [random.range(0.05, 0.6), random.range(0.1, 2)])
  const on = random.range(0.05, 0.25)
  const off = random.range(0.05, 0.3)
  const signal = new Float32Array(length)
  for (let at = 0; at < length; at += Math.round((on + off) * SAMPLE_RATE_HZ)) {
    const size = Math.min(length - at, Math.round(on * SAMPLE_RATE_HZ))
    mix(signal, toneBursts(size, [random.pick(DTMF_ROWS_HZ), random.pick(DTMF_COLUMNS_HZ)], [10]), 1, at)
    if (random.chance(0.4)) break
  }
  return signal
}

/** Sparse room echo: decaying taps after the direct sound. */
export function reverberate(samples: Float32Array, random: Random): Float32Array {
  const decaySeconds = random.range(0.03, 0.18)
  const directToEchoDb = random.range(4, 18)
  const output = Float32Array.from(samples)
  const taps = 14
  const strength = Math.pow(10, -directToEchoDb / 20) / Math.sqrt(taps / 2)
  for (let k = 0; k < taps; k++) {
    const delay = random.range(0.004, decaySeconds * 1.5)
    const gain = strength * Math.exp(-delay / decaySeconds) * (random.chance(0.5) ? 1 : -1) * 1.6
    mix(output, samples, gain, Math.round(delay * SAMPLE_RATE_HZ))
  }
  return output
}

/** First-order low cut and tilt, as different handsets have. */
export function handset(samples: Float32Array, random: Random): Float32Array {
  const lowCut = Math.exp((-2 * Math.PI * random.range(20, 320)) / SAMPLE_RATE_HZ)
  const tilt = random.range(-0.45, 0.45)
  let previousInput = 0
  let high = 0
  let previousHigh = 0
  return samples.map((sample) => {
    high = lowCut * (high + sample - previousInput)
    previousInput = sample
    const value = high + tilt * previousHigh
    previousHigh = high
    return value
  })
}

/** Loses packets in place; a lost one becomes silence or a faded repeat of the one before. */
export function losePackets(pcm: Int16Array, rate: number, random: Random, conceal = random.chance(0.5)): Int16Array {
  for (let at = PACKET_SAMPLES; at + PACKET_SAMPLES <= pcm.length; at += PACKET_SAMPLES) {
    if (!random.chance(rate)) continue
    for (let i = 0; i < PACKET_SAMPLES; i++) pcm[at + i] = conceal ? Math.round(pcm[at + i - PACKET_SAMPLES]! * 0.6) : 0
  }
  return pcm
}
