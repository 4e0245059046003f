// Knows which signed requests were seen before, over all processes. Does not know how they are signed.
import { createHash } from 'node:crypto'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { MicroBatch } from '../db/micro-batch.ts'
import { forgetNonces, useNonces } from '../db/used-nonces.ts'
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

type Used = { digest: Buffer; requestId: string }

/**
 * Each nonce of a key is good for once. Requests that arrive together share one commit, which is what lets a thousand a second be
 * remembered durably on a small machine.
 */
export class NonceBook {
  readonly #db: Database
  readonly #now: () => number
  readonly #batch: MicroBatch<Used, boolean>
  #forgetting: NodeJS.Timeout | undefined

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db
    this.#now = now
    this.#batch = new MicroBatch({ itemsMax: nonceDefaults.batchMax, waitingMax: nonceDefaults.waitingMax, trip: (used) => this.#remember(used) })
  }

  start(): void {
    this.#forgetting ??= setInterval(() => void this.forget(), nonceDefaults.forgetEveryMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#forgetting)
    await this.#batch.idle()
  }

  /**
   * True when it is this request's, durably; false when another one had it. `requestId`: a UUID of our own.
   * Errors: OverloadedError while the database is away.
   */
  use(keyId: string, nonce: string, requestId: string): Promise<boolean> {
    const digest = createHash('sha256').update(`${keyId}\n${nonce}`).digest()
    // As the database writes it back.
    return this.#batch.add({ digest, requestId: requestId.toLowerCase() })
  }

  /** Drops what no clock allows any more. Never throws: the next minute does the same. */
  async forget(): Promise<void> {
    try {
      await forgetNonces(this.#db.sql, new Date(this.#now() - nonceDefaults.keptMs))
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'used nonces could not be dropped')
    }
  }

  async #remember(used: readonly Used[]): Promise<(() => boolean)[]> {
    // Trying again is safe: a nonce that is remembered for the same request is still its own.
    const ours = new Set(await this.#db.retry('remember nonces', () => useNonces(this.#db.sql, firstOfEach(used), new Date(this.#now())), { withinMs: nonceDefaults.databaseMsMax }))
    return used.map(({ requestId }) => () => ours.has(requestId))
  }
}

/** An insert must not meet the same nonce twice; of twins the first counts. */
function firstOfEach(used: readonly Used[]): Used[] {
  return [...new Map(used.toReversed().map((one) => [one.digest.toString('latin1'), one])).values()]
}
