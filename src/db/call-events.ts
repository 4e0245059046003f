// Knows the call_events table: the numbered log of each call; what is written into it is owed as receipts too. Does not know who writes or follows it.
import { sql } from 'kysely'
import type { CallEvent, CallEventRow } from '../events.ts'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb } from './jsonb.ts'
import { oweReceipts } from './receipts.ts'

/** Wakes followers; the payload is a comma-separated list of call ids. */
export const eventsChannel = 'call_events'

export type OwnedEvent = CallEventRow & { callId: string; fence: number }

/**
 * Stores events of calls that are still ours (same fence, not ended) and says which calls are. Rows stored before stay as they are, so
 * that a batch whose commit was never confirmed can be sent again. The calls stay locked against takeover until the transaction ends;
 * heartbeats pass.
 */
export async function insertOwnedEvents(tx: Tx, events: readonly OwnedEvent[]): Promise<Set<string>> {
  const fences = new Map(events.map((event) => [event.callId, event.fence]))
  const { rows } = await sql<{ id: string }>`
    select c.id from calls c
    join unnest(${[...fences.keys()]}::text[], ${[...fences.values()]}::int[]) as v (id, fence) on c.id = v.id and c.fence = v.fence
    where c.status <> 'ended' order by c.id for key share of c`.execute(tx)
  const ours = new Set(rows.map((row) => row.id))
  await insertEvents(tx, events.filter((event) => ours.has(event.callId)))
  return ours
}

/** Stores numbered events. The caller has locked their calls. */
export async function insertEvents(tx: Tx, events: readonly (CallEventRow & { callId: string })[]): Promise<void> {
  if (events.length === 0) return
  await sql`
    insert into call_events (call_id, seq, at, event)
    select * from unnest(${events.map((event) => event.callId)}::text[], ${events.map((event) => event.seq)}::int[],
                         ${events.map((event) => event.at)}::timestamptz[], ${events.map((event) => toJsonb(event.event))}::jsonb[])
    on conflict (call_id, seq) do nothing`.execute(tx)
  await oweReceipts(tx, events)
}

/** Appends one event to each of several calls that the caller has locked; answers the numbers they got. */
export async function appendEvents(
  tx: Tx,
  events: readonly { callId: string; event: CallEvent }[],
  at: Date,
): Promise<Map<string, number>> {
  if (events.length === 0) return new Map()
  const { rows } = await sql<{ id: string; seq: number }>`
    insert into call_events (call_id, seq, at, event)
    select v.call_id, coalesce((select max(e.seq) from call_events e where e.call_id = v.call_id), 0) + 1, ${at}::timestamptz, v.event
    from unnest(${events.map((event) => event.callId)}::text[], ${events.map((event) => toJsonb(event.event))}::jsonb[]) as v (call_id, event)
    returning call_id as id, seq`.execute(tx)
  const seqs = new Map(rows.map((row) => [row.id, row.seq]))
  await oweReceipts(tx, events.map(({ callId, event }) => ({ callId, seq: seqs.get(callId)!, at, event })))
  return seqs
}

/** How many events a call has, and the highest number. They differ only when the log has a gap. */
export async function countEvents(db: Queryable, callId: string): Promise<{ count: number; last: number }> {
  const { rows } = await sql<{ count: number; last: number }>`
    select count(*)::int as count, coalesce(max(seq), 0)::int as last from call_events where call_id = ${callId}`.execute(db)
  return rows[0]!
}

/** The log of each call after its `afterSeq`, in order, at most `limitEach` rows per call. */
export async function eventsAfter(
  db: Queryable,
  calls: readonly { callId: string; afterSeq: number }[],
  limitEach: number,
): Promise<(CallEventRow & { callId: string })[]> {
  const { rows } = await sql<CallEventRow & { callId: string }>`
    select e.call_id as "callId", e.seq, e.at, e.event
    from unnest(${calls.map((call) => call.callId)}::text[], ${calls.map((call) => call.afterSeq)}::int[]) as v (call_id, after_seq)
    cross join lateral (
      select * from call_events e where e.call_id = v.call_id and e.seq > v.after_seq order by e.seq limit ${limitEach}) as e
    order by e.call_id, e.seq`.execute(db)
  return rows
}

/** Single rows of logs, and all of these types of the calls in `whole`. */
export async function eventsFor(
  db: Queryable,
  p: { single: readonly { callId: string; seq: number }[]; whole: readonly string[]; types: readonly CallEvent['type'][] },
): Promise<(CallEventRow & { callId: string })[]> {
  const { rows } = await sql<CallEventRow & { callId: string }>`
    select e.call_id as "callId", e.seq, e.at, e.event from call_events e
    where (e.call_id, e.seq) in (select * from unnest(${p.single.map(({ callId }) => callId)}::text[], ${p.single.map(({ seq }) => seq)}::int[]))
    union all
    select e.call_id, e.seq, e.at, e.event from call_events e
    where e.call_id = any (${p.whole}::text[]) and e.event->>'type' = any (${p.types}::text[])
    order by 1, 2`.execute(db)
  return rows
}

const payloadBytesMax = 7_900

/** Wakes the followers of these calls on all processes when the transaction commits: one notification, or a few when they do not fit in one. */
export async function notifyFollowers(tx: Tx, callIds: Iterable<string>): Promise<void> {
  const payloads: string[] = []
  for (const id of new Set(callIds)) {
    const last = payloads.at(-1)
    if (last === undefined || last.length + 1 + id.length > payloadBytesMax) payloads.push(id)
    else payloads[payloads.length - 1] = `${last},${id}`
  }
  if (payloads.length === 0) return
  await sql`select pg_notify(${eventsChannel}, payload) from unnest(${payloads}::text[]) as payload`.execute(tx)
}
