// Knows how a PostgreSQL data directory is made and which one we may open. Does not know how the server is run.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import type { Folder } from './folder.ts'
import { cleanEnvironment, invocation, type RunAs } from './run-as.ts'
import { failureOf, folderError, PostgresStartError } from './start-error.ts'

const run = promisify(execFile)
const initdbMsMax = 120_000

/** Who owns the cluster, or undefined when there is none yet. */
export async function clusterOwner(folder: Folder): Promise<{ uid: number; gid: number } | undefined> {
  const found = await lstat(folder.cluster).catch(() => undefined)
  return found && { uid: found.uid, gid: found.gid }
}

/**
 * Decides whether the folder holds a cluster for this major version.
 * Errors: PostgresStartError 'data-version' for another one, 'data-folder' when it holds something else. Neither touches the folder.
 */
export async function findCluster(folder: Folder, major: number): Promise<'present' | 'absent'> {
  let written: string
  try {
    written = (await readFile(join(folder.cluster, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw folderError(error, folder.root)
    const inside = await readdir(folder.cluster).catch(() => [])
    if (inside.length === 0) return 'absent'
    throw new PostgresStartError('data-folder', `${folder.cluster} is not a PostgreSQL data directory (no PG_VERSION) and not empty: restore it from a backup, or move it away to start with an empty database`)
  }
  if (written === String(major)) return 'present'
  throw new PostgresStartError(
    'data-version',
    `the database in ${folder.cluster} was written by PostgreSQL ${written}, and this program brings PostgreSQL ${major}. Nothing was touched. ` +
      `To keep the data, run it with a PostgreSQL ${written} of your own and set DATABASE_URL (or upgrade it with pg_upgrade from ${written} to ${major}); to start empty, move the folder away`,
  )
}

/**
 * Makes a cluster: UTF-8 with PostgreSQL's own C.UTF-8 locale, which sorts and folds the same on every operating system and needs none of it;
 * trust on a socket that only the owner can reach. A run that is killed halfway leaves nothing that could be taken for a cluster.
 */
export async function createCluster(folder: Folder, binaries: Binaries, runAs: RunAs, p: { durable: boolean; signal?: AbortSignal | undefined }): Promise<void> {
  await removeUnfinished(folder)
  // A name of its own: the initdb of a starter that was killed may still be at work.
  const unfinished = `${folder.cluster}.new-${randomBytes(4).toString('hex')}`
  const args = ['-D', unfinished, '-U', superuser, '--auth=trust', '--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions']
  if (!p.durable) args.push('--no-sync')
  const { file, args: all, identity } = invocation(runAs, binaries.initdb, args)
  const running = run(file, all, { ...identity, cwd: '/', env: cleanEnvironment(), timeout: initdbMsMax, ...(p.signal && { signal: p.signal }) })
  try {
    await running
    await rm(folder.cluster, { recursive: true, force: true }) // empty, as findCluster saw
    await rename(unfinished, folder.cluster)
  } catch (error) {
    const { child } = running
    // An aborted one still removes what it made.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    p.signal?.throwIfAborted()
    const { stderr, stdout } = error as { stderr?: string; stdout?: string }
    if (stderr === undefined) throw folderError(error, folder.root)
    throw failureOf('initdb', stderr || (stdout ?? ''), folder.root)
  }
}

/** What starts that were killed left behind. One that is still being written to is left to the next start. */
async function removeUnfinished(folder: Folder): Promise<void> {
  for (const name of await readdir(folder.root)) {
    if (name.startsWith('cluster.new')) await rm(join(folder.root, name), { recursive: true, force: true }).catch(() => {})
  }
}

export const superuser = 'waihu'
