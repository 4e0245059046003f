// Knows digest authentication (RFC 7616, RFC 8760): its hash, and the client's side. Does not know calls; keeps the password in memory only.
import { createHash, randomBytes } from 'node:crypto'
import { toWire, type SipHeaders } from './message.ts'

export type Credentials = { username: string; password: string }

export type Algorithm = 'MD5' | 'MD5-SESS' | 'SHA-256' | 'SHA-256-SESS'
/** Better first (RFC 8760 §2.4). */
const algorithms: readonly Algorithm[] = ['SHA-256', 'SHA-256-SESS', 'MD5', 'MD5-SESS']

export type Challenge = {
  realm: string
  nonce: string
  opaque: string | undefined
  algorithm: Algorithm
  /** As the peer wrote it, to be echoed; undefined when it wrote none. */
  algorithmText: string | undefined
  /** False for the form without qop (RFC 2069). */
  qopAuth: boolean
  stale: boolean
}

/** The fields of a challenge or of its answer, names in lower case, quoted values still escaped. Undefined when it is not Digest. */
export function digestFields(value: string): ReadonlyMap<string, string> | undefined {
  if (!/^Digest\s/i.test(value)) return undefined
  const fields = new Map<string, string>()
  for (const match of value.slice(7).matchAll(/([\w-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))/g)) {
    const name = match[1]!.toLowerCase()
    if (!fields.has(name)) fields.set(name, match[2] ?? match[3]!)
  }
  return fields
}

/** Undefined when it is not Digest, lacks realm or nonce, or asks for an algorithm or protection we do not speak. Quoted values stay escaped. */
export function parseChallenge(value: string): Challenge | undefined {
  const fields = digestFields(value)
  if (!fields) return undefined
  const realm = fields.get('realm')
  const nonce = fields.get('nonce')
  const algorithmText = fields.get('algorithm')
  const algorithm = algorithms.find((known) => known === (algorithmText ?? 'MD5').toUpperCase())
  const qop = fields.get('qop')?.toLowerCase().split(',').map((option) => option.trim())
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined
  if (qop !== undefined && !qop.includes('auth')) return undefined
  return { realm, nonce, opaque: fields.get('opaque'), algorithm, algorithmText, qopAuth: qop !== undefined, stale: /^true$/i.test(fields.get('stale') ?? '') }
}

export type DigestInput = Credentials & {
  algorithm: Algorithm
  realm: string
  nonce: string
  method: string
  uri: string
  /** Undefined for the form without qop (RFC 2069); `nc` as it is written. */
  qop: { nc: string; cnonce: string } | undefined
  /** For the -SESS algorithms, also without qop. */
  cnonce: string
}

/** The `response` value. Pure: RFC 7616 §3.4.1. */
export function digestHash(p: DigestInput): string {
  const hash = (text: string): string => createHash(p.algorithm.startsWith('SHA-256') ? 'sha256' : 'md5').update(text, 'utf8').digest('hex')
  let secret = hash(`${p.username}:${p.realm}:${p.password}`)
  if (p.algorithm.endsWith('-SESS')) secret = hash(`${secret}:${p.nonce}:${p.cnonce}`)
  const asked = hash(`${p.method}:${p.uri}`)
  if (!p.qop) return hash(`${secret}:${p.nonce}:${asked}`)
  return hash(`${secret}:${p.nonce}:${p.qop.nc}:${p.qop.cnonce}:auth:${asked}`)
}

/** What answers a challenge. `count` is nc, from 1. */
export function digestResponse(p: Credentials & { challenge: Challenge; method: string; uri: string; cnonce: string; count: number }): string {
  const { challenge, cnonce, count, ...rest } = p
  const { algorithm, realm, nonce, qopAuth } = challenge
  return digestHash({ ...rest, algorithm, realm, nonce, cnonce, qop: qopAuth ? { nc: nc(count), cnonce } : undefined })
}

const nc = (count: number): string => count.toString(16).padStart(8, '0')

const REALMS_MAX = 8

/** What one call knows about the doors it has to pass: the newest challenge of each realm, at the proxy and at the far end. */
export class DigestClient {
  readonly #credentials: Credentials
  readonly #open = new Map<string, { proxy: boolean; challenge: Challenge; count: number; cnonce: string; passed: boolean }>()

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /**
   * Takes in the challenges of a 401 or 407. True when trying again makes sense: a realm asks for the first time,
   * or says that only the nonce was stale, or let us pass before and now wants a new nonce. False when the password was refused or nothing can be answered.
   */
  learn(headers: SipHeaders): boolean {
    let retry = false
    for (const proxy of [false, true]) {
      const offered = headers.all(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate').map(parseChallenge)
      const byRealm = Map.groupBy(
        offered.filter((challenge) => challenge !== undefined),
        (challenge) => challenge.realm,
      )
      for (const [realm, choices] of byRealm) {
        const challenge = choices.toSorted((a, b) => algorithms.indexOf(a.algorithm) - algorithms.indexOf(b.algorithm))[0]!
        const key = `${proxy ? 'proxy' : 'end'} ${realm}`
        const known = this.#open.get(key)
        if (known && !known.passed && !challenge.stale) return false
        if (!known && this.#open.size === REALMS_MAX) return false
        this.#open.set(key, { proxy, challenge, count: 0, cnonce: randomBytes(8).toString('hex'), passed: false })
        retry = true
      }
    }
    return retry
  }

  /** A request was answered with something other than a challenge, so the password is right. */
  passed(): void {
    for (const door of this.#open.values()) door.passed = true
  }

  /** Headers that answer every challenge known so far, for a request of that method and URI. */
  authorize(method: string, uri: string): [string, string][] {
    return [...this.#open.values()].map((door) => {
      door.count += 1
      const { challenge, cnonce, count } = door
      const response = digestResponse({ ...this.#credentials, challenge, method, uri, cnonce, count })
      const fields = [
        `username="${toWire('username', this.#credentials.username).replace(/[\\"]/g, '\\$&')}"`,
        `realm="${challenge.realm}"`,
        `nonce="${challenge.nonce}"`,
        `uri="${uri}"`,
        `response="${response}"`,
      ]
      if (challenge.algorithmText !== undefined) fields.push(`algorithm=${challenge.algorithmText}`)
      if (challenge.opaque !== undefined) fields.push(`opaque="${challenge.opaque}"`)
      if (challenge.qopAuth) fields.push('qop=auth', `nc=${nc(count)}`, `cnonce="${cnonce}"`)
      else if (challenge.algorithm.endsWith('-SESS')) fields.push(`cnonce="${cnonce}"`)
      return [door.proxy ? 'Proxy-Authorization' : 'Authorization', `Digest ${fields.join(', ')}`]
    })
  }
}
