// Knows how provisional responses of ours reach a caller for certain (RFC 3262 §3): numbered, one at a time, repeated until their PRACK.
// Does not know what they say.
import { randomInt } from 'node:crypto'
import { repeatUntilAck } from './answer-repeater.ts'
import type { Cancel, Clock } from './clock.ts'
import type { SipHeaders } from './message.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'

/** Which provisionals go out so. `with-sdp`: those whose loss would cost early media or the offer. */
export type Reliability = 'never' | 'with-sdp' | 'always'

/** What the caller wants, and what we do for one that only could. */
export function reliabilityFor(invite: SipHeaders, whenSupported: boolean): Reliability {
  const has = (name: string): boolean => invite.all(name).some((option) => option.toLowerCase() === '100rel')
  if (has('Require')) return 'always'
  return whenSupported && has('Supported') ? 'with-sdp' : 'never'
}

export class ReliableProvisionals {
  readonly #clock: Clock
  readonly #inviteCseq: number
  readonly #onGivenUp: () => void
  #rseq = randomInt(1, 2 ** 30)
  #waiting: { withSdp: boolean; stop: Cancel } | undefined
  /** The one whose PRACK would be welcome, also when nobody waits for it any more. */
  #unacknowledged: number | undefined

  /** `onGivenUp`: 32 s went by without PRACK; the INVITE is to be refused. */
  constructor(options: { clock: Clock; inviteCseq: number; onGivenUp: () => void }) {
    this.#clock = options.clock
    this.#inviteCseq = options.inviteCseq
    this.#onGivenUp = options.onGivenUp
  }

  /** One is not acknowledged yet: the next must wait. */
  get waiting(): boolean {
    return this.#waiting !== undefined
  }

  /** It holds SDP, so a 2xx must wait as well. */
  get waitingWithSdp(): boolean {
    return this.#waiting?.withSdp === true
  }

  /** Headers of the next one. `send` is called now and again until it is acknowledged. */
  start(withSdp: boolean, send: (headers: readonly (readonly [string, string])[]) => boolean): boolean {
    this.#rseq += 1
    const headers = [['Require', '100rel'], ['RSeq', `${this.#rseq}`]] as const
    if (!send(headers)) return false
    this.#unacknowledged = this.#rseq
    const stop = repeatUntilAck(
      this.#clock,
      () => void send(headers),
      () => {
        this.#waiting = undefined
        this.#onGivenUp()
      },
      // The gaps double to the end here (§3).
      GIVE_UP_MS,
    )
    this.#waiting = { withSdp, stop }
    return true
  }

  /** The RAck of a PRACK. False when it is not for the one that waits. */
  acknowledge(rack: string | undefined): boolean {
    const [, rseq, cseq, method] = /^\s*(\d{1,10})\s+(\d{1,10})\s+(\S+)\s*$/.exec(rack ?? '') ?? []
    if (this.#unacknowledged === undefined || Number(rseq) !== this.#unacknowledged || Number(cseq) !== this.#inviteCseq || method !== 'INVITE') return false
    this.#unacknowledged = undefined
    this.stop()
    return true
  }

  /** A final response makes repeating pointless; a PRACK that is on its way is still taken. */
  stop(): void {
    this.#waiting?.stop()
    this.#waiting = undefined
  }
}
