// Knows what happens inside one dialog of a call, the same for both sides: BYE, offers of the far end, INFO, PRACK, transfer.
// Does not know how the call began or who it is with.
import { randomInt } from 'node:crypto'
import { ProtocolError } from '../errors.ts'
import { repeatUntilAck } from './answer-repeater.ts'
import { allowedMethods, reasonHeaders, type CallContext } from './call-context.ts'
import type { Cancel } from './clock.ts'
import type { Dialog } from './dialog.ts'
import { DialogRequests } from './dialog-requests.ts'
import type { DigestClient } from './digest.ts'
import { parseReason, q850Of } from './header-values.ts'
import type { AnswerOffer, HangUpReason, OfferResult, TransferOptions, TransferResult } from './leg.ts'
import { digitOf, sdpOf } from './message-body.ts'
import { fromWire, toWire, type ReceivedRequest, type SipHeaders } from './message.ts'
import { OwnOffers } from './own-offers.ts'
import { replyTo, type ReplyOptions } from './reply.ts'
import { buildAnswer, buildOffer, nextLocalAudio } from './sdp.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { answerInterval, type SessionExpires } from './session-timer.ts'
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
  /** False when that RAck acknowledges nothing of ours. Absent where we send no reliable provisionals. */
  onPrack?: ((rack: string | undefined) => boolean) | undefined
  onEvent(event: SessionEvent): void
}

