// Knows how to hear NOTIFY on a connection of its own and to come back after losing it. Does not know what the channels mean.
import assert from 'node:assert'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import type { Log } from '../log.ts'
import { passesByItself, retryWhileDown } from './connection-loss.ts'

export type Subscription = {
  onNotify: (payload: string) => void
  /** Notifications may have been missed while the connection was away: read the tables again. */
  onReconnect: () => void
}

export const listenerDefaults = {
  /** How long the first connection may take. */
  connectMsMax: 30_000,
  reconnectMsMin: 20,
  reconnectMsMax: 2_000,
  /** A peer that vanished without a word is noticed after at most this and the answer limit. */
  pingMs: 30_000,
  answerMsMax: 10_000,
} as const

/** One connection for all channels of a process. It is opened with the first subscription. */
export class Listener {
  readonly #config: ClientConfig
  readonly #log: Log
  readonly #subscriptions = new Map<string, Set<Subscription>>()
  readonly #closing = new AbortController()
  #client: Promise<Client> | undefined
  #ping: NodeJS.Timeout | undefined

  constructor(config: ClientConfig, log: Log) {
    this.#config = { ...config, application_name: 'waihu listener', keepAlive: true, query_timeout: listenerDefaults.answerMsMax, connectionTimeoutMillis: listenerDefaults.answerMsMax }
    this.#log = log
  }

  /**
   * Resolves when notifications from now on will be heard; returns the way to stop hearing them.
   * Callbacks run one at a time and must not throw.
   * Errors: OverloadedError when the database cannot be reached.
   */
  async listen(channel: string, subscription: Subscription): Promise<() => Promise<void>> {
    assert.match(channel, /^[a-z][a-z0-9_]{0,62}$/, 'a channel is a plain lower-case name')
    const known = this.#subscriptions.get(channel)
    if (known) known.add(subscription)
    else this.#subscriptions.set(channel, new Set([subscription]))
    const leave = (): Promise<void> => this.#leave(channel, subscription)
    try {
      await retryWhileDown(`listen ${channel}`, async () => (await this.#connected()).query(`listen ${channel}`), { withinMs: listenerDefaults.connectMsMax, signal: this.#closing.signal })
    } catch (error) {
      await leave()
      throw error
    }
    return leave
  }

  async #leave(channel: string, subscription: Subscription): Promise<void> {
    const subscriptions = this.#subscriptions.get(channel)
    if (!subscriptions?.delete(subscription) || subscriptions.size > 0) return
    this.#subscriptions.delete(channel)
    // A channel that is heard in vain does no harm, so a failure here is none.
    await this.#client?.then((client) => client.query(`unlisten ${channel}`)).catch(() => {})
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#ping)
    this.#subscriptions.clear()
    await this.#client?.then((client) => client.end()).catch(() => {})
  }

  /** The open connection, or the one that is being opened. */
  #connected(): Promise<Client> {
    this.#closing.signal.throwIfAborted()
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  async #open(): Promise<Client> {
    const client = new Client(this.#config)
    client.on('error', () => {}) // followed by 'end', which is where we act
    client.on('notification', ({ channel, payload }) => {
      for (const subscription of this.#subscriptions.get(channel) ?? []) subscription.onNotify(payload ?? '')
    })
    await client.connect()
    for (const channel of this.#subscriptions.keys()) await client.query(`listen ${channel}`)
    client.once('end', () => void this.#lost())
    clearInterval(this.#ping)
    this.#ping = setInterval(() => void this.#check(client), listenerDefaults.pingMs).unref()
    return client
  }

  async #check(client: Client): Promise<void> {
    try {
      await client.query('select 1')
    } catch {
      await client.end().catch(() => {})
    }
  }

  async #lost(): Promise<void> {
    this.#client = undefined
    clearInterval(this.#ping)
    if (this.#closing.signal.aborted || this.#subscriptions.size === 0) return
    this.#log.warn('the connection that hears notifications was lost')
    for (let failures = 0; !this.#closing.signal.aborted && this.#subscriptions.size > 0; failures += 1) {
      try {
        await delay(Math.min(listenerDefaults.reconnectMsMin * 2 ** failures, listenerDefaults.reconnectMsMax), undefined, { signal: this.#closing.signal })
        await this.#connected()
        this.#log.info({ failures }, 'notifications are heard again')
        for (const subscription of [...this.#subscriptions.values()].flatMap((set) => [...set])) subscription.onReconnect()
        return
      } catch (error) {
        if (this.#closing.signal.aborted) return
        if (!passesByItself(error)) this.#log.error({ err: error }, 'cannot hear notifications')
      }
    }
  }
}
