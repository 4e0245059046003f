// Knows the do-not-call list (谢绝来电). Does not know when it is asked.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'
import { toText } from './jsonb.ts'

/** Which of these phones may not be called for the account, with the wider entry first. */
export async function doNotCallAmong(
  db: Queryable,
  pairs: readonly { accountId: string; phone: string }[],
  now: Date,
): Promise<{ accountId: string; phone: string; scope: 'account' | 'everybody' }[]> {
  if (pairs.length === 0) return []
  const { rows } = await sql<{ accountId: string; phone: string; scope: 'account' | 'everybody' }>`
    select distinct v.account_id as "accountId", v.phone, case when d.account_id is null then 'everybody' else 'account' end as scope
    from unnest(${pairs.map((pair) => pair.accountId)}::text[], ${pairs.map((pair) => pair.phone)}::text[]) as v (account_id, phone)
    join do_not_call d on d.phone = v.phone and (d.account_id is null or d.account_id = v.account_id)
    where d.removed_at is null and (d.expires_at is null or d.expires_at > ${now})
    order by scope desc`.execute(db)
  return rows
}

export type DoNotCallEntry = {
  /** Undefined: for everybody on this installation. */
  accountId: string | undefined
  phone: string
  source: 'callee' | 'account' | 'operator' | 'import'
  callId?: string | undefined
  /** What proves it, e.g. the callee's words. */
  evidence: string
  expiresAt?: Date | undefined
}

/** Lists a phone. An entry that stands is kept, but a callee's own wish makes it last for ever. */
export async function addDoNotCall(db: Queryable, entry: DoNotCallEntry, now: Date): Promise<void> {
  await sql`
    insert into do_not_call (account_id, phone, source, call_id, evidence, created_at, expires_at)
    values (${entry.accountId ?? null}, ${entry.phone}, ${entry.source}, ${entry.callId ?? null}, ${toText(entry.evidence)}, ${now},
            ${entry.expiresAt ?? null})
    on conflict (phone, coalesce(account_id, '')) where removed_at is null do update
      set source = excluded.source, call_id = excluded.call_id, evidence = excluded.evidence, created_at = excluded.created_at,
          expires_at = excluded.expires_at
      where do_not_call.expires_at is not null and (excluded.expires_at is null or excluded.expires_at > do_not_call.expires_at)`.execute(db)
}

/** Takes a phone off the list; the entry stays as a record. False when it was not listed. */
export async function removeDoNotCall(db: Queryable, accountId: string | undefined, phone: string, by: string, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update do_not_call set removed_at = ${now}, removed_by = ${by}
    where phone = ${phone} and coalesce(account_id, '') = ${accountId ?? ''} and removed_at is null returning id`.execute(db)
  return rows.length > 0
}

export type DoNotCallRecord = { id: number; scope: 'account' | 'everybody'; phone: string; source: DoNotCallEntry['source']; callId: string | null; evidence: string; createdAt: Date; expiresAt: Date | null }

/** What is in force, newest first: for an account its own entries and those for everybody, without one those for everybody. */
export async function doNotCallEntries(
  db: Queryable,
  p: { accountId: string | undefined; phone: string | undefined; before: number | undefined; limit: number; now: Date },
): Promise<DoNotCallRecord[]> {
  const { rows } = await sql<DoNotCallRecord>`
    select id, case when account_id is null then 'everybody' else 'account' end as scope, phone, source, call_id as "callId", evidence,
           created_at as "createdAt", expires_at as "expiresAt"
    from do_not_call
    where removed_at is null and (expires_at is null or expires_at > ${p.now}) and (account_id is null or account_id = ${p.accountId ?? null})
      and (${p.phone ?? null}::text is null or phone = ${p.phone ?? null}) and id < ${p.before ?? Number.MAX_SAFE_INTEGER}
    order by id desc limit ${p.limit}`.execute(db)
  return rows
}
