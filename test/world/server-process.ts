// Knows how to run the program as a process of its own, as an operator would, and what it says. Does not know what it is asked to do.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../../src/config.ts'
import { roomiestTemporaryFolder } from '../../src/db/postgres/testing.ts'
import { killNow, processesWith } from './processes.ts'

export type Exit = { code: number | null; signal: NodeJS.Signals | null; atMs: number }

export type StartOptions = {
  /** Added to PATH; nothing else of our own environment is passed on. */
  env: { [name: string]: string }
  /** What to run; by default the server on this very Node. */
  command?: readonly [file: string, ...args: string[]] | undefined
  cwd?: string | undefined
  /** In a process group of its own, as a service manager does. */
  detached?: boolean | undefined
}

/** `node src/main.ts`. */
export const serverCommand = [process.execPath, path.join(programRoot, 'src/main.ts')] as const

export class ServerProcess {
  readonly child: ChildProcess
  readonly startedAtMs = performance.now()
  readonly exited: Promise<Exit>
  exit: Exit | undefined
  stdout = ''
  stderr = ''

  constructor({ env, command = serverCommand, cwd = programRoot, detached = false }: StartOptions) {
    const [file, ...args] = command
    this.child = spawn(file, args, { cwd, detached, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('exit', (code, signal) => resolve((this.exit = { code, signal, atMs: performance.now() })))
    })
    this.exited.catch(() => {})
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The address it printed, once it has. */
  get baseUrl(): string | undefined {
    return /waihu is up +(http:\S+)/.exec(this.stdout)?.[1]
  }

  /** Resolves with the address when it is up. Errors: Error with its last words when it ends first, or is too slow. */
  async up(withinMs: number): Promise<string> {
    for (const deadline = performance.now() + withinMs; ; await sleep(10)) {
      if (this.baseUrl !== undefined && this.stdout.includes('试一试 Try')) return this.baseUrl
      if (this.exit) throw new Error(`the program ended with ${this.exit.signal ?? this.exit.code} instead of coming up:\n${this.lastWords}`)
      if (performance.now() > deadline) throw new Error(`the program was not up after ${withinMs} ms:\n${this.lastWords}`)
    }
  }

  /** Resolves when it has ended and said everything. Errors: Error when it is too slow. */
  async ended(withinMs: number): Promise<Exit> {
    const late = new AbortController()
    const exit = await Promise.race([this.exited, sleep(withinMs, undefined, { signal: late.signal }).catch(() => undefined)])
    late.abort()
    if (!exit) throw new Error(`the program did not end within ${withinMs} ms:\n${this.lastWords}`)
    await sleep(20) // the rest of its words
    return exit
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  get lastWords(): string {
    return `${this.stdout}\n${this.stderr}`.trim().split('\n').slice(-25).join('\n')
  }
}

/** A data folder of its own. Whatever still uses it in the end is killed, so that a failed test leaves nothing behind. */
export class DataFolder implements AsyncDisposable {
  readonly path: string

  private constructor(folder: string) {
    this.path = folder
  }

  static async make(): Promise<DataFolder> {
    return new DataFolder(await mkdtemp(path.join(await roomiestTemporaryFolder(), 'waihu-run-')))
  }

  async demoAccount(): Promise<{ account_id: string; api_key: string; base_url: string }> {
    return JSON.parse(await readFile(path.join(this.path, 'demo-account.json'), 'utf8')) as { account_id: string; api_key: string; base_url: string }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; tries < 50; tries += 1) {
      const left = processesWith(this.path)
      if (left.length === 0) break
      for (const { pid } of left) killNow(pid)
      await sleep(100)
    }
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 })
  }
}
