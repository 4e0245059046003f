// Knows the calls table: queue, lease and record of each call. Does not know the rules that decide what to write.
import { sql } from 'kysely'
import type { EndReason } from '../call/end-reason.ts'
import type { StoredJudgement } from '../call/stored-judgement.ts'
import type { ConversationOutcome } from '../robot/robot.ts'
import type { Queryable, Tx } from './connection.ts'
import { toJsonb, toText } from './jsonb.ts'

/** A call became due; no payload. */
export const dueChannel = 'calls_due'
/** Somebody wants a call stopped; the payload is its id. */
export const stopChannel = 'call_stop'

export type CallStatus = 'queued' | 'dialing' | 'ringing' | 'talking' | 'ended'
export type WaitingFor = 'window' | 'frequency' | 'line' | 'balance'

/** A call as stored. Money in 厘, times as Date. */
export type CallRow = {
  id: string
  accountId: string
  source: string
  phone: string
  phoneAsGiven: string
  userRequirement: string
  robot: unknown
  line: string
  status: CallStatus
  dueAt: Date
  expiresAt: Date
  waitingFor: WaitingFor | null
  stopRequestedAt: Date | null
  leaseOwner: string | null
  heartbeatAt: Date | null
  fence: number
  attempt: number
  priceLiPerMin: number
  initialBlockSec: number
  incrementSec: number
  createdAt: Date
  dialingAt: Date | null
  ringingAt: Date | null
  answeredAt: Date | null
  endedAt: Date | null
  outcome: string | null
  conversation: ConversationOutcome | null
  endReason: EndReason | null
  talkMs: number | null
  billedSec: number | null
  costLi: number | null
  summary: string | null
  slots: Record<string, string> | null
  judgement: StoredJudgement | null
  callsBack: boolean
  /** The call in which this one was asked for. */
  callBackOf: string | null
  recording: string | null
  dialog: unknown
  trunkWanted: string | null
  callerWanted: string | null
  /** Of the attempt that is being made, or the last one. */
  trunk: string | null
  callerId: string | null
  /** The task and the number that it is an attempt of. */
  taskId: number | null
  taskSeq: number | null
}

const callColumns = sql`
  c.id, c.account_id as "accountId", c.source, c.phone, c.phone_as_given as "phoneAsGiven", c.user_requirement as "userRequirement",
  c.robot, c.line, c.status, c.due_at as "dueAt", c.expires_at as "expiresAt", c.waiting_for as "waitingFor",
  c.stop_requested_at as "stopRequestedAt", c.lease_owner as "leaseOwner", c.heartbeat_at as "heartbeatAt", c.fence, c.attempt,
  c.price_li_per_min as "priceLiPerMin", c.initial_block_sec as "initialBlockSec", c.increment_sec as "incrementSec",
  c.created_at as "createdAt", c.dialing_at as "dialingAt", c.ringing_at as "ringingAt", c.answered_at as "answeredAt",
  c.ended_at as "endedAt", c.outcome, c.conversation, c.end_reason as "endReason", c.talk_ms as "talkMs", c.billed_sec as "billedSec",
  c.cost_li as "costLi", c.summary, c.slots, c.judgement, c.calls_back as "callsBack", c.call_back_of as "callBackOf", c.recording, c.dialog, c.trunk_wanted as "trunkWanted", c.caller_wanted as "callerWanted",
  c.trunk, c.caller_id as "callerId", c.task_id as "taskId", c.task_seq as "taskSeq"`

export type NewCall = {
  id: string
  phone: string
  phoneAsGiven: string
}

/** What the calls of one request have in common. */
export type NewCallTerms = {
  accountId: string
  source: string
  userRequirement: string
  robot: unknown
  line: string
  /** Undefined: any of the line. */
  trunkWanted: string | undefined
  callerWanted: string | undefined
  createdAt: Date
  /** Undefined: at once. */
  dueAt?: Date | undefined
  expiresAt: Date
  /** The callee is called back when they ask for it. */
  callsBack: boolean
  callBackOf?: string | undefined
  /** The number that its only call is an attempt of. */
  task?: { id: number; seq: number } | undefined
  priceLiPerMin: number
  initialBlockSec: number
  incrementSec: number
}

