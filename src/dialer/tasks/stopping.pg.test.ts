import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { addDoNotCall } from '../../db/do-not-call.ts'
import { RefusedError } from '../../errors.ts'
import { isBusy, noonMs, reason, talksOn, until, type Script } from '../testing.ts'
import { mulberry } from './chance.test-data.ts'
import { DialerTaskDesk } from './dialer-task-desk.ts'
import { rowsOf, taskWorld, testScripts } from './testing.ts'
import { realLine } from '../testing.ts'

const afternoonMs = noonMs + 3 * 3_600_000

void test('when a pause is answered nothing more is dialled, what was fed is back, and calls in progress go on', async () => {
  await using world = await taskWorld({ script: talksOn, terms: { concurrencyMax: 4 } })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(50)
  await until('the line is full', () => world.invited.length === 4, 60_000)
  const paused = await world.desk.pause(world.accountId, id)
  const dialled = world.invited.length
  assert.deepEqual([paused.status, paused.counts.calling, paused.counts.waiting], ['paused', dialled, 50 - dialled])
  assert.equal((await sql`select 1 from calls where status = 'queued'`.execute(world.db.sql)).rows.length, 0)
  await world.service.feeder.pass()
  world.service.live.wake()
  await world.service.live.idle()
  assert.equal(world.invited.length, dialled)
  for (const { request } of world.invited) await world.service.stop(world.accountId, request.id, 'hang-up')
  await until('they are over', async () => (await world.desk.detail(world.accountId, id)).counts.calling === 0, 60_000)
  assert.equal(world.invited.length, dialled)
  assert.equal((await world.desk.resume(world.accountId, id)).status, 'running')
  await until('it goes on', () => world.invited.length > dialled, 60_000)
  const cancelled = await world.desk.cancel(world.accountId, id, { hangUp: true })
  assert.equal(cancelled.status, 'cancelled')
  await until('all are hung up', async () => (await world.desk.detail(world.accountId, id)).counts.calling === 0, 60_000)
  await world.assertWhole()
})

void test('calls that were fed and not dialled go back when the task is paused, with their money, in their old places', async () => {
  await using world = await taskWorld({ capacity: () => 0 })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(30)
  await until('they are fed', async () => (await world.desk.detail(world.accountId, id)).counts.calling === 30, 60_000)
  const paused = await world.desk.pause(world.accountId, id)
  assert.deepEqual([paused.counts.waiting, paused.counts.calling], [30, 0])
  const { rows } = await sql<{ held: number; calls: number; events: number }>`
    select (select held_li from wallets) as held, (select count(*)::int from calls) as calls, (select count(*)::int from call_events) as events`.execute(world.db.sql)
  assert.deepEqual(rows[0], { held: 0, calls: 0, events: 0 })
  const { items } = await world.desk.numbers(world.accountId, id)
  assert.deepEqual(items.map(({ dueAt }) => dueAt.getTime()), items.map(() => afternoonMs))
  await world.assertWhole()
})

void test('a number that is taken back is not called, also when it was fed already', async () => {
  await using world = await taskWorld({ capacity: () => 0 })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(5)
  await until('they are fed', async () => (await world.desk.detail(world.accountId, id)).counts.calling === 5, 60_000)
  assert.deepEqual(await world.desk.takeBackNumbers(world.accountId, id, '13900000001,13900000003'), { takenBack: 2 })
  assert.equal((await world.desk.detail(world.accountId, id)).counts.takenBack, 2)
  await world.assertWhole()
})

