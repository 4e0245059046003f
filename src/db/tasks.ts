// Knows the tasks table: plan, state and counters of each task. Does not know the rules that decide what to write.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb, toText } from './jsonb.ts'

/** A task may be dialled, or must not be any more; no payload. */
export const tasksChannel = 'tasks_changed'

/** A task as stored. Money in 厘. `plan`, `status` and `waitingFor` as the dialer wrote them. */
export type TaskRow = {
  id: number
  accountId: string
  name: string
  scriptId: string
  scriptVersion: number
  source: 'api' | 'aliyun'
  plan: unknown
  remembered: Record<string, unknown>
  status: string
  why: string | null
  whyDetail: string | null
  scheduleAt: Date | null
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
  waitingFor: string | null
  lineDownSince: Date | null
  recent: string[]
  total: number
  waiting: number
  waitingRetry: number
  waitingFrequency: number
  calling: number
  done: number
  refused: number
  takenBack: number
  answered: number
  attempts: number
  talkMs: number
  costLi: number
}

const taskColumns = sql`
  t.id, t.account_id as "accountId", t.name, t.script_id as "scriptId", t.script_version as "scriptVersion", t.source, t.plan, t.remembered,
  t.status, t.why, t.why_detail as "whyDetail", t.schedule_at as "scheduleAt", t.created_at as "createdAt", t.started_at as "startedAt",
  t.finished_at as "finishedAt", t.waiting_for as "waitingFor", t.line_down_since as "lineDownSince", t.recent, t.total, t.waiting,
  t.waiting_retry as "waitingRetry", t.waiting_frequency as "waitingFrequency", t.calling, t.done, t.refused, t.taken_back as "takenBack",
  t.answered, t.attempts, t.talk_ms as "talkMs", t.cost_li as "costLi"`

export type NewTask = { accountId: string; name: string; scriptId: string; scriptVersion: number; source: string; plan: unknown; remembered: unknown; createdAt: Date }

export async function insertTask(db: Queryable, task: NewTask): Promise<TaskRow> {
  const { rows } = await sql<TaskRow>`
    insert into tasks as t (account_id, name, script_id, script_version, source, plan, remembered, created_at)
    values (${task.accountId}, ${toText(task.name)}, ${task.scriptId}, ${task.scriptVersion}, ${task.source}, ${toJsonb(task.plan)}::jsonb, ${toJsonb(task.remembered)}::jsonb, ${task.createdAt})
    returning ${taskColumns}`.execute(db)
  return rows[0]!
}

export async function findTask(db: Queryable, accountId: string, id: number): Promise<TaskRow | undefined> {
  const { rows } = await sql<TaskRow>`select ${taskColumns} from tasks t where t.id = ${id} and t.account_id = ${accountId} and t.removed_at is null`.execute(db)
  return rows[0]
}

/** Whoever it belongs to; also when it was removed meanwhile. */
export async function readTask(db: Queryable, id: number): Promise<TaskRow | undefined> {
  const { rows } = await sql<TaskRow>`select ${taskColumns} from tasks t where t.id = ${id}`.execute(db)
  return rows[0]
}

/**
 * Only one transaction at a time feeds a task or changes its state; held until the end of the transaction. No row is locked by it, so that
 * settlements, which move the counters as their last step, never wait.
 */
