// Knows how one process on this machine owns a folder, and how a dead owner loses it. Does not know what is in the folder.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * A lock that the kernel frees when its process dies, however it dies.
 * Node has no file locks of its own; an exclusive transaction of its built-in SQLite on an empty file is one (fcntl), without races and without
 * the stale files of process-id schemes. Nothing is ever stored in that file.
 */
export class OwnerLock {
  readonly #database: DatabaseSync
  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Returns undefined when another process (or another part of this one) holds it. */
  static async take(folder: string): Promise<OwnerLock | undefined> {
    const database = new DatabaseSync(join(folder, 'owner.lock'), { timeout: 0 })
    try {
      database.exec('begin exclusive')
    } catch (error) {
      database.close()
      if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined
      throw error
    }
    const lock = new OwnerLock(database)
    // For the message that the next one prints; who holds the lock is decided by the lock alone.
    await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), { mode: 0o600 })
    return lock
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** Source: sqlite.org/rescode.html#busy. */
const sqliteBusy = 5

/** Who took the lock last, for a message. */
export async function lastOwner(folder: string): Promise<{ pid: number; since: string } | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8')) as { pid: number; since: string }
  } catch {
    return undefined
  }
}
