// Knows about how many calls wait in all, without counting them for every request. Does not know what the limit is for.
import { countQueued } from '../db/calls.ts'
import type { Queryable } from '../db/connection.ts'

/** A count older than this is read again. */
const freshMs = 1_000

/** Between two counts only what this process adds is known: the limit on the queue is a bound on memory and waiting, not an exact figure. */
export class QueueDepth {
  #depth = 0
  #countedAtMs = -Infinity

  /** Counted up to `limit`. */
  async read(db: Queryable, limit: number, nowMs: number): Promise<number> {
    if (Math.abs(nowMs - this.#countedAtMs) < freshMs) return this.#depth
    this.#countedAtMs = nowMs
    this.#depth = await countQueued(db, undefined, limit)
    return this.#depth
  }

  added(count: number): void {
    this.#depth += count
  }
}
