// Knows every live transaction of one agent: matches what comes in, repeats what is lost, sheds what is too much. Does not know dialogs.
import { isIPv6 } from 'node:net'
import { OverloadedError, ProtocolError } from '../errors.ts'
import type { Log } from '../log.ts'
import { ClientTransaction, type ClientHandlers, type ClientTransactionOptions } from './client-transaction.ts'
import type { Clock } from './clock.ts'
import { viaWithSource, type Via } from './header-values.ts'
import { parseMessage, serializeMessage, type ReceivedMessage, type ReceivedRequest, type ReceivedResponse, type SipRequest } from './message.ts'
import { randomHex } from './random-text.ts'
import { replyTo } from './reply.ts'
import { ServerTransaction } from './server-transaction.ts'
import type { Peer, Transport } from './transport.ts'
import { refuseUnreadable } from './unreadable.ts'

export type TransactionCounts = {
  received: number
  /** Bytes that were no usable SIP message. */
  malformed: number
  /** Responses and ACKs that belong to nothing we know. */
  unmatched: number
  /** Requests refused or dropped because too many transactions were open. */
  shed: number
  /** Requests, readable or not, that got no answer because their source asks too much. */
  limited: number
  /** Messages of ours sent once more. */
  repeated: number
  /** Messages that our own code failed on: always a mistake worth a report. */
  failed: number
}

export type TransactionUser = {
  /** False: a request that begins something is dropped without a word. `request` is undefined when it could not be read. */
  admits(request: ReceivedRequest | undefined, from: Peer): boolean
  /** A new request other than ACK. It must be answered through the transaction. */
  onRequest(request: ReceivedRequest, transaction: ServerTransaction): void
  /** An ACK that belongs to a 2xx. False when nobody knows it. */
  onAck(request: ReceivedRequest): boolean
  /** A 2xx to an INVITE whose transaction is gone. False when nobody knows it. */
  onLateSuccess(response: ReceivedResponse): boolean
}

/** RFC 3261 §8.1.1.7. */
const MAGIC_COOKIE = 'z9hG4bK'
/** RFC 3261 §18.1.1: a request longer than this may not fit one datagram on its way. */
const LARGE_BYTES = 1_300
/** Under a flood, 503 or 400 goes out this often; the rest is dropped in silence so that we do not amplify it. */
const REFUSALS_PER_SECOND_MAX = 100

export class Transactions {
  readonly counts: TransactionCounts = { received: 0, malformed: 0, unmatched: 0, shed: 0, limited: 0, repeated: 0, failed: 0 }
  readonly #clients = new Map<string, ClientTransaction>()
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #transports: readonly Transport[]
  readonly #clock: Clock
  readonly #log: Log
  readonly #user: TransactionUser
  readonly #publicHost: string
  readonly #max: number
  #refusals = { sinceMs: 0, count: 0 }
  #closed = false

  constructor(options: { transports: readonly Transport[]; publicAddress: string; clock: Clock; log: Log; user: TransactionUser; transactionsMax: number }) {
    this.#transports = options.transports
    this.#clock = options.clock
    this.#log = options.log
    this.#user = options.user
    this.#max = options.transactionsMax
    this.#publicHost = isIPv6(options.publicAddress) ? `[${options.publicAddress}]` : options.publicAddress
  }

  get open(): number {
    return this.#clients.size + this.#servers.size
  }

  newBranch(): string {
    return MAGIC_COOKIE + randomHex(12)
  }

