// Knows how keys sound (ITU-T Q.23), for far ends that take no telephone events. Does not know packets or calls.
import type { KeyShape } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { COLUMNS_HZ, KEYPAD, ROWS_HZ } from './inband-digits.ts'

const TONE_MS = 100
const PAUSE_MS = 100
const LEVEL_DBM0 = -10
/** Louder, the sum of the two tones would be cut off. */
const LEVEL_DBM0_MAX = -5
const FULL_SCALE_DBM0 = 3.14
const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1_000
const QUEUED_KEYS_MAX = 64

type Key = { rowHz: number; columnHz: number; amplitude: number; toneSamples: number }

export class InbandDigitSender {
  readonly #waiting: Key[] = []
  /** Samples into the first key; the pause after it counts. */
  #at = 0

  /** Keys beyond the limit of 64 waiting are dropped; callers check `isKeys` first. */
  queue(keys: string, { toneMs = TONE_MS, levelDbm0 = LEVEL_DBM0 }: KeyShape = {}): void {
    const amplitude = 32_767 * 10 ** ((Math.min(levelDbm0, LEVEL_DBM0_MAX) - FULL_SCALE_DBM0) / 20)
    for (const key of keys) {
      const row = KEYPAD.findIndex((line) => line.includes(key))
      if (row < 0 || this.#waiting.length === QUEUED_KEYS_MAX) continue
      this.#waiting.push({ rowHz: ROWS_HZ[row]!, columnHz: COLUMNS_HZ[KEYPAD[row]!.indexOf(key)]!, amplitude, toneSamples: toneMs * SAMPLES_PER_MS })
    }
  }

  /** Fills `out` with tones and the pauses after them; false, and nothing written, when no key is waiting. */
  write(out: Int16Array): boolean {
    if (this.#waiting.length === 0) return false
    for (let i = 0; i < out.length; i += 1) out[i] = this.#next()
    return true
  }

  #next(): number {
    const key = this.#waiting[0]
    if (key === undefined) return 0
    const at = this.#at
    this.#at += 1
    if (at < key.toneSamples) {
      const seconds = at / SAMPLE_RATE_HZ
      return Math.round(key.amplitude * (Math.sin(2 * Math.PI * key.rowHz * seconds) + Math.sin(2 * Math.PI * key.columnHz * seconds)))
    }
    if (this.#at >= key.toneSamples + PAUSE_MS * SAMPLES_PER_MS) {
      this.#waiting.shift()
      this.#at = 0
    }
    return 0
  }
}
