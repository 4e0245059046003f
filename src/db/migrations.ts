// Knows how the numbered SQL files become the database's tables, once each and in order. Does not know what is in them.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Database } from './connection.ts'

export type Migration = { name: string; number: number; sql: string; sha256: string }
export type AppliedMigration = { name: string; sha256: string }

export class MigrationError extends AppError {
  override name = 'MigrationError'
}

export const migrationsFolder = fileURLToPath(new URL('../../sql', import.meta.url))
/** Any constant that no other user of the database picks; all processes of ours must agree on it. */
const lockKey = 0x77616968 // 'waih'
const waitMsMax = 120_000

/** In order. Errors: MigrationError for a badly named file or a number used twice. */
export async function readMigrations(folder = migrationsFolder): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const migrations: Migration[] = []
  for (const name of names) {
    const number = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]
    if (number === undefined) throw new MigrationError('migration-name', `${name}: a migration is named like 0007-what-it-does.sql`)
    if (migrations.at(-1)?.number === Number(number)) throw new MigrationError('migration-name', `${name} and ${migrations.at(-1)?.name} have the same number: renumber the newer one`)
    // A checkout on Windows may have other line ends; that is no change.
    const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n')
    migrations.push({ name, number: Number(number), sql, sha256: createHash('sha256').update(sql).digest('hex') })
  }
  return migrations
}

/**
 * Decides what is still to be applied.
 * Errors: MigrationError when history was changed: an applied file differs or is missing, or a new one was put before an applied one.
 */
export function pendingMigrations(files: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const byName = new Map(files.map((file) => [file.name, file]))
  const lastFile = files.at(-1)?.name ?? ''
  for (const { name, sha256 } of applied) {
    const file = byName.get(name)
    if (!file && name > lastFile) throw new MigrationError('migration-newer', `the database was migrated by a newer release of this program (${name}): run that release or a later one`)
    if (!file) throw new MigrationError('migration-missing', `the database has ${name} applied, but sql/ does not hold it: restore the file, or use the database of this release`)
    if (file.sha256 !== sha256) throw new MigrationError('migration-changed', `${name} was changed after it was applied to this database: restore the file, and put the change into a new migration`)
  }
  const done = new Set(applied.map(({ name }) => name))
  const lastApplied = applied.reduce((last, { name }) => (name > last ? name : last), '')
  const pending = files.filter(({ name }) => !done.has(name))
  const tooLate = pending.find(({ name }) => name < lastApplied)
  if (tooLate) throw new MigrationError('migration-order', `${tooLate.name} comes before ${lastApplied}, which is already applied to this database: give it a higher number`)
  return pending
}

/**
 * Brings the database up to date. Several processes may start at once: one applies, the others wait and find nothing to do.
 * Each file is one transaction, so a file that fails leaves the database at the file before it.
 * Returns the names applied. Errors: MigrationError; for SQL that fails its `cause` is PostgreSQL's error.
 */
export async function migrate(database: Database, options: { log: Log; folder?: string | undefined }): Promise<string[]> {
  const files = await readMigrations(options.folder)
  const session = await database.openSession()
  try {
    await session.query(`set lock_timeout = ${waitMsMax}`)
    await session.query('select pg_advisory_lock($1)', [lockKey])
    return await applyPending(session, files, options.log)
  } finally {
    await session.end() // gives back the lock
  }
}

async function applyPending(session: Client, files: readonly Migration[], log: Log): Promise<string[]> {
  await session.query('create table if not exists schema_migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now())')
  const { rows } = await session.query<AppliedMigration>('select name, sha256 from schema_migrations order by name')
  const pending = pendingMigrations(files, rows)
  for (const { name, sql, sha256 } of pending) {
    const startedAt = performance.now()
    try {
      await session.query('begin')
      await session.query(sql)
      await session.query('insert into schema_migrations (name, sha256) values ($1, $2)', [name, sha256])
      await session.query('commit')
    } catch (cause) {
      await session.query('rollback').catch(() => {}) // the connection may be what failed
      throw new MigrationError('migration-failed', `${name} could not be applied: ${(cause as Error).message}. The database is as it was before this file`, { cause })
    }
    log.info({ migration: name, ms: Math.round(performance.now() - startedAt) }, 'migration applied')
  }
  return pending.map(({ name }) => name)
}
