// Knows about how many calls wait, of each account and in all, without counting them for every request. Does not know what becomes of them.
import { countQueued, countQueuedOf } from '../db/calls.ts'
import type { Queryable } from '../db/connection.ts'
import { OverloadedError } from '../errors.ts'

/** A count older than this is read again. */
const freshMs = 1_000
/** Accounts whose counts are kept. */
const accountsMax = 10_000

type Count = { depth: number; atMs: number }
/** So many more calls of an account. */
type Wish = { request: { accountId: string }; calls: readonly unknown[]; nowMs: number }

/**
 * Between two counts only what this process adds is known: the limits on queues are bounds on memory and waiting, not exact figures.
 * Nobody is refused by a count that is not of this moment.
 */
export class QueueDepth {
  readonly #settings: { queuedPerAccountMax: number; queuedMax: number; retryAfterMs: number }
  readonly #accounts = new Map<string, Count>()
  #all: Count = { depth: 0, atMs: -Infinity }

  constructor(settings: { queuedPerAccountMax: number; queuedMax: number; retryAfterMs: number }) {
    this.#settings = settings
  }

  /** Reads the counts that the wishes need. Call before `take`. */
  async count(db: Queryable, wishes: readonly Wish[]): Promise<void> {
    const { queuedPerAccountMax, queuedMax } = this.#settings
    if (wishes.length === 0) return
    const nowMs = Math.max(...wishes.map((wish) => wish.nowMs))
    const isOld = (count: Count | undefined, more: number, max: number): boolean => count === undefined || Math.abs(nowMs - count.atMs) >= freshMs || count.depth + more > max
    const wanted = new Map<string, number>()
    for (const { request, calls } of wishes) wanted.set(request.accountId, (wanted.get(request.accountId) ?? 0) + calls.length)
    const old = [...wanted].flatMap(([accountId, more]) => (isOld(this.#accounts.get(accountId), more, queuedPerAccountMax) ? [accountId] : []))
    if (old.length > 0) {
      if (this.#accounts.size > accountsMax) this.#accounts.clear()
      for (const [accountId, depth] of await countQueuedOf(db, old, queuedPerAccountMax)) this.#accounts.set(accountId, { depth, atMs: nowMs })
    }
    const more = wishes.reduce((sum, { calls }) => sum + calls.length, 0)
    if (isOld(this.#all, more, queuedMax)) this.#all = { depth: await countQueued(db, undefined, queuedMax), atMs: nowMs }
  }

  /** Counts the wish in. Errors: OverloadedError when there is no room for it. */
  take({ request, calls }: Wish): void {
    const { queuedPerAccountMax, queuedMax, retryAfterMs } = this.#settings
    const account = this.#accounts.get(request.accountId) ?? { depth: 0, atMs: -Infinity }
    if (account.depth + calls.length > queuedPerAccountMax) throw new OverloadedError(`您排队中的通话已达上限 ${queuedPerAccountMax}，请稍后再提交`, retryAfterMs)
    if (this.#all.depth + calls.length > queuedMax) throw new OverloadedError('系统排队的通话过多，请稍后再提交', retryAfterMs)
    account.depth += calls.length
    this.#all.depth += calls.length
  }
}
