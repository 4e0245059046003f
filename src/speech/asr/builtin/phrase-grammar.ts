// Knows which phrase of a list was said, if any. Does not know words outside the list.
import { CtcScorer } from './ctc-score.ts'
import type { HeardSyllable } from './greedy-syllables.ts'
import type { Lexicon } from './lexicon.ts'
import type { Step } from './network.ts'

export type PhraseMatch = {
  text: string
  /** How much worse the phrase explains the audio than free syllables do, per syllable, natural log; 0 is perfect. */
  distance: number
  /** Distance to the second phrase that sounds different, per syllable. */
  margin: number
  /** 0 … 1, from both. */
  confidence: number
}

/** Phrases that are scored exactly; the others are told apart by their syllables. */
const SCORED_MAX = 64
/** Said before an answer without changing it. */
const FILLERS = ['嗯', '啊', '呃', '喂', '哦', '那']
/** Margin of a phrase without a rival. */
const MARGIN_ALONE = 10

type Phrase = { text: string; units: readonly number[]; sound: string }

/** A list of phrases ready for matching. Immutable; one instance serves every call with the same list. */
export class PhraseGrammar {
  readonly #phrases: readonly Phrase[]
  /** By syllable: how the filler is written. */
  readonly #fillers: ReadonlyMap<number, string>

  /** Phrases with a character that the lexicon does not know are left out. */
  constructor(phrases: readonly string[], lexicon: Lexicon) {
    this.#phrases = [...new Set(phrases)].flatMap((text) => {
      const units = lexicon.pronounce(text)
      return units ? [{ text, units, sound: units.join(' ') }] : []
    })
    this.#fillers = new Map(FILLERS.flatMap((filler) => (lexicon.pronounce(filler) ?? []).slice(0, 1).map((unit): [number, string] => [unit, filler])))
  }

  get size(): number {
    return this.#phrases.length
  }

  /** Best phrase for the steps of an utterance; undefined when nothing was heard or no phrase comes near. */
  match(steps: readonly Step[], heard: readonly HeardSyllable[]): PhraseMatch | undefined {
    if (heard.length === 0) return undefined
    const units = heard.map(({ unit }) => unit)
    const filler = units.length > 2 ? this.#fillers.get(units[0]!) : undefined
    const lead = filler === undefined ? [] : units.slice(0, 1)
    const scorer = new CtcScorer(steps)
    const scored: { text: string; phrase: Phrase; length: number; score: number }[] = []
    for (const phrase of this.#candidates(units, lead.length)) {
      scored.push({ text: phrase.text, phrase, length: phrase.units.length, score: scorer.score(phrase.units) })
      if (filler === undefined) continue
      // The filler was said, so it is written too.
      const score = scorer.score([...lead, ...phrase.units])
      scored.push({ text: filler + phrase.text, phrase, length: phrase.units.length + 1, score })
    }
    scored.sort((a, b) => b.score - a.score)
    const best = scored[0]
    if (!best) return undefined
    // The same phrase with or without a filler is no rival.
    const rival = scored.find(({ phrase }) => phrase.sound !== best.phrase.sound)
    const syllables = Math.max(best.length, units.length)
    const distance = Math.max(0, scorer.score(units) - best.score) / syllables
    const margin = rival ? (best.score - rival.score) / syllables : MARGIN_ALONE
    const confidence = Math.exp(-distance / 2) * (1 - Math.exp(-2 * Math.max(0, margin) - 0.5))
    return { text: best.text, distance, margin, confidence }
  }

  /**
   * The phrases nearest to the syllables heard. A phrase that differs in more than three quarters of them would be
   * refused by its distance anyway.
   */
  #candidates(units: readonly number[], lead: number): readonly Phrase[] {
    const rest = lead > 0 ? units.slice(lead) : undefined
    const near: { phrase: Phrase; edits: number }[] = []
    for (const phrase of this.#phrases) {
      const length = phrase.units.length
      if (Math.abs(length - units.length) > 2 + units.length / 2) continue
      const edits = Math.min(editDistance(units, phrase.units), rest ? editDistance(rest, phrase.units) : Infinity)
      if (edits <= 1 + 0.75 * Math.max(length, units.length)) near.push({ phrase, edits })
    }
    near.sort((a, b) => a.edits - b.edits)
    return near.slice(0, SCORED_MAX).map(({ phrase }) => phrase)
  }
}

/** Least insertions, deletions and substitutions that turn a into b. */
export function editDistance<T>(a: readonly T[], b: readonly T[]): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!
      row[j] = Math.min(above + 1, row[j - 1]! + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.length]!
}
