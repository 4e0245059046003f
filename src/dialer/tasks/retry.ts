// Knows what becomes of a number when an attempt has ended: done, or called again and when. Pure. Does not know storage.
import type { Outcome } from '../../call/end-reason.ts'
import { finalOutcomes, type RetryPlan } from './plan.ts'

export type NextStep = { state: 'done' } | { state: 'waiting'; dueAtMs: number; otherCaller: boolean }

export type AttemptHistory = {
  /** Of every dialled attempt, oldest first, this one included. */
  past: readonly Outcome[]
  endedAtMs: number
  /** The callee asked not to be called again, or it is not their number. */
  unwanted: boolean
}

/**
 * A rule counts the calls that ended as it names; `attemptsMax` counts all. What was interrupted by a crash may have rung, so it is
 * called again only where a rule names it.
 */
export function nextStep({ past, endedAtMs, unwanted }: AttemptHistory, plan: RetryPlan): NextStep {
  const last = past.at(-1)
  if (last === undefined || unwanted || finalOutcomes.has(last) || past.length >= plan.attemptsMax) return { state: 'done' }
  const rule = plan.rules.find(({ outcomes }) => outcomes.includes(last))
  if (rule === undefined || past.filter((outcome) => rule.outcomes.includes(outcome)).length > rule.times) return { state: 'done' }
  return { state: 'waiting', dueAtMs: endedAtMs + rule.gapMs, otherCaller: rule.other === 'caller' }
}
