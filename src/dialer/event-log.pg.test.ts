import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventsAfter } from '../db/call-events.ts'
import type { Database } from '../db/connection.ts'
import type { CallEvent } from '../events.ts'
import { claimCalls } from './claim.ts'
import { EventLog, type EventLogOptions } from './event-log.ts'
import { dialerWorld, noonMs, simulatedLine, until, type World } from './testing.ts'

const options: EventLogOptions = { eventsPerCallMax: 1_000, eventsBufferedMax: 10_000, eventsPerBatchMax: 100, retryMs: [10] }
const at = new Date(noonMs)
const said = (turn: number, text = `第${turn}句`): CallEvent => ({ type: 'robot-said', turn, text, cut: false, beginAtMs: 0, endAtMs: 1 })

/** A call that is dialing, with two rows in its log. */
async function dialing(world: World, phone = '13800138000'): Promise<{ callId: string; fence: number; lastSeq: number }> {
  await world.place(phone)
  const { claimed } = await claimCalls(world.db, { line: simulatedLine, owner: 'own_test', nowMs: noonMs, capacity: 1, settings: world.service.settings, trunks: world.service.trunks, dice: () => 0, linesNotCounted: [] })
  const [call] = claimed
  return { callId: call!.row.id, fence: call!.fence, lastSeq: call!.lastSeq }
}

const rowsOf = (world: World, callId: string) => eventsAfter(world.db.sql, [{ callId, afterSeq: 0 }], 10_000)
const lost = (): void => assert.fail('the call was lost')

void test('events of many calls are numbered per call and written in few batches', async () => {
  await using world = await dialerWorld({ started: false })
  const log = new EventLog(world.db, options)
  const calls = [await dialing(world, '13800138000'), await dialing(world, '13800138001'), await dialing(world, '13800138002')]
  const logs = calls.map((call) => log.open(call, lost))
  for (let turn = 1; turn <= 100; turn += 1) for (const each of logs) assert.equal(each.append(said(turn), at), 'kept')
  await log.idle()
  for (const { callId } of calls) {
    const rows = await rowsOf(world, callId)
    assert.deepEqual(rows.map((row) => row.seq), Array.from({ length: 102 }, (_, i) => i + 1))
    assert.deepEqual(rows.slice(2).map((row) => row.event.type === 'robot-said' && row.event.turn), Array.from({ length: 100 }, (_, i) => i + 1))
  }
  assert.ok(log.stats.batches <= 4, `${log.stats.batches} batches`)
})

void test('ringing and answered move the call; a late ringing does not move it back', async () => {
  await using world = await dialerWorld({ started: false })
  const log = new EventLog(world.db, options)
  const call = await dialing(world)
  const rows = log.open(call, lost)
  const status = async (): Promise<string> => (await world.service.lookUp(world.accountId, call.callId)).status
  rows.append({ type: 'ringing', sipStatus: 180, earlyMedia: false }, at)
  await log.idle()
  assert.equal(await status(), 'ringing')
  rows.append({ type: 'answered', sipStatus: 200 }, new Date(noonMs + 500))
  rows.append({ type: 'ringing', sipStatus: 183, earlyMedia: true }, new Date(noonMs + 900))
  await log.idle()
  assert.equal(await status(), 'talking')
  const record = await world.service.lookUp(world.accountId, call.callId)
  assert.deepEqual([record.ringingAt?.getTime(), record.answeredAt?.getTime()], [noonMs, noonMs + 500])
})

void test('closing gives back what was not stored, in order', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const log = new EventLog(severed.db, options)
  const call = await dialing(world)
  const rows = log.open(call, lost)
  rows.append(said(1), at)
  await log.idle()
  severed.down()
  rows.append(said(2), at)
  rows.append(said(3), at)
  const rest = await rows.close()
  assert.deepEqual(rest.map((row) => row.seq), [4, 5])
  assert.equal(rows.append(said(4), at), 'full')
  assert.equal(log.buffered, 0)
})

void test('a call with too many events is told so, and its log stays without gap', async () => {
  await using world = await dialerWorld({ started: false })
  const log = new EventLog(world.db, { ...options, eventsPerCallMax: 3 })
  const call = await dialing(world)
  const rows = log.open(call, lost)
  assert.deepEqual([1, 2, 3, 4, 5].map((turn) => rows.append(said(turn), at)), ['kept', 'kept', 'kept', 'full', 'full'])
  await log.idle()
  assert.equal((await rowsOf(world, call.callId)).at(-1)!.seq, 5)
  assert.equal(log.stats.dropped, 2)
})