void test('the same addition at once and again adds once; rows that cannot be called are refused one by one', async () => {
  await using world = await taskWorld({ started: false })
  world.clock.nowMs = afternoonMs
  await addDoNotCall(world.db.sql, { accountId: world.accountId, phone: '+8613900000002', source: 'account', evidence: '' }, new Date(afternoonMs))
  const { id } = await world.task([], {}, false).catch(async () => world.desk.create(world.accountId, { name: 'x', script: 'notice' }))
  const rows = [...rowsOf(4), { phone: '12345', vars: { name: 'a' } }, { phone: '1390000000O', vars: { name: 'a' } }, { phone: '13911111111', vars: { name: 'a', until: new Date(afternoonMs - 1).toISOString() } }, { phone: '+86 139 0000 0000', vars: { name: 'a' } }]
  const answers = await Promise.all([1, 2, 3].map(() => world.desk.addNumbers(world.accountId, id, rows, 'key')))
  assert.deepEqual(answers.map(({ added, refused }) => [added, refused.map(({ row, code }) => `${row} ${code}`)]), answers.map(() => [3, ['2 do-not-call', '4 never-dial', '5 bad-number', '6 expired', '7 duplicate']]))
  assert.equal(answers.filter(({ replayed }) => !replayed).length, 1)
  const plain = await world.desk.addNumbers(world.accountId, id, rowsOf(4))
  assert.deepEqual([plain.added, plain.refused.map(({ code }) => code)], [0, ['duplicate', 'duplicate', 'do-not-call', 'duplicate']])
  await assert.rejects(world.desk.addNumbers(world.accountId, id, rowsOf(1), 'key'), RefusedError)
  await assert.rejects(world.desk.addNumbers(world.accountId, id, rowsOf(10_001)), /一次最多/)
  await world.desk.cancel(world.accountId, id)
  await assert.rejects(world.desk.addNumbers(world.accountId, id, rowsOf(1, 99)), /不能添加号码/)
  await world.assertWhole()
})

void test('numbers may be added while a task runs, and what expires meanwhile is not called', async () => {
  await using world = await taskWorld({ script: isBusy })
  world.clock.nowMs = afternoonMs
  const retry = { rules: [{ outcomes: ['busy' as const], times: 1, gapMs: 600_000 }], attemptsMax: 2 }
  const { id } = await world.task([{ phone: '13900000000', vars: { name: 'a', until: new Date(afternoonMs + 300_000).toISOString() } }], { retry, keepsOpen: true })
  await until('it was called', () => world.invited.length === 1)
  await world.desk.addNumbers(world.accountId, id, rowsOf(2, 10))
  await until('they were called', () => world.invited.length === 3)
  await until('all wait', async () => (await world.desk.detail(world.accountId, id)).counts.waitingRetry === 3)
  world.clock.nowMs += 600_000
  world.service.feeder.wake()
  await until('all are over', async () => (await world.desk.detail(world.accountId, id)).counts.waiting + (await world.desk.detail(world.accountId, id)).counts.calling === 0, 60_000)
  const { counts, status } = await world.desk.detail(world.accountId, id)
  assert.deepEqual([counts.refused, counts.done, world.invited.length, status], [1, 2, 5, 'running'])
  await world.assertWhole()
})

void test('a wish whose answer was lost is done once and answered', async () => {
  await using world = await taskWorld({ started: false })
  world.clock.nowMs = afternoonMs
  const severed = await world.severed()
  const desk = new DialerTaskDesk({ db: severed.db, scripts: testScripts, lines: [realLine], trunks: world.service.trunks, settings: world.service.settings, now: () => world.clock.nowMs })
  const { id } = await world.task(3, {}, false)
  severed.loseCommits(1)
  assert.equal((await desk.start(world.accountId, id)).status, 'running')
  severed.loseCommits(1)
  assert.deepEqual(await desk.addNumbers(world.accountId, id, rowsOf(2, 50)), { added: 2, refused: [], replayed: false })
  severed.loseCommits(1)
  assert.equal((await desk.pause(world.accountId, id)).status, 'paused')
  severed.loseCommits(1)
  assert.equal((await desk.cancel(world.accountId, id)).status, 'cancelled')
  severed.loseCommits(1)
  await desk.remove(world.accountId, id)
  assert.equal((await world.desk.list(world.accountId)).total, 0)
  await world.assertWhole()
})

void test('a removed task leaves its calls, and its numbers go little by little', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(5)
  await until('it is finished', async () => (await world.desk.detail(world.accountId, id)).status === 'finished', 60_000)
  await world.desk.remove(world.accountId, id)
  world.clock.nowMs += 60_000
  await until('its numbers are gone', async () => (await world.service.feeder.pass(), (await sql`select 1 from task_numbers`.execute(world.db.sql)).rows.length === 0))
  assert.equal((await sql`select 1 from calls where task_id is not null`.execute(world.db.sql)).rows.length, 5)
  await world.assertWhole()
})

