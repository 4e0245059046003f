// Knows when and how offers of ours go out inside a call: in turn, after collisions, as session refreshes. Does not know what they say.
import { randomInt } from 'node:crypto'
import { allowedMethods, type CallContext } from './call-context.ts'
import type { DialogRequests, Reply } from './dialog-requests.ts'
import type { OfferResult } from './leg.ts'
import { sdpOf } from './message-body.ts'
import type { SipHeaders } from './message.ts'
import { askInterval, minSeOf, sessionExpiresOf, SessionTimer, type SessionExpires } from './session-timer.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'

/** What our offers are about; the session that both sides describe. */
export interface OfferedSession {
  readonly context: CallContext
  readonly contact: string
  readonly requests: DialogRequests
  /** The Call-ID is ours; it decides who waits longer after a collision (RFC 3261 §14.1). */
  readonly ownsCallId: boolean
  localSdp(): string | undefined
  /** A re-INVITE of the far end waits for its ACK. */
  theirsIsOpen(): boolean
  /** Our answer to an offer we asked for; undefined when nothing fits. */
  answer(offer: string): string | undefined
  /** A 2xx came. `local` is our offer, undefined when we asked for theirs; `remote` is what the 2xx brought. */
  onAccepted(local: string | undefined, remote: string | undefined): void
  onDead(reason: string): void
}

/** Collisions and too small intervals are tried again; somebody who never agrees is let be. */
const ATTEMPTS_MAX = 5

export class OwnOffers {
  readonly #session: OfferedSession
  readonly #timer: SessionTimer
  /** One after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #open = false
  #state: 'early' | 'up' | 'stopped' = 'early'
  #updateAllowed = false
  #leastSeconds: number | undefined
  /** Ends every pause early. */
  readonly #wakes = new Set<() => void>()

