// Knows what else there is to tell of calls of tasks beside their records: their names elsewhere and what was said. For a page of calls at once. Does not know wire formats.
import { eventsFor } from '../../db/call-events.ts'
import { ticketsOf } from '../../db/call-tickets.ts'
import type { Database } from '../../db/connection.ts'
import type { CallEvent, CallEventRow } from '../../events.ts'
import { attemptOf } from './task-tickets.ts'

export type TaskTalk = {
  /** Undefined: the task came by a face that names no calls. */
  wireId: string | undefined
  /** 1 for the first call of a number. */
  attempt: number
  /** Of the log of the call what was asked for. */
  rows: readonly CallEventRow[]
}

/** What of a conversation is read: turns to count, or also the words of the robot. */
const typesOf = {
  counts: ['callee-said', 'noted', 'transfer'],
  words: ['callee-said', 'noted', 'transfer', 'robot-said'],
} as const satisfies Record<string, readonly CallEvent['type'][]>
export type TalkDetail = keyof typeof typesOf

const withinMs = 3_000

/** By call id; of every call, also one without words. The caller has checked whose they are. */
export async function taskTalks(db: Database, callIds: readonly string[], detail: TalkDetail): Promise<ReadonlyMap<string, TaskTalk>> {
  if (callIds.length === 0) return new Map()
  return await db.retry('read what was said in calls of a task', async () => {
    const tickets = new Map((await ticketsOf(db.sql, callIds)).map((ticket) => [ticket.callId, ticket]))
    const rows = Map.groupBy(await eventsFor(db.sql, { single: [], whole: callIds, types: typesOf[detail] }), ({ callId }) => callId)
    return new Map(callIds.map((id) => {
      const ticket = tickets.get(id)
      return [id, { wireId: ticket?.wireId, attempt: ticket ? attemptOf(ticket) : 1, rows: rows.get(id) ?? [] }]
    }))
  }, { withinMs })
}
