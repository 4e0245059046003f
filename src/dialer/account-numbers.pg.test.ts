// Which numbers calls of an account show: its own when it has some, and never those of others; on a real database, with trunks of several numbers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccountNumbers } from '../account/account-numbers.ts'
import { createAccount } from '../account/accounts.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { dialerWorld, realLine, simulatedLine } from './testing.ts'
import { taskWorld } from './tasks/testing.ts'

const callers = ['02160001000', '02160002000', '02160003000'].map((number) => ({ number }))
const notYours = (number: string) => (error: unknown) => error instanceof InvalidInputError && error.field === 'caller' && error.message.includes(number)

test('numbers are registered as they are written, once, and removed; what is none is refused', async () => {
  await using w = await dialerWorld({ started: false })
  const numbers = new AccountNumbers(w.db)
  assert.deepEqual(await numbers.list(w.accountId), [])
  assert.deepEqual(await numbers.add(w.accountId, ['0216000 1000', '021-6000-1000', '95187']), ['02160001000', '95187'])
  await numbers.add(w.accountId, ['95187', '+8657188880000'])
  assert.deepEqual((await numbers.list(w.accountId)).sort(), ['+8657188880000', '02160001000', '95187'])
  for (const bad of ['', '12', 'my number', '1'.repeat(21), "1' or '1'='1", '１２３４']) await assert.rejects(numbers.add(w.accountId, [bad]), InvalidInputError, bad)
  await assert.rejects(numbers.add(w.accountId, []), InvalidInputError)
  await assert.rejects(numbers.add('acc_nobody', ['95187']), NotFoundError)
  await numbers.remove(w.accountId, '9518-7')
  await assert.rejects(numbers.remove(w.accountId, '95187'), NotFoundError)
  await assert.rejects(numbers.remove(w.accountId, 'x'), NotFoundError)
})

test('an account with numbers shows those and no others, whoever names one; without any it shows what the line has, but for others\' own', async () => {
  await using w = await dialerWorld({ lines: [realLine], terms: { callers } })
  const numbers = new AccountNumbers(w.db)
  const other = (await createAccount(w.db, { name: 'other' })).id
  let last = 0
  const place = (wish: { caller?: string; callerIfReal?: string } = {}) =>
    w.service.place({ accountId: w.accountId, source: 'aliyun', phones: `1380013${String((last += 1)).padStart(4, '0')}`, userRequirement: '通知张总明天上午9点开会', ...wish })
  const shows = async (wish?: { caller?: string; callerIfReal?: string }): Promise<string> => {
    const { callIds: [id] } = await place(wish)
    await w.ended(id!)
    return w.invited.find(({ request }) => request.id === id)!.request.callerId
  }
  assert.equal(await shows({ caller: '02160002000' }), '02160002000')
  await numbers.add(other, ['02160003000'])
  for (const wish of [{ caller: '02160003000' }, { callerIfReal: '02160003000' }]) await assert.rejects(place(wish), notYours('02160003000'))
  assert.equal(await shows({ callerIfReal: '02160001000' }), '02160001000')

  await numbers.add(w.accountId, ['02160002000', '02160003000'])
  // A number may be of several.
  assert.equal(await shows({ caller: '02160003000' }), '02160003000')
  await assert.rejects(place({ caller: '02160001000' }), notYours('02160001000'))
  for (let i = 0; i < 8; i += 1) assert.notEqual(await shows(), '02160001000')

  for (const number of await numbers.list(w.accountId)) await numbers.remove(w.accountId, number)
  await numbers.add(w.accountId, ['05710000000'])
  await assert.rejects(place(), (error: unknown) => error instanceof InvalidInputError && error.field === 'caller')
  await w.assertLedger()
})

test('on the simulated line the rule is the same, and the line shows its own number', async () => {
  await using w = await dialerWorld({ lines: [simulatedLine] })
  const numbers = new AccountNumbers(w.db)
  const other = (await createAccount(w.db, { name: 'other' })).id
  await numbers.add(other, ['05719999999'])
  const place = (callerIfReal: string | undefined) => w.service.place({ accountId: w.accountId, source: 'aliyun', phones: '13800138000', userRequirement: '通知张总明天上午9点开会', callerIfReal })
  await assert.rejects(place('05719999999'), notYours('05719999999'))
  const { callIds } = await place('05710000000')
  await w.ended(callIds[0]!)
  await numbers.add(w.accountId, ['05718888888'])
  await assert.rejects(place('05710000000'), notYours('05710000000'))
  for (const shown of ['05718888888', undefined]) await w.ended((await place(shown)).callIds[0]!)
})

test('tasks keep to it: a number of others is refused, and without a wish the plan has the account\'s own', async () => {
  await using w = await taskWorld({ lines: [realLine], terms: { callers } })
  const numbers = new AccountNumbers(w.db)
  await numbers.add((await createAccount(w.db, { name: 'other' })).id, ['02160003000'])
  const create = (plan: { callers?: string[] }) => w.desk.create(w.accountId, { name: 'one', script: 'notice', plan })
  await assert.rejects(create({ callers: ['02160001000', '02160003000'] }), (error: unknown) => error instanceof InvalidInputError && error.field === 'plan.callers' && error.message.includes('02160003000'))
  assert.deepEqual((await create({})).plan.callers, [])
  await numbers.add(w.accountId, ['02160002000', '05710000000'])
  assert.deepEqual((await create({})).plan.callers, ['02160002000'])
  assert.deepEqual((await create({ callers: ['02160002000'] })).plan.callers, ['02160002000'])
  await assert.rejects(create({ callers: ['02160001000'] }), InvalidInputError)
})
