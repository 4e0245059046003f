import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { credit } from '../../account/ledger.ts'
import { createAccount } from '../../account/accounts.ts'
import { addDoNotCall } from '../../db/do-not-call.ts'
import { confirms, isBusy, noonMs, realLine, reason, simulatedLine, talksOn, until } from '../testing.ts'
import { rowsOf, taskWorld, type TaskWorld } from './testing.ts'

const minute = 60_000
const hour = 60 * minute
/** Noon is a pause of batches. */
const afternoonMs = noonMs + 3 * hour

const statusIs = (world: TaskWorld, id: string, status: string) => until(`the task is ${status}`, async () => (await world.desk.detail(world.accountId, id)).status === status, 60_000)

void test('every number of a task is called once and the task finishes', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(30)
  await statusIs(world, id, 'finished')
  const { counts, finishedAt } = await world.desk.detail(world.accountId, id)
  assert.deepEqual({ ...counts, costLi: 0 }, { total: 30, waiting: 0, waitingRetry: 0, waitingFrequency: 0, calling: 0, done: 30, refused: 0, takenBack: 0, answered: 30, attempts: 30, talkMs: 30 * 20_000, costLi: 0 })
  assert.equal(counts.costLi, 30 * 150)
  assert.ok(finishedAt)
  const phones = world.invited.map(({ request }) => request.phone)
  assert.equal(new Set(phones).size, 30)
  assert.equal(phones.length, 30)
  const { items, total } = await world.desk.calls(world.accountId, id, { ended: true }, { limit: 5 })
  assert.deepEqual([total, items.length, items[0]!.reason?.outcome], [30, 5, 'answered'])
  await world.assertWhole()
})

void test('several processes at once never feed or dial a number twice, and keep the cap of the task', async () => {
  await using world = await taskWorld({ started: false })
  world.clock.nowMs = afternoonMs
  let live = 0
  let most = 0
  const script = async () => {
    most = Math.max(most, ++live)
    await new Promise((resolve) => setTimeout(resolve, 3))
    live -= 1
    return { reason: reason('rejected', { by: 'callee', stage: 'ringing' }) }
  }
  const others = [world.another({ script }), world.another({ script }), world.another({ script })]
  await Promise.all(others.map((other) => other.start()))
  const { id } = await world.task(40, { concurrencyMax: 7 })
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 40)
  assert.equal(new Set(world.invited.map(({ request }) => request.phone)).size, 40)
  assert.ok(most <= 7, `${most} at once`)
  assert.ok(most >= 2)
  await world.assertWhole()
})

void test('outside of its window a task waits and says so; in the window it goes on', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = noonMs + 30 * minute
  const { id } = await world.task(3)
  await until('it waits', async () => (await world.desk.detail(world.accountId, id)).waitingFor === 'window')
  assert.equal((await world.desk.progress(world.accountId, id)).waiting.window, 3)
  assert.equal(world.invited.length, 0)
  world.clock.nowMs = noonMs + 2 * hour
  world.service.feeder.wake()
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 3)
})

void test('what was fed before a window closed is not dialled after it', async () => {
  // No room for any call: what is fed stays in the queue.
  await using world = await taskWorld({ capacity: () => 0 })
  world.clock.nowMs = noonMs + 8 * hour - 1_000
  const { id } = await world.task(3)
  await until('all are fed', async () => (await world.desk.detail(world.accountId, id)).counts.calling === 3)
  world.clock.nowMs += 1_000
  await world.service.live.sweep()
  await until('all are back', async () => (await world.desk.detail(world.accountId, id)).counts.waiting === 3)
  assert.deepEqual((await sql`select id from calls`.execute(world.db.sql)).rows, [])
  await world.assertWhole()
})