/** Queues calls, of one request or of many, and wakes the dialers when the transaction commits. */
export async function insertCalls(tx: Tx, requests: readonly { calls: readonly NewCall[]; terms: NewCallTerms }[]): Promise<void> {
  const calls = requests.flatMap(({ calls }, nth) => calls.map((call) => ({ ...call, nth })))
  const terms = requests.map(({ terms }, nth) => ({ nth, ...terms, userRequirement: toText(terms.userRequirement), taskId: terms.task?.id, taskSeq: terms.task?.seq }))
  // What the calls of a request have in common is sent once: a robot may be long.
  await sql`
    insert into calls (id, phone, phone_as_given, account_id, source, user_requirement, robot, line, due_at, expires_at,
                       price_li_per_min, initial_block_sec, increment_sec, created_at, trunk_wanted, caller_wanted, calls_back, call_back_of, task_id, task_seq)
    select v.id, v.phone, v.given, t."accountId", t.source, t."userRequirement", t.robot, t.line, coalesce(t."dueAt", t."createdAt"), t."expiresAt",
           t."priceLiPerMin", t."initialBlockSec", t."incrementSec", t."createdAt", t."trunkWanted", t."callerWanted", t."callsBack", t."callBackOf", t."taskId", t."taskSeq"
    from unnest(${calls.map((call) => call.id)}::text[], ${calls.map((call) => call.phone)}::text[],
                ${calls.map((call) => toText(call.phoneAsGiven))}::text[], ${calls.map((call) => call.nth)}::int[]) as v (id, phone, given, nth)
    join jsonb_to_recordset(${toJsonb(terms)}::jsonb) as t (nth int, "accountId" text, source text, "userRequirement" text, robot jsonb, line text,
      "dueAt" timestamptz, "createdAt" timestamptz, "expiresAt" timestamptz, "priceLiPerMin" int, "initialBlockSec" int, "incrementSec" int,
      "trunkWanted" text, "callerWanted" text, "callsBack" boolean, "callBackOf" text, "taskId" bigint, "taskSeq" bigint) using (nth)`.execute(tx)
  await sql`select pg_notify(${dueChannel}, '')`.execute(tx)
}

export async function findCall(db: Queryable, accountId: string, id: string): Promise<CallRow | undefined> {
  const { rows } = await sql<CallRow>`select ${callColumns} from calls c where c.id = ${id} and c.account_id = ${accountId}`.execute(db)
  return rows[0]
}

/** Which of these ids are calls. */
export async function placedAmong(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select id from calls where id = any (${ids}::text[])`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** Calls of any account, in no order. */
export async function callsById(db: Queryable, ids: readonly string[]): Promise<CallRow[]> {
  const { rows } = await sql<CallRow>`select ${callColumns} from calls c where c.id = any (${ids}::text[])`.execute(db)
  return rows
}

/** The account's latest calls, newest first. */
export async function latestCalls(db: Queryable, accountId: string, limit: number): Promise<CallRow[]> {
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c where c.account_id = ${accountId} order by c.created_at desc, c.id desc limit ${limit}`.execute(db)
  return rows
}

/** The call, locked until the transaction ends. Nobody else appends to its log or ends it meanwhile. */
export async function lockCall(tx: Tx, id: string): Promise<CallRow | undefined> {
  const { rows } = await sql<CallRow>`select ${callColumns} from calls c where c.id = ${id} for update`.execute(tx)
  return rows[0]
}

/** True while the call is still this owner's. It stays so until the transaction ends; heartbeats pass. */
export async function lockOwnedCall(tx: Tx, call: { id: string; fence: number }): Promise<boolean> {
  const { rows } = await sql`
    select 1 from calls where id = ${call.id} and fence = ${call.fence} and status <> 'ended' for key share`.execute(tx)
  return rows.length > 0
}

