// Fake parts at the edges for tests of the HTTP side: calls in memory, accounts in memory, a clock moved by hand.
// Not for use outside tests; the calls here follow the contract of CallService but dial nothing.
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { FastifyInstance } from 'fastify'
import type { CallTicket } from '../db/call-tickets.ts'
import type { CallCommand } from '../call/controls.ts'
import type { Controlled } from '../dialer/command-desk.ts'
import type { CallRecord, CallService, PlaceRequest, Undelivered } from '../dialer/call-service.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import { parsePhoneList } from '../numbering/phone.ts'
import type { AccountDesk } from './accounts.ts'
import type { Clock } from './clock.ts'
import { buildServer, type ServerDeps } from './server.ts'

type MutableRecord = { -readonly [K in keyof CallRecord]: CallRecord[K] }
type MemoryCall = { accountId: string; record: MutableRecord; rows: CallEventRow[]; changed: PromiseWithResolvers<void> }

/** Calls that only exist in memory; tests move them along by `append`. */
export class MemoryCalls implements CallService {
  readonly placed: string[] = []
  readonly requests: PlaceRequest[] = []
  readonly tickets = new Map<string, CallTicket & { callId: string }>()
  readonly stopped: { callId: string; wish: string }[] = []
  readonly #calls = new Map<string, MemoryCall>()
  readonly #idempotent = new Map<string, { body: string; callIds: string[] }>()
  /** Followers that are waiting or reading. */
  followers = 0
  /** Thrown by the next `place`, for tests of failures. */
  failNext: Error | undefined

