// Knows how wishes about tasks are met: checked against their state, written in one transaction each, in force when they are answered. Does not know HTTP or who feeds.
import { AccountNumbers } from '../../account/account-numbers.ts'
import type { Outcome } from '../../call/end-reason.ts'
import { countTaskAttempts, listTaskCalls, lockQueuedOfTask, requestStopOfTask } from '../../db/calls.ts'
import type { Database, Tx } from '../../db/connection.ts'
import { lastDue, listNumbers, takeBackNumbers, type StoredNumber } from '../../db/task-numbers.ts'
import { changeTask, findTask, insertTask, listTasks, lockTask, notifyTasks, readTask, type TaskChange, type TaskRow } from '../../db/tasks.ts'
import { InvalidInputError, NotFoundError } from '../../errors.ts'
import { parsePhone, parsePhoneList } from '../../numbering/phone.ts'
import { toRecord } from '../call-record.ts'
import type { Line } from '../line.ts'
import type { DialerSettings } from '../settings.ts'
import type { TrunkDirectory } from '../trunk-directory.ts'
import { addNumbers } from './add-numbers.ts'
import { progressOf, type Progress } from './estimate.ts'
import { effectiveWindows } from './feed-task.ts'
import { giveBack } from './give-back.ts'
import { requireStep, type TaskStatus, type TaskWish } from './life-cycle.ts'
import { makePlan, type TaskPlan } from './plan.ts'
import type { AddedNumbers, NumberFilter, NumberRecord, NumberRow, Page, Paged, StopWish, TaskCall, TaskCallFilter, TaskDesk, TaskDraft, TaskFilter, TaskRecord, TaskScripts, TaskWaiting } from './task-desk.ts'
import { windowAt, type CallingWindows, type WindowVerdict } from './windows.ts'

export type TaskDeskDeps = {
  db: Database
  scripts: TaskScripts
  lines: readonly Line[]
  trunks: TrunkDirectory
  settings: DialerSettings
  now: () => number
}

/** A start further ahead than this is a mistake. */
const scheduleAheadMsMax = 366 * 86_400_000
const pageMax = 1_000
/** More attempts than this within the time that the rate is measured over are as good as all of them. */
const attemptsCountedMax = 100_000

export class DialerTaskDesk implements TaskDesk {
  readonly #deps: TaskDeskDeps
  readonly #numbers: AccountNumbers

  constructor(deps: TaskDeskDeps) {
    this.#deps = deps
    this.#numbers = new AccountNumbers(deps.db)
  }

  async create(accountId: string, draft: TaskDraft): Promise<TaskRecord> {
    const { db, scripts, settings } = this.#deps
    const name = draft.name.trim()
    if (name === '' || name.length > settings.tasks.nameCharsMax) throw new InvalidInputError('name', `任务名称应为 1–${settings.tasks.nameCharsMax} 个字符`)
    const plan = await this.#withOwnNumbers(accountId, makePlan(draft.plan))
    await this.#checkLine(plan)
    const script = await scripts.find(accountId, draft.script, draft.version)
    const task = { accountId, name, scriptId: draft.script, scriptVersion: script.version, source: draft.source ?? 'api', plan, remembered: draft.remembered ?? {}, createdAt: new Date(this.#deps.now()) }
    return toTask(await insertTask(db.sql, task))
  }

  async addNumbers(accountId: string, taskId: string, rows: readonly NumberRow[], key?: string): Promise<AddedNumbers> {
    const task = await this.#find(accountId, taskId)
    return addNumbers(this.#deps, task, rows, key)
  }

  async takeBackNumbers(accountId: string, taskId: string, phones: string): Promise<{ takenBack: number }> {
    const { ok, bad } = parsePhoneList(phones)
    if (bad.length > 0) throw new InvalidInputError('phones', '号码有误，没有撤回任何号码', bad.map(({ value, reason }) => ({ value, reason })))
    const wanted = ok.map(({ phone }) => phone)
    return this.#change(accountId, taskId, 'take-back', async (tx, task) => {
      // What was fed and not dialled is a waiting number, too.
      const fed = (await lockQueuedOfTask(tx, task.id)).filter(({ phone }) => wanted.includes(phone as never))
      await giveBack(tx, fed.map((call) => ({ call })))
      return { takenBack: await takeBackNumbers(tx, task.id, wanted) }
    })
  }

  async start(accountId: string, taskId: string, at?: Date): Promise<TaskRecord> {
    const now = new Date(this.#deps.now())
    if (at !== undefined && !(at.getTime() - now.getTime() <= scheduleAheadMsMax)) throw new InvalidInputError('at', '定时应在一年之内')
    const later = at !== undefined && at > now
    return this.#change(accountId, taskId, later ? 'schedule' : 'start', async (tx, task, status) => {
      if (task.total === 0 && !(task.plan as TaskPlan).keepsOpen) throw new InvalidInputError('task', '任务里还没有号码：请先添加号码')
      await this.#write(tx, task, later ? { status, scheduleAt: at, why: null, whyDetail: null } : running(task, status, now))
      return this.#read(tx, task)
    })
  }

