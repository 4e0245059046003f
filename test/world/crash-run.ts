// Knows how to keep one server running through kills, and how to place calls with it meanwhile. Does not judge what comes of them.
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolder } from '../../src/db/postgres/folder.ts'
import { readPidFile, servesCluster } from '../../src/db/postgres/postmaster.ts'
import { childrenOf, killNow, processesWith, type SeenProcess } from './processes.ts'
import { ServerProcess, type DataFolder } from './server-process.ts'

export type Victim = 'server' | 'carrier' | 'postgres' | 'postmaster' | 'backend' | 'speech'

/** An end that nobody asked for. Before it was up, a server may give up when a part that it needs is killed under it; afterwards it may not. */
export type UnaskedExit = { wasUp: boolean; lastWords: string }

/** Starts the server again whenever it dies, as a service manager does. */
export class KeptServer {
  readonly unasked: UnaskedExit[] = []
  /** From the start of the process to its being up, milliseconds. */
  readonly startMs: number[] = []
  /** Log lines of level error and above, over all servers: message → how often. */
  readonly errors: { [message: string]: number } = {}
  starts = 0
  current!: ServerProcess
  readonly #folder: DataFolder
  readonly #env: { [name: string]: string }
  readonly #killed = new WeakSet<ServerProcess>()
  #stopping = false
  #loop: Promise<void> | undefined

  constructor(folder: DataFolder, env: { [name: string]: string }) {
    this.#folder = folder
    this.#env = env
  }

  start(): void {
    this.#loop ??= this.#keep()
  }

  async #keep(): Promise<void> {
    while (!this.#stopping) {
      this.starts += 1
      const server = new ServerProcess({ env: { ...this.#env, DATA_DIR: this.#folder.path, WAIHU_TEST_RUN: this.markOf(this.starts) } })
      this.current = server
      let upMs: number | undefined
      void server.up(60_000).then(
        () => this.startMs.push((upMs = Math.round(performance.now() - server.startedAtMs))),
        () => {},
      )
      await server.exited
      this.#countErrors(server.stderr)
      if (this.#stopping || this.#killed.has(server)) continue
      this.unasked.push({ wasUp: upMs !== undefined, lastWords: server.lastWords })
      await sleep(200)
    }
  }

  #countErrors(stderr: string): void {
    for (const line of stderr.split('\n')) {
      if (!line.startsWith('{"level":5') && !line.startsWith('{"level":6')) continue
      // The last line of a killed process may be cut.
      const message = /"msg":"([^"]*)/.exec(line)?.[1] ?? 'cut'
      this.errors[message] = (this.errors[message] ?? 0) + 1
      if (process.env['CRASH_SHOW_ERRORS']) console.error(line)
    }
  }

  /** In the environment of the nth server and all that it starts, PostgreSQL excepted. */
  markOf(start: number): string {
    return `${path.basename(this.#folder.path)}-${start}.`
  }

  get isUp(): boolean {
    return this.current.baseUrl !== undefined && this.current.exit === undefined
  }

  /** Kills that victim as it is now. False when there is none at the moment. */
  async kill(victim: Victim, random: () => number): Promise<boolean> {
    switch (victim) {
      case 'server':
        this.#killed.add(this.current)
        return killNow(this.current.pid)
      case 'carrier':
        return this.#killOne((it) => it.command.includes('simulator/main.ts'), random)
      case 'speech':
        return this.#killOne((it) => it.command.includes('espeak/child.ts'), random)
      default:
        return this.#killDatabase(victim, random)
    }
  }

  #killOne(isIt: (it: SeenProcess) => boolean, random: () => number): boolean {
    return killOneOf(processesWith(this.markOf(this.starts)).filter(isIt).map(({ pid }) => pid), random)
  }

  async #killDatabase(victim: 'postgres' | 'postmaster' | 'backend', random: () => number): Promise<boolean> {
    const folder = await openFolder(this.#folder.path)
    const found = await readPidFile(folder)
    if (!found || !(await servesCluster(found.pid, folder))) return false
    const children = childrenOf(found.pid)
    if (victim === 'backend') return killOneOf(children, random)
    killNow(found.pid)
    if (victim === 'postgres') children.forEach(killNow)
    return true
  }

  /** Asks it to stop. Resolves with how long that took. */
  async stop(withinMs: number): Promise<{ code: number | null; ms: number }> {
    this.#stopping = true
    const askedAtMs = performance.now()
    this.current.kill('SIGTERM')
    const { code, atMs } = await this.current.ended(withinMs)
    await this.#loop
    return { code, ms: Math.round(atMs - askedAtMs) }
  }
}

function killOneOf(pids: readonly number[], random: () => number): boolean {
  const pid = oneOf(pids, random)
  return pid !== undefined && killNow(pid)
}

export function oneOf<T>(choices: readonly T[], random: () => number): T | undefined {
  return choices[Math.floor(random() * choices.length)]
}

export type Answer = { status: number; body: { [key: string]: unknown } }

/** Talks to the server wherever it is now, as a customer who gives up on a request after a while and sends it again. */
export class PersistentClient {
  readonly #server: KeptServer
  readonly #apiKey: string
  /** Tries that came to nothing, by what was seen. */
  readonly failures: { [what: string]: number } = {}

  constructor(server: KeptServer, apiKey: string) {
    this.#server = server
    this.#apiKey = apiKey
  }

  /** One try; undefined when there was no answer, or only one that asks for patience. Errors: Error for any other refusal. */
  async try(action: string, body: unknown, headers: { [name: string]: string } = {}): Promise<Answer | undefined> {
    try {
      const response = await fetch(`${this.#server.current.baseUrl ?? 'http://127.0.0.1:1'}/api/v1/callinfo/${action}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-API-Key': this.#apiKey, 'X-Skill-Version': '1.0.0', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      })
      const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
      if (response.ok) return answer
      this.#failed(String(response.status))
      if (response.status === 503 || response.status === 429) return undefined
      throw new UnexpectedAnswer(`${action} answered ${response.status}: ${JSON.stringify(answer.body)}`)
    } catch (error) {
      if (error instanceof UnexpectedAnswer) throw error
      this.#failed('no answer')
      return undefined
    }
  }

  #failed(what: string): void {
    this.failures[what] = (this.failures[what] ?? 0) + 1
  }

  /** Sends it until it is answered. Errors: Error after `withinMs`, or at a refusal. */
  async post(action: string, body: unknown, headers: { [name: string]: string } = {}, withinMs = 90_000): Promise<{ answer: Answer; tries: number }> {
    const deadline = performance.now() + withinMs
    for (let tries = 1; performance.now() < deadline; tries += 1, await sleep(250)) {
      const answer = await this.try(action, body, headers)
      if (answer) return { answer, tries }
    }
    throw new Error(`${action} was not answered within ${withinMs} ms`)
  }
}

class UnexpectedAnswer extends Error {}
