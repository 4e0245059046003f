// Knows the access_keys table. Does not know what a secret is: here it is sealed bytes.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

export type StoredAccessKey = { id: string; accountId: string; secret: Buffer; label: string; enabled: boolean; createdAt: Date; lastUsedAt: Date | undefined }

type Row = { id: string; account_id: string; secret: Buffer; label: string; enabled: boolean; created_at: Date; last_used_at: Date | null }

const fromRow = (row: Row): StoredAccessKey => ({ id: row.id, accountId: row.account_id, secret: row.secret, label: row.label, enabled: row.enabled, createdAt: row.created_at, lastUsedAt: row.last_used_at ?? undefined })

export async function insertAccessKey(db: Queryable, key: { id: string; accountId: string; secret: Buffer; label: string }): Promise<void> {
  await db.insertInto('access_keys').values({ id: key.id, account_id: key.accountId, secret: key.secret, label: key.label }).execute()
}

/** Undefined: unknown, removed, or of a closed account. */
export async function findAccessKey(db: Queryable, id: string): Promise<StoredAccessKey | undefined> {
  const row = await db
    .selectFrom('access_keys')
    .innerJoin('accounts', 'accounts.id', 'access_keys.account_id')
    .selectAll('access_keys')
    .where('access_keys.id', '=', id)
    .where('access_keys.removed_at', 'is', null)
    .where('accounts.closed_at', 'is', null)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Newest first, without removed ones. */
export async function accessKeysOf(db: Queryable, accountId: string, limit: number): Promise<StoredAccessKey[]> {
  const rows = await db.selectFrom('access_keys').selectAll().where('account_id', '=', accountId).where('removed_at', 'is', null).orderBy('created_at', 'desc').orderBy('id').limit(limit).execute()
  return rows.map(fromRow)
}

/** False: the account has no such key. */
export async function changeAccessKey(db: Queryable, accountId: string, id: string, change: { enabled: boolean } | { removed: true }): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('access_keys')
    .set('enabled' in change ? { enabled: change.enabled } : { removed_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Several processes may say so at once; the time never goes back. */
export async function touchAccessKey(db: Queryable, id: string, at: Date): Promise<void> {
  await db
    .updateTable('access_keys')
    .set({ last_used_at: sql<Date>`greatest(last_used_at, ${at})` })
    .where('id', '=', id)
    .execute()
}
