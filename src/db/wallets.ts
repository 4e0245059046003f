// Knows the wallets table. Only db/ledger.ts changes a wallet, together with the entry that says why.
import type { Queryable, Tx } from './connection.ts'

/** In 厘. `heldLi` of the balance is set aside for calls under way. */
export type Wallet = { balanceLi: number; heldLi: number }

export async function insertWallet(tx: Tx, accountId: string): Promise<void> {
  await tx.insertInto('wallets').values({ account_id: accountId }).execute()
}

export async function readWallet(db: Queryable, accountId: string): Promise<Wallet | undefined> {
  return db.selectFrom('wallets').select(['balance_li as balanceLi', 'held_li as heldLi']).where('account_id', '=', accountId).executeTakeFirst()
}

/** Nobody else moves money of this account until the transaction ends; entries read afterwards are complete. */
export async function lockWallet(tx: Tx, accountId: string): Promise<Wallet | undefined> {
  return (await lockWallets(tx, [accountId])).get(accountId)
}

/** Likewise for several accounts, in one order, so that two never wait for each other. */
export async function lockWallets(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Wallet>> {
  const rows = await tx
    .selectFrom('wallets')
    .select(['account_id as accountId', 'balance_li as balanceLi', 'held_li as heldLi'])
    .where('account_id', 'in', [...new Set(accountIds)])
    .orderBy('account_id')
    .forUpdate()
    .execute()
  return new Map(rows.map(({ accountId, ...wallet }) => [accountId, wallet]))
}
