// What becomes of calls whose attempt failed before anything rang: next trunk, durable first, never twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { attemptsOf } from '../db/call-attempts.ts'
import { trunkStates } from '../db/trunk-states.ts'
import { claimCalls } from './claim.ts'
import { mayRepeat, nextAttempt } from './failover.ts'
import { confirms, dialerWorld, noonMs, realLine, reason, trunkStore, until, type ScriptedCall, type World, type WorldOptions } from './testing.ts'

const carrier = (name: string, priority: number, more: object = {}) => ({ name, targets: ['192.0.2.10'], callers: [{ number: `${name}1`.replace(/\D/g, '10') }], priority, concurrencyMax: 50, cps: 500, ...more })

async function world(trunks: readonly object[], options: WorldOptions = {}): Promise<World> {
  const made = await dialerWorld({ started: false, lines: [{ ...realLine, exempt: { hours: true, frequency: true } }], terms: false, ...options })
  for (const trunk of trunks) await trunkStore(made.db).add(trunk)
  await made.service.trunks.reload()
  return made
}

const fault = { reason: reason('line-fault', { by: 'network', stage: 'dialing', evidence: { sipStatus: 503 } }) }
/** Fails with these one after the other, then confirms. */
const failing = (...failures: Parameters<ScriptedCall['fails']>[0][]) => async (call: ScriptedCall) => {
  for (const failure of failures) if (!(await call.fails(failure))) return fault
  return confirms(call)
}
const dialled = (w: World): string[] => w.invited.flatMap(({ attempts }) => attempts.map(({ trunk }) => trunk))

void test('a call goes from trunk to trunk by priority, three at most, and each attempt is written down', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2), carrier('c', 3), carrier('d', 4)], { script: failing({}, { status: 408, local: 'timeout' }, { status: 500 }) })
  await w.service.start()
  const id = await w.place()
  const rows = await w.ended(id)
  assert.deepEqual(dialled(w), ['a', 'b', 'c'])
  assert.deepEqual((await attemptsOf(w.db.sql, id)).map(({ attempt, trunk }) => `${attempt} ${trunk}`), ['1 a', '2 b', '3 c'])
  assert.deepEqual(rows.flatMap(({ event }) => (event.type === 'dialing' ? [`${event.attempt} ${event.line}`] : [])), ['1 a', '2 b', '3 c'])
  const record = await w.service.lookUp(w.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.trunk, record.costLi], ['line-fault', 'c', 0])
  await w.assertLedger()
})

void test('the attempt is durable before its INVITE leaves', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)])
  let seen: unknown
  w.scripts.set('+8613800138000', async (call) => {
    await call.fails()
    // Here the INVITE would leave.
    seen = (await sql`select attempt, trunk, status, (select count(*)::int from call_attempts where call_id = c.id) as attempts from calls c where id = ${call.request.id}`.execute(w.db.sql)).rows[0]
    return confirms(call)
  })
  await w.service.start()
  await w.ended(await w.place())
  assert.deepEqual(seen, { attempt: 2, trunk: 'b', status: 'dialing', attempts: 2 })
})

for (const [why, failure] of [
  ['the callee is busy', { outcome: 'busy', status: 486 }],
  ['the number does not exist', { outcome: 'invalid-number', status: 404 }],
  ['a 503 that the table of outcomes reads as switched off', { outcome: 'powered-off', status: 503 }],
  ['the callee is blocked at the carrier', { outcome: 'barred', status: 403 }],
] as const) {
  void test(`${why}: no other trunk is bothered`, async () => {
    await using w = await world([carrier('a', 1), carrier('b', 2)], { script: failing(failure) })
    await w.service.start()
    await w.ended(await w.place())
    assert.deepEqual(dialled(w), ['a'])
  })
}

