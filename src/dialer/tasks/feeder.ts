// Knows the loop that keeps lines supplied with calls of tasks: who runs, what room there is, who is next, what stops a task. Does not know the rules themselves; SIP neither.
import type { Database } from '../../db/connection.ts'
import { errorFacts } from '../../db/error-facts.ts'
import { forgetBatches } from '../../db/task-batches.ts'
import { countDueNumbers, purgeRemoved } from '../../db/task-numbers.ts'
import { changeTask, finishIdleTask, openTasks, readTask, tasksChannel, tryLockTask, type TaskRow } from '../../db/tasks.ts'
import { countDue } from '../../db/calls.ts'
import { priceOf } from '../../account/accounts.ts'
import { costOf, type Price } from '../../account/billing.ts'
import { balanceOf } from '../../account/ledger.ts'
import type { Outcome } from '../../call/end-reason.ts'
import { findAccount } from '../../db/accounts.ts'
import { RefusedError } from '../../errors.ts'
import { log } from '../../log.ts'
import { noAttribution, type Attribution } from '../../numbering/attribution.ts'
import type { Line } from '../line.ts'
import type { DialerSettings } from '../settings.ts'
import { readBoard } from '../trunk-board.ts'
import type { Candidate } from '../trunk-choice.ts'
import type { TrunkDirectory } from '../trunk-directory.ts'
import { judgeFailures } from './failure-rate.ts'
import { effectiveWindows, feedTask, stopBySystem, type FeedDeps } from './feed-task.ts'
import type { TaskPlan } from './plan.ts'
import { roomOn } from './room.ts'
import { noTurns, shareOut, type Claimant, type Turns } from './shares.ts'
import type { TaskWaiting } from './task-desk.ts'
import { windowAt } from './windows.ts'

export type TaskFeederDeps = {
  db: Database
  /** Those that this process may dial on. */
  lines: readonly Line[]
  trunks: TrunkDirectory
  settings: DialerSettings
  defaultPrice: Price
  /** Where numbers are from; absent: known of fixed lines alone. */
  attribution?: Attribution | undefined
  now: () => number
}

const tidyEveryMs = 60_000
const purgeMax = 5_000

/** Several processes may feed at once: a number is fed once, the rest evens out. */
export class TaskFeeder {
  readonly #deps: TaskFeederDeps
  readonly #feeding: FeedDeps
  readonly #turns = new Map<string, Turns>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined
  #pass: Promise<void> | undefined
  #again = false
  #closing = false
  #tidiedAtMs = -Infinity
  readonly stats = { passes: 0, fed: 0 }

  constructor(deps: TaskFeederDeps) {
    this.#deps = deps
    const linesNotCounted = deps.lines.filter((line) => line.exempt.frequency).map((line) => line.name)
    this.#feeding = { ...deps, attribution: deps.attribution ?? noAttribution, linesNotCounted }
  }

