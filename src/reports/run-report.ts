// Knows how a report is asked for, run within bounds, and written as CSV. Does not know any report.
import type { Database } from '../db/connection.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { csvLine, csvStart } from '../tables/csv-writer.ts'
import { reports } from './index.ts'
import { rowsMax, type Column, type Report, type ReportQuery, type ReportRow } from './report.ts'

export const reportLimits = {
  /** A quarter. Longer ones are asked for in parts, or by task. */
  daysMax: 92,
  daysByDefault: 7,
} as const

/** Days in China as 2026-03-05, both included. Without a task the last 7 days; with one all of its time. */
export type ReportWish = { from?: string | undefined; to?: string | undefined; task?: string | undefined; script?: string | undefined }

export type ReportAnswer = {
  name: string
  title: Report['title']
  about: string
  columns: readonly Column[]
  rows: ReportRow[]
  /** The same days, as they were taken; undefined: all of the task's time. */
  from: string | undefined
  to: string | undefined
  /** There were more rows than are answered. */
  cut: boolean
}

/** What the APIs ask of reports. */
export class ReportDesk {
  readonly #db: Database
  readonly #now: () => number

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
  }

  /** Errors: see runReport. */
  run(accountId: string, name: string, wish: ReportWish): Promise<ReportAnswer> {
    return runReport(this.#db, accountId, name, wish, this.#now())
  }
}

const dayMs = 86_400_000

/** Errors: NotFoundError 'report'; InvalidInputError for days, a task or a script that cannot be; OverloadedError when the database is away. */
export async function runReport(db: Database, accountId: string, name: string, wish: ReportWish, nowMs: number = Date.now()): Promise<ReportAnswer> {
  const report = Object.hasOwn(reports, name) ? (reports as Record<string, Report>)[name] : undefined
  if (report === undefined) throw new NotFoundError('report', `没有报表“${name}”，只有：${Object.keys(reports).join('、')}。 There is no such report.`)
  const { query, from, to } = queryOf(accountId, wish, nowMs)
  if (report.needs === 'script-or-task' && query.script === undefined && query.taskId === undefined) throw new InvalidInputError('script', '这个报表要指明话术（script）或任务（task）。 Name a script or a task.')
  const { rows } = await db.retry('report', () => report.sql(query).execute(db.sql), { withinMs: 3_000 })
  return { name, title: report.title, about: report.about, columns: report.columns, rows, from, to, cut: rows.length === rowsMax }
}

/** Pure. */
function queryOf(accountId: string, wish: ReportWish, nowMs: number): { query: ReportQuery; from: string | undefined; to: string | undefined } {
  if (wish.task !== undefined && !/^\d{1,15}$/.test(wish.task)) throw new InvalidInputError('task', 'task 应为任务编号（数字）。 It is the number of a task.')
  if (wish.script !== undefined && !/^[a-z][a-z0-9-]{1,59}$/.test(wish.script)) throw new InvalidInputError('script', 'script 应为话术编号。 It is the id of a script.')
  const taskId = wish.task === undefined ? undefined : Number(wish.task)
  const all = taskId !== undefined && wish.from === undefined && wish.to === undefined
  const to = all ? undefined : (wish.to ?? dayText(nowMs))
  const before = to === undefined ? undefined : new Date(midnight('to', to) + dayMs)
  const from = all ? undefined : (wish.from ?? dayText(before!.getTime() - reportLimits.daysByDefault * dayMs))
  const since = from === undefined ? undefined : new Date(midnight('from', from))
  if (since && before && since >= before) throw new InvalidInputError('from', 'from 应不晚于 to。 It is not after “to”.')
  if (since && before && before.getTime() - since.getTime() > reportLimits.daysMax * dayMs) throw new InvalidInputError('from', `一次最多 ${reportLimits.daysMax} 天：请分段查询，或只查一个任务。 At most that many days at once: ask in parts, or by task.`)
  return { query: { accountId, from: since, before, taskId, script: wish.script }, from, to }
}

/** China has had one time zone and no summer time since 1992. */
function midnight(field: string, day: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00+08:00`) : Number.NaN
  if (Number.isNaN(at) || dayText(at) !== day) throw new InvalidInputError(field, `${field} 应为日期，如 2026-03-05。 It is a date.`)
  return at
}

function dayText(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10)
}

/** With titles of the columns; shares as percents, money in RMB. */
export function reportCsv({ columns, rows }: Pick<ReportAnswer, 'columns' | 'rows'>): string {
  return [csvStart + csvLine(columns.map(({ title, name }) => `${title} ${name}`)), ...rows.map((row) => csvLine(columns.map((column) => shown(column, row[column.name] ?? null))))].join('')
}

export function shown({ kind }: Column, value: string | number | null): string {
  if (value === null) return ''
  if (kind === 'share') return `${(Number(value) * 100).toFixed(2)}%`
  if (kind === 'li') return (Number(value) / 1_000).toFixed(3)
  return String(value)
}
