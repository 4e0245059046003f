import assert from 'node:assert/strict'
import { test } from 'node:test'
import { balanceOf } from '../account/ledger.ts'
import { addDoNotCall } from '../db/do-not-call.ts'
import { AppError, InvalidInputError, OverloadedError, RefusedError } from '../errors.ts'
import type { PlaceRequest } from './call-service.ts'
import { dialerWorld, noonMs, realLine, simulatedLine, type World } from './testing.ts'

const hour = 3_600_000

async function count(world: World): Promise<{ calls: number; events: number; holds: number; keys: number }> {
  const [calls, events, holds, keys] = await Promise.all([
    world.db.sql.selectFrom('calls').select('id').execute(),
    world.db.sql.selectFrom('call_events').select('seq').execute(),
    world.db.sql.selectFrom('ledger_entries').select('id').where('kind', '=', 'hold').execute(),
    world.db.sql.selectFrom('idempotency_keys').select('key').execute(),
  ])
  return { calls: calls.length, events: events.length, holds: holds.length, keys: keys.length }
}

const nothing = { calls: 0, events: 0, holds: 0, keys: 0 }

void test('each refusal names its rule and nothing is placed', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine], settings: { requirementCharsMax: 50, testNumbers: ['+8613911112222'] } })
  const now = new Date(noonMs)
  await addDoNotCall(world.db.sql, { accountId: world.accountId, phone: '+8613700000001', source: 'account', evidence: '' }, now)
  await addDoNotCall(world.db.sql, { accountId: undefined, phone: '+8613700000002', source: 'operator', evidence: '12321' }, now)
  await addDoNotCall(world.db.sql, { accountId: undefined, phone: '+8613700000003', source: 'operator', evidence: '', expiresAt: new Date(noonMs - 1) }, now)
  const request: PlaceRequest = { accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会', idempotencyKey: 'k1' }
  const night = noonMs + 11 * hour
  const table: [string, number, Partial<PlaceRequest>, string, number?][] = [
    ['the police', noonMs, { phones: '110' }, 'never-dial'],
    ['a remote fire brigade among good numbers', noonMs, { phones: '13800138000,0571119' }, 'never-dial'],
    ['a hotline', noonMs, { phones: '95588' }, 'never-dial'],
    ['a letter in the number', noonMs, { phones: '1380013800O' }, 'invalid-input'],
    ['a bad number among good ones', noonMs, { phones: '13800138000，138001380' }, 'invalid-input'],
    ['no number', noonMs, { phones: ' ' }, 'invalid-input'],
    ['no requirement', noonMs, { userRequirement: '  ' }, 'invalid-input'],
    ['an endless requirement', noonMs, { userRequirement: '长'.repeat(51) }, 'invalid-input'],
    ['an idempotency key with a space', noonMs, { idempotencyKey: 'a b' }, 'invalid-input'],
    ['an endless idempotency key', noonMs, { idempotencyKey: 'k'.repeat(256) }, 'invalid-input'],
    ['do-not-call of the account', noonMs, { phones: '13700000001' }, 'do-not-call'],
    ['do-not-call of everybody, among good numbers', noonMs, { phones: '13800138000,13700000002' }, 'do-not-call'],
    ['a human who is a hotline', noonMs, { handoverPhone: '95588' }, 'never-dial'],
    ['a human who is no number', noonMs, { handoverPhone: 'reception' }, 'invalid-input'],
    ['a human who does not want calls', noonMs, { handoverPhone: '13700000001' }, 'do-not-call'],
    ['at night', night, {}, 'calling-hours', 9 * hour],
    ['at night, and on the list: the list is told', night, { phones: '13800138000,13700000001' }, 'do-not-call'],
    ['the time of the message has passed', noonMs, { userRequirement: '0ms内' }, 'expired'],
    ['an account that does not exist', noonMs, { accountId: 'acc_nobody' }, 'account-not-found'],
  ]
  for (const [name, nowMs, more, code, retryAfterMs] of table) {
    world.clock.nowMs = nowMs
    await assert.rejects(
      world.service.place({ ...request, ...more }),
      (error: unknown) => {
        assert.ok(error instanceof AppError, `${name}: ${String(error)}`)
        assert.equal(error.code, code, name)
        if (error instanceof RefusedError) assert.equal(error.retryAfterMs, retryAfterMs, name)
        return true
      },
      name,
    )
    assert.deepEqual(await count(world), nothing, name)
  }
  world.clock.nowMs = night
  await world.service.place({ ...request, phones: '13911112222', idempotencyKey: 'k2' })
  world.clock.nowMs = noonMs
  await world.service.place({ ...request, phones: '13700000003', idempotencyKey: 'k3' })
  await world.assertLedger()
})

