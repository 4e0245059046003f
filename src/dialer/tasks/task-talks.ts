// Knows what else there is to tell of calls of tasks beside their records: their names elsewhere and what was said. For a page of calls at once. Does not know wire formats.
import { eventsAfter } from '../../db/call-events.ts'
import { ticketsOf } from '../../db/call-tickets.ts'
import type { Database } from '../../db/connection.ts'
import type { CallEventRow } from '../../events.ts'
import { attemptOf } from './task-tickets.ts'

export type TaskTalk = {
  /** Undefined: the task came by a face that names no calls. */
  wireId: string | undefined
  /** 1 for the first call of a number. */
  attempt: number
  /** The log of the call. */
  rows: readonly CallEventRow[]
}

/** A conversation has some hundred; what is beyond is not told. */
const rowsPerCallMax = 2_000
const withinMs = 3_000

/** By call id; of every call, also one without words. The caller has checked whose they are. */
export async function taskTalks(db: Database, callIds: readonly string[]): Promise<ReadonlyMap<string, TaskTalk>> {
  if (callIds.length === 0) return new Map()
  return await db.retry('read what was said in calls of a task', async () => {
    const tickets = new Map((await ticketsOf(db.sql, callIds)).map((ticket) => [ticket.callId, ticket]))
    const rows = Map.groupBy(await eventsAfter(db.sql, callIds.map((callId) => ({ callId, afterSeq: 0 })), rowsPerCallMax), ({ callId }) => callId)
    return new Map(callIds.map((id) => {
      const ticket = tickets.get(id)
      return [id, { wireId: ticket?.wireId, attempt: ticket ? attemptOf(ticket) : 1, rows: rows.get(id) ?? [] }]
    }))
  }, { withinMs })
}
