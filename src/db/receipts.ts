// Knows the outbox of receipts: what is owed, claimed, delivered and given up. Does not know what a receipt says, or HTTP.
import { sql } from 'kysely'
import type { CallEvent } from '../events.ts'
import type { Queryable, Tx } from './connection.ts'
import { toText } from './jsonb.ts'
import { receiptsOwed, type ReceiptKind } from './receipt-moments.ts'

export const receiptsChannel = 'receipts'

/** Names a receipt, for ever. */
export type ReceiptKey = { callId: string; kind: ReceiptKind; moment: string }
/** `seq`: of the event that it tells of. `attempts`: this one included. */
export type ClaimedReceipt = ReceiptKey & { seq: number; attempts: number }

/**
 * Puts the receipts of events that were just written into the outbox, in the same transaction. Only for calls that another face has named
 * and accounts that want them; an event that is written again owes nothing more.
 */
export async function oweReceipts(tx: Tx, events: readonly { callId: string; seq: number; at: Date; event: CallEvent }[]): Promise<void> {
  const owed = events.flatMap(({ callId, seq, at, event }) => receiptsOwed(seq, event).map((receipt) => ({ callId, seq, at, ...receipt })))
  if (owed.length === 0) return
  await sql`
    with inserted as (
      insert into receipts (call_id, kind, moment, seq, account_id, due_at, created_at)
      select v.call_id, v.kind, v.moment, v.seq, t.account_id, v.at, v.at
      from unnest(${owed.map(({ callId }) => callId)}::text[], ${owed.map(({ kind }) => kind)}::text[], ${owed.map(({ moment }) => moment)}::text[],
                  ${owed.map(({ seq }) => seq)}::int[], ${owed.map(({ at }) => at)}::timestamptz[],
                  ${owed.map(({ product }) => product ?? null)}::text[]) as v (call_id, kind, moment, seq, at, product)
      join call_tickets k on k.call_id = v.call_id and (v.product is null or v.product = k.product)
      join receipt_targets t on t.account_id = k.account_id and t.kind = v.kind
      on conflict do nothing
      returning 1)
    select pg_notify(${receiptsChannel}, '') from inserted limit 1`.execute(tx)
}

/** Whom receipts of a kind go to. `secret`: that of the account's webhook, null without one. */
export type ReceiptTarget = { accountId: string; kind: ReceiptKind; url: string; secret: string | null }

/**
 * Targets with something due, in no order, so that none is always the last. `except`: `<account> <kind>`.
 * Steps from one account with something waiting to the next one by the index: what nobody waits for costs nothing.
 */
export async function dueTargets(db: Queryable, p: { now: Date; except: readonly string[]; limit: number }): Promise<ReceiptTarget[]> {
  const { rows } = await sql<ReceiptTarget>`
    with recursive waiting (account_id, kind) as (
      (select account_id, kind from receipts where delivered_at is null and dead_at is null order by account_id, kind limit 1)
      union all
      select n.account_id, n.kind from waiting w cross join lateral (
        select account_id, kind from receipts
        where delivered_at is null and dead_at is null and (account_id, kind) > (w.account_id, w.kind) order by account_id, kind limit 1) n)
    select t.account_id as "accountId", t.kind, t.url, a.webhook_secret as secret
    from waiting w join receipt_targets t on t.account_id = w.account_id and t.kind = w.kind join accounts a on a.id = t.account_id
    where t.account_id || ' ' || t.kind <> all (${p.except}::text[])
      and exists (select 1 from receipts r where r.account_id = t.account_id and r.kind = t.kind
                  and r.delivered_at is null and r.dead_at is null and r.due_at <= ${p.now})
    order by random() limit ${p.limit}`.execute(db)
  return rows
}

