// The report of a call, as a customer's server receives it.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Platform } from '../world/platform.ts'
import { Customer, number, requirement } from './customer.ts'

type Delivery = { headers: IncomingHttpHeaders; body: string; atMs: number }

export function webhook(platform: () => Platform): void {
  test('the report of a call is signed, and arrives again with the same id when the first attempt failed', { timeout: 150_000 }, async () => {
    const customer = await Customer.open(platform().app)
    await using receiver = await Receiver.open([503])
    const set = await customer.send('PUT', '/api/v1/account/webhook', { body: { url: receiver.url } })
    assert.equal(set.status, 200, set.text)
    const secret = set.json['secret'] as string
    assert.match(secret, /^whsec_/)
    assert.deepEqual((await customer.send('GET', '/api/v1/account/webhook')).text, JSON.stringify({ success: true, url: receiver.url }))

    const [id] = await customer.place(number.confirms)
    const info = await customer.ended(id!)
    const [first, second] = await receiver.received(2)
    assert.ok(second!.atMs - first!.atMs > 5_000, 'a receiver in trouble is given time')
    for (const { headers, body } of [first!, second!]) {
      assert.equal(headers['content-type'], 'application/json; charset=utf-8')
      const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-waihu-signature']))!
      assert.equal(v1, createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'))
      assert.ok(Math.abs(Date.now() / 1_000 - Number(t)) < 120)
    }
    assert.equal(first!.headers['x-waihu-event-id'], second!.headers['x-waihu-event-id'])
    assert.equal(first!.body, second!.body)

    const { id: eventId, type, created_at: createdAt, data, ...nothing } = JSON.parse(second!.body) as { [key: string]: unknown }
    assert.deepEqual([eventId, type, createdAt, nothing], [second!.headers['x-waihu-event-id'], 'call.ended', info['ended_at'], {}])
    const { ended_while: stage, detail, dialing_at: dialingAt, recorded, cost_li: costLi, phone, ...same } = data as { [key: string]: unknown }
    assert.deepEqual([phone, costLi, stage, recorded], [number.confirms, 150, 'talking', true])
    assert.ok(typeof detail === 'string' && detail !== '' && !Number.isNaN(Date.parse(String(dialingAt))))
    // The rest says the same as the look-up, under the same names.
    assert.deepEqual(same, Object.fromEntries(Object.keys(same).map((key) => [key, info[key]])))
    for (const key of ['call_id', 'outcome', 'conversation', 'duration_seconds', 'billed_seconds', 'cost', 'ended_by', 'user_requirement', 'created_at', 'answered_at', 'ended_at', 'summary', 'slots']) assert.ok(key in same, key)
    assert.deepEqual([same['call_id'], same['outcome'], same['user_requirement']], [id, 'answered', requirement])

    // Taken: never sent again. Switched off: nothing more is sent.
    assert.equal((await customer.send('PUT', '/api/v1/account/webhook', { body: { url: null } })).text, '{"success":true,"url":null,"secret":null}')
    const [another] = await customer.place(number.busy)
    await customer.ended(another!)
    const { rows } = await platform().app.db.pool.query<{ delivered: boolean; attempts: number }>('select delivered_at is not null as delivered, attempts from webhook_deliveries where account_id = $1', [customer.accountId])
    assert.deepEqual(rows, [{ delivered: true, attempts: 2 }])
    assert.equal(receiver.deliveries.length, 2)
  })

  test('a call that nobody answered is reported as well', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app)
    await using receiver = await Receiver.open([])
    await customer.send('PUT', '/api/v1/account/webhook', { body: { url: receiver.url } })
    const [id] = await customer.place(number.declines)
    const [{ body }] = (await receiver.received(1)) as [Delivery]
    const { data } = JSON.parse(body) as { data: { [key: string]: unknown } }
    assert.deepEqual(
      [data['call_id'], data['outcome'], data['conversation'], data['answered_at'], data['duration_seconds'], data['billed_seconds'], data['cost'], data['cost_li'], data['recorded']],
      [id, 'rejected', null, null, 0, 0, 0, 0, false],
    )
  })
}

/** Answers with the given statuses first, then 200. */
class Receiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = []
  readonly #server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      this.deliveries.push({ headers: request.headers, body, atMs: performance.now() })
      response.writeHead(this.#statuses.shift() ?? 200).end()
      this.#arrived.resolve()
      this.#arrived = Promise.withResolvers()
    })
  })
  readonly #statuses: number[]
  #arrived = Promise.withResolvers<void>()

  private constructor(statuses: number[]) {
    this.#statuses = statuses
  }

  static async open(statuses: number[]): Promise<Receiver> {
    const receiver = new Receiver(statuses)
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/reports?of=waihu`
  }

  async received(count: number): Promise<Delivery[]> {
    while (this.deliveries.length < count) await this.#arrived.promise
    return this.deliveries
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
