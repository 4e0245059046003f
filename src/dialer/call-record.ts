// Knows how a row of the calls table is shown to whoever asks about the call. Does not know who asks.
import type { CallRow } from '../db/calls.ts'
import { isConnect } from '../robot/connect.ts'
import type { CallRecord } from './call-service.ts'

export function toRecord(row: CallRow, nowMs: number): CallRecord {
  // A call that is due and still queued waits for its turn on the line: nothing else holds it.
  const waitsForLine = row.status === 'queued' && row.dueAt.getTime() <= nowMs
  return {
    id: row.id,
    phone: row.phone,
    phoneAsGiven: row.phoneAsGiven,
    userRequirement: row.userRequirement,
    status: row.status,
    waitingFor: waitsForLine ? 'line' : (row.waitingFor ?? undefined),
    createdAt: row.createdAt,
    dialingAt: row.dialingAt ?? undefined,
    ringingAt: row.ringingAt ?? undefined,
    answeredAt: row.answeredAt ?? undefined,
    endedAt: row.endedAt ?? undefined,
    reason: row.endReason ?? undefined,
    conversation: row.conversation ?? undefined,
    talkMs: row.talkMs ?? undefined,
    billedSec: row.billedSec ?? undefined,
    costLi: row.costLi ?? undefined,
    summary: row.summary ?? undefined,
    slots: row.slots ?? undefined,
    judgement: row.judgement ?? undefined,
    callBackOf: row.callBackOf ?? undefined,
    recording: row.recording ?? undefined,
    trunk: row.trunk ?? undefined,
    callerId: row.callerId ?? undefined,
    connects: isConnect(row.robot) ? { phoneAsGiven: row.robot.plan.toAsGiven, callerId: row.robot.plan.callerId } : undefined,
  }
}