/** Calls that wait to be dialled, counted up to `limit` so that a long queue stays cheap. */
export async function countQueued(db: Queryable, accountId: string | undefined, limit: number): Promise<number> {
  const of = accountId === undefined ? sql`` : sql`and account_id = ${accountId}`
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select 1 from calls where status = 'queued' ${of} limit ${limit}) as found`.execute(db)
  return rows[0]!.n
}

/** The same for several accounts. */
export async function countQueuedOf(db: Queryable, accountIds: readonly string[], limitEach: number): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; n: number }>`
    select a.id, (select count(*)::int from (select 1 from calls c where c.status = 'queued' and c.account_id = a.id limit ${limitEach}) as found) as n
    from unnest(${accountIds}::text[]) as a (id)`.execute(db)
  return new Map(rows.map(({ id, n }) => [id, n]))
}

/** Calls that wait on a line and are due, counted up to `limit`. */
export async function countDue(db: Queryable, line: string, now: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select 1 from calls where status = 'queued' and line = ${line} and due_at <= ${now} limit ${limit}) as found`.execute(db)
  return rows[0]!.n
}

/** Which of the lines have calls due. */
export async function linesWithDueCalls(db: Queryable, lines: readonly string[], now: Date): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    select l.line from unnest(${lines}::text[]) as l (line)
    where exists (select 1 from calls c where c.status = 'queued' and c.line = l.line and c.due_at <= ${now})`.execute(db)
  return rows.map((row) => row.line)
}

/** Only one transaction at a time starts calls on a line, so that its limits hold over all processes. Released at the end of the transaction. */
export async function lockLine(tx: Tx, line: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('line:' || ${line}, 0))`.execute(tx)
}

/** Only one transaction at a time decides about dialling a callee, over all lines. Taken in one order, so that two never wait for each other. */
export async function lockPhones(tx: Tx, phones: readonly string[]): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended('phone:' || p, 0) as key from unnest(${phones}::text[]) as p order by key offset 0) as keys`.execute(tx)
}

/** Due calls of a line in the order of their turn, locked. Two processes never see the same call. */
export async function lockDueCalls(tx: Tx, line: string, now: Date, limit: number): Promise<CallRow[]> {
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c
    where c.status = 'queued' and c.line = ${line} and c.due_at <= ${now}
    order by c.due_at, c.id limit ${limit} for update skip locked`.execute(tx)
  return rows
}

/** The latest attempts to each phone since then, over all accounts, at most `countMax` each, second phones that a call was for included. Lines that ring nobody do not count. */
export async function recentAttempts(
  db: Queryable,
  phones: readonly string[],
  since: Date,
  countMax: number,
  linesNotCounted: readonly string[],
): Promise<{ phone: string; at: Date; inCall: boolean }[]> {
  const { rows } = await sql<{ phone: string; at: Date; inCall: boolean }>`
    select p.phone, a.at, a."inCall"
    from (select distinct unnest(${phones}::text[]) as phone) as p
    cross join lateral (
      (select c.dialing_at as at, c.status <> 'ended' as "inCall" from calls c
       where c.phone = p.phone and c.dialing_at > ${since} and c.line <> all (${linesNotCounted}::text[])
       order by c.dialing_at desc limit ${countMax})
      union all
      (select l.started_at, l.ended_at is null and c.status <> 'ended' from call_legs l join calls c on c.id = l.call_id
       where l.phone = p.phone and l.is_attempt and l.started_at > ${since} and c.line <> all (${linesNotCounted}::text[])
       order by l.started_at desc limit ${countMax})
      order by 1 desc limit ${countMax}) as a`.execute(db)
  return rows
}

/** Makes locked queued calls ours: from here on somebody's telephone may ring. */
export async function markDialing(
  tx: Tx,
  calls: readonly { id: string; trunk: string; callerId: string }[],
  p: { owner: string; leaseMs: number; now: Date },
): Promise<{ id: string; fence: number; attempt: number }[]> {
  const { rows } = await sql<{ id: string; fence: number; attempt: number }>`
    update calls c set status = 'dialing', dialing_at = ${p.now}, heartbeat_at = ${p.now}, waiting_for = null, lease_owner = ${p.owner},
                     lease_until = clock_timestamp() + ${p.leaseMs} * interval '1 millisecond', fence = fence + 1, attempt = attempt + 1,
                     trunk = v.trunk, caller_id = v.caller_id
    from unnest(${calls.map((call) => call.id)}::text[], ${calls.map((call) => call.trunk)}::text[], ${calls.map((call) => call.callerId)}::text[]) as v (id, trunk, caller_id)
    where c.id = v.id and c.status = 'queued'
    returning c.id, c.fence, c.attempt`.execute(tx)
  return rows
}

