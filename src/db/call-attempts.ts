// Knows the call_attempts table: every INVITE that was about to leave, with its trunk and number. Does not know how they ended.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'

export type CallAttempt = { callId: string; attempt: number; trunk: string; callerId: string; startedAt: Date }

/** Writes attempts down before their INVITEs leave, and that their numbers were shown. The caller holds the lock of the line. */
export async function insertAttempts(tx: Tx, attempts: readonly CallAttempt[]): Promise<void> {
  if (attempts.length === 0) return
  await sql`
    with made as (
      insert into call_attempts (call_id, attempt, trunk, caller_id, started_at)
      select * from unnest(${attempts.map(({ callId }) => callId)}::text[], ${attempts.map(({ attempt }) => attempt)}::int[], ${attempts.map(({ trunk }) => trunk)}::text[],
                           ${attempts.map(({ callerId }) => callerId)}::text[], ${attempts.map(({ startedAt }) => startedAt)}::timestamptz[])
      returning trunk, caller_id, started_at)
    insert into trunk_callers (trunk, caller_id, last_used_at)
    select trunk, caller_id, max(started_at) from made group by trunk, caller_id order by trunk, caller_id
    on conflict (trunk, caller_id) do update set last_used_at = greatest(trunk_callers.last_used_at, excluded.last_used_at)`.execute(tx)
}

/** In order. */
export async function attemptsOf(db: Queryable, callId: string): Promise<CallAttempt[]> {
  const { rows } = await sql<CallAttempt>`
    select call_id as "callId", attempt, trunk, caller_id as "callerId", started_at as "startedAt" from call_attempts where call_id = ${callId} order by attempt`.execute(db)
  return rows
}