  async pause(accountId: string, taskId: string, wish: StopWish = {}): Promise<TaskRecord> {
    return this.#change(accountId, taskId, 'pause', (tx, task, status) => this.#stop(tx, task, { status, waitingFor: null, why: null, whyDetail: null }, wish))
  }

  async resume(accountId: string, taskId: string): Promise<TaskRecord> {
    return this.#change(accountId, taskId, 'resume', async (tx, task, status) => {
      await this.#write(tx, task, running(task, status, new Date(this.#deps.now())))
      return this.#read(tx, task)
    })
  }

  async cancel(accountId: string, taskId: string, wish: StopWish = {}): Promise<TaskRecord> {
    const finishedAt = new Date(this.#deps.now())
    return this.#change(accountId, taskId, 'cancel', (tx, task, status) => this.#stop(tx, task, { status, waitingFor: null, why: null, whyDetail: null, finishedAt }, wish))
  }

  async cancelSchedule(accountId: string, taskId: string): Promise<TaskRecord> {
    return this.#change(accountId, taskId, 'cancel-schedule', async (tx, task, status) => {
      await this.#write(tx, task, { status, scheduleAt: null })
      return this.#read(tx, task)
    })
  }

  async remove(accountId: string, taskId: string): Promise<void> {
    await this.#change(accountId, taskId, 'remove', (tx, task) => this.#write(tx, task, { removedAt: new Date(this.#deps.now()) }))
  }

  async list(accountId: string, filter: TaskFilter = {}, page: Page = {}): Promise<Paged<TaskRecord>> {
    const { total, rows } = await this.#deps.db.retry('list tasks', () => listTasks(this.#deps.db.sql, { accountId, ...filter }, bounded(page)))
    return { total, items: rows.map(toTask) }
  }

  async detail(accountId: string, taskId: string): Promise<TaskRecord> {
    return toTask(await this.#find(accountId, taskId))
  }

  async numbers(accountId: string, taskId: string, filter: NumberFilter = {}, page: Page = {}): Promise<Paged<NumberRecord>> {
    const { id } = await this.#find(accountId, taskId)
    const { total, rows } = await listNumbers(this.#deps.db.sql, { taskId: id, ...filter, phone: e164(filter.phone) }, bounded(page))
    return { total, items: rows.map(toNumber) }
  }

  async calls(accountId: string, taskId: string, filter: TaskCallFilter = {}, page: Page = {}): Promise<Paged<TaskCall>> {
    const { id } = await this.#find(accountId, taskId)
    const { total, rows } = await listTaskCalls(this.#deps.db.sql, { taskId: id, ...filter, phone: e164(filter.phone) }, bounded(page))
    return { total, items: rows.map((row) => ({ ...toRecord(row, this.#deps.now()), seq: row.taskSeq! })) }
  }

  async progress(accountId: string, taskId: string): Promise<Progress> {
    const { db, settings, now } = this.#deps
    const task = await this.#find(accountId, taskId)
    const plan = task.plan as TaskPlan
    const nowMs = now()
    const sinceMs = Math.max(nowMs - settings.tasks.rateMs, task.startedAt?.getTime() ?? nowMs)
    const attempts = await countTaskAttempts(db.sql, task.id, new Date(sinceMs), attemptsCountedMax)
    const last = task.status === 'running' && task.waiting > 0 ? await lastDue(db.sql, task.id) : undefined
    return progressOf({
      status: task.status as TaskStatus,
      counts: toTask(task).counts,
      waitingFor: (task.waitingFor ?? undefined) as TaskWaiting | undefined,
      lately: { attempts, sinceMs },
      lastDueMs: last?.getTime(),
      windows: this.#windowsOf(plan),
      retry: plan.retry,
      nowMs,
    })
  }

  async windowAt(accountId: string, taskId: string, at: Date): Promise<WindowVerdict> {
    return windowAt(at.getTime(), this.#windowsOf((await this.#find(accountId, taskId)).plan as TaskPlan))
  }

  #windowsOf(plan: TaskPlan): CallingWindows | undefined {
    return effectiveWindows(plan, this.#lineOf(plan) ?? { exempt: { hours: false, frequency: false } }, this.#deps.settings.hours)
  }

  /** Nothing more of it is dialled after this: what was fed goes back in the same transaction. */
  async #stop(tx: Tx, task: TaskRow, change: TaskChange, { hangUp }: StopWish): Promise<TaskRecord> {
    const queued = await lockQueuedOfTask(tx, task.id)
    if (hangUp) await requestStopOfTask(tx, task.id, new Date(this.#deps.now()))
    await giveBack(tx, queued.map((call) => ({ call })))
    await this.#write(tx, task, change)
    return this.#read(tx, task)
  }

  /** In one transaction, while nobody feeds the task or changes its state. Tried again while the database is away: what was committed already is done once more, to the same effect. */
  async #change<T>(accountId: string, taskId: string, wish: TaskWish, work: (tx: Tx, task: TaskRow, status: TaskStatus) => Promise<T>): Promise<T> {
    const id = numberOf(taskId)
    let reached: TaskStatus | undefined
    const change = (): Promise<T> =>
      this.#deps.db.transaction(async (tx) => {
        if (id !== undefined) await lockTask(tx, id)
        const task = id === undefined ? undefined : await (reached === undefined ? findTask(tx, accountId, id) : readTask(tx, id))
        if (task === undefined) throw noTask(taskId)
        reached = reached !== undefined && task.status === reached ? reached : requireStep(task.status as TaskStatus, wish)
        return work(tx, task, reached)
      })
    return this.#deps.db.retry(`${wish} a task`, change, { withinMs: 3_000 })
  }

  async #write(tx: Tx, task: TaskRow, change: TaskChange): Promise<void> {
    await changeTask(tx, task.id, change)
    await notifyTasks(tx)
  }

  async #read(tx: Tx, { id }: TaskRow): Promise<TaskRecord> {
    return toTask((await readTask(tx, id))!)
  }

  async #find(accountId: string, taskId: string): Promise<TaskRow> {
    const id = numberOf(taskId)
    const task = id === undefined ? undefined : await this.#deps.db.retry('look up a task', () => findTask(this.#deps.db.sql, accountId, id))
    if (task === undefined) throw noTask(taskId)
    return task
  }

  #lineOf({ line: trunk }: TaskPlan): Line | undefined {
    const { lines, trunks } = this.#deps
    const name = trunk !== undefined ? trunks.lineOf(trunk) : trunks.hasStored ? trunks.storedLine : lines[0]?.name
    return lines.find((line) => line.name === name)
  }

  /** An account that has numbers of its own shows no others. Errors: InvalidInputError for a wish that it may not have. */
  async #withOwnNumbers(accountId: string, plan: TaskPlan): Promise<TaskPlan> {
    const { foreign, bound } = await this.#numbers.rights(accountId, plan.callers)
    if (foreign !== undefined) throw new InvalidInputError('plan.callers', `号码 ${foreign} 不属于本账户，不能外显`)
    const line = this.#lineOf(plan)
    if (!bound || plan.callers.length > 0 || line === undefined || line.exempt.hours) return plan
    const own = new Set(await this.#numbers.list(accountId))
    const callers = this.#shownOn(line, plan).filter((number) => own.has(number))
    if (callers.length === 0) throw new InvalidInputError('plan.callers', '已启用的线路没有本账户登记的号码')
    return { ...plan, callers }
  }

  #shownOn(line: Line, plan: TaskPlan): string[] {
    return this.#deps.trunks.of(line.name).filter(({ name }) => plan.line === undefined || name === plan.line).flatMap(({ callers }) => callers.map(({ number }) => number))
  }

  /** Errors: InvalidInputError for a trunk or a number that there is not. */
  async #checkLine(plan: TaskPlan): Promise<void> {
    const { trunks } = this.#deps
    const check = (): string | undefined => {
      if (plan.line !== undefined && trunks.lineOf(plan.line) === undefined) return 'line'
      const line = this.#lineOf(plan)
      if (line === undefined || line.exempt.hours) return undefined
      const shown = this.#shownOn(line, plan)
      return plan.callers.every((caller) => shown.includes(caller)) ? undefined : 'callers'
    }
    // Perhaps it was set up a moment ago.
    if (check() !== undefined) await trunks.reload()
    const wrong = check()
    if (wrong === 'line') throw new InvalidInputError('plan.line', `没有已启用的线路 ${plan.line}`)
    if (wrong === 'callers') throw new InvalidInputError('plan.callers', '线路没有其中的主叫号码：只能用已启用线路的号码')
  }
}

