// Knows how the SIP stack asks for time. Does not know what the time is used for.

/** Cancels what was planned; harmless when it already ran. */
export type Cancel = () => void

/** Time as a dependency, so that a test of a 32 s timer takes no time. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  nowMs(): number
  /** Runs `run` once, `delayMs` from now, never before this call returned. */
  after(delayMs: number, run: () => void): Cancel
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
