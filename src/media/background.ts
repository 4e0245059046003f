// Knows a sound that goes on under everything else: round and round, softly. Does not know what is above it.
import { SAMPLE_RATE_HZ } from './frame.ts'

/** Beginning, end and the seam of each round: a wave that breaks off clicks. */
const SEAM_SAMPLES = SAMPLE_RATE_HZ / 50

export class Background {
  readonly #pcm: Int16Array
  readonly #gain: number
  #at = 0

  /** `pcm`: 8 kHz, at least 40 ms; `gain`: 0..1 times its amplitude. */
  constructor(pcm: Int16Array, gain: number) {
    this.#pcm = pcm
    this.#gain = gain
  }

  /** Adds the next of it to `out`, cut off at full scale. */
  addTo(out: Int16Array): void {
    const { length } = this.#pcm
    for (let i = 0; i < out.length; i += 1) {
      const edge = Math.min(this.#at, length - 1 - this.#at)
      const seam = edge < SEAM_SAMPLES ? edge / SEAM_SAMPLES : 1
      out[i] = Math.max(-32_768, Math.min(32_767, Math.round(out[i]! + this.#pcm[this.#at]! * this.#gain * seam)))
      this.#at = (this.#at + 1) % length
    }
  }
}

/** Shorter, a background would be a tone of its own. */
export const BACKGROUND_SAMPLES_MIN = 2 * SEAM_SAMPLES
