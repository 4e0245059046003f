// Knows what people do about how words are read aloud (读法): set, take away, look through, try. Does not know HTTP or voices.
import { findAccount } from './db/accounts.ts'
import type { Database } from './db/connection.ts'
import { countWordReadings, removeWordReading, setWordReading, wordReadings, type WordReadingRow } from './db/word-readings.ts'
import { InvalidInputError, NotFoundError } from './errors.ts'
import { checkedReading, ReadingDictionary, readingLimits, type ReadingEntry } from './speech/text/reading-dictionary.ts'
import { toSpeechUnits } from './speech/tts/pinyin.ts'

/** Whose readings: an account's own, or (undefined) those of everybody on this installation. */
type Whose = string | undefined

export class ReadingDesk {
  readonly #db: Database
  readonly #now: () => number

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
  }

  /** Calls that begin a few seconds later speak by it. Errors: InvalidInputError with the field; NotFoundError for an account that is not there. */
  async set(whose: Whose, reading: { word: string; pinyin?: string | undefined; say?: string | undefined }): Promise<ReadingEntry> {
    const entry = checkedReading(reading)
    await this.#db.transaction(async (tx) => {
      if (whose !== undefined && (await findAccount(tx, whose)) === undefined) throw new NotFoundError('account', '账户不存在')
      await setWordReading(tx, { accountId: whose, word: entry.word, pinyin: 'pinyin' in entry ? entry.pinyin : undefined, say: 'say' in entry ? entry.say : undefined }, new Date(this.#now()))
      if ((await countWordReadings(tx, whose)) > readingLimits.entriesMax) throw new InvalidInputError('word', `最多登记 ${readingLimits.entriesMax} 个词语的读法`)
    })
    return entry
  }

  /** Errors: NotFoundError when the word is not on this list. */
  async remove(whose: Whose, word: string): Promise<void> {
    if (!(await removeWordReading(this.#db.sql, whose, word.trim()))) throw new NotFoundError('reading', `没有登记“${word}”的读法`)
  }

  /** For an account with what holds for everybody; its own win. */
  list(whose: Whose): Promise<WordReadingRow[]> {
    return wordReadings(this.#db.sql, whose)
  }

  /** How a text would be read: in characters, and in pinyin with a bar for each pause. */
  async preview(whose: Whose, text: string): Promise<{ spoken: string; pinyin: string }> {
    const dictionary = dictionaryOf(await this.list(whose))
    const spoken = dictionary.spoken(text)
    const units = toSpeechUnits(spoken, dictionary)
    return { spoken, pinyin: units.map((unit) => (unit.type === 'syllable' ? unit.pinyin : unit.type === 'word' ? unit.english : '|')).join(' ') }
  }
}

export function dictionaryOf(rows: readonly WordReadingRow[]): ReadingDictionary {
  return new ReadingDictionary(rows.map(({ word, pinyin, say }) => (pinyin === null ? { word, say: say! } : { word, pinyin })))
}
