// Knows how to find the most probable words behind uncertain syllables. Does not know audio, phrase lists or calls.
import { NEVER, logAdd } from './logarithm.ts'
import { BLANK, type Step } from './network.ts'
import { ROOT } from './syllable-tree.ts'
import type { WordSource } from './lexicon.ts'

// Weights tuned on sentences of their own, neither trained nor evaluated on.
/** Hypotheses kept per step. */
const WIDTH = 24
/** Word costs against acoustic log probabilities. */
const WORD_WEIGHT = 0.8
/** Tones count little: seven in ten are heard right. */
const TONE_WEIGHT = 0.3
/** A wrong tone never costs more than this. */
const TONE_FLOOR = -1.2
/** Natural-log bonus per syllable; balances the preference of word costs for fewer syllables. */
const SYLLABLE_BONUS = 3
/** Ways to end a word that are followed up. */
const ENDINGS_PER_NODE = 3
/** Syllables tried per step, none below the log probability. */
const CANDIDATES = 6
const CANDIDATE_MIN = -6
/** Hypotheses this much worse than the best are dropped. */
const SCORE_RANGE = 16
/** Above this log probability of the blank a step is silence and changes no word. */
export const SURE_BLANK = -0.003

/** Finished words of a hypothesis, last first. */
type WordLink = { id: number; previous: WordLink | null; syllables: SyllableLink }

/** Syllables of one word, last first. */
type SyllableLink = { probability: number; tones: Float32Array; previous: SyllableLink | null }

/** A way to end the word in progress, and the score with it. */
type Ending = { id: number; score: number }

/** A partial reading of the audio, without acoustic scores. */
type Path = {
  node: number
  lastWord: number
  lastUnit: number
  words: WordLink | null
  /** Of the word in progress. */
  syllables: SyllableLink | null
  /** Word and tone scores so far. */
  score: number
  /** Filled on demand. */
  endings: readonly Ending[] | null
}

/** Log probability of the steps so far, ending in a blank or in the path's last syllable. */
type Hypothesis = { path: Path; blank: number; nonBlank: number }

export type BeamResult = {
  text: string
  /** Mean probability of its syllables, 0 … 1. */
  confidence: number
}

/** Time-synchronous CTC beam search over word prefixes, word pairs and tones, for one utterance. */
export class BeamSearch {
  readonly #words: WordSource
  #beam: Hypothesis[]

  constructor(words: WordSource) {
    this.#words = words
    const path: Path = { node: ROOT, lastWord: 0, lastUnit: BLANK, words: null, syllables: null, score: 0, endings: null }
    this.#beam = [{ path, blank: 0, nonBlank: NEVER }]
  }

  push(step: Step): void {
    const blank = step.units[BLANK]!
    if (blank > SURE_BLANK) {
      for (const hypothesis of this.#beam) {
        hypothesis.blank = logAdd(hypothesis.blank, hypothesis.nonBlank) + blank
        hypothesis.nonBlank = NEVER
      }
      return
    }
    const next = new Map<number, Hypothesis>()
    const candidates = topUnits(step.units)
    for (const hypothesis of this.#beam) this.#expand(hypothesis, step, candidates, next)
    this.#beam = this.#prune([...next.values()])
  }

  /** Best text so far. */
  result(): BeamResult {
    let words: WordLink | null = null
    let best = -Infinity
    for (const { path, blank, nonBlank } of this.#beam) {
      const acoustic = logAdd(blank, nonBlank)
      for (const finished of this.#finished(path)) {
        if (acoustic + finished.score <= best) continue
        best = acoustic + finished.score
        words = finished.words
      }
    }
    return this.#describe(words)
  }

  #expand({ path, blank, nonBlank }: Hypothesis, step: Step, candidates: readonly number[], next: Map<number, Hypothesis>): void {
    const total = logAdd(blank, nonBlank)
    merge(next, path, total + step.units[BLANK]!, NEVER)
    if (path.lastUnit !== BLANK) merge(next, path, NEVER, nonBlank + step.units[path.lastUnit]!)
    for (const unit of candidates) {
      // CTC: the same syllable again needs a blank in between.
      const before = unit === path.lastUnit ? blank : total
      if (before <= NEVER / 2) continue
      const score = before + step.units[unit]!
      const syllable = { probability: Math.exp(step.units[unit]!), tones: step.tones }
      for (const longer of this.#extensions(path, unit, syllable)) merge(next, longer, NEVER, score)
    }
  }

  /** Paths one syllable longer: inside the word, or after ending it. */
  #extensions(path: Path, unit: number, syllable: Omit<SyllableLink, 'previous'>): Path[] {
    const longer: Path[] = []
    for (const node of this.#words.next(path.node, unit)) {
      const syllables = { ...syllable, previous: path.syllables }
      longer.push({ ...path, node, lastUnit: unit, syllables, score: path.score + SYLLABLE_BONUS, endings: null })
    }
    if (path.node === ROOT || !path.syllables) return longer
    const starts = this.#words.next(ROOT, unit)
    if (starts.length === 0) return longer
    for (const ending of this.#endings(path)) {
      const words = { id: ending.id, previous: path.words, syllables: path.syllables }
      for (const node of starts) {
        const syllables = { ...syllable, previous: null }
        longer.push({ node, lastWord: ending.id, lastUnit: unit, words, syllables, score: ending.score + SYLLABLE_BONUS, endings: null })
      }
    }
    return longer
  }

