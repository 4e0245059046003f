// Knows how packets are delayed on kinds of lines that calls go over. For tests and benches; nothing here runs in a call.
import { seededRandom } from './seeded-random.ts'

/** Milliseconds from sending to arrival of the packet sent at `sentMs`; undefined: lost. Called once per packet, in order. */
export type Trace = (sentMs: number) => number | undefined

type TraceKind = (random: () => number) => Trace

/** Sum of uniform numbers: close enough to normal, mean 0, deviation 1. */
function normal(random: () => number): number {
  let sum = -6
  for (let i = 0; i < 12; i += 1) sum += random()
  return sum
}

export const traceKinds = {
  /** A carrier's own network: a millisecond of noise. */
  fibre: (random) => () => 12 + Math.abs(normal(random)),
  /** A gateway whose clock runs at 40 ms: it sends two packets of 20 ms at once. */
  pairs: (random) => (sentMs) => 10 + (Math.round(sentMs / 20) % 2 === 0 ? 20 : 0) + random() * 2,
  /** Mobile radio: grants every 10 ms, repetitions of 8 ms, now and then a change of cell of 40 to 90 ms. */
  mobile: (random) => {
    let handoverUntilMs = -1
    return (sentMs) => {
      let delayMs = 30 + Math.ceil(random() * 10)
      for (let tries = 0; tries < 4 && random() < 0.1; tries += 1) delayMs += 8
      if (random() < 1 / 600) handoverUntilMs = sentMs + 40 + random() * 50
      return random() < 0.002 ? undefined : Math.max(delayMs, handoverUntilMs - sentMs)
    }
  },
  /** A shared radio cell: quiet for seconds, then a burst in which everything waits 20 to 70 ms and comes at once. */
  wifi: (random) => {
    let freeAtMs = -1
    let busyUntilMs = -1
    return (sentMs) => {
      if (sentMs > busyUntilMs + 2_000 && random() < 0.02) busyUntilMs = sentMs + 3_000
      if (sentMs < busyUntilMs && sentMs > freeAtMs && random() < 0.2) freeAtMs = sentMs + 20 + random() * 50
      return random() < 0.005 ? undefined : Math.max(5 + random() * 4, freeAtMs - sentMs)
    }
  },
  /** A line shared with downloads: a queue that fills over seconds and empties, up to 80 ms. */
  congested: (random) => (sentMs) => 15 + 40 * (1 - Math.cos((2 * Math.PI * sentMs) / 8_000)) + Math.abs(normal(random)) * 3,
  /** The route changes: 60 ms longer from 20 s on, back at 40 s. */
  rerouted: (random) => (sentMs) => 20 + (sentMs >= 20_000 && sentMs < 40_000 ? 60 : 0) + random() * 4,
} as const satisfies Record<string, TraceKind>

export type TraceName = keyof typeof traceKinds

/** One line of the kind; the same seed is the same line. */
export function trace(name: TraceName, seed: number): Trace {
  return traceKinds[name](seededRandom(seed))
}
