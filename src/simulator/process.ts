// Starts the simulated carrier as its own process, keeps it running, and stops it. Does not know what it does.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Log } from '../log.ts'

/** Takes under a second; a cold disk on a busy machine makes it many, and to give up would be worse than to wait. */
const START_MS_MAX = 60_000
const STOP_MS_MAX = 5_000
const RESTART_MS_MIN = 200
const RESTART_MS_MAX = 5_000
/** A carrier that lived this long starts the back-off afresh. */
const STABLE_MS = 30_000

/** First message of the carrier to its parent. */
export type CarrierReady = { type: 'ready'; port: number }

export type CarrierOptions = {
  address: string
  /** 0 takes a free one; after a crash the same port is taken again, so the trunk stays where it was. */
  port: number
  /** Callees reply in order without recognising what they hear. */
  load: boolean
  log: Log
}

export class SimulatedCarrier implements AsyncDisposable {
  readonly address: string
  readonly #options: CarrierOptions
  #child: ChildProcess | undefined
  #port: number
  #startedAtMs = 0
  #failures = 0
  /** It came up at least once: before, not coming up is the starter's error to report. */
  #wasUp = false
  #stopping = false
  #restart: NodeJS.Timeout | undefined

  private constructor(options: CarrierOptions) {
    this.#options = options
    this.address = options.address
    this.#port = options.port
  }

  /** Resolves when the carrier takes calls. Errors: Error with its last words when it does not come up. */
  static async start(options: CarrierOptions): Promise<SimulatedCarrier> {
    const carrier = new SimulatedCarrier(options)
    await carrier.#spawn()
    return carrier
  }

  /** SIP port. */
  get port(): number {
    return this.#port
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get isUp(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restart)
    const child = this.#child
    if (!child || !this.isUp) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.connected) child.disconnect()
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await gone
    clearTimeout(kill)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #spawn(): Promise<void> {
    const { address, load, log } = this.#options
    this.#startedAtMs = performance.now()
    // The IPC channel tells the carrier when we are gone, however we went: it then ends by itself.
    const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), [], {
      env: { ...process.env, SIMULATOR_ADDRESS: address, SIMULATOR_PORT: String(this.#port), SIMULATOR_LOAD: load ? 'on' : 'off' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new Error(`the simulated carrier did not start within ${START_MS_MAX} ms`))
      }, START_MS_MAX)
      child.once('message', (message: CarrierReady) => {
        clearTimeout(late)
        this.#port = message.port
        this.#wasUp = true
        resolve()
      })
      child.once('error', (error) => {
        clearTimeout(late)
        reject(error)
      })
      child.once('exit', (code, signal) => {
        clearTimeout(late)
        reject(new Error(`the simulated carrier ended with ${signal ?? code}`))
        this.#onExit(code, signal)
      })
    })
    log.info({ pid: child.pid, port: this.#port, ms: Math.round(performance.now() - this.#startedAtMs) }, 'simulated carrier is up')
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping || !this.#wasUp) return
    this.#failures = performance.now() - this.#startedAtMs > STABLE_MS ? 1 : this.#failures + 1
    const delayMs = Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** (this.#failures - 1))
    this.#options.log.warn({ code, signal, delayMs }, 'simulated carrier ended; starting it again')
    this.#restart = setTimeout(() => {
      this.#spawn().catch((error: unknown) => this.#options.log.error({ err: error }, 'simulated carrier did not start'))
    }, delayMs)
  }
}
