// Knows how to let a few pieces of work run at once while the others wait in order. Does not know what the work is.

/** Runs what it is given, at most `atOnceMax` at a time, first come first served. A failure is the caller's own. */
export function turnstile(atOnceMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  let inside = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    // A place is handed over, never given back while somebody waits, so that nobody overtakes.
    if (inside < atOnceMax) inside += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else inside -= 1
    }
  }
}
