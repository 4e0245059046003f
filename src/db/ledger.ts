// Knows the ledger_entries table and that a wallet is the sum of its entries. Does not know why money moves.
import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import type { LedgerKind } from './schema.ts'

/** One movement. `callId` and `reference` make it unique: per call, kind and step, or per account and reference. */
export type LedgerEntry = {
  kind: LedgerKind
  callId: string | null
  step: number
  reference: string | null
  balanceDeltaLi: number
  heldDeltaLi: number
}

/** Appends the entries and moves each wallet by the sum of its own, in one statement: the two cannot differ. The caller holds the wallets' locks. */
export async function appendEntries(tx: Tx, entries: readonly (LedgerEntry & { accountId: string })[]): Promise<void> {
  const { numAffectedRows } = await sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
        as e("accountId" text, "kind" text, "callId" text, "step" integer, "reference" text, "balanceDeltaLi" bigint, "heldDeltaLi" bigint)
    ), appended as (
      insert into ledger_entries (account_id, kind, call_id, step, reference, balance_delta_li, held_delta_li)
      select "accountId", "kind", "callId", "step", "reference", "balanceDeltaLi", "heldDeltaLi" from given
      returning account_id, balance_delta_li, held_delta_li
    ), sums as (
      select account_id, sum(balance_delta_li) as balance, sum(held_delta_li) as held from appended group by account_id
    )
    update wallets w set balance_li = balance_li + balance, held_li = held_li + held from sums where w.account_id = sums.account_id`.execute(tx)
  const accounts = new Set(entries.map(({ accountId }) => accountId))
  assert.equal(numAffectedRows, BigInt(accounts.size), `the accounts ${[...accounts].join(', ')} have wallets`)
}

export async function entriesOfCalls(tx: Queryable, callIds: readonly string[]): Promise<(LedgerEntry & { accountId: string })[]> {
  if (callIds.length === 0) return []
  return tx
    .selectFrom('ledger_entries')
    .select(['account_id as accountId', 'kind', 'call_id as callId', 'step', 'reference', 'balance_delta_li as balanceDeltaLi', 'held_delta_li as heldDeltaLi'])
    .where('call_id', 'in', callIds)
    .orderBy('id')
    .execute()
}

export async function entryWithReference(tx: Queryable, accountId: string, reference: string): Promise<{ balanceDeltaLi: number } | undefined> {
  return tx.selectFrom('ledger_entries').select('balance_delta_li as balanceDeltaLi').where('account_id', '=', accountId).where('reference', '=', reference).executeTakeFirst()
}

/** Latest first. */
export async function latestEntries(db: Queryable, accountId: string, limit: number): Promise<(LedgerEntry & { createdAt: Date })[]> {
  return db
    .selectFrom('ledger_entries')
    .select(['kind', 'call_id as callId', 'step', 'reference', 'balance_delta_li as balanceDeltaLi', 'held_delta_li as heldDeltaLi', 'created_at as createdAt'])
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

export type WalletDifference = { accountId: string; balanceLi: number; ledgerBalanceLi: number; heldLi: number; ledgerHeldLi: number }

/** Accounts whose wallet is not the sum of their entries; a missing wallet counts as an empty one. */
export async function walletDifferences(db: Queryable): Promise<WalletDifference[]> {
  const { rows } = await sql<WalletDifference>`
    with sums as (
      select account_id, sum(balance_delta_li)::bigint as balance, sum(held_delta_li)::bigint as held from ledger_entries group by account_id
    )
    select account_id as "accountId",
           coalesce(w.balance_li, 0) as "balanceLi", coalesce(s.balance, 0) as "ledgerBalanceLi",
           coalesce(w.held_li, 0) as "heldLi", coalesce(s.held, 0) as "ledgerHeldLi"
    from wallets w full join sums s using (account_id)
    where (coalesce(w.balance_li, 0), coalesce(w.held_li, 0)) is distinct from (coalesce(s.balance, 0), coalesce(s.held, 0))
    order by account_id`.execute(db)
  return rows
}

export type StrandedHold = { accountId: string; callId: string; heldLi: number }

/** Money that is still held, or held below zero, for calls that are settled, released or ended: nobody would ever give it back. */
export async function strandedHolds(db: Queryable): Promise<StrandedHold[]> {
  const { rows } = await sql<StrandedHold>`
    select e.account_id as "accountId", e.call_id as "callId", sum(e.held_delta_li)::bigint as "heldLi"
    from ledger_entries e left join calls c on c.id = e.call_id
    where e.call_id is not null
    group by e.account_id, e.call_id
    having sum(e.held_delta_li) <> 0 and (bool_or(e.kind in ('settle', 'release')) or bool_or(c.status = 'ended') or sum(e.held_delta_li) < 0)
    order by e.account_id, e.call_id`.execute(db)
  return rows
}
