// Knows signed, short-lived addresses of recordings and what they open. Does not know calls or HTTP.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RecordingFiles, StoredAudio } from '../../dialer/recording-files.ts'
import type { Clock } from '../clock.ts'

export class RecordingLinks {
  readonly #files: RecordingFiles | undefined
  readonly #secret: string
  readonly #clock: Clock
  readonly #validMs: number

  /** `files` undefined: nothing is recorded here. `secret` must be the same on every node that serves the links. */
  constructor(deps: { files: RecordingFiles | undefined; secret: string; clock: Clock; validMs: number }) {
    this.#files = deps.files
    this.#secret = deps.secret
    this.#clock = deps.clock
    this.#validMs = deps.validMs
  }

  /** Value of `?token=` that opens one recording of one account without a key. */
  sign(accountId: string, callId: string): string {
    const expiresSec = Math.floor((this.#clock.nowMs() + this.#validMs) / 1_000)
    return `${accountId}.${expiresSec}.${this.#mac(accountId, callId, expiresSec)}`
  }

  /** Where a recording can be fetched with a token, below `baseUrl`. */
  address(baseUrl: string, accountId: string, callId: string, what: 'recording' | 'early_media' = 'recording'): string {
    return `${baseUrl}/api/v1/callinfo/${what}/${encodeURIComponent(callId)}?token=${this.sign(accountId, callId)}`
  }

  /** The account that the token speaks for; undefined when it is forged, for another call or too old. */
  verify(callId: string, token: string): string | undefined {
    const match = /^([0-9A-Za-z_-]{1,64})\.(\d{1,12})\.([0-9a-f]{64})$/.exec(token)
    if (!match) return undefined
    const [, accountId, expires, mac] = match
    const expected = this.#mac(accountId!, callId, Number(expires))
    if (!timingSafeEqual(Buffer.from(mac!), Buffer.from(expected))) return undefined
    return Number(expires) * 1_000 > this.#clock.nowMs() ? accountId : undefined
  }

  /** Whether a link to what the record names makes sense: it lies in the recordings folder or our bucket. */
  offers(recording: string): boolean {
    return this.#files?.offers(recording) ?? false
  }

  /** What the record names, when it is still there. Errors: ProviderError of the store. */
  async find(recording: string): Promise<StoredAudio | undefined> {
    return await this.#files?.find(recording)
  }

  #mac(accountId: string, callId: string, expiresSec: number): string {
    return createHmac('sha256', this.#secret).update(`recording\n${accountId}\n${callId}\n${expiresSec}`).digest('hex')
  }
}
