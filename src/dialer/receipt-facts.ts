// Knows what there is to tell in a receipt: the call, its ticket and the events that it speaks of. Does not know in which words.
import type { TransferFailure } from '../call/transfer.ts'
import { eventsFor } from '../db/call-events.ts'
import { ticketsOf, type CallTicket } from '../db/call-tickets.ts'
import { callsById } from '../db/calls.ts'
import type { Queryable } from '../db/connection.ts'
import type { ReceiptKind } from '../db/receipt-moments.ts'
import type { ReceiptKey } from '../db/receipts.ts'
import { scriptNumbers } from '../db/scripts.ts'
import { tasksRemembering } from '../db/tasks.ts'
import type { CallEvent } from '../events.ts'
import { isCallback } from '../robot/callback/plan.ts'
import { isScriptSpec } from '../robot/script/spec.ts'
import { toRecord } from './call-record.ts'
import type { CallRecord } from './call-service.ts'
import type { RobotOfTask } from './tasks/robot-tasks.ts'

export type ReceiptFacts = {
  kind: ReceiptKind
  /** The event that is told, and when it was. */
  event: CallEvent
  at: Date
  accountId: string
  call: CallRecord
  ticket: CallTicket
  /** Whether the words of the network before the answer were asked for. */
  earlyMediaWanted: boolean
  /** Of a scripted robot: what clients that know scripts by numbers call its script. In reports only. */
  scriptNumber: number | undefined
  /** Every key that was pressed. In reports only. */
  keys: string
  /** Whether a colleague took over, or why the last one who was called did not. In reports only. */
  transfer: { joined: boolean; failed: TransferFailure | undefined }
  /** What happened to more phones, and when. In reports only. */
  legs: readonly { at: Date; event: CallEvent }[]
}

/** Words for a receipt, as its receiver reads them. Pure. */
export type RenderReceipt = (facts: ReceiptFacts) => Record<string, unknown>

export const receiptId = ({ callId, kind, moment }: ReceiptKey): string => `${callId}.${kind}.${moment}`

/** In the order of `receipts`; undefined for one whose call or event is gone. */
export async function receiptFacts(db: Queryable, receipts: readonly (ReceiptKey & { seq: number })[]): Promise<(ReceiptFacts | undefined)[]> {
  const ids = [...new Set(receipts.map(({ callId }) => callId))]
  const reported = [...new Set(receipts.filter(({ kind }) => kind === 'report').map(({ callId }) => callId))]
  const [calls, tickets, events] = await Promise.all([
    callsById(db, ids),
    ticketsOf(db, ids),
    eventsFor(db, { single: receipts, whole: reported, types: ['keys-pressed', 'transfer'] }),
  ])
  const scripted = calls.flatMap(({ id, robot }) => (reported.includes(id) && isScriptSpec(robot) ? [{ ...robot, callId: id }] : []))
  const numbers = scripted.length === 0 ? [] : await scriptNumbers(db, scripted)
  const numberOf = new Map(scripted.map(({ callId }, i) => [callId, numbers[i]]))
  const earlyMediaTasks = await tasksRemembering(db, [...new Set(calls.flatMap(({ taskId }) => taskId ?? []))], 'earlyMedia' satisfies keyof RobotOfTask)
  const callOf = new Map(calls.map((call) => [call.id, call]))
  const ticketOf = new Map(tickets.map((ticket) => [ticket.callId, ticket]))
  const eventsOf = Map.groupBy(events, ({ callId }) => callId)
  return receipts.map(({ callId, kind, seq }) => {
    const call = callOf.get(callId)
    const ticket = ticketOf.get(callId)
    const log = eventsOf.get(callId) ?? []
    const told = log.find((row) => row.seq === seq)
    if (call === undefined || ticket === undefined || told === undefined) return undefined
    const { wireId, product, shownNumber, outId } = ticket
    // Of other kinds only what happens to go in the same batch was read.
    const whole = kind === 'report' ? log : []
    return {
      kind,
      event: told.event,
      at: told.at,
      accountId: call.accountId,
      // What a queued call waits for is told to nobody here.
      call: toRecord(call, 0),
      ticket: { wireId, product, shownNumber, outId },
      earlyMediaWanted: (isCallback(call.robot) && call.robot.plan.earlyMedia === true) || (call.taskId !== null && earlyMediaTasks.has(call.taskId)),
      scriptNumber: numberOf.get(callId),
      keys: whole.flatMap(({ event }) => (event.type === 'keys-pressed' ? [event.digits] : [])).join(''),
      transfer: transferOf(whole.map(({ event }) => event)),
      legs: whole.filter(({ event }) => event.type === 'transfer'),
    }
  })
}

function transferOf(events: readonly CallEvent[]): ReceiptFacts['transfer'] {
  const transfers = events.filter((event) => event.type === 'transfer')
  const last = transfers.findLast(({ state }) => state === 'joined' || state === 'failed')
  return { joined: transfers.some(({ state }) => state === 'joined'), failed: last?.state === 'failed' ? (last.why ?? 'unreachable') : undefined }
}
