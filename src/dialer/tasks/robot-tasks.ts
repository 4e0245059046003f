// Knows tasks as clients order them that name robots by number: under their company's name, with all numbers at once. Does not know HTTP or wire formats.
import { findAccount } from '../../db/accounts.ts'
import type { Database } from '../../db/connection.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../../errors.ts'
import type { Script } from '../../robot/script/schema.ts'
import type { ScriptDesk, ScriptSummary } from '../script-desk.ts'
import type { RetryPlan } from './plan.ts'
import type { AddedNumbers, NumberRow, RefusedRow, TaskCall, TaskDesk, TaskRecord } from './task-desk.ts'
import { taskTalks, type TalkDetail, type TaskTalk } from './task-talks.ts'

export type RobotOrder = {
  name: string
  /** Number of a script. */
  robot: number
  /** Must be the organisation of the account; undefined: not told. */
  company: string | undefined
  /** Numbers to show, as the customer wrote them. */
  callers: readonly string[]
  retry: RetryPlan
  /** Receipts tell what was recognised before the answer. */
  earlyMedia: boolean
  /** What the face wants to find again; the robot's number and name are added. */
  remembered: Readonly<Record<string, unknown>>
}

export type RobotTasksDeps = {
  db: Database
  tasks: TaskDesk
  scripts: Pick<ScriptDesk, 'findByNumber' | 'list' | 'version'>
  /** Unix milliseconds; the wall clock unless a test says otherwise. */
  now?: (() => number) | undefined
}

/** What a robot task remembers of itself, in `remembered`. */
export type RobotOfTask = { robot: number; robotName: string; earlyMedia: boolean }

/** Rows of one addition; more are added in several. */
const rowsPerAdd = 5_000
/** As published. */
const numbersPerTaskMax = 300_000
/** A start "now" that took a while to arrive is not over. */
const lateMsMax = 60_000

export class RobotTasks {
  readonly tasks: TaskDesk
  readonly #db: Database
  readonly #scripts: RobotTasksDeps['scripts']
  readonly #now: () => number

  constructor({ db, tasks, scripts, now = Date.now }: RobotTasksDeps) {
    this.#db = db
    this.tasks = tasks
    this.#scripts = scripts
    this.#now = now
  }

  /** Errors: InvalidInputError 'company'; NotFoundError 'script'; those of TaskDesk.create. */
  async create(accountId: string, { name, robot, company, callers, retry, earlyMedia, remembered }: RobotOrder): Promise<TaskRecord> {
    await this.#assertCompany(accountId, company)
    const { id, title, number } = await this.#scripts.findByNumber(accountId, robot)
    return await this.tasks.create(accountId, {
      name, script: id, source: 'aliyun',
      plan: { callers: callers.map((caller) => caller.replace(/[\s-]/g, '')), retry, keepsOpen: false },
      remembered: { ...remembered, ...({ robot: number, robotName: title, earlyMedia } satisfies RobotOfTask) },
    })
  }

  /**
   * A task with its numbers, started: all of it or nothing. Until the last step nothing is dialled, so that a process that dies on the way leaves
   * a task that never began. Callees on the do-not-call list are left out, unless nobody is left.
   * Errors: as `create` and `add`; those of TaskDesk.start.
   */
  async batch(accountId: string, order: RobotOrder, rows: readonly NumberRow[], at: Date | undefined): Promise<TaskRecord> {
    const { id } = await this.create(accountId, order)
    try {
      await this.add(accountId, id, rows)
      return await this.start(accountId, id, at)
    } catch (error) {
      // What could not be removed is a draft of which nobody knows.
      await this.tasks.remove(accountId, id).catch(() => undefined)
      throw error
    }
  }

