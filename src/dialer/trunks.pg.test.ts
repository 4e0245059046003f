// Trunks of the database as calls meet them: limits over several processes, choice, change while calls run, and what is told when none is free.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { InvalidInputError } from '../errors.ts'
import { seededRandom } from '../media/seeded-random.ts'
import { claimCalls, type ClaimedCall } from './claim.ts'
import { dialerWorld, isBusy, noonMs, plainRuntime, realLine, talksOn, trunkStore, trunksOn, until, type World, type WorldOptions } from './testing.ts'

const carrier = (name: string, more: object = {}) => ({ name, targets: ['192.0.2.10'], callers: [{ number: `${name.length}100` }], concurrencyMax: 50, cps: 500, ...more })

/** A dialer on the real line that has no trunks but those of the database. */
async function world(trunks: readonly object[], options: WorldOptions = {}): Promise<World> {
  const made = await dialerWorld({ started: false, lines: [{ ...realLine, exempt: { hours: true, frequency: true } }], terms: false, ...options })
  for (const trunk of trunks) await trunkStore(made.db).add(trunk)
  await made.service.trunks.reload()
  return made
}

const phones = (count: number): string => Array.from({ length: count }, (_, i) => `138001${String(38_000 + i)}`).join(',')
const placeMany = async (w: World, count: number, wish = {}): Promise<string[]> =>
  (await w.service.place({ accountId: w.accountId, source: 'stepone', phones: phones(count), userRequirement: '通知您开会', ...wish })).callIds

/** Six processes that claim at once, each with trunks of its own; calls never end. Answers what each round began. */
async function claimTogether(w: World, rounds: number, stepMs: number): Promise<(ClaimedCall & { atMs: number })[]> {
  const processes = await Promise.all(Array.from({ length: 6 }, async (_, at) => {
    const trunks = trunksOn(w.db, [realLine], false)
    await trunks.reload()
    return { owner: `own_${at}`, trunks }
  }))
  const begun: (ClaimedCall & { atMs: number })[] = []
  const random = seededRandom(3)
  for (let round = 0; round < rounds; round += 1) {
    const nowMs = w.clock.nowMs + round * stepMs
    const results = await Promise.all(processes.map(({ owner, trunks }) => claimCalls(w.db, { line: { ...realLine, exempt: { hours: true, frequency: true } }, owner, nowMs, capacity: 7, settings: w.service.settings, trunks, dice: random, linesNotCounted: [] })))
    begun.push(...results.flatMap(({ claimed }) => claimed.map((call) => ({ ...call, atMs: nowMs }))))
  }
  return begun
}

