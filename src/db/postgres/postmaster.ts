// Knows one PostgreSQL server process: whether it runs, how it is started, asked and stopped. Does not decide when.
import { execFile, spawn } from 'node:child_process'
import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Binaries } from './binaries.ts'
import { superuser } from './cluster.ts'
import { logSince, openLog, port, type Folder } from './folder.ts'
import { cleanEnvironment, invocation, type RunAs } from './run-as.ts'
import { failureOf, PostgresStartError } from './start-error.ts'

const run = promisify(execFile)

export type Settings = {
  connectionsMax: number
  /** False only for databases that a test throws away: a power loss may then destroy the whole cluster. */
  durable: boolean
}

/** Lines of postmaster.pid. Source: src/include/utils/pidfile.h of PostgreSQL. */
export type PidFile = { pid: number; socketDir: string; status: string }

export async function readPidFile(folder: Folder): Promise<PidFile | undefined> {
  const text = await readFile(join(folder.cluster, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n').map((line) => line.trim())
  // A negative id is a stand-alone backend.
  return { pid: Math.abs(Number(lines[0])), socketDir: lines[4] ?? '', status: lines[7] ?? '' }
}

/**
 * True when that process is alive and is a PostgreSQL server on this cluster. A number that was reused by another program is not, nor is a
 * zombie, which keeps its number for as long as the init process of a container cares to leave it.
 */
export async function servesCluster(pid: number, folder: Folder): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false
  if (process.platform === 'linux') {
    // The server changes into its data directory first of all. The link cannot be read for a zombie.
    const [cwd, cluster] = await Promise.all([readlink(`/proc/${pid}/cwd`).catch(() => ''), realpath(folder.cluster).catch(() => folder.cluster)])
    return cwd === cluster
  }
  const shown = await run('ps', ['-o', 'stat=,command=', '-p', String(pid)]).then((result) => result.stdout.trim(), () => '')
  return shown !== '' && !shown.startsWith('Z') && shown.includes('postgres') && shown.includes(folder.cluster)
}

/** Removes what a dead server left, which would make the next one refuse to start. Call it only when nothing serves the cluster. */
export async function removeStaleFiles(folder: Folder): Promise<void> {
  await rm(join(folder.cluster, 'postmaster.pid'), { force: true })
  await rm(join(folder.socketDir, `.s.PGSQL.${port}`), { force: true })
  await rm(join(folder.socketDir, `.s.PGSQL.${port}.lock`), { force: true })
}

export function clientConfig(socketDir: string, database: string): { host: string; port: number; user: string; database: string } {
  return { host: socketDir, port, user: superuser, database }
}

export async function connect(socketDir: string, database: string): Promise<Client> {
  const client = new Client({ ...clientConfig(socketDir, database), application_name: 'waihu supervisor', connectionTimeoutMillis: 5_000 })
  // An error event without a listener would end the process; whoever uses the client sees the failure as well.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Not here yet, not ready yet: worth another try soon. Anything else is not. */
export function comesLater(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? ''
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '53300'].includes(code) || /terminated|timeout/i.test(String(error))
}

/**
 * Starts the server in a session of its own: Ctrl-C in the terminal reaches us and not it, and it outlives us when we are killed.
 * Resolves with its process id when it accepts connections.
 * Errors: PostgresStartError with what the server said; the reason of `signal` (the server is then stopped again).
 */
export async function startPostmaster(folder: Folder, binaries: Binaries, runAs: RunAs, settings: Settings, p: { startMsMax: number; signal: AbortSignal }): Promise<number> {
  const log = await openLog(folder, runAs)
  const { file, args, identity } = invocation(runAs, binaries.postgres, ['-D', folder.cluster, ...serverArguments(folder, settings)])
  let ended: { words: string } | undefined
  const child = spawn(file, args, { ...identity, cwd: '/', env: cleanEnvironment(), detached: true, stdio: ['ignore', log.fd, log.fd] })
  child.on('error', (error) => (ended = { words: `could not be started: ${error.message}` }))
  child.on('exit', (code, signal) => (ended ??= { words: `ended with ${signal ?? code}` }))
  child.unref()
  try {
    for (const deadline = performance.now() + p.startMsMax; ; await delay(5)) {
      if (ended) throw failureOf('postgres', (await logSince(folder, log.sizeBefore)) || ended.words, folder.root)
      if (p.signal.aborted || performance.now() > deadline) {
        child.kill('SIGINT')
        p.signal.throwIfAborted()
        throw new PostgresStartError('postgres-failed', `postgres was not ready after ${p.startMsMax / 1_000} s; see ${folder.log}`)
      }
      const found = await readPidFile(folder)
      if (child.pid !== undefined && found?.pid === child.pid && found.status === 'ready') return child.pid
    }
  } finally {
    await log.close()
  }
}

/** Asks the server to end its sessions and stop; insists when it does not. Resolves when it is gone. */
export async function stopPostmaster(pid: number, folder: Folder, p: { fastMsMax: number; immediateMsMax: number }): Promise<'fast' | 'immediate' | 'still-there'> {
  if (await signalAndWait(pid, 'SIGINT', folder, p.fastMsMax)) return 'fast'
  // Immediate: like a crash, the next start replays the log. Nothing acknowledged is lost.
  if (await signalAndWait(pid, 'SIGQUIT', folder, p.immediateMsMax)) return 'immediate'
  return 'still-there'
}

async function signalAndWait(pid: number, signal: NodeJS.Signals, folder: Folder, waitMsMax: number): Promise<boolean> {
  if (!(await servesCluster(pid, folder))) return true
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
    throw error
  }
  for (const deadline = performance.now() + waitMsMax; performance.now() < deadline; await delay(5)) {
    if (!(await servesCluster(pid, folder))) return true
  }
  return false
}

function serverArguments(folder: Folder, settings: Settings): string[] {
  const durable = settings.durable ? 'on' : 'off'
  const values: Record<string, string> = {
    listen_addresses: '',
    port: String(port),
    // A list: quoted, so that a comma or a space in the path is part of it.
    unix_socket_directories: `"${folder.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: String(settings.connectionsMax),
    fsync: durable,
    full_page_writes: durable,
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // No replicas and no base backups are made from it, so less needs to be logged.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: settings.durable ? '512MB' : '128MB',
    shared_buffers: '96MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    // /dev/shm of a container is small, and our queries are short.
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    jit: 'off',
    io_method: 'sync',
    autovacuum_naptime: '15s',
    // Values of failed statements must not reach a log: they hold phone numbers and speech. So: server events only, and no statements.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    log_line_prefix: '%m ',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
