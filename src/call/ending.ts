// What a call's ending means: every way it can be over, in; its reason, out. Pure. Does not know how it is brought to its end.
import { assertNever, OverloadedError, RefusedError, type RefusalCode } from '../errors.ts'
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import type { StopCause } from './call.ts'
import type { ControlEnd } from './call-control.ts'
import type { EndEvidence, EndReason, Outcome, Stage } from './end-reason.ts'
import type { LegEnd } from './leg.ts'
import { decide, type OutcomeOverride } from './sip-outcome.ts'
import type { LoopEnd } from './voice-loop-options.ts'

/** What comes from outside of leg and conversation, and ends the call at once. `broken`: whoever owns the call threw at us. */
export type Interruption = { type: 'stopped'; cause: StopCause } | { type: 'port-failed'; message: string } | { type: 'broken'; error: unknown }
/** The network said how this ends before it ended it: the line is freed at once. */
export type Announced = { type: 'announced'; heard: EarlyMediaHeard }
/** The call stands, but nothing comes in any more. */
export type Silenced = { type: 'dead-air'; detail: 'no-audio-received' | 'audio-stopped' }
export type Ending = Silenced | LegEnd | Interruption | Announced | { type: 'loop'; end: LoopEnd } | { type: 'control'; end: ControlEnd }

export type EndingContext = {
  stage: Stage
  answered: boolean
  /** Before the answer. */
  heard: EarlyMediaHeard | undefined
  /** Rows of the trunk that the call went over. */
  outcomes: readonly OutcomeOverride[] | undefined
}

export function reasonOf(end: Ending, context: EndingContext): EndReason {
  const { stage, answered } = context
  switch (end.type) {
    case 'failed':
      return notAnswered(end, context)
    case 'announced': {
      const { outcome, rule } = decided({ heard: end.heard }, context)
      return { outcome, by: 'network', stage, detail: 'announced', evidence: { ...heardEvidence(end.heard), rule } }
    }
    case 'no-audio':
      return { outcome: 'line-fault', by: 'platform', stage, detail: 'no-usable-audio', evidence: { sipStatus: end.status, error: end.detail } }
    case 'ended': {
      const evidence = { q850Cause: end.q850, sipReason: end.reason }
      if (end.by === 'remote') return { outcome: 'answered', by: 'callee', stage, detail: 'callee-hung-up', evidence }
      return { outcome: 'answered', by: 'network', stage, detail: 'line-lost', evidence }
    }
    case 'control':
      return { outcome: 'answered', by: end.end.by, stage, detail: end.end.detail, evidence: 'error' in end.end ? { error: end.end.error } : {} }
    case 'loop': {
      const { outcome, by, detail, error, tone } = end.end
      return { outcome: outcome ?? 'answered', by, stage, detail, evidence: { ...(error !== undefined && { error }), ...(tone !== undefined && { tone, rule: `tone:${tone}` }) } }
    }
    case 'dead-air':
      // The far end answered; what it sends is another matter, and the line's.
      return { outcome: end.detail === 'no-audio-received' ? 'line-fault' : 'answered', by: 'network', stage, detail: end.detail, evidence: {} }
    case 'stopped':
      return { outcome: answered ? 'answered' : 'cancelled', by: end.cause.by, stage, detail: end.cause.detail, evidence: {} }
    case 'port-failed':
      return { outcome: answered ? 'answered' : 'line-fault', by: 'platform', stage, detail: 'media-failed', evidence: { error: end.message } }
    case 'broken':
      return failureOf(end.error, context)
    default:
      return assertNever(end)
  }
}

/** What was thrown at us. A refusal and a lack of room are expected; anything else is a mistake of ours ('internal-failure'). */
export function failureOf(error: unknown, { stage, answered }: Pick<EndingContext, 'stage' | 'answered'>): EndReason {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RefusedError) return { outcome: byRefusal[error.code] ?? 'bad-number', by: 'platform', stage, detail: error.code === 'do-not-call' ? 'do-not-call' : 'refused', evidence: { error: error.code } }
  // No port or no room for another SIP call: nothing was dialled.
  if (error instanceof OverloadedError && !answered) return { outcome: 'concurrency', by: 'platform', stage, detail: 'no-capacity', evidence: { error: message } }
  return { outcome: answered ? 'answered' : 'line-fault', by: 'platform', stage, detail: 'internal-failure', evidence: { error: message } }
}

function notAnswered(end: Extract<LegEnd, { type: 'failed' }>, context: EndingContext): EndReason {
  const { stage, heard, outcomes } = context
  const evidence = { sipStatus: end.status, sipReason: end.reason, q850Cause: end.q850, ...heardEvidence(heard) }
  if (end.local === 'transport') return { outcome: 'line-fault', by: 'network', stage, detail: 'trunk-unreachable', evidence }
  // Not by our signal: the SIP side is closing.
  if (end.local === 'cancelled') return { outcome: 'cancelled', by: 'platform', stage, detail: 'sip-closing', evidence }
  if (end.local === 'timeout') {
    // Our own limit while it rang is an unanswered call; without any ringing the line is dead. What was heard meanwhile says more.
    const rang = stage !== 'dialing'
    const decision = decide({ heard }, outcomes)
    return { outcome: decision?.outcome ?? (rang ? 'no-answer' : 'line-fault'), by: 'platform', stage, detail: rang ? 'ring-limit' : 'no-response', evidence: { ...evidence, ...(decision && { rule: decision.rule }) } }
  }
  const { outcome, rule } = decided({ status: end.status, q850: end.q850, heard }, context)
  return { outcome, by: outcome === 'rejected' ? 'callee' : 'network', stage, detail: 'final-response', evidence: { ...evidence, rule } }
}

function decided(refusal: Parameters<typeof decide>[0], { outcomes }: EndingContext): { outcome: Outcome; rule: string } {
  return decide(refusal, outcomes) ?? { outcome: 'unknown', rule: 'none' }
}

function heardEvidence(heard: EarlyMediaHeard | undefined): EndEvidence {
  return { ...(heard?.text && { announcement: heard.text }), ...(heard?.tone && { tone: heard.tone }) }
}

/** Outcomes of a refusal right before the INVITE, where they are not the number's fault. */
const byRefusal: Readonly<Partial<Record<RefusalCode, Outcome>>> = {
  'do-not-call': 'blacklist',
  'calling-hours': 'window',
  frequency: 'frequency',
  'no-balance': 'no-balance',
  expired: 'expired',
  'not-allowed': 'cancelled',
}
