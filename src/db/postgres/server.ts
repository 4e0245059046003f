// Knows how to get from any state of a folder to a PostgreSQL that answers: create, adopt, start. Does not watch over it afterwards.
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Log } from '../../log.ts'
import { copyBinaries, repairLinks, type Binaries } from './binaries.ts'
import { clusterOwner, createCluster, findCluster } from './cluster.ts'
import { giveFolder, removeSocketDir, type Folder } from './folder.ts'
import { OwnerLock } from './owner-lock.ts'
import { comesLater, connect, readPidFile, removeStaleFiles, servesCluster, startPostmaster, stopPostmaster, type Settings } from './postmaster.ts'
import { canEnter, canRun, chooseRunAs, findNobody, namespacesWork, type RunAs } from './run-as.ts'
import { PostgresStartError } from './start-error.ts'

export const supervisorDefaults = {
  connectionsMax: 60,
  durable: true,
  database: 'waihu',
  /** Replaying the log after a crash can take long; nothing else does. */
  startMsMax: 120_000,
  /** How long others may take to start the same shared server. */
  lockMsMax: 130_000,
  fastStopMsMax: 20_000,
  immediateStopMsMax: 10_000,
  restartMsMin: 100,
  restartMsMax: 10_000,
  /** A server that lived this long starts the back-off afresh when it crashes. */
  stableMs: 30_000,
} as const

export type SupervisorOptions = {
  /** Folder of the program; PostgreSQL lives in `postgres/` below it. */
  dataDir: string
  log: Log
  /** Ends a start that is under way; later, stops PostgreSQL. */
  signal?: AbortSignal | undefined
  connectionsMax?: number | undefined
  durable?: boolean | undefined
  database?: string | undefined
  /** Several processes share the server and none of them owns it (tests): the last `stop()` is somebody's decision. Default: one owner. */
  shared?: boolean | undefined
  /** For root: 'user' acts as if the kernel forbade user namespaces. */
  rootMode?: 'namespace' | 'user' | undefined
}

/** A server that answers. `watch` is a connection that ends the moment the server does. */
export type Up = { pid: number; adopted: boolean; socketDir: string; watch: Client }

/** Everything needed to get from any state of the folder to a server that answers. */
export class Server {
  readonly folder: Folder
  readonly #binaries: Binaries
  readonly #options: SupervisorOptions
  readonly #settings: Settings
  constructor(folder: Folder, binaries: Binaries, options: SupervisorOptions) {
    this.folder = folder
    this.#binaries = binaries
    this.#options = options
    this.#settings = { connectionsMax: options.connectionsMax ?? supervisorDefaults.connectionsMax, durable: options.durable ?? supervisorDefaults.durable }
  }

  get database(): string {
    return this.#options.database ?? supervisorDefaults.database
  }

