// Knows words: how they sound and how likely they are after one another. Does not know audio or search.
import { ROOT, SyllableTree } from './syllable-tree.ts'

/** One reading of a word. */
export type Word = {
  text: string
  /** Unit numbers of the model, without tones. */
  units: readonly number[]
  /** 1 … 5 per syllable; 0 when unknown. */
  tones: readonly number[]
  /** −ln of how likely the word is by itself. */
  cost: number
  /** Index into the class table. */
  wordClass: number
}

/** Costs of the words that were seen after one word, and what every other word costs extra. */
export type PairRow = { backoff: number; costs: ReadonlyMap<number, number> }

/** What the search asks about words. Node and word numbers are opaque to it. */
export interface WordSource {
  word(id: number): Word
  /** Cost of a word after another one; previous 0 is the start of the sentence. */
  cost(previous: number, id: number): number
  /** Nodes reached by a syllable, from inside a word or from ROOT. */
  next(node: number, unit: number): readonly number[]
  /** Words that end at a node. */
  wordsAt(node: number): readonly number[]
  /** Cost of the cheapest word at or below a node. */
  cheapestCost(node: number): number
}

/** Longest word of the list, in characters. */
const WORD_LENGTH_MAX = 5
/** How much word classes count where a word pair was never seen. */
const CLASS_WEIGHT = 0.5
const NOTHING: readonly number[] = []

/** The word list; one instance serves every call of a thread. About 35 MB of heap. */
export class Lexicon implements WordSource {
  readonly unitCount: number
  readonly #words: Word[] = []
  readonly #unitOfName: ReadonlyMap<string, number>
  readonly #tree: SyllableTree
  readonly #firstIdOfText = new Map<string, number>()
  /** First word id of the same text: all readings share its pair costs. */
  readonly #canonical: number[] = []
  #pairs: ReadonlyMap<number, PairRow> = new Map()
  #classCosts: readonly (readonly number[])[] = []

  constructor(unitNames: readonly string[]) {
    this.unitCount = unitNames.length
    this.#unitOfName = new Map(unitNames.map((name, i) => [name, i]))
    this.#tree = new SyllableTree(unitNames.length, ROOT)
  }

  /** Adds a reading such as ["ni3", "hao3"]; the id of the word, or -1 when the model has no such syllable. */
  add(text: string, syllables: readonly string[], cost: number, wordClass: number): number {
    const units = syllables.map((syllable) => this.#unitOfName.get(syllable.slice(0, -1)) ?? -1)
    if (units.includes(-1)) return -1
    const id = this.#words.push({ text, units, tones: syllables.map((syllable) => Number(syllable.slice(-1))), cost, wordClass }) - 1
    const first = this.#firstIdOfText.get(text)
    this.#canonical[id] = first ?? id
    if (first === undefined) this.#firstIdOfText.set(text, id)
    if (units.length > 0) this.#tree.add(units, cost, id)
    return id
  }

  /** Sets what is known about neighbours: rows by the first word's id, and class costs [class before][class]. */
  setNeighbours(pairs: ReadonlyMap<number, PairRow>, classCosts: readonly (readonly number[])[]): void {
    this.#pairs = pairs
    this.#classCosts = classCosts
  }

  /** Units of a text by longest match, punctuation left out; undefined when a character is unknown or nothing is left. */
  pronounce(text: string): number[] | undefined {
    const units: number[] = []
    for (const part of text.toLowerCase().match(/[a-z']+|[^\s，。！？、；：,.!?;:a-z]+/g) ?? []) {
      for (let at = 0; at < part.length; ) {
        let length = /^[a-z]/.test(part) ? part.length : Math.min(WORD_LENGTH_MAX, part.length - at)
        while (length > 0 && !this.#firstIdOfText.has(part.slice(at, at + length))) length--
        if (length === 0) return undefined
        units.push(...this.#words[this.#firstIdOfText.get(part.slice(at, at + length))!]!.units)
        at += length
      }
    }
    return units.length > 0 ? units : undefined
  }

  word(id: number): Word {
    return this.#words[id]!
  }

  cost(previous: number, id: number): number {
    const row = this.#pairs.get(this.#canonical[previous]!)
    const word = this.#words[id]!
    const canonical = this.#canonical[id]!
    const pair = row?.costs.get(canonical)
    if (pair !== undefined) return pair + word.cost - this.#words[canonical]!.cost
    const classCost = this.#classCosts[this.#words[previous]!.wordClass]?.[word.wordClass] ?? 0
    return word.cost + (row?.backoff ?? 0) + CLASS_WEIGHT * classCost
  }

  next(node: number, unit: number): readonly number[] {
    const child = this.#tree.child(node, unit)
    return child < 0 ? NOTHING : [child]
  }

  wordsAt(node: number): readonly number[] {
    return this.#tree.words(node)
  }

  cheapestCost(node: number): number {
    return this.#tree.cheapestCost(node)
  }
}

/** Numbers of hot words and of their nodes start here, above every number of the lexicon. */
const HOT_BASE = 1 << 20
/** −ln of how likely a hot word is anywhere: about as likely as a common word of the domain. */
const HOT_WORD_COST = 6

/** A lexicon plus the names and products of one call, which win over homophones. */
export class HotWordLexicon implements WordSource {
  readonly #lexicon: Lexicon
  readonly #tree: SyllableTree
  readonly #words: Word[] = []

  /** Words with a character that the lexicon does not know are left out. */
  constructor(lexicon: Lexicon, hotWords: readonly string[]) {
    this.#lexicon = lexicon
    this.#tree = new SyllableTree(lexicon.unitCount, HOT_BASE)
    for (const text of hotWords) {
      const units = lexicon.pronounce(text)
      if (!units) continue
      const id = HOT_BASE + this.#words.push({ text, units, tones: units.map(() => 0), cost: HOT_WORD_COST, wordClass: 0 }) - 1
      this.#tree.add(units, HOT_WORD_COST, id)
    }
  }

  word(id: number): Word {
    return id >= HOT_BASE ? this.#words[id - HOT_BASE]! : this.#lexicon.word(id)
  }

  cost(previous: number, id: number): number {
    return id >= HOT_BASE || previous >= HOT_BASE ? this.word(id).cost : this.#lexicon.cost(previous, id)
  }

  next(node: number, unit: number): readonly number[] {
    if (node !== ROOT && node < HOT_BASE) return this.#lexicon.next(node, unit)
    const hot = this.#tree.child(node === ROOT ? HOT_BASE : node, unit)
    const usual = node === ROOT ? this.#lexicon.next(ROOT, unit) : NOTHING
    return hot < 0 ? usual : [...usual, hot]
  }

  wordsAt(node: number): readonly number[] {
    return node >= HOT_BASE ? this.#tree.words(node) : this.#lexicon.wordsAt(node)
  }

  cheapestCost(node: number): number {
    return node >= HOT_BASE ? this.#tree.cheapestCost(node) : this.#lexicon.cheapestCost(node)
  }
}
