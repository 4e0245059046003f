// Knows the INVITEs of one call that we place: to which address, with which credentials, and again after which refusals.
// Does not know what state the call is in.
import type { CallContext } from './call-context.ts'
import type { ClientTransaction } from './client-transaction.ts'
import { DigestClient } from './digest.ts'
import { inviteRequest, type Invitation, type InviteOptions } from './invitation.ts'
import type { LocalFailure } from './leg.ts'
import type { ReceivedResponse } from './message.ts'
import { shouldTryNext } from './resolve.ts'
import { minSeOf } from './session-timer.ts'
import type { Peer } from './transport.ts'

/** How an attempt ended. */
export type Final = { status: number; reason: string; q850?: number | undefined; retryAfterMs?: number | undefined }

export type AttemptHandlers = {
  /** `newest`: it answers the last INVITE that was sent. */
  onResponse(response: ReceivedResponse, newest: boolean): void
  /** Nothing came, or nothing could be sent. */
  onUnreachable(final: Final, why: 'timeout' | 'transport'): void
}

/** INVITEs to one address. */
const ATTEMPTS_MAX = 4
/** Of what the system says about a message that could not be sent, such as a certificate for another name. */
const REASON_LENGTH_MAX = 200

export class InviteAttempts {
  readonly #context: CallContext
  readonly #options: InviteOptions
  readonly #invitation: Invitation
  readonly #call: { readonly callId: string; readonly localTag: string }
  #target: Peer
  #contact: string
  #digest: DigestClient | undefined
  #failovers = 0
  /** To the present target. */
  #count = 0
  #cseq = 0
  #newest: ClientTransaction | undefined
  /** The session interval a 422 asked for. */
  #leastSeconds: number | undefined
  /** Set when a provisional above 100 came: a phone may have rung, so no other address is tried. */
  rang = false

  constructor(context: CallContext, options: InviteOptions, invitation: Invitation, call: { readonly callId: string; readonly localTag: string }) {
    this.#context = context
    this.#options = options
    this.#invitation = invitation
    this.#call = call
    this.#target = options.target
    this.#contact = invitation.contact
    this.#digest = options.credentials && new DigestClient(options.credentials)
  }

  /** Where the newest INVITE went, or the next one will go. */
  get target(): Peer {
    return this.#target
  }

  /** Ours, as that target can reach it. */
  get contact(): string {
    return this.#contact
  }

  get digest(): DigestClient | undefined {
    return this.#digest
  }

  get newest(): ClientTransaction | undefined {
    return this.#newest
  }

  /** Errors: OverloadedError; then nothing was sent. */
  send(handlers: AttemptHandlers): void {
    this.#cseq += 1
    this.#count += 1
    const { callId, localTag } = this.#call
    const request = inviteRequest({ ...this.#invitation, contact: this.#contact }, {
      callId,
      localTag,
      cseq: this.#cseq,
      product: this.#context.product,
      credentials: this.#digest?.authorize('INVITE', this.#invitation.requestUri) ?? [],
      leastSeconds: this.#leastSeconds,
    })
    const cseq = this.#cseq
    const isLast = this.#options.alternatives?.[this.#failovers] === undefined
    this.#newest = this.#context.transactions.request(
      request,
      this.#target,
      {
        onResponse: (response) => handlers.onResponse(response, cseq === this.#cseq),
        onTimeout: () => handlers.onUnreachable({ status: 408, reason: 'No response' }, 'timeout'),
        onTransportError: (error) => {
          this.#context.log.warn({ callId, error: error.message }, 'INVITE could not be sent')
          handlers.onUnreachable({ status: 503, reason: `Not sent: ${error.message.slice(0, REASON_LENGTH_MAX)}` }, 'transport')
        },
      },
      { silenceMsMax: isLast ? undefined : this.#invitation.silenceMsMax },
    )
  }

  /** True when the refusal says what would do, and that was not tried too often. */
  learn(response: ReceivedResponse): boolean {
    if (this.#count >= ATTEMPTS_MAX) return false
    if (response.status === 401 || response.status === 407) return this.#digest?.learn(response.headers) === true
    if (response.status !== 422) return false
    const least = minSeOf(response.headers)
    if (least === undefined || this.#invitation.sessionSeconds === 0 || least <= (this.#leastSeconds ?? 0)) return false
    this.#leastSeconds = least
    return true
  }

  /** True when the address is dead, no phone can have rung, and there is another one, which is next now (RFC 3263 §4.3). */
  turnToNext(status: number, local: LocalFailure): boolean {
    const next = this.#options.alternatives?.[this.#failovers]
    if (next === undefined || !shouldTryNext({ status, local, provisional: this.rang })) return false
    this.#context.log.info({ callId: this.#call.callId, status, target: next.address }, 'INVITE goes to the next address')
    this.#failovers += 1
    this.#count = 0
    this.#target = next
    this.#contact = this.#context.contact(this.#invitation.contactUser, next.protocol)
    this.#digest = this.#options.credentials && new DigestClient(this.#options.credentials)
    return true
  }
}
