// Knows how call reports leave the outbox: signed, tried again, at least once. Does not know what is in them.
// A table of our own rather than a job queue: the row must be written in the settlement transaction, and SKIP LOCKED is all that is missing.
import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { claimDeliveries, deliveriesChannel, deliveryFailed, deliverySucceeded, type Delivery } from '../db/webhook-deliveries.ts'
import { log } from '../log.ts'
import { isPrivateAddress, publicOnly } from '../public-address.ts'
import type { WebhookSettings } from './settings.ts'

/** What came back: a status, or why none did. */
type Answer = { ok: true } | { ok: false; error: string; final: boolean }

/**
 * `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. Receivers compute the same and refuse old times, so that a recorded report cannot
 * be played again.
 */
export function signature(secret: string, body: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1_000)
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`
}

export class Webhooks {
  readonly #db: Database
  readonly #settings: WebhookSettings
  readonly #now: () => number
  readonly #closing = new AbortController()
  #working: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined
  readonly stats = { delivered: 0, failed: 0, dead: 0 }

  constructor(db: Database, settings: WebhookSettings, now: () => number) {
    this.#db = db
    this.#settings = settings
    this.#now = now
  }

  /** Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    const wake = (): void => this.wake()
    this.#unlisten = await this.#db.listen(deliveriesChannel, { onNotify: wake, onReconnect: wake })
    this.#timer = setInterval(wake, this.#settings.pollMs).unref()
    wake()
  }

  /** Cuts deliveries under way short; whoever starts next tries them again. */
  async stop(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer)
    await this.#unlisten?.()
    await this.#working
  }

  /** Something may be due. Cheap to call. */
  wake(): void {
    if (this.#closing.signal.aborted) return
    this.#again = true
    this.#working ??= this.#work().finally(() => (this.#working = undefined))
  }

  /** Resolves when nothing that is due now is left. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working
  }

  async #work(): Promise<void> {
    try {
      while (this.#again && !this.#closing.signal.aborted) {
        this.#again = false
        const nowMs = this.#now()
        const due = await claimDeliveries(this.#db.sql, {
          now: new Date(nowMs),
          // Longer than an attempt can take.
          againAt: new Date(nowMs + this.#settings.timeoutMs * 2 + 10_000),
          limit: this.#settings.concurrencyMax,
        })
        if (due.length === this.#settings.concurrencyMax) this.#again = true
        await Promise.all(due.map((delivery) => this.#deliver(delivery)))
      }
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'webhook deliveries could not be read, trying again')
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const answer = await this.#post(delivery)
    if (this.#closing.signal.aborted) return
    const now = new Date(this.#now())
    if (answer.ok) {
      this.stats.delivered += 1
      await deliverySucceeded(this.#db.sql, delivery.id, now)
      return
    }
    const waitMs = answer.final ? undefined : this.#settings.backoffMs[delivery.attempts - 1]
    this.stats[waitMs === undefined ? 'dead' : 'failed'] += 1
    log.info({ delivery: delivery.id, attempts: delivery.attempts, error: answer.error, dead: waitMs === undefined }, 'a webhook did not take a report')
    await deliveryFailed(this.#db.sql, {
      id: delivery.id,
      attempts: delivery.attempts,
      error: answer.error,
      againAt: waitMs === undefined ? undefined : new Date(now.getTime() + waitMs),
      now,
    })
  }

  /** One attempt. Follows no redirect: the report is meant for the address that the account named. */
  #post(delivery: Delivery): Promise<Answer> {
    const url = URL.parse(delivery.url)
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return Promise.resolve(never('not an http address'))
    if (delivery.secret === null) return Promise.resolve(never('the account has no webhook any more'))
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const { privateAllowed, timeoutMs, responseBytesMax } = this.#settings
    // A name is judged by what it resolves to, in the lookup below; an address is never looked up.
    if (!privateAllowed && isIP(host) !== 0 && isPrivateAddress(host)) return Promise.resolve(never('a private address is not allowed'))
    const body = JSON.stringify(delivery.payload)
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)])
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve) => {
      const request = send(url, {
        method: 'POST',
        signal,
        agent: false,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'waihu-webhook/1',
          'x-waihu-event-id': delivery.id,
          'x-waihu-signature': signature(delivery.secret!, body, this.#now()),
        },
        ...(privateAllowed ? {} : { lookup: publicOnly }),
      })
      request.on('response', (response) => {
        const status = response.statusCode ?? 0
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          // The status says all we need; nobody feeds us a stream.
          if (bytes > responseBytesMax) response.destroy()
        })
        response.on('error', () => undefined)
        response.on('close', () => {
          if (status >= 200 && status < 300) resolve({ ok: true })
          else resolve({ ok: false, error: `HTTP ${status}`, final: status === 410 })
        })
      })
      request.on('error', (error) => {
        const timedOut = error.name === 'TimeoutError' || signal.aborted
        resolve({ ok: false, error: timedOut ? `no answer within ${timeoutMs} ms` : shorten(error.message), final: false })
      })
      request.end(body)
    })
  }
}

/** Trying again cannot help. */
function never(error: string): Answer {
  return { ok: false, error, final: true }
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
