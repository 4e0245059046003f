// Knows what the media figures of many audio runs come to. Pure. Does not know where they come from.
import type { Run } from './evaluate.ts'

export type Pacing = { p50: number; p95: number; worst: number; lost: number; answerP50: number; answerP95: number; atOnceMax: number }

/** Over all runs in audio, of each call's own p95; undefined when there were none. */
export function pacingOf(runs: readonly Run[]): Pacing | undefined {
  const audio = runs.flatMap(({ record }) => record.audio ?? [])
  if (audio.length === 0) return undefined
  const errors = audio.map(({ pacingErrorMsP95 }) => pacingErrorMsP95)
  const answers = audio.flatMap(({ answerMs }) => answerMs)
  return {
    p50: percentile(errors, 0.5), p95: percentile(errors, 0.95), worst: Math.max(...errors),
    lost: audio.reduce((sum, { packetsLost }) => sum + packetsLost, 0),
    answerP50: percentile(answers, 0.5), answerP95: percentile(answers, 0.95),
    atOnceMax: mostAtOnce(audio.map(({ answeredAtMs, endedAtMs }) => [answeredAtMs, endedAtMs])),
  }
}

/** The smallest value that this share of all values does not exceed; 0 of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

function mostAtOnce(spans: readonly (readonly [begin: number, end: number])[]): number {
  let live = 0
  let most = 0
  for (const [, change] of spans.flatMap(([begin, end]) => [[begin, 1], [end, -1]] as const).toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) most = Math.max(most, (live += change))
  return most
}
