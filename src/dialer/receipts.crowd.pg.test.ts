// Receipts in numbers: receivers that are dead, behind or unreliable, and several senders, of which one is killed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { createAccount } from '../account/accounts.ts'
import { seededRandom } from '../media/seeded-random.ts'
import { customerServer } from './customer-server.ts'
import { receiptId } from './receipt-facts.ts'
import { fails, idsIn, minute, owe, receiptWorld, recordsIn, takes, textCode } from './receipt-rig.ts'
import { receiptDefaults } from './settings.ts'
import { newWireId } from './single-calls.ts'
import { until } from './testing.ts'

void test('receivers that hang cost others nothing: they have one post each in flight and are left alone for longer and longer', async () => {
  await using dead = await customerServer(() => undefined)
  await using alive = await customerServer(takes)
  await using w = await receiptWorld({ started: false, settings: { postsMax: 4, batchMax: 10, pollMs: 5, timeoutMs: 1_000, pauseMsMax: 2_000 } })
  const { accountId, clock } = w.dialer
  await w.desk.setTargets(accountId, { report: alive.url, progress: dead.url })
  const id = await w.place()
  await owe(w.dialer, id, 200)
  await w.receipts.start()
  await until('the record is delivered', async () => (await w.states(id)).find(({ kind }) => kind === 'report')!.deliveredAt)
  await w.receipts.idle()
  assert.equal(dead.received.length, 1, 'the clock stands still: one post, and then a pause')
  for (const [pauseMs, posts] of [[1_000, 2], [2_000, 3], [2_000, 4]] as const) {
    clock.nowMs += pauseMs - 1
    w.receipts.wake()
    await w.receipts.idle()
    assert.equal(dead.received.length, posts - 1)
    clock.nowMs += 1
    w.receipts.wake()
    await w.receipts.idle()
    assert.equal(dead.received.length, posts)
  }
})

void test('more dead receivers than posts at once do not keep others waiting: each is asked once, and then left alone', async () => {
  await using dead = await customerServer(() => undefined)
  await using alive = await customerServer(takes)
  await using w = await receiptWorld({ started: false, settings: { postsMax: 2, pollMs: 5, timeoutMs: 1_000 } })
  const { db, accountId, service } = w.dialer
  const accounts = [accountId]
  for (let i = 0; i < 5; i += 1) accounts.push((await createAccount(db, { name: `dead ${i}`, creditLi: 10_000 })).id)
  const ids: string[] = []
  for (const [i, id] of accounts.entries()) {
    await w.desk.setTargets(id, { report: i === 0 ? alive.url : dead.url })
    const ticket = { wireId: newWireId(Math.random() * 1e12), product: 'tts', shownNumber: '', outId: undefined } as const
    const { callIds } = await service.place({ accountId: id, source: 'aliyun', phones: '13800138000', userRequirement: '通知', ticket })
    ids.push(callIds[0]!)
    await until('it is over', async () => (await w.states(callIds[0]!)).length === 1)
  }
  await w.receipts.start()
  await until('the one that is alive has it', async () => (await w.states(ids[0]!))[0]!.deliveredAt)
  await until('the others were asked', () => dead.received.length === 5)
  await w.receipts.idle()
  assert.deepEqual([dead.received.length, alive.received.length, w.receipts.stats.failed], [5, 1, 5])
})

void test('a receiver that is too far behind loses what is furthest from its turn, to be asked for again; delivered and dead ones are forgotten in time', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld({ started: false, settings: { backlogMax: 50 } })
  const { accountId, clock } = w.dialer
  await w.desk.setTargets(accountId, { progress: customer.url })
  const id = await w.place()
  await owe(w.dialer, id, 100)
  await w.receipts.tidy()
  const { failed, waiting } = await w.desk.failed(accountId, 100)
  assert.deepEqual([failed.length, waiting, w.receipts.stats.backlog], [56, 50, 56])
  assert.match(failed[0]!.lastError!, /more than 50 receipts were waiting/)
  assert.equal((await w.states(id)).find(({ moment }) => moment === 'dialing')!.deadAt, null, 'what was due first is kept')
  await w.receipts.start()
  await until('the rest is delivered', async () => (await w.states(id)).filter(({ deliveredAt }) => deliveredAt).length === 50)
  clock.nowMs += receiptDefaults.keepDeliveredMs + 1
  await w.receipts.tidy()
  assert.equal((await w.states(id)).length, 56)
  clock.nowMs += receiptDefaults.keepDeadMs
  await w.receipts.tidy()
  assert.deepEqual(await w.states(id), [])
})

