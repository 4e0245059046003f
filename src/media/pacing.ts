// Knows when things are due on a wall clock and how far off they happened. Does not know what is due.

/** The beat of a media thread. Calls are staggered over the beats of one frame so that packets leave in small bursts. */
export const TICK_MS = 5

/** Timers are whole milliseconds and may fire a little early; this early counts as due. */
export const EARLY_MS_MAX = 0.5

/**
 * Calls `onTick` close to every multiple of TICK_MS of `now`, never twice for one beat; beats missed while the thread
 * was busy are not repeated, so `onTick` must catch up by the time it is given. `dueMs` is the first beat it stands for.
 * Returns the stop function.
 */
export function startTicks(now: () => number, onTick: (nowMs: number, dueMs: number) => void): () => void {
  let stopped = false
  let beat = Math.floor(now() / TICK_MS)
  const arm = () => {
    if (stopped) return
    setTimeout(() => {
      // Through the poll phase first: packets that already wait at the sockets must count as arrived before the tick.
      setImmediate(() => {
        if (stopped) return
        const nowMs = now()
        if (nowMs + EARLY_MS_MAX >= (beat + 1) * TICK_MS) {
          const dueMs = (beat + 1) * TICK_MS
          beat = Math.floor((nowMs + EARLY_MS_MAX) / TICK_MS)
          onTick(nowMs, dueMs)
        }
        arm()
      })
    }, Math.max(0, Math.ceil((beat + 1) * TICK_MS - now())))
  }
  arm()
  return () => {
    stopped = true
  }
}

/** First time after `nowMs` that lies `phaseMs` into a period of `periodMs`. */
export function nextDue(nowMs: number, periodMs: number, phaseMs: number): number {
  return (Math.floor((nowMs - phaseMs) / periodMs) + 1) * periodMs + phaseMs
}

const BUCKET_MS = 0.25
const BUCKETS = 400

/** How far from due things happened: quarter-millisecond buckets up to 100 ms. */
export class PacingHistogram {
  readonly #counts = new Uint32Array(BUCKETS + 1)
  #total = 0
  maxMs = 0

  add(errorMs: number): void {
    const distanceMs = Math.abs(errorMs)
    if (distanceMs > this.maxMs) this.maxMs = distanceMs
    this.#counts[Math.min(BUCKETS, Math.floor(distanceMs / BUCKET_MS))]! += 1
    this.#total += 1
  }

  /** The upper edge of the bucket that holds the given share (0..1) of all; 0 when there is none. */
  quantileMs(share: number): number {
    if (this.#total === 0) return 0
    let left = Math.ceil(this.#total * share)
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.#counts[bucket]!
      if (left <= 0) return Math.min(this.maxMs, (bucket + 1) * BUCKET_MS)
    }
    return this.maxMs
  }
}

/** How late the beats of a thread come; a tick that stands for several counts for each of them. */
export class BeatLateness {
  #histogram = new PacingHistogram()

  add(nowMs: number, dueMs: number): void {
    for (let beatMs = dueMs; beatMs <= nowMs + EARLY_MS_MAX; beatMs += TICK_MS) this.#histogram.add(Math.max(0, nowMs - beatMs))
  }

  /** 99 of 100 beats since the last call were at most this late. */
  takeMsP99(): number {
    const lateMs = this.#histogram.quantileMs(0.99)
    this.#histogram = new PacingHistogram()
    return lateMs
  }
}
