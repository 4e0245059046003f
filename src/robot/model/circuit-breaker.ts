// Knows when a provider that keeps failing is left alone, and when it is tried again. Time comes in; nothing else is known.

export type CircuitBreakerOptions = {
  /** So many failures in a row open the circuit. */
  failuresMax: number
  /** How long it stays open before one probe. */
  openMs: number
  /** A provider may ask for more; not for more than this. */
  openMsMax: number
}
export const circuitBreakerDefaults = { failuresMax: 3, openMs: 10_000, openMsMax: 60_000 } as const satisfies CircuitBreakerOptions

/** Closed → open after repeated failures → one probe after a while → closed or open again. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #openUntilMs: number | undefined
  #probing = false

  constructor(options: CircuitBreakerOptions = circuitBreakerDefaults) {
    this.#options = options
  }

  /** True when a request may be made now. In an open circuit that grants one probe; its holder must report how it went. */
  admits(nowMs: number): boolean {
    if (this.#openUntilMs === undefined) return true
    if (this.#probing || nowMs < this.#openUntilMs) return false
    this.#probing = true
    return true
  }

  /** True while requests are refused; asking grants nothing. */
  isOpen(nowMs: number): boolean {
    return this.#openUntilMs !== undefined && (this.#probing || nowMs < this.#openUntilMs)
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntilMs = undefined
    this.#probing = false
  }

  /** `atOnce`: waiting for more failures makes no sense, for the provider said so itself (429, 401). */
  failed(nowMs: number, options: { atOnce?: boolean; retryAfterMs?: number | undefined } = {}): void {
    this.#failures += 1
    const wasProbe = this.#probing
    this.#probing = false
    if (!wasProbe && options.atOnce !== true && this.#failures < this.#options.failuresMax) return
    this.#openUntilMs = nowMs + Math.min(Math.max(this.#options.openMs, options.retryAfterMs ?? 0), this.#options.openMsMax)
  }

  /** The request was given up for reasons of ours; it says nothing about the provider. */
  abandoned(): void {
    this.#probing = false
  }
}
