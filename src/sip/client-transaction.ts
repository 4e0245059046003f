// Knows one request of ours and the responses to it. Does not know dialogs or what the request is for.
import type { Cancel, Clock } from './clock.ts'
import { emptyBody, serializeMessage, SipHeaders, type ReceivedResponse, type SipRequest } from './message.ts'
import {
  inviteClientTable,
  requestClientTable,
  T2_MS,
  timerDelayMs,
  type ClientAction,
  type ClientEvent,
  type ClientState,
  type TimerLetter,
} from './transaction-tables.ts'
import type { Peer, Transport } from './transport.ts'

/** What the user of a client transaction hears. At most one of `onTimeout` and `onTransportError`, and neither after a final response. */
export type ClientHandlers = {
  /** Every provisional; the first final; for INVITE also every later 2xx, from whichever fork. */
  onResponse(response: ReceivedResponse): void
  /** No final response within 64·T1 (INVITE: no response at all). */
  onTimeout(): void
  onTransportError(error: Error): void
}

export type ClientTransactionOptions = {
  /** Complete, with our Via on top. */
  request: SipRequest
  branch: string
  peer: Peer
  transport: Transport
  clock: Clock
  handlers: ClientHandlers
  /** Gives up an INVITE that nobody said anything to sooner than timer B would. */
  silenceMsMax?: number | undefined
  /** Called once, when the transaction is over and may be forgotten. */
  onTerminated(): void
  onRepeated(): void
}

export class ClientTransaction {
  readonly request: SipRequest
  readonly branch: string
  readonly peer: Peer
  readonly #options: ClientTransactionOptions
  readonly #bytes: Buffer
  readonly #timers = new Map<TimerLetter, Cancel>()
  readonly #starts = new Map<TimerLetter, number>()
  #state: ClientState = 'calling'
  #ack: Buffer | undefined

  constructor(options: ClientTransactionOptions) {
    this.#options = options
    this.request = options.request
    this.branch = options.branch
    this.peer = options.peer
    this.#bytes = serializeMessage(options.request)
  }

  get state(): ClientState {
    return this.#state
  }

  /** Sends the request and starts the timers. Call once. */
  start(): void {
    this.#transmit(this.#bytes)
    for (const letter of this.request.method === 'INVITE' ? (['A', 'B'] as const) : (['E', 'F'] as const)) this.#startTimer(letter, letter === 'B' ? this.#options.silenceMsMax : undefined)
  }

  /** Takes the place of `start` for an INVITE that rings already: nothing is sent. */
  resume(): void {
    this.#state = 'proceeding'
  }

  receive(response: ReceivedResponse): void {
    this.#step(response.status < 200 ? 'provisional' : response.status < 300 ? 'success' : 'failure', response)
  }

  /** Ends an INVITE whose CANCEL brought no final response either: nothing else would (RFC 3261 §9.1). Tells nobody. */
  giveUp(): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return
    this.stop()
    this.#options.onTerminated()
  }

  /** Forgets everything without telling anybody: the user agent is closing. */
  stop(): void {
    this.#state = 'terminated'
    this.#stopTimers()
  }

  #step(event: ClientEvent, response?: ReceivedResponse, error?: Error): void {
    const table = this.request.method === 'INVITE' ? inviteClientTable : requestClientTable
    const [to, ...actions] = table[this.#state][event]
    const ends = to === 'terminated' && this.#state !== 'terminated'
    this.#state = to
    for (const action of actions) this.#act(action, response, error)
    if (ends) this.#options.onTerminated()
  }

  #act(action: ClientAction, response: ReceivedResponse | undefined, error: Error | undefined): void {
    switch (action) {
      case 'send':
        this.#options.onRepeated()
        return this.#transmit(this.#bytes)
      case 'ack':
        this.#ack ??= serializeMessage(ackForFailure(this.request, response!))
        return this.#transmit(this.#ack)
      case 'tell':
        return this.#options.handlers.onResponse(response!)
      case 'tell-timeout':
        return this.#options.handlers.onTimeout()
      case 'tell-transport':
        return this.#options.handlers.onTransportError(error!)
      case 'stop':
        return this.#stopTimers()
      case 'slow-E':
        return this.#startTimer('E', T2_MS)
      default:
        return this.#startTimer(action)
    }
  }

  #transmit(bytes: Buffer): void {
    this.#options.transport.send(bytes, this.peer, (error) => this.#step('transport-error', undefined, error))
  }

  #startTimer(letter: Extract<ClientAction, TimerLetter>, fixedMs?: number): void {
    const nth = this.#starts.get(letter) ?? 0
    this.#starts.set(letter, nth + 1)
    const computedMs = timerDelayMs(letter, nth, this.#options.transport.reliable)
    if (computedMs === undefined) return
    this.#timers.get(letter)?.()
    this.#timers.set(letter, this.#options.clock.after(fixedMs ?? computedMs, () => this.#step(`timer-${letter}`)))
  }

  #stopTimers(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }
}

/** RFC 3261 §17.1.1.3: the ACK of a non-2xx belongs to the INVITE's transaction, so it repeats its Via and Route. */
function ackForFailure(invite: SipRequest, response: ReceivedResponse): SipRequest {
  const headers = new SipHeaders([['Via', invite.headers.get('Via')!], ['Max-Forwards', '70']])
  for (const route of invite.headers.all('Route')) headers.add('Route', route)
  headers.add('From', invite.headers.get('From')!).add('To', response.headers.get('To')!)
  headers.add('Call-ID', invite.headers.get('Call-ID')!).add('CSeq', `${response.envelope.cseq} ACK`)
  return { method: 'ACK', uri: invite.uri, headers, body: emptyBody }
}