/** Takes due receipts of one target for one attempt. Until `againAt` nobody else tries them, so that a process that dies in between only delays them. */
export async function claimReceipts(db: Queryable, p: { accountId: string; kind: ReceiptKind; alone: boolean; now: Date; againAt: Date; limit: number }): Promise<ClaimedReceipt[]> {
  // As a word and not as a value, so that the few that go by themselves have an index.
  const which = p.alone ? sql`alone` : sql`not alone`
  const { rows } = await sql<ClaimedReceipt & { createdAt: Date }>`
    with due as (
      select call_id, kind, moment from receipts
      where account_id = ${p.accountId} and kind = ${p.kind} and ${which} and delivered_at is null and dead_at is null and due_at <= ${p.now}
      order by due_at, seq limit ${p.limit} for update skip locked)
    update receipts r set attempts = r.attempts + 1, due_at = ${p.againAt}
    from due where r.call_id = due.call_id and r.kind = due.kind and r.moment = due.moment
    returning r.call_id as "callId", r.kind, r.moment, r.seq, r.attempts, r.created_at as "createdAt"`.execute(db)
  // As they happened: what was updated comes in no order.
  return rows.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.callId < b.callId ? -1 : a.callId > b.callId ? 1 : a.seq - b.seq))
}

const keysOf = (keys: readonly ReceiptKey[]) => sql`
  unnest(${keys.map(({ callId }) => callId)}::text[], ${keys.map(({ kind }) => kind)}::text[], ${keys.map(({ moment }) => moment)}::text[])`

/** Even when it was given up meanwhile. */
export async function receiptsDelivered(db: Queryable, keys: readonly ReceiptKey[], now: Date): Promise<void> {
  await sql`
    update receipts r set delivered_at = ${now}, dead_at = null, last_error = null
    from ${keysOf(keys)} as v (call_id, kind, moment)
    where r.call_id = v.call_id and r.kind = v.kind and r.moment = v.moment`.execute(db)
}

/** `againAt` undefined: never again. Only the attempt that failed may say so, not one that was overtaken. */
export async function receiptsFailed(db: Queryable, p: { failed: readonly (ClaimedReceipt & { againAt: Date | undefined })[]; error: string; alone: boolean; now: Date }): Promise<void> {
  await sql`
    update receipts r
    set last_error = ${toText(p.error)}, due_at = coalesce(v.again, r.due_at), alone = r.alone or ${p.alone},
        dead_at = case when v.again is null then ${p.now}::timestamptz end
    from unnest(${p.failed.map(({ callId }) => callId)}::text[], ${p.failed.map(({ kind }) => kind)}::text[], ${p.failed.map(({ moment }) => moment)}::text[],
                ${p.failed.map(({ attempts }) => attempts)}::int[], ${p.failed.map(({ againAt }) => againAt ?? null)}::timestamptz[]) as v (call_id, kind, moment, attempts, again)
    where r.call_id = v.call_id and r.kind = v.kind and r.moment = v.moment and r.attempts = v.attempts and r.delivered_at is null and r.dead_at is null`.execute(db)
}

