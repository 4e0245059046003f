// Knows what a call needs from its user agent, and the user agent from a call. Does not know either.
import type { Log } from '../log.ts'
import type { Clock } from './clock.ts'
import type { HangUpReason, LegEvent } from './leg.ts'
import { toWire, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import type { ServerTransaction } from './server-transaction.ts'
import type { Transactions } from './transactions.ts'
import type { Protocol } from './transport.ts'

export interface CallContext {
  readonly transactions: Transactions
  readonly clock: Clock
  readonly log: Log
  /** For User-Agent and Server. */
  readonly product: string
  /** Our Contact value, with that user part, for a far end met over that transport (the first one when undefined). */
  contact(user: string | undefined, protocol: Protocol | undefined): string
  newTag(): string
  /** The call is over; late messages still reach it for a while. */
  retire(call: DialogUser): void
}

/** Whoever takes the messages of the dialogs of one call. */
export interface DialogUser {
  readonly callId: string
  readonly localTag: string
  receive(request: ReceivedRequest, transaction: ServerTransaction): void
  receiveAck(request: ReceivedRequest): void
  /** A 2xx whose transaction is gone. */
  receiveLateSuccess(response: ReceivedResponse): void
  hangUp(reason?: HangUpReason): Promise<void>
  /** Ends the call at once without waiting for anybody: the last event is told, timers stop. */
  abandon(): void
}

/** What we take part in; also told to the far end. NOTIFY is for the outcome of a REFER of ours. */
export const allowedMethods = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, NOTIFY'

/** Tells the listener; its mistakes are logged and never reach the wire or other calls. False when it threw. */
export function tell(log: Log, listener: (event: LegEvent) => void, event: LegEvent): boolean {
  try {
    listener(event)
    return true
  } catch (error) {
    log.error({ event: event.type, err: error }, 'listener of a SIP call failed')
    return false
  }
}

export function reasonHeaders(reason: HangUpReason | undefined): [string, string][] {
  if (!reason) return []
  const text = reason.text === undefined ? '' : `;text="${toWire('reason', reason.text).replace(/[\\"]/g, '\\$&')}"`
  return [['Reason', `Q.850;cause=${reason.q850}${text}`]]
}
