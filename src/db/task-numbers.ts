// Knows the task_numbers table: the numbers of tasks, what they wait for and how they ended. Does not know the rules that decide what to write.
import { sql } from 'kysely'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb, toText } from './jsonb.ts'

/** A number that waits for its turn. */
export type WaitingNumber = { seq: number; phone: string; phoneAsGiven: string; vars: Record<string, string>; past: string[]; lastCallId: string | null; addedAt: Date; expiresAt: Date | null }

export type NewNumber = { phone: string; phoneAsGiven: string; vars: Readonly<Record<string, string>>; expiresAt: Date | undefined }

/** Adds numbers that the task does not have yet, in this order; answers which. One statement however many there are. */
export async function insertNumbers(tx: Tx, taskId: number, numbers: readonly NewNumber[], now: Date): Promise<Set<string>> {
  const { rows } = await sql<{ phone: string }>`
    insert into task_numbers (task_id, phone, phone_as_given, vars, due_at, added_at, expires_at)
    select ${taskId}, v.phone, v.given, v.vars::jsonb, ${now}::timestamptz, ${now}::timestamptz, v.expires_at
    from unnest(${numbers.map(({ phone }) => phone)}::text[], ${numbers.map(({ phoneAsGiven }) => toText(phoneAsGiven))}::text[],
                ${numbers.map(({ vars }) => toJsonb(vars))}::text[], ${numbers.map(({ expiresAt }) => expiresAt ?? null)}::timestamptz[])
         with ordinality as v (phone, given, vars, expires_at, nth)
    order by v.nth
    on conflict (task_id, phone) do nothing returning phone`.execute(tx)
  return new Set(rows.map(({ phone }) => phone))
}

/** Numbers that may be called now, those that wait longest first, locked. Two processes never see the same number. */
export async function lockDueNumbers(tx: Tx, taskId: number, now: Date, limit: number): Promise<WaitingNumber[]> {
  const { rows } = await sql<WaitingNumber>`
    select seq, phone, phone_as_given as "phoneAsGiven", vars, past, last_call_id as "lastCallId", added_at as "addedAt", expires_at as "expiresAt"
    from task_numbers where task_id = ${taskId} and state = 'waiting' and due_at <= ${now}
    order by due_at, seq limit ${limit} for update skip locked`.execute(tx)
  return rows
}

/** How many numbers of each task may be called now, counted up to `limit`. */
export async function countDueNumbers(db: Queryable, taskIds: readonly number[], now: Date, limit: number): Promise<Map<number, number>> {
  const { rows } = await sql<{ id: number; n: number }>`
    select t.id, (select count(*) from (select 1 from task_numbers n where n.task_id = t.id and n.state = 'waiting' and n.due_at <= ${now} limit ${limit}) as due)::int as n
    from unnest(${taskIds}::bigint[]) as t (id)`.execute(db)
  return new Map(rows.map(({ id, n }) => [id, n]))
}

/** Locked waiting numbers are about to be called. */
export async function markCalling(tx: Tx, taskId: number, seqs: readonly number[]): Promise<void> {
  await sql`update task_numbers set state = 'calling', waiting_for = null where task_id = ${taskId} and seq = any (${seqs}::bigint[]) and state = 'waiting'`.execute(tx)
}

/** Locked waiting numbers wait for later. */
export async function deferNumbers(tx: Tx, taskId: number, numbers: readonly { seq: number; dueAt: Date }[], why: 'frequency'): Promise<void> {
  if (numbers.length === 0) return
  await sql`
    update task_numbers n set due_at = v.due_at, waiting_for = ${why}
    from unnest(${numbers.map(({ seq }) => seq)}::bigint[], ${numbers.map(({ dueAt }) => dueAt)}::timestamptz[]) as v (seq, due_at)
    where n.task_id = ${taskId} and n.seq = v.seq and n.state = 'waiting'`.execute(tx)
}

/** Locked waiting numbers that may not be called at all. */
export async function refuseNumbers(tx: Tx, taskId: number, numbers: readonly { seq: number; outcome: string }[]): Promise<void> {
  if (numbers.length === 0) return
  await sql`
    update task_numbers n set state = 'refused', waiting_for = null, outcome = v.outcome
    from unnest(${numbers.map(({ seq }) => seq)}::bigint[], ${numbers.map(({ outcome }) => outcome)}::text[]) as v (seq, outcome)
    where n.task_id = ${taskId} and n.seq = v.seq and n.state = 'waiting'`.execute(tx)
}

/** Numbers whose calls were taken back before they were dialled wait again; `dueAt` undefined: in their old place. */
export async function returnNumbers(tx: Tx, numbers: readonly { taskId: number; seq: number; dueAt: Date | undefined; why: 'frequency' | undefined }[]): Promise<void> {
  await sql`
    update task_numbers n set state = 'waiting', due_at = coalesce(v.due_at, n.due_at), waiting_for = coalesce(v.why, case when n.attempts > 0 then 'retry' end)
    from unnest(${numbers.map(({ taskId }) => taskId)}::bigint[], ${numbers.map(({ seq }) => seq)}::bigint[], ${numbers.map(({ dueAt }) => dueAt ?? null)}::timestamptz[],
                ${numbers.map(({ why }) => why ?? null)}::text[]) as v (task_id, seq, due_at, why)
    where n.task_id = v.task_id and n.seq = v.seq and n.state = 'calling'`.execute(tx)
}

