// Knows the provisional responses of one call that comes in: in which order, which of them reliably, and that they are told again while it rings.
// Does not know the state of the call.
import type { Cancel, Clock } from './clock.ts'
import type { Response } from './leg.ts'
import { ReliableProvisionals, type Reliability } from './reliable-provisionals.ts'

export type Provisional = { status: number; response: Response }

export type ProvisionalsOptions = {
  clock: Clock
  reliability: Reliability
  inviteCseq: number
  /** False when it is too late for that. */
  respond(status: number, response: Response): boolean
  /** Our SDP goes out in one of them. */
  onDescribed(sdp: string): void
  /** No PRACK in 32 s: the INVITE is to be refused. */
  onGivenUp(): void
}

/** RFC 3261 §13.3.1.1: proxies forget an INVITE that nobody speaks of for three minutes. */
const REPEAT_MS = 60_000
/** That wait for the PRACK of an earlier one. */
const QUEUED_MAX = 8

export class Provisionals {
  readonly #options: ProvisionalsOptions
  readonly #reliable: ReliableProvisionals
  #queued: Provisional[] = []
  #described = false
  #stopRepeating: Cancel = () => {}

  constructor(options: ProvisionalsOptions) {
    this.#options = options
    this.#reliable = new ReliableProvisionals(options)
  }

  /** Our SDP reached the caller in a reliable one, or is on its way: nothing that follows needs it (RFC 3261 §13.2.1). */
  get described(): boolean {
    return this.#described
  }

  /** SDP of ours has no PRACK yet: a 2xx must wait (RFC 3262 §3). */
  get holdsAnswer(): boolean {
    return this.#reliable.waitingWithSdp
  }

  /** Now, or after the PRACK of an earlier one. False when too many wait or it is too late. */
  send(provisional: Provisional): boolean {
    if (!this.#reliable.waiting) return this.#send(provisional)
    if (this.#queued.length === QUEUED_MAX) return false
    this.#queued.push(provisional)
    return true
  }

  /** The RAck of a PRACK. False when it is for none of ours. `sendWaiting` is due once the PRACK is answered. */
  acknowledge(rack: string | undefined): boolean {
    return this.#reliable.acknowledge(rack)
  }

  sendWaiting(): void {
    while (!this.#reliable.waiting) {
      const next = this.#queued.shift()
      if (!next) return
      this.#send(next)
    }
  }

  /** The final response is decided: nothing that waits is sent any more. */
  drop(): void {
    this.#queued = []
  }

  /** Nothing is repeated any more; a PRACK that is on its way is still taken. */
  stop(): void {
    this.drop()
    this.#stopRepeating()
    this.#reliable.stop()
  }

  #send({ status, response }: Provisional): boolean {
    const { reliability } = this.#options
    const sdp = this.#described ? undefined : response.sdp
    if (sdp !== undefined) this.#options.onDescribed(sdp)
    const reliable = reliability === 'always' || (reliability === 'with-sdp' && sdp !== undefined)
    const send = (more: Response['headers'] = []): boolean => this.#options.respond(status, { ...response, sdp, headers: [...more, ...(response.headers ?? [])] })
    const sent = reliable ? this.#reliable.start(sdp !== undefined, send) : send()
    if (!sent) return false
    if (reliable && sdp !== undefined) this.#described = true
    this.#stopRepeating()
    this.#stopRepeating = this.#options.clock.after(REPEAT_MS, () => void this.#send({ status, response }))
    return true
  }
}