void test('six processes at the cap start exactly as many calls as the trunks and their numbers allow', async () => {
  await using w = await world([
    carrier('a', { priority: 1, concurrencyMax: 9, callers: [{ number: '1001', concurrencyMax: 2 }, { number: '1002', concurrencyMax: 3 }, { number: '1003' }] }),
    carrier('b', { priority: 2, concurrencyMax: 4 }),
    carrier('c', { priority: 2, concurrencyMax: 50, callers: [{ number: '3001', concurrencyMax: 5 }] }),
  ])
  await placeMany(w, 60)
  const begun = await claimTogether(w, 8, 10)
  const byTrunk = Map.groupBy(begun, ({ trunk }) => trunk)
  assert.deepEqual(Object.fromEntries([...byTrunk].map(([trunk, calls]) => [trunk, calls.length])), { a: 9, b: 4, c: 5 })
  const byCaller = Map.groupBy(begun, ({ callerId }) => callerId)
  assert.deepEqual([byCaller.get('1001')?.length, byCaller.get('1002')?.length, byCaller.get('1003')?.length], [2, 3, 4])
  assert.equal(new Set(begun.map(({ row }) => row.id)).size, begun.length, 'no call was claimed twice')
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from call_attempts`.execute(w.db.sql)
  assert.equal(rows[0]!.n, begun.length)
})

void test('six processes keep the calls per second of each trunk, in whatever window of a second', async () => {
  await using w = await world([carrier('fast', { cps: 7 }), carrier('slow', { cps: 0.5 })])
  await placeMany(w, 60)
  const begun = await claimTogether(w, 40, 130)
  for (const [trunk, most, windowMs] of [['fast', 7, 1_000], ['slow', 1, 2_000]] as const) {
    const times = begun.filter((call) => call.trunk === trunk).map(({ atMs }) => atMs)
    for (const from of times) assert.ok(times.filter((at) => at >= from && at < from + windowMs).length <= most, `${trunk} from ${from - noonMs}`)
    assert.ok(times.length >= (most * 39 * 130) / windowMs - most, `${trunk} was used as far as it may be: ${times.length}`)
  }
})

void test('numbers take turns over processes and restarts', async () => {
  await using w = await world([carrier('a', { callers: ['1', '2', '3'].map((digit) => ({ number: `100${digit}` })) })], { script: isBusy })
  await w.service.start()
  const shown: string[] = []
  for (let i = 0; i < 6; i += 1) {
    w.clock.nowMs += 1_000
    await w.ended(await w.place(`1380013800${i}`))
    shown.push(w.invited.at(-1)!.request.callerId)
  }
  assert.deepEqual(shown.slice(0, 3).sort(), ['1001', '1002', '1003'])
  assert.deepEqual(shown.slice(3), shown.slice(0, 3))
})

void test('a trunk that is added while calls wait is used within a moment, by every process', async () => {
  await using w = await world([], { script: isBusy })
  // The simulated line does not take calls that ask for something else.
  await trunkStore(w.db).add(carrier('later', { enabled: false }))
  await w.service.start()
  await assert.rejects(w.place('13800138000', undefined, { line: 'later' }), (error) => error instanceof InvalidInputError && error.field === 'line')
  await trunkStore(w.db).setEnabled('later', true)
  const id = await w.place()
  await w.ended(id)
  assert.equal((await w.service.lookUp(w.accountId, id)).trunk, 'later')
})

void test('a trunk that is removed or disabled while calls run takes no more, and those calls end as they are', async () => {
  await using w = await world([carrier('a')], { script: talksOn })
  await w.service.start()
  const talking = await w.place()
  await until('it talks', () => w.invited[0]?.answeredAt)
  await trunkStore(w.db).remove('a')
  const { callIds } = await w.service.place({ accountId: w.accountId, source: 'stepone', phones: '13800138001', userRequirement: '通知您开会' })
  await w.service.live.idle()
  assert.equal(w.invited.length, 1, 'nothing is dialled over a trunk that is gone')
  const waiting = await w.service.lookUp(w.accountId, callIds[0]!)
  assert.deepEqual([waiting.waitingFor, waiting.waitingBecause], ['line', { why: 'none' }])
  assert.equal((await w.service.lookUp(w.accountId, talking)).status, 'talking')
  await w.service.stop(w.accountId, talking, 'hang-up')
  await w.ended(talking)
  await trunkStore(w.db).add(carrier('b'))
  await until('it is dialled over the new one', () => w.invited[1]?.request.trunk === 'b')
  await w.service.stop(w.accountId, callIds[0]!, 'hang-up')
  await w.ended(callIds[0]!)
  await w.assertLedger()
})

void test('a process that has not followed a change yet does not dial over what is no longer in force', async () => {
  await using w = await world([carrier('a', { concurrencyMax: 5 })])
  await placeMany(w, 10)
  const stale = trunksOn(w.db, [realLine], false)
  await stale.reload()
  const { version } = await trunkStore(w.db).get('a')
  await trunkStore(w.db).replace('a', carrier('a', { concurrencyMax: 1 }), version)
  const claim = async (): Promise<number> => (await claimCalls(w.db, { line: { ...realLine, exempt: { hours: true, frequency: true } }, owner: 'own_stale', nowMs: noonMs, capacity: 9, settings: w.service.settings, trunks: stale, dice: () => 0, linesNotCounted: [] })).claimed.length
  assert.equal(await claim(), 0)
  await until('it has followed', () => stale.of('trunk')[0]?.concurrencyMax === 1)
  assert.deepEqual([await claim(), await claim()], [1, 0])
})

void test('what keeps calls waiting is told: all down, all leaving off, all full', async () => {
  const runtime = plainRuntime()
  let up = false
  runtime.isUp = () => up
  await using w = await world([carrier('a', { concurrencyMax: 1 }), carrier('bb', { concurrencyMax: 1 })], { script: talksOn, runtime })
  await w.service.start()
  const first = await w.place('13800138000')
  const why = async (id: string) => (await w.service.lookUp(w.accountId, id)).waitingBecause
  await w.service.live.idle()
  assert.deepEqual(await why(first), { why: 'down' })
  await sql`insert into trunk_states (trunk, backing_off_until, backing_off_since) values ('a', ${new Date(noonMs + 9_000)}, ${new Date(noonMs)}), ('bb', ${new Date(noonMs + 8_000)}, ${new Date(noonMs)})`.execute(w.db.sql)
  up = true
  assert.deepEqual(await why(first), { why: 'backing-off', untilMs: noonMs + 8_000 })
  w.clock.nowMs += 8_000
  w.service.live.wake()
  await until('the first is free again', () => w.invited[0]?.request.trunk === 'bb')
  w.clock.nowMs += 1_000
  const [second, third] = [await w.place('13800138001'), await w.place('13800138002')]
  await until('both talk', () => w.invited.length === 2)
  await w.service.live.idle()
  const left = (await w.service.lookUp(w.accountId, second)).status === 'queued' ? second : third
  assert.deepEqual(await why(left), { why: 'full' })
})

void test('a call that wants a trunk or number that is busy lets the others pass, and gets it later', async () => {
  await using w = await world([carrier('a', { concurrencyMax: 1 }), carrier('bb')], { script: talksOn })
  await w.service.start()
  const holder = await w.place('13800138000', undefined, { line: 'a' })
  await until('it holds the trunk', () => w.invited.length === 1)
  w.clock.nowMs += 1
  const wanting = await w.place('13800138001', undefined, { line: 'a' })
  w.clock.nowMs += 1
  const other = await w.place('13800138002')
  await until('the other passes', () => w.invited.some(({ request }) => request.id === other))
  const record = await w.service.lookUp(w.accountId, wanting)
  assert.deepEqual([record.status, record.waitingFor, record.waitingBecause], ['queued', 'line', { why: 'full' }])
  await w.service.stop(w.accountId, holder, 'hang-up')
  await w.ended(holder)
  w.clock.nowMs += 2_000
  w.service.live.wake()
  const call = await until('it is its turn', () => w.invited.find(({ request }) => request.id === wanting))
  assert.equal(call.request.trunk, 'a')
})

void test('wishes that nobody can meet are refused clearly, and nothing is queued', async () => {
  await using w = await world([carrier('a'), carrier('bb')])
  for (const [wish, field, words] of [
    [{ line: 'gone' }, 'line', /没有已启用的线路 gone/],
    [{ caller: '999' }, 'caller', /没有主叫号码 999/],
    [{ line: 'a', caller: '2100' }, 'caller', /线路 a 没有主叫号码 2100/],
  ] as const) {
    await assert.rejects(w.place('13800138000', undefined, wish), (error) => error instanceof InvalidInputError && error.field === field && words.test(error.message))
  }
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from calls`.execute(w.db.sql)
  assert.equal(rows[0]!.n, 0)
  const id = await w.place('13800138000', undefined, { caller: '2100' })
  assert.equal((await sql<{ c: string }>`select caller_wanted as c from calls where id = ${id}`.execute(w.db.sql)).rows[0]!.c, '2100')
})

