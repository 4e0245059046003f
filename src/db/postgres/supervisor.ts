// Knows how to own a PostgreSQL on a folder, keep it running, and stop it. Does not know tables or queries.
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { findBinaries } from './binaries.ts'
import { openFolder, type Folder } from './folder.ts'
import { lastOwner, OwnerLock } from './owner-lock.ts'
import { clientConfig, servesCluster } from './postmaster.ts'
import { Server, supervisorDefaults, type SupervisorOptions, type Up } from './server.ts'
import { folderError, PostgresStartError } from './start-error.ts'

export { supervisorDefaults, type SupervisorOptions } from './server.ts'

/** What `pg` needs to connect. `host` is the folder of the socket. */
export type ConnectionConfig = { host: string; port: number; user: string; database: string }

/**
 * Starts PostgreSQL on a folder, or takes over the one that is already running there after its last owner was killed.
 * The server outlives this process unless `stop()` is called, so that nothing is replayed after a crash of ours.
 * Errors: PostgresStartError, whose message says what to do.
 */
export async function startEmbeddedPostgres(options: SupervisorOptions): Promise<EmbeddedPostgres> {
  options.signal?.throwIfAborted()
  const startedAt = performance.now()
  const binaries = await findBinaries()
  const folder = await openFolder(options.dataDir)
  const lock = options.shared ? undefined : await takeOwnership(folder)
  try {
    const server = new Server(folder, binaries, options)
    const up = await server.bringUp(options.signal ?? new AbortController().signal)
    options.log.info({ pid: up.pid, adopted: up.adopted, ms: Math.round(performance.now() - startedAt), version: binaries.version }, 'postgres is up')
    return new EmbeddedPostgres(server, up, lock, options)
  } catch (error) {
    lock?.release()
    throw error
  }
}

async function takeOwnership(folder: Folder): Promise<OwnerLock> {
  const lock = await OwnerLock.take(folder.root).catch((error: unknown) => {
    throw folderError(error, folder.root)
  })
  if (lock) return lock
  const owner = await lastOwner(folder.root)
  throw new PostgresStartError('data-in-use', `the data folder ${folder.root} is in use by another server${owner ? ` (process ${owner.pid}, since ${owner.since})` : ''}: stop that one first, or give this one its own DATA_DIR`)
}

type DownListener = (why: string) => void
type UpListener = () => void

/** A running server under watch. Restarts it when it crashes and says so; `connectionConfig` stays valid throughout. */
export class EmbeddedPostgres {
  readonly connectionConfig: ConnectionConfig
  /** True when the server was already running. */
  readonly adopted: boolean
  readonly #server: Server
  readonly #lock: OwnerLock | undefined
  readonly #log: Log
  readonly #ending = new AbortController()
  readonly #downListeners = new Set<DownListener>()
  readonly #upListeners = new Set<UpListener>()
  #up: Up | undefined
  #upSince = 0
  #restarting: Promise<void> | undefined
  #failures = 0
  #stopped: Promise<void> | undefined

  constructor(server: Server, up: Up, lock: OwnerLock | undefined, options: SupervisorOptions) {
    this.#server = server
    this.#lock = lock
    this.#log = options.log
    this.adopted = up.adopted
    this.connectionConfig = clientConfig(up.socketDir, server.database)
    this.#watch(up)
    const stopOnAbort = (): void => {
      this.stop().catch((error: unknown) => this.#log.error({ err: error }, 'postgres could not be stopped'))
    }
    options.signal?.addEventListener('abort', stopOnAbort, { once: true, signal: this.#ending.signal })
    if (options.signal?.aborted) stopOnAbort() // while it was coming up
  }

  /** Process id of the server; undefined while it is down. */
  get pid(): number | undefined {
    return this.#up?.pid
  }

  /** Calls back when the server went away without being asked to. Returns the way to stop listening. Listeners must not throw. */
  onDown(listener: DownListener): () => void {
    this.#downListeners.add(listener)
    return () => this.#downListeners.delete(listener)
  }

  /** Calls back when it answers again. */
  onUp(listener: UpListener): () => void {
    this.#upListeners.add(listener)
    return () => this.#upListeners.delete(listener)
  }

  /** Ends the sessions, stops the server and gives up the folder. Safe to call again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end(true)
    return this.#stopped
  }

  /** Leaves the server running for the next owner, as after a crash of this process, and gives up the folder. */
  leave(): Promise<void> {
    this.#stopped ??= this.#end(false)
    return this.#stopped
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(stopServer: boolean): Promise<void> {
    this.#ending.abort()
    try {
      await this.#restarting
      const up = this.#up
      this.#up = undefined
      if (!up) return
      await up.watch.end().catch(() => {}) // it may be gone already; that is what we want
      if (!stopServer) return
      await this.#server.stop(up.pid)
      this.#log.info({ pid: up.pid }, 'postgres is stopped')
    } finally {
      this.#lock?.release()
    }
  }

  #watch(up: Up): void {
    this.#up = up
    this.#upSince = performance.now()
    up.watch.once('end', () => {
      if (this.#ending.signal.aborted || this.#up !== up) return
      this.#up = undefined
      this.#restarting = this.#restart(up)
    })
  }

  /** Never gives up: a full disk may be emptied, and callers have their own limits. */
  async #restart(before: Up): Promise<void> {
    const why = (await servesCluster(before.pid, this.#server.folder)) ? 'it ended all its sessions' : 'its process is gone'
    this.#log.error({ pid: before.pid, why }, 'postgres is down')
    for (const listener of this.#downListeners) listener(why)
    if (performance.now() - this.#upSince > supervisorDefaults.stableMs) this.#failures = 0
    const signal = this.#ending.signal
    while (!signal.aborted) {
      try {
        // The first crash is mended at once.
        if (this.#failures > 0) await delay(restartDelayMs(this.#failures), undefined, { signal })
        this.#failures += 1
        const up = await this.#server.bringUp(signal)
        this.#watch(up)
        if (signal.aborted) return // #end waits for us and stops what we brought up
        this.#log.warn({ pid: up.pid, adopted: up.adopted }, 'postgres is up again')
        for (const listener of this.#upListeners) listener()
        return
      } catch (error) {
        if (!signal.aborted) this.#log.error({ err: error, failures: this.#failures }, 'postgres could not be restarted')
      }
    }
  }
}

/** Doubles from the first failure on, up to a ceiling. */
export function restartDelayMs(failures: number): number {
  return Math.min(supervisorDefaults.restartMsMin * 2 ** (failures - 1), supervisorDefaults.restartMsMax)
}
