// Knows one REFER of ours and the NOTIFYs about it (RFC 3515). Does not know dialogs or why the call is transferred.
import type { Cancel, Clock } from './clock.ts'
import type { TransferOptions, TransferResult } from './leg.ts'
import type { ReceivedRequest } from './message.ts'

/** How long we wait for the far end to tell the outcome. */
export const TRANSFER_MS_MAX = 60_000

export class Transfer {
  readonly result: Promise<TransferResult>
  readonly #resolve: (result: TransferResult) => void
  readonly #onProgress: ((status: number) => void) | undefined
  readonly #cancelLimit: Cancel
  #status = 0

  constructor(clock: Clock, options: TransferOptions) {
    const { promise, resolve } = Promise.withResolvers<TransferResult>()
    this.result = promise
    this.#resolve = resolve
    this.#onProgress = options.onProgress
    this.#cancelLimit = clock.after(options.msMax ?? TRANSFER_MS_MAX, () => this.end())
  }

  /** The final response to the REFER itself. A far end may have told more by NOTIFY before. */
  accepted(status: number): void {
    if (status >= 300) this.#finish({ outcome: 'refused', status })
  }

  /** A NOTIFY whose event is refer. */
  notified(request: ReceivedRequest): void {
    const status = sipfragStatus(request)
    if (status !== undefined) {
      this.#status = status
      this.#onProgress?.(status)
      if (status >= 200) return this.#finish({ outcome: status < 300 ? 'connected' : 'failed', status })
    }
    if (/^\s*terminated\b/i.test(request.headers.get('Subscription-State') ?? '')) this.end()
  }

  /** Nothing more will be heard. */
  end(): void {
    this.#finish({ outcome: 'unknown', status: this.#status })
  }

  #finish(result: TransferResult): void {
    this.#cancelLimit()
    this.#resolve(result)
  }
}

export function isReferEvent(request: ReceivedRequest): boolean {
  return /^\s*refer\s*(;|$)/i.test(request.headers.get('Event') ?? '')
}

/** The status line that a message/sipfrag body begins with (RFC 3420). */
function sipfragStatus(request: ReceivedRequest): number | undefined {
  if (!/^\s*message\/sipfrag\b/i.test(request.headers.get('Content-Type') ?? '')) return undefined
  const status = /^\s*SIP\/2\.0\s+([1-6]\d\d)\b/i.exec(Buffer.from(request.body.subarray(0, 256)).toString('latin1'))?.[1]
  return status === undefined ? undefined : Number(status)
}
