// Knows how the patterns of scripts are matched in time that grows with the text alone: whoever writes a script must not be able to stop
// every other call, as (a+)+ does to a matcher that goes back. Does not know what the patterns are for.

import { assertNever } from '../../errors.ts'

/** Steps of one pattern, repetitions written out. */
const stepsMax = 2_000
const repeatMax = 50
const sourceCharsMax = 300

export interface LinearPattern {
  /** The first match, the longest from there; undefined: none. */
  find(text: string): string | undefined
}

type Node =
  | { kind: 'one'; test: (char: string) => boolean }
  | { kind: 'edge'; at: 'start' | 'end' }
  | { kind: 'all'; parts: readonly Node[] }
  | { kind: 'any'; ways: readonly Node[] }
  | { kind: 'repeat'; part: Node; min: number; max: number }

type Step = { kind: 'one'; test: (char: string) => boolean; next: number } | { kind: 'edge'; at: 'start' | 'end'; next: number } | { kind: 'fork'; next: number[] } | { kind: 'found' }

/**
 * The usual signs: . [] [^] | () (?:) * + ? {n,m} ^ $ \\d \\w \\s \\p{…}. No look-around and no back-references.
 * Errors: SyntaxError with what is wrong.
 */
export function linearPattern(source: string): LinearPattern {
  if (source.length > sourceCharsMax) throw new SyntaxError(`longer than ${sourceCharsMax} characters`)
  const steps = new Steps()
  const first = steps.build(new Reader(source).pattern(), steps.add({ kind: 'found' }))
  return { find: (text) => find(steps.all, first, text) }
}

class Reader {
  readonly #chars: readonly string[]
  #at = 0

  constructor(source: string) {
    this.#chars = Array.from(source)
  }

  pattern(): Node {
    const whole = this.#ways()
    if (this.#at < this.#chars.length) throw new SyntaxError(`unmatched ${this.#chars[this.#at]!}`)
    return whole
  }

  #ways(): Node {
    const ways = [this.#all()]
    while (this.#take('|')) ways.push(this.#all())
    return ways.length === 1 ? ways[0]! : { kind: 'any', ways }
  }

  #all(): Node {
    const parts: Node[] = []
    for (let next = this.#chars[this.#at]; next !== undefined && next !== '|' && next !== ')'; next = this.#chars[this.#at]) parts.push(this.#repeated(this.#atom()))
    return { kind: 'all', parts }
  }

  #atom(): Node {
    const char = this.#chars[this.#at++]!
    if (char === '(') return this.#group()
    if (char === '^' || char === '$') return { kind: 'edge', at: char === '^' ? 'start' : 'end' }
    if (char === '.') return { kind: 'one', test: () => true }
    if (char === '[') return this.#charClass()
    if (char === '\\') return this.#escaped()
    if ('*+?{}]'.includes(char)) throw new SyntaxError(`nothing to repeat, or unmatched ${char}`)
    return { kind: 'one', test: (one) => one === char }
  }

  #group(): Node {
    if (this.#take('?') && !this.#take(':')) throw new SyntaxError('only plain groups ( ) and (?: )')
    const inner = this.#ways()
    if (!this.#take(')')) throw new SyntaxError('unmatched (')
    return inner
  }

  /** What one character may be is left to the language's own patterns: on one character they cannot go back. */
  #charClass(): Node {
    const begin = this.#at - 1
    for (let at = this.#at; ; at += 1) {
      if (at >= this.#chars.length) throw new SyntaxError('unmatched [')
      if (this.#chars[at] === '\\') at += 1
      else if (this.#chars[at] === ']' && at > this.#at) {
        this.#at = at + 1
        return oneOf(this.#chars.slice(begin, this.#at).join(''))
      }
    }
  }

  #escaped(): Node {
    const char = this.#chars[this.#at++]
    if (char === undefined) throw new SyntaxError('\\ at the end')
    if (/[bBk1-9]/.test(char)) throw new SyntaxError(`\\${char} is not known here`)
    if ((char === 'p' || char === 'P') && this.#chars[this.#at] === '{') {
      const end = this.#chars.indexOf('}', this.#at)
      if (end < 0) throw new SyntaxError('unmatched {')
      const name = this.#chars.slice(this.#at, end + 1).join('')
      this.#at = end + 1
      return oneOf(`\\${char}${name}`)
    }
    return oneOf(`\\${char}`)
  }

  #repeated(part: Node): Node {
    const counted = this.#count()
    if (!counted) return part
    // Lazy or greedy finds the same.
    this.#take('?')
    if (part.kind === 'edge') throw new SyntaxError('nothing to repeat')
    if (this.#count()) throw new SyntaxError('nothing to repeat')
    return { kind: 'repeat', part, ...counted }
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''))
    if (!found) return undefined
    this.#at += found[0].length
    const min = Number(found[1])
    const max = found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3])
    if (max < min || min > repeatMax || (max !== Infinity && max > repeatMax)) throw new SyntaxError(`repetitions in order, and at most ${repeatMax}`)
    return { min, max }
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false
    this.#at += 1
    return true
  }
}