/** Moves a locked call that is dialing on to its next attempt. */
export async function markNextAttempt(tx: Tx, call: { id: string; attempt: number; trunk: string; callerId: string }): Promise<void> {
  await sql`update calls set attempt = ${call.attempt}, trunk = ${call.trunk}, caller_id = ${call.callerId} where id = ${call.id}`.execute(tx)
}

/** Moves locked queued calls to a later time. */
export async function deferCalls(tx: Tx, calls: readonly { id: string; why: WaitingFor; dueAt: Date }[]): Promise<void> {
  await sql`
    update calls c set waiting_for = v.why, due_at = v.due_at
    from unnest(${calls.map((call) => call.id)}::text[], ${calls.map((call) => call.why)}::text[],
                ${calls.map((call) => call.dueAt)}::timestamptz[]) as v (id, why, due_at)
    where c.id = v.id and c.status = 'queued'`.execute(tx)
}

/** Keeps a queued call out of the way for a while, whatever is wrong with it. */
export async function shelveCall(db: Queryable, id: string, dueAt: Date): Promise<void> {
  await sql`update calls set due_at = ${dueAt} where id = ${id} and status = 'queued'`.execute(db)
}

/** Calls claimed by this owner whose claim was committed without the owner learning of it. */
export async function claimedBy(db: Queryable, owner: string): Promise<CallRow[]> {
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c where c.status = 'dialing' and c.lease_owner = ${owner}`.execute(db)
  return rows
}

/**
 * Prolongs the leases of the calls that are still ours. A call that is missing from the answer is lost.
 * Waits for nobody: a row that somebody is writing (its settlement, a stop) keeps its lease until the next time, so that one slow
 * transaction cannot cost all the other calls their leases.
 */
export async function heartbeat(
  db: Queryable,
  calls: readonly { id: string; fence: number }[],
  p: { leaseMs: number; now: Date },
): Promise<{ id: string; stopRequested: boolean }[]> {
  const { rows } = await sql<{ id: string; stopRequested: boolean }>`
    with ours as (
      select c.id, c.stop_requested_at is not null as stop_requested from calls c
      join unnest(${calls.map((call) => call.id)}::text[], ${calls.map((call) => call.fence)}::int[]) as v (id, fence)
        on c.id = v.id and c.fence = v.fence
      where c.status in ('dialing', 'ringing', 'talking')),
    free as (
      select c.id from calls c where c.id in (select id from ours) for no key update of c skip locked),
    kept as (
      update calls c set lease_until = clock_timestamp() + ${p.leaseMs} * interval '1 millisecond', heartbeat_at = ${p.now}
      from free where c.id = free.id)
    select id, stop_requested as "stopRequested" from ours`.execute(db)
  return rows
}

/** Which of these calls somebody wants stopped. */
export async function stopsRequested(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from calls where id = any (${ids}::text[]) and stop_requested_at is not null`.execute(db)
  return rows.map((row) => row.id)
}

/** Tells whoever runs the call to stop it. The caller has locked it. */
export async function requestStop(tx: Tx, id: string, now: Date): Promise<void> {
  await sql`update calls set stop_requested_at = coalesce(stop_requested_at, ${now}) where id = ${id}`.execute(tx)
  await sql`select pg_notify(${stopChannel}, ${id})`.execute(tx)
}

/** The SIP dialog's identity, so that a survivor can hang up. Writes nothing when the call is no longer ours. */
export async function storeDialog(db: Queryable, call: { id: string; fence: number }, dialog: unknown): Promise<void> {
  await sql`
    update calls set dialog = ${toJsonb(dialog)}::jsonb
    where id = ${call.id} and fence = ${call.fence} and status <> 'ended'`.execute(db)
}

