import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { addDoNotCall } from '../db/do-not-call.ts'
import { claimCalls } from './claim.ts'
import { dialerWorld, isBusy, noonMs, realLine, simulatedLine, talksOn, until, type World } from './testing.ts'

const minute = 60_000
const hour = 60 * minute

void test('a call that comes due outside of calling hours waits for the window, visibly, and is dialled then', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], settings: { queueMsMax: 24 * hour } })
  const id = await world.place()
  world.clock.nowMs = noonMs + 10 * hour
  await world.service.start()
  await until('it waits', async () => (await world.service.lookUp(world.accountId, id)).waitingFor === 'window')
  world.clock.nowMs = noonMs + 20 * hour
  world.service.live.wake()
  const rows = await world.ended(id)
  assert.deepEqual(rows.slice(0, 3).map((row) => row.event), [
    { type: 'accepted' },
    { type: 'waiting', why: 'window', untilMs: noonMs + 20 * hour },
    { type: 'dialing', line: 'trunk', attempt: 1 },
  ])
})

void test('a second call to the same person waits a minute, and is told so once', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], script: isBusy })
  const first = await world.place()
  world.clock.nowMs += 1
  const second = await world.place()
  await world.service.start()
  await world.ended(first)
  const waiting = await until('it waits', async () => (await world.service.lookUp(world.accountId, second)).waitingFor)
  assert.equal(waiting, 'frequency')
  for (let i = 0; i < 3; i += 1) {
    world.clock.nowMs += 10_000
    world.service.live.wake()
    await world.service.live.idle()
  }
  assert.equal(world.invited.length, 1)
  world.clock.nowMs = noonMs + minute + 1
  world.service.live.wake()
  const rows = await world.ended(second)
  assert.deepEqual(rows.map((row) => row.event.type), ['accepted', 'waiting', 'dialing', 'ended'])
})

void test('a person in a call of ours is not dialled again beside it, even after a minute', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], script: talksOn })
  await world.place()
  world.clock.nowMs += 1
  const second = await world.place()
  await world.service.start()
  await until('one call talks', () => world.invited.length === 1)
  world.clock.nowMs += 2 * minute
  world.service.live.wake()
  await world.service.live.idle()
  assert.equal(world.invited.length, 1)
  assert.equal((await world.service.lookUp(world.accountId, second)).waitingFor, 'frequency')
})

void test('the simulated carrier is exempt from hours and frequency, and its calls count for nobody', async () => {
  await using world = await dialerWorld({ script: isBusy, lines: [simulatedLine, realLine] })
  world.clock.nowMs = noonMs + 12 * hour
  for (const id of await Promise.all([world.place(), world.place(), world.place()])) await world.ended(id)
  const claimed = await claimOn(world, () => world.place())
  assert.equal(claimed, 1)
})

/** Moves a fresh call to the real line at noon of the next day and claims there. */
async function claimOn(world: World, place: () => Promise<string>): Promise<number> {
  await world.service.close(0)
  const id = await place()
  await world.db.sql.updateTable('calls').set({ line: 'trunk', expires_at: new Date(noonMs + 48 * hour) }).where('id', '=', id).execute()
  const input = { line: realLine, owner: 'own_test', nowMs: noonMs + 12 * hour + 10_000 + 12 * hour, capacity: 10, settings: world.service.settings, trunks: world.service.trunks, dice: () => 0, linesNotCounted: ['simulator'] }
  return (await claimCalls(world.db, input)).claimed.length
}

void test('a number that came onto the do-not-call list while queued is not dialled and costs nothing', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  await addDoNotCall(world.db.sql, { accountId: world.accountId, phone: '+8613800138000', source: 'account', evidence: '' }, new Date(noonMs))
  await world.service.start()
  await world.ended(id)
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.reason?.stage, record.costLi], ['blacklist', 'queued', 0])
  assert.equal(world.invited.length, 0)
  await world.assertLedger()
})

void test('a never-dial number that got into the queue is not dialled, whatever the line is exempt from', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  await world.db.sql.updateTable('calls').set({ phone: '110' }).where('id', '=', id).execute()
  await world.service.start()
  await world.ended(id)
  assert.equal((await world.service.lookUp(world.accountId, id)).reason?.outcome, 'bad-number')
  assert.equal(world.invited.length, 0)
})

