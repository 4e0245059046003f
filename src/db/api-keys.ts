// Knows the api_keys table. Sees digests of keys, never keys.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

export type ApiKey = { id: number; prefix: string; label: string; admin: boolean; createdAt: Date; lastUsedAt: Date | undefined; revokedAt: Date | undefined }

export async function insertApiKey(db: Queryable, key: { accountId: string; sha256: Buffer; prefix: string; label: string; admin: boolean }): Promise<number> {
  const { id } = await db
    .insertInto('api_keys')
    .values({ account_id: key.accountId, sha256: key.sha256, prefix: key.prefix, label: key.label, admin: key.admin })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Only keys that open something: not revoked, and of an account that is not closed. */
export async function findActiveKey(db: Queryable, sha256: Buffer): Promise<{ id: number; accountId: string; sha256: Buffer; admin: boolean; lastUsedAt: Date | undefined } | undefined> {
  const row = await db
    .selectFrom('api_keys as k')
    .innerJoin('accounts as a', 'a.id', 'k.account_id')
    .select(['k.id', 'k.account_id', 'k.sha256', 'k.admin', 'k.last_used_at'])
    .where('k.sha256', '=', sha256)
    .where('k.revoked_at', 'is', null)
    .where('a.closed_at', 'is', null)
    .executeTakeFirst()
  return row && { id: row.id, accountId: row.account_id, sha256: row.sha256, admin: row.admin, lastUsedAt: row.last_used_at ?? undefined }
}

/** Newest first, revoked ones too. */
export async function apiKeysOf(db: Queryable, accountId: string, limit: number): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'prefix', 'label', 'admin', 'created_at', 'last_used_at', 'revoked_at'])
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ id: row.id, prefix: row.prefix, label: row.label, admin: row.admin, createdAt: row.created_at, lastUsedAt: row.last_used_at ?? undefined, revokedAt: row.revoked_at ?? undefined }))
}

/** False when there is no such key. */
export async function grantAdmin(db: Queryable, sha256: Buffer): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('api_keys').set({ admin: true }).where('sha256', '=', sha256).executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Returns the digest, also when it was revoked before. Undefined: no such key of this account. */
export async function revokeApiKey(db: Queryable, accountId: string, id: number): Promise<Buffer | undefined> {
  const row = await db
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returning('sha256')
    .executeTakeFirst()
  return row?.sha256
}

/** Several processes may say so at once; the time never goes back. */
export async function touchApiKey(db: Queryable, id: number, at: Date): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ last_used_at: sql<Date>`greatest(last_used_at, ${at})` })
    .where('id', '=', id)
    .execute()
}