/** Moves calls along as their log says. Only forwards, and only from where the step is possible. */
export async function advanceCalls(
  tx: Tx,
  steps: readonly { id: string; from: readonly CallStatus[]; to: 'ringing' | 'talking'; at: Date }[],
): Promise<void> {
  for (const to of ['ringing', 'talking'] as const) {
    const some = steps.filter((step) => step.to === to)
    if (some.length === 0) continue
    const column = to === 'ringing' ? sql`ringing_at` : sql`answered_at`
    await sql`
      with v as (select * from unnest(${some.map((step) => step.id)}::text[], ${some.map((step) => step.at)}::timestamptz[]) as v (id, at)),
           locked as (select c.id, v.at from calls c join v on v.id = c.id
                      where c.status = any (${some[0]!.from}::text[]) order by c.id for no key update of c)
      update calls c set status = ${to}, ${column} = coalesce(c.${column}, locked.at) from locked where c.id = locked.id`.execute(tx)
  }
}

/** Calls whose owner was not heard of in time. */
export async function abandonedCalls(db: Queryable, limit: number): Promise<{ id: string; fence: number }[]> {
  const { rows } = await sql<{ id: string; fence: number }>`
    select id, fence from calls
    where status in ('dialing', 'ringing', 'talking') and lease_until < clock_timestamp()
    order by lease_until limit ${limit}`.execute(db)
  return rows
}

/** Locks an abandoned call and takes it over: whoever owned it can write nothing from here on. Undefined when it is not abandoned (any more). */
export async function takeOverCall(tx: Tx, id: string): Promise<CallRow | undefined> {
  // Two statements: an update alone would return the row after other writers, but not keep event writers out (they share the key).
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c
    where c.id = ${id} and c.status in ('dialing', 'ringing', 'talking') and c.lease_until < clock_timestamp()
    for update skip locked`.execute(tx)
  const call = rows[0]
  if (call === undefined) return undefined
  await sql`update calls set fence = fence + 1, lease_owner = null where id = ${id}`.execute(tx)
  return { ...call, fence: call.fence + 1 }
}

/** Queued calls that nobody may dial any more, whatever their line. */
export async function expiredCalls(db: Queryable, now: Date, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from calls where status = 'queued' and expires_at <= ${now} order by expires_at limit ${limit}`.execute(db)
  return rows.map((row) => row.id)
}

/** A call that still waits, locked; undefined when somebody else is at it. */
export async function lockQueuedCall(tx: Tx, id: string): Promise<CallRow | undefined> {
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c where c.id = ${id} and c.status = 'queued' for update skip locked`.execute(tx)
  return rows[0]
}

/** Calls of a task that were queued and not dialled yet, locked. Those that somebody is claiming at this moment are waited for. */
export async function lockQueuedOfTask(tx: Tx, taskId: number): Promise<CallRow[]> {
  const { rows } = await sql<CallRow>`
    select ${callColumns} from calls c where c.task_id = ${taskId} and c.status = 'queued' order by c.id for update`.execute(tx)
  return rows
}

/** Tells whoever runs calls of a task to stop them. Answers how many there are. */
export async function requestStopOfTask(tx: Tx, taskId: number, now: Date): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    update calls set stop_requested_at = coalesce(stop_requested_at, ${now})
    where task_id = ${taskId} and status in ('dialing', 'ringing', 'talking') returning id`.execute(tx)
  await sql`select pg_notify(${stopChannel}, id) from unnest(${rows.map(({ id }) => id)}::text[]) as id`.execute(tx)
  return rows.length
}

/** Removes locked queued calls that nobody has dialled, and what was written about them. Their money is released by the caller. */
export async function deleteQueuedCalls(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`delete from call_events where call_id = any (${ids}::text[])`.execute(tx)
  await sql`delete from call_commands where call_id = any (${ids}::text[])`.execute(tx)
  await sql`delete from calls where id = any (${ids}::text[]) and status = 'queued' and dialing_at is null`.execute(tx)
}

/** The number that each call showed last. */
export async function callersOf(db: Queryable, ids: readonly string[]): Promise<{ id: string; callerId: string | null }[]> {
  const { rows } = await sql<{ id: string; callerId: string | null }>`select id, caller_id as "callerId" from calls where id = any (${ids}::text[])`.execute(db)
  return rows
}

export type TaskCallsFilter = {
  taskId: number
  phone?: string | undefined
  outcome?: readonly string[] | undefined
  talkMsMin?: number | undefined
  talkMsMax?: number | undefined
  endedBy?: readonly string[] | undefined
  dialedFrom?: Date | undefined
  dialedBefore?: Date | undefined
  ended?: boolean | undefined
  turnsMin?: number | undefined
  turnsMax?: number | undefined
}