void test('what waits for an address that was removed is given up', async () => {
  await using w = await receiptWorld({ started: false })
  await w.desk.setTargets(w.dialer.accountId, { report: 'http://127.0.0.1:9/' })
  const id = await w.place()
  await w.desk.setTargets(w.dialer.accountId, {})
  await w.receipts.tidy()
  assert.match((await w.states(id))[0]!.lastError!, /no address/)
  assert.equal(await w.desk.replay(w.dialer.accountId, undefined), 0, 'there is still nobody to send it to')
})

void test('several processes share the work: every receipt is posted once', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld({ started: false, settings: { batchMax: 7 } })
  await w.desk.setTargets(w.dialer.accountId, { progress: customer.url })
  const id = await w.place()
  await owe(w.dialer, id, 200)
  const others = [w.sender(), w.sender(), w.receipts]
  for (const sender of others) await sender.start()
  await until('all are delivered', async () => (await w.states(id)).every(({ deliveredAt }) => deliveredAt !== null), 20_000)
  await Promise.all(others.map((sender) => sender.stop()))
  const posted = customer.received.flatMap(idsIn)
  assert.deepEqual([posted.length, new Set(posted).size], [206, 206])
})

void test('whatever a receiver does by turns, it gets everything at least once under the same names and with the same words, and what was given up when it is asked for', async () => {
  const dice = seededRandom(7)
  const taken = new Map<string, string>()
  const words = new Map<string, Set<string>>()
  let well = false
  await using customer = await customerServer((request, response) => {
    const records = recordsIn(request)
    for (const [i, id] of idsIn(request).entries()) words.set(id, (words.get(id) ?? new Set()).add(JSON.stringify(records[i])))
    const keep = () => idsIn(request).forEach((id) => taken.set(id, request.body))
    const does = well ? 0 : Math.floor(dice() * 6)
    if (does <= 1) keep()
    if (does === 0) takes(request, response)
    // It has the batch and does not say so, or not in time.
    else if (does === 1) response.writeHead(500).end()
    else if (does === 2) textCode(response)
    else if (does === 3) response.destroy()
    else fails(response)
  })
  await using w = await receiptWorld({ started: false, settings: { batchMax: 7, pauseMs: 0 } })
  const { accountId, clock } = w.dialer
  await w.desk.setTargets(accountId, { progress: customer.url })
  const id = await w.place()
  await owe(w.dialer, id, 60)
  const senders = [w.receipts, w.sender()]
  for (const sender of senders) await sender.start()
  const decided = async (): Promise<boolean> => (await w.states(id)).every(({ deliveredAt, deadAt }) => deliveredAt ?? deadAt)
  await until('all are decided', async () => {
    for (const sender of senders) await sender.idle()
    if (await decided()) return true
    clock.nowMs += 10 * minute
    for (const sender of senders) sender.wake()
    return false
  }, 60_000)
  const dead = (await w.states(id)).filter(({ deadAt }) => deadAt)
  assert.ok(dead.length > 0 && dead.every(({ attempts }) => attempts === 4), `${dead.length} given up`)
  well = true
  assert.equal(await w.desk.replay(accountId, undefined), dead.length)
  await until('all are delivered', async () => (await w.states(id)).every(({ deliveredAt }) => deliveredAt !== null))
  for (const sender of senders) await sender.stop()
  assert.deepEqual(new Set(taken.keys()), new Set((await w.states(id)).map(receiptId)))
  for (const [name, told] of words) assert.equal(told.size, 1, `${name}: ${[...told].join(' | ')}`)
})

void test('a process that is killed in the middle of a post loses nothing: another one sends the same under the same names', async () => {
  await using customer = await customerServer((request, response, nth) => {
    if (nth > 1) takes(request, response)
  })
  await using w = await receiptWorld({ started: false })
  const { accountId, clock } = w.dialer
  await w.desk.setTargets(accountId, { progress: customer.url })
  const id = await w.place()
  const { host, port, user, database: name } = w.dialer.db.pool.options as { host: string; port: number; user: string; database: string }
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'receipt-child.ts'), JSON.stringify({ host, port, user, database: name }), String(clock.nowMs)], { stdio: 'inherit' })
  try {
    await until('its post is under way', () => customer.received.length === 1, 30_000)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await w.receipts.start()
  await w.receipts.idle()
  assert.equal(customer.received.length, 1, 'nobody else sends it while the first might')
  clock.nowMs += 3 * minute
  w.receipts.wake()
  await until('all are delivered', async () => (await w.states(id)).every(({ deliveredAt }) => deliveredAt !== null))
  assert.deepEqual(idsIn(customer.received[0]!), idsIn(customer.received[1]!))
  assert.equal(idsIn(customer.received[0]!).length, 6)
  assert.deepEqual((await w.states(id)).map(receiptId).sort(), idsIn(customer.received[0]!).sort())
})