  /** Feeds until `stop`. Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    const wake = (): void => this.wake()
    this.#unlisten = await this.#deps.db.listen(tasksChannel, { onNotify: wake, onReconnect: wake })
    this.wake()
  }

  async stop(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await this.#unlisten?.()
    await this.#pass
  }

  /** Something may be fed. Cheap to call; passes never overlap. */
  wake(): void {
    if (this.#closing) return
    this.#again = true
    this.#pass ??= this.#passes().finally(() => (this.#pass = undefined))
  }

  async idle(): Promise<void> {
    while (this.#pass) await this.#pass
  }

  async #passes(): Promise<void> {
    const { pollMs, idlePollMs } = this.#deps.settings.tasks
    let busy = false
    while (this.#again && !this.#closing) {
      this.#again = false
      try {
        busy = await this.pass()
      } catch (error) {
        log.warn({ err: errorFacts(error) }, 'tasks could not be fed, trying again')
        break
      }
    }
    clearTimeout(this.#timer)
    if (!this.#closing) this.#timer = setTimeout(() => this.wake(), busy ? pollMs : idlePollMs).unref()
  }

  /** Looks at every open task once. True when any of them runs. Errors: those of the database. */
  async pass(): Promise<boolean> {
    const { db, now } = this.#deps
    this.stats.passes += 1
    await this.#tidy()
    const open = await openTasks(db.sql, new Date(now()))
    const running: TaskRow[] = []
    for (const task of open) {
      const stays = await this.#alone(task, () => this.#judge(task))
      if (stays) running.push({ ...task, status: 'running' })
    }
    for (const [line, tasks] of Map.groupBy(running, (task) => this.#lineOf(task.plan as TaskPlan))) {
      if (line === undefined) for (const task of tasks) await this.#lineDown(task)
      else await this.#feedLine(line, tasks)
    }
    return running.length > 0
  }

  /** One task with something wrong must not keep the others from being fed. */
  async #alone<T>(task: TaskRow, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      log.warn({ err: errorFacts(error), task: task.id }, 'a task could not be fed')
      return undefined
    }
  }

  /** Starts what is due, goes on with what was paid for, stops what fails too often. True when it runs now. */
  async #judge(task: TaskRow): Promise<boolean> {
    const { db, now } = this.#deps
    if (task.status === 'scheduled') return this.#locked(task, async (tx) => (await changeTask(tx, task.id, { status: 'running', startedAt: task.startedAt ?? new Date(now()), recent: [] }), true))
    if (task.status === 'out-of-money') {
      if (await finishIdleTask(db.sql, task.id, new Date(now()))) return false
      if (!(await this.#isPaid(task))) return false
      return this.#locked(task, async (tx) => (await changeTask(tx, task.id, { status: 'running', why: null, whyDetail: null, waitingFor: null }), true))
    }
    const verdict = judgeFailures(task.recent as Outcome[], (task.plan as TaskPlan).failures)
    if (!verdict.stop) return true
    const whyDetail = `最近 ${verdict.of} 次呼叫有 ${verdict.failed} 次失败，多为 ${verdict.mostly}：请检查线路，再继续`
    await this.#locked(task, async (tx) => (await stopBySystem(tx, task, { why: 'failure-rate', whyDetail }), true))
    log.warn({ task: task.id, failed: verdict.failed, of: verdict.of, mostly: verdict.mostly }, 'a task was stopped because its calls fail')
    return false
  }

  /** Does something to a task that is still in the state that was seen. */
  async #locked(task: TaskRow, work: (tx: Parameters<Parameters<Database['transaction']>[0]>[0]) => Promise<boolean>): Promise<boolean> {
    return this.#deps.db.transaction(async (tx) => {
      if (!(await tryLockTask(tx, task.id))) return false
      const { status } = (await readTask(tx, task.id)) ?? {}
      return status === task.status ? work(tx) : false
    })
  }

