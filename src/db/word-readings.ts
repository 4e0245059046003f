// Knows how words are to be read aloud, for accounts and for everybody. Does not know pinyin or voices.
import { sql } from 'kysely'
import type { Queryable } from './connection.ts'

export type WordReadingRow = { id: number; scope: 'account' | 'everybody'; word: string; pinyin: string | null; say: string | null; createdAt: Date }

/** Sets the reading of a word; the one before is replaced. */
export async function setWordReading(db: Queryable, p: { accountId: string | undefined; word: string; pinyin: string | undefined; say: string | undefined }, now: Date): Promise<void> {
  await sql`
    insert into word_readings (account_id, word, pinyin, say, created_at)
    values (${p.accountId ?? null}, ${p.word}, ${p.pinyin ?? null}, ${p.say ?? null}, ${now})
    on conflict (coalesce(account_id, ''), word) do update set pinyin = excluded.pinyin, say = excluded.say, created_at = excluded.created_at`.execute(db)
}

/** False when the word had no reading on this list. */
export async function removeWordReading(db: Queryable, accountId: string | undefined, word: string): Promise<boolean> {
  const { rows } = await sql`delete from word_readings where coalesce(account_id, '') = ${accountId ?? ''} and word = ${word} returning id`.execute(db)
  return rows.length > 0
}

export async function countWordReadings(db: Queryable, accountId: string | undefined): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from word_readings where coalesce(account_id, '') = ${accountId ?? ''}`.execute(db)
  return rows[0]!.count
}

/** Those for everybody first, then the account's own, each in the order of their words. Undefined: those for everybody only. */
export async function wordReadings(db: Queryable, accountId: string | undefined): Promise<WordReadingRow[]> {
  const { rows } = await sql<WordReadingRow>`
    select id, case when account_id is null then 'everybody' else 'account' end as scope, word, pinyin, say, created_at as "createdAt"
    from word_readings where coalesce(account_id, '') in ('', ${accountId ?? ''})
    order by account_id is not null, word`.execute(db)
  return rows
}
