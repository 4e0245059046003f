// Knows one call that we place: INVITE to answer, CANCEL and its races, forks, credentials. Does not know audio or why we call.
import { tell, type CallContext, type DialogUser } from './call-context.ts'
import type { Cancel } from './clock.ts'
import { Dialog, type DialogState } from './dialog.ts'
import { q850Of } from './header-values.ts'
import { cancelRequest, checkReferTarget, type Invitation, type InviteOptions } from './invitation.ts'
import { InviteAttempts, type Final } from './invite-attempts.ts'
import { ringingStateOf, type RingingState } from './left-call.ts'
import type { HangUpReason, LegEvent, LocalFailure, OfferResult, OutgoingCall, TransferOptions, TransferResult } from './leg.ts'
import { sdpOf } from './message-body.ts'
import { fromWire, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import { steps, type Action, type Signal, type State } from './outgoing-call-states.ts'
import { phraseOf, replyTo } from './reply.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { Session, type SessionEvent } from './session.ts'
import { sessionExpiresOf } from './session-timer.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'

/** More early dialogs than a call can sensibly have. */
const EARLY_DIALOGS_MAX = 16

export class InviteClient implements OutgoingCall, DialogUser {
  readonly callId: string
  readonly localTag: string
  readonly #context: CallContext
  readonly #options: InviteOptions
  readonly #attempts: InviteAttempts
  readonly #done = Promise.withResolvers<void>()
  readonly #forgetSignal: Cancel
  /** By To tag. Early ones become confirmed; forks and late answers stay only to be acknowledged. */
  readonly #sessions = new Map<string, Session>()
  readonly #acks = new Map<string, () => void>()
  #state: State = 'calling'
  #winner: Session | undefined
  /** Whose description was told last. */
  #told: Session | undefined
  #earlySdp: string | undefined
  #rseqs = new Map<string, number>()
  #cancelRingLimit: Cancel = () => {}
  #cancelCancelLimit: Cancel = () => {}
  #hangUpReason: HangUpReason | undefined
  /** Why we stopped waiting. */
  #stoppedBy: LocalFailure
  #final: Final = { status: 487, reason: phraseOf(487) }
  #ended: { by: 'remote' | 'local'; q850?: number | undefined; reason?: string | undefined } = { by: 'local' }
  #farewell: Promise<unknown> = Promise.resolve()

  constructor(context: CallContext, options: InviteOptions, invitation: Invitation, callId: string) {
    this.callId = callId
    this.localTag = context.newTag()
    this.#context = context
    this.#options = options
    this.#attempts = new InviteAttempts(context, options, invitation, this)
    const onAbort = (): void => void this.hangUp()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => options.signal?.removeEventListener('abort', onAbort)
  }

  /** Sends the INVITE; call once. Errors: OverloadedError; then the call never was. */
  start(): void {
    if (this.#options.signal?.aborted === true) {
      // Nothing was sent, yet the caller of invite() must have its handle before the last event.
      this.#stoppedBy = 'cancelled'
      this.#cancelRingLimit = this.#context.clock.after(0, () => this.#signal('no-response'))
      return
    }
    try {
      this.#sendInvite()
    } catch (error) {
      this.#forgetSignal()
      throw error
    }
    this.#cancelRingLimit = this.#context.clock.after(this.#options.ringMsMax, () => {
      this.#stoppedBy ??= 'timeout'
      this.#signal('ring-limit')
    })
  }

  hangUp(reason?: HangUpReason): Promise<void> {
    if (this.#state !== 'over') {
      this.#hangUpReason ??= reason
      if (this.#state !== 'talking') this.#stoppedBy ??= 'cancelled'
      this.#ended = { by: 'local', q850: reason?.q850, reason: reason?.text }
      this.#signal('hang-up')
    }
    return this.#done.promise
  }

  get localSdp(): string | undefined {
    return this.#told?.localSdp ?? this.#options.sdp
  }

  hold(): Promise<OfferResult> {
    return this.#winner?.hold(true) ?? Promise.resolve({ status: 481 })
  }

  resume(): Promise<OfferResult> {
    return this.#winner?.hold(false) ?? Promise.resolve({ status: 481 })
  }

  reoffer(sdp: string | undefined): Promise<OfferResult> {
    return this.#winner?.reoffer(sdp) ?? Promise.resolve({ status: 481 })
  }

  async sendInfo(contentType: string, body: string): Promise<number> {
    return (await this.#winner?.sendInfo(contentType, body)) ?? 481
  }

  async transfer(target: string, options?: TransferOptions): Promise<TransferResult> {
    const uri = checkReferTarget(target)
    return (await this.#winner?.transfer(uri, options)) ?? { outcome: 'refused', status: 481 }
  }

  dialogState(): DialogState | undefined {
    return this.#state === 'talking' ? this.#winner?.dialog.state() : undefined
  }

  ringingState(): RingingState | undefined {
    return this.#state === 'proceeding' && this.#attempts.rang && this.#attempts.newest ? ringingStateOf(this.#attempts.newest) : undefined
  }

  receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    const session = this.#sessions.get(request.envelope.fromTag ?? '')
    if (session && (this.#state !== 'over' || session.confirmed)) return session.receive(request, transaction)
    transaction.respond(replyTo(request, 481))
  }

  receiveAck(request: ReceivedRequest): void {
    this.#sessions.get(request.envelope.fromTag ?? '')?.receiveAck(request)
  }

  receiveLateSuccess(response: ReceivedResponse): void {
    if (this.#sessions.get(response.envelope.toTag ?? '')?.repeatAck(response.envelope.cseq) === true) return
    // An address that we gave up for another one woke: its phone must not wait for us.
    if (this.#state !== 'talking' && this.#state !== 'over') return this.#acknowledge(response)
    this.#signal('success', response)
  }

  abandon(): void {
    if (this.#state === 'over') return
    const answered = this.#state === 'talking'
    this.#stoppedBy ??= 'cancelled'
    this.#state = 'over'
    this.#act(answered ? 'end' : 'fail', undefined)
    this.#finish()
  }

  #signal(signal: Signal, response?: ReceivedResponse): void {
    const step = steps[this.#state][signal]
    if (!step) return // Too late or repeated: the call has moved on.
    const [to, ...actions] = step
    const ends = to === 'over' && this.#state !== 'over'
    this.#state = to
    for (const action of actions) this.#act(action, response)
    if (ends) this.#finish()
  }

  #act(action: Action, response: ReceivedResponse | undefined): void {
    switch (action) {
      case 'progress':
        return this.#progress(response!)
      case 'retry':
        return this.#retry()
      case 'answer':
        return this.#answer(response!)
      case 'acknowledge':
        return this.#acknowledge(response!)
      case 'cancel':
        return this.#cancel()
      case 'bye':
        this.#farewell = this.#winner!.bye(this.#hangUpReason)
        return
      case 'fail':
        return this.#tell({ type: 'failed', ...this.#final, local: this.#stoppedBy })
      case 'end':
        return this.#tell({ type: 'ended', ...this.#ended })
    }
  }

  #tell(event: LegEvent): void {
    // A listener that breaks must not leave the callee hanging in an unattended call.
    if (!tell(this.#context.log, (event) => this.#options.onEvent(event), event) && this.#state !== 'over') void this.hangUp()
  }

  /** Releases what the living call held. The user agent keeps the call a while for repeated answers. */
  #finish(): void {
    this.#cancelRingLimit()
    this.#cancelCancelLimit()
    this.#forgetSignal()
    for (const session of this.#sessions.values()) session.stop()
    this.#context.retire(this)
    void this.#farewell.finally(() => this.#done.resolve())
  }

  #sendInvite(): void {
    this.#attempts.send({
      onResponse: (response, newest) => this.#receiveResponse(response, newest),
      onUnreachable: (final, why) => {
        this.#final = final
        if (this.#isWaiting() && this.#attempts.turnToNext(final.status, why)) return this.#signal('try-again')
        this.#stoppedBy ??= why
        this.#signal('no-response')
      },
    })
  }

  #isWaiting(): boolean {
    return this.#state === 'calling' || this.#state === 'proceeding'
  }

  #receiveResponse(response: ReceivedResponse, newest: boolean): void {
    if (response.status < 200) return newest ? this.#signal('provisional', response) : undefined
    if (response.status < 300) {
      this.#attempts.digest?.passed()
      this.#final = { status: response.status, reason: fromWire(response.reason) }
      return this.#signal('success', response)
    }
    if (!newest) return
    this.#final = finalOf(response)
    const again = this.#attempts.learn(response) || (this.#isWaiting() && this.#attempts.turnToNext(response.status, undefined))
    this.#signal(again ? 'try-again' : 'failure', response)
  }

  #progress(response: ReceivedResponse): void {
    if (response.status > 100) this.#attempts.rang = true
    const tag = response.envelope.toTag
    let sdp: string | undefined
    if (response.status > 100 && tag !== undefined) {
      const session = this.#early(tag, response)
      if (session) {
        if (!this.#acknowledgeProvisional(session, response)) return
        sdp = sdpOf(response)
        if (sdp !== undefined) {
          session.remoteSdp = sdp
          this.#earlySdp = sdp
          this.#told = session
        }
      }
    }
    this.#tell({ type: 'progress', status: response.status, reason: fromWire(response.reason), sdp, early: this.#earlySdp !== undefined })
  }

  #early(tag: string, response: ReceivedResponse): Session | undefined {
    const known = this.#sessions.get(tag)
    if (known) return known
    if (this.#sessions.size >= EARLY_DIALOGS_MAX) return undefined
    return this.#session(tag, Dialog.ofResponse(this.#attempts.newest!.request, response, this.#attempts.target))
  }

  #session(tag: string, dialog: Dialog): Session {
    const session = new Session({
      dialog,
      context: this.#context,
      contact: this.#attempts.contact,
      digest: this.#attempts.digest,
      localSdp: this.#options.sdp,
      ownsCallId: true,
      answerOffer: () => this.#options.answerOffer,
      onEvent: (event) => this.#sessionEvent(session, event),
    })
    this.#sessions.set(tag, session)
    return session
  }

  /** RFC 3262 §4. False for a repeat, and for one that came before its predecessor: the far end will send it again. */
  #acknowledgeProvisional(session: Session, response: ReceivedResponse): boolean {
    const rseq = response.headers.get('RSeq')
    const reliable = response.headers.all('Require').some((option) => option.toLowerCase() === '100rel')
    if (!reliable || rseq === undefined || !/^\d{1,10}$/.test(rseq)) return true
    const number = Number(rseq)
    const last = this.#rseqs.get(session.dialog.remoteTag)
    if (last !== undefined && number !== last + 1) return false
    this.#rseqs.set(session.dialog.remoteTag, number)
    session.prack(number, response.envelope.cseq)
    return true
  }

  #retry(): void {
    // The refused attempt's early dialogs died with it.
    this.#sessions.clear()
    this.#rseqs.clear()
    this.#earlySdp = undefined
    try {
      this.#sendInvite()
    } catch (error) {
      this.#context.log.warn({ callId: this.callId, error: String(error) }, 'INVITE could not be sent again')
      this.#stoppedBy ??= 'transport'
      this.#signal('no-response')
    }
  }

  #answer(response: ReceivedResponse): void {
    this.#cancelRingLimit()
    const tag = response.envelope.toTag ?? ''
    const session = this.#sessions.get(tag) ?? this.#session(tag, Dialog.ofResponse(this.#attempts.newest!.request, response, this.#attempts.target))
    this.#winner = session
    this.#told = session
    session.dialog.confirm(response)
    session.remoteSdp = sdpOf(response) ?? session.remoteSdp ?? this.#earlySdp
    this.#sendAck(tag, session, response)
    session.establish(response.headers, sessionExpiresOf(response.headers), true)
    this.#tell({ type: 'answered', status: response.status, sdp: session.remoteSdp })
  }

  #acknowledge(response: ReceivedResponse): void {
    const tag = response.envelope.toTag ?? ''
    const repeat = this.#acks.get(tag)
    if (repeat) return repeat()
    if (this.#acks.size >= EARLY_DIALOGS_MAX) return
    // RFC 3261 §13.2.2.4: an answer nobody waits for is accepted and ended.
    const session = this.#sessions.get(tag) ?? this.#session(tag, Dialog.ofResponse(this.#attempts.newest!.request, response, this.#attempts.target))
    session.dialog.confirm(response)
    session.confirmed = true
    this.#sendAck(tag, session, response)
    const goodbye = session.bye(this.#hangUpReason)
    this.#farewell = Promise.all([this.#farewell, goodbye])
  }

  /** RFC 3261 §22.1: the ACK carries the credentials of its INVITE. */
  #sendAck(tag: string, session: Session, response: ReceivedResponse): void {
    const credentials = [...this.#attempts.newest!.request.headers].filter(([name]) => name === 'Authorization' || name === 'Proxy-Authorization')
    const ack = session.dialog.ack(response.envelope.cseq, credentials)
    this.#acks.set(tag, this.#context.transactions.sendAck(ack, session.dialog.hop()))
  }

  #cancel(): void {
    const invite = this.#attempts.newest!
    const ignore = (): void => {}
    this.#context.transactions.request(
      cancelRequest(invite.request, this.#hangUpReason),
      invite.peer,
      { onResponse: ignore, onTimeout: ignore, onTransportError: ignore },
      { branch: invite.branch, inDialog: true },
    )
    this.#cancelCancelLimit = this.#context.clock.after(GIVE_UP_MS, () => {
      this.#final = { status: 487, reason: phraseOf(487) }
      invite.giveUp()
      this.#signal('cancel-limit')
    })
  }

  #sessionEvent(session: Session, event: SessionEvent): void {
    if (event.type === 'bye') {
      if (session !== this.#winner) return
      if (this.#state === 'talking') this.#ended = { by: 'remote', q850: event.q850, reason: event.reason }
      return this.#signal('remote-bye')
    }
    if (event.type === 'dead') {
      if (session !== this.#winner) return
      if (this.#state === 'talking') this.#ended = { by: 'local', reason: event.reason }
      return this.#signal('dead')
    }
    if (this.#state === 'over') return
    if (event.type === 'remote-offer' && !session.confirmed) this.#earlySdp = event.sdp
    if (this.#winner && session !== this.#winner) return
    this.#told = session
    this.#tell(event)
  }
}

function finalOf(response: ReceivedResponse): Final {
  const retryAfter = /^(\d{1,6})/.exec(response.headers.get('Retry-After') ?? '')?.[1]
  return {
    status: response.status,
    reason: fromWire(response.reason),
    q850: q850Of(response.headers.all('Reason')),
    retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1_000,
  }
}