void test('the simulated line takes calls while there are no trunks, only by name once there are, and never for a trunk that cannot be read', async () => {
  const lines = [{ ...realLine, name: 'simulated', exempt: { hours: true, frequency: true } }, { ...realLine, exempt: { hours: true, frequency: true } }]
  await using w = await dialerWorld({ lines, script: isBusy, started: false })
  // The real line of the test has no trunk of its own.
  await using bare = await dialerWorld({ lines, script: isBusy, started: false, trunks: trunksOn(w.db, lines.slice(0, 1)), db: w.db })
  const lineOf = async (wish = {}): Promise<string> => {
    const { callIds } = await bare.service.place({ accountId: w.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会', ...wish })
    return (await sql<{ line: string }>`select line from calls where id = ${callIds[0]}`.execute(w.db.sql)).rows[0]!.line
  }
  assert.equal(await lineOf(), 'simulated')
  const { version } = await trunkStore(w.db).add(carrier('a'))
  await bare.service.trunks.reload()
  assert.deepEqual([await lineOf(), await lineOf({ line: 'simulated' })], ['trunk', 'simulated'])
  await sql`update trunks set config = '{}' where version = ${version}`.execute(w.db.sql)
  await bare.service.trunks.reload()
  assert.equal(await lineOf(), 'trunk', 'a call for people is not answered by a simulation')
  await trunkStore(w.db).setEnabled('a', false)
  await bare.service.trunks.reload()
  assert.equal(await lineOf(), 'simulated')
})
