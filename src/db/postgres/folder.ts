// Knows the layout of our PostgreSQL folder and where its socket can be. Does not start anything.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, chown, lchown, lstat, mkdir, open, readdir, realpath, rename, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { RunAs } from './run-as.ts'
import { folderError, PostgresStartError } from './start-error.ts'

export type Folder = {
  /** `<data dir>/postgres`, real path, mode 0700. Everything below belongs to the user who runs PostgreSQL. */
  root: string
  /** PostgreSQL's own data directory. */
  cluster: string
  log: string
  socketDir: string
}

export const port = 5432
/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const socketPathBytesMax = process.platform === 'darwin' ? 103 : 107
const logBytesMax = 10_000_000

/** Errors: PostgresStartError 'data-folder' or 'disk-full'. */
export async function openFolder(dataDir: string): Promise<Folder> {
  try {
    // Passable but not listable: when we are root, PostgreSQL may have to run as somebody else below it.
    await mkdir(dataDir, { recursive: true, mode: 0o711 })
    await mkdir(join(dataDir, 'postgres'), { recursive: true, mode: 0o700 })
    const root = await realpath(join(dataDir, 'postgres'))
    const uid = process.getuid?.()
    const owner = (await stat(root)).uid
    if (uid !== undefined && uid !== 0 && owner !== uid) {
      throw new PostgresStartError('data-folder', `${root} belongs to user id ${owner}, and this program runs as ${uid}: start it as that user, or set DATA_DIR to another folder`)
    }
    await chmod(root, 0o700)
    await access(root, constants.W_OK)
    return { root, cluster: join(root, 'cluster'), log: join(root, 'postgres.log'), socketDir: socketDirFor(root, uid ?? 0) }
  } catch (error) {
    throw folderError(error, dataDir)
  }
}

/** Beside the data when the path is short enough, else a folder of ours under the temporary folder, named after the data folder. */
export function socketDirFor(root: string, uid: number, temporary = tmpdir()): string {
  const beside = join(root, 'socket')
  if (Buffer.byteLength(join(beside, `.s.PGSQL.${port}`)) <= socketPathBytesMax) return beside
  return join(temporary, `waihu-${uid}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`)
}

/** Gives the folder to the user who will run PostgreSQL. Errors: PostgresStartError 'data-folder'. */
export async function giveFolder(folder: Folder, runAs: RunAs): Promise<void> {
  const owner = runAs.how === 'user' ? runAs : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  try {
    if (runAs.how === 'user') await chownAll(folder.root, owner.uid, owner.gid)
    await mkdir(folder.socketDir, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await claimSocketDir(folder.socketDir, owner)
  } catch (error) {
    throw folderError(error, folder.root)
  }
}

/** The temporary folder is open to everybody: a socket folder that somebody else put there first must not be trusted with our database. */
async function claimSocketDir(socketDir: string, owner: { uid: number; gid: number }): Promise<void> {
  const found = await lstat(socketDir)
  const ours = found.isDirectory() && (found.uid === owner.uid || found.uid === (process.getuid?.() ?? found.uid))
  if (!ours) throw new PostgresStartError('data-folder', `${socketDir} belongs to somebody else and cannot hold the database socket: remove it, or set DATA_DIR to a shorter path`)
  if (found.uid !== owner.uid) await chown(socketDir, owner.uid, owner.gid)
  if ((found.mode & 0o777) !== 0o700) await chmod(socketDir, 0o700)
}

/** Leaves nothing of a stopped server in the temporary folder. */
export async function removeSocketDir(folder: Folder): Promise<void> {
  if (dirname(folder.socketDir) === folder.root) return
  await rmdir(folder.socketDir).catch(() => {}) // not empty: somebody else is there, and it is his
}

async function chownAll(path: string, uid: number, gid: number): Promise<void> {
  const found = await lstat(path)
  const given = found.uid === uid && found.gid === gid
  if (path.endsWith('/cluster') && given) return // its thousand files were given with it
  if (found.isDirectory()) {
    for (const name of await readdir(path)) {
      if (name.startsWith('native-')) continue // programs: everybody reads them, nobody but root writes them
      await chownAll(join(path, name), uid, gid)
    }
  }
  // Last, so that a cluster that was given halfway when we were killed is given again.
  if (!given) await lchown(path, uid, gid)
}

/** Opens the server log for appending; a long one is moved aside first, so that two of them at most are kept. */
export async function openLog(folder: Folder, runAs: RunAs): Promise<{ fd: number; close(): Promise<void>; sizeBefore: number }> {
  try {
    const size = await stat(folder.log).then((found) => found.size, () => 0)
    if (size > logBytesMax) await rename(folder.log, `${folder.log}.1`)
    const handle = await open(folder.log, 'a', 0o600)
    if (runAs.how === 'user') await handle.chown(runAs.uid, runAs.gid)
    return { fd: handle.fd, close: () => handle.close(), sizeBefore: size > logBytesMax ? 0 : size }
  } catch (error) {
    throw folderError(error, folder.root)
  }
}

/** What was written to the log since `from`, at most 8 kB of it. */
export async function logSince(folder: Folder, from: number): Promise<string> {
  const handle = await open(folder.log, 'r').catch(() => undefined)
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    const length = Math.max(0, Math.min(size - from, 8_192))
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