  constructor(session: OfferedSession) {
    this.#session = session
    this.#timer = new SessionTimer({
      clock: session.context.clock,
      refresh: () => void this.#refresh(),
      expire: () => session.onDead('the session was not refreshed'),
    })
  }

  /** A re-INVITE of ours has no final response yet: offers of the far end get 491. */
  get open(): boolean {
    return this.#open
  }

  /** The call is up: offers may go out. */
  start(): void {
    if (this.#state === 'early') this.#state = 'up'
  }

  stop(): void {
    this.#state = 'stopped'
    this.#timer.stop()
    this.wake()
  }

  /** What the far end says it takes. */
  learnMethods(headers: SipHeaders): void {
    const allowed = headers.all('Allow')
    if (allowed.length > 0) this.#updateAllowed = allowed.some((method) => method.toUpperCase() === 'UPDATE')
  }

  /** RFC 4028 §7.2, §9: every exchange that could set the timer sets it anew, or takes it away. `weAsked`: in a request of ours. */
  agree(expires: SessionExpires | undefined, weAsked: boolean): void {
    if (this.#state !== 'up') return
    if (expires) this.#timer.restart(expires.seconds, ((expires.refresher ?? 'uac') === 'uac') === weAsked)
    else this.#timer.stop()
  }

  /** Offers what `describe` says when it is our turn, again after each collision; undefined asks the far end for its offer. */
  send(describe: () => string | undefined): Promise<OfferResult> {
    const turn = this.#turn.then(() => this.#send(describe))
    this.#turn = turn
    return turn
  }

  /** Their open re-INVITE was acknowledged: nobody need wait for it. */
  wake(): void {
    for (const wake of this.#wakes) wake()
  }

  async #send(describe: () => string | undefined): Promise<OfferResult> {
    for (let attempt = 1; ; attempt += 1) {
      // RFC 3261 §14.1: never while another INVITE of this dialog is open in either direction.
      while (this.#state === 'up' && this.#session.theirsIsOpen()) await this.#pause(GIVE_UP_MS)
      if (this.#state !== 'up') return { status: 481 }
      const sdp = describe()
      this.#open = true
      const reply = await this.#reinvite(sdp)
      this.#open = false
      if (reply.response && reply.status < 300) return this.#accepted(sdp, reply.response)
      this.#judge(reply)
      if (!this.#isUp() || attempt === ATTEMPTS_MAX) return { status: reply.status }
      if (reply.status === 491) await this.#pause(glarePauseMs(this.#session.ownsCallId))
      else if (reply.status !== 422 || !this.#learnInterval(reply)) return { status: reply.status }
    }
  }

  /** Read anew after every wait. */
  #isUp(): boolean {
    return this.#state === 'up'
  }

  async #reinvite(sdp: string | undefined): Promise<Reply> {
    const { seconds } = this.#timer
    const timer = seconds === undefined ? [] : askInterval(seconds, { refresher: 'uac', leastSeconds: this.#leastSeconds })
    return await this.#session.requests.invite({
      headers: [['Contact', this.#session.contact], ['Allow', allowedMethods], ['Supported', 'timer'], ...timer],
      sdp,
      answer: (offer) => this.#session.answer(offer),
    })
  }

  #accepted(sdp: string | undefined, response: NonNullable<Reply['response']>): OfferResult {
    this.learnMethods(response.headers)
    this.agree(sessionExpiresOf(response.headers), true)
    const remote = sdpOf(response)
    this.#session.onAccepted(sdp, remote)
    return { status: response.status, sdp: remote }
  }

  /** By UPDATE where that works, else by a re-INVITE that changes nothing. What is left of the interval is the limit of both. */
  async #refresh(): Promise<void> {
    const { seconds } = this.#timer
    if (seconds === undefined) return
    if (this.#updateAllowed) {
      const asked = askInterval(seconds, { refresher: 'uac', leastSeconds: this.#leastSeconds })
      const headers = [['Contact', this.#session.contact], ['Supported', 'timer'], ...asked] as const
      const waitMs = Math.min((seconds * 1_000) / 12, GIVE_UP_MS)
      const reply = await Promise.race([this.#session.requests.send('UPDATE', headers), this.#pause(waitMs)])
      if (reply?.response && reply.status < 300) return this.agree(sessionExpiresOf(reply.response.headers), true)
      // An UPDATE that gets no answer may only be unknown on the way; the re-INVITE will tell.
      if (reply && reply.status !== 408) this.#judge(reply)
      if (!this.#isUp()) return
      if (reply?.status === 422) this.#learnInterval(reply)
      else this.#updateAllowed = false
    }
    await this.send(() => this.#session.localSdp())
  }

  /** RFC 3261 §12.2.1.2, RFC 5057: some refusals mean that the far end no longer knows the call, or no longer is. */
  #judge(reply: Reply): void {
    const reason = deathOf(reply)
    if (reason !== undefined && this.#isUp()) this.#session.onDead(reason)
  }

  /** False when the 422 does not say what would do. */
  #learnInterval(reply: Reply): boolean {
    const least = reply.response && minSeOf(reply.response.headers)
    if (least === undefined || this.#timer.seconds === undefined || least <= this.#timer.seconds) return false
    this.#leastSeconds = least
    this.#timer.restart(least, true)
    return true
  }

  /** Resolves after that time, or when woken. */
  #pause(ms: number): Promise<undefined> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakes.delete(wake)
        cancel()
        resolve(undefined)
      }
      const cancel = this.#session.context.clock.after(ms, wake)
      this.#wakes.add(wake)
    })
  }
}

function deathOf({ status, response }: Reply): string | undefined {
  if (status === 481) return 'the far end no longer knows the call'
  if (status === 408) return 'the far end does not answer'
  // It made an offer with nothing for us where no refusal is possible: there is no stream any more.
  return status === 488 && !response ? 'no codec in common' : undefined
}

/** RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms. */
function glarePauseMs(ownsCallId: boolean): number {
  return 10 * (ownsCallId ? randomInt(210, 401) : randomInt(0, 201))
}
