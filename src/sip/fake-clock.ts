// Knows time that only moves when a test says so. Used by tests only.
import type { Cancel, Clock } from './clock.ts'

type Planned = { atMs: number; order: number; run: () => void }

export class FakeClock implements Clock {
  #nowMs = 0
  readonly #planned: Planned[] = []
  #order = 0

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#order += 1), run }
    this.#planned.push(entry)
    return () => {
      const at = this.#planned.indexOf(entry)
      if (at >= 0) this.#planned.splice(at, 1)
    }
  }

  /** What is still planned. */
  get planned(): number {
    return this.#planned.length
  }

  /** Runs everything due within `ms`, in order, letting promises settle between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (;;) {
      let next: Planned | undefined
      for (const entry of this.#planned) {
        if (entry.atMs <= untilMs && (!next || entry.atMs < next.atMs || (entry.atMs === next.atMs && entry.order < next.order))) next = entry
      }
      if (!next) break
      this.#planned.splice(this.#planned.indexOf(next), 1)
      this.#nowMs = next.atMs
      next.run()
      await settle()
    }
    this.#nowMs = untilMs
  }
}

/** Lets chains of promises run; none in this folder is longer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve()
}
