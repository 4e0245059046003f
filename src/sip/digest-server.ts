// Knows digest authentication (RFC 7616) from the side that asks: challenges, nonces that age and are counted, and whether an answer is right.
// Does not know accounts or what is protected.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from './clock.ts'
import { digestFields, digestHash, type Algorithm } from './digest.ts'
import { fromWire, type SipHeaders } from './message.ts'

/** What we ask for. The older one is the only one that most gateways speak. */
export type ServerAlgorithm = Extract<Algorithm, 'MD5' | 'SHA-256'>

/** An answer to a challenge of ours, as it was written. */
export type DigestAnswer = {
  username: string
  nonce: string
  uri: string
  response: string
  algorithm: ServerAlgorithm
  /** Undefined for the form without qop (RFC 2069). */
  qop: { nc: string; cnonce: string } | undefined
}

/** `stale`: the answer may be right, but its nonce is too old, used up, or none of ours for that source; it is to be asked again. */
export type DigestVerdict = 'right' | 'wrong' | 'stale'

export const digestServerLimits = {
  /** A nonce may be used for so long. */
  nonceMsMax: 300_000,
  /** Nonces in use at once: one for each client that got in. */
  noncesMax: 20_000,
} as const

export class DigestServer {
  readonly realm: string
  readonly #algorithms: readonly ServerAlgorithm[]
  readonly #clock: Clock
  readonly #key = randomBytes(32)
  /** The highest count seen, by nonce; oldest first. Only right answers get in. */
  readonly #counts = new Map<string, { count: number; expiresAtMs: number }>()

  /** `algorithms`: in order of preference; many clients look at the first alone. */
  constructor(options: { realm: string; algorithms: readonly ServerAlgorithm[]; clock: Clock }) {
    this.realm = options.realm
    this.#algorithms = options.algorithms
    this.#clock = options.clock
  }

  /** Headers of a 401 to that source address. */
  challenge(source: string, stale: boolean): (readonly [string, string])[] {
    const nonce = this.#nonce(source)
    return this.#algorithms.map((algorithm) => [
      'WWW-Authenticate',
      `Digest realm="${this.realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`,
    ])
  }

  /** The answer for our realm, when there is one in a form that we asked for. */
  read(headers: SipHeaders): DigestAnswer | undefined {
    for (const value of headers.all('Authorization')) {
      const fields = digestFields(value)
      const [username, nonce, uri, response] = ['username', 'nonce', 'uri', 'response'].map((name) => fields?.get(name))
      const algorithm = this.#algorithms.find((known) => known === (fields?.get('algorithm') ?? 'MD5').toUpperCase())
      if (fields?.get('realm') !== this.realm || !algorithm || username === undefined || nonce === undefined || uri === undefined || response === undefined) continue
      const [qop, nc, cnonce] = ['qop', 'nc', 'cnonce'].map((name) => fields.get(name))
      if (qop !== undefined && (qop.toLowerCase() !== 'auth' || nc === undefined || !/^[0-9a-f]{1,8}$/i.test(nc) || cnonce === undefined)) continue
      return { username: fromWire(username.replace(/\\(.)/g, '$1')), nonce, uri: fromWire(uri), response, algorithm, qop: qop === undefined ? undefined : { nc: nc!, cnonce: fromWire(cnonce!) } }
    }
    return undefined
  }

  /** Whether `answer`, from that source, proves that password. A right one uses its count up. */
  verify(answer: DigestAnswer, p: { method: string; source: string; password: string }): DigestVerdict {
    const expiresAtMs = this.#expiryOf(answer.nonce, p.source)
    if (expiresAtMs === undefined || expiresAtMs <= this.#clock.nowMs()) return 'stale'
    const expected = digestHash({ ...answer, realm: this.realm, method: p.method, password: p.password, cnonce: answer.qop?.cnonce ?? '' })
    const given = answer.response.toLowerCase()
    if (given.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) return 'wrong'
    // Without counts an answer is good once.
    const count = answer.qop ? Number.parseInt(answer.qop.nc, 16) : 1
    const known = this.#counts.get(answer.nonce)
    if (known ? count <= known.count : !this.#hasRoom()) return 'stale'
    this.#counts.set(answer.nonce, { count, expiresAtMs })
    return 'right'
  }

  #hasRoom(): boolean {
    const nowMs = this.#clock.nowMs()
    for (const [nonce, { expiresAtMs }] of this.#counts) {
      if (expiresAtMs > nowMs && this.#counts.size < digestServerLimits.noncesMax) break
      if (expiresAtMs <= nowMs) this.#counts.delete(nonce)
      else return false // A count that is forgotten too early could be used again.
    }
    return true
  }

  // Nothing is kept for whoever only asks:  hex of   0: birth, ms (6)   6: random (8)   14: HMAC of both and the source (16)
  #nonce(source: string): string {
    const plain = Buffer.alloc(14)
    plain.writeUIntBE(Math.floor(this.#clock.nowMs()), 0, 6)
    plain.set(randomBytes(8), 6)
    return Buffer.concat([plain, this.#proof(plain, source)]).toString('hex')
  }

  #expiryOf(nonce: string, source: string): number | undefined {
    if (!/^[0-9a-f]{60}$/.test(nonce)) return undefined
    const bytes = Buffer.from(nonce, 'hex')
    const plain = bytes.subarray(0, 14)
    return timingSafeEqual(bytes.subarray(14), this.#proof(plain, source)) ? plain.readUIntBE(0, 6) + digestServerLimits.nonceMsMax : undefined
  }

  #proof(plain: Uint8Array, source: string): Uint8Array {
    return createHmac('sha256', this.#key).update(plain).update(source).digest().subarray(0, 16)
  }
}