void test('an entry on the do-not-call list during a task stops the very next dial', async () => {
  await using world = await taskWorld({ script: talksOn, terms: { concurrencyMax: 1 } })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(3)
  const first = await until('the first talks', () => world.invited[0])
  // The second may be fed already; the third is not.
  for (const phone of ['+8613900000001', '+8613900000002']) await addDoNotCall(world.db.sql, { accountId: world.accountId, phone, source: 'account', evidence: '' }, new Date(afternoonMs))
  await world.service.stop(world.accountId, first.request.id, 'hang-up')
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 1)
  const { counts } = await world.desk.detail(world.accountId, id)
  assert.deepEqual([counts.done, counts.refused], [1, 2])
  const { items } = await world.desk.numbers(world.accountId, id, { state: ['refused'] })
  assert.deepEqual(items.map(({ outcome, attempts }) => [outcome, attempts]), [['blacklist', 0], ['blacklist', 0]])
  await world.assertWhole()
})

void test('a busy number is called again after the interval of its rule, as often as that says, and no longer', async () => {
  await using world = await taskWorld({ script: isBusy })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(1, { retry: { rules: [{ outcomes: ['busy'], times: 2, gapMs: 40 * minute }], attemptsMax: 5 } })
  for (const nth of [1, 2]) {
    await until(`attempt ${nth} is over`, async () => (await world.desk.detail(world.accountId, id)).counts.attempts === nth, 60_000)
    assert.equal(world.invited.length, nth)
    world.clock.nowMs += 40 * minute - 1
    await world.service.feeder.pass()
    await world.service.live.idle()
    assert.equal(world.invited.length, nth)
    world.clock.nowMs += 1
    world.service.feeder.wake()
  }
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 3)
  const { items } = await world.desk.numbers(world.accountId, id)
  assert.deepEqual(items[0]!.past, ['busy', 'busy', 'busy'])
  await world.assertWhole()
})

void test('a person who was called too often by anybody waits in the task, not in the queue, while others are called', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = afternoonMs
  await world.ended(await world.place('13900000000'))
  const { id } = await world.task(3)
  await until('two are done', async () => (await world.desk.detail(world.accountId, id)).counts.done === 2)
  const { counts } = await world.desk.detail(world.accountId, id)
  assert.equal(counts.waitingFrequency, 1)
  assert.deepEqual((await sql`select 1 from calls where status <> 'ended'`.execute(world.db.sql)).rows, [])
  assert.equal((await world.desk.progress(world.accountId, id)).waiting.frequency, 1)
  world.clock.nowMs += minute
  world.service.feeder.wake()
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 4)
})

void test('without money a task is out of money and goes on when it is paid', async () => {
  await using world = await taskWorld({ creditLi: 100 })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(2)
  await statusIs(world, id, 'out-of-money')
  const detail = await world.desk.detail(world.accountId, id)
  assert.deepEqual([detail.why, detail.counts.waiting], ['no-balance', 2])
  assert.equal((await world.desk.progress(world.accountId, id)).waiting.balance, 2)
  await world.db.transaction((tx) => credit(tx, { accountId: world.accountId, amountLi: 1_000, reference: 'paid' }))
  world.service.feeder.wake()
  await statusIs(world, id, 'finished')
  assert.equal(world.invited.length, 2)
  await world.assertWhole()
})

void test('a budget ends a task before it is overdrawn', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(20, { budgetLi: 150 * 7 + 149 })
  await statusIs(world, id, 'stopped-by-system')
  const { counts, why } = await world.desk.detail(world.accountId, id)
  assert.deepEqual([why, counts.done, counts.costLi, counts.waiting], ['budget', 7, 150 * 7, 13])
  await world.assertWhole()
})

