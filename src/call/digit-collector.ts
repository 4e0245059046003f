// Gathers key presses into answers. Does not know what the keys mean.

/** Keys that were not asked for are one answer after this pause. */
const LOOSE_KEYS_MS = 1_500
const DIGITS_MAX = 64

export type DigitsEnded = 'key' | 'time-out' | 'max-digits' | 'pressed'

/** `onDigits` gets each answer once. Collecting starts with collect(); without it keys arrive as 'pressed'. */
export class DigitCollector {
  readonly #onDigits: (digits: string, ended: DigitsEnded) => void
  #digits = ''
  #asked: { digitsMax: number; endKey?: string | undefined } | undefined
  #timer: NodeJS.Timeout | undefined
  #timeOutMs = LOOSE_KEYS_MS

  constructor(onDigits: (digits: string, ended: DigitsEnded) => void) {
    this.#onDigits = onDigits
  }

  /** Asks for up to `digitsMax` keys, ended early by `endKey`. The time runs from now and anew after each key. */
  collect(asked: { digitsMax: number; endKey?: string | undefined; timeOutMs: number }): void {
    this.#digits = ''
    this.#asked = asked
    this.#restart(asked.timeOutMs, 'time-out')
    this.#timeOutMs = asked.timeOutMs
  }

  press(digit: string): void {
    if (this.#asked?.endKey === digit) return this.#finish('key')
    if (this.#digits.length < DIGITS_MAX) this.#digits += digit
    if (this.#asked && this.#digits.length >= this.#asked.digitsMax) return this.#finish('max-digits')
    if (this.#asked) this.#restart(this.#timeOutMs, 'time-out')
    else this.#restart(LOOSE_KEYS_MS, 'pressed')
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #restart(ms: number, ended: DigitsEnded): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#finish(ended), ms)
  }

  #finish(ended: DigitsEnded): void {
    clearTimeout(this.#timer)
    const digits = this.#digits
    this.#digits = ''
    this.#asked = undefined
    this.#onDigits(digits, ended)
  }
}