void test('every bad number of a list is reported with its reason', async () => {
  await using world = await dialerWorld({ started: false })
  await assert.rejects(world.place('13800138000,110,1380013800O；+85291234567'), (error: unknown) => {
    assert.ok(error instanceof InvalidInputError)
    assert.deepEqual(error.items.map((item) => item.value), ['110', '1380013800O', '+85291234567'])
    assert.ok(error.items.every((item) => item.reason.length > 0))
    return true
  })
})

void test('a list becomes one call per number, written twice or not', async () => {
  await using world = await dialerWorld({ started: false })
  const { callIds } = await world.service.place({
    accountId: world.accountId,
    source: 'stepone',
    phones: '13800138000,139 0013 9000、+86 13800138000',
    userRequirement: '通知您开会',
  })
  assert.deepEqual(callIds.toSorted(), callIds)
  const records = await Promise.all(callIds.map((id) => world.service.lookUp(world.accountId, id)))
  assert.deepEqual(records.map((record) => [record.phone, record.phoneAsGiven]), [['+8613800138000', '13800138000'], ['+8613900139000', '139 0013 9000']])
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 10_000, heldLi: 300 })
})

void test('100 identical requests at once place one call, and the key stays bound to its body', async () => {
  await using world = await dialerWorld({ started: false })
  const request: PlaceRequest = { accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会', idempotencyKey: 'same' }
  const answers = await Promise.all(Array.from({ length: 100 }, () => world.service.place(request)))
  assert.equal(new Set(answers.flatMap((answer) => answer.callIds)).size, 1)
  assert.equal(answers.filter((answer) => !answer.replayed).length, 1)
  assert.deepEqual(await count(world), { calls: 1, events: 1, holds: 1, keys: 1 })
  for (const other of [{ phones: '13900139000' }, { userRequirement: '通知您放假' }, { handoverPhone: '13900139000' }]) {
    await assert.rejects(world.service.place({ ...request, ...other }), { code: 'idempotency-conflict' })
  }
  assert.deepEqual(await count(world), { calls: 1, events: 1, holds: 1, keys: 1 })
})

void test('a replay is answered at any time, whatever the rules say by then', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine] })
  const request: PlaceRequest = { accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '60000ms内', idempotencyKey: 'k' }
  const first = await world.service.place(request)
  world.clock.nowMs += 11 * hour
  await addDoNotCall(world.db.sql, { accountId: world.accountId, phone: '+8613800138000', source: 'account', evidence: '' }, new Date())
  assert.deepEqual(await world.service.place(request), { callIds: first.callIds, replayed: true })
})

void test('a refused request does not use up its key', async () => {
  await using world = await dialerWorld({ started: false, lines: [realLine] })
  const request: PlaceRequest = { accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会', idempotencyKey: 'k' }
  world.clock.nowMs = noonMs + 11 * hour
  await assert.rejects(world.service.place(request), { code: 'calling-hours' })
  world.clock.nowMs = noonMs
  assert.equal((await world.service.place(request)).replayed, false)
})

void test('one block is held per call, and a list the money does not cover is refused whole', async () => {
  await using world = await dialerWorld({ started: false, creditLi: 449 })
  await assert.rejects(world.place('13800138000,13900139000,13700137000'), { code: 'no-balance' })
  assert.deepEqual(await count(world), nothing)
  await world.place('13800138000,13900139000')
  await assert.rejects(world.place('13700137000'), { code: 'no-balance' })
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 449, heldLi: 300 })
  await world.assertLedger()
})

void test('full queues turn requests away and say when to come again', async () => {
  await using world = await dialerWorld({ started: false, settings: { queuedPerAccountMax: 2, queuedMax: 3, retryAfterMs: 7_000, phonesPerRequestMax: 2 } })
  const overloaded = (error: unknown): boolean => error instanceof OverloadedError && error.retryAfterMs === 7_000
  await assert.rejects(world.place('13800138000,13800138001,13800138002'), { code: 'invalid-input' })
  await world.place('13800138000')
  await assert.rejects(world.place('13800138001,13800138002'), overloaded)
  await world.place('13800138001')
  await assert.rejects(world.place('13800138002'), overloaded)
  const other = await import('../account/accounts.ts').then(({ createAccount }) => createAccount(world.db, { name: 'other' }))
  const request: PlaceRequest = { accountId: other.id, source: 'stepone', phones: '13800138003', userRequirement: '通知您开会' }
  await world.service.place(request)
  await assert.rejects(world.service.place({ ...request, phones: '13800138004' }), overloaded)
})

