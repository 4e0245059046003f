import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { createAccount } from '../account/accounts.ts'
import { testDatabase, type TestDatabase } from '../db/testing.ts'
import { reports } from './index.ts'
import type { Report } from './report.ts'
import { reportCsv, runReport, type ReportWish } from './run-report.ts'

let test_: TestDatabase
let mine: string
let other: string
before(async () => {
  test_ = await testDatabase()
  mine = (await createAccount(test_.db, { name: 'mine' })).id
  other = (await createAccount(test_.db, { name: 'other' })).id
})
after(() => test_[Symbol.asyncDispose]())

let calls = 0
type Call = { account?: string; phone?: string; dialed?: string | null; created?: string; outcome?: string; talkSec?: number; costLi?: number; billedSec?: number; endedBy?: string; trunk?: string; caller?: string; attempt?: number; grade?: string; review?: boolean; robot?: object; task?: number; ringSec?: number; steps?: string[]; lost?: number; received?: number }

/** A call that is over. `dialed` in China: '2026-11-16 09:30'. */
async function call(p: Call): Promise<void> {
  calls += 1
  const id = `call_${calls}`
  const dialed = p.dialed === undefined ? '2026-11-16 09:30' : p.dialed
  const at = (text: string | null): Date | null => (text === null ? null : new Date(`${text.replace(' ', 'T')}:00+08:00`))
  const dialedAt = at(dialed)
  const outcome = p.outcome ?? 'answered'
  const pickedUp = outcome === 'answered' || outcome === 'assistant'
  const plus = (seconds: number): Date | null => (dialedAt ? new Date(dialedAt.getTime() + seconds * 1_000) : null)
  const judgement = p.grade === undefined ? null : JSON.stringify({ grade: { letter: p.grade }, review: p.review ? [{ why: 'x' }] : [] })
  await sql`
    insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, status, expires_at, price_li_per_min, initial_block_sec, increment_sec,
      created_at, dialing_at, ringing_at, answered_at, ended_at, outcome, ended_by, end_reason, talk_ms, billed_sec, cost_li, judgement, trunk, caller_id, attempt, task_id, task_seq)
    values (${id}, ${p.account ?? mine}, 'stepone', ${p.phone ?? `+86138${String(calls).padStart(8, '0')}`}, '', '', ${JSON.stringify(p.robot ?? { kind: 'rules' })}::jsonb, 'line', 'ended', now(), 100, 60, 60,
      ${at(p.created ?? dialed ?? '2026-11-16 09:00')}, ${dialedAt}, ${p.ringSec === undefined ? null : plus(p.ringSec)}, ${pickedUp ? plus(10) : null}, ${plus(10 + (p.talkSec ?? 0)) ?? at('2026-11-16 10:00')},
      ${outcome}, ${p.endedBy ?? 'callee'}, '{}', ${(p.talkSec ?? 0) * 1_000}, ${p.billedSec ?? 0}, ${p.costLi ?? 0}, ${judgement}::jsonb, ${p.trunk ?? null}, ${p.caller ?? null}, ${p.attempt ?? 1},
      ${p.task ?? null}, ${p.task === undefined ? null : calls})`.execute(test_.db.sql)
  const events: object[] = (p.steps ?? []).map((step) => ({ type: 'noted', note: { step } }))
  if (p.received !== undefined) events.push({ type: 'ended', media: { packetsLost: p.lost ?? 0, packetsReceived: p.received } })
  for (const [i, event] of events.entries()) await sql`insert into call_events (call_id, seq, at, event) values (${id}, ${i + 1}, now(), ${JSON.stringify(event)}::jsonb)`.execute(test_.db.sql)
}

const clean = (): Promise<unknown> => sql`delete from call_events`.execute(test_.db.sql).then(() => sql`delete from calls`.execute(test_.db.sql))
const rowsOf = async (name: string, wish: ReportWish = {}) => (await runReport(test_.db, mine, name, { ...(wish.task === undefined ? { from: '2026-11-16', to: '2026-11-22' } : {}), ...wish })).rows
const pick = (rows: Record<string, unknown>[], ...names: string[]): unknown[][] => rows.map((row) => names.map((name) => row[name]))

