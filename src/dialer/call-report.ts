// Knows the shape of the report that customers' webhooks get. Does not know delivery.
import type { CallEnding, CallRow } from '../db/calls.ts'
import type { StoredJudgement } from '../call/stored-judgement.ts'

/** `call.ended`, sent once the call is settled. Names are snake case like the API's. Money in RMB as the look-up shows it, and in 厘. */
export function callReport(id: string, call: CallRow, ending: CallEnding): Record<string, unknown> {
  return {
    id,
    type: 'call.ended',
    created_at: ending.endedAt.toISOString(),
    data: {
      call_id: call.id,
      phone: call.phoneAsGiven,
      user_requirement: call.userRequirement,
      outcome: ending.reason.outcome,
      conversation: ending.conversation ?? null,
      ended_by: ending.reason.by,
      ended_while: ending.reason.stage,
      detail: ending.reason.detail,
      created_at: call.createdAt.toISOString(),
      dialing_at: call.dialingAt?.toISOString() ?? null,
      answered_at: (call.answeredAt ?? ending.answeredAt)?.toISOString() ?? null,
      ended_at: ending.endedAt.toISOString(),
      duration_seconds: Math.ceil(ending.talkMs / 1_000),
      billed_seconds: ending.billedSec,
      cost: ending.costLi / 1_000,
      cost_li: ending.costLi,
      summary: ending.summary ?? null,
      slots: ending.slots ?? {},
      ...judgementOnWire(ending.judgement),
      call_back_of: call.callBackOf,
      recorded: ending.recording !== undefined,
    },
  }
}

/** The keys of a judgement, the same in a report and in a look-up. `needs_review` is null while nothing was judged. */
export function judgementOnWire(judgement: StoredJudgement | undefined) {
  return {
    grade: judgement ? { ...judgement.grade, turns: [...judgement.grade.turns] } : null,
    answers: judgement?.answers.map(({ id, question, kind, value, words, turns, sure }) => ({ id, question, kind, value: value ?? null, words, turns: [...turns], sure })) ?? [],
    needs_review: judgement === undefined ? null : judgement.review.length > 0,
    review: judgement?.review.map((one) => ({ ...one, turns: [...one.turns] })) ?? [],
    do_not_call: judgement?.doNotCall ? { words: judgement.doNotCall.words, turns: [...judgement.doNotCall.turns] } : null,
    call_back: judgement?.callBack ? { at: judgement.callBack.at ?? null, words: judgement.callBack.words, turns: [...judgement.callBack.turns], call_id: judgement.callBack.callId ?? null, not_called_because: judgement.callBack.why ?? null } : null,
    judged_by: judgement?.by ?? null,
  }
}
