// Tries cases on a target, all at once but for those that would disturb others, and tells of each. Does not know which cases there are, or how results are shown.
import { setTimeout as sleep } from 'node:timers/promises'
import { Bench } from './bench.ts'
import { CallbackDesk } from './callback-desk.ts'
import { missingNeeds, type Case, type Result, type Target } from './case.ts'

export type RunOptions = {
  cases: readonly Case[]
  target: Target
  /** Of the target, when it is known: the beginning of a case's id → what it lacks. */
  gaps?: Readonly<Record<string, string>> | undefined
  /** Told the addresses to be set in the account before the first case. */
  onListening?: ((desk: CallbackDesk) => Promise<void>) | undefined
  onResult?: ((result: Result) => void) | undefined
}

const refusalOfOperation = /\d{3} Invalid(?:Action|Api)\.NotFound/
/** Of limits that count by the second. */
const limitMs = 1_100

/** In the order of the cases. */
export async function runCases({ cases, target, gaps = {}, onListening, onResult = () => {} }: RunOptions): Promise<Result[]> {
  await using desk = target.callbacks ? await CallbackDesk.open(target.callbacks) : undefined
  if (desk) await onListening?.(desk)
  const bench = new Bench(target, desk)
  const results = new Map<Case, Result>()
  const attempt = async (one: Case): Promise<void> => {
    const result = await tried(one, bench, gaps)
    results.set(one, result)
    onResult(result)
  }
  await Promise.all(cases.filter(({ alone }) => !alone).map(attempt))
  for (const one of cases.filter(({ alone }) => alone)) {
    await sleep(limitMs)
    await attempt(one)
  }
  return cases.map((one) => results.get(one)!)
}

async function tried(one: Case, bench: Bench, gaps: Readonly<Record<string, string>>): Promise<Result> {
  const { id, title, page, covers, expected } = one
  const of = (got: string, verdict: Result['verdict'], ms = 0): Result => ({ id, title, page, covers, expected, got, verdict, ms })
  const lacks = Object.entries(gaps).find(([beginning]) => id.startsWith(beginning))?.[1]
  const missing = missingNeeds(one, bench.target)
  if (missing.length > 0) return lacks === undefined ? of(`needs ${missing.join(', ')}`, 'not run') : of(lacks, 'not supported')
  const startedMs = performance.now()
  let got: string
  try {
    got = await one.got(bench)
  } catch (error) {
    got = error instanceof Error ? error.message : String(error)
  }
  const ms = Math.round(performance.now() - startedMs)
  if (expected.includes(got)) return of(got, 'pass', ms)
  if (lacks !== undefined) return of(`${got} (${lacks})`, 'not supported', ms)
  // Cases about operations that there are not expect exactly this, and have passed.
  return of(got, refusalOfOperation.test(got) ? 'not supported' : 'fail', ms)
}
