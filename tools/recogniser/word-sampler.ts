// Knows random dictionary words, frequent ones more often. Does not know sentences.
import fs from 'node:fs'
import type { Random } from './random.ts'

/** Frequencies are damped by this exponent, or a few words would be everything. */
const EXPONENT = 0.55

/** Draws from a word list with "word frequency …" per line. */
export class WordSampler {
  readonly #words: string[] = []
  readonly #cumulative: number[] = []
  #total = 0

  constructor(path: string) {
    for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
      const [word, frequency] = line.split(' ')
      if (!word || !/^[\u4e00-\u9fa5]{1,4}$/.test(word)) continue
      this.#total += Math.pow(Number(frequency), EXPONENT)
      this.#words.push(word)
      this.#cumulative.push(this.#total)
    }
  }

  pick(random: Random): string {
    const x = random.next() * this.#total
    let low = 0
    let high = this.#cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#cumulative[middle]! < x) low = middle + 1
      else high = middle
    }
    return this.#words[low]!
  }

  /** Words joined to about 1 … 14 characters, short ones more often. */
  phrase(random: Random): string {
    const length = 1 + Math.floor(random.next() * random.next() * 14)
    let text = ''
    while (text.length < length) {
      text += this.pick(random)
      if (random.chance(0.08) && text.length < length) text += '，'
    }
    return text
  }
}
