// Knows the call_commands table: wishes on their way to the process that has the call, and what became of them. Does not know what is wished.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb } from './jsonb.ts'

/** A command waits for the owner of a call; the payload is the id of the call. */
export const commandChannel = 'call_command'
/** The payload is the id of a command that was done or refused. */
export const commandDoneChannel = 'call_command_done'

export type StoredCommand = { id: string; callId: string; command: unknown }

/** Stores a command and tells the owner when the transaction commits. It is not begun once `msMax` are over, by the database's clock. */
export async function insertCommand(tx: Tx, { id, callId, command }: StoredCommand, msMax: number): Promise<void> {
  await sql`
    insert into call_commands (id, call_id, command, expires_at)
    values (${id}, ${callId}, ${toJsonb(command)}::jsonb, clock_timestamp() + ${msMax} * interval '1 millisecond') on conflict (id) do nothing`.execute(tx)
  await sql`select pg_notify(${commandChannel}, ${callId})`.execute(tx)
}

/** Takes what waits for these calls, in the order it was sent: each command goes to one taker, who must own the call. */
export async function takeCommands(db: Queryable, owner: string, callIds: readonly string[]): Promise<StoredCommand[]> {
  if (callIds.length === 0) return []
  const { rows } = await sql<StoredCommand & { at: Date }>`
    update call_commands m set taken_at = clock_timestamp()
    from calls c
    where m.call_id = any (${callIds}::text[]) and m.taken_at is null and m.expires_at > clock_timestamp()
      and c.id = m.call_id and c.lease_owner = ${owner} and c.status <> 'ended'
    returning m.id, m.call_id as "callId", m.command, m.created_at as at`.execute(db)
  return rows.sort((a, b) => a.at.getTime() - b.at.getTime()).map(({ id, callId, command }) => ({ id, callId, command }))
}

/** Says what became of a command that was taken, and wakes whoever waits for it. */
export async function finishCommand(tx: Tx, id: string, result: unknown): Promise<void> {
  await sql`update call_commands set result = ${toJsonb(result)}::jsonb where id = ${id}`.execute(tx)
  await sql`select pg_notify(${commandDoneChannel}, ${id})`.execute(tx)
}

/** Undefined while nothing is known. */
export async function commandResult(db: Queryable, id: string): Promise<unknown> {
  const { rows } = await sql<{ result: unknown }>`select result from call_commands where id = ${id}`.execute(db)
  return rows[0]?.result ?? undefined
}

/** Takes a command back that nobody has begun; false when somebody has. */
export async function withdrawCommand(db: Queryable, id: string): Promise<boolean> {
  const { rows } = await sql`update call_commands set taken_at = clock_timestamp() where id = ${id} and taken_at is null returning id`.execute(db)
  return rows.length > 0
}

/** Drops old ones. What was said in them was said in the call's log as well. */
export async function forgetCommands(db: Queryable, olderThanMs: number): Promise<void> {
  await sql`delete from call_commands where created_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'`.execute(db)
}

/** True while the process that has the call is heard of. */
export async function isOwned(db: Queryable, callId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from calls where id = ${callId} and lease_until > clock_timestamp()`.execute(db)
  return rows.length > 0
}