  async #isPaid(task: TaskRow): Promise<boolean> {
    const { db, defaultPrice } = this.#deps
    const account = await findAccount(db.sql, task.accountId)
    if (account === undefined) return false
    const { balanceLi, heldLi } = await balanceOf(db.sql, task.accountId)
    return balanceLi - heldLi >= costOf(1, priceOf(account, defaultPrice)).costLi
  }

  #lineOf({ line: trunk }: TaskPlan): Line | undefined {
    const { lines, trunks } = this.#deps
    const name = trunk !== undefined ? trunks.lineOf(trunk) : trunks.hasStored ? trunks.storedLine : lines[0]?.name
    return lines.find((line) => line.name === name)
  }

  async #feedLine(line: Line, tasks: readonly TaskRow[]): Promise<void> {
    const { db, trunks, settings, now } = this.#deps
    const nowMs = now()
    const inWindow: TaskRow[] = []
    for (const task of tasks) {
      if (windowAt(nowMs, effectiveWindows(task.plan as TaskPlan, line, settings.hours)).open) inWindow.push(task)
      else await this.#waits(task, 'window')
    }
    if (inWindow.length === 0) return
    const board = await readBoard(db.sql, { trunks, line: line.name, nowMs })
    const queued = await countDue(db.sql, line.name, new Date(nowMs), settings.queuedMax)
    const room = roomOn(board, queued, nowMs)
    const slots = room.state === 'open' ? Math.min(room.calls, settings.tasks.feedMax * 5) : 0
    const due = await countDueNumbers(db.sql, inWindow.map(({ id }) => id), new Date(nowMs), Math.max(slots, 1))
    const claimants: Claimant[] = []
    for (const task of inWindow) {
      const plan = task.plan as TaskPlan
      const own = plan.line === undefined ? room : roomOn(board.filter(({ terms }) => terms.name === plan.line), 0, nowMs)
      if (own.state === 'down') {
        await this.#lineDown(task)
        continue
      }
      if (task.lineDownSince !== null) await this.#locked(task, async (tx) => (await changeTask(tx, task.id, { lineDownSince: null }), true))
      const wanted = due.get(task.id) ?? 0
      const byCap = (plan.concurrencyMax ?? Infinity) - task.calling
      if (wanted === 0) await this.#hasNothingDue(task)
      else if (byCap <= 0) await this.#waits(task, 'concurrency')
      else if (slots === 0 || own.calls === 0) await this.#waits(task, 'line')
      else claimants.push({ task: task.id, account: task.accountId, weight: plan.priority, want: Math.min(wanted, own.calls, byCap) })
    }
    const { shares, turns } = shareOut(slots, claimants, this.#turns.get(line.name) ?? noTurns)
    this.#turns.set(line.name, turns)
    const callersOfTrunks = callersOn(board)
    // The smallest first: who wants little is never behind who wants much.
    for (const [taskId, calls] of [...shares].sort((a, b) => a[1] - b[1])) {
      if (this.#closing) return
      const task = inWindow.find(({ id }) => id === taskId)!
      await this.#alone(task, () => this.#feed(task, line, calls, callersOfTrunks))
    }
  }

  async #feed(task: TaskRow, line: Line, calls: number, callersOfTrunks: readonly string[]): Promise<void> {
    try {
      const fed = await feedTask(this.#feeding, { taskId: task.id, line, calls, callersOfTrunks })
      this.stats.fed += fed?.fed ?? 0
      // What its share left over goes to whoever stands behind those that were passed over, or to other tasks, at once.
      if (fed && fed.passedOver > 0) this.#again = true
    } catch (error) {
      if (!(error instanceof RefusedError && error.code === 'no-balance')) throw error
      // Spent by others between reading and holding; the next pass sees what is left.
      await this.#waits(task, 'balance')
    }
  }

  /** Nothing of it can be called now: all are in calls, wait for later, or there are none left. */
  async #hasNothingDue(task: TaskRow): Promise<void> {
    const { db, now } = this.#deps
    if (task.waiting === 0 && task.calling === 0 && !(task.plan as TaskPlan).keepsOpen && (await finishIdleTask(db.sql, task.id, new Date(now())))) return
    await this.#waits(task, task.waiting > 0 ? 'not-due' : undefined)
  }

  /** Waits a while for its trunks; then it is stopped, so that somebody looks. */
  async #lineDown(task: TaskRow): Promise<void> {
    const nowMs = this.#deps.now()
    const { lineDownMsMax } = this.#deps.settings.tasks
    await this.#locked(task, async (tx) => {
      if (task.lineDownSince === null) await changeTask(tx, task.id, { lineDownSince: new Date(nowMs), waitingFor: 'line' })
      else if (nowMs - task.lineDownSince.getTime() >= lineDownMsMax) {
        await stopBySystem(tx, task, { why: 'line-fault', whyDetail: `线路 ${Math.round(lineDownMsMax / 60_000)} 分钟都不可用：请检查线路，再继续` })
        log.warn({ task: task.id }, 'a task was stopped because its line is down')
      } else if (task.waitingFor !== 'line') await changeTask(tx, task.id, { waitingFor: 'line' })
      return true
    })
  }

  /** Written once per change. */
  async #waits(task: TaskRow, why: TaskWaiting | undefined): Promise<void> {
    if ((task.waitingFor ?? undefined) === why) return
    await this.#locked(task, async (tx) => (await changeTask(tx, task.id, { waitingFor: why ?? null }), true))
  }

  async #tidy(): Promise<void> {
    const { db, settings, now } = this.#deps
    if (now() - this.#tidiedAtMs < tidyEveryMs) return
    if ((await purgeRemoved(db.sql, purgeMax)) === 0) this.#tidiedAtMs = now()
    await forgetBatches(db.sql, new Date(now() - settings.tasks.batchMs))
  }
}

function callersOn(board: readonly Candidate[]): string[] {
  return [...new Set(board.flatMap(({ terms }) => terms.callers.map(({ number }) => number)))]
}
