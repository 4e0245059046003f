// Knows the readings that somebody set for words of their own: 乐(yue4)、3M → 三M. Does not know whose they are, where they are kept, or voices.
import { InvalidInputError } from '../../errors.ts'
import { homophoneOf, parsePinyin } from './homophones.ts'
import { toSpoken } from './to-spoken.ts'

/** `pinyin`: a syllable for each character of the word. `say`: what is said in its place, as display text. */
export type ReadingEntry = { word: string; pinyin: string } | { word: string; say: string }

export const readingLimits = { wordCharsMax: 32, sayCharsMax: 100, entriesMax: 2_000 } as const

/**
 * The entry as it is kept: trimmed, pinyin as syllables with tone digits.
 * Errors: InvalidInputError for the field that is wrong.
 */
export function checkedReading(p: { word: string; pinyin?: string | undefined; say?: string | undefined }): ReadingEntry {
  const word = p.word.trim()
  const chars = Array.from(word)
  if (chars.length === 0 || chars.length > readingLimits.wordCharsMax || !/[\p{L}\p{N}]/u.test(word) || /[\p{Cc}\n]/u.test(word)) throw new InvalidInputError('word', `词语应为 1–${readingLimits.wordCharsMax} 个字`)
  if ((p.pinyin === undefined) === (p.say === undefined)) throw new InvalidInputError('pinyin', '拼音（pinyin）和替换读法（say）填且只填一个')
  if (p.say !== undefined) {
    const say = p.say.trim()
    if (say === '' || say.length > readingLimits.sayCharsMax || /[\p{Cc}\n]/u.test(say)) throw new InvalidInputError('say', `替换读法应为 1–${readingLimits.sayCharsMax} 个字`)
    return { word, say }
  }
  if (!/^[\u4e00-\u9fff]+$/.test(word)) throw new InvalidInputError('word', '注音的词语只能含汉字；含字母或数字的请用替换读法（say）')
  const syllables = parsePinyin(p.pinyin!)
  if (syllables === undefined) throw new InvalidInputError('pinyin', `拼音有误：${p.pinyin!.slice(0, 80)}。写成 chong2 qing4 或 chóng qìng`)
  if (syllables.length !== chars.length) throw new InvalidInputError('pinyin', `“${word}”有 ${chars.length} 个字，拼音有 ${syllables.length} 个音节`)
  return { word, pinyin: syllables.join(' ') }
}

/** Made once for many texts; immutable. A longer word wins over a shorter one at the same place, a later entry over an earlier one of the same word. */
export class ReadingDictionary {
  readonly size: number
  readonly #says: Map<string, string>
  readonly #syllables: Map<string, readonly string[]>
  readonly #sayPattern: RegExp | undefined
  readonly #wordPattern: RegExp | undefined

  /** Entries as `checkedReading` gives them. */
  constructor(entries: readonly ReadingEntry[]) {
    const byWord = new Map(entries.map((entry) => [entry.word, entry]))
    this.size = byWord.size
    this.#says = new Map([...byWord.values()].flatMap((entry) => ('say' in entry ? [[entry.word, entry.say] as const] : [])))
    this.#syllables = new Map([...byWord.values()].flatMap((entry) => ('pinyin' in entry ? [[entry.word, entry.pinyin.split(' ')] as const] : [])))
    this.#sayPattern = patternOf([...this.#says.keys()])
    this.#wordPattern = patternOf([...this.#syllables.keys()])
  }

  /** Display text → what is said, in characters, with the replacements. Said for every voice. */
  spoken(text: string): string {
    return toSpoken(this.#sayPattern === undefined ? text : text.replace(this.#sayPattern, (word) => this.#says.get(word)!))
  }

  /** Syllables by the index of their character (of `Array.from(spoken)`), for a voice that takes pinyin. */
  syllablesIn(spoken: string): ReadonlyMap<number, string> {
    const found = new Map<number, string>()
    if (this.#wordPattern === undefined) return found
    for (const match of spoken.matchAll(this.#wordPattern)) {
      const first = Array.from(spoken.slice(0, match.index)).length
      for (const [offset, syllable] of this.#syllables.get(match[0])!.entries()) found.set(first + offset, syllable)
    }
    return found
  }

  /** Tells apart what sounds different: equal for two dictionaries exactly when they read this text alike. */
  sound(spoken: string): string {
    return this.#wordPattern === undefined ? spoken : spoken.replace(this.#wordPattern, (word) => `{${this.#syllables.get(word)!.join(' ')}}`)
  }

  /**
   * For a voice that only takes characters: words with pinyin are spelled with characters that can be read in no other way (重庆 → 虫庆).
   * A syllable without such a character, as every neutral one, keeps its own.
   */
  respelled(spoken: string): string {
    if (this.#wordPattern === undefined) return spoken
    return spoken.replace(this.#wordPattern, (word) => {
      const syllables = this.#syllables.get(word)!
      return Array.from(word, (char, at) => homophoneOf(syllables[at]!) ?? char).join('')
    })
  }
}

function patternOf(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined
  const alternatives = [...words].sort((a, b) => b.length - a.length).map((word) => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
    // 12315 is not in 123156, nor AI in AIR.
    return (/^[A-Za-z0-9]/.test(word) ? '(?<![A-Za-z0-9])' : '') + escaped + (/[A-Za-z0-9]$/.test(word) ? '(?![A-Za-z0-9])' : '')
  })
  return new RegExp(alternatives.join('|'), 'gu')
}
