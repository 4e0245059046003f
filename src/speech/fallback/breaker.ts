// Knows when a provider that failed may be tried again. Pure: the time is given. Does not know providers.

export type BreakerOptions = { restMs: number; restMsMax: number }
export const breakerDefaults = { restMs: 5_000, restMsMax: 120_000 } as const satisfies BreakerOptions

/** A failure rests the provider, each further one for twice as long; one success and it is as new. After a rest a single trial decides. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #restsUntilMs = -Infinity
  #trialSinceMs = -Infinity

  constructor(options: Partial<BreakerOptions> = {}) {
    this.#options = { ...breakerDefaults, ...options }
  }

  /** May be used now. After a rest it answers yes once, and again only when that trial came to nothing within a rest. */
  take(nowMs: number): boolean {
    if (this.#failures === 0) return true
    if (nowMs < this.#restsUntilMs || nowMs < this.#trialSinceMs + this.#options.restMs) return false
    this.#trialSinceMs = nowMs
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#restsUntilMs = this.#trialSinceMs = -Infinity
  }

  failed(nowMs: number): void {
    // What was under way when it failed fails with it, and is no further failure.
    if (nowMs < this.#restsUntilMs) return
    this.#restsUntilMs = nowMs + Math.min(this.#options.restMsMax, this.#options.restMs * 2 ** this.#failures)
    this.#failures += 1
    this.#trialSinceMs = -Infinity
  }

  /** When its rest is over; -Infinity when it does not rest. */
  get restsUntilMs(): number {
    return this.#restsUntilMs
  }
}
