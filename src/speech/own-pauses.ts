// Knows how long one callee pauses within their turns, and what that means for the end of the next turn. Does not know audio or words.
import type { Completeness } from './completeness.ts'

/** Average pause in ms by how finished the words before it sounded; absent before the first. */
export type OwnPauses = { readonly [completeness in Completeness]?: { readonly ms: number; readonly count: number } }

export const noPauses: OwnPauses = {}

/** Shorter gaps are closures and breaths, longer ones are turns of their own. */
export const PAUSE_MS_MIN = 200
const PAUSE_MS_MAX = 3_000
/** A call has few pauses: each of them counts much. */
const WEIGHT = 0.4
/** Numbers are told in groups of equal pauses; two of them tell the third. */
const COUNT_TO_HURRY = 2
/** So much longer than the average pause must a silence be to be none. */
const MARGIN = 1.35
const MARGIN_MS = 80

/** After a pause of `ms` the callee went on. `before`: how finished the words before it sounded. */
export function withPause(pauses: OwnPauses, before: Completeness, ms: number): OwnPauses {
  if (ms < PAUSE_MS_MIN || ms > PAUSE_MS_MAX) return pauses
  const known = pauses[before]
  return { ...pauses, [before]: known ? { ms: known.ms + WEIGHT * (ms - known.ms), count: known.count + 1 } : { ms, count: 1 } }
}

export type DelayRange = {
  /** For callees of whom nothing is known. */
  usualMs: number
  /** For those who have been heard to pause briefly. Equal to usualMs: nobody is answered earlier. */
  leastMs: number
  /** For those who have been heard to pause long. */
  mostMs: number
}

/** Silence after which this callee's turn is over, for words that sound `completeness`. */
export function delayMs(pauses: OwnPauses, completeness: Completeness, range: DelayRange): number {
  const known = pauses[completeness]
  if (!known) return range.usualMs
  const wantedMs = known.ms * MARGIN + MARGIN_MS
  const leastMs = known.count >= COUNT_TO_HURRY ? range.leastMs : range.usualMs
  return Math.min(range.mostMs, Math.max(leastMs, wantedMs))
}
