// Knows the readings that a call of an account speaks by, a few seconds old at most. Does not know who sets them.
import type { Database } from './db/connection.ts'
import { errorFacts } from './db/error-facts.ts'
import { wordReadings } from './db/word-readings.ts'
import { log } from './log.ts'
import type { ReadingDictionary } from './speech/text/reading-dictionary.ts'
import { dictionaryOf } from './reading-desk.ts'

export const readingBookDefaults = {
  freshMs: 5_000,
  /** A call must not wait longer for them: words that are read plainly are better than none. */
  waitMsMax: 500,
  accountsMax: 500,
} as const

type Page = { dictionary: ReadingDictionary | undefined; readAtMs: number; reading: Promise<void> | undefined }

export class ReadingBook {
  readonly #db: Database
  readonly #options: typeof readingBookDefaults
  readonly #now: () => number
  readonly #pages = new Map<string, Page>()

  constructor(db: Database, now: () => number = Date.now, options: Partial<typeof readingBookDefaults> = {}) {
    this.#db = db
    this.#now = now
    this.#options = { ...readingBookDefaults, ...options }
  }

  /** Undefined when there are none. Never rejects: when the database is away or slow, what was last known. */
  async of(accountId: string): Promise<ReadingDictionary | undefined> {
    const page = this.#pages.get(accountId) ?? { dictionary: undefined, readAtMs: -Infinity, reading: undefined }
    // The account used last is the last to go.
    this.#pages.delete(accountId)
    this.#pages.set(accountId, page)
    for (const oldest of this.#pages.keys()) if (this.#pages.size > this.#options.accountsMax) this.#pages.delete(oldest)
    if (this.#now() - page.readAtMs >= this.#options.freshMs) {
      page.reading ??= this.#read(accountId, page)
      await Promise.race([page.reading, new Promise((resolve) => setTimeout(resolve, this.#options.waitMsMax).unref())])
    }
    return page.dictionary
  }

  async #read(accountId: string, page: Page): Promise<void> {
    try {
      const rows = await wordReadings(this.#db.sql, accountId)
      page.dictionary = rows.length === 0 ? undefined : dictionaryOf(rows)
      page.readAtMs = this.#now()
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'the readings of words cannot be read; calls use those known before')
    } finally {
      page.reading = undefined
    }
  }
}