  /** Best words that end at the node of a path. */
  #endings(path: Path): readonly Ending[] {
    if (path.endings) return path.endings
    const scored = this.#words.wordsAt(path.node).map((id) => ({ id, score: path.score + this.#wordScore(path, id) }))
    scored.sort((a, b) => b.score - a.score)
    path.endings = scored.slice(0, ENDINGS_PER_NODE)
    return path.endings
  }

  #wordScore(path: Path, id: number): number {
    const { tones } = this.#words.word(id)
    let toneScore = 0
    let link = path.syllables
    for (let i = tones.length - 1; i >= 0 && link; i--, link = link.previous) {
      const tone = tones[i]!
      if (tone > 0) toneScore += Math.max(TONE_FLOOR, link.tones[tone - 1]!)
    }
    return TONE_WEIGHT * toneScore - WORD_WEIGHT * this.#words.cost(path.lastWord, id)
  }

  #prune(hypotheses: readonly Hypothesis[]): Hypothesis[] {
    const scored = hypotheses.map((hypothesis) => {
      const { path, blank, nonBlank } = hypothesis
      const ahead = path.node === ROOT ? 0 : WORD_WEIGHT * this.#words.cheapestCost(path.node)
      return { hypothesis, score: logAdd(blank, nonBlank) + path.score - ahead }
    })
    scored.sort((a, b) => b.score - a.score)
    const scoreMin = (scored[0]?.score ?? 0) - SCORE_RANGE
    return scored.slice(0, WIDTH).filter(({ score }) => score >= scoreMin).map(({ hypothesis }) => hypothesis)
  }

  #finished(path: Path): { words: WordLink | null; score: number }[] {
    const { syllables } = path
    if (path.node === ROOT || !syllables) return [{ words: path.words, score: path.score }]
    return this.#endings(path).map(({ id, score }) => ({ words: { id, previous: path.words, syllables }, score }))
  }

  #describe(last: WordLink | null): BeamResult {
    const texts: string[] = []
    let sum = 0
    let count = 0
    for (let word = last; word; word = word.previous) {
      texts.push(this.#words.word(word.id).text)
      for (let link: SyllableLink | null = word.syllables; link; link = link.previous) {
        sum += link.probability
        count++
      }
    }
    return { text: joinWords(texts.reverse()), confidence: sum / Math.max(1, count) }
  }
}

/** Adds a path to the next beam; equal states keep the better history and sum their probabilities. */
function merge(next: Map<number, Hypothesis>, path: Path, blank: number, nonBlank: number): void {
  // Nodes and words stay below 2^21, units below 2^10: the key is an exact integer.
  const key = (path.node * 2_097_152 + path.lastWord) * 1024 + path.lastUnit
  const known = next.get(key)
  if (!known) {
    next.set(key, { path, blank, nonBlank })
    return
  }
  if (Math.max(blank, nonBlank) + path.score > Math.max(known.blank, known.nonBlank) + known.path.score) known.path = path
  known.blank = logAdd(known.blank, blank)
  known.nonBlank = logAdd(known.nonBlank, nonBlank)
}

/** The few most probable syllables of a step, best first. */
function topUnits(logProbabilities: Float32Array): number[] {
  const units: number[] = []
  for (let u = 1; u < logProbabilities.length; u++) if (logProbabilities[u]! > CANDIDATE_MIN) units.push(u)
  return units.sort((a, b) => logProbabilities[b]! - logProbabilities[a]!).slice(0, CANDIDATES)
}

/** Chinese words are joined directly, Latin ones with spaces. */
export function joinWords(words: readonly string[]): string {
  let text = ''
  for (const word of words) text += text && (/[a-z]$/.test(text) || /^[a-z]/.test(word)) ? ` ${word}` : word
  return text
}
