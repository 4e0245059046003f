// Knows what an account does about its receipts: where they go, trying an address, what was not taken, sending it again. Does not know HTTP faces or names of messages.
import { checkWebhookUrl } from '../account/webhook-url.ts'
import type { Database } from '../db/connection.ts'
import { receiptKinds, type ReceiptKind } from '../db/receipt-moments.ts'
import { countWaiting, deadReceipts, replaceTargets, reviveReceipts, targetsOf, type ReceiptKey, type ReceiptState } from '../db/receipts.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { receiptId, type ReceiptFacts, type RenderReceipt } from './receipt-facts.ts'
import { ReceiptPost } from './receipt-post.ts'
import { receiptDefaults } from './settings.ts'

export type ReceiptUrls = Readonly<Partial<Record<ReceiptKind, string>>>
export type FailedReceipt = ReceiptState & { id: string; wireId: string }

const listMax = 1_000
const waitingCountMax = 100_000

export class ReceiptDesk {
  readonly #db: Database
  readonly #privateAllowed: boolean
  readonly #timeoutMs: number
  readonly #render: RenderReceipt
  readonly #now: () => number

  constructor(db: Database, deps: { privateAllowed: boolean; render: RenderReceipt; timeoutMs?: number | undefined; now?: (() => number) | undefined }) {
    this.#db = db
    this.#privateAllowed = deps.privateAllowed
    this.#timeoutMs = deps.timeoutMs ?? receiptDefaults.timeoutMs
    this.#render = deps.render
    this.#now = deps.now ?? Date.now
  }

  targets(accountId: string): Promise<ReceiptUrls> {
    return targetsOf(this.#db.sql, accountId)
  }

  /**
   * Replaces all addresses; a kind without one is sent nowhere, and what waits of it is given up. For what happens from now on.
   * Errors: InvalidInputError naming the kind; NotFoundError for an unknown account.
   */
  async setTargets(accountId: string, urls: ReceiptUrls, what: (kind: ReceiptKind) => string = (kind) => kind): Promise<ReceiptUrls> {
    const named = receiptKinds.flatMap((kind) => (urls[kind] === undefined ? [] : [[kind, urls[kind]] as const]))
    const checked = Object.fromEntries(named.map(([kind, url]) => [kind, checkWebhookUrl(url, { privateAllowed: this.#privateAllowed }, { field: what(kind), what: `${what(kind)} 的地址` })]))
    try {
      await this.#db.transaction((tx) => replaceTargets(tx, accountId, checked))
    } catch (error) {
      if ((error as { code?: string }).code === '23503') throw new NotFoundError('account', `没有账户 ${accountId}`) // foreign_key_violation
      throw error
    }
    return checked
  }

  /** Sends one made-up record of a kind, now and once. `error`: why it was not taken. Errors: NotFoundError without an address. */
  async test(accountId: string, kind: ReceiptKind): Promise<{ url: string; ms: number; record: Record<string, unknown>; error: string | undefined }> {
    const url = (await this.targets(accountId))[kind]
    if (url === undefined) throw new NotFoundError('receipts', '没有设置这种回执的地址')
    using post = new ReceiptPost({ ...receiptDefaults, timeoutMs: this.#timeoutMs, privateAllowed: this.#privateAllowed })
    const { webhook_secret: secret } = await this.#db.sql.selectFrom('accounts').select('webhook_secret').where('id', '=', accountId).executeTakeFirstOrThrow()
    const record = this.#render(sampleFacts(kind, accountId, this.#now()))
    const began = performance.now()
    const answer = await post.handOver({ url, secret }, [record], [`test.${kind}`], this.#now(), new AbortController().signal)
    return { url, ms: Math.round(performance.now() - began), record, error: answer.ok ? undefined : answer.error }
  }

  /** What was given up, the latest first, and how many wait. */
  async failed(accountId: string, limit: number): Promise<{ failed: FailedReceipt[]; waiting: number }> {
    const [dead, waiting] = await Promise.all([deadReceipts(this.#db.sql, accountId, Math.min(Math.max(1, limit), listMax)), countWaiting(this.#db.sql, accountId, waitingCountMax)])
    return { failed: dead.map((receipt) => ({ ...receipt, id: receiptId(receipt) })), waiting }
  }

  /** Sends what was given up once more, with all its attempts; `ids` undefined: all of it. How many; those without an address stay. Errors: InvalidInputError. */
  async replay(accountId: string, ids: readonly string[] | undefined): Promise<number> {
    return await reviveReceipts(this.#db.sql, accountId, ids?.map(keyOf), new Date(this.#now()))
  }
}

function keyOf(id: string): ReceiptKey {
  const [, callId, kind, moment] = /^([\w-]{1,64})\.([a-z-]{1,20})\.([\w:-]{1,60})$/.exec(id) ?? []
  const known = receiptKinds.find((name) => name === kind)
  if (callId === undefined || moment === undefined || known === undefined) throw new InvalidInputError('ids', `回执编号有误：${id.slice(0, 80)}`)
  return { callId, kind: known, moment }
}

/** Of a call that was answered and talked for 7 s. */
export function sampleFacts(kind: ReceiptKind, accountId: string, nowMs: number): ReceiptFacts {
  const at = (agoMs: number): Date => new Date(nowMs - agoMs)
  const reason = { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up', evidence: {} } as const
  const ended = { type: 'ended', reason, conversation: 'delivered', talkMs: 7_000, billedSec: 60, costLi: 0, recording: 'sample.wav' } as const
  const said = { type: 'callee-said', turn: 1, text: '您好', beginAtMs: nowMs - 6_000, endAtMs: nowMs - 5_000, confidence: 1, bargeIn: false } as const
  return {
    kind,
    event: kind === 'live-text' ? said : ended,
    at: at(0),
    accountId,
    call: {
      id: 'call_sample', phone: '+8613800138000', phoneAsGiven: '13800138000', userRequirement: '', status: 'ended', waitingFor: undefined, callerId: '057100000000',
      createdAt: at(30_000), dialingAt: at(27_000), ringingAt: at(19_000), answeredAt: at(7_000), endedAt: at(0), reason, conversation: 'delivered', talkMs: 7_000, billedSec: 60, costLi: 0,
      summary: undefined, slots: undefined, recording: 'sample.wav',
    },
    ticket: { wireId: '100000000000^000000000000', product: kind === 'live-text' ? 'click-to-dial' : 'smart', shownNumber: '057100000000', outId: 'test' },
    earlyMediaWanted: false,
    scriptNumber: undefined,
    keys: '',
    legs: [],
    transfer: { joined: false, failed: undefined },
  }
}