  /** One at a time per folder: owners hold the lock for life, sharers for the length of the start. */
  async bringUp(signal: AbortSignal): Promise<Up> {
    if (!this.#options.shared) return await this.#bringUp(signal)
    for (const deadline = performance.now() + supervisorDefaults.lockMsMax; ; await delay(20, undefined, { signal })) {
      using lock = await OwnerLock.take(this.folder.root)
      if (lock) return await this.#bringUp(signal)
      if (performance.now() > deadline) throw new PostgresStartError('data-in-use', `another process is starting PostgreSQL in ${this.folder.root} and does not finish: stop it first`)
    }
  }

  async #bringUp(signal: AbortSignal): Promise<Up> {
    const present = (await findCluster(this.folder, this.#binaries.major)) === 'present'
    const running = present ? await this.#adopt(signal) : undefined
    if (running) return running
    const runAs = await this.#chooseRunAs()
    // Before the files are given away: a folder that user cannot reach must stay as it is.
    if (runAs.how === 'user' && !(await canEnter(runAs, dirname(this.folder.root)))) {
      throw new PostgresStartError('data-folder', `PostgreSQL does not run as root, and user id ${runAs.uid} cannot enter ${dirname(this.folder.root)}: start this program as an ordinary user, or set DATA_DIR to a folder whose parents everybody may enter`)
    }
    await giveFolder(this.folder, runAs)
    const binaries = await this.#runnable(runAs)
    if (!present) await createCluster(this.folder, binaries, runAs, { durable: this.#settings.durable, signal })
    await this.#refuseForeignServer()
    await removeStaleFiles(this.folder)
    const pid = await startPostmaster(this.folder, binaries, runAs, this.#settings, { startMsMax: supervisorDefaults.startMsMax, signal })
    try {
      return { pid, adopted: false, socketDir: this.folder.socketDir, watch: await this.#open(this.folder.socketDir) }
    } catch (error) {
      await this.stop(pid)
      throw error
    }
  }

  /** Takes over a server that runs on the folder, waiting while it recovers or goes away. Undefined when there is none. */
  async #adopt(signal: AbortSignal): Promise<Up | undefined> {
    for (const deadline = performance.now() + supervisorDefaults.startMsMax; ; await delay(10, undefined, { signal })) {
      const found = await readPidFile(this.folder)
      if (!found || !(await servesCluster(found.pid, this.folder))) return undefined
      if (found.status === 'ready') {
        // Its socket may lie elsewhere than we would put it now; restarts keep to that place, because clients know it.
        this.folder.socketDir = found.socketDir
        try {
          return { pid: found.pid, adopted: true, socketDir: found.socketDir, watch: await this.#open(found.socketDir) }
        } catch (error) {
          if (!comesLater(error)) throw error
        }
      }
      if (performance.now() > deadline) {
        throw new PostgresStartError('postgres-failed', `a PostgreSQL (process ${found.pid}, "${found.status}") runs on ${this.folder.cluster} and does not answer: stop it with kill -QUIT ${found.pid} and start again`)
      }
    }
  }

  /** A folder shared by containers can hold a socket that answers while its process cannot be seen from here. Starting a second server would destroy the data. */
  async #refuseForeignServer(): Promise<void> {
    const other = await connect(this.folder.socketDir, 'postgres').catch(() => undefined)
    if (!other) return
    await other.end()
    throw new PostgresStartError('data-in-use', `a PostgreSQL that this process cannot see, perhaps in another container, serves ${this.folder.cluster}: stop that one first, or give this one its own DATA_DIR`)
  }

  async #chooseRunAs(): Promise<RunAs> {
    const uid = process.getuid?.() ?? 0
    const owner = await clusterOwner(this.folder)
    const nobody = uid === 0 ? await findNobody() : undefined
    const namespaces = uid === 0 && this.#options.rootMode !== 'user' && nobody !== undefined && (await namespacesWork(nobody.uid))
    return chooseRunAs({ uid, owner, nobody, namespaces, folder: this.folder.root })
  }

  /** The installed programs when that user can run them, else a copy that he can. */
  async #runnable(runAs: RunAs): Promise<Binaries> {
    let linksError: unknown
    await repairLinks(this.#binaries.root).catch((error: unknown) => (linksError = error))
    if (!linksError && (await canRun(runAs, this.#binaries.postgres)).ok) return this.#binaries
    const copy = await copyBinaries(this.#binaries, this.folder.root)
    const result = await canRun(runAs, copy.postgres)
    if (result.ok) return copy
    throw new PostgresStartError('postgres-missing', `the built-in PostgreSQL does not run on this system (${(result.error.stderr ?? '').trim() || result.error.message}); it needs glibc. Set DATABASE_URL to a PostgreSQL of your own`, { cause: result.error })
  }

  async #open(socketDir: string): Promise<Client> {
    try {
      return await connect(socketDir, this.database)
    } catch (error) {
      if ((error as { code?: string }).code !== '3D000') throw error // 3D000: the database does not exist, so this is the first start
    }
    const maintenance = await connect(socketDir, 'postgres')
    try {
      await maintenance.query(`create database ${maintenance.escapeIdentifier(this.database)}`)
    } finally {
      await maintenance.end()
    }
    return await connect(socketDir, this.database)
  }

  async stop(pid: number): Promise<void> {
    const how = await stopPostmaster(pid, this.folder, { fastMsMax: supervisorDefaults.fastStopMsMax, immediateMsMax: supervisorDefaults.immediateStopMsMax })
    if (how !== 'fast') this.#options.log.warn({ pid, how }, 'postgres did not stop at once')
    if (how !== 'still-there') await removeSocketDir(this.folder)
  }
}
