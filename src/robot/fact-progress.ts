// Knows which facts the callee has really heard. Does not know how they were spoken or why they were cut.

/** A fact told in other words is told within so many characters. */
const freeWordsCharsMax = 400

type Piece = { id: string; text: string; heard: boolean }

/**
 * Follows a list of spoken facts. A fact counts only when it was heard to its end; one that was cut is said again from the
 * beginning of the clause in which it was cut, because half a time or place is worse than none.
 */
export class FactProgress {
  readonly #pieces: Piece[]
  /** What was queued under which say: offset of the fact's words in the say, and where in the fact they start. */
  readonly #says = new Map<string, { id: string; lead: number; from: number }>()
  readonly #resumeAt = new Map<string, number>()
  /** Says in somebody else's words. `coming`: they are still to be heard. */
  readonly #freeSays = new Map<string, { text: string; coming: boolean }>()
  /** What was heard of them. */
  #freeWords = ''
  readonly #tells: (id: string, words: string) => boolean

  /** `tells` decides whether words in any wording hold a whole fact. */
  constructor(facts: readonly { id: string; text: string }[], tells: (id: string, words: string) => boolean = () => false) {
    this.#pieces = facts.map((fact) => ({ ...fact, heard: false }))
    this.#tells = tells
  }

  /** Every fact from its beginning. */
  all(): { id: string; text: string; from: number }[] {
    return this.#pieces.map(({ id, text }) => ({ id, text, from: 0 }))
  }

  /** The facts not yet heard, each from where it has to be taken up. */
  unheard(): { id: string; text: string; from: number }[] {
    return this.#pieces.filter((p) => !p.heard).map((p) => {
      const from = this.#resumeAt.get(p.id) ?? 0
      return { id: p.id, text: p.text.slice(from), from }
    })
  }

  /** The facts neither heard nor among words that are still to be heard. */
  untold(): { id: string; text: string; from: number }[] {
    const coming = [...this.#freeSays.values()].filter((say) => say.coming).map(({ text }) => text).join('')
    return coming === '' ? this.unheard() : this.unheard().filter(({ id }) => !this.#tells(id, `${this.#freeWords}${coming}`))
  }

  /** True once anything of the facts was heard or is on its way. */
  get begun(): boolean {
    return this.#freeWords !== '' || this.#pieces.some((p) => p.heard || this.#resumeAt.has(p.id)) || this.untold().length < this.#pieces.length
  }

  heard(): string[] {
    return this.#pieces.filter((p) => p.heard).map((p) => p.id)
  }

  get complete(): boolean {
    return this.#pieces.every((p) => p.heard)
  }

  /** Notes that a say carries a fact: `lead` characters stand before it, and it starts `from` characters into the fact. */
  queued(say: string, id: string, lead: number, from: number): void {
    this.#says.set(say, { id, lead, from })
  }

  /** A say that was never given out. */
  takenBack(say: string): void {
    this.#says.delete(say)
    this.#freeSays.delete(say)
  }

  /** Notes that a say is worded freely: which facts it told shows in what was heard of it. */
  queuedFreely(say: string, text: string): void {
    this.#freeSays.set(say, { text, coming: true })
  }

  /** What was queued will not be heard any further. */
  dropped(): void {
    for (const say of this.#freeSays.values()) say.coming = false
  }

  /** A say is over. `heardText` is the beginning of it that reached the ear. */
  played(say: string, heardText: string, cut: boolean): void {
    if (this.#freeSays.delete(say)) this.#heardFreely(heardText)
    const carried = this.#says.get(say)
    this.#says.delete(say)
    const piece = carried && this.#pieces.find((p) => p.id === carried.id)
    if (!carried || !piece || piece.heard) return
    const reached = carried.from + Math.max(0, heardText.length - carried.lead)
    if (!cut || (heardText !== '' && meaningfulLength(piece.text.slice(reached)) === 0)) {
      piece.heard = true
      this.#resumeAt.delete(piece.id)
    } else {
      this.#resumeAt.set(piece.id, clauseStart(piece.text, reached))
    }
  }

  #heardFreely(words: string): void {
    this.#freeWords = `${this.#freeWords}${words}`.slice(-freeWordsCharsMax)
    for (const piece of this.#pieces) if (!piece.heard && this.#tells(piece.id, this.#freeWords)) piece.heard = true
  }
}

function meaningfulLength(text: string): number {
  return text.replace(/[^\p{L}\p{N}]/gu, '').length
}

/** The offset of the clause that holds position `at`: right after the last pause before it. */
export function clauseStart(text: string, at: number): number {
  let start = 0
  for (const m of text.matchAll(/[，。；：！？、,;:!?]\s*/gu)) {
    const end = m.index + m[0].length
    if (end > at) break
    // 也就是… explains the day before it and cannot open a sentence.
    if (!text.startsWith('也就是', end)) start = end
  }
  return start
}