function oneOf(source: string): Node {
  const pattern = new RegExp(`^${source}$`, 'u')
  return { kind: 'one', test: (char) => pattern.test(char) }
}

class Steps {
  readonly all: Step[] = []

  add(step: Step): number {
    if (this.all.length >= stepsMax) throw new SyntaxError('too many repetitions')
    return this.all.push(step) - 1
  }

  /** The step that the part begins with, when `next` follows it. */
  build(node: Node, next: number): number {
    switch (node.kind) {
      case 'one':
        return this.add({ kind: 'one', test: node.test, next })
      case 'edge':
        return this.add({ kind: 'edge', at: node.at, next })
      case 'all':
        return node.parts.reduceRight((after, part) => this.build(part, after), next)
      case 'any':
        return this.add({ kind: 'fork', next: node.ways.map((way) => this.build(way, next)) })
      case 'repeat':
        return this.#repeat(node, next)
      default:
        return assertNever(node)
    }
  }

  #repeat({ part, min, max }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let after = next
    if (max === Infinity) {
      const fork = { kind: 'fork' as const, next: [next] }
      after = this.add(fork)
      fork.next.push(this.build(part, after))
    } else for (let left = max - min; left > 0; left -= 1) after = this.add({ kind: 'fork', next: [this.build(part, after), next] })
    for (let left = min; left > 0; left -= 1) after = this.build(part, after)
    return after
  }
}

/** Follows all ways at once: every step is taken at most once per character. */
function find(steps: readonly Step[], first: number, text: string): string | undefined {
  const chars = Array.from(text)
  let best: { from: number; to: number } | undefined
  /** Step → where the match began that came to it; the earliest counts. */
  let standing = new Map<number, number>()
  for (let at = 0; at <= chars.length; at += 1) {
    const reached = new Map<number, number>()
    const reach = (step: number, from: number): void => {
      const waiting = [step]
      while (waiting.length > 0) {
        const index = waiting.pop()!
        if (reached.has(index)) continue
        const one = steps[index]!
        if (one.kind === 'edge' && (one.at === 'start' ? at !== 0 : at !== chars.length)) continue
        reached.set(index, from)
        if (one.kind === 'fork') waiting.push(...one.next)
        else if (one.kind === 'edge') waiting.push(one.next)
        else if (one.kind === 'found' && (!best || from <= best.from)) best = { from, to: at }
      }
    }
    // Those that began earlier come first, so that an earlier beginning is never hidden by a later one.
    for (const [step, from] of [...standing].sort((a, b) => a[1] - b[1])) reach(step, from)
    if (!best) reach(first, at)
    if (at === chars.length) break
    standing = new Map()
    for (const [index, from] of reached) {
      const one = steps[index]!
      if (one.kind === 'one' && one.test(chars[at]!) && (!best || from <= best.from)) standing.set(one.next, Math.min(from, standing.get(one.next) ?? Infinity))
    }
  }
  return best && chars.slice(best.from, best.to).join('')
}
