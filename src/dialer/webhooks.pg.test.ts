import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { deliveriesOf } from '../db/webhook-deliveries.ts'
import { customerServer, type Received } from './customer-server.ts'
import { dialerDefaults, type WebhookSettings } from './settings.ts'
import { dialerWorld, until, type World } from './testing.ts'
import { signature } from './webhooks.ts'

const webhook: WebhookSettings = { ...dialerDefaults.webhook, privateAllowed: true, pollMs: 20, timeoutMs: 300 }

async function delivery(world: World, callId: string) {
  return (await deliveriesOf(world.db.sql, callId))[0]
}

void test('a report is signed, delivered once and says what became of the call', async () => {
  await using customer = await customerServer((_request, response) => response.writeHead(204).end())
  await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook } })
  const id = await world.place()
  await until('it is delivered', async () => (await delivery(world, id))?.deliveredAt)
  assert.equal(customer.received.length, 1)
  const [{ headers, body }] = customer.received as [Received]
  const report = JSON.parse(body) as { id: string; type: string; data: Record<string, unknown> }
  assert.equal(report.type, 'call.ended')
  assert.equal(headers['x-waihu-event-id'], report.id)
  const { call_id, outcome, conversation, duration_seconds, cost } = report.data
  assert.deepEqual({ call_id, outcome, conversation, duration_seconds, cost }, { call_id: id, outcome: 'answered', conversation: 'confirmed', duration_seconds: 20, cost: 0.15 })
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-waihu-signature'] as string)!
  assert.equal(v1, createHmac('sha256', 'whsec_test').update(`${t}.${body}`).digest('hex'))
  assert.equal(headers['x-waihu-signature'], signature('whsec_test', body, world.clock.nowMs))
})

void test('a receiver that fails is tried again with growing waits under one id, then given up', async () => {
  await using customer = await customerServer((_request, response) => response.writeHead(500).end())
  await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook: { ...webhook, backoffMs: [10_000, 60_000] } } })
  const id = await world.place()
  for (const [attempts, waitMs] of [[1, 10_000], [2, 60_000]] as const) {
    await until(`attempt ${attempts} failed`, async () => (await delivery(world, id))?.lastError && customer.received.length === attempts)
    await world.service.webhooks.idle()
    world.clock.nowMs += waitMs - 1
    world.service.webhooks.wake()
    await world.service.webhooks.idle()
    assert.equal(customer.received.length, attempts, 'not before its time')
    world.clock.nowMs += 1
    world.service.webhooks.wake()
  }
  await until('it is given up', async () => (await delivery(world, id))?.deadAt)
  world.clock.nowMs += 10_000_000
  world.service.webhooks.wake()
  await world.service.webhooks.idle()
  assert.equal(customer.received.length, 3)
  assert.equal(new Set(customer.received.map((request) => request.headers['x-waihu-event-id'])).size, 1)
  assert.equal((await delivery(world, id))?.lastError, 'HTTP 500')
})

void test('a failed delivery succeeds later', async () => {
  await using customer = await customerServer((_request, response, nth) => response.writeHead(nth < 3 ? 503 : 200).end('ok'))
  await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook: { ...webhook, backoffMs: [1, 1, 1] } } })
  const id = await world.place()
  await until('it is delivered', async () => {
    world.clock.nowMs += 10
    return (await delivery(world, id))?.deliveredAt
  })
  assert.equal(customer.received.length, 3)
})

void test('each unwelcome answer is a failure that is told', async () => {
  const table: [string, (response: ServerResponse, url: string) => void, RegExp, boolean][] = [
    ['a redirect is not followed', (response, url) => response.writeHead(302, { location: `${url}/elsewhere` }).end(), /HTTP 302/, false],
    ['gone', (response) => response.writeHead(410).end(), /HTTP 410/, true],
    ['silence', () => undefined, /no answer within 300 ms/, false],
    ['a hang-up', (response) => response.destroy(), /hang up|ECONNRESET/, false],
  ]
  for (const [name, answer, error, dead] of table) {
    await using customer = await customerServer((_request, response) => answer(response, customer.url))
    await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook } })
    const id = await world.place()
    const failed = await until(name, async () => {
      const found = await delivery(world, id)
      return found?.lastError ? found : undefined
    })
    assert.match(failed.lastError!, error, name)
    assert.equal(failed.deadAt !== null, dead, name)
    assert.equal(customer.received.length, 1, name)
  }
})

void test('an endless answer is cut, its status counts', async () => {
  await using customer = await customerServer((_request, response) => {
    response.writeHead(200)
    const pour = setInterval(() => response.write('x'.repeat(1_000)), 1)
    response.on('close', () => clearInterval(pour))
  })
  await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook } })
  const id = await world.place()
  await until('it is delivered', async () => (await delivery(world, id))?.deliveredAt)
})

void test('private addresses are refused unless allowed, by number and by name', async () => {
  await using customer = await customerServer((_request, response) => response.writeHead(200).end())
  const port = new URL(customer.url).port
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '10.0.0.1', '169.254.169.254', '0x7f.1']) {
    await using world = await dialerWorld({ webhookUrl: `http://${host}:${port}/`, settings: { webhook: { ...webhook, privateAllowed: false } } })
    const id = await world.place()
    const failed = await until(host, async () => {
      const found = await delivery(world, id)
      return found?.lastError ? found : undefined
    })
    assert.match(failed.lastError!, /private address/, host)
  }
  assert.equal(customer.received.length, 0)
})

void test('a report is delivered by another process when the first one dies while delivering', async () => {
  await using customer = await customerServer((_request, response, nth) => {
    if (nth > 1) response.writeHead(200).end()
  })
  await using world = await dialerWorld({ webhookUrl: customer.url, settings: { webhook: { ...webhook, timeoutMs: 60_000 } } })
  const id = await world.place()
  await until('the first attempt is under way', () => customer.received.length === 1)
  await world.service.webhooks.stop()
  const other = world.another()
  await other.webhooks.start()
  world.clock.nowMs += 3 * 60_000
  other.webhooks.wake()
  await until('it is delivered', async () => (await delivery(world, id))?.deliveredAt)
  assert.equal(customer.received[0]!.headers['x-waihu-event-id'], customer.received[1]!.headers['x-waihu-event-id'])
})

void test('without a webhook nothing is put into the outbox', async () => {
  await using world = await dialerWorld()
  const id = await world.place()
  await world.ended(id)
  assert.deepEqual(await deliveriesOf(world.db.sql, id), [])
})
