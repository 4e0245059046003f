// A carrier that wants to be registered with, played by Kamailio with test/kamailio/carrier.cfg; its callees are sipp. Does not know what is tested.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { SipUserAgent } from '../../src/sip/user-agent.ts'
import { freePort } from './free-port.ts'

const config = fileURLToPath(new URL('../kamailio/carrier.cfg', import.meta.url))
const START_MS_MAX = 10_000
const STOP_MS_MAX = 5_000

export type Line = { username: string; password: string }

export class RegisteringCarrier implements AsyncDisposable {
  readonly address = '127.0.0.1'
  readonly port: number
  /** What it wrote; "call 13800138000 from 02160001000 over line 1001" for each call. */
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    this.#ended = once(child, 'exit')
    child.stderr!.on('data', (text: Buffer) => (this.output = (this.output + text.toString('utf8')).slice(-8_000)))
  }

  /** `folder` is for its files, `calleePort` where calls go. Resolves when it answers OPTIONS. Errors: Error with its last words. */
  static async start({ folder, line, calleePort }: { folder: string; line: Line; calleePort: number }): Promise<RegisteringCarrier> {
    const port = await freePort()
    const runFolder = path.join(folder, 'run')
    mkdirSync(runFolder, { recursive: true })
    const defines = { UDP_LISTEN: `udp:127.0.0.1:${port}`, CALLEE: JSON.stringify(`sip:127.0.0.1:${calleePort}`), LINE_USER: JSON.stringify(line.username), LINE_PASSWORD: JSON.stringify(line.password) }
    const child = spawn('kamailio', ['-f', config, '-DD', '-E', '-m', '32', '-M', '8', '-w', folder, '-Y', runFolder, ...Object.entries(defines).flatMap(([name, value]) => ['-A', `${name}=${value}`])], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    const carrier = new RegisteringCarrier(child, port)
    try {
      await carrier.#answers()
      return carrier
    } catch (error) {
      await carrier[Symbol.asyncDispose]()
      throw new Error(`kamailio did not start: ${carrier.output}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGTERM')
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX)
    await this.#ended
    clearTimeout(kill)
  }

  async #answers(): Promise<void> {
    await using agent = await SipUserAgent.open({ address: this.address, port: 0, log: pino({ level: 'silent' }), limits: { closeMsMax: 100 } })
    for (const deadline = performance.now() + START_MS_MAX; ; ) {
      if ((await Promise.race([agent.ping(this), sleep(1_000, 408)])) === 200) return
      if (performance.now() > deadline || this.#child.exitCode !== null) throw new Error('it does not answer OPTIONS')
    }
  }
}
