// Knows everything that is written when a call ends, in one transaction and once. Does not know why it ended.
import assert from 'node:assert/strict'
import { costOf } from '../account/billing.ts'
import { holdAll, release, settle } from '../account/ledger.ts'
import type { CallResult } from '../call/call.ts'
import type { EndDetail, EndReason, Outcome } from '../call/end-reason.ts'
import { appendEvents, countEvents, insertEvents, notifyFollowers } from '../db/call-events.ts'
import { endCall, insertCalls, lockCall, type CallRow } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { addDoNotCall } from '../db/do-not-call.ts'
import { flagNumber } from '../db/number-flags.ts'
import { insertDelivery } from '../db/webhook-deliveries.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import { RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import type { Judgement } from '../robot/after-call/judgement.ts'
import { newCallId, newDeliveryId } from './call-id.ts'
import { callReport } from './call-report.ts'
import type { CalledBack, StoredJudgement } from '../call/stored-judgement.ts'
import type { CallBackPlan } from './judged.ts'
import { learntFrom } from './learnt.ts'
import { settleNumber } from './tasks/settle-number.ts'

/** How a call ended: what its owner knows, plus the events that were not stored yet. */
export type Ending = CallResult & {
  endedAt: Date
  unwritten: readonly CallEventRow[]
  judgement?: Judgement | undefined
  /** What is done about a wish to be called back; undefined when there is none. */
  callBack?: CallBackPlan | undefined
}

/** The ending of a call that nobody answered and whose log is stored. */
export function unansweredEnding(outcome: Outcome, detail: EndDetail, endedAt: Date, more: Partial<EndReason> = {}): Ending {
  return {
    reason: { outcome, by: 'platform', stage: 'queued', detail, evidence: {}, ...more },
    answeredAt: undefined,
    talkMs: 0,
    conversation: undefined,
    notes: [],
    recording: undefined,
    media: undefined,
    endedAt,
    unwritten: [],
  }
}

/**
 * Settles a call that this owner ran. Exactly once per call: 'settled' also when an earlier try took effect without our learning of it.
 * 'not-ours': somebody took the call over; nothing was written.
 */
export async function settleCall(db: Database, call: { id: string; fence: number }, ending: Ending): Promise<'settled' | 'not-ours'> {
  return db.transaction(async (tx) => {
    const row = await lockCall(tx, call.id)
    if (row === undefined || row.fence !== call.fence) return 'not-ours'
    if (row.status !== 'ended') await endInTransaction(tx, row, ending)
    return 'settled'
  })
}

/**
 * Ends a call that the caller has locked and may end: rest of the log, `ended` row, record, money, what was learnt about the number, report, the next step of its task.
 * The order of locks is call, then wallet, then task, as everywhere.
 */
export async function endInTransaction(tx: Tx, call: CallRow, ending: Ending): Promise<void> {
  assert.notEqual(call.status, 'ended', 'a call ends once')
  const { reason, endedAt } = ending
  const answeredAt = ending.answeredAt ?? call.answeredAt ?? undefined
  const learnt = learntFrom(ending.notes, reason, ending.conversation, ending.judgement)
  // Only what was picked up costs anything, however it ended.
  const talkMs = answeredAt ? Math.max(0, ending.talkMs) : 0
  const charge = await settleMoney(tx, call, answeredAt ? talkMs : undefined)

  await insertEvents(tx, ending.unwritten.map((row) => ({ ...row, callId: call.id })))
  const stored = await countEvents(tx, call.id)
  assert.equal(stored.count, stored.last, `the log of ${call.id} has a gap`)
  const ended: CallEvent = {
    type: 'ended',
    reason,
    conversation: learnt.conversation,
    talkMs: Math.round(talkMs),
    billedSec: charge.billedSec,
    costLi: charge.costLi,
    recording: ending.recording,
    media: ending.media,
  }
  await appendEvents(tx, [{ callId: call.id, event: ended }], endedAt)

  const judgement = ending.judgement && (await withCallBack(tx, call, ending.judgement, ending.callBack ?? { why: 'interrupted' }, endedAt))
  const record = { ...learnt, ...charge, judgement, reason, endedAt, answeredAt, talkMs, recording: ending.recording }
  await endCall(tx, call.id, record)
  const about = { accountId: call.accountId, phone: call.phone, callId: call.id }
  if (learnt.doNotCall) await addDoNotCall(tx, { ...about, source: 'callee', evidence: learnt.doNotCall.evidence }, endedAt)
  for (const flag of learnt.flags) await flagNumber(tx, { ...about, flag, now: endedAt })
  const id = newDeliveryId(endedAt.getTime())
  await insertDelivery(tx, { id, accountId: call.accountId, callId: call.id, payload: callReport(id, call, record), now: endedAt })
  await notifyFollowers(tx, [call.id])
  // Last: it moves the counters of the task, which all its calls share.
  await settleNumber(tx, call, record)
}

/** Charges the talking time of an answered call; gives everything back when nobody answered. */
async function settleMoney(tx: Tx, call: CallRow, talkMs: number | undefined): Promise<{ billedSec: number; costLi: number }> {
  const of = { accountId: call.accountId, callId: call.id }
  if (talkMs === undefined) {
    await release(tx, of)
    return { billedSec: 0, costLi: 0 }
  }
  const { billedSec, costLi } = costOf(talkMs, call)
  const { chargedLi, shortLi } = await settle(tx, { ...of, costLi })
  if (shortLi > 0) log.warn({ call: call.id, shortLi }, 'a call cost more than its account had')
  return { billedSec, costLi: chargedLi }
}

/** Queues the call that the callee asked for, with money held for it like any other; without money the wish is only recorded. */
async function withCallBack(tx: Tx, call: CallRow, judgement: Judgement, plan: CallBackPlan, now: Date): Promise<StoredJudgement> {
  const { callBack } = judgement
  if (!callBack) return { ...judgement, callBack: undefined }
  const done: CalledBack = 'why' in plan ? { why: plan.why } : await queueCallBack(tx, call, plan, now)
  return { ...judgement, callBack: { ...callBack, ...done } }
}

async function queueCallBack(tx: Tx, call: CallRow, { dueAt, expiresAt }: { dueAt: Date; expiresAt: Date }, now: Date): Promise<CalledBack> {
  const id = newCallId(now.getTime())
  const { accountId, phone, phoneAsGiven, source, userRequirement, robot, line, trunkWanted, callerWanted, priceLiPerMin, initialBlockSec, incrementSec } = call
  const price = { priceLiPerMin, initialBlockSec, incrementSec }
  try {
    await holdAll(tx, { accountId, callIds: [id], amountLi: costOf(1, price).costLi })
  } catch (error) {
    if (error instanceof RefusedError) return { why: 'no-balance' }
    throw error
  }
  const wanted = { trunkWanted: trunkWanted ?? undefined, callerWanted: callerWanted ?? undefined }
  await insertCalls(tx, [{ calls: [{ id, phone, phoneAsGiven }], terms: { accountId, source, userRequirement, robot, line, ...wanted, createdAt: now, dueAt, expiresAt, callsBack: false, callBackOf: call.id, ...price } }])
  await appendEvents(tx, [{ callId: id, event: { type: 'accepted' } }], now)
  return { callId: id }
}
