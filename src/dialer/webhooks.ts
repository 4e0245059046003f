// Knows how call reports leave the outbox: signed, tried again, at least once. Does not know what is in them.
// A table of our own rather than a job queue: the row must be written in the settlement transaction, and SKIP LOCKED is all that is missing.
import { createHmac } from 'node:crypto'
import type { Database } from '../db/connection.ts'
import { claimDeliveries, deliveriesChannel, deliveryFailed, deliverySucceeded, type Delivery } from '../db/webhook-deliveries.ts'
import { log } from '../log.ts'
import { Outbox } from './outbox.ts'
import { post } from './post.ts'
import type { WebhookSettings } from './settings.ts'

/** What came of an attempt. `final`: trying again cannot help. */
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
  readonly #outbox: Outbox<Delivery>
  readonly stats = { delivered: 0, failed: 0, dead: 0 }

  constructor(db: Database, settings: WebhookSettings, now: () => number) {
    this.#db = db
    this.#settings = settings
    this.#now = now
    this.#outbox = new Outbox({
      name: 'webhooks',
      db,
      channel: deliveriesChannel,
      pollMs: settings.pollMs,
      slots: settings.concurrencyMax,
      // Nobody else tries them for longer than an attempt can take.
      claim: (limit) => claimDeliveries(db.sql, { now: new Date(now()), againAt: new Date(now() + settings.timeoutMs * 2 + 10_000), limit }),
      send: (delivery, signal) => this.#deliver(delivery, signal),
    })
  }

  /** Errors: OverloadedError when the database is away. */
  start(): Promise<void> {
    return this.#outbox.start()
  }

  /** Cuts deliveries under way short; whoever starts next tries them again. */
  stop(): Promise<void> {
    return this.#outbox.stop()
  }

  /** Something may be due. Cheap to call. */
  wake(): void {
    this.#outbox.wake()
  }

  /** Resolves when nothing that is due now is left. */
  idle(): Promise<void> {
    return this.#outbox.idle()
  }

  async #deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const answer = await this.#post(delivery, signal)
    if (signal.aborted) return
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

  async #post({ id, url, payload, secret }: Delivery, signal: AbortSignal): Promise<Answer> {
    if (secret === null) return { ok: false, error: 'the account has no webhook any more', final: true }
    const { privateAllowed, timeoutMs, responseBytesMax } = this.#settings
    const body = JSON.stringify(payload)
    const headers = { 'user-agent': 'waihu-webhook/1', 'x-waihu-event-id': id, 'x-waihu-signature': signature(secret, body, this.#now()) }
    const answer = await post(url, body, { headers, timeoutMs, privateAllowed, answerBytesMax: responseBytesMax, signal })
    // The status says all we need.
    if (!answer.ok || (answer.status >= 200 && answer.status < 300)) return answer
    return { ok: false, error: `HTTP ${answer.status}`, final: answer.status === 410 }
  }
}