test('the connect rate counts people, not machines, and each number once a day', async () => {
  await clean()
  await call({ phone: '+8613800000001', outcome: 'busy' })
  await call({ phone: '+8613800000001', dialed: '2026-11-16 11:00' })
  await call({ phone: '+8613800000002', outcome: 'assistant' })
  await call({ phone: '+8613800000003', dialed: '2026-11-17 00:00' })
  // Before and after the days that are asked for, of another account, not dialled, and not over.
  await call({ dialed: '2026-11-15 23:59' })
  await call({ dialed: '2026-11-23 00:00' })
  await call({ account: other })
  await call({ dialed: null, outcome: 'cancelled' })
  assert.deepEqual(pick(await rowsOf('connect-rate'), 'day', 'dialed', 'answered', 'machines', 'connect_rate', 'phones', 'phones_reached', 'reach_rate'), [
    ['2026-11-16', 3, 1, 1, 0.3333, 2, 1, 0.5],
    ['2026-11-17', 1, 1, 0, 1, 1, 1, 1],
  ])
})

test('outcomes count what was never dialled, and take shares of both wholes', async () => {
  await clean()
  for (const outcome of ['busy', 'busy', 'answered']) await call({ outcome })
  await call({ dialed: null, outcome: 'cancelled', created: '2026-11-16 08:00' })
  await call({ dialed: null, outcome: 'cancelled', created: '2026-11-10 08:00' })
  assert.deepEqual(pick(await rowsOf('outcomes'), 'outcome', 'calls', 'dialed', 'share', 'share_of_dialed'), [
    ['busy', 2, 2, 0.5, 0.6667],
    ['answered', 1, 1, 0.25, 0.3333],
    ['cancelled', 1, 0, 0.25, 0],
  ])
})

test('talk time is of calls that people answered', async () => {
  await clean()
  for (const talkSec of [5, 20, 60, 115]) await call({ talkSec })
  await call({ outcome: 'assistant', talkSec: 300 })
  await call({ outcome: 'no-answer' })
  assert.deepEqual(pick(await rowsOf('talk-time'), 'day', 'answered', 'talk_sec', 'average_sec', 'median_sec', 'p90_sec', 'short_share'), [['2026-11-16', 4, 200, 50, 40, 98.5, 0.25]])
})

test('intent grades, of all and of those answered', async () => {
  await clean()
  await call({ grade: 'A', talkSec: 30, review: true })
  await call({ grade: 'A', talkSec: 50 })
  await call({ grade: 'C', talkSec: 10 })
  await call({ grade: 'E', outcome: 'busy' })
  await call({})
  assert.deepEqual(pick(await rowsOf('intents'), 'label', 'calls', 'share', 'answered', 'share_of_answered', 'average_sec', 'to_review'), [
    ['A', 2, 0.5, 2, 0.6667, 40, 1],
    ['C', 1, 0.25, 1, 0.3333, 10, 0],
    ['E', 1, 0.25, 0, 0, null, 0],
  ])
})

test('the funnel of a script: who came to a node, who left there, versions apart', async () => {
  await clean()
  const robot = (version: number, script = 'visit') => ({ kind: 'script', script, version })
  await call({ robot: robot(2), steps: ['hello', 'ask', 'ask', 'bye'] })
  await call({ robot: robot(2), steps: ['hello', 'ask'] })
  await call({ robot: robot(2), steps: ['hello', 'bye'], endedBy: 'robot' })
  await call({ robot: robot(2), steps: [] })
  await call({ robot: robot(1), steps: ['hello'] })
  await call({ robot: robot(1, 'other'), steps: ['hello'] })
  await call({ robot: robot(2), steps: ['hello'], outcome: 'assistant' })
  assert.deepEqual(pick(await rowsOf('funnel', { script: 'visit' }), 'version', 'node', 'reached', 'reached_share', 'left_here', 'left_share', 'hung_up_here'), [
    [2, 'hello', 3, 0.75, 0, 0, 0],
    [2, 'ask', 2, 0.5, 1, 0.5, 1],
    [2, 'bye', 2, 0.5, 2, 1, 1],
    [1, 'hello', 1, 1, 1, 1, 1],
  ])
  await assert.rejects(rowsOf('funnel'), { name: 'InvalidInputError', field: 'script' })
})

test('hours are those of China, whatever the database thinks of time', async () => {
  await clean()
  await sql`set time zone 'America/New_York'`.execute(test_.db.sql)
  await call({ dialed: '2026-11-16 00:10', talkSec: 40 })
  await call({ dialed: '2026-11-16 00:50', outcome: 'busy' })
  await call({ dialed: '2026-11-22 23:59', outcome: 'busy' })
  assert.deepEqual(pick(await rowsOf('hours'), 'weekday', 'hour', 'dialed', 'answered', 'connect_rate', 'average_sec'), [
    [1, 0, 2, 1, 0.5, 40],
    [7, 23, 1, 0, 0, null],
  ])
})