/** Calls of a task, latest first, with how many there are in all. */
export async function listTaskCalls(db: Queryable, filter: TaskCallsFilter, page: { offset: number; limit: number }): Promise<{ total: number; rows: CallRow[] }> {
  const { outcome = null, endedBy = null, phone = null, talkMsMin = null, talkMsMax = null, dialedFrom = null, dialedBefore = null, ended = null, turnsMin = null, turnsMax = null } = filter
  const turns = sql`(select count(*) from call_events e where e.call_id = c.id and e.event ->> 'type' = 'callee-said')`
  const where = sql`
    c.task_id = ${filter.taskId} and (${phone}::text is null or c.phone = ${phone})
    and (${outcome}::text[] is null or c.outcome = any (${outcome}::text[])) and (${endedBy}::text[] is null or c.ended_by = any (${endedBy}::text[]))
    and (${talkMsMin}::bigint is null or c.talk_ms >= ${talkMsMin}) and (${talkMsMax}::bigint is null or c.talk_ms <= ${talkMsMax})
    and (${dialedFrom}::timestamptz is null or c.dialing_at >= ${dialedFrom}) and (${dialedBefore}::timestamptz is null or c.dialing_at < ${dialedBefore})
    and (${ended}::boolean is null or (c.status = 'ended') = ${ended})
    and (${turnsMin}::int is null or ${turns} >= ${turnsMin}) and (${turnsMax}::int is null or ${turns} <= ${turnsMax})`
  const counted = await sql<{ n: number }>`select count(*)::int as n from calls c where ${where}`.execute(db)
  const { rows } = await sql<CallRow>`select ${callColumns} from calls c where ${where} order by c.created_at desc, c.id desc offset ${page.offset} limit ${page.limit}`.execute(db)
  return { total: counted.rows[0]!.n, rows }
}

/** Calls of a task that go on: talking, and not answered yet. */
export async function countOpenOfTask(db: Queryable, taskId: number): Promise<{ talking: number; started: number }> {
  const { rows } = await sql<{ talking: number; started: number }>`
    select count(*) filter (where status = 'talking')::int as talking, count(*) filter (where status <> 'talking')::int as started
    from calls where task_id = ${taskId} and status <> 'ended'`.execute(db)
  return rows[0]!
}

/** Attempts of a task begun since then, counted up to `limit`. */
export async function countTaskAttempts(db: Queryable, taskId: number, since: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select 1 from calls where task_id = ${taskId} and created_at >= ${since} and dialing_at is not null limit ${limit}) as found`.execute(db)
  return rows[0]!.n
}

/** The record of a finished call. */
export type CallEnding = {
  reason: EndReason
  conversation: ConversationOutcome | undefined
  endedAt: Date
  answeredAt: Date | undefined
  talkMs: number
  billedSec: number
  costLi: number
  summary: string | undefined
  slots: Readonly<Record<string, string>> | undefined
  judgement: StoredJudgement | undefined
  recording: string | undefined
}

/** Writes the record and ends the locked call. */
export async function endCall(tx: Tx, id: string, ending: CallEnding): Promise<void> {
  await sql`
    update calls set status = 'ended', ended_at = ${ending.endedAt}, answered_at = coalesce(answered_at, ${ending.answeredAt ?? null}),
      waiting_for = null, lease_owner = null, lease_until = null, dialog = null,
      outcome = ${ending.reason.outcome}, ended_by = ${ending.reason.by}, end_reason = ${toJsonb(ending.reason)}::jsonb,
      conversation = ${ending.conversation ?? null}, talk_ms = ${Math.round(ending.talkMs)}::int, billed_sec = ${ending.billedSec}::int,
      cost_li = ${ending.costLi}::bigint, summary = ${ending.summary === undefined ? null : toText(ending.summary)},
      slots = ${ending.slots ? toJsonb(ending.slots) : null}::jsonb, judgement = ${ending.judgement ? toJsonb(ending.judgement) : null}::jsonb, recording = ${ending.recording ?? null}
    where id = ${id}`.execute(tx)
}
