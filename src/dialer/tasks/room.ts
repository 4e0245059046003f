// Knows how many more calls a line can use within the next moments, and whether it can be used at all. Pure. Does not know tasks.
import type { Candidate } from '../trunk-choice.ts'

export type Room = { state: 'open'; calls: number } | { state: 'down' }

/** So much is fed ahead: enough that a line never waits for the feeder, little enough that nothing fed waits long. */
export const feedAheadMs = 2_000

/** `queued`: calls that wait for the line already, of tasks and of single requests, which go first. */
export function roomOn(candidates: readonly Candidate[], queued: number, nowMs: number): Room {
  const usable = candidates.filter(({ up, backingOffUntilMs }) => up && (backingOffUntilMs ?? -Infinity) <= nowMs)
  if (usable.length === 0) return { state: 'down' }
  const takes = usable.map(({ terms, load }) => Math.min(Math.max(0, terms.concurrencyMax - load.running), Math.ceil((terms.cps * feedAheadMs) / 1_000)))
  return { state: 'open', calls: Math.max(0, takes.reduce((sum, each) => sum + each, 0) - queued) }
}
