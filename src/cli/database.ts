// Reaches the database of this installation from a command, beside a running server or without one.
import type { Config } from '../config.ts'
import { openDatabase, type Database } from '../db/connection.ts'
import { migrate } from '../db/migrations.ts'
import { openFolder } from '../db/postgres/folder.ts'
import { clientConfig, readPidFile } from '../db/postgres/postmaster.ts'
import { PostgresStartError } from '../db/postgres/start-error.ts'
import { startEmbeddedPostgres, supervisorDefaults } from '../db/postgres/supervisor.ts'
import { log } from '../log.ts'

/** Runs `work` on the database, starting the embedded one for that time when no server has it running. `migrates` false: it is taken as it is. */
export async function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>, { migrates = true }: { migrates?: boolean } = {}): Promise<T> {
  await using stack = new AsyncDisposableStack()
  if (!process.env['LOG_LEVEL']) log.level = 'warn'
  const where = config.databaseUrl === undefined ? { config: await embedded(config, stack) } : { url: config.databaseUrl }
  const db = stack.use(openDatabase({ log, ...where }))
  if (migrates) await migrate(db, { log })
  return await work(db)
}

async function embedded(config: Config, stack: AsyncDisposableStack): Promise<{ host: string; port: number; user: string; database: string }> {
  try {
    return stack.use(await startEmbeddedPostgres({ dataDir: config.dataDir, log })).connectionConfig
  } catch (error) {
    if (!(error instanceof PostgresStartError) || error.code !== 'data-in-use') throw error
    // A server owns it: share its PostgreSQL.
    const running = await readPidFile(await openFolder(config.dataDir))
    if (!running) throw error
    return clientConfig(running.socketDir, supervisorDefaults.database)
  }
}
