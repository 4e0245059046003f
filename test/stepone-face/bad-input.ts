// What must have no effect on the whole program: bad requests, and the same request sent often.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequests, seeded, type BadRequest } from '../../src/api/bad-requests.ts'
import type { Platform } from '../world/platform.ts'
import { Customer, number, requirement } from './customer.ts'

/** Sent at once; as many as an impatient client opens connections. */
const lanes = 8

export function badInput(platform: () => Platform): void {
  test(`1,000 bad requests of ${Object.keys(badRequests).length} kinds place nothing, book nothing, and leave a server that works`, { timeout: 150_000 }, async () => {
    // Several, because each may send 600 a minute.
    const customers = await Promise.all(Array.from({ length: 4 }, () => Customer.open(platform().app)))
    const before = await Promise.all(customers.map((customer) => customer.stored()))
    const random = seeded(90_210)
    const names = Object.keys(badRequests)
    const queue = Array.from({ length: 1_000 }, (_, i) => ({ i, name: names[i % names.length]!, bad: badRequests[names[i % names.length]!]!(random) }))
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let next = queue.shift(); next; next = queue.shift()) await refused(customers[next.i % customers.length]!, `${next.name} #${next.i}`, next.bad)
      }),
    )
    assert.deepEqual(await Promise.all(customers.map((customer) => customer.stored())), before)
    assert.equal((await customers[0]!.send('GET', '/healthz')).json['status'], 'ok')

    const [id] = await customers[0]!.place(number.confirms)
    assert.equal((await customers[0]!.ended(id!))['outcome'], 'answered')
  })

  test('100 posts of one request at once with one Idempotency-Key are one call', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const post = (phones: string, text = requirement) => customer.post('initiate_call', { phones, user_requirement: text }, { 'idempotency-key': 'order-7/notice' })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(number.busy)))
    const id = (answers[0]!.json['call_ids'] as string[])[0]!
    for (const { status, text, json } of answers) {
      assert.deepEqual([status, json['call_ids'], json['provider_call_id']], [200, [id], id], text)
      assert.match(text, /^\{"success":true,"call_ids":\["[^"]+"\],"provider_call_id":"[^"]+","message":"[^"]+"(,"replayed":true)?\}$/)
    }
    assert.equal(answers.filter(({ json }) => json['replayed'] === true).length, 99)
    assert.deepEqual(await customer.stored().then(({ calls, keys }) => [calls, keys]), [1, 1])

    for (const other of [await post(number.declines), await post(number.busy, `${requirement}。`)]) {
      assert.deepEqual([other.status, other.json['code'], other.json['call_started'], other.json['retry_safe']], [409, 'idempotency-conflict', false, true])
    }
    // The same key of another customer is another key.
    const stranger = await Customer.open(platform().app, { creditLi: 0 })
    assert.equal((await stranger.post('initiate_call', { phones: number.busy, user_requirement: requirement }, { 'idempotency-key': 'order-7/notice' })).status, 402)
    assert.equal((await customer.ended(id))['outcome'], 'busy')
    assert.equal((await post(number.busy)).json['replayed'], true, 'also when the call is over')
    assert.equal((await customer.stored()).calls, 1)
  })
}

async function refused(customer: Customer, title: string, bad: BadRequest): Promise<void> {
  const { status, headers, text, json } = await customer.send(bad.method ?? 'POST', `/api/v1/callinfo/${bad.path ?? 'initiate_call'}`, { body: bad.body, headers: bad.headers ?? {} })
  const told = `${title}: ${JSON.stringify(bad).slice(0, 300)} answered ${status} ${text.slice(0, 300)}`
  assert.ok([bad.status].flat().includes(status), told)
  assert.match(String(headers['content-type']), /^application\/json/, told)
  assert.deepEqual([json['success'], json['call_started'], json['retry_safe']], [false, false, true], told)
  if (bad.code !== undefined) assert.equal(json['code'], bad.code, told)
  // Clients cut the message at the next quote; and nothing of ours may show.
  assert.match(text, /^\{"success":false,"code":"[a-z-]+","message":"[^"\\]+","call_started":false,/, told)
  assert.doesNotMatch(text, /node_modules|src\/|at [A-Z]\w+\.|FST_|Zod/, told)
}