  /**
   * Puts our Via on `request` and sends it until answered. Handlers are never called before this returns.
   * `silenceMsMax` takes the place of timer B of an INVITE.
   * `branch` is given only for CANCEL, which shares the branch of its INVITE (RFC 3261 §9.1); `via` with it when another process sent that.
   * Errors: OverloadedError when too many transactions are open; an in-dialog request is let through, because ending calls relieves the load.
   */
  request(request: SipRequest, peer: Peer, handlers: ClientHandlers, options: { branch?: string; via?: string; inDialog?: boolean; silenceMsMax?: number | undefined } = {}): ClientTransaction {
    if (options.inDialog !== true && this.open >= this.#max) throw new OverloadedError('too many SIP transactions are open', 1_000)
    const branch = options.branch ?? this.newBranch()
    let transport = this.#transportTo(peer)
    request.headers.prepend('Via', options.via ?? this.#via(transport, branch))
    if (peer.largeByTcp === true && transport.protocol === 'UDP' && serializeMessage(request).length > LARGE_BYTES) {
      peer = { ...peer, protocol: 'TCP' }
      transport = this.#transportTo(peer)
      request.headers.replaceFirst('Via', this.#via(transport, branch))
    }
    const transaction = this.#client({ request, branch, peer, transport, handlers, silenceMsMax: options.silenceMsMax })
    transaction.start()
    return transaction
  }

  /** Goes on with an INVITE that another process sent and somebody answered with a provisional: what comes for it is taken from now on. */
  resume(invite: SipRequest, branch: string, peer: Peer, handlers: ClientHandlers): ClientTransaction {
    const transaction = this.#client({ request: invite, branch, peer, transport: this.#transportTo(peer), handlers, silenceMsMax: undefined })
    transaction.resume()
    return transaction
  }

  /** Sends a request that gets no response, the ACK of a 2xx, and returns a way to send the same bytes again. */
  sendAck(ack: SipRequest, peer: Peer): () => void {
    const transport = this.#transportTo(peer)
    ack.headers.prepend('Via', this.#via(transport, this.newBranch()))
    const bytes = serializeMessage(ack)
    const send = (): void => {
      if (!this.#closed) transport.send(bytes, peer, (error) => this.#log.warn({ error: error.message }, 'ACK could not be sent'))
    }
    send()
    return send
  }

  /** The INVITE transaction a CANCEL means (RFC 3261 §9.2). */
  inviteOf(cancel: ReceivedRequest): ServerTransaction | undefined {
    return this.#servers.get(serverKey(cancel, 'INVITE'))
  }

  receive(bytes: Uint8Array, from: Peer): void {
    if (this.#closed) return
    if (bytes.length <= 4) return // A keep-alive: line ends, zeros, or a word like jaK. No message is that short.
    this.counts.received += 1
    let message: ReceivedMessage
    try {
      message = parseMessage(bytes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.counts.malformed += 1
      this.#log.debug({ from: from.address, error: error.message }, 'unusable SIP message')
      return this.#refuseUnreadable(bytes, from, error.message)
    }
    try {
      if (message.kind === 'response') this.#receiveResponse(message)
      else this.#receiveRequest(message, from)
    } catch (error) {
      // One message must not end the process and every other call with it.
      this.counts.failed += 1
      this.#log.error({ err: error }, 'SIP message could not be handled')
    }
  }

  /** Stops every timer and forgets everything. Nothing is told. */
  close(): void {
    this.#closed = true
    for (const transaction of this.#clients.values()) transaction.stop()
    for (const transaction of this.#servers.values()) transaction.stop()
    this.#clients.clear()
    this.#servers.clear()
  }

  #client(parts: Pick<ClientTransactionOptions, 'request' | 'branch' | 'peer' | 'transport' | 'handlers' | 'silenceMsMax'>): ClientTransaction {
    const key = clientKey(parts.branch, parts.request.method)
    const transaction = new ClientTransaction({
      ...parts,
      clock: this.#clock,
      onTerminated: () => this.#clients.delete(key),
      onRepeated: () => void (this.counts.repeated += 1),
    })
    this.#clients.set(key, transaction)
    return transaction
  }

  /** A far end may ask for a transport we do not have; then the first one tries. */
  #transportTo(peer: Peer): Transport {
    return this.#transports.find(({ protocol }) => protocol === peer.protocol) ?? this.#transports[0]!
  }

  #via(transport: Transport, branch: string): string {
    return `SIP/2.0/${transport.protocol} ${this.#publicHost}:${transport.port};branch=${branch};rport`
  }

  #receiveResponse(response: ReceivedResponse): void {
    const transaction = this.#clients.get(clientKey(response.envelope.via.branch, response.envelope.method))
    if (transaction) return transaction.receive(response)
    const success = response.status >= 200 && response.status < 300
    if (!success || response.envelope.method !== 'INVITE' || !this.#user.onLateSuccess(response)) this.counts.unmatched += 1
  }

  #receiveRequest(request: ReceivedRequest, from: Peer): void {
    const method = request.method === 'ACK' ? 'INVITE' : request.method
    const key = serverKey(request, method)
    const known = this.#servers.get(key)
    if (request.method === 'ACK') {
      // Some peers give the ACK of a 2xx the branch of the INVITE: it is still the dialog's.
      if (known && known.state !== 'accepted') return known.ack()
      if (!this.#user.onAck(request)) this.counts.unmatched += 1
      return
    }
    if (known) return known.repeat()
    const begins = request.envelope.toTag === undefined && request.method !== 'CANCEL'
    if (begins && !this.#user.admits(request, from)) {
      this.counts.limited += 1
      return
    }
    // Requests inside a dialog get twice the room: they are what ends calls.
    if (this.open >= this.#max * (request.envelope.toTag === undefined ? 1 : 2)) return this.#shed(request, from)
    const transport = this.#transportTo(from)
    const peer = replyPeer(request.envelope.via, from, transport)
    this.#rewriteVia(request, from)
    const transaction = new ServerTransaction({
      request,
      peer,
      source: from,
      transport,
      clock: this.#clock,
      onTerminated: () => this.#servers.delete(key),
      onRepeated: () => void (this.counts.repeated += 1),
    })
    this.#servers.set(key, transaction)
    this.#user.onRequest(request, transaction)
  }

  #shed(request: ReceivedRequest, from: Peer): void {
    this.counts.shed += 1
    if (!this.#mayRefuse()) return
    const transport = this.#transportTo(from)
    const peer = replyPeer(request.envelope.via, from, transport)
    this.#rewriteVia(request, from)
    const refusal = replyTo(request, 503, { toTag: 'overload', headers: [['Retry-After', '5']] })
    transport.send(serializeMessage(refusal), peer, () => {})
  }

  #refuseUnreadable(bytes: Uint8Array, from: Peer, why: string): void {
    const refusal = refuseUnreadable(bytes, from, why)
    if (!refusal) return
    if (!this.#user.admits(undefined, from)) {
      this.counts.limited += 1
      return
    }
    if (!this.#mayRefuse()) return
    const transport = this.#transportTo(from)
    transport.send(serializeMessage(refusal.response), replyPeer(refusal.via, from, transport), () => {})
  }

  #mayRefuse(): boolean {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#refusals.sinceMs >= 1_000) this.#refusals = { sinceMs: nowMs, count: 0 }
    if (this.#refusals.count >= REFUSALS_PER_SECOND_MAX) return false
    this.#refusals.count += 1
    return true
  }

  /** RFC 3261 §18.2.1: responses copy the Via with the source in it. */
  #rewriteVia(request: ReceivedRequest, from: Peer): void {
    request.headers.replaceFirst('Via', viaWithSource(request.headers.get('Via')!, from))
  }
}

function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`
}

/** RFC 3261 §17.2.3. Branches without the cookie come from RFC 2543 peers and are unique only together with the rest. */
function serverKey(request: ReceivedRequest, method: string): string {
  const { via, callId, fromTag, cseq } = request.envelope
  const sentBy = `${via.host}:${via.port ?? 5060}`
  if (via.branch.startsWith(MAGIC_COOKIE) && via.branch.length > MAGIC_COOKIE.length) return `${via.branch} ${sentBy} ${method}`
  return `${via.branch} ${sentBy} ${method} ${callId} ${fromTag ?? ''} ${cseq}`
}

/** Responses return over the connection of their request, or to the source address: to its port when `rport` asks so, else to the sent-by port. */
function replyPeer(via: Via, from: Peer, transport: Transport): Peer {
  return { ...from, port: transport.reliable || via.params.has('rport') ? from.port : (via.port ?? 5060) }
}
