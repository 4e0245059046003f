// Knows what happens inside one dialog of a call, the same for both sides: BYE, re-INVITE, UPDATE, INFO, PRACK, OPTIONS.
// Does not know how the call began or who it is with.
import { ProtocolError } from '../errors.ts'
import { repeatUntilAck } from './answer-repeater.ts'
import { allowedMethods, reasonHeaders, type CallContext } from './call-context.ts'
import type { Cancel } from './clock.ts'
import type { Dialog } from './dialog.ts'
import type { DigestClient } from './digest.ts'
import { parseReason, q850Of } from './header-values.ts'
import type { AnswerOffer, HangUpReason } from './leg.ts'
import { digitOf, sdpOf } from './message-body.ts'
import { emptyBody, fromWire, type ReceivedRequest, type ReceivedResponse, type SipHeaders } from './message.ts'
import { replyTo, type ReplyOptions } from './reply.ts'
import { buildAnswer, buildOffer, nextLocalAudio } from './sdp.ts'
import type { ServerTransaction } from './server-transaction.ts'

export type SessionEvent =
  | { type: 'remote-offer'; sdp: string }
  | { type: 'remote-answer'; sdp: string }
  | { type: 'info-digit'; digit: string }
  | { type: 'bye'; q850: number | undefined; reason: string | undefined }
  /** Our 2xx to a re-INVITE was never acknowledged: the call must be ended (RFC 3261 §14.2). */
  | { type: 'unacknowledged' }

export type SessionOptions = {
  dialog: Dialog
  context: CallContext
  contact: string
  digest: DigestClient | undefined
  /** Our newest description, when there is one. */
  localSdp: string | undefined
  answerOffer(): AnswerOffer | undefined
  onEvent(event: SessionEvent): void
}

const CHALLENGES_MAX = 3

export class Session {
  readonly dialog: Dialog
  /** The far end's newest description; undefined while our first offer has no answer. */
  remoteSdp: string | undefined
  localSdp: string | undefined
  /** False while the dialog is early. */
  confirmed = false
  readonly #options: SessionOptions
  #unacknowledged: { cseq: number; stop: Cancel; offered: boolean } | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.dialog = options.dialog
    this.localSdp = options.localSdp
  }

  receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (!this.dialog.acceptsCseq(request.envelope.cseq)) return this.#reply(transaction, 500)
    switch (request.method) {
      case 'BYE':
        return this.#receiveBye(request, transaction)
      case 'INVITE':
        return this.confirmed ? this.#receiveOffer(request, transaction) : this.#reply(transaction, 491)
      case 'UPDATE':
        return this.#receiveUpdate(request, transaction)
      case 'INFO':
        return this.#receiveInfo(request, transaction)
      case 'OPTIONS':
        return this.#reply(transaction, 200, { headers: [['Accept', 'application/sdp']] })
      case 'PRACK': // We send no reliable provisional responses, so there is none to acknowledge.
      case 'NOTIFY': // We subscribe to nothing.
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
    const sdp = sdpOf(request)
    if (!waiting.offered || sdp === undefined) return
    this.remoteSdp = sdp
    this.#options.onEvent({ type: 'remote-answer', sdp })
  }

  /** Resolves with the final status; 408 when none came, 503 when it could not be sent. */
  async bye(reason?: HangUpReason): Promise<number> {
    this.stop()
    return await this.#send('BYE', reasonHeaders(reason))
  }

  /** Acknowledges a reliable provisional response (RFC 3262 §7.2). */
  prack(rseq: number, inviteCseq: number): void {
    void this.#send('PRACK', [['RAck', `${rseq} ${inviteCseq} INVITE`]])
  }

  /** Stops repeating; sends nothing. */
  stop(): void {
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
    const offer = sdpOf(request)
    const answer = this.#answer(offer)
    if (answer === undefined) return this.#reply(transaction, 488)
    this.dialog.refreshTarget(request.headers)
    this.localSdp = answer
    this.stop()
    this.#unacknowledged = {
      cseq: request.envelope.cseq,
      offered: offer === undefined,
      stop: repeatUntilAck(this.#options.context.clock, () => transaction.repeatSuccess(), () => this.#options.onEvent({ type: 'unacknowledged' })),
    }
    this.#reply(transaction, 200, { sdp: answer })
    if (offer === undefined) return
    this.remoteSdp = offer
    this.#options.onEvent({ type: 'remote-offer', sdp: offer })
  }

  #receiveUpdate(request: ReceivedRequest, transaction: ServerTransaction): void {
    const offer = sdpOf(request)
    this.dialog.refreshTarget(request.headers)
    if (offer === undefined) return this.#reply(transaction, 200)
    // RFC 3311 §5.2: our own first offer is still open.
    if (!this.confirmed && this.remoteSdp === undefined) return this.#reply(transaction, 491)
    const answer = this.#answer(offer)
    if (answer === undefined) return this.#reply(transaction, 488)
    this.localSdp = answer
    this.remoteSdp = offer
    this.#reply(transaction, 200, { sdp: answer })
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
      return offer === undefined ? buildOffer(local) : buildAnswer(offer, local)?.sdp
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

  /** Sends one request of ours in the dialog, answering challenges on the way. Never rejects. */
  async #send(method: string, headers: readonly (readonly [string, string])[]): Promise<number> {
    const { context, digest } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      const request = this.dialog.request(method, [...headers, ['User-Agent', context.product]], emptyBody)
      for (const [name, value] of digest?.authorize(method, request.uri) ?? []) request.headers.add(name, value)
      const response = await new Promise<ReceivedResponse | number>((resolve) => {
        context.transactions.request(
          request,
          this.dialog.hop(),
          {
            onResponse: (response) => response.status >= 200 && resolve(response),
            onTimeout: () => resolve(408),
            onTransportError: () => resolve(503),
          },
          { inDialog: true },
        )
      })
      if (typeof response === 'number') return response
      const challenged = response.status === 401 || response.status === 407
      if (!challenged) digest?.passed()
      if (!challenged || attempt === CHALLENGES_MAX || digest?.learn(response.headers) !== true) return response.status
    }
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
