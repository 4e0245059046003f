import assert from 'node:assert/strict'
import { test } from 'node:test'
import { balanceOf } from '../account/ledger.ts'
import { NotFoundError } from '../errors.ts'
import { dialerWorld, isBusy, reason, talksOn, until } from './testing.ts'

void test('a placed call is dialled, followed live, settled and paid for', async () => {
  await using world = await dialerWorld()
  const id = await world.place()
  assert.match(id, /^[a-zA-Z0-9_-]+$/)
  const rows = await world.ended(id)
  assert.deepEqual(rows.map((row) => row.seq), rows.map((_, index) => index + 1))
  assert.deepEqual(rows.map((row) => row.event.type), ['accepted', 'dialing', 'ringing', 'answered', 'robot-said', 'noted', 'ended'])
  const record = await world.service.lookUp(world.accountId, id)
  assert.equal(record.status, 'ended')
  assert.equal(record.phone, '+8613800138000')
  assert.equal(record.conversation, 'confirmed')
  assert.equal(record.summary, '已确认')
  assert.deepEqual([record.talkMs, record.billedSec, record.costLi], [20_000, 60, 150])
  assert.ok(record.ringingAt && record.answeredAt && record.dialingAt && record.endedAt)
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 9_850, heldLi: 0 })
  await world.assertLedger()
})

void test('a call that nobody answers costs nothing and keeps its evidence', async () => {
  await using world = await dialerWorld({ script: isBusy })
  const id = await world.place()
  await world.ended(id)
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.reason?.evidence.sipStatus, record.costLi, record.talkMs], ['busy', 486, 0, 0])
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 10_000, heldLi: 0 })
  await world.assertLedger()
})

void test('stopping hangs up a talking call promptly', async () => {
  await using world = await dialerWorld({ script: talksOn })
  const id = await world.place()
  await until('the call talks', () => world.invited[0]?.answeredAt !== undefined)
  assert.equal(await world.service.stop(world.accountId, id, 'hang-up'), 'stopping')
  const ended = (await world.ended(id)).at(-1)!.event
  assert.equal(ended.type === 'ended' && ended.reason.by, 'user')
  assert.equal(await world.service.stop(world.accountId, id, 'hang-up'), 'already-ended')
})

void test('cancelling a queued call ends it at once, undialled and unpaid', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  assert.equal((await world.service.lookUp(world.accountId, id)).waitingFor, 'line')
  assert.equal(await world.service.stop(world.accountId, id, 'cancel'), 'stopping')
  const rows = await world.ended(id)
  assert.deepEqual(rows.map((row) => row.event.type), ['accepted', 'ended'])
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.reason?.by, record.reason?.stage], ['cancelled', 'user', 'queued'])
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 10_000, heldLi: 0 })
  await world.service.start()
  await world.service.live.idle()
  assert.equal(world.invited.length, 0)
})

void test("another account's call does not exist", async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  await assert.rejects(world.service.lookUp('acc_other', id), NotFoundError)
  await assert.rejects(world.service.stop('acc_other', id, 'cancel'), NotFoundError)
  await assert.rejects(world.service.follow('acc_other', id, 0, AbortSignal.timeout(1_000)).next(), NotFoundError)
})

void test('what the callee said about the number is kept: a wish not to be called, a wrong number, a dead number', async () => {
  await using world = await dialerWorld()
  world.scripts.set('+8613800138010', async (call) => {
    call.answer()
    call.note({ doNotCall: { evidence: '别再打了' }, outcome: 'stopped' })
    return { talkMs: 9_000 }
  })
  world.scripts.set('+8613800138008', async (call) => {
    call.answer()
    call.note({ wrongNumber: true, outcome: 'wrong-number' })
    return { talkMs: 4_000 }
  })
  world.scripts.set('+8613800138004', async () => ({ reason: reason('invalid-number', { by: 'network', stage: 'dialing' }) }))
  const { callIds } = await world.service.place({
    accountId: world.accountId,
    source: 'stepone',
    phones: '13800138010，13800138008 13800138004'.replace(' ', '、'),
    userRequirement: '通知您开会',
  })
  for (const id of callIds) await world.ended(id)
  const listed = await world.db.sql.selectFrom('do_not_call').selectAll().execute()
  assert.deepEqual(
    listed.map((row) => [row.phone, row.account_id, row.source, row.call_id, row.evidence]),
    [['+8613800138010', world.accountId, 'callee', callIds[0], '别再打了']],
  )
  const flags = await world.db.sql.selectFrom('number_flags').selectAll().orderBy('flag').execute()
  assert.deepEqual(flags.map((row) => [row.phone, row.flag]), [['+8613800138004', 'invalid-number'], ['+8613800138008', 'wrong-number']])
  await assert.rejects(world.place('13800138010'), { code: 'do-not-call' })
})

void test('the latest calls are listed newest first', async () => {
  await using world = await dialerWorld({ started: false })
  const first = await world.place()
  world.clock.nowMs += 1_000
  const second = await world.place('13900139000')
  assert.deepEqual((await world.service.list(world.accountId, 10)).map((record) => record.id), [second, first])
  assert.deepEqual((await world.service.list(world.accountId, 1)).map((record) => record.id), [second])
})
