// Knows one request of a peer and our responses to it. Does not know dialogs or who decides the response.
import type { Cancel, Clock } from './clock.ts'
import { serializeMessage, type ReceivedRequest, type SipResponse } from './message.ts'
import {
  inviteServerTable,
  requestServerTable,
  timerDelayMs,
  type ServerAction,
  type ServerEvent,
  type ServerState,
  type TimerLetter,
} from './transaction-tables.ts'
import type { Peer, Transport } from './transport.ts'

export type ServerTransactionOptions = {
  request: ReceivedRequest
  /** Where responses go (RFC 3261 §18.2.2, RFC 3581 §4). */
  peer: Peer
  /** Where the request came from. */
  source: Peer
  transport: Transport
  clock: Clock
  onTerminated(): void
  onRepeated(): void
}

export class ServerTransaction {
  readonly request: ReceivedRequest
  readonly peer: Peer
  readonly source: Peer
  /** Set by whoever answers an INVITE: its non-2xx final got no ACK, or a response could not be sent. */
  onUndelivered: (why: 'no-ack' | 'transport') => void = () => {}
  readonly #options: ServerTransactionOptions
  readonly #timers = new Map<TimerLetter, Cancel>()
  readonly #starts = new Map<TimerLetter, number>()
  #state: ServerState = 'proceeding'
  #latest: Buffer | undefined

  constructor(options: ServerTransactionOptions) {
    this.#options = options
    this.request = options.request
    this.peer = options.peer
    this.source = options.source
  }

  get state(): ServerState {
    return this.#state
  }

  /** Sends a response. One that comes too late for the state is dropped, as the table says; false tells so. */
  respond(response: SipResponse): boolean {
    const event = response.status < 200 ? 'provisional' : response.status < 300 ? 'success' : 'failure'
    const steps = this.#table()[this.#state][event]
    if (!steps.includes('send')) return false
    this.#latest = serializeMessage(response)
    this.#step(event)
    return true
  }

  /**
   * Sends a final response once and forgets the request, as a server without state does (RFC 3261 §8.2.7): an INVITE under somebody
   * else's address must not have us send them the same refusal eleven times.
   */
  respondOnce(response: SipResponse): void {
    this.#options.transport.send(serializeMessage(response), this.peer, () => {})
    this.stop()
    this.#options.onTerminated()
  }

  /** Sends the 2xx to an INVITE once more, unchanged (RFC 3261 §13.3.1.4). */
  repeatSuccess(): void {
    this.#options.onRepeated()
    this.#step('success')
  }

  /** The request came again: it is answered as before. */
  repeat(): void {
    this.#step('repeat')
  }

  ack(): void {
    this.#step('ack')
  }

  stop(): void {
    this.#state = 'terminated'
    this.#stopTimers()
  }

  #table(): typeof inviteServerTable {
    return this.request.method === 'INVITE' ? inviteServerTable : requestServerTable
  }

  #step(event: ServerEvent): void {
    const [to, ...actions] = this.#table()[this.#state][event]
    const ends = to === 'terminated' && this.#state !== 'terminated'
    this.#state = to
    for (const action of actions) this.#act(action, event)
    if (ends) this.#options.onTerminated()
  }

  #act(action: ServerAction, event: ServerEvent): void {
    switch (action) {
      case 'send':
        if (event === 'repeat' || event === 'timer-G') this.#options.onRepeated()
        return this.#transmit()
      case 'tell-no-ack':
        return this.onUndelivered('no-ack')
      case 'tell-transport':
        return this.onUndelivered('transport')
      case 'stop':
        return this.#stopTimers()
      default:
        return this.#startTimer(action)
    }
  }

  #transmit(): void {
    if (this.#latest) this.#options.transport.send(this.#latest, this.peer, () => this.#step('transport-error'))
  }

  #startTimer(letter: Extract<ServerAction, TimerLetter>): void {
    const nth = this.#starts.get(letter) ?? 0
    this.#starts.set(letter, nth + 1)
    const delayMs = timerDelayMs(letter, nth, this.#options.transport.reliable)
    if (delayMs === undefined) return
    this.#timers.get(letter)?.()
    this.#timers.set(letter, this.#options.clock.after(delayMs, () => this.#step(`timer-${letter}`)))
  }

  #stopTimers(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }
}