void test('a never-dial number that got past the claim is stopped before the INVITE', async () => {
  await using world = await dialerWorld({
    // Changes the row under way, as no part of the program does.
    robots: {
      accept: () => ({ spec: { userRequirement: '' }, expiresAt: undefined }),
      open: () => ({ kind: 'x', hotWords: [], phrases: [], async *handle() {}, async [Symbol.asyncDispose]() {} }),
    },
    script: async () => assert.fail('dialled'),
    started: false,
  })
  const id = await world.place()
  const { LiveCall } = await import('./live-call.ts')
  const { EventLog } = await import('./event-log.ts')
  const [claimed] = (
    await claimCalls(world.db, { line: simulatedLine, owner: 'own_test', nowMs: noonMs, capacity: 1, settings: world.service.settings, trunks: world.service.trunks, dice: () => 0, linesNotCounted: [] })
  ).claimed
  let refused: unknown
  const call = new LiveCall({ ...claimed!, row: { ...claimed!.row, phone: '0571110' } }, simulatedLine, {
    db: world.db,
    eventLog: new EventLog(world.db, world.service.settings),
    readings: async () => undefined,
    runCall: async (_request, hooks) => {
      try {
        hooks.beforeInvite()
      } catch (error) {
        refused = error
      }
      return { reason: { outcome: 'bad-number', by: 'platform', stage: 'dialing', detail: 'refused', evidence: {} }, answeredAt: undefined, talkMs: 0, conversation: undefined, notes: [], recording: undefined, media: undefined }
    },
    robots: { accept: () => assert.fail(), open: () => ({ kind: 'x', hotWords: [], phrases: [], async *handle() {}, async [Symbol.asyncDispose]() {} }) },
    settings: world.service.settings,
    trunks: world.service.trunks,
    watch: world.service.live.watch,
    now: () => noonMs,
    dice: () => 0,
    recordingPath: () => undefined,
    settling: (work) => work(),
    linesNotCounted: [],
    settleRetryMs: [10],
  })
  await call.done
  assert.equal((refused as { code?: string }).code, 'never-dial')
  await world.ended(id)
})

void test('a call that is not dialled in time expires and the money comes back, even when its line no longer exists', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], settings: { queueMsMax: 30 * minute } })
  const id = await world.place()
  const removed = await world.place('13900139000')
  await world.db.sql.updateTable('calls').set({ line: 'gone' }).where('id', '=', removed).execute()
  world.clock.nowMs += 30 * minute
  await world.service.start()
  for (const each of [id, removed]) {
    await world.ended(each)
    const record = await world.service.lookUp(world.accountId, each)
    assert.deepEqual([record.reason?.outcome, record.costLi], ['expired', 0])
  }
  assert.equal(world.invited.length, 0)
  await world.assertLedger()
})

void test('waiting longer than the message is good for is told at once', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], settings: { queueMsMax: 10 * hour } })
  const id = await world.place()
  world.clock.nowMs = noonMs + 9.5 * hour
  await world.service.start()
  await world.ended(id)
  assert.equal((await world.service.lookUp(world.accountId, id)).reason?.outcome, 'expired')
})

void test('two processes together never exceed the concurrency of a line and never dial a call twice', async () => {
  let live = 0
  let liveMax = 0
  const script = async (): Promise<void> => {
    live += 1
    liveMax = Math.max(liveMax, live)
    await new Promise((resolve) => setTimeout(resolve, 5))
    live -= 1
  }
  await using world = await dialerWorld({ started: false, terms: { concurrencyMax: 5 }, script })
  const { callIds } = await world.service.place({
    accountId: world.accountId,
    source: 'stepone',
    phones: Array.from({ length: 40 }, (_, i) => `138001380${String(i).padStart(2, '0')}`).join(','),
    userRequirement: '通知您开会',
  })
  const other = world.another()
  await Promise.all([world.service.start(), other.start()])
  for (const id of callIds) await world.ended(id)
  assert.ok(liveMax <= 5 && liveMax > 1, `at most ${liveMax} at once`)
  const dialled = world.invited.map((call) => call.request.id)
  assert.equal(new Set(dialled).size, 40)
  assert.equal(dialled.length, 40)
  assert.ok(world.service.live.stats.claimed > 0 && other.live.stats.claimed > 0, 'both worked')
  await world.assertLedger()
})

