// Knows the tones a Chinese network plays (GB/T 3380: 450 Hz in cadences). Does not know when they are played.
import { SAMPLE_RATE_HZ } from './frame.ts'

/** `cadenceMs` alternates sound and pause, beginning with sound; it repeats. One entry without a pause sounds forever. */
export type Tone = { frequencyHz: number; cadenceMs: readonly number[] }

export const tones = {
  dial: { frequencyHz: 450, cadenceMs: [1_000] },
  ringback: { frequencyHz: 450, cadenceMs: [1_000, 4_000] },
  busy: { frequencyHz: 450, cadenceMs: [350, 350] },
  congestion: { frequencyHz: 450, cadenceMs: [700, 700] },
  vacantNumber: { frequencyHz: 450, cadenceMs: [100, 100, 100, 100, 100, 100, 400, 400] },
} as const satisfies Record<string, Tone>

/** −10 dBm0, the usual level; full scale of G.711 is +3.14 dBm0. */
const LEVEL_DBM0 = -10
const FULL_SCALE_DBM0 = 3.14
/** Sound swells and fades over this long, so that a cadence does not click. */
const RAMP_MS = 5

/** An endless tone, to be taken in pieces of any length. */
export class ToneGenerator {
  readonly #stepRad: number
  readonly #amplitude: number
  /** Alternating sound and pause, in samples. */
  readonly #cadence: readonly number[]
  readonly #ramp = (RAMP_MS * SAMPLE_RATE_HZ) / 1_000
  readonly #steady: boolean
  #part = 0
  /** Samples into the part. */
  #at = 0
  #phaseRad = 0

  constructor(tone: Tone, levelDbm0: number = LEVEL_DBM0) {
    this.#stepRad = (2 * Math.PI * tone.frequencyHz) / SAMPLE_RATE_HZ
    this.#amplitude = 32_767 * 10 ** ((levelDbm0 - FULL_SCALE_DBM0) / 20)
    this.#cadence = tone.cadenceMs.map((ms) => (ms * SAMPLE_RATE_HZ) / 1_000)
    this.#steady = tone.cadenceMs.length === 1
  }

  next(samples: number): Int16Array {
    const out = new Int16Array(samples)
    for (let i = 0; i < samples; i += 1) {
      const length = this.#cadence[this.#part]!
      if (this.#part % 2 === 0) out[i] = Math.round(this.#amplitude * this.#gain(length) * Math.sin(this.#phaseRad))
      this.#phaseRad = (this.#phaseRad + this.#stepRad) % (2 * Math.PI)
      this.#at += 1
      if (this.#at < length) continue
      if (this.#steady) continue
      this.#at = 0
      this.#part = (this.#part + 1) % this.#cadence.length
      if (this.#part % 2 === 0) this.#phaseRad = 0
    }
    return out
  }

  #gain(length: number): number {
    const fromEnd = this.#steady ? Infinity : length - this.#at
    return Math.min(1, this.#at / this.#ramp, fromEnd / this.#ramp)
  }
}
