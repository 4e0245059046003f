// Knows seeded chance: the same seed gives the same data set, bit by bit. Does not know what is drawn.

/** Pseudo random numbers (mulberry32). */
export class Random {
  #state: number

  /** @param seed 32 bits are used */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Uniform real in [low, high). */
  range(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** Uniform integer in [low, high], both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One element of a list that is not empty. */
  pick<T>(list: ArrayLike<T>): T {
    return list[Math.floor(this.next() * list.length)]!
  }
}
