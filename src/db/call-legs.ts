// Knows the call_legs table: the more phones that running calls have rung. Does not know who they are.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'

/** `isAttempt`: the call is for them, so that the rules on calling people count it. */
export type NewCallLeg = { callId: string; trunk: string; callerId: string; phone: string; isAttempt: boolean; startedAt: Date }

/** Writes a leg down before its INVITE leaves; from here on it counts on its trunk, until it is ended or its call is. Answers its id. */
export async function insertLeg(tx: Tx, leg: NewCallLeg): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    with made as (
      insert into call_legs (call_id, trunk, caller_id, phone, is_attempt, started_at)
      values (${leg.callId}, ${leg.trunk}, ${leg.callerId}, ${leg.phone}, ${leg.isAttempt}, ${leg.startedAt}) returning id, trunk, caller_id, started_at),
    used as (
      insert into trunk_callers (trunk, caller_id, last_used_at) select trunk, caller_id, started_at from made
      on conflict (trunk, caller_id) do update set last_used_at = greatest(trunk_callers.last_used_at, excluded.last_used_at))
    select id::int as id from made`.execute(tx)
  return rows[0]!.id
}

export async function endLeg(db: Queryable, id: number, now: Date): Promise<void> {
  await sql`update call_legs set ended_at = ${now} where id = ${id} and ended_at is null`.execute(db)
}
