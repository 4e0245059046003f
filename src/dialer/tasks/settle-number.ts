// Knows what the end of a call means for the number of its task: written in the transaction that ends the call. Does not know how calls end.
import type { EndReason, Outcome } from '../../call/end-reason.ts'
import type { StoredJudgement } from '../../call/stored-judgement.ts'
import type { CallRow } from '../../db/calls.ts'
import type { Tx } from '../../db/connection.ts'
import { lockCalledNumber, rememberOutcome, writeNumberResult } from '../../db/task-numbers.ts'
import type { Learnt } from '../learnt.ts'
import { recentMax, type TaskPlan } from './plan.ts'
import { nextStep, type NextStep } from './retry.ts'

export type EndedAttempt = Learnt & {
  reason: EndReason
  endedAt: Date
  answeredAt: Date | undefined
  talkMs: number
  costLi: number
  judgement: StoredJudgement | undefined
}

/** Does nothing for a call of no task. The caller has locked the call. */
export async function settleNumber(tx: Tx, call: CallRow, ended: EndedAttempt): Promise<void> {
  if (call.taskId === null || call.taskSeq === null) return
  const number = await lockCalledNumber(tx, call.taskId, call.taskSeq)
  if (number === undefined) return
  const { outcome } = ended.reason
  const dialled = call.dialingAt !== null
  const past = [...(number.past as Outcome[]), ...(dialled ? [outcome] : [])]
  const step = dialled ? afterAttempt(past, ended, (number.plan as TaskPlan).retry) : ({ state: refusals.has(outcome) ? 'refused' : 'done' } as const)
  await writeNumberResult(tx, {
    taskId: call.taskId,
    seq: call.taskSeq,
    state: step.state,
    dueAt: step.state === 'waiting' ? new Date(step.dueAtMs) : ended.endedAt,
    past,
    callId: call.id,
    outcome,
    conversation: ended.conversation ?? null,
    label: ended.judgement?.grade.letter ?? null,
    answered: ended.answeredAt !== undefined,
    talkMs: ended.talkMs,
    costLi: ended.costLi,
  })
  if (dialled) await rememberOutcome(tx, call.taskId, outcome, recentMax)
}

/** The rules said no before anything was dialled. */
const refusals: ReadonlySet<Outcome> = new Set(['blacklist', 'bad-number', 'blind-area'])

/** Who hung up from outside wants no other attempt; nor does who asked not to be called, nor is it worth calling somebody else's number. */
function afterAttempt(past: readonly Outcome[], { reason, endedAt, doNotCall, flags }: EndedAttempt, plan: TaskPlan['retry']): NextStep {
  const unwanted = doNotCall !== undefined || flags.length > 0 || reason.by === 'user'
  return nextStep({ past, endedAtMs: endedAt.getTime(), unwanted }, plan)
}