void test('the only trunk is tried once more after a second when it said that it is busy, and not otherwise', async () => {
  await using w = await world([carrier('a', 1)], { script: failing({}, {}) })
  await w.service.start()
  await w.ended(await w.place())
  assert.deepEqual(w.invited[0]!.attempts.map(({ trunk, pauseMs = 0 }) => [trunk, pauseMs]), [['a', 0], ['a', 1_000]])
  assert.ok(mayRepeat({ trunk: 'a', outcome: 'line-fault', status: 503, retryAfterMs: 1_000 }, 1_000))
  for (const not of [{ status: 503, retryAfterMs: 2_000 }, { status: 503, local: 'transport' as const }, { status: 408, local: 'timeout' as const }, { status: 502 }, { status: 403 }]) {
    assert.ok(!mayRepeat({ trunk: 'a', outcome: 'line-fault', ...not }, 1_000), JSON.stringify(not))
  }
})

void test('a call that wants one trunk is not moved to another', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)], { script: failing({ status: 408, local: 'timeout' }) })
  await w.service.start()
  await w.ended(await w.place('13800138000', undefined, { line: 'a' }))
  assert.deepEqual(dialled(w), ['a'])
})

void test('the next trunk keeps its limits: a full one is not used', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2, { concurrencyMax: 1 })])
  w.scripts.set('+8613800138000', async (call) => {
    call.ring()
    await call.stopped()
    return {}
  })
  const script = failing({ status: 408, local: 'timeout' })
  w.scripts.set('+8613800138001', script)
  await w.service.start()
  const holder = await w.place('13800138000', undefined, { line: 'b' })
  await until('b is full', () => w.invited.length === 1)
  const id = await w.place('13800138001')
  await w.ended(id)
  assert.deepEqual(w.invited[1]!.attempts.map(({ trunk }) => trunk), ['a'])
  await w.service.stop(w.accountId, holder, 'hang-up')
  await w.ended(holder)
})

void test('Retry-After leaves a trunk alone for as long as it says, for every process, and is told', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)], { script: confirms })
  w.scripts.set('+8613800138000', failing({ status: 503, retryAfterMs: 20_000 }))
  const other = w.another()
  await Promise.all([w.service.start(), other.start()])
  await w.ended(await w.place())
  await Promise.all([w.service.live.watch.flush(), other.live.watch.flush()])
  assert.deepEqual((await trunkStates(w.db.sql, ['a'])).map(({ backingOffUntil, backingOffBecause }) => [backingOffUntil?.getTime(), backingOffBecause]), [[noonMs + 20_000, 'retry-after']])
  w.clock.nowMs += 19_000
  await w.ended(await w.place('13800138001'))
  w.clock.nowMs += 1_000
  await w.ended(await w.place('13800138002'))
  assert.deepEqual(w.invited.map(({ attempts }) => attempts.map(({ trunk }) => trunk)), [['a', 'b'], ['b'], ['a']])
})

void test('a trunk that is down is left after three calls, and the others do not even try it', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)])
  const script = async (call: ScriptedCall) => {
    if (call.attempts.at(-1)!.trunk === 'a' && !(await call.fails({ status: 503, local: 'transport' }))) return fault
    return confirms(call)
  }
  for (let i = 0; i < 10; i += 1) w.scripts.set(`+861380013800${i}`, script)
  await w.service.start()
  const firsts: string[] = []
  for (let i = 0; i < 6; i += 1) {
    w.clock.nowMs += 100
    const id = await w.place(`1380013800${i}`)
    await w.ended(id)
    assert.equal((await w.service.lookUp(w.accountId, id)).reason?.outcome, 'answered')
    firsts.push(w.invited.at(-1)!.request.trunk)
  }
  assert.deepEqual(firsts, ['a', 'a', 'a', 'b', 'b', 'b'])
  await w.assertLedger()
})

void test('a burst of 403 makes a trunk suspect, and calls take another one first', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)])
  const script = async (call: ScriptedCall) => {
    if (call.request.trunk !== 'a') return confirms(call)
    await call.fails({ outcome: 'barred', status: 403 })
    return { reason: reason('barred', { by: 'network', stage: 'dialing', evidence: { sipStatus: 403 } }) }
  }
  const phones = Array.from({ length: 13 }, (_, i) => `138001380${10 + i}`)
  for (const phone of phones) w.scripts.set(`+86${phone}`, script)
  await w.service.start()
  for (const phone of phones.slice(0, 12)) await w.ended(await w.place(phone))
  await w.service.live.watch.flush()
  await w.ended(await w.place(phones[12]))
  assert.deepEqual([w.invited[11]!.request.trunk, w.invited[12]!.request.trunk], ['a', 'b'])
  const [state] = await trunkStates(w.db.sql, ['a'])
  assert.equal(state?.suspectBecause, '403×12 / 12')
})

