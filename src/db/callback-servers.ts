// Knows the callback_servers table. Does not know what the servers are asked.
import type { Queryable } from './connection.ts'
import { toJsonb, toText } from './jsonb.ts'

/** `callCentres`: names → numbers, E.164. */
export type CallbackServerSettings = {
  url: string
  parameters: 'form' | 'query'
  timeoutMs: number
  retriesMax: number
  waiting: string
  fallback: string
  closing: string
  saysSynthetic: boolean
  callCentres: Readonly<Record<string, string>>
}

/** Adds or replaces. */
export async function putCallbackServer(db: Queryable, accountId: string, settings: CallbackServerSettings): Promise<void> {
  const row = {
    url: toText(settings.url),
    parameters: settings.parameters,
    timeout_ms: settings.timeoutMs,
    retries_max: settings.retriesMax,
    waiting: toText(settings.waiting),
    fallback: toText(settings.fallback),
    closing: toText(settings.closing),
    says_synthetic: settings.saysSynthetic,
    call_centres: toJsonb(settings.callCentres),
  }
  await db.insertInto('callback_servers').values({ account_id: accountId, ...row }).onConflict((on) => on.column('account_id').doUpdateSet(row)).execute()
}

/** Of those accounts that have one. */
export async function findCallbackServers(db: Queryable, accountIds: readonly string[]): Promise<Map<string, CallbackServerSettings>> {
  const rows = await db.selectFrom('callback_servers').selectAll().where('account_id', 'in', [...new Set(accountIds)]).execute()
  return new Map(
    rows.map((row) => [
      row.account_id,
      {
        url: row.url,
        parameters: row.parameters,
        timeoutMs: row.timeout_ms,
        retriesMax: row.retries_max,
        waiting: row.waiting,
        fallback: row.fallback,
        closing: row.closing,
        saysSynthetic: row.says_synthetic,
        callCentres: row.call_centres,
      },
    ]),
  )
}

/** False: there is none. */
export async function deleteCallbackServer(db: Queryable, accountId: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('callback_servers').where('account_id', '=', accountId).executeTakeFirst()
  return numDeletedRows === 1n
}
