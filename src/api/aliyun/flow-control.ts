// Knows how often something was done within this second. Does not know what.
import type { Clock } from '../clock.ts'

/** Counts of one process, by second of the clock. What it remembers is of one second only. */
export class FlowControl {
  readonly #clock: Pick<Clock, 'nowMs'>
  #second = -1
  readonly #counts = new Map<string, number>()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  /** False when `who` has had `perSecondMax` in this second; what is refused does not count. */
  take(who: string, perSecondMax: number): boolean {
    if (this.isFull(who, perSecondMax)) return false
    this.#counts.set(who, this.#of(who) + 1)
    return true
  }

  isFull(who: string, perSecondMax: number): boolean {
    return this.#of(who) >= perSecondMax
  }

  #of(who: string): number {
    const second = Math.floor(this.#clock.nowMs() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#counts.clear()
    }
    return this.#counts.get(who) ?? 0
  }
}
