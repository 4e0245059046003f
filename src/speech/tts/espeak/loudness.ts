// Knows how loud speech on a telephone line should be. Does not know who speaks.
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'

/** Active speech level: loud on a line whose overload point is 0 dB, with room for the peaks of a voice. */
const TARGET_RMS = 32_768 * 10 ** (-17 / 20)
/** The limiter never lets a sample pass this: −1 dB, so that later codecs do not clip. */
const CEILING = 32_768 * 10 ** (-1 / 20)
const LOOK_AHEAD_SAMPLES = Math.round(0.004 * SAMPLE_RATE_HZ)
/** Per sample; about 40 ms until the gain has recovered by two thirds. */
const RELEASE = 1 / (0.04 * SAMPLE_RATE_HZ)
const ACTIVE_FRAME_SAMPLES = 160
/** Frames further than this below the loudest one are pauses and do not count as speech level. */
const ACTIVE_RANGE_DB = 25

/** The gain that brings speech to the target level, measured over its audible 20 ms frames only. 1 when there is no sound. */
export function gainToTarget(speech: Int16Array): number {
  const energies: number[] = []
  for (let at = 0; at + ACTIVE_FRAME_SAMPLES <= speech.length; at += ACTIVE_FRAME_SAMPLES) {
    let sum = 0
    for (let i = at; i < at + ACTIVE_FRAME_SAMPLES; i += 1) sum += speech[i]! * speech[i]!
    energies.push(sum / ACTIVE_FRAME_SAMPLES)
  }
  const floor = Math.max(0, ...energies) * 10 ** (-ACTIVE_RANGE_DB / 10)
  const active = energies.filter((energy) => energy > floor)
  if (active.length === 0) return 1
  const mean = active.reduce((sum, energy) => sum + energy, 0) / active.length
  return TARGET_RMS / Math.sqrt(mean)
}

/**
 * Applies a gain and holds peaks below the ceiling by turning down smoothly a little before them.
 * Streaming: `push` returns what is ready (late by the look-ahead), `flush` the rest.
 */
export class Limiter {
  readonly #gain: number
  readonly #samples = new Float64Array(LOOK_AHEAD_SAMPLES)
  /** Gains that each of the last samples would need. */
  readonly #needs = new Float64Array(LOOK_AHEAD_SAMPLES).fill(1)
  /** Smallest need in the window, recovering slowly; their mean is applied. */
  readonly #held = new Float64Array(LOOK_AHEAD_SAMPLES).fill(1)
  /** How many of the needs are below 1; mostly none, and then nothing has to be searched. */
  #loud = 0
  #heldSum = LOOK_AHEAD_SAMPLES
  #envelope = 1
  #at = 0
  #count = 0

  constructor(gain: number) {
    this.#gain = gain
  }

  push(pcm: Int16Array): Int16Array {
    const out = new Int16Array(pcm.length)
    let length = 0
    for (const sample of pcm) {
      const limited = this.#step(sample * this.#gain)
      if (this.#count > LOOK_AHEAD_SAMPLES) {
        out[length] = limited
        length += 1
      }
    }
    return out.subarray(0, length)
  }

  flush(): Int16Array {
    const rest = Math.min(this.#count, LOOK_AHEAD_SAMPLES)
    const out = new Int16Array(rest)
    const skip = LOOK_AHEAD_SAMPLES - rest // slots that were never filled
    for (let i = 0; i < LOOK_AHEAD_SAMPLES; i += 1) {
      const limited = this.#step(0)
      if (i >= skip) out[i - skip] = limited
    }
    this.#samples.fill(0)
    this.#needs.fill(1)
    this.#loud = 0
    this.#held.fill(1)
    this.#heldSum = LOOK_AHEAD_SAMPLES
    this.#envelope = 1
    this.#at = 0
    this.#count = 0
    return out
  }

  #step(sample: number): number {
    const at = this.#at
    const delayed = this.#samples[at]!
    this.#samples[at] = sample
    if (this.#needs[at]! < 1) this.#loud -= 1
    this.#needs[at] = Math.min(1, CEILING / Math.max(1, Math.abs(sample)))
    if (this.#needs[at]! < 1) this.#loud += 1
    // The mean of these window minima is at or below the need of every sample in the window, the delayed one included.
    let need = 1
    if (this.#loud > 0) for (const value of this.#needs) if (value < need) need = value
    this.#envelope = Math.min(need, this.#envelope + (1 - this.#envelope) * RELEASE)
    const applied = this.#heldSum / LOOK_AHEAD_SAMPLES
    this.#heldSum += this.#envelope - this.#held[at]!
    this.#held[at] = this.#envelope
    this.#at = (at + 1) % LOOK_AHEAD_SAMPLES
    this.#count += 1
    return Math.max(-32_768, Math.min(32_767, Math.round(delayed * applied)))
  }
}
