// Knows what people see and do about trunks, as one object with the parts joined. Does not know HTTP or the command line.
import type { Database } from '../db/connection.ts'
import { trunkNodes, trunkStates, type TrunkNodeRow } from '../db/trunk-states.ts'
import { readBoard } from './trunk-board.ts'
import { chooseTrunk, type Blocked, type TrunkTerms } from './trunk-choice.ts'
import type { TrunkDirectory } from './trunk-directory.ts'
import { healthy, type TrunkHealth } from './trunk-health.ts'
import type { TrunkRecord, TrunkStore } from './trunk-store.ts'
import { healthOf, watchDefaults } from './trunk-watch.ts'

export type TrunkStatus = {
  name: string
  builtIn: boolean
  enabled: boolean
  /** Why no call could start over it at this moment, seen from this process; undefined: one could. */
  blocked: Blocked | undefined
  /** Why its configuration cannot be used. */
  problem: string | undefined
  /** Over all processes. */
  running: number
  concurrencyMax: number | undefined
  callers: readonly { number: string; running: number; concurrencyMax: number | undefined; lastUsedAt: Date | undefined }[]
  health: TrunkHealth
  /** How each process that was heard of lately reaches it. */
  nodes: readonly TrunkNodeRow[]
}

/** Numbers of a pool that are shown one by one. */
const callersShownMax = 100

export class TrunkDesk {
  readonly #db: Database
  readonly #store: TrunkStore
  readonly #trunks: TrunkDirectory
  readonly #now: () => number

  constructor(db: Database, store: TrunkStore, trunks: TrunkDirectory, now: () => number = Date.now) {
    this.#db = db
    this.#store = store
    this.#trunks = trunks
    this.#now = now
  }

  /** By name; those of the options and the simulated carrier are not among them. */
  list(): Promise<TrunkRecord[]> {
    return this.#store.list()
  }

  /** Errors: NotFoundError. */
  get(name: string): Promise<TrunkRecord> {
    return this.#store.get(name)
  }

  /** Adds a trunk, or replaces the version that was read. Calls use it as soon as this resolves. Errors: those of TrunkStore. */
  async put(name: string, config: Readonly<Record<string, unknown>>, version: number | undefined): Promise<TrunkRecord> {
    const record = version === undefined ? await this.#store.add({ ...config, name }) : await this.#store.replace(name, config, version)
    await this.#trunks.reload()
    return record
  }

  /** Calls under way end as they are. Errors: NotFoundError, RefusedError 'version-conflict'. */
  async remove(name: string, version: number | undefined): Promise<void> {
    await this.#store.remove(name, version)
    await this.#trunks.reload()
  }

  /** Also of the built-in trunks. Errors: NotFoundError. */
  async status(name: string): Promise<TrunkStatus> {
    await this.#trunks.reload()
    const builtIn = this.#trunks.isBuiltIn(name)
    const record = builtIn ? undefined : await this.#store.get(name)
    const line = this.#trunks.lineOf(name)
    const nowMs = this.#now()
    const board = line === undefined ? [] : await readBoard(this.#db.sql, { trunks: this.#trunks, line, nowMs })
    const mine = board.find(({ terms }) => terms.name === name)
    const choice = chooseTrunk({ candidates: board, wish: { trunk: name }, nowMs, dice: 0 })
    const [state] = await trunkStates(this.#db.sql, [name])
    return {
      name,
      builtIn,
      enabled: record?.enabled ?? true,
      blocked: 'blocked' in choice ? choice.blocked : undefined,
      problem: record?.problem,
      running: mine?.load.running ?? 0,
      concurrencyMax: mine?.terms.concurrencyMax,
      callers: mine ? callersOf(mine.terms, mine.load.callers) : [],
      health: state ? healthOf(state) : healthy,
      nodes: await trunkNodes(this.#db.sql, name, watchDefaults.nodeKeptMs),
    }
  }
}

function callersOf({ callers }: TrunkTerms, loads: ReadonlyMap<string, { running: number; lastUsedMs: number }>): TrunkStatus['callers'] {
  return callers.slice(0, callersShownMax).map(({ number, concurrencyMax }) => {
    const { running = 0, lastUsedMs = -Infinity } = loads.get(number) ?? {}
    return { number, running, concurrencyMax, lastUsedAt: Number.isFinite(lastUsedMs) ? new Date(lastUsedMs) : undefined }
  })
}
