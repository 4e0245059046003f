// Knows how tests of receipts get a dialer, a sender on its database and clock, and receivers that answer in every way. Not for the program itself.
import type { ServerResponse } from 'node:http'
import { countEvents, insertEvents } from '../db/call-events.ts'
import type { CallProduct } from '../db/call-tickets.ts'
import { receiptsOf } from '../db/receipts.ts'
import type { Received } from './customer-server.ts'
import { ReceiptDesk } from './receipt-desk.ts'
import type { RenderReceipt } from './receipt-facts.ts'
import { Receipts } from './receipts.ts'
import { receiptDefaults, type ReceiptSettings } from './settings.ts'
import { newWireId } from './single-calls.ts'
import { dialerWorld, type Script, type World } from './testing.ts'

export const settings: ReceiptSettings = { ...receiptDefaults, privateAllowed: true, pollMs: 20, timeoutMs: 20_000 }
export const minute = 60_000
export const takes = (_request: unknown, response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"code":0,"msg":"接收成功"}')
export const render: RenderReceipt = ({ kind, event, ticket, keys }) => ({ kind, type: event.type, out_id: ticket.outId, keys })
export const idsIn = ({ headers }: Received): string[] => String(headers['x-waihu-receipt-ids']).split(',')
export const recordsIn = ({ body }: Received) => JSON.parse(body) as { kind: string; type: string; out_id: string; keys: string }[]

const talks: Script = async (call) => {
  call.ring()
  call.answer()
  call.emit({ type: 'keys-pressed', digits: '1' })
  call.emit({ type: 'keys-pressed', digits: '#' })
  return Promise.resolve({ talkMs: 7_000, conversation: 'delivered', recording: '/tmp/a.wav' })
}

/** A dialer and a sender of receipts on its database and clock. */
export async function receiptWorld(options: { script?: Script; settings?: Partial<ReceiptSettings>; render?: RenderReceipt; started?: boolean } = {}) {
  const stack = new AsyncDisposableStack()
  const dialer = stack.use(await dialerWorld({ script: options.script ?? talks }))
  const desk = new ReceiptDesk(dialer.db, { privateAllowed: true, render, now: () => dialer.clock.nowMs })
  const sender = (more: Partial<ReceiptSettings> = {}) => new Receipts({ db: dialer.db, render: options.render ?? render, settings: { ...settings, ...options.settings, ...more }, now: () => dialer.clock.nowMs })
  const receipts = sender()
  if (options.started !== false) await receipts.start()
  stack.defer(() => receipts.stop())
  const place = async (p: { product?: CallProduct; ticket?: boolean } = {}): Promise<string> => {
    const ticket = { wireId: newWireId(Math.random() * 1e12), product: p.product ?? 'smart', shownNumber: '057100000000', outId: 'crm-1' } as const
    const { callIds } = await dialer.service.place({ accountId: dialer.accountId, source: 'aliyun', phones: '13800138000', userRequirement: '通知', ...(p.ticket !== false && { ticket }) })
    await dialer.ended(callIds[0]!)
    return callIds[0]!
  }
  return { dialer, desk, receipts, sender, place, states: (callId: string) => receiptsOf(dialer.db.sql, callId), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** `n` more receipts of a call: keys that were pressed. */
export async function owe({ db, clock }: World, callId: string, n: number): Promise<void> {
  await db.transaction(async (tx) => {
    const { last } = await countEvents(tx, callId)
    await insertEvents(tx, Array.from({ length: n }, (_, i) => ({ callId, seq: last + 1 + i, at: new Date(clock.nowMs), event: { type: 'keys-pressed', digits: '1' } })))
  })
}

/** What a receiver does that does not take what it got. */
export type Answer = (response: ServerResponse) => unknown
export const fails: Answer = (response) => response.writeHead(500).end('{"code":0}')
export const hangs: Answer = () => undefined
export const textCode: Answer = (response) => response.writeHead(200).end('{"code":"0"}')
