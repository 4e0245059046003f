// Knows how receipts leave their outbox: in batches, tried again, at least once, no address at the cost of another. Does not know what they say:
// the words are made when they are sent, by the face that the call came from. So what is owed is a few bytes in the transaction of the event, codes
// and names stay at that face, and what is sent late, or once more, is told as it is told today, with links that are good from now on.
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { claimReceipts, countWaiting, dueTargets, farBehind, forgetReceipts, giveUpBacklog, giveUpUnwanted, receiptsChannel, receiptsDelivered, receiptsFailed, type ClaimedReceipt, type ReceiptTarget } from '../db/receipts.ts'
import { log } from '../log.ts'
import { Outbox } from './outbox.ts'
import { receiptFacts, receiptId, type RenderReceipt } from './receipt-facts.ts'
import { ReceiptPost } from './receipt-post.ts'
import type { ReceiptSettings } from './settings.ts'

type Batch = { target: ReceiptTarget; receipts: readonly ClaimedReceipt[] }
/** How an address does: failures in a row, and when it may be tried again. */
type Standing = { failures: number; notBeforeMs: number }

const waitingCountMax = 100_000
const tidyBatch = 5_000

export class Receipts {
  readonly #db: Database
  readonly #render: RenderReceipt
  readonly #settings: ReceiptSettings
  readonly #now: () => number
  readonly #post: ReceiptPost
  readonly #outbox: Outbox<Batch>
  /** Addresses that are being posted to, and those that have failed. By `<account> <kind>`. */
  readonly #busy = new Set<string>()
  readonly #failing = new Map<string, Standing>()
  #aloneFirst = false
  #tidier: NodeJS.Timeout | undefined
  #tidying: Promise<void> | undefined
  readonly stats = { delivered: 0, failed: 0, dead: 0, backlog: 0, posts: 0 }

