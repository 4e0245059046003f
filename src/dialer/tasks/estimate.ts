// Knows how fast a task goes and when it will be through, from what it has done so far. Pure. Does not know storage.
import type { TaskCounts, TaskWaiting } from './task-desk.ts'
import type { TaskStatus } from './life-cycle.ts'
import type { RetryPlan } from './plan.ts'
import { afterOpenTime, type CallingWindows } from './windows.ts'

export type Progress = {
  status: TaskStatus
  counts: TaskCounts
  /** 0..1 of its numbers. */
  share: number
  /** Why numbers wait. The sum is `counts.waiting`. */
  waiting: Readonly<Record<'turn' | 'retry' | 'frequency' | TaskWaiting | 'stopped', number>>
  /** Attempts per minute lately; undefined: none lately. */
  perMinute: number | undefined
  /** Undefined: not running, or nothing to go by yet. */
  expectedEnd: Date | undefined
}

export type ProgressFacts = {
  status: TaskStatus
  counts: TaskCounts
  waitingFor: TaskWaiting | undefined
  /** Attempts begun since `sinceMs`, which is the start of the window or the task's own start. */
  lately: { attempts: number; sinceMs: number }
  /** When the number that waits longest may be called. */
  lastDueMs: number | undefined
  /** Undefined: any hour. */
  windows: CallingWindows | undefined
  retry: RetryPlan
  nowMs: number
}

export function progressOf(facts: ProgressFacts): Progress {
  const { counts, status, waitingFor, lately, nowMs } = facts
  const over = counts.done + counts.refused + counts.takenBack
  const turn = counts.waiting - counts.waitingRetry - counts.waitingFrequency
  const waiting: Record<keyof Progress['waiting'], number> = { turn: 0, retry: counts.waitingRetry, frequency: counts.waitingFrequency, window: 0, line: 0, balance: 0, budget: 0, concurrency: 0, 'not-due': 0, stopped: 0 }
  // What keeps the whole task waiting keeps every number of it that has no reason of its own.
  waiting[status === 'running' ? (waitingFor ?? 'turn') : status === 'out-of-money' ? 'balance' : 'stopped'] += turn
  const minutes = (nowMs - lately.sinceMs) / 60_000
  const perMinute = lately.attempts > 0 && minutes > 0 ? lately.attempts / minutes : undefined
  return { status, counts, share: counts.total === 0 ? 0 : over / counts.total, waiting, perMinute, expectedEnd: status === 'running' ? expectedEnd(facts, perMinute) : undefined }
}

/** Attempts still to make at the rate of lately, in open time; not before the last wait of the retry plan is over. */
function expectedEnd({ counts, retry, windows, nowMs, lastDueMs }: ProgressFacts, perMinute: number | undefined): Date | undefined {
  if (counts.waiting === 0 && counts.calling === 0) return new Date(nowMs)
  if (perMinute === undefined) return undefined
  const fresh = counts.waiting - counts.waitingRetry
  const again = shareCalledAgain(counts)
  const depth = retry.attemptsMax - 1
  // A number makes 1 + p + p² … attempts; one that waits for another has made one of them.
  const perNumber = geometric(again, depth)
  const perRetry = geometric(again, Math.max(0, depth - 1))
  const attempts = fresh * perNumber + counts.waitingRetry * perRetry + counts.calling * (perNumber - 1)
  const worked = afterOpenTime(nowMs, (attempts / perMinute) * 60_000, windows)
  if (worked === undefined) return undefined
  // The last fresh number may be tried again as long as that is likely to happen to at least one.
  const gapMs = Math.max(0, ...retry.rules.filter(({ times }) => times > 0).map(({ gapMs: gap }) => gap))
  const first = afterOpenTime(nowMs, (fresh / perMinute) * 60_000, windows) ?? worked
  let chain = Math.max(first, lastDueMs ?? 0)
  let expected = counts.waiting + counts.calling
  if (fresh > 0 || counts.calling > 0) {
    for (let nth = 1; nth <= depth; nth += 1) {
      expected *= again
      if (expected < 1) break
      chain += gapMs
    }
  }
  return new Date(Math.max(worked, chain))
}

/** How many of the attempts so far were followed by another, or will be. */
function shareCalledAgain({ attempts, done, refused }: TaskCounts): number {
  const finals = Math.min(attempts, done + refused)
  return attempts === 0 ? 0 : (attempts - finals) / attempts
}

function geometric(p: number, depth: number): number {
  let sum = 1
  let term = 1
  for (let nth = 1; nth <= depth; nth += 1) sum += term *= p
  return sum
}