/** Gives up what a target has waiting beyond `max`, the furthest from its turn first; how many. */
export async function giveUpBacklog(db: Queryable, target: { accountId: string; kind: ReceiptKind }, p: { max: number; batch: number; error: string; now: Date }): Promise<number> {
  const { numAffectedRows } = await sql`
    with beyond as (
      select call_id, kind, moment from receipts
      where account_id = ${target.accountId} and kind = ${target.kind} and delivered_at is null and dead_at is null
      order by due_at, seq offset ${p.max} limit ${p.batch} for update skip locked)
    update receipts r set dead_at = ${p.now}, last_error = ${p.error}
    from beyond where r.call_id = beyond.call_id and r.kind = beyond.kind and r.moment = beyond.moment`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

/** Gives up what has nobody to go to any more; how many. */
export async function giveUpUnwanted(db: Queryable, p: { error: string; now: Date; batch: number }): Promise<number> {
  const { numAffectedRows } = await sql`
    with unwanted as (
      select r.call_id, r.kind, r.moment from receipts r
      where r.delivered_at is null and r.dead_at is null
        and not exists (select 1 from receipt_targets t where t.account_id = r.account_id and t.kind = r.kind)
      limit ${p.batch} for update of r skip locked)
    update receipts r set dead_at = ${p.now}, last_error = ${p.error}
    from unwanted u where r.call_id = u.call_id and r.kind = u.kind and r.moment = u.moment`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

/** Removes what was delivered, or given up, before then; how many. */
export async function forgetReceipts(db: Queryable, p: { deliveredBefore: Date; deadBefore: Date; batch: number }): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from receipts where ctid = any (array(
      select ctid from receipts where delivered_at < ${p.deliveredBefore} union all
      select ctid from receipts where dead_at < ${p.deadBefore} limit ${p.batch}))`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

export type ReceiptState = ReceiptKey & { attempts: number; dueAt: Date; createdAt: Date; deliveredAt: Date | null; deadAt: Date | null; lastError: string | null }

const stateColumns = sql`
  call_id as "callId", kind, moment, attempts, due_at as "dueAt", created_at as "createdAt", delivered_at as "deliveredAt", dead_at as "deadAt", last_error as "lastError"`

/** The receipts of one call, as they happened. */
export async function receiptsOf(db: Queryable, callId: string): Promise<ReceiptState[]> {
  const { rows } = await sql<ReceiptState>`select ${stateColumns} from receipts where call_id = ${callId} order by seq, kind`.execute(db)
  return rows
}

/** What an account was not told, the latest first. `wireId`: as the account knows the call. */
export async function deadReceipts(db: Queryable, accountId: string, limit: number): Promise<(ReceiptState & { wireId: string })[]> {
  const { rows } = await sql<ReceiptState & { wireId: string }>`
    select ${stateColumns}, (select k.wire_id from call_tickets k where k.call_id = receipts.call_id) as "wireId"
    from receipts where account_id = ${accountId} and dead_at is not null order by dead_at desc limit ${limit}`.execute(db)
  return rows
}

/** Has an account's dead receipts sent anew, with all their attempts; `keys` undefined: every one. Answers how many. */
export async function reviveReceipts(db: Queryable, accountId: string, keys: readonly ReceiptKey[] | undefined, now: Date): Promise<number> {
  const named = keys === undefined ? sql`` : sql`and exists (select 1 from ${keysOf(keys)} as v (call_id, kind, moment) where v.call_id = r.call_id and v.kind = r.kind and v.moment = r.moment)`
  const { rows } = await sql<{ n: number }>`
    with revived as (
      update receipts r set dead_at = null, attempts = 0, due_at = ${now}
      where r.account_id = ${accountId} and r.dead_at is not null ${named}
        and exists (select 1 from receipt_targets t where t.account_id = r.account_id and t.kind = r.kind)
      returning 1),
    told as (select pg_notify(${receiptsChannel}, '') from revived limit 1)
    select (select count(*)::int from revived) as n, (select count(*) from told) as told`.execute(db)
  return rows[0]!.n
}

/** How many wait to be sent, counted up to `limit`; of one account, or of all. */
export async function countWaiting(db: Queryable, accountId: string | undefined, limit: number): Promise<number> {
  const of = accountId === undefined ? sql`` : sql`and account_id = ${accountId}`
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select 1 from receipts where delivered_at is null and dead_at is null ${of} limit ${limit}) as found`.execute(db)
  return rows[0]!.n
}

/** Replaces an account's targets. Kinds that are not named have none from now on. */
export async function replaceTargets(tx: Tx, accountId: string, urls: Readonly<Partial<Record<ReceiptKind, string>>>): Promise<void> {
  await tx.deleteFrom('receipt_targets').where('account_id', '=', accountId).execute()
  const rows = Object.entries(urls).map(([kind, url]) => ({ account_id: accountId, kind: kind as ReceiptKind, url }))
  if (rows.length > 0) await tx.insertInto('receipt_targets').values(rows).execute()
}

export async function targetsOf(db: Queryable, accountId: string): Promise<Partial<Record<ReceiptKind, string>>> {
  const rows = await db.selectFrom('receipt_targets').select(['kind', 'url']).where('account_id', '=', accountId).execute()
  return Object.fromEntries(rows.map(({ kind, url }) => [kind, url]))
}

/** Whose backlog is longer than `max`. */
export async function farBehind(db: Queryable, max: number): Promise<{ accountId: string; kind: ReceiptKind }[]> {
  const { rows } = await sql<{ accountId: string; kind: ReceiptKind }>`
    select account_id as "accountId", kind from receipts where delivered_at is null and dead_at is null
    group by account_id, kind having count(*) > ${max}`.execute(db)
  return rows
}