void test('a commit whose answer is lost makes one attempt, not two', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2), carrier('c', 3)])
  const severed = await w.severed()
  const shaky = w.another({ db: severed.db })
  await shaky.trunks.reload()
  w.scripts.set('+8613800138000', async (call) => {
    severed.loseCommits(1)
    assert.ok(await call.fails())
    return confirms(call)
  })
  await shaky.start()
  const id = await w.place()
  await w.ended(id)
  assert.deepEqual((await attemptsOf(w.db.sql, id)).map(({ attempt, trunk }) => `${attempt} ${trunk}`), ['1 a', '2 b'])
  assert.deepEqual(dialled(w), ['a', 'b'])
})

void test('a process that dies between two attempts: the call is closed as interrupted, and nobody dials it again', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)], { settings: { leaseMs: 300 } })
  const severed = await w.severed()
  const dying = w.another({ db: severed.db })
  await dying.trunks.reload()
  const cut = Promise.withResolvers<void>()
  w.scripts.set('+8613800138000', async (call) => {
    // The next attempt is durable; before its INVITE leaves, the process is gone.
    await call.hooks.onDialFailed({ trunk: 'a', outcome: 'line-fault', status: 503 })
    severed.down()
    cut.resolve()
    await call.stopped()
    return {}
  })
  await dying.start()
  const id = await w.place()
  await cut.promise
  await w.service.start()
  await w.ended(id)
  const record = await w.service.lookUp(w.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.reason?.detail, record.trunk, record.costLi], ['interrupted', 'process-died', 'b', 0])
  w.service.live.wake()
  await w.service.live.idle()
  assert.deepEqual(dialled(w), ['a'])
  severed.up()
  await w.assertLedger()
})

void test('who lost the call, was asked to stop or is late gets no further attempt', async () => {
  await using w = await world([carrier('a', 1), carrier('b', 2)])
  const id = await w.place()
  const { claimed } = await claimCalls(w.db, { line: { ...realLine, exempt: { hours: true, frequency: true } }, owner: 'own_test', nowMs: noonMs, capacity: 1, settings: w.service.settings, trunks: w.service.trunks, dice: () => 0, linesNotCounted: [] })
  const { fence } = claimed[0]!
  const ask = (more: { fence?: number; attempt?: number; nowMs?: number } = {}) =>
    nextAttempt(w.db, {
      call: { id, fence: more.fence ?? fence, line: 'trunk' },
      attempt: more.attempt ?? 1,
      failure: { trunk: 'a', outcome: 'line-fault', status: 503 },
      trunks: w.service.trunks,
      settings: w.service.settings.failover,
      nowMs: more.nowMs ?? noonMs,
      dice: 0,
    })
  assert.equal(await ask({ fence: fence + 1 }), undefined)
  assert.equal(await ask({ nowMs: noonMs + w.service.settings.failover.withinMs + 1 }), undefined)
  assert.equal(await ask({ attempt: 3 }), undefined)
  await sql`update calls set stop_requested_at = now() where id = ${id}`.execute(w.db.sql)
  assert.equal(await ask(), undefined)
  await sql`update calls set stop_requested_at = null, status = 'ringing' where id = ${id}`.execute(w.db.sql)
  assert.equal(await ask(), undefined)
  await sql`update calls set status = 'dialing' where id = ${id}`.execute(w.db.sql)
  assert.deepEqual(await ask(), { trunk: 'b', callerId: '101', attempt: 2, ringMsMax: 60_000, pauseMs: 0 })
  assert.deepEqual(await ask(), { trunk: 'b', callerId: '101', attempt: 2, ringMsMax: 60_000, pauseMs: 0 }, 'asked again, it is the same one')
  assert.equal((await attemptsOf(w.db.sql, id)).length, 2)
})
