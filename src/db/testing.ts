// Knows how tests get a fresh, migrated database in milliseconds. Not for the program itself.
import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'
import { pino } from 'pino'
import { log } from '../log.ts'
import { retryWhileDown } from './connection-loss.ts'
import { openDatabase, type Database } from './connection.ts'
import { migrate, readMigrations } from './migrations.ts'
import { findBinaries } from './postgres/binaries.ts'
import { roomiestTemporaryFolder } from './postgres/testing.ts'
import { startEmbeddedPostgres, type ConnectionConfig } from './postgres/supervisor.ts'

export type TestDatabase = AsyncDisposable & {
  db: Database
  config: ConnectionConfig
}

/** Above what all test processes of a machine open together. */
const connectionsMax = 300
const quiet = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }, pino.destination(2))

/**
 * A new database with all migrations applied, dropped when disposed of:
 * `await using test = await testDatabase()`, then `test.db`.
 * One server in a temporary folder serves all test processes of a user and keeps running between runs; stopTestServer() ends it.
 * It does not survive power loss, and nothing in it is meant to.
 */
export async function testDatabase(p: { poolMax?: number | undefined } = {}): Promise<TestDatabase> {
  // Another run may just have stopped the server that ours had found.
  return retryWhileDown('test database', async () => {
    template ??= prepareTemplate()
    try {
      const { server, name } = await template
      return await newDatabase(server, `template ${name} strategy file_copy`, p.poolMax)
    } catch (error) {
      template = undefined
      throw error
    }
  })
}

/** The same without any table. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const supervisor = await startServer(await serverFolder())
  await supervisor.leave()
  return newDatabase(supervisor.connectionConfig, '', undefined)
}

async function newDatabase(server: ConnectionConfig, how: string, poolMax: number | undefined): Promise<TestDatabase> {
  // The process id lets others see later whether its owner still lives.
  const name = `t_${process.pid}_${randomBytes(6).toString('hex')}`
  await withMaintenance(server, (client) => client.query(`create database ${name} ${how}`))
  const config = { ...server, database: name }
  const db = openDatabase({ config, log: quiet, poolMax })
  return {
    db,
    config,
    async [Symbol.asyncDispose]() {
      await db.close()
      await withMaintenance(server, (client) => dropDatabase(client, name))
    },
  }
}

/** PostgreSQL looks ten times a second whether the last session is gone; ours end within a millisecond or two, so looking first is faster. */
async function dropDatabase(client: Client, name: string): Promise<void> {
  for (let tries = 0; tries < 25; tries += 1) {
    const { rowCount } = await client.query('select 1 from pg_stat_activity where datname = $1', [name])
    if (rowCount === 0) break
    await delay(2)
  }
  await client.query(`drop database if exists ${name} with (force)`)
}

/** Stops the shared server unless another process is still testing with it. Safe when it does not run. */
export async function stopTestServer(): Promise<void> {
  template = undefined
  const dataDir = await serverFolder()
  const isThere = await lstat(join(dataDir, 'postgres', 'cluster', 'postmaster.pid')).catch(() => undefined)
  if (!isThere) return
  const server = await startServer(dataDir)
  const inUse = await withMaintenance(server.connectionConfig, async (client) => {
    await dropLeftovers(client)
    return (await testDatabases(client)).length > 0
  })
  await (inUse ? server.leave() : server.stop())
}

let template: Promise<{ server: ConnectionConfig; name: string }> | undefined

async function prepareTemplate(): Promise<{ server: ConnectionConfig; name: string }> {
  const supervisor = await startServer(await serverFolder())
  const server = supervisor.connectionConfig
  await supervisor.leave()
  const migrations = await readMigrations()
  const hash = createHash('sha256').update(migrations.map(({ sha256 }) => sha256).join())
  const name = `template_${hash.digest('hex').slice(0, 16)}`
  await withMaintenance(server, async (client) => {
    if (await exists(client, name)) return
    // One process builds it; the others wait here and find it.
    await client.query('select pg_advisory_lock(1)')
    if (await exists(client, name)) return
    await dropLeftovers(client)
    const unfinished = `${name}_new`
    await client.query(`drop database if exists ${unfinished} with (force)`)
    await client.query(`create database ${unfinished}`)
    const db = openDatabase({ config: { ...server, database: unfinished }, log })
    try {
      await migrate(db, { log: quiet })
    } finally {
      await db.close()
    }
    await client.query(`alter database ${unfinished} rename to ${name}`)
  })
  return { server, name }
}

function startServer(dataDir: string): ReturnType<typeof startEmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log: quiet, shared: true, durable: false, connectionsMax })
}

/** Private to this user; one per release of PostgreSQL, so that an upgrade does not meet an old cluster. */
async function serverFolder(): Promise<string> {
  const { version } = await findBinaries()
  const uid = process.getuid?.() ?? 0
  const folder = join(await roomiestTemporaryFolder(), `waihu-test-${uid}-${version}`)
  await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== uid) throw new Error(`${folder} belongs to somebody else: remove it`)
  await chmod(folder, 0o711)
  return folder
}

async function withMaintenance<T>(server: ConnectionConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(server)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function exists(client: Client, name: string): Promise<boolean> {
  return (await client.query('select 1 from pg_database where datname = $1', [name])).rowCount === 1
}

async function testDatabases(client: Client): Promise<{ name: string; pid: number }[]> {
  const { rows } = await client.query<{ datname: string }>(`select datname from pg_database where datname ~ '^t_[0-9]+_'`)
  return rows.map(({ datname }) => ({ name: datname, pid: Number(datname.split('_')[1]) }))
}

/** Databases of test processes that were killed. */
async function dropLeftovers(client: Client): Promise<void> {
  for (const { name, pid } of await testDatabases(client)) {
    if (!isAlive(pid)) await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
