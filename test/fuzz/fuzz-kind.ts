// Knows what a kind of fuzzing is: how one case is drawn, how it is played, what is measured meanwhile. Does not know SIP or RTP.
import { seededDice } from '../../src/sip/fake-network.ts'

/** One input, and what happens around it. Plain data: a case that failed is kept as JSON. */
export type Step = {
  bytes: Uint8Array
  /** Time that passes after it, on the clock of the case. */
  waitMs: number
  /** Which way in, when the kind has several. */
  way?: string
}

export type FuzzCase = readonly Step[]

/** A case is a function of its dice, and playing it a function of the case: whatever fails can be repeated. */
export interface FuzzKind {
  draw(dice: Dice): FuzzCase
  /** Throws on what must never happen. Every input goes through `probe`. */
  play(steps: FuzzCase, probe: Probe): void | Promise<void>
}

/** CPU time one input may cost. A datagram of 64 kB takes about 5 ms. */
export const INPUT_MS_MAX = 100

/** Counts inputs and finds the slowest. */
export class Probe {
  inputs = 0
  slowest = { cpuMs: 0, bytes: 0 }

  input<T>(bytes: Uint8Array, act: () => T): T {
    this.inputs += 1
    const before = process.threadCpuUsage()
    try {
      return act()
    } finally {
      const used = process.threadCpuUsage(before)
      const cpuMs = (used.user + used.system) / 1_000
      if (cpuMs > this.slowest.cpuMs) this.slowest = { cpuMs, bytes: bytes.length }
    }
  }
}

/** Draws that are the same for the same seed. */
export class Dice {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededDice(seed)
  }

  /** 0 … below - 1. */
  below(below: number): number {
    return Math.floor(this.#next() * below)
  }

  chance(share: number): boolean {
    return this.#next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Small numbers often, `max` rarely. */
  size(max: number): number {
    return Math.floor(max ** this.#next())
  }
}

/** The dice of case number `index` of a run. */
export function diceOf(seed: number, kind: string, index: number): Dice {
  let mixed = seed >>> 0
  for (const char of `${kind} ${index}`) mixed = Math.imul(mixed ^ char.codePointAt(0)!, 0x01000193) >>> 0
  return new Dice(mixed)
}
