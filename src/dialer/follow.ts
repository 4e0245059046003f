// Knows how the logs of calls are followed: from the table, then live, without gap or repeat. Does not know SSE or accounts.
import { eventsAfter, eventsChannel } from '../db/call-events.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { OverloadedError } from '../errors.ts'
import type { CallEventRow } from '../events.ts'
import { log } from '../log.ts'

export type FollowOptions = {
  followersMax: number
  /** A notification can be lost with its connection; nobody waits longer than this for what is in the table. */
  followPollMs: number
}

/** Rows read per call and query. */
const pageMax = 500

/** One followed call: its log from the first row on as far as it is known, shared by all who follow it here. */
type Topic = { rows: CallEventRow[]; followers: number; waiting: Set<() => void> }

/** All followers of a process: one LISTEN, and one query per wake whatever their number. */
export class Followers {
  readonly #db: Database
  readonly #options: FollowOptions
  readonly #topics = new Map<string, Topic>()
  readonly #stale = new Set<string>()
  #reading = false
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined
  readonly stats = { queries: 0 }

  constructor(db: Database, options: FollowOptions) {
    this.#db = db
    this.#options = options
  }

  /** Does nothing when started already. Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#wake(this.#topics.keys()), this.#options.followPollMs).unref()
    this.#unlisten = await this.#db.listen(eventsChannel, {
      onNotify: (payload) => this.#wake(payload.split(',')),
      onReconnect: () => this.#wake(this.#topics.keys()),
    })
  }

  /** Live followers stay connected but hear nothing more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#unlisten?.()
  }

  get count(): number {
    return this.#count
  }

  /**
   * The rows of the call after `afterSeq`, each once and in order, until its `ended` row or the abort. Stays silent through database outages.
   * Errors: OverloadedError when too many follow already.
   */
  async *follow(callId: string, afterSeq: number, signal: AbortSignal): AsyncGenerator<CallEventRow, void, undefined> {
    if (this.#count >= this.#options.followersMax) throw new OverloadedError('实时连接过多，请稍后再试', 5_000)
    const topic = this.#topics.get(callId) ?? { rows: [], followers: 0, waiting: new Set() }
    this.#topics.set(callId, topic)
    topic.followers += 1
    this.#count += 1
    try {
      // Row n of the log is at n − 1, so the next row to yield is at the number of the last one.
      let next = Math.max(0, Math.floor(afterSeq))
      if (topic.rows.length <= next) this.#wake([callId])
      while (!signal.aborted) {
        const row = topic.rows[next]
        if (row !== undefined) {
          next += 1
          yield row
        } else if (topic.rows.at(-1)?.event.type === 'ended') {
          return
        } else {
          await changed(topic, signal)
        }
      }
    } finally {
      this.#count -= 1
      topic.followers -= 1
      if (topic.followers === 0) this.#topics.delete(callId)
    }
  }

  #wake(callIds: Iterable<string>): void {
    for (const callId of callIds) {
      const topic = this.#topics.get(callId)
      if (topic && topic.rows.at(-1)?.event.type !== 'ended') this.#stale.add(callId)
    }
    if (this.#stale.size > 0 && !this.#reading) void this.#read()
  }

  /** Reads what is new of all calls that may have changed. What changes meanwhile is read in the next round. */
  async #read(): Promise<void> {
    this.#reading = true
    try {
      // Lets notifications that came together share a query.
      await Promise.resolve()
      while (this.#stale.size > 0) {
        const calls = [...this.#stale].map((callId) => ({ callId, afterSeq: this.#topics.get(callId)?.rows.length ?? -1 }))
        this.#stale.clear()
        const known = calls.filter((call) => call.afterSeq >= 0)
        if (known.length > 0) this.#take(await eventsAfter(this.#db.sql, known, pageMax))
        this.stats.queries += 1
      }
    } catch (error) {
      // Everything is read again at the next poll.
      log.warn({ err: errorFacts(error) }, 'followers could not read the database')
    } finally {
      this.#reading = false
    }
  }

  #take(rows: readonly (CallEventRow & { callId: string })[]): void {
    const got = new Map<string, number>()
    for (const { callId, seq, at, event } of rows) {
      const topic = this.#topics.get(callId)
      // Followers may have come and gone meanwhile; only the very next row counts.
      if (topic === undefined || seq !== topic.rows.length + 1) continue
      topic.rows.push({ seq, at, event })
      got.set(callId, (got.get(callId) ?? 0) + 1)
    }
    for (const [callId, count] of got) {
      if (count === pageMax) this.#stale.add(callId)
      for (const wake of this.#topics.get(callId)?.waiting ?? []) wake()
    }
  }
}

function changed(topic: Topic, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      topic.waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    topic.waiting.add(wake)
    signal.addEventListener('abort', wake)
  })
}
