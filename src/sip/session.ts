// Knows what happens inside one dialog of a call, the same for both sides: BYE, offers either way, session timer, INFO, PRACK, transfer.
// Does not know how the call began or who it is with.
import { randomInt } from 'node:crypto'
import { ProtocolError } from '../errors.ts'
import { repeatUntilAck } from './answer-repeater.ts'
import { allowedMethods, reasonHeaders, type CallContext } from './call-context.ts'
import type { Cancel } from './clock.ts'
import type { Dialog } from './dialog.ts'
import { DialogRequests, type Reply } from './dialog-requests.ts'
import type { DigestClient } from './digest.ts'
import { parseReason, q850Of } from './header-values.ts'
import type { AnswerOffer, HangUpReason, OfferResult, TransferOptions, TransferResult } from './leg.ts'
import { digitOf, sdpOf } from './message-body.ts'
import { fromWire, toWire, type ReceivedRequest, type SipHeaders } from './message.ts'
import { replyTo, type ReplyOptions } from './reply.ts'
import { buildAnswer, buildOffer, nextLocalAudio } from './sdp.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { answerInterval, askInterval, minSeOf, sessionExpiresOf, SessionTimer, type SessionExpires } from './session-timer.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'
import { isReferEvent, Transfer } from './transfer.ts'

export type SessionEvent =
  | { type: 'remote-offer'; sdp: string }
  | { type: 'remote-answer'; sdp: string }
  | { type: 'info-digit'; digit: string }
  | { type: 'bye'; q850: number | undefined; reason: string | undefined }
  /** The far end is gone although it said nothing: the call must be ended with BYE (RFC 3261 §12.2.1.2, §14.2, RFC 4028 §10). */
  | { type: 'dead'; reason: string }

export type SessionOptions = {
  dialog: Dialog
  context: CallContext
  contact: string
  digest: DigestClient | undefined
  /** Our newest description, when there is one. */
  localSdp: string | undefined
  /** The Call-ID is ours; it decides who waits longer after a collision (RFC 3261 §14.1). */
  ownsCallId: boolean
  answerOffer(): AnswerOffer | undefined
  onEvent(event: SessionEvent): void
}

/** Collisions and too small intervals are tried again; somebody who never agrees is let be. */
const OFFER_ATTEMPTS_MAX = 5

export class Session {
  readonly dialog: Dialog
  /** The far end's newest description; undefined while our first offer has no answer. */
  remoteSdp: string | undefined
  localSdp: string | undefined
  /** False while the dialog is early. */
  confirmed = false
  readonly #options: SessionOptions
  readonly #requests: DialogRequests
  readonly #timer: SessionTimer
  #unacknowledged: { cseq: number; stop: Cancel; offered: boolean } | undefined
  /** Our offers, one after the other. */
  #offering: Promise<unknown> = Promise.resolve()
  /** A re-INVITE of ours has no final response yet. */
  #inviting = false
  #held = false
  #stopped = false
  #updateAllowed = false
  #leastSeconds: number | undefined
  #transfer: Transfer | undefined
  /** Ends every pause early. */
  readonly #wakes = new Set<() => void>()

