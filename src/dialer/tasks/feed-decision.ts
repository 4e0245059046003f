// Knows which of the numbers whose turn it is may be called: asked before a call is made of them, and again when it is dialled. Pure: all facts come in. Does not know the database.
import type { Outcome } from '../../call/end-reason.ts'
import { admit } from '../admission/admit.ts'
import type { FrequencyLimit } from '../admission/frequency.ts'
import type { RetryPlan } from './plan.ts'

export type NumberFacts = {
  seq: number
  /** E.164. */
  phone: string
  /** The entry of the do-not-call list that covers it for this account. */
  doNotCall: { scope: 'account' | 'everybody' } | undefined
  attemptsMs: readonly number[]
  inCall: boolean
  /** What it would be told makes no sense after this. */
  expiresAtMs: number
  /** In an area that the task does not call. */
  blind: boolean
}

export type FeedDecision = { to: 'feed' } | { to: 'wait'; untilMs: number } | { to: 'refuse'; outcome: Outcome }

/** Windows are the task's and were asked before; every other rule is asked here. */
export function decideFeed(nowMs: number, number: NumberFacts, rules: { frequency: readonly FrequencyLimit[]; exemptFrequency: boolean }): FeedDecision {
  if (number.expiresAtMs <= nowMs) return { to: 'refuse', outcome: 'expired' }
  if (number.blind) return { to: 'refuse', outcome: 'blind-area' }
  const facts = { phone: number.phone, exempt: { hours: true, frequency: rules.exemptFrequency }, doNotCall: number.doNotCall, attemptsMs: number.attemptsMs, inCall: number.inCall }
  const admission = admit(nowMs, facts, { hours: [], frequency: rules.frequency, testNumbers: [] })
  if (admission.verdict === 'dial') return { to: 'feed' }
  if (admission.verdict === 'wait') return { to: 'wait', untilMs: admission.untilMs }
  return { to: 'refuse', outcome: admission.why === 'do-not-call' ? 'blacklist' : 'bad-number' }
}

/** The number to show: those of the plan in turn over numbers and attempts, and another than last time where the plan asks for it. Undefined: whatever is free. */
export function callerFor(p: { seq: number; past: readonly Outcome[]; lastCaller: string | undefined; retry: RetryPlan; callers: readonly string[]; ofTrunks: readonly string[] }): string | undefined {
  const wantsOther = asksForOtherCaller(p.past, p.retry)
  const offered = p.callers.length > 0 ? p.callers : wantsOther ? p.ofTrunks : []
  const others = wantsOther ? offered.filter((caller) => caller !== p.lastCaller) : offered
  const from = others.length > 0 ? others : p.callers
  return from.length === 0 ? undefined : from[(p.seq + p.past.length) % from.length]
}

export function asksForOtherCaller(past: readonly Outcome[], retry: RetryPlan): boolean {
  const last = past.at(-1)
  return last !== undefined && retry.rules.find(({ outcomes }) => outcomes.includes(last))?.other === 'caller'
}
