// Knows the intents that a script brings along, and which of them a turn means. Does not know what every script understands (intents.ts).
import { collapseRepeats, clausesOf, formsOf, looseSoundOf, normalise, utteranceCharsMax } from '../spoken-forms.ts'
import { linearPattern, type LinearPattern } from './linear-pattern.ts'
import type { Script } from './schema.ts'

export type OwnMatch = { intent: string; evidence: string; by: 'exact' | 'pattern' | 'keyword' | 'sound' | 'likeness' }

type Compiled = {
  name: string
  exact: ReadonlySet<string>
  keywords: readonly string[]
  patterns: readonly LinearPattern[]
  sounds: ReadonlySet<string>
  /** Sounds of the keywords with at least three syllables: shorter ones are found in too much else. */
  keywordSounds: readonly string[]
  likenesses: readonly { text: string; pairs: ReadonlySet<string> }[]
}

/** Two texts are alike when this share of their pairs of characters is the same; below it, lists of examples begin to catch each other. */
const likenessMin = 0.55
const negated = /(?:没|没有|不|不是|别|未|不用|不想|不要|不需要)$/u

/** Finds a script's own intents in turns. Made once per script. */
export class OwnIntents {
  readonly #intents: readonly Compiled[]

  constructor(intents: Script['intents']) {
    this.#intents = Object.entries(intents).map(([name, { examples, keywords, patterns }]) => {
      const plain = examples.map(normalise)
      const asked = plain.map((text) => text.replace(/(.)[不没]\1/gu, '$1'))
      return {
        name,
        exact: new Set(plain.flatMap((text) => [text, collapseRepeats(text)])),
        keywords: keywords.map(normalise),
        patterns: patterns.flatMap(known),
        sounds: new Set([...plain, ...keywords.map(normalise)].filter((text) => text.length >= 2).map(looseSoundOf)),
        keywordSounds: keywords.map(normalise).filter((text) => text.length >= 3).map(looseSoundOf),
        likenesses: asked.filter((text) => text.length >= 3).map((text) => ({ text, pairs: pairsOf(text) })),
      }
    })
  }

  /** The intent of a turn, among `wanted`. An example word for word comes first, then patterns and keywords, sound, likeness; among equals the file's order decides. Undefined: none of them. */
  match(text: string, wanted: (intent: string) => boolean): OwnMatch | undefined {
    const intents = this.#intents.filter(({ name }) => wanted(name))
    if (intents.length === 0) return undefined
    const flat = normalise(text.slice(0, utteranceCharsMax))
    const clauses = clausesOf(text)
    const forms = [...new Set([flat, ...clauses].flatMap(formsOf))]
    const ways: readonly ((intent: Compiled) => Omit<OwnMatch, 'intent'> | undefined)[] = [
      ({ exact }) => found('exact', formsOf(flat).find((form) => exact.has(form))),
      // 家里没人，放门口吧 holds two: the one that stands first in the file is meant.
      ({ patterns, keywords, exact }) =>
        found('pattern', patterns.map((pattern) => pattern.find(flat)).find((hit) => hit !== undefined)) ??
        found('keyword', keywords.find((keyword) => clauses.some((clause) => holds(clause, keyword))) ?? forms.find((form) => exact.has(form))),
      ({ sounds, keywordSounds }) => {
        const heard = forms.map(looseSoundOf)
        return found('sound', heard.find((sound) => sounds.has(sound)) ?? keywordSounds.find((sound) => heard.some((one) => one.includes(sound) && !/ (?:mei|bu|bie) $/u.test(`${one.slice(0, one.indexOf(sound))} `))))
      },
    ]
    for (const way of ways) {
      for (const intent of intents) {
        const hit = way(intent)
        if (hit) return { intent: intent.name, ...hit }
      }
    }
    return alike(intents, [flat, ...clauses])
  }
}

/** A script that was published when more signs were known loses the pattern and not the call. */
function known(source: string): LinearPattern[] {
  try {
    return [linearPattern(source)]
  } catch {
    return []
  }
}

function found(by: OwnMatch['by'], evidence: string | undefined): Omit<OwnMatch, 'intent'> | undefined {
  return evidence === undefined ? undefined : { by, evidence }
}

function holds(clause: string, keyword: string): boolean {
  const at = clause.indexOf(keyword)
  return at >= 0 && !negated.test(clause.slice(0, at))
}

function alike(intents: readonly Compiled[], texts: readonly string[]): OwnMatch | undefined {
  let best: OwnMatch | undefined
  let most = likenessMin
  for (const asked of texts) {
    // 能不能改 asks no more than 能改吗.
    const text = asked.replace(/(.)[不没]\1/gu, '$1').replace(/[不没]$/u, '')
    const pairs = pairsOf(text)
    for (const { name, likenesses } of intents) {
      for (const example of likenesses) {
        // 不 and 没 turn an example around without changing much of it.
        if (/[不没别]/u.test(text) !== /[不没别]/u.test(example.text)) continue
        const likeness = share(pairs, example.pairs)
        if (likeness >= most && (likeness > most || !best)) [most, best] = [likeness, { intent: name, evidence: example.text, by: 'likeness' }]
      }
    }
  }
  return best
}

function pairsOf(text: string): ReadonlySet<string> {
  const framed = `^${text}$`
  return new Set(Array.from({ length: framed.length - 1 }, (_, i) => framed.slice(i, i + 2)))
}

/** Dice's coefficient. */
function share(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0
  for (const pair of a) if (b.has(pair)) both += 1
  return (2 * both) / (a.size + b.size)
}
