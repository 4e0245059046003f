// Knows how tests of the supervisor get a data folder of their own and another process that owns one. Not for the program itself.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openFolder } from './folder.ts'
import { readPidFile, stopPostmaster } from './postmaster.ts'

export const quiet = pino({ level: 'silent' })

/** A new database is hundreds of small files, which memory takes several times faster than a disk. The memory folder of a container can be tiny. */
export async function roomiestTemporaryFolder(): Promise<string> {
  const memory = '/dev/shm'
  const found = await statfs(memory).catch(() => undefined)
  return found && found.bavail * found.bsize > 1_000_000_000 ? memory : tmpdir()
}

/** A folder whose PostgreSQL, if one is left running, is stopped when the test ends. */
export async function dataFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(await roomiestTemporaryFolder(), 'waihu-data-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      const folder = await openFolder(path)
      const left = await readPidFile(folder)
      if (left) await stopPostmaster(left.pid, folder, { fastMsMax: 5_000, immediateMsMax: 5_000 })
      await rm(path, { recursive: true, force: true })
      await rm(folder.socketDir, { recursive: true, force: true })
    },
  }
}

/** What another process said about its start: either a process id of PostgreSQL or the code and message of an error. */
export type Said = { pid: number; adopted: boolean } | { code: string; message: string }

/** Starts PostgreSQL from another process, which then stays until it is killed or its stdin ends; the latter stops PostgreSQL. */
export function otherStarter(dataDir: string, options: { shared?: boolean; uid?: number; gid?: number } = {}): { child: ChildProcess; said: Promise<Said> } {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('supervisor.ts', import.meta.url).href)})
    const { pino } = await import(${JSON.stringify(import.meta.resolve('pino'))})
    try {
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log: pino({ level: 'silent' }), durable: false, shared: ${options.shared ?? false} })
      console.log(JSON.stringify({ pid: server.pid, adopted: server.adopted }))
      process.stdin.on('end', () => server.stop()).resume()
    } catch (error) {
      console.log(JSON.stringify({ code: error.code ?? 'unknown', message: error.message }))
    }`
  const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { ...identity, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] })
  const said = new Promise<Said>((resolve, reject) => {
    let text = ''
    child.on('error', reject)
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.includes('\n')) resolve(JSON.parse(text) as Said)
    })
    child.on('exit', (code, signal) => reject(new Error(`the starter ended with ${signal ?? code} and said nothing`)))
  })
  return { child, said }
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}
