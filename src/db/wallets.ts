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
  return tx.selectFrom('wallets').select(['balance_li as balanceLi', 'held_li as heldLi']).where('account_id', '=', accountId).forUpdate().executeTakeFirst()
}