export async function lockTask(tx: Tx, id: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('task:' || ${id}, 0))`.execute(tx)
}

/** The same without waiting; false when somebody else has it. */
export async function tryLockTask(tx: Tx, id: number): Promise<boolean> {
  const { rows } = await sql<{ ours: boolean }>`select pg_try_advisory_xact_lock(hashtextextended('task:' || ${id}, 0)) as ours`.execute(tx)
  return rows[0]!.ours
}

export type TaskChange = {
  status?: string
  why?: string | null
  whyDetail?: string | null
  scheduleAt?: Date | null
  startedAt?: Date | null
  finishedAt?: Date | null
  removedAt?: Date | null
  waitingFor?: string | null
  lineDownSince?: Date | null
  recent?: string[]
}

const columnOf: Record<keyof TaskChange, string> = {
  status: 'status',
  why: 'why',
  whyDetail: 'why_detail',
  scheduleAt: 'schedule_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  removedAt: 'removed_at',
  waitingFor: 'waiting_for',
  lineDownSince: 'line_down_since',
  recent: 'recent',
}

/** Writes what is named. The caller holds the task's lock. */
export async function changeTask(db: Queryable, id: number, change: TaskChange): Promise<void> {
  const sets = (Object.keys(change) as (keyof TaskChange)[]).map((name) => sql`${sql.ref(columnOf[name])} = ${change[name] ?? (name === 'recent' ? [] : null)}`)
  if (sets.length > 0) await sql`update tasks set ${sql.join(sets)} where id = ${id}`.execute(db)
}

/** Wakes feeders and whoever watches when the transaction commits. */
export async function notifyTasks(db: Queryable): Promise<void> {
  await sql`select pg_notify(${tasksChannel}, '')`.execute(db)
}

/** Tasks that a feeder has to look at: running, out of money, or scheduled and due. */
export async function openTasks(db: Queryable, now: Date): Promise<TaskRow[]> {
  const { rows } = await sql<TaskRow>`
    select ${taskColumns} from tasks t
    where t.status in ('scheduled', 'running', 'out-of-money') and t.removed_at is null and (t.status <> 'scheduled' or t.schedule_at <= ${now})
    order by t.id`.execute(db)
  return rows
}

/** Ends a running task that has nothing to do any more. False when numbers were added meanwhile. */
export async function finishIdleTask(db: Queryable, id: number, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update tasks set status = 'finished', finished_at = ${now}, waiting_for = null
    where id = ${id} and status in ('running', 'out-of-money') and waiting = 0 and calling = 0 returning id`.execute(db)
  return rows.length > 0
}

export type TaskListFilter = { accountId: string; status?: readonly string[] | undefined; name?: string | undefined; createdFrom?: Date | undefined; createdBefore?: Date | undefined }

/** Newest first, with how many there are in all. */
export async function listTasks(db: Queryable, filter: TaskListFilter, page: { offset: number; limit: number }): Promise<{ total: number; rows: TaskRow[] }> {
  const where = sql`
    t.account_id = ${filter.accountId} and t.removed_at is null
    and (${filter.status ?? null}::text[] is null or t.status = any (${filter.status ?? null}::text[]))
    and (${filter.name ?? null}::text is null or position(${filter.name ?? null} in t.name) > 0)
    and (${filter.createdFrom ?? null}::timestamptz is null or t.created_at >= ${filter.createdFrom ?? null})
    and (${filter.createdBefore ?? null}::timestamptz is null or t.created_at < ${filter.createdBefore ?? null})`
  const counted = await sql<{ n: number }>`select count(*)::int as n from tasks t where ${where}`.execute(db)
  const { rows } = await sql<TaskRow>`select ${taskColumns} from tasks t where ${where} order by t.id desc offset ${page.offset} limit ${page.limit}`.execute(db)
  return { total: counted.rows[0]!.n, rows }
}

/** Those of the tasks whose face remembers `true` under the name. */
export async function tasksRemembering(db: Queryable, ids: readonly number[], name: string): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`select id from tasks where id = any (${ids}::bigint[]) and remembered -> ${name} = 'true'::jsonb`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

export type CounterDifference = { id: number; counters: number[]; rows: number[] }

/** Tasks whose counters are not the sums of their rows. Reads all numbers: for checks, not for every minute. */
export async function counterDifferences(db: Queryable): Promise<CounterDifference[]> {
  const { rows } = await sql<CounterDifference>`
    with sums as (
      select t.id,
        array[t.total, t.waiting, t.waiting_retry, t.waiting_frequency, t.calling, t.done, t.refused, t.taken_back, t.answered, t.attempts, t.talk_ms, t.cost_li]::float8[] as counters,
        array[count(n.seq), count(*) filter (where n.state = 'waiting'), count(*) filter (where n.state = 'waiting' and n.waiting_for = 'retry'),
              count(*) filter (where n.state = 'waiting' and n.waiting_for = 'frequency'), count(*) filter (where n.state = 'calling'),
              count(*) filter (where n.state = 'done'), count(*) filter (where n.state = 'refused'), count(*) filter (where n.state = 'taken-back'),
              count(*) filter (where n.answered), coalesce(sum(n.attempts), 0), coalesce(sum(n.talk_ms), 0), coalesce(sum(n.cost_li), 0)]::float8[] as rows
      from tasks t left join task_numbers n on n.task_id = t.id group by t.id)
    select * from sums where counters <> rows order by id`.execute(db)
  return rows
}