for (const seed of [1, 2]) {
  void test(`after a random history (${seed}) of tasks, wishes, lost databases and two processes the counters equal the rows, the ledger adds up and nobody was called too often`, async () => {
    const chance = mulberry(seed)
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    const script: Script = async (call) => {
      await pause(chance() * 10)
      const fate = chance()
      if (fate < 0.3) return { reason: reason('no-answer', { by: 'network', stage: 'ringing' }) }
      if (fate < 0.4) return { reason: reason('line-fault', { by: 'network', stage: 'dialing' }) }
      call.ring()
      call.answer()
      await pause(chance() * 10)
      if (fate > 0.97) throw new Error('the call program broke')
      return { talkMs: Math.floor(chance() * 90_000) }
    }
    const retry = { rules: [{ outcomes: ['no-answer' as const, 'line-fault' as const], times: 2, gapMs: 60_000 }], attemptsMax: 3 }
    await using world = await taskWorld({ started: false, terms: { concurrencyMax: 6 }, settings: { leaseMs: 600, frequency: [{ count: 50, windowMs: 1_000 }] } })
    world.clock.nowMs = afternoonMs
    const severed = await world.severed()
    const [steady, shaky] = [world.another({ script }), world.another({ db: severed.db, script })]
    await Promise.all([steady.start(), shaky.start()])
    const ids: string[] = []
    for (let nth = 0; nth < 3; nth += 1) ids.push((await world.task(rowsOf(8, nth * 1_000), { retry, failures: null, concurrencyMax: nth === 0 ? 2 : undefined })).id)
    for (let step = 0; step < 20; step += 1) {
      const id = ids[Math.floor(chance() * ids.length)]!
      const wish = chance()
      const may = async (work: Promise<unknown>): Promise<void> => {
        try {
          await work
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error
        }
      }
      if (wish < 0.2) await may(world.desk.pause(world.accountId, id, { hangUp: chance() < 0.3 }))
      else if (wish < 0.5) await may(world.desk.resume(world.accountId, id))
      else if (wish < 0.6) await may(world.desk.addNumbers(world.accountId, id, rowsOf(3, 500 + step * 3)))
      else if (wish < 0.65) await may(world.desk.takeBackNumbers(world.accountId, id, '13900000003,13900001003,13900002003'))
      if (chance() < 0.15) severed.down()
      else severed.up()
      if (chance() < 0.1) severed.loseCommits(2)
      world.clock.nowMs += Math.floor(chance() * 40_000)
      await pause(chance() * 30)
    }
    severed.up()
    for (const id of ids) {
      const { status } = await world.desk.detail(world.accountId, id)
      if (status === 'paused' || status === 'stopped-by-system') await world.desk.resume(world.accountId, id)
    }
    // Time goes on when nothing is left to do at this moment.
    await until('all are finished', async () => {
      const tasks = await Promise.all(ids.map((id) => world.desk.detail(world.accountId, id)))
      if (tasks.every(({ waitingFor, status }) => status === 'finished' || waitingFor === 'not-due')) world.clock.nowMs += 20_000
      return tasks.every(({ status }) => status === 'finished')
    }, 120_000)
    await world.assertWhole()
    const byTask = Map.groupBy(world.invited, ({ request }) => request.phone)
    for (const [phone, calls] of byTask) assert.ok(calls.length <= 3, `${phone} was called ${calls.length} times`)
    const { rows } = await sql<{ wrong: number; rest: number }>`
      select (select count(*)::int from task_numbers n where n.attempts <> (select count(*) from calls c where c.task_id = n.task_id and c.task_seq = n.seq and c.dialing_at is not null)) as wrong,
             (select count(*)::int from calls where status <> 'ended') as rest`.execute(world.db.sql)
    assert.deepEqual(rows[0], { wrong: 0, rest: 0 })
  })
}
