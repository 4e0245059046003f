// Knows the used_nonces table. Does not know what is signed.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

/** Answers the request ids whose nonce was new. Of two with the same nonce, in one batch or in two processes, exactly one is answered; a repeat of the same request id is, too. */
export async function useNonces(db: Queryable, nonces: readonly { digest: Buffer; requestId: string }[], now: Date): Promise<string[]> {
  const { rows } = await sql<{ requestId: string }>`
    insert into used_nonces (digest, request_id, used_at)
    select v.digest, v.request_id, ${now}::timestamptz
    from unnest(${nonces.map(({ digest }) => digest)}::bytea[], ${nonces.map(({ requestId }) => requestId)}::uuid[]) as v (digest, request_id)
    order by v.digest
    on conflict (digest) do update set used_at = used_nonces.used_at where used_nonces.request_id = excluded.request_id
    returning request_id as "requestId"`.execute(db)
  return rows.map((row) => row.requestId)
}

/** Answers how many. */
export async function forgetNonces(db: Queryable, before: Date): Promise<number> {
  const result = await sql`delete from used_nonces where used_at < ${before}`.execute(db)
  return Number(result.numAffectedRows ?? 0)
}
