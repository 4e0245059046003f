// Knows how this program talks to PostgreSQL: pool, transactions, waiting out a restart, notifications. Does not know tables' meaning.
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import { Client, Pool, types, type CustomTypesConfig, type PoolConfig } from 'pg'
import type { Log } from '../log.ts'
import { retryWhileDown, type RetryOptions } from './connection-loss.ts'
import { Listener, type Subscription } from './listener.ts'
import type { Schema } from './schema.ts'

/** What a query function takes: the pool or a transaction. */
export type Queryable = Kysely<Schema>
/** What a query function takes that must be part of somebody's transaction. */
export type Tx = Transaction<Schema>

export type DatabaseOptions = {
  log: Log
  /** postgres://user:password@host:port/database */
  url?: string | undefined
  /** Instead of `url`; `host` may be the folder of a socket. */
  config?: { host: string; port: number; user: string; database: string } | undefined
  /** Connections at most, the one for notifications not counted. */
  poolMax?: number | undefined
  /** To get a connection, from the pool or new. */
  connectMsMax?: number | undefined
}

export const databaseDefaults = {
  poolMax: 20,
  connectMsMax: 10_000,
  statementMsMax: 30_000,
  lockMsMax: 10_000,
  idleInTransactionMsMax: 30_000,
} as const

/** Opens nothing yet: the first query does. */
export function openDatabase(options: DatabaseOptions): Database {
  return new Database(options)
}

export class Database {
  readonly pool: Pool
  readonly sql: Queryable
  readonly #log: Log
  readonly #listener: Listener
  readonly #where: PoolConfig

  constructor(options: DatabaseOptions) {
    const where: PoolConfig = options.url === undefined ? { ...options.config } : { connectionString: options.url }
    this.#where = where
    this.#log = options.log
    this.pool = new Pool({
      ...where,
      types: { getTypeParser },
      application_name: 'waihu',
      max: options.poolMax ?? databaseDefaults.poolMax,
      keepAlive: true,
      connectionTimeoutMillis: options.connectMsMax ?? databaseDefaults.connectMsMax,
      statement_timeout: databaseDefaults.statementMsMax,
      // The server's own limit comes first; this one is for a server that vanished without a word.
      query_timeout: databaseDefaults.statementMsMax + 5_000,
      lock_timeout: databaseDefaults.lockMsMax,
      idle_in_transaction_session_timeout: databaseDefaults.idleInTransactionMsMax,
    })
    // An idle connection broke. The next query opens another; without a listener the process would end here.
    this.pool.on('error', (error) => this.#log.debug({ code: (error as { code?: string }).code }, 'an idle database connection was lost'))
    // The pool takes its own listener off a connection that is in use. One that breaks between two queries of a transaction must not
    // end the process either; the next query on it fails and tells.
    this.pool.on('connect', (client) => client.on('error', () => {}))
    this.sql = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.pool }) })
    this.#listener = new Listener(where, options.log)
  }

  /** Read committed. Everything in `work` takes effect together when it resolves, and nothing of it when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.sql.transaction().execute(work)
  }

  /**
   * Runs `work` (usually a transaction) again while the database is away. `work` must be idempotent: see retryWhileDown.
   * Errors: OverloadedError after `withinMs`; others of `work` at once.
   */
  retry<T>(what: string, work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
    const onFailure = (error: unknown, failures: number): void => {
      this.#log.warn({ what, failures, code: (error as { code?: string }).code }, 'waiting for the database')
      options.onFailure?.(error, failures)
    }
    return retryWhileDown(what, work, { ...options, onFailure })
  }

  /** Hears NOTIFY on a connection shared by all channels. Resolves when it is in effect; call the result to stop. See Listener. */
  listen(channel: string, subscription: Subscription): Promise<() => Promise<void>> {
    return this.#listener.listen(channel, subscription)
  }

  /** A connection of one's own, without the pool's time limits, for locks that a whole session holds. The caller ends it. */
  async openSession(): Promise<Client> {
    const client = new Client({ ...this.#where, types: { getTypeParser }, application_name: 'waihu session', keepAlive: true, connectionTimeoutMillis: databaseDefaults.connectMsMax })
    client.on('error', () => {}) // the query under way fails as well, and that is where it is seen
    await client.connect()
    return client
  }

  /** Waits for queries under way, then closes all connections. */
  async close(): Promise<void> {
    await this.#listener.close()
    await this.sql.destroy()
    // kysely ends the pool only when it was the one to use it.
    if (!this.pool.ending) await this.pool.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

type ParseText = (text: string) => unknown
const parsers: Record<number, ParseText> = {
  [types.builtins.INT8]: parseInt8,
  // A calendar day has no time zone; as a Date it would shift with ours.
  [types.builtins.DATE]: (text) => text,
}

const standardParser = types.getTypeParser as (oid: number, format?: string) => ParseText

const getTypeParser = ((oid: number, format?: string) => (format !== 'binary' && parsers[oid]) || standardParser(oid, format)) as CustomTypesConfig['getTypeParser']

/** bigint columns hold money and counters, all far below 2^53. Errors: RangeError rather than a rounded value. */
export function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit into a JavaScript number`)
  return value
}
