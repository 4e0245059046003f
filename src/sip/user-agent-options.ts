// Knows what a SIP user agent is opened with, where its limits are and what it counts. Does not know how any of it is kept.
import type { Log } from '../log.ts'
import type { Clock } from './clock.ts'
import type { IncomingCall } from './leg.ts'
import type { TransportOption } from './open-transports.ts'
import type { Registrar } from './registrar.ts'
import type { TransactionCounts } from './transactions.ts'
import type { Receive, Transport } from './transport.ts'

export type UserAgentOptions = {
  /** Local address to bind; a wildcard needs `publicAddress`. */
  address: string
  /** 0: any free port. */
  port: number
  /** The address far ends see, when it is not the bound one. Written into Via and Contact. */
  publicAddress?: string | undefined
  /** For User-Agent and Server headers. */
  userAgent?: string | undefined
  /** Takes the REGISTERs of phones and gateways; without it they are refused with 405. It ends with the agent. */
  registrar?: Registrar | undefined
  /** Takes calls; without it every call in is refused with 480. */
  onCall?: ((call: IncomingCall) => void) | undefined
  /**
   * Provisionals with SDP go out reliably (RFC 3262) to callers that support it. Default true; false: only to those that require it,
   * who always get all of them so.
   */
  reliableProvisionals?: boolean | undefined
  limits?: Partial<UserAgentLimits> | undefined
  log: Log
  clock?: Clock | undefined
  /** What to listen and send on, best first: the first is used where a peer names none. UDP alone when absent. A port left out is `port`. */
  transports?: readonly TransportOption[] | undefined
  /** Opens one transport instead of those, for tests. */
  openTransport?: ((receive: Receive) => Promise<Transport>) | undefined
}

export type UserAgentLimits = {
  /** Calls at once, in and out. More: OverloadedError out, 503 in. */
  callsMax: number
  /** Open transactions; each call leaves about two for 32 s after it ended, so allow 70 × calls per second. */
  transactionsMax: number
  /**
   * Requests outside of dialogs that one source address may send us per second before it is dropped, with a first burst of three times as
   * much; ten times as much for all of them together. Not for this machine, addresses we sent something to in the last hour, and whoever
   * registered. Infinity: no limit.
   */
  unknownPerSecondMax: number
  /** An incoming call that nobody answers is refused after this. */
  incomingRingMsMax: number
  /** How long close() waits for the far ends to answer BYE and CANCEL. */
  closeMsMax: number
}

export const userAgentLimits = { callsMax: 4_000, transactionsMax: 20_000, unknownPerSecondMax: 30, incomingRingMsMax: 180_000, closeMsMax: 3_000 } as const satisfies UserAgentLimits

export type UserAgentStats = TransactionCounts & {
  calls: number
  transactions: number
  /** Calls whose messages are kept. */
  traced: number
  /** Devices that are registered with us, wrong passwords and names they came with, and requests of guessers that were not heard. */
  registered: number
  registerFailed: number
  registerBlocked: number
}