void test('a task whose calls fail on our side is stopped with the reason; going on forgets the failures', async () => {
  await using world = await taskWorld({ script: async () => Promise.resolve({ reason: reason('carrier-blocked', { by: 'network', stage: 'dialing' }) }), terms: { concurrencyMax: 5 } })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(200, { failures: { shareMax: 0.5, attemptsMin: 10 } })
  await statusIs(world, id, 'stopped-by-system')
  const stopped = await world.desk.detail(world.accountId, id)
  assert.equal(stopped.why, 'failure-rate')
  assert.match(stopped.whyDetail!, /carrier-blocked/)
  assert.ok(stopped.counts.attempts < 60, String(stopped.counts.attempts))
  assert.equal((await world.desk.progress(world.accountId, id)).waiting.stopped + stopped.counts.waitingRetry, stopped.counts.waiting)
  await world.desk.resume(world.accountId, id)
  await until('it tries again', async () => (await world.desk.detail(world.accountId, id)).counts.attempts > stopped.counts.attempts)
  await statusIs(world, id, 'stopped-by-system')
  await world.assertWhole()
})

void test('a task whose line is down says so, and is stopped when that lasts', async () => {
  await using world = await taskWorld({ terms: false })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(2)
  await until('it waits for the line', async () => (await world.desk.detail(world.accountId, id)).waitingFor === 'line')
  world.clock.nowMs += 10 * minute
  world.service.feeder.wake()
  await statusIs(world, id, 'stopped-by-system')
  assert.equal((await world.desk.detail(world.accountId, id)).why, 'line-fault')
})

void test('a number that another caller is asked for shows another one', async () => {
  let calls = 0
  await using world = await taskWorld({ terms: { callers: [{ number: '02160001000' }, { number: '02160001001' }] }, script: async () => Promise.resolve({ reason: reason(++calls === 1 ? 'carrier-blocked' : 'rejected', { by: 'network', stage: 'dialing' }) }) })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(1)
  await until('it waits', async () => (await world.desk.detail(world.accountId, id)).counts.waitingRetry === 1)
  world.clock.nowMs += 30 * minute
  world.service.feeder.wake()
  await statusIs(world, id, 'finished')
  const shown = world.invited.map(({ request }) => request.callerId)
  assert.equal(new Set(shown).size, 2)
})

void test('on a line that rings nobody a task without windows runs at any hour, and one with windows keeps to them', async () => {
  await using world = await taskWorld({ lines: [simulatedLine] })
  world.clock.nowMs = noonMs + 12 * hour
  const free = await world.task(2)
  await statusIs(world, free.id, 'finished')
  const bound = await world.task(rowsOf(2, 50), { preset: 'tencent' })
  await until('it waits', async () => (await world.desk.detail(world.accountId, bound.id)).waitingFor === 'window')
  assert.equal(world.invited.length, 2)
})

void test('a scheduled task starts when it is due', async () => {
  await using world = await taskWorld()
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(2, {}, false)
  const scheduled = await world.desk.start(world.accountId, id, new Date(afternoonMs + hour))
  assert.equal(scheduled.status, 'scheduled')
  await world.service.feeder.pass()
  assert.equal((await world.desk.detail(world.accountId, id)).status, 'scheduled')
  world.clock.nowMs += hour
  world.service.feeder.wake()
  await statusIs(world, id, 'finished')
})

void test('tasks of two accounts share a line evenly, however large one of them is', async () => {
  await using world = await taskWorld({ started: false, terms: { concurrencyMax: 4 } })
  world.clock.nowMs = afternoonMs
  const other = await createAccount(world.db, { name: 'other', creditLi: 1_000_000 })
  await world.task(150)
  const small = await world.desk.create(other.id, { name: 'small', script: 'notice' })
  await world.desk.addNumbers(other.id, small.id, rowsOf(15, 10_000))
  await world.desk.start(other.id, small.id)
  await world.service.start()
  await until('the small one is done', async () => (await world.desk.detail(other.id, small.id)).status === 'finished', 60_000)
  // Half of the line was its own: about as many of the large one were called meanwhile.
  const large = world.invited.filter(({ request }) => request.phone < '+8613900010000').length
  assert.ok(large < 60, `${large} calls of the large task`)
})

