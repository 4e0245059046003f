// Knows how what attempts say about trunks is gathered, folded into what all processes know, and written down; and how each process reaches them. Decides nothing.
import type { Database, Tx } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { forgetTrunkNode, lockTrunkState, renewTrunkNodes, saveTrunkState, type TrunkStateRow } from '../db/trunk-states.ts'
import { log } from '../log.ts'
import type { TrunkDirectory } from './trunk-directory.ts'
import { afterAttempt, isTrunkFault, type AttemptResult, type TrunkHealth } from './trunk-health.ts'

export const watchDefaults = {
  /** What is no fault may wait this long to be written down with others. */
  gatherMs: 1_000,
  renewMs: 5_000,
  /** A process that was not heard of for this long does not count any more. */
  nodeKeptMs: 20_000,
  /** Results of one trunk that wait for the database; older ones are dropped, and counted. */
  waitingMax: 1_000,
} as const

export class TrunkWatch {
  readonly #db: Database
  readonly #node: string
  readonly #trunks: TrunkDirectory
  #waiting = new Map<string, AttemptResult[]>()
  #writing: Promise<void> | undefined
  #soon: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  readonly stats = { reported: 0, dropped: 0 }

  /** `node`: this incarnation of the process. */
  constructor(db: Database, node: string, trunks: TrunkDirectory) {
    this.#db = db
    this.#node = node
    this.#trunks = trunks
  }

  async start(): Promise<void> {
    await this.renew()
    this.#timer = setInterval(() => void this.renew(), watchDefaults.renewMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    await this.flush()
    await forgetTrunkNode(this.#db.sql, this.#node).catch(() => undefined)
  }

  /** Returns at once. A fault is written down as soon as possible, everything else within a second. */
  report(trunk: string, result: AttemptResult): void {
    this.stats.reported += 1
    const list = this.#waiting.get(trunk) ?? []
    if (list.length === watchDefaults.waitingMax) {
      list.shift()
      this.stats.dropped += 1
    }
    list.push(result)
    this.#waiting.set(trunk, list)
    if (isTrunkFault(result)) void this.flush()
    else this.#soon ??= setTimeout(() => void this.flush(), watchDefaults.gatherMs).unref()
  }

  /** Resolves when everything reported so far is known to all, or could not be written now and is kept for the next time. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#soon)
    this.#soon = undefined
    while (this.#writing) await this.#writing
    if (this.#waiting.size === 0) return
    this.#writing = this.#write().finally(() => (this.#writing = undefined))
    await this.#writing
  }

  async #write(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = new Map()
    try {
      // One transaction each: a state that another process is writing must not hold up the others.
      for (const [trunk, results] of batch) {
        await this.#db.transaction((tx) => fold(tx, trunk, results))
        batch.delete(trunk)
      }
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'what was learnt about trunks could not be stored, trying again')
      for (const [trunk, results] of batch) this.#waiting.set(trunk, [...results, ...(this.#waiting.get(trunk) ?? [])].slice(-watchDefaults.waitingMax))
      this.#soon ??= setTimeout(() => void this.flush(), watchDefaults.gatherMs).unref()
    }
  }

  /** Says how this process reaches its trunks. Never rejects: the next time says it again. */
  async renew(): Promise<void> {
    try {
      await renewTrunkNodes(this.#db.sql, this.#node, this.#trunks.runtime.details(), watchDefaults.nodeKeptMs)
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'the health of the trunks could not be stored')
    }
  }
}

/** By the order of their moments, so that it does not matter which process or batch they came in. */
async function fold(tx: Tx, trunk: string, results: readonly AttemptResult[]): Promise<void> {
  const health = results.toSorted((a, b) => a.atMs - b.atMs).reduce(afterAttempt, healthOf(await lockTrunkState(tx, trunk)))
  await saveTrunkState(tx, rowOf(trunk, health))
}

export function healthOf(row: TrunkStateRow): TrunkHealth {
  const { backingOffUntil, backingOffSince, backingOffSteps, backingOffBecause, suspectUntil, suspectBecause, faultsInRow } = row
  return {
    backOff: backingOffUntil && backingOffSince ? { untilMs: backingOffUntil.getTime(), sinceMs: backingOffSince.getTime(), steps: backingOffSteps, because: backingOffBecause === 'retry-after' ? 'retry-after' : 'faults' } : undefined,
    faultsInRow,
    suspect: suspectUntil ? { untilMs: suspectUntil.getTime(), because: suspectBecause ?? '' } : undefined,
    recent: row.recent as TrunkHealth['recent'],
    failures: row.failures as TrunkHealth['failures'],
  }
}

function rowOf(trunk: string, { backOff, faultsInRow, suspect, recent, failures }: TrunkHealth): TrunkStateRow {
  return {
    trunk,
    backingOffUntil: backOff ? new Date(backOff.untilMs) : null,
    backingOffSince: backOff ? new Date(backOff.sinceMs) : null,
    backingOffSteps: backOff?.steps ?? 0,
    backingOffBecause: backOff?.because ?? null,
    faultsInRow,
    suspectUntil: suspect ? new Date(suspect.untilMs) : null,
    suspectBecause: suspect?.because ?? null,
    recent,
    failures,
  }
}
