import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { OverloadedError } from '../errors.ts'
import { dialerWorld, simulatedLine, talksOn, until, type Script } from './testing.ts'

const phones = (count: number): string => Array.from({ length: count }, (_, i) => `138001380${String(i).padStart(2, '0')}`).join(',')

/** Says a line every few milliseconds while `more` is true. */
const chats =
  (more: () => boolean): Script =>
  async (call) => {
    call.ring()
    call.answer()
    let turn = 0
    while (more() && turn < 500) {
      turn += 1
      call.say(`第${turn}句`, turn)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return { talkMs: 20_000, conversation: 'delivered' }
  }

void test('calls go on while the database is away, and nothing of their logs is lost or doubled', async () => {
  let talking = true
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const service = world.another({ db: severed.db, script: chats(() => talking) })
  await service.start()
  const { callIds } = await world.service.place({ accountId: world.accountId, source: 'stepone', phones: phones(5), userRequirement: '通知您开会' })
  await until('all talk', () => world.invited.length === 5)
  severed.down()
  await new Promise((resolve) => setTimeout(resolve, 700))
  assert.equal(world.invited.filter((call) => call.signal.aborted).length, 0)
  assert.ok(service.live.eventLog.buffered > 50, 'events wait in memory')
  talking = false
  await new Promise((resolve) => setTimeout(resolve, 100))
  severed.up()
  for (const id of callIds) {
    const rows = await world.ended(id)
    const turns = rows.flatMap((row) => (row.event.type === 'robot-said' ? [row.event.turn] : []))
    assert.deepEqual(turns, turns.map((_, index) => index + 1))
    assert.ok(turns.length > 50)
    assert.deepEqual(rows.map((row) => row.seq), rows.map((_, index) => index + 1))
    assert.equal((await world.service.lookUp(world.accountId, id)).reason?.outcome, 'answered')
  }
  await world.assertLedger()
})

void test('an outage longer than the leases does not make living calls abandoned', async () => {
  await using world = await dialerWorld({ started: false, script: talksOn, settings: { leaseMs: 300, takeoverMs: 20 } })
  const severed = await world.severed()
  const service = world.another({ db: severed.db })
  await service.start()
  const id = await world.place()
  await until('it talks', () => world.invited[0]?.answeredAt !== undefined)
  severed.down()
  await new Promise((resolve) => setTimeout(resolve, 600))
  severed.up()
  await until('the lease is kept again', async () => {
    const { rows } = await sql<{ ok: boolean }>`select lease_until > clock_timestamp() as ok from calls where id = ${id}`.execute(world.db.sql)
    return rows[0]!.ok
  })
  assert.equal(world.invited[0]!.signal.aborted, false)
  await until('its log is written again', async () => (await world.service.lookUp(world.accountId, id)).status === 'talking')
})

void test('connections killed in the middle of settlements: each call is settled exactly once', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const service = world.another({ db: severed.db, script: async (call) => (call.answer(), { talkMs: 61_000 }) })
  const { callIds } = await world.service.place({ accountId: world.accountId, source: 'stepone', phones: phones(30), userRequirement: '通知您开会' })
  await service.start()
  // The server ends whatever is at work, again and again, while calls are dialled, logged and settled.
  let killed = 0
  for (let round = 0; round < 40; round += 1) {
    const { rows } = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'waihu' and pid <> pg_backend_pid() and state <> 'idle'`.execute(world.db.sql)
    killed += rows.length
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  assert.ok(killed > 5, `${killed} connections were killed`)
  for (const id of callIds) {
    const rows = await world.ended(id)
    assert.equal(rows.filter((row) => row.event.type === 'ended').length, 1)
    assert.equal(rows.filter((row) => row.event.type === 'dialing').length, 1)
  }
  const dialled = world.invited.map((call) => call.request.id)
  assert.equal(new Set(dialled).size, dialled.length, 'no call is dialled twice')
  const closing = await world.db.sql.selectFrom('ledger_entries').select(['call_id']).where('kind', 'in', ['settle', 'release']).execute()
  assert.equal(closing.length, 30)
  await world.assertLedger()
})

void test('a commit whose answer is lost is neither repeated nor forgotten, wherever it falls', async () => {
  await using world = await dialerWorld({ started: false })
  for (let lost = 1; lost <= 6; lost += 1) {
    const severed = await world.severed()
    const service = world.another({ db: severed.db, script: async (call) => (call.answer(), call.say('好'), { talkMs: 20_000 }) })
    // The commits of one call are, in order: place, claim, events, settlement.
    await service.live.start()
    severed.loseCommits(lost)
    const { callIds } = await service.place({ accountId: world.accountId, source: 'stepone', phones: `1380013800${lost}`, userRequirement: '通知您开会' })
    const rows = await world.ended(callIds[0]!)
    assert.deepEqual(rows.map((row) => row.event.type).filter((type) => type !== 'ringing'), ['accepted', 'dialing', 'answered', 'robot-said', 'ended'])
    assert.equal((await world.service.lookUp(world.accountId, callIds[0]!)).costLi, 150)
    assert.equal(world.invited.filter((call) => call.request.id === callIds[0]).length, 1)
    await service.close(0)
  }
  const calls = await world.db.sql.selectFrom('calls').select('id').execute()
  assert.equal(calls.length, 6)
  await world.assertLedger()
})

void test('placing while the database is away fails after a short wait, and starts nothing', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const service = world.another({ db: severed.db })
  severed.down()
  await assert.rejects(
    service.place({ accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会' }),
    (error: unknown) => error instanceof OverloadedError && error.retryAfterMs > 0,
  )
  assert.deepEqual(await world.db.sql.selectFrom('calls').select('id').execute(), [])
})

void test('nothing is dialled while the database is away', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const service = world.another({ db: severed.db })
  await service.start()
  severed.down()
  const id = await world.place()
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(world.invited.length, 0)
  severed.up()
  await world.ended(id)
  assert.equal(world.invited.length, 1)
})

void test('a process cut off from the database for good is replaced: its calls end as interrupted, once', async () => {
  await using world = await dialerWorld({ started: false, lines: [simulatedLine] })
  const severed = await world.severed()
  const gone = world.another({ db: severed.db, script: talksOn })
  await gone.start()
  const id = await world.place()
  await until('it talks', async () => (await world.service.lookUp(world.accountId, id)).status === 'talking')
  severed.down()
  await world.service.start()
  await world.ended(id)
  assert.equal((await world.service.lookUp(world.accountId, id)).reason?.outcome, 'interrupted')
  // It comes back, learns that the call is not its own any more, and hangs up.
  severed.up()
  await until('the old owner hangs up', () => world.invited[0]!.signal.aborted)
  await until('it forgets the call', () => gone.live.live === 0)
  assert.equal((await world.ended(id)).filter((row) => row.event.type === 'ended').length, 1)
  await world.assertLedger()
})
