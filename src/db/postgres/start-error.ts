// Knows the reasons why the embedded PostgreSQL cannot run, each with what to do about it. Does not know how they are detected.
import { AppError } from '../../errors.ts'

export type StartErrorCode =
  /** No binaries for this platform, or they cannot be executed here. */
  | 'postgres-missing'
  /** Another running server owns the data folder. */
  | 'data-in-use'
  /** The data folder was written by another major version. */
  | 'data-version'
  /** The folder belongs to somebody else, is read-only, or is not a cluster. */
  | 'data-folder'
  | 'disk-full'
  /** PostgreSQL was started and gave up; its own last words are in the message. */
  | 'postgres-failed'

export class PostgresStartError extends AppError {
  override name = 'PostgresStartError'
  override readonly code: StartErrorCode
  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.code = code
  }
}

/** Turns what the file system said about the data folder into advice; anything unknown comes back unchanged. */
export function folderError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(folder, error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new PostgresStartError('data-folder', `the data folder ${folder} cannot be written (${code}): give this user the right to write there, or set DATA_DIR to another folder`, { cause: error })
    case 'ENOTDIR':
    case 'EEXIST':
      return new PostgresStartError('data-folder', `${folder} is not a folder: move the file away, or set DATA_DIR to another folder`, { cause: error })
    default:
      return error
  }
}

export function diskFull(folder: string, cause?: unknown): PostgresStartError {
  return new PostgresStartError('disk-full', `the disk under ${folder} is full: free some space, or set DATA_DIR to a folder on another disk. Nothing that was acknowledged is lost`, { cause })
}

/** Reads PostgreSQL's own last words (stderr of initdb or the tail of the server log). */
export function failureOf(program: string, words: string, folder: string): PostgresStartError {
  if (/No space left on device|Disk quota exceeded/i.test(words)) return diskFull(folder)
  const telling = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /FATAL|PANIC|error|could not|refused|denied|invalid/i.test(line))
  const said = (telling.length > 0 ? telling : [words.trim()]).slice(-4).join(' | ').slice(-1_000)
  if (/Permission denied|Read-only file system|Operation not permitted/i.test(said)) {
    return new PostgresStartError('data-folder', `${program} may not use the data folder ${folder} (${said}): give this user the right to write there, or set DATA_DIR to another folder`)
  }
  return new PostgresStartError('postgres-failed', `${program} gave up on ${folder}: ${said || 'it said nothing'}. To use a PostgreSQL of your own instead, set DATABASE_URL`)
}
