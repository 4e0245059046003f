// Knows how many scenarios are run side by side and what came of each. Does not know lines, robots or how results are shown.
import { checkRecord, checkTitles, type CheckName, type CheckResult } from './checks.ts'
import type { RunRecord } from './record.ts'
import type { Scenario } from './scenario.ts'

export type Run = { scenario: Scenario; repeat: number; record: RunRecord; results: readonly CheckResult[]; wallMs: number }

export type EvaluateOptions = {
  scenarios: readonly Scenario[]
  /** Each scenario so many times; the first as written, the others varied. */
  repeat: number
  /** So many at once. */
  jobs: number
  hold: (scenario: Scenario, repeat: number) => Promise<RunRecord>
  onRun?: ((run: Run) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Holds every conversation; the runs come back in the order of the scenarios, whichever ended first. A run that fails by itself is one with a fault. */
export async function evaluate({ scenarios, repeat, jobs, hold, onRun, signal }: EvaluateOptions): Promise<Run[]> {
  const wanted = scenarios.flatMap((scenario) => Array.from({ length: repeat }, (_, index) => ({ scenario, repeat: index })))
  const runs: (Run | undefined)[] = wanted.map(() => undefined)
  let next = 0
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next++
      if (index >= wanted.length || signal?.aborted) return
      const one = wanted[index]!
      const startedMs = performance.now()
      const record = await hold(one.scenario, one.repeat).catch(
        (error: unknown): RunRecord => ({ lines: [], notes: [], transcript: [], outcome: undefined, endedBy: 'limit', endAtMs: 0, faults: [error instanceof Error ? error.message : String(error)] }),
      )
      const run: Run = { ...one, record, results: checkRecord(record, one.scenario), wallMs: performance.now() - startedMs }
      runs[index] = run
      onRun?.(run)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, wanted.length) }, worker))
  return runs.filter((run) => run !== undefined)
}

export type Score = { passed: number; failed: number }
export type Summary = {
  runs: number
  /** Runs with a hard check that failed. */
  failedRuns: number
  hard: Score
  soft: Score
  checks: ReadonlyMap<CheckName, Score & { hard: boolean }>
}

export function summarise(runs: readonly Run[]): Summary {
  const checks = new Map<CheckName, Score & { hard: boolean }>()
  const total = { hard: { passed: 0, failed: 0 }, soft: { passed: 0, failed: 0 } }
  for (const { results } of runs) {
    for (const { check, hard, ok } of results) {
      const score = checks.get(check) ?? { passed: 0, failed: 0, hard }
      checks.set(check, score)
      for (const one of [score, total[hard ? 'hard' : 'soft']]) one[ok ? 'passed' : 'failed'] += 1
    }
  }
  const order = Object.keys(checkTitles)
  const ordered = new Map([...checks].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)))
  return { runs: runs.length, failedRuns: runs.filter(failed).length, ...total, checks: ordered }
}

export function failed({ results }: Pick<Run, 'results'>): boolean {
  return results.some(({ hard, ok }) => hard && !ok)
}
