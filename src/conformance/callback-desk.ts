// The suite's own callback server and receiver of receipts: keeps everything that came, by call, and answers as the case says. Does not know cases.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export type Callback = {
  method: string
  /** Of the request's address and of its body; one of the two is empty. */
  query: URLSearchParams
  form: URLSearchParams
  requestType: string
  fields: URLSearchParams
  callId: string
  type: string
  content: Readonly<Record<string, unknown>>
  atMs: number
  /** How many requests of this call were open when it came, itself included. */
  open: number
}
/** `data` of a reply, or the whole answer. `count`: how many callbacks of this type came so far. */
export type Reply = { data: object } | { raw: string; status?: number }
export type Answers = (callback: Callback, count: number) => Reply
export type Receipt = Readonly<Record<string, unknown>>
/** `status`: how it was acknowledged. */
export type Received = { record: Receipt; atMs: number; method: string; contentType: string; isList: boolean; status: number }

/** A call's callbacks may come before the case has read its number. */
const claimMsMax = 5_000

type Heard = { callbacks: Callback[]; answers: PromiseWithResolvers<Answers>; open: number }

export class CallbackDesk implements AsyncDisposable {
  readonly #server: Server
  readonly #calls = new Map<string, Heard>()
  readonly receipts: Received[] = []
  /** How a receipt is acknowledged: a status, after so long. */
  acknowledge: (records: readonly Receipt[]) => { status: number; afterMs: number } = () => ({ status: 200, afterMs: 0 })
  /** Of calls that no case placed. */
  #strangers: Answers = () => ({ data: { action: 'hangup' } })
  #changed = Promise.withResolvers<void>()

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch(() => response.destroy())
    })
  }

  /** Port 0: any. */
  static async open({ host, port }: { host: string; port: number }): Promise<CallbackDesk> {
    const desk = new CallbackDesk()
    desk.#server.listen(port, host)
    await once(desk.#server, 'listening')
    return desk
  }

  /** With a query of its own, which must be kept. */
  get url(): string {
    return `${this.#base}/callback?tenant=conformance`
  }

  get receiptsUrl(): string {
    return `${this.#base}/receipts`
  }

  get #base(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  answerStrangers(answers: Answers): void {
    this.#strangers = answers
  }

  /** A callback of any call. Errors: Error after `withinMs`. */
  async stranger(is: (callback: Callback) => boolean, withinMs: number): Promise<Callback> {
    for (const deadline = Date.now() + withinMs; ; await this.news(500)) {
      const found = [...this.#calls.values()].flatMap(({ callbacks }) => callbacks).find(is)
      if (found) return found
      if (Date.now() >= deadline) throw new Error(`nobody called within ${withinMs / 1_000} s`)
    }
  }

  answer(callId: string, answers: Answers): void {
    this.#of(callId).answers.resolve(answers)
  }

  callbacks(callId: string): readonly Callback[] {
    return this.#of(callId).callbacks
  }

  /** Resolves when something new came, or after `withinMs`. */
  async news(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#changed.promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))])
    clearTimeout(timer)
  }

  #of(callId: string): Heard {
    let heard = this.#calls.get(callId)
    if (!heard) this.#calls.set(callId, (heard = { callbacks: [], answers: Promise.withResolvers(), open: 0 }))
    return heard
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const body = await text(request)
    if (url.pathname === '/receipts') {
      const pushed = JSON.parse(body) as Receipt | Receipt[]
      const isList = Array.isArray(pushed)
      const records = isList ? pushed : [pushed]
      const { status, afterMs } = this.acknowledge(records)
      this.receipts.push(...records.map((record) => ({ record, atMs: Date.now(), method: request.method ?? '', contentType: request.headers['content-type'] ?? '', isList, status })))
      this.#tell()
      if (afterMs > 0) await sleep(afterMs)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"code":0,"msg":"接收成功"}')
      return
    }
    const requestType = request.headers['content-type'] ?? ''
    const form = new URLSearchParams(/form-urlencoded/i.test(requestType) ? body : '')
    const fields = form.has('call_id') ? form : url.searchParams
    const callId = fields.get('call_id') ?? ''
    const heard = this.#of(callId)
    heard.open += 1
    response.once('close', () => (heard.open -= 1))
    const callback: Callback = { method: request.method ?? '', query: url.searchParams, form, requestType, fields, callId, type: fields.get('content_type') ?? '', content: contentOf(fields.get('content')), atMs: Date.now(), open: heard.open }
    heard.callbacks.push(callback)
    const count = heard.callbacks.filter(({ type }) => type === callback.type).length
    let timer: NodeJS.Timeout | undefined
    if (callback.type === 'callin') heard.answers.resolve(this.#strangers)
    const unclaimed = new Promise<Answers>((resolve) => (timer = setTimeout(() => resolve(this.#strangers), claimMsMax)))
    const answers = await Promise.race([heard.answers.promise, unclaimed])
    clearTimeout(timer)
    const reply = answers(callback, count)
    response.statusCode = 'raw' in reply ? (reply.status ?? 200) : 200
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.end('raw' in reply ? reply.raw : JSON.stringify({ result: 'success', msg: '成功', code: 200, data: { call_id: callId, ...reply.data } }))
    this.#tell()
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function contentOf(json: string | null): Record<string, unknown> {
  try {
    return JSON.parse(json ?? '') as Record<string, unknown>
  } catch {
    return {}
  }
}
