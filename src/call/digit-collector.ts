// Gathers key presses into answers. Does not know what the keys mean, or how time passes: it is asked about ten times a second.

/** Keys that were not asked for are one answer after this pause. */
const LOOSE_KEYS_MS = 1_500
const DIGITS_MAX = 64
/** Many gateways send a key both in the audio (RFC 4733) and as SIP INFO; the second comes this soon after the first. */
const COPY_MS_MAX = 100

export type DigitsEnded = 'key' | 'time-out' | 'max-digits' | 'pressed'
/** How a key press reached us. */
export type KeyPath = 'rtp' | 'info'

type Asked = { digitsMax: number; endKey?: string | undefined; timeOutMs: number }

/** `onDigits` gets each answer once. Collecting starts with collect(); without it keys arrive as 'pressed'. */
export class DigitCollector {
  readonly #onDigits: (digits: string, ended: DigitsEnded) => void
  #digits = ''
  #asked: Asked | undefined
  /** From when the pause counts; undefined while nothing is awaited. */
  #sinceMs: number | undefined
  /** Keys of one path whose copy over the other one may still come. */
  #uncopied: { digit: string; path: KeyPath; atMs: number }[] = []

  constructor(onDigits: (digits: string, ended: DigitsEnded) => void) {
    this.#onDigits = onDigits
  }

  /** Asks for up to `digitsMax` keys, ended early by `endKey`. Keys pressed just before count: people know their menus. */
  collect(asked: Asked, nowMs: number): void {
    this.#asked = asked
    this.#sinceMs = nowMs
    if (this.#digits.length >= asked.digitsMax) this.#finish('max-digits')
  }

  /** False for the copy of a key that came before over the other path. */
  press(digit: string, path: KeyPath, nowMs: number): boolean {
    this.#uncopied = this.#uncopied.filter(({ atMs }) => nowMs - atMs <= COPY_MS_MAX)
    const original = this.#uncopied.findIndex((key) => key.path !== path && key.digit === digit)
    if (original >= 0) {
      this.#uncopied.splice(original, 1)
      return false
    }
    this.#uncopied.push({ digit, path, atMs: nowMs })
    this.#sinceMs = nowMs
    if (this.#asked?.endKey === digit) {
      this.#finish('key')
      return true
    }
    if (this.#digits.length < DIGITS_MAX) this.#digits += digit
    if (this.#asked && this.#digits.length >= this.#asked.digitsMax) this.#finish('max-digits')
    return true
  }

  /** `prompting`: the robot is still speaking; the time for the first key begins when it has finished. */
  tick(nowMs: number, prompting: boolean): void {
    if (this.#sinceMs === undefined) return
    if (this.#asked && this.#digits === '' && prompting) this.#sinceMs = nowMs
    if (nowMs - this.#sinceMs < (this.#asked?.timeOutMs ?? LOOSE_KEYS_MS)) return
    this.#finish(this.#asked ? 'time-out' : 'pressed')
  }

  #finish(ended: DigitsEnded): void {
    const digits = this.#digits
    this.#digits = ''
    this.#asked = undefined
    this.#sinceMs = undefined
    this.#onDigits(digits, ended)
  }
}