/** Numbers of a task that wait and are not to be called any more. */
export async function takeBackNumbers(tx: Tx, taskId: number, phones: readonly string[]): Promise<number> {
  const { rows } = await sql`
    update task_numbers set state = 'taken-back', waiting_for = null
    where task_id = ${taskId} and phone = any (${phones}::text[]) and state = 'waiting' returning seq`.execute(tx)
  return rows.length
}

/** The number that a call is an attempt of, locked, with the plan of its task; undefined when it is not being called (any more). */
export async function lockCalledNumber(tx: Tx, taskId: number, seq: number): Promise<{ past: string[]; plan: unknown } | undefined> {
  const { rows } = await sql<{ past: string[]; plan: unknown }>`
    select n.past, t.plan from task_numbers n join tasks t on t.id = n.task_id
    where n.task_id = ${taskId} and n.seq = ${seq} and n.state = 'calling' for update of n`.execute(tx)
  return rows[0]
}

export type NumberResult = {
  taskId: number
  seq: number
  state: 'waiting' | 'done' | 'refused'
  dueAt: Date
  past: readonly string[]
  callId: string
  outcome: string
  conversation: string | null
  label: string | null
  answered: boolean
  talkMs: number
  costLi: number
}

/** What an attempt came to, and what follows. */
export async function writeNumberResult(tx: Tx, result: NumberResult): Promise<void> {
  await sql`
    update task_numbers set state = ${result.state}, due_at = ${result.dueAt}, waiting_for = ${result.state === 'waiting' ? 'retry' : null},
      past = ${result.past}::text[], attempts = ${result.past.length}, last_call_id = ${result.callId}, outcome = ${result.outcome},
      conversation = coalesce(${result.conversation}, conversation), label = coalesce(${result.label}, label), answered = answered or ${result.answered},
      talk_ms = talk_ms + ${Math.round(result.talkMs)}::bigint, cost_li = cost_li + ${result.costLi}::bigint
    where task_id = ${result.taskId} and seq = ${result.seq}`.execute(tx)
}

/** Appends an outcome to the latest ones of a task. */
export async function rememberOutcome(tx: Tx, taskId: number, outcome: string, keep: number): Promise<void> {
  await sql`update tasks set recent = (array_append(recent, ${outcome}))[greatest(1, cardinality(recent) + 2 - ${keep}::int):] where id = ${taskId}`.execute(tx)
}

export type StoredNumber = {
  seq: number
  phone: string
  phoneAsGiven: string
  vars: Record<string, string>
  state: 'waiting' | 'calling' | 'done' | 'refused' | 'taken-back'
  dueAt: Date
  waitingFor: 'retry' | 'frequency' | null
  past: string[]
  lastCallId: string | null
  outcome: string | null
  conversation: string | null
  label: string | null
  answered: boolean
  talkMs: number
  costLi: number
}

export type NumberListFilter = { taskId: number; state?: readonly string[] | undefined; outcome?: readonly string[] | undefined; phone?: string | undefined; label?: string | undefined }

/** In the order of adding, with how many there are in all. `afterSeq`: go on after that number, for reading all of them. */
export async function listNumbers(db: Queryable, filter: NumberListFilter, page: { offset: number; limit: number; afterSeq?: number | undefined }): Promise<{ total: number; rows: StoredNumber[] }> {
  const { state = null, outcome = null, phone = null, label = null } = filter
  const where = sql`
    task_id = ${filter.taskId} and (${state}::text[] is null or state = any (${state}::text[])) and (${outcome}::text[] is null or outcome = any (${outcome}::text[]))
    and (${phone}::text is null or phone = ${phone}) and (${label}::text is null or label = ${label})`
  const counted = await sql<{ n: number }>`select count(*)::int as n from task_numbers where ${where}`.execute(db)
  const { rows } = await sql<StoredNumber>`
    select seq, phone, phone_as_given as "phoneAsGiven", vars, state, due_at as "dueAt", waiting_for as "waitingFor", past, last_call_id as "lastCallId",
           outcome, conversation, label, answered, talk_ms as "talkMs", cost_li as "costLi"
    from task_numbers where ${where} and seq > ${page.afterSeq ?? 0} order by seq offset ${page.offset} limit ${page.limit}`.execute(db)
  return { total: counted.rows[0]!.n, rows }
}

/** When the number that waits longest may be called. */
export async function lastDue(db: Queryable, taskId: number): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`select max(due_at) as at from task_numbers where task_id = ${taskId} and state = 'waiting'`.execute(db)
  return rows[0]?.at ?? undefined
}

/** Deletes some numbers of tasks that were removed. Answers how many. */
export async function purgeRemoved(db: Queryable, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from task_numbers n using (
      select m.task_id, m.seq from (select id from tasks where removed_at is not null and total > 0 order by id limit 1) as t
      join lateral (select task_id, seq from task_numbers where task_id = t.id limit ${limit} for update skip locked) as m on true) as gone
    where n.task_id = gone.task_id and n.seq = gone.seq returning n.seq`.execute(db)
  return rows.length
}