function running(task: TaskRow, status: TaskStatus, now: Date): TaskChange {
  // Failures of before do not stop it again; what fails now does.
  return { status, startedAt: task.startedAt ?? now, why: null, whyDetail: null, waitingFor: null, lineDownSince: null, recent: [] }
}

function bounded({ offset = 0, limit = 100 }: Page): { offset: number; limit: number } {
  return { offset: Math.max(0, Math.trunc(offset)), limit: Math.min(pageMax, Math.max(1, Math.trunc(limit))) }
}

/** Digits only; anything else is no task. */
function numberOf(taskId: string): number | undefined {
  return /^\d{1,15}$/.test(taskId) ? Number(taskId) : undefined
}

function noTask(taskId: string): NotFoundError {
  return new NotFoundError('task', `没有任务 ${taskId.slice(0, 40)}：请检查任务编号和所用的密钥`)
}

/** A number that cannot be read is nobody's. */
function e164(phone: string | undefined): string | undefined {
  if (phone === undefined) return undefined
  const parsed = parsePhone(phone)
  return parsed.ok ? parsed.phone.phone : phone
}

export function toTask(row: TaskRow): TaskRecord {
  const { total, waiting, waitingRetry, waitingFrequency, calling, done, refused, takenBack, answered, attempts, talkMs, costLi } = row
  return {
    id: String(row.id),
    accountId: row.accountId,
    name: row.name,
    script: row.scriptId,
    scriptVersion: row.scriptVersion,
    source: row.source,
    plan: row.plan as TaskPlan,
    remembered: row.remembered,
    status: row.status as TaskStatus,
    why: row.why ?? undefined,
    whyDetail: row.whyDetail ?? undefined,
    waitingFor: row.status === 'running' ? ((row.waitingFor ?? undefined) as TaskWaiting | undefined) : undefined,
    scheduleAt: row.scheduleAt ?? undefined,
    createdAt: row.createdAt,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    counts: { total, waiting, waitingRetry, waitingFrequency, calling, done, refused, takenBack, answered, attempts, talkMs, costLi },
  }
}

function toNumber(row: StoredNumber): NumberRecord {
  return {
    ...row,
    waitingFor: row.waitingFor ?? undefined,
    attempts: row.past.length,
    past: row.past as Outcome[],
    lastCallId: row.lastCallId ?? undefined,
    outcome: (row.outcome ?? undefined) as Outcome | undefined,
    conversation: row.conversation ?? undefined,
    label: row.label ?? undefined,
  }
}
