// Gathers key presses into answers. Does not know what the keys mean, or how time passes: it is asked about ten times a second.

/** Keys that were not asked for are one answer after this pause. */
const LOOSE_KEYS_MS = 1_500
const DIGITS_MAX = 64
/** Many gateways send a key both in the audio (RFC 4733) and as SIP INFO; the second comes this soon after the first. */
const COPY_MS_MAX = 100
/** A tone is heard later than an event of the same key arrives, by the jitter buffer and its own length; INFO may come when the key is let go. */
const TONE_COPY_MS_MAX = 300

export type DigitsEnded = 'key' | 'time-out' | 'max-digits' | 'pressed'
/** How a key press reached us: as a telephone event, as a tone, as SIP INFO. */
export type KeyPath = 'rtp' | 'tone' | 'info'

type Asked = { digitsMax: number; endKey?: string | undefined; timeOutMs: number }

/** `onDigits` gets each answer once. Collecting starts with collect(); without it keys arrive as 'pressed'. */
export class DigitCollector {
  readonly #onDigits: (digits: string, ended: DigitsEnded) => void
  #digits = ''
  #asked: Asked | undefined
  /** From when the pause counts; undefined while nothing is awaited. */
  #sinceMs: number | undefined
  /** Presses whose copies over other paths may still come. */
  #presses: { digit: string; paths: KeyPath[]; atMs: number }[] = []

  constructor(onDigits: (digits: string, ended: DigitsEnded) => void) {
    this.#onDigits = onDigits
  }

  /** How many digits an answer is to have, however it is given; undefined when none or one was asked for. */
  get digitsExpected(): number | undefined {
    return this.#asked && this.#asked.digitsMax > 1 ? this.#asked.digitsMax : undefined
  }

  /** Asks for up to `digitsMax` keys, ended early by `endKey`. Keys pressed just before count: people know their menus. */
  collect(asked: Asked, nowMs: number): void {
    this.#asked = asked
    this.#sinceMs = nowMs
    if (this.#digits.length >= asked.digitsMax) this.#finish('max-digits')
  }

  /** False for the copy of a key that came before over another path. Over one path every key is a press of its own. */
  press(digit: string, path: KeyPath, nowMs: number): boolean {
    this.#presses = this.#presses.filter(({ atMs }) => nowMs - atMs <= TONE_COPY_MS_MAX)
    const original = this.#presses.find((press) => press.digit === digit && !press.paths.includes(path) && nowMs - press.atMs <= copyMsMax([...press.paths, path]))
    if (original) {
      original.paths.push(path)
      return false
    }
    this.#presses.push({ digit, paths: [path], atMs: nowMs })
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

function copyMsMax(paths: readonly KeyPath[]): number {
  return paths.includes('tone') ? TONE_COPY_MS_MAX : COPY_MS_MAX
}
