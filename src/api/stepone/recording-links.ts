// Knows signed, short-lived addresses of recordings and where the files may lie. Does not know calls or HTTP.
import { createHmac, timingSafeEqual } from 'node:crypto'
import path from 'node:path'
import type { Clock } from '../clock.ts'

export class RecordingLinks {
  readonly #dir: string | undefined
  readonly #secret: string
  readonly #clock: Clock
  readonly #validMs: number

  /** `dir` undefined: nothing is recorded here. `secret` must be the same on every node that serves the links. */
  constructor(deps: { dir: string | undefined; secret: string; clock: Clock; validMs: number }) {
    this.#dir = deps.dir === undefined ? undefined : path.resolve(deps.dir)
    this.#secret = deps.secret
    this.#clock = deps.clock
    this.#validMs = deps.validMs
  }

  /** Value of `?token=` that opens one recording of one account without a key. */
  sign(accountId: string, callId: string): string {
    const expiresSec = Math.floor((this.#clock.nowMs() + this.#validMs) / 1_000)
    return `${accountId}.${expiresSec}.${this.#mac(accountId, callId, expiresSec)}`
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

  /** Absolute path of a recording as the record names it; undefined when it lies outside the recordings folder. */
  fileOf(recording: string): string | undefined {
    if (this.#dir === undefined) return undefined
    const file = path.resolve(this.#dir, recording)
    return file.startsWith(this.#dir + path.sep) ? file : undefined
  }

  #mac(accountId: string, callId: string, expiresSec: number): string {
    return createHmac('sha256', this.#secret).update(`recording\n${accountId}\n${callId}\n${expiresSec}`).digest('hex')
  }
}
