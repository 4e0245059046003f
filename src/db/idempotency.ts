// Knows which requests were answered already. Does not know what a request is.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'

export type RememberedRequest = { bodySha256: Buffer; callIds: string[] }

export async function findRequest(db: Queryable, accountId: string, key: string): Promise<RememberedRequest | undefined> {
  const { rows } = await sql<RememberedRequest>`
    select body_sha256 as "bodySha256", call_ids as "callIds" from idempotency_keys where account_id = ${accountId} and key = ${key}`.execute(db)
  return rows[0]
}

/**
 * Remembers a request in the transaction that answers it. False when it is known: a twin that is still running is waited for,
 * and counts only when it commits.
 */
export async function rememberRequest(
  tx: Tx,
  p: { accountId: string; key: string; bodySha256: Buffer; callIds: readonly string[]; now: Date },
): Promise<boolean> {
  const { rows } = await sql`
    insert into idempotency_keys (account_id, key, body_sha256, call_ids, created_at)
    values (${p.accountId}, ${p.key}, ${p.bodySha256}, ${p.callIds}::text[], ${p.now})
    on conflict do nothing returning key`.execute(tx)
  return rows.length > 0
}

/** Forgets requests that no client still repeats. Answers how many. */
export async function forgetRequests(db: Queryable, before: Date): Promise<number> {
  const result = await sql`delete from idempotency_keys where created_at < ${before}`.execute(db)
  return Number(result.numAffectedRows ?? 0)
}
