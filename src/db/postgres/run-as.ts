// Knows as which user PostgreSQL can be run, because it refuses to run as root. Does not know data folders or the network.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PostgresStartError } from './start-error.ts'

const run = promisify(execFile)

export type RunAs =
  /** We are an ordinary user: PostgreSQL runs as us. */
  | { how: 'direct' }
  /** We are root: PostgreSQL runs with our rights to files, in a user namespace in which root appears as `uid`. */
  | { how: 'namespace'; uid: number }
  /** We are root: PostgreSQL runs as another user, who owns the files. */
  | { how: 'user'; uid: number; gid: number }

export type Invocation = { file: string; args: string[]; identity: { uid?: number; gid?: number } }

/**
 * Decides how to run. An existing cluster is run by the user who owns it, so that switching between root and that user works;
 * for a new one, root prefers the namespace because it needs no readable path for anybody else.
 */
export function chooseRunAs(p: {
  uid: number
  owner: { uid: number; gid: number } | undefined
  nobody: { uid: number; gid: number } | undefined
  namespaces: boolean
  folder: string
}): RunAs {
  if (p.uid !== 0) {
    if (p.owner && p.owner.uid !== p.uid) {
      throw new PostgresStartError('data-folder', `the database in ${p.folder} belongs to user id ${p.owner.uid}, and this program runs as ${p.uid}: start it as that user, or set DATA_DIR to another folder`)
    }
    return { how: 'direct' }
  }
  if (p.owner && p.owner.uid !== 0) return { how: 'user', ...p.owner }
  // The id must have a name: initdb looks itself up.
  if (p.namespaces && p.nobody) return { how: 'namespace', uid: p.nobody.uid }
  if (p.nobody) return { how: 'user', ...p.nobody }
  throw new PostgresStartError('postgres-missing', 'PostgreSQL does not run as root, and there is no user "nobody" to run it as: start this program as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own')
}

export function invocation(runAs: RunAs, file: string, args: readonly string[]): Invocation {
  if (runAs.how === 'direct') return { file, args: [...args], identity: {} }
  if (runAs.how === 'user') return { file, args: [...args], identity: { uid: runAs.uid, gid: runAs.gid } }
  // unshare replaces itself by the program, so the process id stays that of the child we spawn.
  return { file: 'unshare', args: ['--user', `--map-user=${runAs.uid}`, '--', file, ...args], identity: {} }
}

export async function findNobody(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'nobody']), run('id', ['-g', 'nobody'])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

/** True when this kernel and container let root make a user namespace. Many containers forbid it. */
export async function namespacesWork(uid: number): Promise<boolean> {
  try {
    await run('unshare', ['--user', `--map-user=${uid}`, '--', 'true'])
    return true
  } catch {
    return false
  }
}

/** What PostgreSQL and initdb may see of our environment: a PGDATA or PGPORT of the user must not leak in. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], LC_ALL: 'C', TZ: 'UTC' }
}

/** True when the program can be started that way. It cannot when a folder above it is closed to the user. */
export async function canRun(runAs: RunAs, file: string): Promise<{ ok: true } | { ok: false; error: NodeJS.ErrnoException & { stderr?: string } }> {
  const { file: program, args, identity } = invocation(runAs, file, ['--version'])
  try {
    await run(program, args, { ...identity, cwd: '/', env: cleanEnvironment() })
    return { ok: true }
  } catch (error) {
    return { ok: false, error: error as NodeJS.ErrnoException & { stderr?: string } }
  }
}

/** True when that user can pass through the folder. */
export async function canEnter(runAs: RunAs, folder: string): Promise<boolean> {
  const { file, args, identity } = invocation(runAs, 'test', ['-x', folder])
  return await run(file, args, { ...identity, cwd: '/' }).then(() => true, () => false)
}