void test('memory is bounded while the database is away', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const log = new EventLog(severed.db, { ...options, eventsBufferedMax: 50 })
  const rows = log.open(await dialing(world), lost)
  severed.down()
  const answers = Array.from({ length: 60 }, (_, i) => rows.append(said(i), at))
  assert.equal(answers.filter((answer) => answer === 'kept').length, 50)
  assert.equal(log.buffered, 50)
  assert.equal((await rows.close()).length, 50)
})

void test('a call with another fence gets nothing written and hears that it is lost', async () => {
  await using world = await dialerWorld({ started: false })
  const log = new EventLog(world.db, options)
  const call = await dialing(world, '13800138000')
  const other = await dialing(world, '13800138001')
  let lostCalls = 0
  const zombie = log.open({ ...call, fence: call.fence - 1 }, () => (lostCalls += 1))
  const healthy = log.open(other, lost)
  zombie.append(said(1), at)
  healthy.append(said(1), at)
  await log.idle()
  assert.equal(lostCalls, 1)
  assert.equal((await rowsOf(world, call.callId)).length, 2)
  assert.equal((await rowsOf(world, other.callId)).length, 3)
})

void test('text that jsonb refuses is stored without the characters in question', async () => {
  await using world = await dialerWorld({ started: false })
  const log = new EventLog(world.db, options)
  const call = await dialing(world)
  const rows = log.open(call, lost)
  rows.append(said(1, 'a\0b\ud800c'), at)
  await log.idle()
  const event = (await rowsOf(world, call.callId)).at(-1)!.event
  assert.equal(event.type === 'robot-said' && event.text, 'ab\ufffdc')
})

void test('a row the database will never take ends the log of its call and of no other', async () => {
  await using world = await dialerWorld({ started: false })
  await world.db.pool.query(`alter table call_events add check (event->>'text' is distinct from 'poison')`)
  const log = new EventLog(world.db, options)
  const [sick, healthy] = [await dialing(world, '13800138000'), await dialing(world, '13800138001')]
  const sickRows = log.open(sick, lost)
  const healthyRows = log.open(healthy, lost)
  for (let turn = 1; turn <= 10; turn += 1) {
    sickRows.append(said(turn, turn === 5 ? 'poison' : 'ok'), at)
    healthyRows.append(said(turn), at)
  }
  await log.idle()
  assert.equal(sickRows.append(said(11), at), 'full')
  assert.deepEqual((await rowsOf(world, sick.callId)).map((row) => row.seq), [1, 2, 3, 4, 5, 6])
  assert.equal((await rowsOf(world, healthy.callId)).length, 12)
  assert.deepEqual(await sickRows.close(), [])
})

void test('one notification tells of a whole batch', async () => {
  await using world = await dialerWorld({ started: false })
  await using listening = listen(world)
  await listening.ready
  const log = new EventLog(world.db, options)
  const calls: { callId: string; fence: number; lastSeq: number }[] = []
  for (let i = 0; i < 20; i += 1) calls.push(await dialing(world, `138001380${String(i).padStart(2, '0')}`))
  const heard = async (marker: string): Promise<void> => {
    await world.db.pool.query(`select pg_notify('call_events', $1)`, [marker])
    await until('everything before the marker was heard', () => listening.payloads.includes(marker))
  }
  await heard('before')
  listening.payloads.length = 0
  for (const call of calls) log.open(call, lost).append(said(1), at)
  await log.idle()
  await heard('after')
  assert.equal(listening.payloads.length, 2)
  assert.deepEqual(new Set(listening.payloads[0]!.split(',')), new Set(calls.map((call) => call.callId)))
})

function listen(world: World): AsyncDisposable & { payloads: string[]; ready: Promise<unknown> } {
  const payloads: string[] = []
  const db: Database = world.db
  const unlisten = db.listen('call_events', { onNotify: (payload) => payloads.push(payload), onReconnect: () => undefined })
  return { payloads, ready: unlisten, [Symbol.asyncDispose]: async () => (await unlisten)() }
}
