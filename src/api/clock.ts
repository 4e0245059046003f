// Knows how the HTTP side measures and waits for time. Does not know what is waited for; tests bring their own.

export interface Clock {
  nowMs(): number
  /** Calls `run` once after `ms`; the returned function cancels. */
  after(ms: number, run: () => void): () => void
  /** Calls `run` every `ms` until cancelled. */
  every(ms: number, run: () => void): () => void
}

/** Real time. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
  every(ms, run) {
    const timer = setInterval(run, ms).unref()
    return () => clearInterval(timer)
  },
}
