// What cases work with: signed requests to the target, calls that are led by the suite, and scenes that several cases look at. Does not know cases.
import { setTimeout as sleep } from 'node:timers/promises'
import type { CalleeKind, Target } from './case.ts'
import type { Answers, Callback, CallbackDesk } from './callback-desk.ts'
import { turnstile } from '../turnstile.ts'
import { codeOf, send, type Answer, type Ask } from './rpc.ts'

/** Numbers of the kinds of calls in queries. */
export const prodId = { voice: '11000000300006', tts: '11010000138001', ivr: '11000000300005', clickToDial: '11000000300004', smart: '11030000180001' } as const

export type Detail = Readonly<Record<string, unknown>>
/** A call from its beginning to its end. */
export type Scene = { callId: string; callbacks: readonly Callback[]; detail: Detail; placedAtMs: number; overAtMs: number; notes: Readonly<Record<string, string>> }

const pollMs = 200
const requestsAtOnce = 16
const callMsMax = 90_000
/** A call that nobody has. */
const noCall = '116012854210^102814270000'

export class Bench {
  readonly target: Target
  readonly desk: CallbackDesk | undefined
  readonly #scenes = new Map<string, Promise<unknown>>()
  readonly #requests = turnstile(requestsAtOnce)
  readonly #calls: ReturnType<typeof turnstile>

  constructor(target: Target, desk: CallbackDesk | undefined) {
    this.target = target
    this.desk = desk
    this.#calls = turnstile(target.callsAtOnce ?? 1)
  }

  async ask(ask: Ask): Promise<Answer> {
    return await this.#requests(() => send(this.target.endpoint, ask.key ?? this.target.key, ask))
  }

  /** Many probes, all at the same moment. */
  async flood(count: number): Promise<string[]> {
    const ask: Ask = { action: 'QueryCallDetailByCallId', params: this.query(noCall, prodId.tts) }
    return await Promise.all(Array.from({ length: count }, async () => codeOf(await send(this.target.endpoint, this.target.key, ask))))
  }

  async code(ask: Ask): Promise<string> {
    return codeOf(await this.ask(ask))
  }

  /** Asks for the record of a call that there is not, which does nothing: `believed`, or the code of the gateway's error. */
  async probe(more: Partial<Ask> = {}): Promise<string> {
    const code = await this.code({ action: 'QueryCallDetailByCallId', ...more, params: { ...this.query(noCall, prodId.tts), ...more.params } })
    return code === 'OK' || /^(?:\d+ )?(?:is[vp]\.|100008$)/.test(code) ? 'believed' : code
  }

  query(CallId: string, ProdId: string): Record<string, string> {
    return { CallId, ProdId, QueryDate: String(Date.now()) }
  }

  callee(kind: CalleeKind): string {
    const number = this.target.callees[kind]
    if (number === undefined) throw new Error(`nobody to call who is ${kind}`)
    return number
  }

  /** Parameters of a SmartCall that says one sentence. */
  smart(callee: CalleeKind, more: Ask['params'] = {}): NonNullable<Ask['params']> {
    return { CalledNumber: this.callee(callee), CalledShowNumber: this.target.shown ?? '05710000000', VoiceCode: '$name$', VoiceCodeParam: JSON.stringify({ name: '请问是张总吗？' }), ...more }
  }

  /** The same for every case that asks for it: a call is heard once. */
  scene<T>(name: string, play: () => Promise<T>): Promise<T> {
    let scene = this.#scenes.get(name) as Promise<T> | undefined
    if (!scene) {
      this.#scenes.set(name, (scene = this.#calls(play)))
      scene.catch(() => undefined)
    }
    return scene
  }

  /** Places a call. Errors: Error with the code of a refusal. */
  async place(ask: Ask): Promise<string> {
    const answer = await this.ask(ask)
    if (codeOf(answer) !== 'OK') throw new Error(codeOf(answer))
    return String(answer.fields['CallId'])
  }

  /** A SmartCall that the suite leads to its end. `meanwhile`: done beside it; what it answers is in the notes. */
  async converse(callee: CalleeKind, params: Ask['params'], answers: Answers, meanwhile?: (callId: string) => Promise<Readonly<Record<string, string>>>): Promise<Scene> {
    const placedAtMs = Date.now()
    const callId = await this.place({ action: 'SmartCall', params: this.smart(callee, params) })
    this.desk!.answer(callId, answers)
    const notes = (await meanwhile?.(callId)) ?? {}
    return await this.over(callId, prodId.smart, placedAtMs, notes)
  }

  /** Waits for the end of a call. */
  async over(callId: string, ProdId: string, placedAtMs: number, notes: Readonly<Record<string, string>> = {}): Promise<Scene> {
    for (const deadline = Date.now() + callMsMax; Date.now() < deadline; await sleep(pollMs)) {
      const detail = await this.detail(callId, ProdId)
      if (detail['state'] !== undefined && detail['state'] !== '') return { callId, callbacks: this.desk?.callbacks(callId) ?? [], detail, placedAtMs, overAtMs: Date.now(), notes }
    }
    throw new Error(`the call did not end within ${callMsMax / 1_000} s`)
  }

  async detail(callId: string, ProdId: string): Promise<Detail> {
    const { fields } = await this.ask({ action: 'QueryCallDetailByCallId', params: this.query(callId, ProdId) })
    const data = fields['Data']
    return typeof data === 'string' && data !== '' ? (JSON.parse(data) as Detail) : {}
  }

  /** The callback that `is` about. Errors: Error after `withinMs`. */
  async callback(callId: string, is: (callback: Callback) => boolean, withinMs = 20_000): Promise<Callback> {
    for (const deadline = Date.now() + withinMs; ; await this.desk!.news(Math.min(500, Math.max(1, deadline - Date.now())))) {
      const found = this.desk!.callbacks(callId).find(is)
      if (found) return found
      if (Date.now() >= deadline) throw new Error(`no such callback within ${withinMs / 1_000} s`)
    }
  }
}
