// Knows what a report is: title, columns with their definitions, and one query. Does not know which reports exist or who reads them.
import { sql, type RawBuilder } from 'kysely'

/** `share`: 0 to 1, null where there is nothing to take a share of. `li`: 0.001 RMB. */
export type ColumnKind = 'text' | 'count' | 'share' | 'seconds' | 'li'

export type Column = {
  name: string
  title: string
  kind: ColumnKind
  /** What exactly is counted, and out of what. */
  help: string
}

/** What every report is asked for. Instants; `before` is not part of it. */
export type ReportQuery = {
  accountId: string
  from: Date | undefined
  before: Date | undefined
  /** Calls of this task only. */
  taskId: number | undefined
  /** Calls by this script only. */
  script: string | undefined
}

export type ReportRow = Record<string, string | number | null>

export type Report = {
  title: { zh: string; en: string }
  /** Which calls are looked at, and when one belongs to a day. */
  about: string
  /** Other than the days, the task and the script, which all take: which of them must be given. */
  needs?: 'script-or-task' | undefined
  columns: readonly Column[]
  /** Rows in the order in which they are shown, at most `rowsMax`. Columns have the names above. */
  sql(query: ReportQuery): RawBuilder<ReportRow>
}

export const rowsMax = 5_000

export const count = (name: string, title: string, help: string): Column => ({ name, title, kind: 'count', help })
export const share = (name: string, title: string, help: string): Column => ({ name, title, kind: 'share', help })
export const text = (name: string, title: string, help: string): Column => ({ name, title, kind: 'text', help })
export const seconds = (name: string, title: string, help: string): Column => ({ name, title, kind: 'seconds', help })
export const li = (name: string, title: string, help: string): Column => ({ name, title, kind: 'li', help })

/** The day in China on which a call was dialled, as 2026-03-05. */
export const dialedDay = sql<string>`to_char(c.dialing_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD')`

/**
 * Calls that were dialled in the asked time and are over: `from calls c where …`. The index calls_account_dialed (or that of the task)
 * bounds what is read.
 */
export function dialedCalls(query: ReportQuery): RawBuilder<unknown> {
  return sql`c.account_id = ${query.accountId} and c.status = 'ended' and c.dialing_at is not null
    ${query.from === undefined ? sql`` : sql`and c.dialing_at >= ${query.from}`} ${query.before === undefined ? sql`` : sql`and c.dialing_at < ${query.before}`}
    ${theirs(query)}`
}

export function theirs({ taskId, script }: ReportQuery): RawBuilder<unknown> {
  return sql`${taskId === undefined ? sql`` : sql`and c.task_id = ${taskId}`} ${script === undefined ? sql`` : sql`and c.robot ->> 'kind' = 'script' and c.robot ->> 'script' = ${script}`}`
}

/** A part of a whole, with four digits; null when the whole is nothing. */
export const ratio = (part: RawBuilder<unknown>, whole: RawBuilder<unknown>): RawBuilder<number | null> => sql<number | null>`round(${part}::numeric / nullif(${whole}, 0), 4)::float8`

/** Somebody picked up, and was not found to be a machine. */
export const byPerson = sql`c.outcome = 'answered'`
/** Somebody or something picked up: these are billed. */
export const pickedUp = sql`c.answered_at is not null`