  async place(request: PlaceRequest): Promise<{ callIds: string[]; replayed: boolean }> {
    if (this.failNext) {
      const error = this.failNext
      this.failNext = undefined
      throw error
    }
    const key = request.idempotencyKey === undefined ? undefined : `${request.accountId}/${request.idempotencyKey}`
    const body = JSON.stringify([request.phones, request.userRequirement])
    const before = key === undefined ? undefined : this.#idempotent.get(key)
    if (before) {
      if (before.body !== body) throw new RefusedError('idempotency-conflict', '此 Idempotency-Key 已用于另一请求')
      return { callIds: before.callIds, replayed: true }
    }
    const { ok, bad } = parsePhoneList(request.phones)
    if (bad.length > 0) {
      if (bad.every((item) => ['EMERGENCY_NUMBER', 'SERVICE_NUMBER', 'ENTERPRISE_NUMBER'].includes(item.code))) throw new RefusedError('never-dial', '含有不可拨打的号码，没有拨出任何电话', { items: bad })
      throw new InvalidInputError('phones', `有 ${bad.length} 个号码不能拨打，没有拨出任何电话`, bad)
    }
    const callIds = ok.map(({ phone, given }) => {
      const id = `call_${this.#calls.size + 1}`
      this.#calls.set(id, {
        accountId: request.accountId,
        record: {
          id, phone, phoneAsGiven: given, userRequirement: request.userRequirement, status: 'queued', waitingFor: undefined,
          createdAt: new Date(0), dialingAt: undefined, ringingAt: undefined, answeredAt: undefined, endedAt: undefined, reason: undefined,
          conversation: undefined, talkMs: undefined, billedSec: undefined, costLi: undefined, summary: undefined, slots: undefined, recording: undefined,
        },
        rows: [],
        changed: Promise.withResolvers(),
      })
      this.placed.push(phone)
      this.append(id, { type: 'accepted' })
      return id
    })
    this.requests.push(request)
    if (request.ticket) this.tickets.set(request.ticket.wireId, { ...request.ticket, callId: callIds[0]! })
    if (key !== undefined) this.#idempotent.set(key, { body, callIds })
    return Promise.resolve({ callIds, replayed: false })
  }

  /** Adds an event to the log of a call and moves its record along. */
  append(callId: string, event: CallEvent): void {
    const call = this.#calls.get(callId)!
    call.rows.push({ seq: call.rows.length + 1, at: new Date(0), event })
    const { record } = call
    if (event.type === 'dialing' || event.type === 'ringing') record.status = event.type
    if (event.type === 'answered') Object.assign(record, { status: 'talking', answeredAt: new Date(answeredAtMs) })
    if (event.type === 'ended') {
      const { reason, conversation, talkMs, billedSec, costLi, recording } = event
      Object.assign(record, { status: 'ended', endedAt: new Date(60_000), reason, conversation, talkMs, billedSec, costLi, recording })
    }
    call.changed.resolve()
    call.changed = Promise.withResolvers()
  }

  change(callId: string, change: Partial<CallRecord>): void {
    Object.assign(this.#calls.get(callId)!.record, change)
  }

  #own(accountId: string, callId: string): MemoryCall {
    const call = this.#calls.get(callId)
    if (call?.accountId !== accountId) throw new NotFoundError('call', '没有这个通话编号，请检查 call_id')
    return call
  }

  async lookUp(accountId: string, callId: string): Promise<CallRecord> {
    return Promise.resolve({ ...this.#own(accountId, callId).record })
  }

  async events(accountId: string, callId: string): Promise<CallEventRow[]> {
    return Promise.resolve([...this.#own(accountId, callId).rows])
  }

  async *follow(accountId: string, callId: string, afterSeq: number, signal: AbortSignal): AsyncIterable<CallEventRow> {
    const call = this.#own(accountId, callId)
    const aborted = Promise.withResolvers<void>()
    const onAbort = () => aborted.resolve()
    signal.addEventListener('abort', onAbort)
    this.followers += 1
    try {
      let next = afterSeq
      while (!signal.aborted) {
        const row = call.rows[next]
        if (row) {
          next += 1
          yield row
          if (row.event.type === 'ended') return
        } else if (call.record.status === 'ended') return
        else await Promise.race([call.changed.promise, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.followers -= 1
    }
  }

  async stop(accountId: string, callId: string, wish: 'cancel' | 'hang-up'): Promise<'stopping' | 'already-ended'> {
    const { record } = this.#own(accountId, callId)
    if (record.status === 'ended') return 'already-ended'
    this.stopped.push({ callId, wish })
    return Promise.resolve('stopping')
  }

  /** By call id. */
  readonly inVain = new Map<string, Undelivered[]>()

  async undelivered(accountId: string, callId: string): Promise<Undelivered[]> {
    return Promise.resolve(this.inVain.get(this.#own(accountId, callId).record.id) ?? [])
  }

  readonly commands: { callId: string; command: CallCommand }[] = []
  controlFails: Error | undefined

  async control(accountId: string, callId: string, command: CallCommand): Promise<Controlled> {
    this.#own(accountId, callId)
    if (this.controlFails) throw this.controlFails
    this.commands.push({ callId, command })
    return Promise.resolve({ state: command.type === 'hold' ? 'held' : command.type === 'transfer' ? 'calling' : 'talking' })
  }

  async ticket(accountId: string, wireId: string): ReturnType<CallService['ticket']> {
    const found = this.tickets.get(wireId)
    return Promise.resolve(found && this.#calls.get(found.callId)?.accountId === accountId ? found : undefined)
  }

  async list(accountId: string, limit: number): Promise<CallRecord[]> {
    return Promise.resolve([...this.#calls.values()].filter((call) => call.accountId === accountId).slice(-limit).map((call) => ({ ...call.record })))
  }
}

/** Two accounts, `sk_one` and `sk_two`; `sk_admin` is of the first and an admin's. */
export function memoryAccounts(): AccountDesk {
  const keys = new Map([['sk_one', 'acc_one'], ['sk_two', 'acc_two'], ['sk_admin', 'acc_one']])
  const hooks = new Map<string, string>()
  return {
    authenticate: async (key) => {
      const accountId = keys.get(key)
      return Promise.resolve(accountId === undefined ? undefined : { accountId, admin: key === 'sk_admin' })
    },
    balance: async () => Promise.resolve({ balanceLi: 9_850, heldLi: 150 }),
    webhook: async (accountId) => Promise.resolve({ url: hooks.get(accountId) }),
    setWebhook: async (accountId, url) => {
      if (url?.includes('127.0.0.1')) throw new InvalidInputError('url', '推送地址不能指向内部网络')
      if (url === undefined) hooks.delete(accountId)
      else hooks.set(accountId, url)
      return Promise.resolve({ url, secret: url === undefined ? undefined : 'whsec_test' })
    },
  }
}

/** Time that stands still until a test moves it; timers run in order while it moves. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers = new Set<{ atMs: number; everyMs: number | undefined; run: () => void }>()
  nowMs = () => this.#nowMs
  get timers(): number {
    return this.#timers.size
  }
  after(ms: number, run: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + ms, everyMs: undefined, run })
  }
  every(ms: number, run: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + ms, everyMs: ms, run })
  }
  #add(timer: { atMs: number; everyMs: number | undefined; run: () => void }): () => void {
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!due) break
      this.#nowMs = due.atMs
      if (due.everyMs === undefined) this.#timers.delete(due)
      else due.atMs += due.everyMs
      due.run()
    }
    this.#nowMs = untilMs
  }
}

export const headers = { 'x-api-key': 'sk_one', 'x-skill-version': '1.0.0' }

export type TestApi = {
  app: FastifyInstance
  calls: MemoryCalls
  clock: ManualClock
  logged: string[]
  post: (action: string, body: unknown, more?: Record<string, string>) => Promise<TestAnswer>
  /** Address of the server on a free port of 127.0.0.1, listening from the first call on. */
  listening: () => Promise<string>
} & AsyncDisposable
export type TestAnswer = { status: number; headers: Record<string, unknown>; text: string; json: () => Record<string, unknown> }

/** A server on fakes; requests go in without a socket. */
export async function testApi(change: Partial<ServerDeps> = {}): Promise<TestApi> {
  const calls = new MemoryCalls()
  const clock = new ManualClock()
  const logged: string[] = []
  let address: Promise<string> | undefined
  const app = await buildServer({
    calls,
    accounts: memoryAccounts(),
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    health: { database: () => ({ ok: true }), carrier: () => ({ ok: true }), speech: () => ({ ok: true }) },
    metrics: new Registry(),
    clock,
    ...change,
  })
  return {
    app,
    calls,
    clock,
    logged,
    async post(action, body, more = {}) {
      const answer = await app.inject({
        method: 'POST',
        url: `/api/v1/callinfo/${action}`,
        headers: { ...headers, 'content-type': 'application/json', ...more },
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, json: () => JSON.parse(answer.body) as Record<string, unknown> }
    },
    listening: () => (address ??= app.listen({ host: '127.0.0.1', port: 0 })),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

/** When calls of tests are answered, Unix milliseconds. */
const answeredAtMs = 5_000

/** Events of a short answered call, `accepted` not included. */
export function conversation(said: readonly [who: 'robot' | 'callee', text: string][]): CallEvent[] {
  let turn = 0
  return [
    { type: 'dialing', line: 'simulator', attempt: 1 },
    { type: 'ringing', sipStatus: 180, earlyMedia: false },
    { type: 'answered', sipStatus: 200 },
    ...said.map(([who, text]): CallEvent => {
      turn += 1
      const times = { turn, text, beginAtMs: answeredAtMs + turn * 1_000, endAtMs: answeredAtMs + turn * 1_000 + 800 }
      return who === 'robot'
        ? { type: 'robot-said', ...times, cut: false, latency: { endpointMs: 450, recognitionMs: 20, robotMs: 5, synthesisMs: 15, playoutMs: 20, totalMs: 510 } }
        : { type: 'callee-said', ...times, confidence: 0.9, bargeIn: false }
    }),
    endedAnswered,
  ]
}

export const endedAnswered: CallEvent = {
  type: 'ended',
  reason: { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: { sipStatus: 200 } },
  conversation: 'confirmed',
  talkMs: 20_300,
  billedSec: 60,
  costLi: 150,
  recording: 'a.wav',
}

export const endedBusy: CallEvent = {
  type: 'ended',
  reason: { outcome: 'busy', by: 'callee', stage: 'dialing', detail: 'final-response', evidence: { sipStatus: 486, q850Cause: 17 } },
  talkMs: 0,
  billedSec: 0,
  costLi: 0,
}