void test('calls per second hold over all processes', async () => {
  await using world = await dialerWorld({ started: false, terms: { cps: 3 }, script: isBusy })
  await world.place(Array.from({ length: 10 }, (_, i) => `1380013800${i}`).join(','))
  const other = world.another()
  await Promise.all([world.service.start(), other.start()])
  // The clock stands still: exactly one second's worth is dialled, however often both look.
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      world.service.live.wake()
      other.live.wake()
      await Promise.all([world.service.live.idle(), other.live.idle()])
    }
  }
  await settled()
  assert.equal(world.invited.length, 3)
  world.clock.nowMs += 1_000
  await settled()
  assert.equal(world.invited.length, 6)
})

void test('the media plane decides how many calls a process takes', async () => {
  let ports = 0
  await using world: World = await dialerWorld({ started: false, script: talksOn, capacity: () => ports - world.invited.length })
  await world.place('13800138000,13800138001,13800138002')
  await world.service.start()
  await world.service.live.idle()
  assert.equal(world.invited.length, 0)
  ports = 2
  world.service.live.wake()
  await world.service.live.idle()
  assert.equal(world.invited.length, 2)
})

void test('a robot that cannot be woken ends the call without dialling', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  await world.db.sql.updateTable('calls').set({ robot: '{"kind":"unknown"}' }).where('id', '=', id).execute()
  await world.service.start()
  await world.ended(id)
  assert.equal((await world.service.lookUp(world.accountId, id)).reason?.outcome, 'interrupted')
  assert.equal(world.invited.length, 0)
  await world.assertLedger()
})

void test('a call that cannot even be ended holds up neither its line nor the closing of others', async () => {
  await using world = await dialerWorld({ started: false })
  const sick = await world.place('13800138000')
  world.clock.nowMs += 1
  const healthy = await world.place('13800138001')
  await addDoNotCall(world.db.sql, { accountId: world.accountId, phone: '+8613800138000', source: 'account', evidence: '' }, new Date(noonMs))
  // A gap in its log, as no part of the program leaves.
  await world.db.sql.updateTable('call_events').set({ seq: 5 }).where('call_id', '=', sick).execute()
  await world.service.start()
  await world.ended(healthy)
  world.clock.nowMs += 31 * minute
  const late = await world.place('13800138002')
  await world.service.live.sweep()
  await world.ended(late)
  assert.equal((await world.service.lookUp(world.accountId, sick)).status, 'queued')
  assert.deepEqual(world.invited.map((call) => call.request.id), [healthy, late])
})

void test('a claim among 10,000 waiting and 10,000 finished calls stays fast', async () => {
  await using world = await dialerWorld({ started: false, terms: { concurrencyMax: 10_000, cps: 10_000 } })
  const template = await world.place()
  await sql`
    insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, due_at, expires_at, price_li_per_min,
                       initial_block_sec, increment_sec, created_at, status, dialing_at, ended_at, outcome, end_reason, talk_ms, cost_li)
    select 'many_' || kind || n, account_id, source, '+86138' || lpad(n::text, 8, '0'), phone_as_given, user_requirement, robot, line,
           created_at + n * interval '1 millisecond', expires_at, price_li_per_min, initial_block_sec, increment_sec, created_at,
           kind, case kind when 'ended' then created_at - interval '2 days' end, case kind when 'ended' then created_at end,
           case kind when 'ended' then 'busy' end, case kind when 'ended' then '{}'::jsonb end, case kind when 'ended' then 0 end, case kind when 'ended' then 0 end
    from calls, generate_series(1, 10000) n, unnest(array['queued', 'ended']) kind where id = ${template}`.execute(world.db.sql)
  await sql`analyze calls`.execute(world.db.sql)
  const tookMs: number[] = []
  for (let round = 0; round < 20; round += 1) {
    const line = { ...realLine, name: 'simulator' }
    const startedAt = performance.now()
    const { claimed } = await claimCalls(world.db, { line, owner: 'own_test', nowMs: noonMs + 20_000, capacity: 50, settings: world.service.settings, trunks: world.service.trunks, dice: () => 0, linesNotCounted: [] })
    tookMs.push(performance.now() - startedAt)
    assert.equal(claimed.length, 50)
  }
  const medianMs = tookMs.sort((a, b) => a - b)[10]!
  if (process.env['PRINT_FIGURES']) console.log({ claimOf50: { medianMs, maxMs: tookMs.at(-1) } })
  assert.ok(medianMs < 250, `claiming 50 calls took ${medianMs} ms`)
})