export class Session {
  readonly dialog: Dialog
  /** The far end's newest description; undefined while our first offer has no answer. */
  remoteSdp: string | undefined
  localSdp: string | undefined
  /** False while the dialog is early. */
  confirmed = false
  readonly #options: SessionOptions
  readonly #requests: DialogRequests
  #unacknowledged: { cseq: number; stop: Cancel; offered: boolean } | undefined
  readonly #offers: OwnOffers
  #held = false
  #stopped = false
  #transfer: Transfer | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.dialog = options.dialog
    this.localSdp = options.localSdp
    this.#requests = new DialogRequests(options.dialog, options.context, options.digest)
    this.#offers = new OwnOffers({
      context: options.context,
      contact: options.contact,
      requests: this.#requests,
      ownsCallId: options.ownsCallId,
      localSdp: () => this.localSdp,
      theirsIsOpen: () => this.#unacknowledged !== undefined,
      answer: (offer) => this.#answerAsked(offer),
      onAccepted: (local, remote) => this.#offerAccepted(local, remote),
      onDead: (reason) => options.onEvent({ type: 'dead', reason }),
    })
  }

  /** The call is up. `headers` are the far end's: its 2xx, or its INVITE. `expires` is what was agreed. */
  establish(headers: SipHeaders, expires: SessionExpires | undefined, weAsked: boolean): void {
    this.confirmed = true
    if (this.#stopped) return
    this.#offers.start()
    this.#offers.learnMethods(headers)
    this.#offers.agree(expires, weAsked)
  }

  receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (!this.dialog.acceptsCseq(request.envelope.cseq)) return this.#reply(transaction, 500)
    switch (request.method) {
      case 'BYE':
        return this.#receiveBye(request, transaction)
      case 'INVITE':
        return this.confirmed && !this.#offers.open ? this.#receiveOffer(request, transaction) : this.#reply(transaction, 491)
      case 'UPDATE':
        return this.#receiveUpdate(request, transaction)
      case 'INFO':
        return this.#receiveInfo(request, transaction)
      case 'OPTIONS':
        return this.#reply(transaction, 200, { headers: [['Accept', 'application/sdp']] })
      case 'NOTIFY':
        return this.#receiveNotify(request, transaction)
      case 'PRACK':
        return this.#receivePrack(request, transaction)
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
    this.#offers.wake()
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

  async hold(held: boolean): Promise<OfferResult> {
    // Without a stream of ours to describe this would ask for an offer instead.
    if (this.localSdp !== undefined && !nextLocalAudio(this.localSdp)) return { status: 488 }
    const before = this.#held
    this.#held = held
    const result = await this.#offers.send(() => {
      const local = this.localSdp === undefined ? undefined : nextLocalAudio(this.localSdp)
      return local && buildOffer({ ...local, direction: held ? 'sendonly' : 'sendrecv' })
    })
    if (result.status >= 300) this.#held = before
    return result
  }

  reoffer(sdp: string | undefined): Promise<OfferResult> {
    return this.#offers.send(() => sdp)
  }

  async sendInfo(contentType: string, body: string): Promise<number> {
    if (!this.confirmed || this.#stopped) return 481
    return (await this.#requests.send('INFO', [['Contact', this.#options.contact], ['Content-Type', toWire('contentType', contentType)]], Buffer.from(body, 'utf8'))).status
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
    this.#offers.stop()
    this.#transfer?.end()
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
    this.#offers.learnMethods(request.headers)
    this.#stopRepeating()
    this.#unacknowledged = {
      cseq: request.envelope.cseq,
      offered: offer === undefined,
      stop: repeatUntilAck(this.#options.context.clock, () => transaction.repeatSuccess(), () =>
        this.#options.onEvent({ type: 'dead', reason: 're-INVITE was not acknowledged' }),
      ),
    }
    this.#reply(transaction, 200, { sdp: answer, headers: interval.headers })
    this.#offers.agree(interval.agreed, false)
    if (offer === undefined) return
    this.remoteSdp = offer
    this.#options.onEvent({ type: 'remote-offer', sdp: offer })
  }

  #receiveUpdate(request: ReceivedRequest, transaction: ServerTransaction): void {
    const offer = sdpOf(request)
    const interval = answerInterval(request.headers)
    if (interval.refused) return this.#reply(transaction, 422, { headers: interval.headers })
    this.dialog.refreshTarget(request.headers)
    this.#offers.learnMethods(request.headers)
    if (offer === undefined) {
      this.#reply(transaction, 200, { headers: interval.headers })
      return this.#offers.agree(interval.agreed, false)
    }
    // RFC 3311 §5.2: an offer of theirs has no answer yet, or one of ours has none.
    if (!this.confirmed && this.localSdp === undefined) return this.#reply(transaction, 500, { headers: [['Retry-After', `${randomInt(0, 11)}`]] })
    if (this.#offers.open || (!this.confirmed && this.remoteSdp === undefined)) return this.#reply(transaction, 491)
    if (this.#answerTo(offer, transaction, interval.headers)) this.#offers.agree(interval.agreed, false)
  }

  /** RFC 3262 §3, §5: the PRACK of an offer holds its answer; any other may hold a new offer. */
  #receivePrack(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (this.#options.onPrack?.(request.headers.get('RAck')) !== true) return this.#reply(transaction, 481)
    const sdp = sdpOf(request)
    if (sdp === undefined || this.localSdp === undefined) return this.#reply(transaction, 200)
    if (this.remoteSdp !== undefined) return void this.#answerTo(sdp, transaction)
    this.remoteSdp = sdp
    this.#reply(transaction, 200)
    this.#options.onEvent({ type: 'remote-answer', sdp })
  }

  /** False when nothing of ours fits that offer; then it was refused. */
  #answerTo(offer: string, transaction: ServerTransaction, headers: ReplyOptions['headers'] = []): boolean {
    const answer = this.#answer(offer)
    if (answer === undefined) {
      this.#reply(transaction, 488)
      return false
    }
    this.localSdp = answer
    this.remoteSdp = offer
    this.#reply(transaction, 200, { sdp: answer, headers })
    this.#options.onEvent({ type: 'remote-offer', sdp: offer })
    return true
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

  /** Our answer to an offer that we asked for. */
  #answerAsked(offer: string): string | undefined {
    const answer = this.#answer(offer)
    if (answer !== undefined) this.localSdp = answer
    return answer
  }

  #offerAccepted(local: string | undefined, remote: string | undefined): void {
    if (local !== undefined) this.localSdp = local
    if (remote === undefined || remote === this.remoteSdp) return
    this.remoteSdp = remote
    if (!this.#stopped) this.#options.onEvent(local === undefined ? { type: 'remote-offer', sdp: remote } : { type: 'remote-answer', sdp: remote })
  }
}

/** The words of the first Reason header that has any. */
export function reasonText(headers: SipHeaders): string | undefined {
  for (const value of headers.all('Reason')) {
    const { text } = parseReason(value)
    if (text !== undefined && text !== '') return fromWire(text)
  }
  return undefined
}
