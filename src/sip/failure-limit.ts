// Knows which source addresses failed too often lately. Does not know at what.
import type { Clock } from './clock.ts'

const WINDOW_MS = 60_000
/** Addresses remembered; the ones that failed longest ago go first. */
const SOURCES_MAX = 10_000

export class FailureLimit {
  readonly #clock: Clock
  readonly #perMinuteMax: number
  readonly #sources = new Map<string, { sinceMs: number; count: number }>()

  constructor(options: { clock: Clock; perMinuteMax: number }) {
    this.#clock = options.clock
    this.#perMinuteMax = options.perMinuteMax
  }

  /** One more failure. True when it was the one too many. */
  count(address: string): boolean {
    const nowMs = this.#clock.nowMs()
    const known = this.#sources.get(address)
    const current = known && nowMs - known.sinceMs < WINDOW_MS ? known : { sinceMs: nowMs, count: 0 }
    current.count += 1
    this.#sources.delete(address)
    if (this.#sources.size === SOURCES_MAX) for (const [oldest] of this.#sources) if (this.#sources.size === SOURCES_MAX) this.#sources.delete(oldest)
    this.#sources.set(address, current)
    if (current.count !== this.#perMinuteMax) return false
    // The quiet minute begins now.
    current.sinceMs = nowMs
    return true
  }

  isOver(address: string): boolean {
    const known = this.#sources.get(address)
    return known !== undefined && known.count >= this.#perMinuteMax && this.#clock.nowMs() - known.sinceMs < WINDOW_MS
  }
}
