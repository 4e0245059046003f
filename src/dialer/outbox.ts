// Knows the loop that empties an outbox table: wake, claim, send, several at once. Does not know what is sent, or when it is tried again.
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { log } from '../log.ts'

export type OutboxWork<Item> = {
  /** For the log. */
  name: string
  db: Database
  /** Notified by whoever puts something in; nothing is lost without it, `pollMs` finds it too. */
  channel: string
  pollMs: number
  /** Sent at once. */
  slots: number
  /** Takes up to `slots` due items, so that no other process does meanwhile. */
  claim(slots: number): Promise<readonly Item[]>
  /** Sends one and writes down what came of it; when `signal` is aborted it writes nothing, and whoever claims it next tries again. */
  send(item: Item, signal: AbortSignal): Promise<void>
}

export class Outbox<Item> {
  readonly #work: OutboxWork<Item>
  readonly #closing = new AbortController()
  readonly #sending = new Set<Promise<void>>()
  #claiming: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => Promise<void>) | undefined

  constructor(work: OutboxWork<Item>) {
    this.#work = work
  }

  /** Errors: OverloadedError when the database is away. */
  async start(): Promise<void> {
    const { db, channel, pollMs } = this.#work
    const wake = (): void => this.wake()
    this.#unlisten = await db.listen(channel, { onNotify: wake, onReconnect: wake })
    this.#timer = setInterval(wake, pollMs).unref()
    wake()
  }

  /** Cuts short what is under way. */
  async stop(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer)
    await this.#unlisten?.()
    await this.idle()
  }

  /** Something may be due. Cheap to call. */
  wake(): void {
    if (this.#closing.signal.aborted) return
    this.#again = true
    this.#claiming ??= this.#claimDue().finally(() => (this.#claiming = undefined))
  }

  /** Resolves when nothing that is due now is left. */
  async idle(): Promise<void> {
    while (this.#claiming || this.#sending.size > 0) await Promise.all([this.#claiming, ...this.#sending])
  }

  async #claimDue(): Promise<void> {
    const { name, slots } = this.#work
    try {
      while (this.#again && !this.#closing.signal.aborted) {
        this.#again = false
        const free = slots - this.#sending.size
        // Whoever is sent wakes us.
        if (free <= 0) return
        for (const item of await this.#work.claim(free)) this.#send(item)
      }
    } catch (error) {
      log.warn({ err: errorFacts(error), outbox: name }, 'an outbox could not be read, trying again')
    }
  }

  #send(item: Item): void {
    const sending = this.#work
      .send(item, this.#closing.signal)
      .catch((error: unknown) => log.warn({ err: errorFacts(error), outbox: this.#work.name }, 'what became of a delivery could not be stored, it is tried again'))
      .finally(() => {
        this.#sending.delete(sending)
        this.wake()
      })
    this.#sending.add(sending)
  }
}
