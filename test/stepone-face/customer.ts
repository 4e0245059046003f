// A customer of the running program: an account of its own, and nothing but HTTP. Keeps the bytes of every answer, because bytes are what was published.
import assert from 'node:assert/strict'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiKeys } from '../../src/account/api-keys.ts'
import { createAccount, updateSettings } from '../../src/account/accounts.ts'
import type { Price } from '../../src/account/billing.ts'
import type { App } from '../../src/app.ts'
import { readStream, type Block } from './chat-reader.ts'

export type Headers = { [name: string]: string | undefined }
export type Answer = { status: number; headers: IncomingMessage['headers']; text: string; json: { [key: string]: unknown } }

export const requirement = '通知张总明天上午9点在三楼会议室开会'
/** Numbers of the simulated carrier, by what they do. */
export const number = { confirms: '13800138000', confirmsToo: '13900139000', busy: '13800138001', ringsOn: '13800138002', declines: '13800138006' } as const

const agent = new Agent({ keepAlive: true, maxSockets: 128 })
/** A server that sheds load says so and asks to be tried again; this often a customer does. */
const triesMax = 30

let opened = 0

export class Customer {
  readonly app: App
  readonly accountId: string
  readonly key: string

  private constructor(app: App, accountId: string, key: string) {
    this.app = app
    this.accountId = accountId
    this.key = key
  }

  static async open(app: App, p: { creditLi?: number; price?: Price } = {}): Promise<Customer> {
    opened += 1
    const account = await createAccount(app.db, { name: `customer ${opened}`, organisation: '示例公司', creditLi: p.creditLi ?? 100_000 })
    if (p.price) await updateSettings(app.db.sql, account.id, { price: p.price })
    const { key } = await new ApiKeys(app.db).create(account.id)
    return new Customer(app, account.id, key)
  }

  /** What every request of this customer carries. */
  get headers(): Headers {
    return { 'x-api-key': this.key, 'x-skill-version': '1.0.0', 'content-type': 'application/json' }
  }

  /** One request, exactly as it is written: no path is normalised, no header added but the length. A header given as undefined is left out. */
  async send(method: string, path: string, p: { body?: unknown; headers?: Headers } = {}): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const response = await this.exchange(method, path, p)
      response.setEncoding('utf8')
      let text = ''
      for await (const chunk of response) text += String(chunk)
      const { statusCode: status = 0, headers } = response
      const isJson = String(headers['content-type']).startsWith('application/json')
      if (status !== 503 || tries === triesMax) return { status, headers, text, json: isJson ? (JSON.parse(text) as Answer['json']) : {} }
      await sleep(Number(headers['retry-after'] ?? 1) * 1_000)
    }
  }

  /** The bare exchange: resolves when the headers of the answer are there. */
  exchange(method: string, path: string, p: { body?: unknown; headers?: Headers; ownConnection?: boolean } = {}): Promise<IncomingMessage> {
    const { hostname, port } = new URL(this.app.baseUrl)
    const body = p.body === undefined ? undefined : Buffer.from(typeof p.body === 'string' ? p.body : JSON.stringify(p.body))
    const headers = Object.entries({ ...this.headers, ...(body && { 'content-length': String(body.length) }), ...p.headers }).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return new Promise((resolve, reject) => {
      let answered = false
      const request = httpRequest({ host: hostname, port, method, path, headers: Object.fromEntries(headers), agent: p.ownConnection ? false : agent })
      request.on('response', (response) => {
        answered = true
        resolve(response)
      })
      // A server that refuses a body early closes while we still write: its answer counts.
      request.on('error', (error) => {
        if (!answered) reject(error)
      })
      request.end(body)
    })
  }

  post(action: string, body: unknown, headers: Headers = {}): Promise<Answer> {
    return this.send('POST', `/api/v1/callinfo/${action}`, { body, headers })
  }

  async place(phones: string, userRequirement = requirement): Promise<string[]> {
    const { status, text, json } = await this.post('initiate_call', { phones, user_requirement: userRequirement })
    assert.equal(status, 200, text)
    return json['call_ids'] as string[]
  }

  async lookUp(callId: string): Promise<Answer['json']> {
    const { status, text, json } = await this.post('search_callinfo', { call_id: callId })
    assert.equal(status, 200, text)
    return json
  }

  /** The live conversation, until the server closes it. */
  stream(callId: string, resume: { header?: number; body?: number } = {}): AsyncGenerator<Block, void, undefined> {
    return readStream(this, callId, resume)
  }

  /** Reads the conversation until `enough`. Errors: AssertionError when it ends before. */
  async until(callId: string, enough: (block: Block) => boolean): Promise<Block> {
    for await (const block of this.stream(callId)) if (enough(block)) return block
    throw new assert.AssertionError({ message: `the stream of ${callId} ended before` })
  }

  /** The record, once the stream has said [DONE]. */
  async ended(callId: string): Promise<Answer['json']> {
    for (let last: string | undefined; last !== '[DONE]'; ) {
      for await (const block of this.stream(callId)) last = block.line?.content ?? last
      assert.match(String(last), /^\[(DONE|TIMEOUT)\]$/)
    }
    return await this.lookUp(callId)
  }

  /** In 厘, as the API shows them in yuan. */
  async balance(): Promise<{ balanceLi: number; heldLi: number; availableLi: number }> {
    const { json } = await this.send('GET', '/api/v1/account/balance')
    const li = (key: string) => Math.round((json[key] as number) * 1_000)
    return { balanceLi: li('balance'), heldLi: li('held'), availableLi: li('available') }
  }

  async #one<T>(query: string): Promise<T> {
    return (await this.app.db.pool.query(query, [this.accountId])).rows[0] as T
  }

  /** What the database holds of this customer, for what no API shows. */
  async stored(): Promise<{ calls: number; keys: number; entries: number; balanceLi: number; heldLi: number; sumLi: number; sumHeldLi: number }> {
    return this.#one(`
      select (select count(*)::int from calls where account_id = $1) as calls,
             (select count(*)::int from idempotency_keys where account_id = $1) as keys,
             (select count(*)::int from ledger_entries where account_id = $1) as entries,
             (select balance_li::int from wallets where account_id = $1) as "balanceLi",
             (select held_li::int from wallets where account_id = $1) as "heldLi",
             (select coalesce(sum(balance_delta_li), 0)::int from ledger_entries where account_id = $1) as "sumLi",
             (select coalesce(sum(held_delta_li), 0)::int from ledger_entries where account_id = $1) as "sumHeldLi"`)
  }
}
