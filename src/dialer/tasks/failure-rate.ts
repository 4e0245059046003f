// Knows when so many calls of a task fail that going on makes no sense. Pure. Does not know why they fail.
import type { Outcome } from '../../call/end-reason.ts'
import type { TaskPlan } from './plan.ts'

/** Failures of lines, carriers and ourselves. That people do not answer is no failure. */
const failures: ReadonlySet<Outcome> = new Set(['line-fault', 'call-loss', 'carrier-blocked', 'barred', 'interrupted', 'concurrency', 'frequency', 'unknown'])

export type FailureVerdict = { stop: false } | { stop: true; failed: number; of: number; mostly: Outcome }

/** `recent`: outcomes of the latest attempts, since the task was last started. */
export function judgeFailures(recent: readonly Outcome[], rule: TaskPlan['failures']): FailureVerdict {
  if (rule === null) return { stop: false }
  // The window slides: what went well an hour ago does not excuse what fails now.
  const latest = recent.slice(-Math.max(rule.attemptsMin, windowAttempts))
  const failed = latest.filter((outcome) => failures.has(outcome))
  if (latest.length < rule.attemptsMin || failed.length / latest.length < rule.shareMax) return { stop: false }
  return { stop: true, failed: failed.length, of: latest.length, mostly: mostFrequent(failed) }
}

const windowAttempts = 30

function mostFrequent(list: readonly Outcome[]): Outcome {
  const counts = new Map<Outcome, number>()
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0]
}
