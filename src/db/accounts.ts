// Knows the accounts table. Does not know keys or money.
import type { Queryable, Tx } from './connection.ts'

/** As stored. Undefined prices: the configured default applies. */
export type Account = {
  id: string
  name: string
  /** Spoken in the opening line. */
  organisation: string | undefined
  webhookUrl: string | undefined
  /** Signs reports; never shown again after it was set. */
  webhookSecret: string | undefined
  priceLiPerMin: number | undefined
  initialBlockSec: number | undefined
  incrementSec: number | undefined
  createdAt: Date
  closedAt: Date | undefined
}

export type AccountSettings = Partial<Pick<Account, 'name' | 'organisation' | 'webhookUrl' | 'webhookSecret' | 'priceLiPerMin' | 'initialBlockSec' | 'incrementSec' | 'closedAt'>>

export async function insertAccount(tx: Tx, account: { id: string; name: string; organisation: string | undefined }): Promise<void> {
  await tx.insertInto('accounts').values({ id: account.id, name: account.name, organisation: account.organisation ?? null }).execute()
}

export async function findAccount(db: Queryable, id: string): Promise<Account | undefined> {
  return (await findAccounts(db, [id]))[0]
}

/** Those that there are, in no order. */
export async function findAccounts(db: Queryable, ids: readonly string[]): Promise<Account[]> {
  const rows = await db.selectFrom('accounts').selectAll().where('id', 'in', [...new Set(ids)]).execute()
  return rows.map(fromRow)
}

/** Oldest first. */
export async function listAccounts(db: Queryable, limit: number): Promise<Account[]> {
  const rows = await db.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').limit(limit).execute()
  return rows.map(fromRow)
}

/** Writes the settings that are named; one that is named with undefined is cleared. False: no such account. */
export async function updateAccount(db: Queryable, id: string, settings: AccountSettings): Promise<boolean> {
  const columns = {
    ...('name' in settings && settings.name !== undefined && { name: settings.name }),
    ...('organisation' in settings && { organisation: settings.organisation ?? null }),
    ...('webhookUrl' in settings && { webhook_url: settings.webhookUrl ?? null }),
    ...('webhookSecret' in settings && { webhook_secret: settings.webhookSecret ?? null }),
    ...('priceLiPerMin' in settings && { price_li_per_min: settings.priceLiPerMin ?? null }),
    ...('initialBlockSec' in settings && { initial_block_sec: settings.initialBlockSec ?? null }),
    ...('incrementSec' in settings && { increment_sec: settings.incrementSec ?? null }),
    ...('closedAt' in settings && { closed_at: settings.closedAt ?? null }),
  }
  if (Object.keys(columns).length === 0) return (await findAccount(db, id)) !== undefined
  const { numUpdatedRows } = await db.updateTable('accounts').set(columns).where('id', '=', id).executeTakeFirst()
  return numUpdatedRows === 1n
}

type AccountRow = {
  id: string
  name: string
  organisation: string | null
  webhook_url: string | null
  webhook_secret: string | null
  price_li_per_min: number | null
  initial_block_sec: number | null
  increment_sec: number | null
  created_at: Date
  closed_at: Date | null
}

function fromRow(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    organisation: row.organisation ?? undefined,
    webhookUrl: row.webhook_url ?? undefined,
    webhookSecret: row.webhook_secret ?? undefined,
    priceLiPerMin: row.price_li_per_min ?? undefined,
    initialBlockSec: row.initial_block_sec ?? undefined,
    incrementSec: row.increment_sec ?? undefined,
    createdAt: row.created_at,
    closedAt: row.closed_at ?? undefined,
  }
}
