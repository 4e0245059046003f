// Removes what lies below the voice band: hum and the strong low end of coloured noise. Does not know what is looked for in the rest.
import { FRAME_SAMPLES, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'

/** 425 Hz loses 0.4 dB, 50 Hz 27 dB. */
const CUT_OFF_HZ = 240

const k = Math.tan((Math.PI * CUT_OFF_HZ) / SAMPLE_RATE_HZ)
const norm = 1 / (1 + Math.SQRT2 * k + k * k)
const [a1, a2] = [2 * (k * k - 1) * norm, (1 - Math.SQRT2 * k + k * k) * norm]

/** Butterworth of second order. The frame it gives is reused: read it before the next call. */
export class HighPass {
  readonly #out = new Float32Array(FRAME_SAMPLES)
  #x1 = 0
  #x2 = 0
  #y1 = 0
  #y2 = 0

  filter(frame: Frame): Float32Array {
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const x = frame[i] ?? 0
      const y = norm * (x - 2 * this.#x1 + this.#x2) - a1 * this.#y1 - a2 * this.#y2
      this.#x2 = this.#x1
      this.#x1 = x
      this.#y2 = this.#y1
      this.#y1 = y
      this.#out[i] = y
    }
    return this.#out
  }
}