test('lines: rates of their last attempts, ringing and lost packets', async () => {
  await clean()
  const line = { trunk: 'a', caller: '02110001000' }
  await call({ ...line, ringSec: 2, talkSec: 20, lost: 10, received: 990 })
  await call({ ...line, ringSec: 4, outcome: 'assistant', talkSec: 40, lost: 30, received: 970 })
  await call({ ...line, outcome: 'carrier-blocked', attempt: 2 })
  await call({ ...line, outcome: 'line-fault', received: 5, lost: 5 })
  await call({ trunk: 'b', caller: '02110002000' })
  assert.deepEqual(pick(await rowsOf('lines'), 'trunk', 'caller', 'dialed', 'connect_rate', 'blocked_share', 'fault_share', 'other_trunk_share', 'to_ringing_sec', 'average_sec', 'loss_share'), [
    ['a', '02110001000', 4, 0.25, 0.25, 0.25, 0.25, 3, 30, 0.02],
    ['b', '02110002000', 1, 1, 0, 0, 0, null, 0, null],
  ])
})

test('cost: what was billed, per person reached and per call', async () => {
  await clean()
  await call({ costLi: 120, billedSec: 60 })
  await call({ outcome: 'assistant', costLi: 120, billedSec: 60 })
  await call({ outcome: 'busy' })
  const rows = await rowsOf('cost')
  assert.deepEqual(pick(rows, 'day', 'dialed', 'billed', 'billed_sec', 'cost', 'per_answered', 'per_dialed'), [['2026-11-16', 3, 2, 120, 240, 240, 80]])
  const csv = reportCsv({ columns: reports.cost.columns, rows })
  assert.match(csv, /^\ufeff日期 day,/)
  assert.match(csv, /\r\n2026-11-16,3,2,120,0\.240,0\.240,0\.080\r\n$/)
})

test('a task narrows every report and needs no days', async () => {
  await clean()
  await call({ task: 4_000_000_001, dialed: '2026-01-05 09:00' })
  await call({})
  assert.deepEqual(pick(await rowsOf('connect-rate', { task: '4000000001' }), 'day', 'dialed'), [['2026-01-05', 1]])
  for (const name of Object.keys(reports)) await rowsOf(name, { task: '4000000001' })
})

test('rows have the columns that are described, each described once, with a definition', async () => {
  await clean()
  await call({ robot: { kind: 'script', script: 'visit', version: 1 }, steps: ['hello'], grade: 'A', trunk: 'a', caller: 'b' })
  for (const [name, { columns }] of Object.entries<Report>(reports)) {
    const [row] = await rowsOf(name, { script: 'visit' })
    assert.deepEqual(Object.keys(row!), columns.map((column) => column.name), name)
    assert.ok(columns.every(({ title, help, kind }) => title !== '' && help.length > 5 && (kind !== 'share' || help.includes('÷'))), name)
  }
})

test('what cannot be asked is refused: unknown reports, days that are none, too many of them', async () => {
  await assert.rejects(runReport(test_.db, mine, 'toString', {}), { name: 'NotFoundError' })
  for (const wish of [{ from: '2026-02-30' }, { to: 'now' }, { from: '2026-11-20', to: '2026-11-19' }, { from: '2026-01-01', to: '2026-11-19' }, { task: '1; drop' }, { script: "x' or 1" }]) {
    await assert.rejects(runReport(test_.db, mine, 'connect-rate', wish), { name: 'InvalidInputError' }, JSON.stringify(wish))
  }
})

test('reports read no more than their days: the index bounds them', async () => {
  await clean()
  await sql`
    insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, status, expires_at, price_li_per_min, initial_block_sec, increment_sec, created_at, dialing_at, ended_at, outcome, ended_by, end_reason, talk_ms, billed_sec, cost_li)
    select 'many_' || i, ${mine}, 'stepone', '+8613800138000', '', '', '{"kind":"rules"}', 'line', 'ended', now(), 100, 60, 60, t, t, t, 'busy', 'callee', '{}', 0, 0, 0
    from (select i, timestamptz '2025-01-01' + i * interval '1 hour' as t from generate_series(1, 15000) i) g`.execute(test_.db.sql)
  await sql`analyze calls`.execute(test_.db.sql)
  const query = { accountId: mine, from: new Date('2026-03-01T00:00:00+08:00'), before: new Date('2026-03-03T00:00:00+08:00'), taskId: undefined, script: undefined }
  for (const name of ['connect-rate', 'talk-time', 'intents', 'hours', 'lines', 'cost'] as const) {
    const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${reports[name].sql(query)}`.execute(test_.db.sql)
    assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /calls_account_dialed/, name)
  }
})
