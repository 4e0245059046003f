// Knows words by their syllables, as a prefix tree. Does not know texts or audio.

/** The node before the first syllable of a word. */
export const ROOT = 0

/** Words as paths of syllable units. Node numbers start at `base`, so that two trees can share one number space. */
export class SyllableTree {
  readonly base: number
  readonly #unitCount: number
  /** node × unitCount + unit → child node. */
  readonly #children = new Map<number, number>()
  readonly #wordsAt: (number[] | undefined)[] = [undefined]
  readonly #cheapest: number[] = [Infinity]

  constructor(unitCount: number, base: number) {
    this.#unitCount = unitCount
    this.base = base
  }

  add(units: readonly number[], cost: number, wordId: number): void {
    let node = ROOT
    this.#cheapest[ROOT] = Math.min(this.#cheapest[ROOT]!, cost)
    for (const unit of units) {
      const key = node * this.#unitCount + unit
      let next = this.#children.get(key)
      if (next === undefined) {
        next = this.#wordsAt.length
        this.#children.set(key, next)
        this.#wordsAt.push(undefined)
        this.#cheapest.push(Infinity)
      }
      node = next
      this.#cheapest[node] = Math.min(this.#cheapest[node]!, cost)
    }
    ;(this.#wordsAt[node] ??= []).push(wordId)
  }

  /** Number of the child, or -1. */
  child(node: number, unit: number): number {
    const next = this.#children.get((node - this.base) * this.#unitCount + unit)
    return next === undefined ? -1 : next + this.base
  }

  /** Ids of the words that end at a node. */
  words(node: number): readonly number[] {
    return this.#wordsAt[node - this.base] ?? []
  }

  /** Cost of the cheapest word at or below a node. */
  cheapestCost(node: number): number {
    return this.#cheapest[node - this.base] ?? Infinity
  }
}