void test('single calls go on beside a task', async () => {
  await using world = await taskWorld({ terms: { concurrencyMax: 2 }, script: confirms })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(200)
  await until('it runs', () => world.invited.length > 4)
  await world.ended(await world.place('13800138000'))
  assert.notEqual((await world.desk.detail(world.accountId, id)).status, 'finished')
  assert.equal(realLine.name, 'trunk')
})

void test('a task whose numbers all may not be called now does not slow one beside it down', async () => {
  await using world = await taskWorld({ started: false, terms: { concurrencyMax: 10 } })
  world.clock.nowMs = afternoonMs
  const other = await createAccount(world.db, { name: 'other', creditLi: 1_000_000 })
  const blocked = await world.task(1_200)
  // Somebody else has just called all of them.
  await sql`
    insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, status, expires_at, dialing_at, ended_at, outcome, end_reason, talk_ms, cost_li, price_li_per_min, initial_block_sec, increment_sec)
    select 'call_' || seq, ${other.id}, 'stepone', phone, phone, '', '{}', 'trunk', 'ended', ${new Date(afternoonMs)}::timestamptz, ${new Date(afternoonMs)}::timestamptz, ${new Date(afternoonMs)}::timestamptz, 'busy', '{}', 0, 0, 1, 1, 1 from task_numbers`.execute(world.db.sql)
  const small = await world.desk.create(other.id, { name: 'small', script: 'notice' })
  await world.desk.addNumbers(other.id, small.id, rowsOf(20, 10_000))
  await world.desk.start(other.id, small.id)
  // One pass gives the small one its half; the next, which follows at once, what the other could not use.
  await world.service.feeder.pass()
  const { counts } = await world.desk.detail(other.id, small.id)
  assert.ok(counts.calling >= 5, String(counts.calling))
  await world.service.start()
  await until('the small one is done', async () => (await world.desk.detail(other.id, small.id)).status === 'finished', 60_000)
  await until('the other waits out of the way', async () => (await world.desk.detail(world.accountId, blocked.id)).counts.waitingFrequency === 1_200, 60_000)
  assert.equal((await world.desk.detail(world.accountId, blocked.id)).waitingFor, 'not-due')
  await world.assertWhole()
})

void test('numbers of an area that the plan leaves out are refused, and callers of the own city are shown', async () => {
  await using world = await taskWorld({ terms: { callers: [{ number: '02160001000' }, { number: '057187650000' }] } })
  world.clock.nowMs = afternoonMs
  const vars = { name: '张伟' }
  const { id } = await world.task([{ phone: '057187651111', vars }, { phone: '02160002222', vars }, { phone: '09912345678', vars }], { blindAreas: ['新疆'], callers: ['02160001000', '057187650000'], localCallers: true })
  await statusIs(world, id, 'finished')
  const shown = new Map(world.invited.map(({ request }) => [request.phone, request.callerId]))
  assert.deepEqual([...shown].sort(([a], [b]) => a.localeCompare(b)), [['+862160002222', '02160001000'], ['+8657187651111', '057187650000']])
  const { items } = await world.desk.numbers(world.accountId, id, { state: ['refused'] })
  assert.deepEqual(items.map(({ outcome }) => outcome), ['blind-area'])
  await world.assertWhole()
})

void test('a task for two people rings no more than they can take as long as everybody answers', async () => {
  await using world = await taskWorld({ script: talksOn })
  world.clock.nowMs = afternoonMs
  const { id } = await world.task(40, { people: { people: 2, abandonedShareMax: 0 } })
  await until('two talk', () => world.invited.length === 2)
  await until('it waits for people', async () => (await world.desk.detail(world.accountId, id)).waitingFor === 'concurrency')
  for (let nth = 0; nth < 3; nth += 1) await world.service.feeder.pass()
  assert.equal(world.invited.length, 2)
  await world.service.stop(world.accountId, world.invited[0]!.request.id, 'hang-up')
  await until('the next talks', () => world.invited.length === 3)
  assert.equal((await world.desk.detail(world.accountId, id)).counts.calling, 2)
})