void test('a line that reaches people is refused while the recogniser understands only the simulator', async () => {
  await using world = await dialerWorld({ started: false, lines: [{ ...realLine, understandsPeopleRequired: true }], understandsPeople: false })
  await assert.rejects(world.place(), { code: 'not-allowed' })
})

void test('an attempt on one account keeps every account from calling the same person again too soon', async () => {
  await using world = await dialerWorld({ lines: [realLine, simulatedLine] })
  const { createAccount } = await import('../account/accounts.ts')
  const other = await createAccount(world.db, { name: 'other' })
  await world.ended(await world.place())
  world.clock.nowMs += 20_000
  const request: PlaceRequest = { accountId: other.id, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会' }
  await assert.rejects(world.service.place(request), (error: unknown) => error instanceof RefusedError && error.code === 'frequency' && error.retryAfterMs === 40_000)
  world.clock.nowMs += 40_000
  await world.service.place(request)
})

void test('call ids sort by time', async () => {
  await using world = await dialerWorld({ started: false })
  const ids: string[] = []
  for (let i = 0; i < 5; i += 1) {
    ids.push(await world.place())
    world.clock.nowMs += 1
  }
  assert.deepEqual(ids.toSorted(), ids)
})

void test('an idempotency key is forgotten after a week', async () => {
  await using world = await dialerWorld({ started: false })
  const request: PlaceRequest = { accountId: world.accountId, source: 'stepone', phones: '13800138000', userRequirement: '通知您开会', idempotencyKey: 'k' }
  await world.service.place(request)
  world.clock.nowMs += 7 * 24 * hour
  await world.service.forgetOldRequests()
  assert.equal((await world.service.place(request)).replayed, true)
  world.clock.nowMs += 1
  await world.service.forgetOldRequests()
  assert.equal((await world.service.place(request)).replayed, false)
})

void test('requests that come together are accepted or refused one by one, whatever is wrong with a neighbour', async () => {
  await using world = await dialerWorld({ started: false })
  const { createAccount } = await import('../account/accounts.ts')
  // Money for three calls of 150 厘; and an account beside it that has enough.
  const poor = await createAccount(world.db, { name: 'poor', creditLi: 450 })
  const rich = await createAccount(world.db, { name: 'rich', creditLi: 1_000_000 })
  await addDoNotCall(world.db.sql, { accountId: rich.id, phone: '+8613700000001', source: 'account', evidence: '' }, new Date(noonMs))
  const request = (accountId: string, phones: string, more: Partial<PlaceRequest> = {}): PlaceRequest => ({ accountId, source: 'aliyun', phones, userRequirement: '通知您开会', ...more })
  const ticket = (nth: number, wireId = `1000000000${String(nth).padStart(2, '0')}^000000000000`): Pick<PlaceRequest, 'ticket'> => ({ ticket: { wireId, product: 'smart', shownNumber: '', outId: undefined } })
  const requests = [
    ...Array.from({ length: 40 }, (_, nth) => request(rich.id, `139000000${String(nth).padStart(2, '0')}`, ticket(nth))),
    ...Array.from({ length: 5 }, () => request(poor.id, '13900139000')),
    request('acc_nobody', '13900139000'),
    request(rich.id, '13700000001'),
    request(rich.id, '13900139000,110'),
    // The name of another call, which only the database notices.
    request(rich.id, '13900139001', ticket(90, '100000000000^000000000000')),
    request(rich.id, '13900139002,13900139003'),
  ]
  const answers = await Promise.allSettled(requests.map((one) => world.service.place(one)))
  const codes = answers.map((answer) => (answer.status === 'fulfilled' ? 'ok' : (answer.reason as { code?: string }).code))
  const expected = [...Array<string>(40).fill('ok'), 'ok', 'ok', 'ok', 'no-balance', 'no-balance', 'account-not-found', 'do-not-call', 'never-dial', '23505', 'ok']
  assert.deepEqual(codes, expected)
  assert.deepEqual(await count(world), { calls: 45, events: 45, holds: 45, keys: 0 })
  assert.deepEqual(await balanceOf(world.db.sql, poor.id), { balanceLi: 450, heldLi: 450 })
  assert.deepEqual(await balanceOf(world.db.sql, rich.id), { balanceLi: 1_000_000, heldLi: 42 * 150 })
  assert.equal((await world.db.sql.selectFrom('call_tickets').select('call_id').execute()).length, 40)
  await world.assertLedger()
})