  /** Errors: those of TaskDesk.start; InvalidInputError 'at' for a time that is over, 'at-outside-hours' where nobody is called at that time. */
  async start(accountId: string, taskId: string, at: Date | undefined): Promise<TaskRecord> {
    if (at !== undefined) {
      if (at.getTime() < this.#now() - lateMsMax) throw new InvalidInputError('at', '定时的时间已经过去')
      const window = await this.tasks.windowAt(accountId, taskId, at)
      if (!window.open) throw new InvalidInputError('at-outside-hours', '定时的时间不在可呼时段内')
    }
    return await this.tasks.start(accountId, taskId, at)
  }

  /**
   * Adds numbers; the same ones again change nothing.
   * Errors: when any number is refused, though the others stay: InvalidInputError 'phones', 'template-missing', 'template-value', 'too-many-numbers';
   * RefusedError 'never-dial'; 'do-not-call' when that leaves nobody.
   */
  async add(accountId: string, taskId: string, rows: readonly NumberRow[]): Promise<AddedNumbers> {
    const { total } = (await this.tasks.detail(accountId, taskId)).counts
    if (total + rows.length > numbersPerTaskMax) throw new InvalidInputError('too-many-numbers', `一个任务最多 ${numbersPerTaskMax} 个号码，已有 ${total} 个`)
    const all: AddedNumbers = { added: 0, refused: [], replayed: false }
    for (let from = 0; from < rows.length; from += rowsPerAdd) {
      const { added, refused } = await this.tasks.addNumbers(accountId, taskId, rows.slice(from, from + rowsPerAdd))
      all.added += added
      all.refused.push(...refused.map((row) => ({ ...row, row: row.row + from })))
    }
    const wrong = all.refused.find(({ code }) => code !== 'duplicate' && code !== 'do-not-call') ?? (all.refused.length === rows.length ? all.refused.find(({ code }) => code === 'do-not-call') : undefined)
    if (wrong) throw refusal(wrong, all)
    return all
  }

  /** Those that a task can name, and drafts of them. */
  robots(accountId: string): Promise<ScriptSummary[]> {
    return this.#scripts.list(accountId)
  }

  /** The script that the calls of a task speak; undefined when it cannot be read now. */
  async scriptOf(task: Pick<TaskRecord, 'accountId' | 'script' | 'scriptVersion'>): Promise<Script | undefined> {
    return await this.#scripts.version(task.accountId, task.script, task.scriptVersion).catch(() => undefined)
  }

  /** What was said in calls of one task. */
  async talks(calls: readonly TaskCall[], detail: TalkDetail): Promise<ReadonlyMap<string, TaskTalk>> {
    return await taskTalks(this.#db, calls.map(({ id }) => id), detail)
  }

  async #assertCompany(accountId: string, company: string | undefined): Promise<void> {
    if (company === undefined) return
    const account = await findAccount(this.#db.sql, accountId)
    if (!account) throw new NotFoundError('account', '账户不存在或已关闭')
    if (account.organisation === undefined) throw new InvalidInputError('company', '账户没有登记公司名称：请管理员先登记（waihu account set --organisation）')
    if (account.organisation !== company.trim()) throw new InvalidInputError('company', '公司名称与账户登记的不一致')
  }
}

/** The field of each kind of refusal that is a mistake of the caller. */
const fieldOf = { 'bad-number': 'phones', duplicate: 'phones', 'variable-missing': 'template-missing', 'bad-variable': 'template-value', expired: 'template-value' } as const

/** Told by its first; the others are counted. */
function refusal({ code, phone, reason }: RefusedRow, { added, refused }: AddedNumbers): Error {
  const items = refused.filter((row) => row.code === code).map((row) => ({ value: row.phone, reason: row.reason }))
  const message = `${phone}：${reason}${items.length > 1 ? `（共 ${items.length} 个）` : ''}${added > 0 ? `，其余 ${added} 个有效` : ''}`
  if (code === 'never-dial' || code === 'do-not-call') return new RefusedError(code, message, { items })
  return new InvalidInputError(fieldOf[code], message, items)
}
