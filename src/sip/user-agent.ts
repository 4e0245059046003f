// Knows our SIP address: places and takes calls, routes messages to them, refuses what is too much. Does not know audio, trunks or customers.
import { isIP, isIPv6 } from 'node:net'
import { InvalidInputError, OverloadedError, ProtocolError } from '../errors.ts'
import type { Log } from '../log.ts'
import { allowedMethods, type CallContext } from './call-context.ts'
import { CallRegistry } from './call-registry.ts'
import { systemClock, type Clock } from './clock.ts'
import { parseNameAddr } from './header-values.ts'
import { InviteServer, mergeKeyOf } from './incoming-call.ts'
import { checkInvitation, checkPeer, userOf, type InviteOptions } from './invitation.ts'
import { endLeftCall, type LeftCall, type LeftCallOptions } from './left-call.ts'
import type { IncomingCall, OutgoingCall } from './leg.ts'
import { hasForeignBody } from './message-body.ts'
import { toWire, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import { openTransports } from './open-transports.ts'
import { InviteClient } from './outgoing-call.ts'
import { probe, type ProbeAnswer } from './probe.ts'
import { randomHex } from './random-text.ts'
import type { Registrar } from './registrar.ts'
import { RegistrationClient, type RegisterOptions, type Registration, type RegistrationAnswer } from './registration.ts'
import { replyTo, type ReplyOptions } from './reply.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { answerInterval } from './session-timer.ts'
import { SourceLimits } from './source-limits.ts'
import { CallTrace, TraceTap } from './trace.ts'
import { Transactions } from './transactions.ts'
import type { Peer, Protocol, Receive, Transport } from './transport.ts'
import { userAgentLimits, type UserAgentLimits, type UserAgentOptions, type UserAgentStats } from './user-agent-options.ts'

export type { LeftCall } from './left-call.ts'
export type { ProbeAnswer } from './probe.ts'
export type { UserAgentLimits, UserAgentOptions, UserAgentStats } from './user-agent-options.ts'

export class SipUserAgent implements AsyncDisposable {
  readonly address: string
  readonly port: number
  /** The bound port of each transport. */
  readonly ports: Readonly<Partial<Record<Protocol, number>>>
  readonly #transports: readonly Transport[]
  readonly #transactions: Transactions
  readonly #context: CallContext
  readonly #clock: Clock
  readonly #log: Log
  readonly #limits: UserAgentLimits
  readonly #onCall: ((call: IncomingCall) => void) | undefined
  readonly #contactHost: string
  readonly #registrar: Registrar | undefined
  readonly #sources: SourceLimits
  readonly #reliableProvisionals: boolean
  readonly #tap: TraceTap
  readonly #calls: CallRegistry
  readonly #registrations = new Set<Registration>()
  #closing: Promise<void> | undefined

  /** Errors: InvalidInputError for an unusable address; the system's when it cannot be bound. */
  static async open(options: UserAgentOptions): Promise<SipUserAgent> {
    const publicAddress = options.publicAddress ?? options.address
    if (isIP(options.address) === 0) throw new InvalidInputError('address', 'SIP address must be numeric')
    if (isIP(publicAddress) === 0 || publicAddress === '0.0.0.0' || publicAddress === '::') {
      throw new InvalidInputError('publicAddress', 'give the numeric address that far ends reach us at')
    }
    // Nothing arrives before the agent exists: reading starts after this tick.
    let receive: Receive = () => {}
    const tap = new TraceTap(publicAddress)
    const transports = (await openTransports(options, (bytes, from) => receive(bytes, from))).map((transport) => tap.overhear(transport))
    const agent = new SipUserAgent(options, transports, publicAddress, tap)
    receive = tap.overhearing((bytes, from) => agent.#transactions.receive(bytes, from), transports)
    return agent
  }

  private constructor(options: UserAgentOptions, transports: readonly Transport[], publicAddress: string, tap: TraceTap) {
    const first = transports[0]!
    this.#tap = tap
    this.address = first.address
    this.port = first.port
    this.ports = Object.fromEntries(transports.map(({ protocol, port }) => [protocol, port]))
    this.#transports = transports
    this.#clock = options.clock ?? systemClock
    this.#log = options.log
    this.#calls = new CallRegistry(this.#clock, (call) => tap.detach(call.callId))
    this.#limits = { ...userAgentLimits, ...options.limits }
    this.#onCall = options.onCall
    this.#registrar = options.registrar
    this.#sources = new SourceLimits({ clock: this.#clock, unknownPerSecondMax: this.#limits.unknownPerSecondMax })
    this.#reliableProvisionals = options.reliableProvisionals ?? true
    this.#contactHost = isIPv6(publicAddress) ? `[${publicAddress}]` : publicAddress
    this.#transactions = new Transactions({
      transports,
      publicAddress,
      clock: this.#clock,
      log: this.#log,
      transactionsMax: this.#limits.transactionsMax,
      user: {
        admits: (request, from) => this.#admits(request, from),
        onRequest: (request, transaction) => this.#receive(request, transaction),
        onAck: (request) => this.#receiveAck(request),
        onLateSuccess: (response) => this.#receiveLateSuccess(response),
      },
    })
    this.#context = {
      transactions: this.#transactions,
      clock: this.#clock,
      log: this.#log,
      product: toWire('userAgent', options.userAgent ?? 'waihu'),
      contact: (user, protocol) => this.#contact(user, protocol ?? first.protocol),
      newTag: () => randomHex(8),
      retire: (call) => this.#calls.retire(call),
    }
  }

  get stats(): UserAgentStats {
    const { bindings = 0, failed = 0, blocked = 0 } = this.#registrar?.stats ?? {}
    const registrar = { registered: bindings, registerFailed: failed, registerBlocked: blocked }
    return { ...this.#transactions.counts, ...registrar, calls: this.#calls.live, transactions: this.#transactions.open, traced: this.#tap.size }
  }

  /**
   * Places a call; the INVITE leaves before this returns, events come later.
   * Errors: InvalidInputError for an address that cannot be used; OverloadedError when too many calls are open or the agent closes. Then nothing was sent.
   */
  invite(options: InviteOptions): OutgoingCall {
    if (this.#closing) throw new OverloadedError('the SIP user agent is closing', 1_000)
    if (this.#calls.live >= this.#limits.callsMax) throw new OverloadedError('too many SIP calls are open', 1_000)
    for (const peer of [options.target, ...(options.alternatives ?? [])]) {
      this.#checkTransport(peer)
      this.#sources.trust(peer.address)
    }
    const call = new InviteClient(this.#context, options, checkInvitation(options, (user) => this.#context.contact(user, options.target.protocol)), randomHex(16))
    this.#calls.add(call)
    if (options.trace) this.#tap.attach(call.callId, options.trace)
    try {
      call.start()
    } catch (error) {
      this.#calls.remove(call)
      throw error
    }
    return call
  }

  /**
   * Keeps what is said from now on about a call in or out. One trace may hold several calls. Until the trace is closed,
   * or 32 s after the call ended.
   */
  trace(callId: string, trace: CallTrace = new CallTrace()): CallTrace {
    this.#tap.attach(callId, trace)
    return trace
  }

  /**
   * Ends a call whose process died, from what it stored: BYE when it was answered, CANCEL when it rang. Resolves with the final status of
   * the far end, 408 when none came.
   */
  endFrom(left: LeftCall, options: LeftCallOptions = {}): Promise<number> {
    return endLeftCall(this.#context, left, options)
  }

  /** Asks with OPTIONS whether somebody is there (RFC 3261 §11). Resolves with the final status; 408 when none came, 503 when it could not be sent. */
  async ping(target: Peer): Promise<number> {
    return (await this.probe(target)).status
  }

  /** As `ping`, with the words of the answer and what it tells about the way back. */
  async probe(target: Peer): Promise<ProbeAnswer> {
    checkPeer(target)
    this.#checkTransport(target)
    this.#sources.trust(target.address)
    return await probe(this.#context, target)
  }

  /** Registers with a carrier and stays registered. Errors: InvalidInputError for options that cannot be used. */
  register(options: RegisterOptions): Registration {
    if (this.#closing) throw new OverloadedError('the SIP user agent is closing', 1_000)
    this.#checkTransport(options.registrar)
    this.#sources.trust(options.registrar.address)
    const registration: RegistrationClient = new RegistrationClient(this.#context, options, () => this.#registrations.delete(registration))
    this.#registrations.add(registration)
    registration.start()
    return registration
  }

  /** Asks a registrar about an address of record without changing what is registered. Errors: InvalidInputError. */
  async queryRegistration(options: Pick<RegisterOptions, 'registrar' | 'aor' | 'credentials'>): Promise<RegistrationAnswer> {
    this.#checkTransport(options.registrar)
    this.#sources.trust(options.registrar.address)
    return await new RegistrationClient(this.#context, { ...options, onState: () => {} }).query()
  }

  /** Hangs up every call, unregisters, waits a limited time for the far ends, then stops. Every call has had its last event when this resolves. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const limit = Promise.withResolvers<void>()
    const cancelLimit = this.#clock.after(this.#limits.closeMsMax, limit.resolve)
    await Promise.race([Promise.all([this.#calls.hangUpAll(), ...[...this.#registrations].map((registration) => registration.close())]), limit.promise])
    cancelLimit()
    this.#calls.abandonAll()
    this.#registrar?.close()
    this.#transactions.close()
    await Promise.all(this.#transports.map((transport) => transport[Symbol.asyncDispose]()))
  }

  #checkTransport({ protocol }: Peer): void {
    if (protocol !== undefined && this.ports[protocol] === undefined) throw new InvalidInputError('target', `this SIP user agent has no ${protocol} transport`)
  }

  #contact(user: string | undefined, protocol: Protocol): string {
    const transport = protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`
    return `<sip:${user === undefined ? '' : `${user}@`}${this.#contactHost}:${this.ports[protocol] ?? this.port}${transport}>`
  }

  #receive(request: ReceivedRequest, transaction: ServerTransaction): void {
    try {
      this.#route(request, transaction)
    } catch (error) {
      // What gets here is a peer's nonsense found late, or a mistake of ours: it costs this request, not the process.
      const protocol = error instanceof ProtocolError
      if (protocol) this.#log.info({ method: request.method, error: error.message }, 'SIP request refused')
      else this.#log.error({ method: request.method, err: error }, 'SIP request failed')
      transaction.respond(replyTo(request, protocol ? 400 : 500, { toTag: this.#context.newTag() }))
    }
  }

  #route(request: ReceivedRequest, transaction: ServerTransaction): void {
    const { callId, toTag } = request.envelope
    if (request.method === 'CANCEL') return this.#receiveCancel(request, transaction)
    if (toTag !== undefined) {
      const call = this.#calls.find(callId, toTag)
      return call ? call.receive(request, transaction) : this.#reply(transaction, 481)
    }
    // RFC 3261 §8.2.2.1; an address in brackets is none.
    if (!/^(sips?|tel):/i.test(request.uri)) return this.#reply(transaction, request.uri.startsWith('<') ? 400 : 416)
    const known = request.method === 'INVITE' ? ['timer', '100rel'] : ['timer']
    const unsupported = [...request.headers.all('Require').filter((option) => !known.includes(option.toLowerCase())), ...request.headers.all('Proxy-Require')]
    if (unsupported.length > 0) return this.#reply(transaction, 420, { headers: unsupported.map((option) => ['Unsupported', option] as const) })
    switch (request.method) {
      case 'INVITE':
        return this.#receiveInvite(request, transaction)
      case 'OPTIONS':
        return this.#reply(transaction, this.#closing ? 503 : 200, { headers: [['Accept', 'application/sdp'], ['Supported', '100rel, timer'], ['Contact', this.#context.contact(undefined, transaction.peer.protocol)]] })
      case 'BYE':
      case 'UPDATE':
      case 'PRACK':
      case 'INFO':
      case 'NOTIFY':
        return this.#reply(transaction, 481)
      case 'REGISTER':
        return this.#registrar ? void this.#register(this.#registrar, request, transaction) : this.#reply(transaction, 405)
      case 'MESSAGE':
      case 'SUBSCRIBE':
      case 'PUBLISH':
      case 'REFER':
        return this.#reply(transaction, 405)
      default:
        return this.#reply(transaction, 501)
    }
  }

  #admits(request: ReceivedRequest | undefined, from: Peer): boolean {
    if (request?.method === 'REGISTER' && this.#registrar?.ignores(request, from) === true) return false
    return this.#sources.admits(from.address)
  }

  async #register(registrar: Registrar, request: ReceivedRequest, transaction: ServerTransaction): Promise<void> {
    const { status, headers } = this.#closing ? { status: 503, headers: [] } : await registrar.answer(request, transaction.source)
    if (status < 300) this.#sources.trust(transaction.source.address)
    this.#reply(transaction, status, { headers })
  }

  #receiveInvite(request: ReceivedRequest, transaction: ServerTransaction): void {
    if (this.#calls.merged(mergeKeyOf(request))) return this.#reply(transaction, 482)
    if (this.#closing || this.#calls.live >= this.#limits.callsMax) return this.#reply(transaction, 503, { headers: [['Retry-After', '5']] })
    if (!this.#onCall) return this.#reply(transaction, 480)
    if (hasForeignBody(request)) return this.#reply(transaction, 415, { headers: [['Accept', 'application/sdp']] })
    const interval = answerInterval(request.headers)
    if (interval.refused) return this.#reply(transaction, 422, { headers: interval.headers })
    transaction.respond(replyTo(request, 100))
    const to = parseNameAddr(request.headers.get('To')!).uri
    const call = new InviteServer(this.#context, transaction, { contactUser: userOf(to), ringMsMax: this.#limits.incomingRingMsMax, reliableProvisionals: this.#reliableProvisionals })
    this.#calls.add(call)
    try {
      this.#onCall(call)
    } catch (error) {
      this.#log.error({ err: error }, 'taker of SIP calls failed')
      if (!call.reject(500)) void call.hangUp()
    }
  }

  #receiveCancel(request: ReceivedRequest, transaction: ServerTransaction): void {
    const invite = this.#transactions.inviteOf(request)
    const call = invite && this.#calls.merged(mergeKeyOf(invite.request))
    if (!call) return this.#reply(transaction, 481)
    this.#reply(transaction, 200, { toTag: call.localTag })
    call.cancel(request)
  }

  #receiveAck(request: ReceivedRequest): boolean {
    const { callId, toTag } = request.envelope
    const call = this.#calls.find(callId, toTag ?? '')
    call?.receiveAck(request)
    return call !== undefined
  }

  #receiveLateSuccess(response: ReceivedResponse): boolean {
    const { callId, fromTag } = response.envelope
    const call = this.#calls.find(callId, fromTag ?? '')
    call?.receiveLateSuccess(response)
    return call !== undefined
  }

  #reply(transaction: ServerTransaction, status: number, options: ReplyOptions = {}): void {
    const headers = [['Allow', allowedMethods], ['Server', this.#context.product], ...(options.headers ?? [])] as const
    const response = replyTo(transaction.request, status, { ...options, toTag: options.toTag ?? this.#context.newTag(), headers })
    const { method, envelope } = transaction.request
    const stranger = method === 'INVITE' && envelope.toTag === undefined && !this.#sources.isKnown(transaction.source.address)
    if (stranger) transaction.respondOnce(response)
    else transaction.respond(response)
  }
}
