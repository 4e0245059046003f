// Knows the account_numbers table. Does not know who asks, or what is refused.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

/** Numbers that are there already stay as they are. */
export async function insertAccountNumbers(db: Queryable, accountId: string, numbers: readonly string[]): Promise<void> {
  await db.insertInto('account_numbers').values(numbers.map((number) => ({ account_id: accountId, number }))).onConflict((on) => on.doNothing()).execute()
}

/** False: there is none. */
export async function deleteAccountNumber(db: Queryable, accountId: string, number: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('account_numbers').where('account_id', '=', accountId).where('number', '=', number).executeTakeFirst()
  return numDeletedRows === 1n
}

export async function numbersOfAccount(db: Queryable, accountId: string, limit: number): Promise<string[]> {
  const rows = await db.selectFrom('account_numbers').select('number').where('account_id', '=', accountId).orderBy('number').limit(limit).execute()
  return rows.map(({ number }) => number)
}

/** Whose each of these numbers is, and which of the accounts have any number at all. */
export async function ownersOf(db: Queryable, numbers: readonly string[], accountIds: readonly string[]): Promise<{ owners: ReadonlyMap<string, ReadonlySet<string>>; withNumbers: ReadonlySet<string> }> {
  const { rows } = await sql<{ account_id: string; number: string | null }>`
    select account_id, number from account_numbers where number = any(${[...new Set(numbers)]}::text[])
    union all
    select asked.id, null from unnest(${[...new Set(accountIds)]}::text[]) as asked (id) where exists (select 1 from account_numbers own where own.account_id = asked.id)`.execute(db)
  const owners = new Map<string, Set<string>>()
  const withNumbers = new Set<string>()
  for (const { account_id: accountId, number } of rows) {
    if (number === null) withNumbers.add(accountId)
    else owners.set(number, (owners.get(number) ?? new Set()).add(accountId))
  }
  return { owners, withNumbers }
}
