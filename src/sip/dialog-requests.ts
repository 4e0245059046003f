// Knows how our requests inside a dialog are sent until answered: credentials, the ACK of a re-INVITE, limits. Does not know what they are for.
import type { CallContext } from './call-context.ts'
import { cancelRequest } from './invitation.ts'
import type { Dialog } from './dialog.ts'
import type { DigestClient } from './digest.ts'
import { sdpOf } from './message-body.ts'
import { emptyBody, type ReceivedResponse, type SipRequest } from './message.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'

type Header = readonly [name: string, value: string]

/** How a request of ours came out. Without `response` the status is ours: 408 when none came, 503 when nothing could be sent. */
export type Reply = { status: number; response?: ReceivedResponse | undefined }

/** A re-INVITE with our offer; without `sdp` it asks for theirs, and `answer` makes what the ACK carries (undefined: nothing fits). */
export type Reinvite = { headers: readonly Header[]; sdp: string | undefined; answer(offer: string): string | undefined }

const CHALLENGES_MAX = 3
/** Re-INVITEs whose 2xx may still come again. */
const ACKS_MAX = 4

export class DialogRequests {
  readonly #dialog: Dialog
  readonly #context: CallContext
  readonly #digest: DigestClient | undefined
  readonly #acks = new Map<number, () => void>()

  constructor(dialog: Dialog, context: CallContext, digest: DigestClient | undefined) {
    this.#dialog = dialog
    this.#context = context
    this.#digest = digest
  }

  /** Never rejects. */
  async send(method: string, headers: readonly Header[], body: Uint8Array = emptyBody): Promise<Reply> {
    return await this.#answeringChallenges(method, headers, body, (request) => this.#exchange(request))
  }

  /** Never rejects. Every copy of the 2xx is acknowledged; 488 without response: their offer had nothing for us. */
  async invite(reinvite: Reinvite): Promise<Reply> {
    const headers: Header[] = [...reinvite.headers]
    if (reinvite.sdp !== undefined) headers.push(['Content-Type', 'application/sdp'])
    const body = reinvite.sdp === undefined ? emptyBody : Buffer.from(reinvite.sdp, 'utf8')
    return await this.#answeringChallenges('INVITE', headers, body, (request) => this.#exchangeInvite(request, reinvite))
  }

  /** Sends the ACK of that re-INVITE again. False when it is none of ours. */
  repeatAck(cseq: number): boolean {
    const ack = this.#acks.get(cseq)
    ack?.()
    return ack !== undefined
  }

  async #answeringChallenges(method: string, headers: readonly Header[], body: Uint8Array, exchange: (request: SipRequest) => Promise<Reply>): Promise<Reply> {
    for (let attempt = 1; ; attempt += 1) {
      const request = this.#dialog.request(method, [...headers, ['User-Agent', this.#context.product]], body)
      for (const [name, value] of this.#digest?.authorize(method, request.uri) ?? []) request.headers.add(name, value)
      const reply = await exchange(request)
      if (!reply.response) return reply
      const challenged = reply.status === 401 || reply.status === 407
      if (!challenged) this.#digest?.passed()
      if (!challenged || attempt === CHALLENGES_MAX || this.#digest?.learn(reply.response.headers) !== true) return reply
    }
  }

  #exchange(request: SipRequest): Promise<Reply> {
    return new Promise((resolve) => {
      this.#context.transactions.request(
        request,
        this.#dialog.hop(),
        {
          onResponse: (response) => response.status >= 200 && resolve({ status: response.status, response }),
          onTimeout: () => resolve({ status: 408 }),
          onTransportError: () => resolve({ status: 503 }),
        },
        { inDialog: true },
      )
    })
  }

  #exchangeInvite(request: SipRequest, reinvite: Reinvite): Promise<Reply> {
    return new Promise((resolve) => {
      const { transactions, clock } = this.#context
      const ignore = (): void => {}
      const transaction = transactions.request(
        request,
        this.#dialog.hop(),
        {
          onResponse: (response) => {
            if (response.status < 200) return
            cancelLimit()
            const fits = response.status >= 300 || this.#acknowledge(request, response, reinvite)
            resolve(fits ? { status: response.status, response } : { status: 488 })
          },
          onTimeout: () => done({ status: 408 }),
          onTransportError: () => done({ status: 503 }),
        },
        { inDialog: true },
      )
      // A far end that only says 100 would keep it open for ever.
      const cancelLimit = clock.after(GIVE_UP_MS + 1, () => {
        transactions.request(
          cancelRequest(transaction.request, undefined),
          transaction.peer,
          { onResponse: ignore, onTimeout: ignore, onTransportError: ignore },
          { branch: transaction.branch, inDialog: true },
        )
        clock.after(GIVE_UP_MS, () => transaction.giveUp())
        resolve({ status: 408 })
      })
      const done = (reply: Reply): void => {
        cancelLimit()
        resolve(reply)
      }
    })
  }

  /** False when the 2xx brought an offer that nothing of ours fits; it is acknowledged all the same. */
  #acknowledge(request: SipRequest, response: ReceivedResponse, reinvite: Reinvite): boolean {
    const { cseq } = response.envelope
    if (this.repeatAck(cseq)) return true
    this.#dialog.refreshTarget(response.headers)
    const headers: Header[] = [...request.headers].filter(([name]) => name === 'Authorization' || name === 'Proxy-Authorization')
    const offer = reinvite.sdp === undefined ? sdpOf(response) : undefined
    const answer = offer === undefined ? undefined : reinvite.answer(offer)
    if (answer !== undefined) headers.push(['Content-Type', 'application/sdp'])
    const ack = this.#dialog.ack(cseq, headers, answer === undefined ? emptyBody : Buffer.from(answer, 'utf8'))
    if (this.#acks.size === ACKS_MAX) for (const oldest of this.#acks.keys()) if (this.#acks.size === ACKS_MAX) this.#acks.delete(oldest)
    this.#acks.set(cseq, this.#context.transactions.sendAck(ack, this.#dialog.hop()))
    return reinvite.sdp !== undefined || answer !== undefined
  }
}
