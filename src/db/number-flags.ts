// Knows what calls taught about a number. Does not know what follows from it.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'

export type NumberFlag = 'wrong-number' | 'invalid-number'

/** Remembers a flag; the first call that taught it stays. */
export async function flagNumber(
  tx: Tx,
  p: { accountId: string; phone: string; flag: NumberFlag; callId: string; now: Date },
): Promise<void> {
  await sql`
    insert into number_flags (account_id, phone, flag, call_id, created_at)
    values (${p.accountId}, ${p.phone}, ${p.flag}, ${p.callId}, ${p.now}) on conflict do nothing`.execute(tx)
}

export async function flagsOf(db: Queryable, accountId: string, phone: string): Promise<{ flag: NumberFlag; callId: string; at: Date }[]> {
  const { rows } = await sql<{ flag: NumberFlag; callId: string; at: Date }>`
    select flag, call_id as "callId", created_at as at from number_flags
    where account_id = ${accountId} and phone = ${phone} order by created_at`.execute(db)
  return rows
}
