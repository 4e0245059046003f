// Knows one call that comes in: provisional and final responses, CANCEL and its races, the wait for ACK. Does not know audio or who answers.
import assert from 'node:assert/strict'
import { repeatUntilAck } from './answer-repeater.ts'
import { allowedMethods, reasonHeaders, tell, type CallContext, type DialogUser } from './call-context.ts'
import type { Cancel } from './clock.ts'
import { Dialog, type DialogState } from './dialog.ts'
import { q850Of } from './header-values.ts'
import { steps, type Action, type Signal, type State } from './incoming-call-states.ts'
import { checkReferTarget } from './invitation.ts'
import type { AnswerOffer, HangUpReason, IncomingCall, LegEvent, LocalFailure, OfferResult, Response, TransferOptions, TransferResult } from './leg.ts'
import { sdpOf } from './message-body.ts'
import { fromWire, toWire, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import { Provisionals } from './provisionals.ts'
import { reliabilityFor } from './reliable-provisionals.ts'
import { phraseOf, replyTo } from './reply.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { reasonText, Session, type SessionEvent } from './session.ts'
import { answerInterval } from './session-timer.ts'

/** Events kept for a listener that comes later. */
const PENDING_EVENTS_MAX = 64

export class InviteServer implements IncomingCall, DialogUser {
  readonly callId: string
  readonly localTag: string
  readonly mergeKey: string
  readonly requestUri: string
  readonly from: string
  readonly to: string
  readonly offer: string | undefined
  answerOffer: AnswerOffer | undefined
  readonly #context: CallContext
  readonly #transaction: ServerTransaction
  readonly #contact: string
  readonly #session: Session
  readonly #done = Promise.withResolvers<void>()
  #listener: ((event: LegEvent) => void) | undefined
  #pending: LegEvent[] = []
  #state: State = 'ringing'
  #status = 200
  #response: Response = {}
  #stopRepeating: Cancel = () => {}
  readonly #provisionals: Provisionals
  /** Decided on, but SDP of ours still waits for its PRACK. */
  #deferredAnswer: Response | undefined
  #cancelRingLimit: Cancel
  #hangUpReason: HangUpReason | undefined
  #failure: { status: number; reason: string; q850?: number | undefined; local: LocalFailure } = { status: 487, reason: phraseOf(487), local: undefined }
  #ended: { by: 'remote' | 'local'; q850?: number | undefined; reason?: string | undefined } = { by: 'local' }
  #farewell: Promise<unknown> = Promise.resolve()

  constructor(context: CallContext, transaction: ServerTransaction, options: { contactUser: string | undefined; ringMsMax: number; reliableProvisionals: boolean }) {
    const { request } = transaction
    this.#context = context
    this.#transaction = transaction
    this.callId = request.envelope.callId
    this.localTag = context.newTag()
    this.mergeKey = mergeKeyOf(request)
    this.requestUri = request.uri
    this.from = fromWire(request.headers.get('From')!)
    this.to = fromWire(request.headers.get('To')!)
    this.offer = sdpOf(request)
    this.#contact = context.contact(options.contactUser, transaction.peer.protocol)
    this.#session = new Session({
      dialog: Dialog.ofRequest(request, this.localTag, transaction.peer),
      context,
      contact: this.#contact,
      digest: undefined,
      localSdp: undefined,
      ownsCallId: false,
      answerOffer: () => this.answerOffer,
      onPrack: (rack) => this.#provisionals.acknowledge(rack),
      onEvent: (event) => this.#sessionEvent(event),
    })
    this.#provisionals = new Provisionals({
      clock: context.clock,
      reliability: reliabilityFor(request.headers, options.reliableProvisionals),
      inviteCseq: request.envelope.cseq,
      respond: (status, response) => this.#respond(status, response),
      onDescribed: (sdp) => {
        this.#session.localSdp = sdp
        // Our side of the exchange is settled, so UPDATE may change it before the answer.
        this.#session.remoteSdp ??= this.offer
      },
      onGivenUp: () => {
        this.#refuseWith(504, { reason: 'Provisional Response Not Acknowledged' }, 'timeout')
        this.#signal('refuse')
      },
    })
    transaction.onUndelivered = (why) => this.#undelivered(why)
    this.#cancelRingLimit = context.clock.after(options.ringMsMax, () => {
      this.#refuseWith(480, {}, 'timeout')
      this.#signal('refuse')
    })
  }

  header(name: string): string[] {
    return this.#transaction.request.headers.all(name).map(fromWire)
  }

  listen(onEvent: (event: LegEvent) => void): void {
    this.#listener = onEvent
    const pending = this.#pending
    this.#pending = []
    for (const event of pending) this.#tell(event)
  }

  progress(status: number, response: Response = {}): boolean {
    assert(status > 100 && status < 200, `${status} is no provisional status of ours`)
    if (this.#state !== 'ringing' || this.#deferredAnswer) return false
    return this.#provisionals.send({ status, response })
  }

  answer(sdp: string, response: Omit<Response, 'sdp'> = {}): boolean {
    if (this.#state !== 'ringing' || this.#deferredAnswer) return false
    this.#provisionals.drop()
    this.#deferredAnswer = { ...response, sdp }
    this.#answerWhenPossible()
    return true
  }

  #answerWhenPossible(): void {
    if (this.#state !== 'ringing' || !this.#deferredAnswer || this.#provisionals.holdsAnswer) return
    this.#response = this.#deferredAnswer
    this.#signal('answer')
  }

  reject(status: number, response: Omit<Response, 'sdp'> = {}): boolean {
    assert(status >= 300 && status < 700, `${status} is no refusal`)
    if (this.#state !== 'ringing') return false
    this.#refuseWith(status, response, 'cancelled')
    this.#signal('refuse')
    return true
  }

  hangUp(reason?: HangUpReason): Promise<void> {
    if (this.#state !== 'over') {
      this.#hangUpReason ??= reason
      if (this.#state === 'ringing') this.#refuseWith(480, {}, 'cancelled')
      this.#ended = { by: 'local', q850: reason?.q850, reason: reason?.text }
      this.#signal('hang-up')
    }
    return this.#done.promise
  }

  get localSdp(): string | undefined {
    return this.#session.localSdp
  }

  hold(): Promise<OfferResult> {
    return this.#talking()?.hold(true) ?? Promise.resolve({ status: 481 })
  }

  resume(): Promise<OfferResult> {
    return this.#talking()?.hold(false) ?? Promise.resolve({ status: 481 })
  }

  reoffer(sdp: string | undefined): Promise<OfferResult> {
    return this.#talking()?.reoffer(sdp) ?? Promise.resolve({ status: 481 })
  }

  async sendInfo(contentType: string, body: string): Promise<number> {
    return (await this.#talking()?.sendInfo(contentType, body)) ?? 481
  }

  async transfer(target: string, options?: TransferOptions): Promise<TransferResult> {
    const uri = checkReferTarget(target)
    return (await this.#talking()?.transfer(uri, options)) ?? { outcome: 'refused', status: 481 }
  }

  dialogState(): DialogState | undefined {
    return this.#state === 'talking' ? this.#session.dialog.state() : undefined
  }

  /** The caller gave up. The CANCEL itself was answered by the user agent. */
  cancel(cancel: ReceivedRequest): void {
    if (this.#state !== 'ringing') return // RFC 3261 §9.2: no effect once a final response is sent.
    this.#refuseWith(487, {}, undefined)
    this.#failure.q850 = q850Of(cancel.headers.all('Reason'))
    this.#failure.reason = reasonText(cancel.headers) ?? phraseOf(487)
    this.#signal('cancel')
  }

  receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (request.envelope.fromTag !== this.#transaction.request.envelope.fromTag) return void transaction.respond(replyTo(request, 481))
    this.#session.receive(request, transaction)
    if (request.method !== 'PRACK' || this.#state !== 'ringing') return
    this.#provisionals.sendWaiting()
    this.#answerWhenPossible()
  }

  receiveAck(request: ReceivedRequest): void {
    if (request.envelope.fromTag !== this.#transaction.request.envelope.fromTag) return
    if (request.envelope.cseq !== this.#transaction.request.envelope.cseq) return this.#session.receiveAck(request)
    if (this.#state === 'answered' || this.#state === 'closing') {
      // With an offer of ours in the 2xx; one in a reliable provisional was answered in its PRACK.
      if (this.offer === undefined) this.#session.remoteSdp ??= sdpOf(request)
      this.#signal('ack')
    }
  }

  /** Only to a re-INVITE of ours. */
  receiveLateSuccess(response: ReceivedResponse): void {
    this.#session.repeatAck(response.envelope.cseq)
  }

  abandon(): void {
    if (this.#state === 'over') return
    const answered = this.#state !== 'ringing'
    this.#failure = { status: 480, reason: phraseOf(480), local: 'cancelled' }
    this.#state = 'over'
    this.#act(answered ? 'end' : 'fail')
    this.#finish()
  }

  #talking(): Session | undefined {
    return this.#state === 'talking' ? this.#session : undefined
  }

  #signal(signal: Signal): void {
    const step = steps[this.#state][signal]
    if (!step) return // Too late: the call has moved on.
    const [to, ...actions] = step
    const ends = to === 'over' && this.#state !== 'over'
    this.#state = to
    for (const action of actions) this.#act(action)
    if (ends) this.#finish()
  }

  #act(action: Action): void {
    switch (action) {
      case 'accept':
        return this.#accept()
      case 'confirm':
        this.#stopRepeating()
        return this.#tell({ type: 'answered', status: 200, sdp: this.#session.remoteSdp })
      case 'refuse':
        this.#respond(this.#status, this.#response)
        return
      case 'bye':
        this.#farewell = this.#session.bye(this.#hangUpReason)
        return
      case 'fail':
        return this.#tell({ type: 'failed', ...this.#failure })
      case 'end':
        return this.#tell({ type: 'ended', ...this.#ended })
    }
  }

  #tell(event: LegEvent): void {
    if (!this.#listener) {
      if (this.#pending.length < PENDING_EVENTS_MAX) this.#pending.push(event)
      return
    }
    if (!tell(this.#context.log, this.#listener, event) && this.#state !== 'over') void this.hangUp()
  }

  #finish(): void {
    this.#cancelRingLimit()
    this.#provisionals.stop()
    this.#stopRepeating()
    this.#session.stop()
    this.#context.retire(this)
    void this.#farewell.finally(() => this.#done.resolve())
  }

  #accept(): void {
    this.#cancelRingLimit()
    this.#provisionals.stop()
    const { headers: invite } = this.#transaction.request
    const { agreed, headers } = answerInterval(invite)
    this.#session.establish(invite, agreed, false)
    if (!this.#provisionals.described) this.#session.localSdp = this.#response.sdp
    this.#session.remoteSdp ??= this.offer
    this.#stopRepeating = repeatUntilAck(
      this.#context.clock,
      () => this.#transaction.repeatSuccess(),
      () => {
        this.#ended = { by: 'local', reason: 'the answer was not acknowledged' }
        this.#signal('no-ack')
      },
    )
    const sdp = this.#provisionals.described ? undefined : this.#response.sdp
    this.#respond(200, { ...this.#response, sdp, headers: [...headers, ...(this.#response.headers ?? [])] })
  }

  #refuseWith(status: number, response: Response, local: LocalFailure): void {
    this.#status = status
    this.#response = response
    this.#failure = { status, reason: response.reason ?? phraseOf(status), local }
  }

  #respond(status: number, response: Response): boolean {
    const headers: [string, string][] = [['Allow', allowedMethods], ['Server', this.#context.product]]
    if (status < 300) headers.unshift(['Contact', this.#contact])
    else headers.push(...reasonHeaders(this.#hangUpReason))
    for (const [name, value] of response.headers ?? []) headers.push([name, toWire(name, value)])
    const reason = response.reason === undefined ? undefined : toWire('reason', response.reason)
    return this.#transaction.respond(replyTo(this.#transaction.request, status, { reason, toTag: this.localTag, headers, sdp: response.sdp }))
  }

  #undelivered(why: 'no-ack' | 'transport'): void {
    if (why === 'no-ack') return // The refusal was repeated for 32 s; the call has long been told as failed.
    this.#failure = { status: 503, reason: 'Not sent', local: 'transport' }
    this.#ended = { by: 'local', reason: 'the answer could not be sent' }
    this.#signal('undelivered')
  }

  #sessionEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'bye':
        if (this.#state === 'ringing') this.#refuseWith(487, {}, undefined)
        if (this.#state !== 'over') this.#ended = { by: 'remote', q850: event.q850, reason: event.reason }
        return this.#signal('remote-bye')
      case 'dead':
        if (this.#state === 'talking') this.#ended = { by: 'local', reason: event.reason }
        return this.#signal('dead')
      case 'remote-offer':
      case 'remote-answer':
      case 'info-digit':
        if (this.#state !== 'over') this.#tell(event)
    }
  }
}

/** What every copy of one INVITE shares, whichever path it took. */
export function mergeKeyOf(request: ReceivedRequest): string {
  const { callId, fromTag, cseq } = request.envelope
  return `${callId} ${fromTag ?? ''} ${cseq}`
}
