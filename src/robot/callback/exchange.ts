// Asks a customer's callback server about one turn over HTTP: pooled connections, one deadline, bounded answers. Does not know what is asked or answered.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { isPrivateAddress, publicOnly } from '../../public-address.ts'
import type { CallbackServer } from './plan.ts'

/** `why`: for the customer who looks for the mistake. */
export type Exchanged = { ok: true; body: Buffer } | { ok: false; why: string }
type Attempt = { ok: true; body: Buffer } | { ok: false; why: string; retryable: boolean; /** A pooled connection that the server had closed in the meantime. */ stale?: boolean }

export const exchangeDefaults = {
  responseBytesMax: 64 << 10,
  /** To one server. More turns at once wait for a connection, within their own time. */
  connectionsMax: 256,
  idleConnectionsMax: 32,
  /** Before a second attempt; twice as long before the next. */
  retryAfterMs: 100,
} as const

/** One for all calls. */
export class CallbackExchange implements Disposable {
  readonly #privateAllowed: boolean
  readonly #limits: { [Name in keyof typeof exchangeDefaults]: number }
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly stats = { asked: 0, failed: 0, retried: 0 }

  constructor(options: { privateAllowed: boolean; limits?: Partial<{ [Name in keyof typeof exchangeDefaults]: number }> }) {
    this.#privateAllowed = options.privateAllowed
    this.#limits = { ...exchangeDefaults, ...options.limits }
    const pool = { keepAlive: true, maxSockets: this.#limits.connectionsMax, maxFreeSockets: this.#limits.idleConnectionsMax, scheduling: 'lifo' } as const
    this.#http = new HttpAgent(pool)
    this.#https = new HttpsAgent(pool)
  }

  /** `encoded`: percent-encoded pairs. Resolves within `server.timeoutMs`, sooner when `signal` is aborted. Follows no redirect. Never rejects. */
  async ask(server: CallbackServer, encoded: string, signal: AbortSignal): Promise<Exchanged> {
    this.stats.asked += 1
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), server.timeoutMs)
    try {
      const answer = await this.#ask(server, encoded, AbortSignal.any([signal, deadline.signal]))
      if (answer.ok) return answer
      this.stats.failed += 1
      return { ok: false, why: signal.aborted ? 'the call is over' : deadline.signal.aborted ? `no whole answer within ${server.timeoutMs} ms` : answer.why }
    } finally {
      clearTimeout(timer)
    }
  }

  [Symbol.dispose](): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  async #ask(server: CallbackServer, encoded: string, signal: AbortSignal): Promise<Attempt> {
    const url = URL.parse(server.url)
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return { ok: false, why: 'the callback address is no http address', retryable: false }
    const host = url.hostname.replace(/^\[|\]$/g, '')
    // A name is judged by what it resolves to, when it is connected to.
    if (!this.#privateAllowed && isIP(host) !== 0 && isPrivateAddress(host)) return { ok: false, why: 'the callback address is private, which is not allowed', retryable: false }
    let retries = 0
    let stale = false
    for (;;) {
      const answer = await this.#attempt(url, server.parameters, encoded, signal)
      if (answer.ok || signal.aborted) return answer
      // No policy is needed for a request that no server saw.
      if (answer.stale === true && !stale) {
        stale = true
        continue
      }
      if (!answer.retryable || retries >= server.retriesMax) return answer
      await pause(this.#limits.retryAfterMs * 2 ** retries, signal)
      retries += 1
      this.stats.retried += 1
    }
  }

  #attempt(url: URL, parameters: CallbackServer['parameters'], encoded: string, signal: AbortSignal): Promise<Attempt> {
    const target = new URL(url)
    if (parameters === 'query') target.search = target.search === '' ? encoded : `${target.search}&${encoded}`
    const body = parameters === 'form' ? encoded : ''
    const secure = target.protocol === 'https:'
    const { responseBytesMax } = this.#limits
    return new Promise((resolve) => {
      let request: ClientRequest
      let responded = false
      try {
        request = (secure ? httpsRequest : httpRequest)(target, {
          method: 'POST',
          signal,
          agent: secure ? this.#https : this.#http,
          headers: {
            ...(parameters === 'form' && { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }),
            'content-length': Buffer.byteLength(body),
            accept: 'application/json',
            'accept-encoding': 'identity',
            'user-agent': 'waihu-callback/1',
          },
          ...(!this.#privateAllowed && { lookup: publicOnly }),
        })
      } catch (error) {
        return resolve({ ok: false, why: messageOf(error), retryable: false })
      }
      request.on('response', (response) => {
        responded = true
        const status = response.statusCode ?? 0
        if (status < 200 || status > 299) {
          resolve({ ok: false, why: status >= 300 && status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`, retryable: status >= 500 || status === 429 })
          response.destroy()
          return
        }
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          chunks.push(chunk)
          if (bytes <= responseBytesMax) return
          resolve({ ok: false, why: `the answer is longer than ${responseBytesMax} bytes`, retryable: false })
          response.destroy()
        })
        response.on('end', () => resolve({ ok: true, body: Buffer.concat(chunks) }))
        response.on('error', (error) => resolve({ ok: false, why: `the answer broke off: ${messageOf(error)}`, retryable: true }))
        response.on('close', () => resolve({ ok: false, why: 'the answer broke off', retryable: true }))
      })
      request.on('error', (error) => resolve({ ok: false, why: messageOf(error), retryable: true, stale: request.reusedSocket && !responded && (error as NodeJS.ErrnoException).code === 'ECONNRESET' }))
      request.end(body)
    })
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

function messageOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  // Several addresses that all failed have no message of their own.
  return (message || code || 'the connection failed').slice(0, 200)
}
