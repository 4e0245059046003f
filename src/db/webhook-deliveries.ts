// Knows the outbox of call reports. Does not know HTTP.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb } from './jsonb.ts'

export const deliveriesChannel = 'webhook_deliveries'

export type Delivery = {
  id: string
  accountId: string
  callId: string
  url: string
  payload: unknown
  /** This attempt included. */
  attempts: number
  /** Null when the account has none any more. */
  secret: string | null
}

/** Puts a report into the outbox in the transaction that makes it true; nothing when the account has no webhook. */
export async function insertDelivery(
  tx: Tx,
  delivery: { id: string; accountId: string; callId: string; payload: unknown; now: Date },
): Promise<void> {
  await sql`
    with inserted as (
      insert into webhook_deliveries (id, account_id, call_id, url, payload, due_at, created_at)
      select ${delivery.id}, a.id, ${delivery.callId}, a.webhook_url, ${toJsonb(delivery.payload)}::jsonb,
             ${delivery.now}::timestamptz, ${delivery.now}::timestamptz
      from accounts a where a.id = ${delivery.accountId} and a.webhook_url is not null
      returning id)
    select pg_notify(${deliveriesChannel}, '') from inserted`.execute(tx)
}

/**
 * Takes due deliveries for one attempt each. Until `againAt` nobody else tries them, so that a process that dies in between only delays them.
 */
export async function claimDeliveries(db: Queryable, p: { now: Date; againAt: Date; limit: number }): Promise<Delivery[]> {
  const { rows } = await sql<Delivery>`
    with due as (
      select id from webhook_deliveries
      where delivered_at is null and dead_at is null and due_at <= ${p.now}
      order by due_at limit ${p.limit} for update skip locked)
    update webhook_deliveries d set attempts = d.attempts + 1, due_at = ${p.againAt}
    from due, accounts a where d.id = due.id and a.id = d.account_id
    returning d.id, d.account_id as "accountId", d.call_id as "callId", d.url, d.payload, d.attempts, a.webhook_secret as secret`.execute(db)
  return rows
}

export async function deliverySucceeded(db: Queryable, id: string, now: Date): Promise<void> {
  await sql`update webhook_deliveries set delivered_at = ${now}, last_error = null where id = ${id}`.execute(db)
}

/** `againAt` undefined: never again. Only the attempt that failed may say so, not one that was overtaken. */
export async function deliveryFailed(
  db: Queryable,
  p: { id: string; attempts: number; error: string; againAt: Date | undefined; now: Date },
): Promise<void> {
  await sql`
    update webhook_deliveries
    set last_error = ${p.error}, due_at = coalesce(${p.againAt ?? null}::timestamptz, due_at),
        dead_at = case when ${p.againAt ?? null}::timestamptz is null then ${p.now}::timestamptz end
    where id = ${p.id} and attempts = ${p.attempts} and delivered_at is null`.execute(db)
}

/** What is under way for a call, for `waihu why`. */
export async function deliveriesOf(
  db: Queryable,
  callId: string,
): Promise<{ id: string; url: string; attempts: number; dueAt: Date; deliveredAt: Date | null; deadAt: Date | null; lastError: string | null }[]> {
  const { rows } = await sql<{ id: string; url: string; attempts: number; dueAt: Date; deliveredAt: Date | null; deadAt: Date | null; lastError: string | null }>`
    select id, url, attempts, due_at as "dueAt", delivered_at as "deliveredAt", dead_at as "deadAt", last_error as "lastError"
    from webhook_deliveries where call_id = ${callId} order by created_at`.execute(db)
  return rows
}