  constructor(deps: { db: Database; render: RenderReceipt; settings: ReceiptSettings; now?: (() => number) | undefined }) {
    this.#db = deps.db
    this.#render = deps.render
    this.#settings = deps.settings
    this.#now = deps.now ?? Date.now
    this.#post = new ReceiptPost(deps.settings)
    this.#outbox = new Outbox({
      name: 'receipts',
      db: deps.db,
      channel: receiptsChannel,
      pollMs: deps.settings.pollMs,
      slots: deps.settings.postsMax,
      claim: (slots) => this.#claim(slots),
      send: (batch, signal) => this.#send(batch, signal),
    })
  }

  /** Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    await this.#outbox.start()
    this.#tidier = setInterval(() => void this.tidy(), this.#settings.tidyMs).unref()
  }

  /** Cuts posts under way short; whoever starts next sends them again. */
  async stop(): Promise<void> {
    clearInterval(this.#tidier)
    await this.#outbox.stop()
    await this.#tidying
    this.#post[Symbol.dispose]()
  }

  wake(): void {
    this.#outbox.wake()
  }

  /** Resolves when nothing that is due now is left. */
  idle(): Promise<void> {
    return this.#outbox.idle()
  }

  /** How many wait to be sent, over all processes, up to a limit. Never rejects: NaN when nobody can tell. */
  waiting(): Promise<number> {
    return countWaiting(this.#db.sql, undefined, waitingCountMax).catch(() => Number.NaN)
  }

  /** Gives up backlogs and what has no address any more, forgets what is old. Never throws: the next time does the same. */
  async tidy(): Promise<void> {
    this.#tidying ??= this.#tidy().finally(() => (this.#tidying = undefined))
    await this.#tidying
  }

  async #claim(slots: number): Promise<Batch[]> {
    const nowMs = this.#now()
    for (const [name, { notBeforeMs }] of this.#failing) if (notBeforeMs + 60 * 60_000 < nowMs) this.#failing.delete(name)
    const paused = [...this.#failing].flatMap(([name, { notBeforeMs }]) => (notBeforeMs > nowMs ? [name] : []))
    const targets = await dueTargets(this.#db.sql, { now: new Date(nowMs), except: [...this.#busy, ...paused], limit: slots })
    const batches: Batch[] = []
    for (const target of targets) {
      try {
        const receipts = await this.#claimOf(target)
        if (receipts.length > 0) batches.push({ target, receipts })
      } catch (error) {
        // What was claimed before is sent.
        if (batches.length === 0) throw error
        break
      }
    }
    for (const { target } of batches) this.#busy.add(nameOf(target))
    return batches
  }

  /** A batch, or one that goes by itself; in turns, so that neither waits for the other for ever. */
  async #claimOf({ accountId, kind }: ReceiptTarget): Promise<ClaimedReceipt[]> {
    this.#aloneFirst = !this.#aloneFirst
    const { timeoutMs, batchMax } = this.#settings
    for (const alone of [this.#aloneFirst, !this.#aloneFirst]) {
      const now = this.#now()
      // Longer than an attempt can take.
      const claim = { accountId, kind, alone, now: new Date(now), againAt: new Date(now + timeoutMs * 2 + 10_000), limit: alone ? 1 : batchMax }
      const claimed = await claimReceipts(this.#db.sql, claim)
      if (claimed.length > 0) return claimed
    }
    return []
  }

  async #send({ target, receipts }: Batch, signal: AbortSignal): Promise<void> {
    try {
      const { sendable, broken } = await this.#rendered(receipts)
      if (broken.length > 0) await this.#fail(broken, { error: 'the receipt could not be made from its record', final: true, alone: false })
      if (sendable.length === 0) return
      this.stats.posts += 1
      const answer = await this.#post.handOver(target, sendable.map(({ record }) => record), sendable.map(({ receipt }) => receiptId(receipt)), this.#now(), signal)
      if (signal.aborted) return
      const sent = sendable.map(({ receipt }) => receipt)
      if (answer.ok) {
        this.#failing.delete(nameOf(target))
        this.stats.delivered += sent.length
        return await receiptsDelivered(this.#db.sql, sent, new Date(this.#now()))
      }
      this.#pause(target)
      log.info({ account: target.accountId, kind: target.kind, receipts: sent.length, error: answer.error }, 'a receiver did not take receipts')
      await this.#fail(sent, { error: answer.error, final: false, alone: answer.unreadable && sent.length > 1 })
    } finally {
      this.#busy.delete(nameOf(target))
    }
  }

  /** One record that cannot be told must not hold up those beside it. */
  async #rendered(receipts: readonly ClaimedReceipt[]): Promise<{ sendable: { receipt: ClaimedReceipt; record: Record<string, unknown> }[]; broken: ClaimedReceipt[] }> {
    const facts = await receiptFacts(this.#db.sql, receipts)
    const sendable: { receipt: ClaimedReceipt; record: Record<string, unknown> }[] = []
    const broken: ClaimedReceipt[] = []
    for (const [i, receipt] of receipts.entries()) {
      try {
        if (facts[i] === undefined) throw new Error('the call or its event is gone')
        sendable.push({ receipt, record: this.#render(facts[i]) })
      } catch (error) {
        log.error({ err: errorFacts(error), receipt: receiptId(receipt) }, 'a receipt could not be made')
        broken.push(receipt)
      }
    }
    return { sendable, broken }
  }

  async #fail(receipts: readonly ClaimedReceipt[], { error, final, alone }: { error: string; final: boolean; alone: boolean }): Promise<void> {
    const nowMs = this.#now()
    const failed = receipts.map((receipt) => {
      const waitMs = final ? undefined : this.#settings.backoffMs[receipt.attempts - 1]
      this.stats[waitMs === undefined ? 'dead' : 'failed'] += 1
      return { ...receipt, againAt: waitMs === undefined ? undefined : new Date(nowMs + waitMs) }
    })
    await receiptsFailed(this.#db.sql, { failed, error, alone, now: new Date(nowMs) })
  }

  /** A dead address costs one post in a while, however much is due to it. */
  #pause(target: ReceiptTarget): void {
    const failures = (this.#failing.get(nameOf(target))?.failures ?? 0) + 1
    const { pauseMs, pauseMsMax } = this.#settings
    this.#failing.set(nameOf(target), { failures, notBeforeMs: this.#now() + Math.min(pauseMsMax, pauseMs * 2 ** Math.min(failures - 1, 20)) })
  }

  async #tidy(): Promise<void> {
    const { backlogMax, keepDeadMs, keepDeliveredMs } = this.#settings
    const nowMs = this.#now()
    const now = new Date(nowMs)
    try {
      for (const target of await farBehind(this.#db.sql, backlogMax)) {
        let givenUp: number
        do {
          givenUp = await giveUpBacklog(this.#db.sql, target, { max: backlogMax, batch: tidyBatch, error: `more than ${backlogMax} receipts were waiting`, now })
          this.stats.backlog += givenUp
          this.stats.dead += givenUp
          if (givenUp > 0) log.warn({ account: target.accountId, kind: target.kind, receipts: givenUp }, 'a receiver is too far behind, receipts were given up')
        } while (givenUp === tidyBatch)
      }
      this.stats.dead += await giveUpUnwanted(this.#db.sql, { error: 'the account has no address for them any more', now, batch: tidyBatch })
      await forgetReceipts(this.#db.sql, { deliveredBefore: new Date(nowMs - keepDeliveredMs), deadBefore: new Date(nowMs - keepDeadMs), batch: tidyBatch })
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'receipts could not be tidied')
    }
  }
}

function nameOf({ accountId, kind }: { accountId: string; kind: string }): string {
  return `${accountId} ${kind}`
}