  constructor(options: SessionOptions) {
    this.#options = options
    this.dialog = options.dialog
    this.localSdp = options.localSdp
    this.#requests = new DialogRequests(options.dialog, options.context, options.digest)
    this.#timer = new SessionTimer({
      clock: options.context.clock,
      refresh: () => void this.#refresh(),
      expire: () => options.onEvent({ type: 'dead', reason: 'the session was not refreshed' }),
    })
  }

  /** The call is up. `headers` are the far end's: its 2xx, or its INVITE. `expires` is what was agreed. */
  establish(headers: SipHeaders, expires: SessionExpires | undefined, weAsked: boolean): void {
    this.confirmed = true
    this.#learnMethods(headers)
    this.#agree(expires, weAsked)
  }

  receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (!this.dialog.acceptsCseq(request.envelope.cseq)) return this.#reply(transaction, 500)
    switch (request.method) {
      case 'BYE':
        return this.#receiveBye(request, transaction)
      case 'INVITE':
        return this.confirmed && !this.#inviting ? this.#receiveOffer(request, transaction) : this.#reply(transaction, 491)
      case 'UPDATE':
        return this.#receiveUpdate(request, transaction)
      case 'INFO':
        return this.#receiveInfo(request, transaction)
      case 'OPTIONS':
        return this.#reply(transaction, 200, { headers: [['Accept', 'application/sdp']] })
      case 'NOTIFY':
        return this.#receiveNotify(request, transaction)
      case 'PRACK': // We send no reliable provisional responses, so there is none to acknowledge.
        return this.#reply(transaction, 481)
      case 'REFER':
      case 'MESSAGE':
      case 'SUBSCRIBE':
        return this.#reply(transaction, 405)
      default:
        return this.#reply(transaction, 501)
    }
  }

  /** The ACK of a re-INVITE. */
  receiveAck(request: ReceivedRequest): void {
    const waiting = this.#unacknowledged
    if (!waiting || waiting.cseq !== request.envelope.cseq) return
    this.#unacknowledged = undefined
    waiting.stop()
    this.#wake()
    const sdp = sdpOf(request)
    if (!waiting.offered || sdp === undefined) return
    this.remoteSdp = sdp
    this.#options.onEvent({ type: 'remote-answer', sdp })
  }

  /** Resolves with the final status; 408 when none came, 503 when it could not be sent. */
  async bye(reason?: HangUpReason): Promise<number> {
    this.stop()
    return (await this.#requests.send('BYE', reasonHeaders(reason))).status
  }

  /** The ACK of a re-INVITE of ours once more. False when that number is none. */
  repeatAck(cseq: number): boolean {
    return this.#requests.repeatAck(cseq)
  }

  hold(held: boolean): Promise<OfferResult> {
    return this.#inTurn(async () => {
      const local = this.localSdp === undefined ? undefined : nextLocalAudio(this.localSdp)
      if (!local) return { status: 488 }
      const before = this.#held
      this.#held = held
      const result = await this.#offer(buildOffer({ ...local, direction: held ? 'sendonly' : 'sendrecv' }))
      if (result.status >= 300) this.#held = before
      return result
    })
  }

  reoffer(sdp: string | undefined): Promise<OfferResult> {
    return this.#inTurn(() => this.#offer(sdp))
  }

  /** `target` as in Refer-To, checked. A second one takes the place of the first. */
  async transfer(target: string, options: TransferOptions = {}): Promise<TransferResult> {
    if (!this.confirmed || this.#stopped) return { outcome: 'refused', status: 481 }
    this.#transfer?.end()
    const transfer = new Transfer(this.#options.context.clock, options)
    this.#transfer = transfer
    const self = /<[^>]*>/.exec(this.dialog.localParty)?.[0] ?? this.#options.contact
    const reply = await this.#requests.send('REFER', [['Contact', this.#options.contact], ['Refer-To', `<${toWire('target', target)}>`], ['Referred-By', self]])
    transfer.accepted(reply.status)
    return await transfer.result
  }

  /** Acknowledges a reliable provisional response (RFC 3262 §7.2). */
  prack(rseq: number, inviteCseq: number): void {
    void this.#requests.send('PRACK', [['RAck', `${rseq} ${inviteCseq} INVITE`]])
  }

  /** Stops repeating, refreshing and waiting; sends nothing. */
  stop(): void {
    this.#stopped = true
    this.#stopRepeating()
    this.#timer.stop()
    this.#transfer?.end()
    this.#wake()
  }

  #stopRepeating(): void {
    this.#unacknowledged?.stop()
    this.#unacknowledged = undefined
  }

  #receiveBye(request: ReceivedRequest, transaction: ServerTransaction): void {
    this.#reply(transaction, 200)
    this.stop()
    const words = reasonText(request.headers)
    this.#options.onEvent({ type: 'bye', q850: q850Of(request.headers.all('Reason')), reason: words })
  }

  #receiveOffer(request: ReceivedRequest, transaction: ServerTransaction): void {
    const interval = answerInterval(request.headers)
    if (interval.refused) return this.#reply(transaction, 422, { headers: interval.headers })
    const offer = sdpOf(request)
    const answer = this.#answer(offer)
    if (answer === undefined) return this.#reply(transaction, 488)
    this.dialog.refreshTarget(request.headers)
    this.localSdp = answer
    this.#learnMethods(request.headers)
    this.#stopRepeating()
    this.#unacknowledged = {
      cseq: request.envelope.cseq,
      offered: offer === undefined,
      stop: repeatUntilAck(this.#options.context.clock, () => transaction.repeatSuccess(), () =>
        this.#options.onEvent({ type: 'dead', reason: 're-INVITE was not acknowledged' }),
      ),
    }
    this.#reply(transaction, 200, { sdp: answer, headers: interval.headers })
    this.#agree(interval.agreed, false)
    if (offer === undefined) return
    this.remoteSdp = offer
    this.#options.onEvent({ type: 'remote-offer', sdp: offer })
  }

  #receiveUpdate(request: ReceivedRequest, transaction: ServerTransaction): void {
    const offer = sdpOf(request)
    const interval = answerInterval(request.headers)
    if (interval.refused) return this.#reply(transaction, 422, { headers: interval.headers })
    this.dialog.refreshTarget(request.headers)
    this.#learnMethods(request.headers)
    if (offer === undefined) {
      this.#reply(transaction, 200, { headers: interval.headers })
      return this.#agree(interval.agreed, false)
    }
    // RFC 3311 §5.2: an offer of ours is still open.
    if (this.#inviting || (!this.confirmed && this.remoteSdp === undefined)) return this.#reply(transaction, 491)
    const answer = this.#answer(offer)
    if (answer === undefined) return this.#reply(transaction, 488)
    this.localSdp = answer
    this.remoteSdp = offer
    this.#reply(transaction, 200, { sdp: answer, headers: interval.headers })
    this.#agree(interval.agreed, false)
    this.#options.onEvent({ type: 'remote-offer', sdp: offer })
  }

  #receiveInfo(request: ReceivedRequest, transaction: ServerTransaction): void {
    const digit = digitOf(request)
    // RFC 6086 §4.2.2: an INFO that carries nothing is a keep-alive; other bodies are not for us.
    if (digit === undefined && request.body.length > 0) return this.#reply(transaction, 415, { headers: [['Accept', 'application/dtmf-relay, application/dtmf']] })
    this.#reply(transaction, 200)
    if (digit !== undefined) this.#options.onEvent({ type: 'info-digit', digit })
  }

  /** Our description for an offer, or for the wish of one. Undefined refuses. */
  #answer(offer: string | undefined): string | undefined {
    try {
      const decide = this.#options.answerOffer()
      if (decide) return decide(offer)
      const local = this.localSdp === undefined ? undefined : nextLocalAudio(this.localSdp)
      if (!local) return undefined
      // Who is on hold stays there until we say otherwise.
      const described = this.#held ? { ...local, direction: 'sendonly' as const } : local
      return offer === undefined ? buildOffer(described) : buildAnswer(offer, described)?.sdp
    } catch (error) {
      if (error instanceof ProtocolError) this.#options.context.log.info({ error: error.message }, 'offer inside a call refused')
      else this.#options.context.log.error({ err: error }, 'answering an offer failed')
      return undefined
    }
  }

  #reply(transaction: ServerTransaction, status: number, options: ReplyOptions = {}): void {
    const headers: (readonly [string, string])[] = [['Server', this.#options.context.product], ['Allow', allowedMethods], ...(options.headers ?? [])]
    if (status < 300) headers.unshift(['Contact', this.#options.contact])
    transaction.respond(replyTo(transaction.request, status, { ...options, headers }))
  }

  #receiveNotify(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (!this.#transfer || !isReferEvent(request)) return this.#reply(transaction, 481)
    this.#reply(transaction, 200)
    this.#transfer.notified(request)
  }

  #learnMethods(headers: SipHeaders): void {
    const allowed = headers.all('Allow')
    if (allowed.length > 0) this.#updateAllowed = allowed.some((method) => method.toUpperCase() === 'UPDATE')
  }

  /** RFC 4028 §7.2, §9: every exchange that could set the timer sets it anew, or takes it away. */
  #agree(expires: SessionExpires | undefined, weAsked: boolean): void {
    if (!this.confirmed || this.#stopped) return
    if (expires) this.#timer.restart(expires.seconds, ((expires.refresher ?? 'uac') === 'uac') === weAsked)
    else this.#timer.stop()
  }

  /** By UPDATE where that works, else by a re-INVITE that changes nothing. What is left of the interval is the limit of both. */
  async #refresh(): Promise<void> {
    const seconds = this.#timer.seconds
    if (seconds === undefined) return
    if (this.#updateAllowed) {
      const headers = [['Contact', this.#options.contact], ['Supported', 'timer'], ...askInterval(seconds, { refresher: 'uac', leastSeconds: this.#leastSeconds })] as const
      const waitMs = Math.min((seconds * 1_000) / 12, GIVE_UP_MS)
      const reply = await Promise.race([this.#requests.send('UPDATE', headers), this.#pause(waitMs)])
      if (reply && reply.status < 300) return this.#agree(reply.response && sessionExpiresOf(reply.response.headers), true)
      // An UPDATE that gets no answer may only be unknown on the way; the re-INVITE will tell.
      if (reply && reply.status !== 408) this.#judge(reply)
      if (this.#stopped) return
      if (reply?.status === 422) this.#learnInterval(reply)
      else this.#updateAllowed = false
    }
    await this.#inTurn(() => this.#offer(this.localSdp))
  }

  /** Our offers wait for each other. */
  #inTurn(run: () => Promise<OfferResult>): Promise<OfferResult> {
    const turn = this.#offering.then(() => (this.confirmed && !this.#stopped ? run() : { status: 481 }))
    this.#offering = turn
    return turn
  }

  async #offer(sdp: string | undefined): Promise<OfferResult> {
    for (let attempt = 1; ; attempt += 1) {
      // RFC 3261 §14.1: never while another INVITE of this dialog is open in either direction.
      while (this.#unacknowledged && !this.#stopped) await this.#pause(GIVE_UP_MS)
      if (this.#stopped) return { status: 481 }
      this.#inviting = true
      const reply = await this.#reinvite(sdp)
      this.#inviting = false
      if (reply.status < 300) return this.#offerAccepted(sdp, reply)
      this.#judge(reply)
      if (this.#stopped || attempt === OFFER_ATTEMPTS_MAX) return { status: reply.status }
      if (reply.status === 491) await this.#pause(glarePauseMs(this.#options.ownsCallId))
      else if (reply.status !== 422 || !this.#learnInterval(reply)) return { status: reply.status }
    }
  }

  async #reinvite(sdp: string | undefined): Promise<Reply> {
    const { context, contact } = this.#options
    const { seconds } = this.#timer
    const timer = seconds === undefined ? [] : askInterval(seconds, { refresher: 'uac', leastSeconds: this.#leastSeconds })
    return await this.#requests.invite({
      headers: [['Contact', contact], ['Allow', allowedMethods], ['Supported', 'timer'], ...timer],
      sdp,
      answer: (offer) => {
        const answer = this.#answer(offer)
        if (answer === undefined) context.log.info({}, 'offer that we asked for has nothing for us')
        else this.localSdp = answer
        return answer
      },
    })
  }

  #offerAccepted(sdp: string | undefined, reply: Reply): OfferResult {
    const response = reply.response!
    if (sdp !== undefined) this.localSdp = sdp
    this.#learnMethods(response.headers)
    this.#agree(sessionExpiresOf(response.headers), true)
    const remote = sdpOf(response)
    if (remote !== undefined && remote !== this.remoteSdp) {
      this.remoteSdp = remote
      if (!this.#stopped) this.#options.onEvent(sdp === undefined ? { type: 'remote-offer', sdp: remote } : { type: 'remote-answer', sdp: remote })
    }
    return { status: reply.status, sdp: remote ?? this.remoteSdp }
  }

  /** RFC 3261 §12.2.1.2, RFC 5057: some refusals mean that the far end no longer knows the call, or no longer is. */
  #judge(reply: Reply): void {
    if (this.#stopped) return
    const reason =
      reply.status === 481
        ? 'the far end no longer knows the call'
        : reply.status === 408
          ? 'the far end does not answer'
          : // It made an offer with nothing for us where no refusal is possible: there is no stream any more.
            reply.status === 488 && !reply.response
            ? 'no codec in common'
            : undefined
    if (reason !== undefined) this.#options.onEvent({ type: 'dead', reason })
  }

  /** False when the 422 does not say what would do. */
  #learnInterval(reply: Reply): boolean {
    const least = reply.response && minSeOf(reply.response.headers)
    if (least === undefined || this.#timer.seconds === undefined || least <= this.#timer.seconds) return false
    this.#leastSeconds = least
    this.#timer.restart(least, true)
    return true
  }

  /** Resolves after that time, or when the session stops or its last re-INVITE was acknowledged. */
  #pause(ms: number): Promise<undefined> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakes.delete(wake)
        cancel()
        resolve(undefined)
      }
      const cancel = this.#options.context.clock.after(ms, wake)
      this.#wakes.add(wake)
    })
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
  }
}

/** RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms. */
function glarePauseMs(ownsCallId: boolean): number {
  return 10 * (ownsCallId ? randomInt(210, 401) : randomInt(0, 201))
}

/** The words of the first Reason header that has any. */
export function reasonText(headers: SipHeaders): string | undefined {
  for (const value of headers.all('Reason')) {
    const { text } = parseReason(value)
    if (text !== undefined && text !== '') return fromWire(text)
  }
  return undefined
}
