// Knows which signed requests were seen before, over all processes. Does not know how they are signed.
import { createHash } from 'node:crypto'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { forgetNonces, useNonces } from '../db/used-nonces.ts'
import { OverloadedError } from '../errors.ts'
import { log } from '../log.ts'

export const nonceDefaults = {
  /** Longer than a request can be too old or too new together: a nonce that is forgotten belongs to a request that its clock condemns. */
  keptMs: 2 * 15 * 60_000 + 60_000,
  forgetEveryMs: 60_000,
  /** Written together with one commit. */
  batchMax: 500,
  /** More that wait are refused: the database does not keep up. */
  waitingMax: 20_000,
  /** How long a request waits for a database that is away. */
  databaseMsMax: 3_000,
} as const

type Waiting = { digest: Buffer; requestId: string; done: PromiseWithResolvers<boolean> }

/**
 * Each nonce of a key is good for once. Requests that arrive together share one commit, which is what lets a thousand a second be
 * remembered durably on a small machine.
 */
export class NonceBook {
  readonly #db: Database
  readonly #now: () => number
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #forgetting: NodeJS.Timeout | undefined

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
  }

  start(): void {
    this.#forgetting ??= setInterval(() => void this.forget(), nonceDefaults.forgetEveryMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#forgetting)
    await this.#writing
  }

  /**
   * True when it is this request's, durably; false when another one had it. `requestId`: a UUID of our own.
   * Errors: OverloadedError while the database is away.
   */
  use(keyId: string, nonce: string, requestId: string): Promise<boolean> {
    if (this.#waiting.length >= nonceDefaults.waitingMax) throw new OverloadedError('服务繁忙，请稍后重试', 1_000)
    const digest = createHash('sha256').update(`${keyId}\n${nonce}`).digest()
    const done = Promise.withResolvers<boolean>()
    // As the database writes it back.
    this.#waiting.push({ digest, requestId: requestId.toLowerCase(), done })
    this.#writing ??= this.#write()
    return done.promise
  }

  /** Drops what no clock allows any more. Never throws: the next minute does the same. */
  async forget(): Promise<void> {
    try {
      await forgetNonces(this.#db.sql, new Date(this.#now() - nonceDefaults.keptMs))
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'used nonces could not be dropped')
    }
  }

  /** Those that wait at the next turn of the event loop go together; those that come meanwhile go next. */
  async #write(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, nonceDefaults.batchMax)
      try {
        // Trying again is safe: a nonce that is remembered for the same request is still its own.
        const ours = new Set(await this.#db.retry('remember nonces', () => useNonces(this.#db.sql, firstOfEach(batch), new Date(this.#now())), { withinMs: nonceDefaults.databaseMsMax }))
        for (const { requestId, done } of batch) done.resolve(ours.has(requestId))
      } catch (error) {
        for (const { done } of batch) done.reject(error)
      }
    }
    // Not in a later microtask: whoever was just answered may already be back with another nonce.
    this.#writing = undefined
  }
}

/** An insert must not meet the same nonce twice; of twins the first counts. */
function firstOfEach(batch: readonly Waiting[]): Waiting[] {
  return [...new Map(batch.toReversed().map((one) => [one.digest.toString('latin1'), one])).values()]
}
