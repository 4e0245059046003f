// Knows the shape of the report that customers' webhooks get. Does not know delivery.
import type { CallEnding, CallRow } from '../db/calls.ts'

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
      recorded: ending.recording !== undefined,
    },
  }
}
