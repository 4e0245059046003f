// A carrier, or a caller, played by sipp from test/sipp. Does not know what is tested.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'

const scenarioFolder = fileURLToPath(new URL('../sipp/', import.meta.url))
const hasSipp = !(spawnSync('sipp', ['-v']).error instanceof Error)

/** For tests: why they are skipped, or false. With REQUIRE_INTEROP=1 they fail instead. */
export const withoutSipp = !hasSipp && process.env['REQUIRE_INTEROP'] !== '1' ? 'sipp is not installed' : false

export type SippOptions = {
  args?: readonly string[]
  /** How many calls it takes, or makes, before it ends. Without end when absent. */
  calls?: number
  protocol?: 'UDP' | 'TCP'
  /** For callers: whom to call. */
  target?: string
  port?: number
  seconds?: number
}

export class Sipp implements AsyncDisposable {
  readonly address = '127.0.0.1'
  readonly port: number
  /** Its exit code: 0 when every call went as written. */
  readonly finished: Promise<unknown>
  /** The end of what it wrote. */
  output = ''
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    this.finished = once(child, 'exit').then(([code]) => code as unknown)
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => (this.output = (this.output + text.toString('utf8')).slice(-4_000)))
  }

  /** `scenario` without `.xml`. Over TCP it resolves when connections are taken: unlike a lost INVITE, a refused one is not tried again. */
  static async start(scenario: string, { args = [], calls, protocol = 'UDP', target, port, seconds = 50 }: SippOptions = {}): Promise<Sipp> {
    const [own, media] = [port ?? (await freePort()), await freePort()]
    const fixed = ['-sf', `${scenario}.xml`, '-i', '127.0.0.1', '-mi', '127.0.0.1', '-p', `${own}`, '-mp', `${media}`, '-nostdin', '-timeout', `${seconds}`]
    const counted = calls === undefined ? [] : ['-m', `${calls}`]
    const child = spawn('sipp', [...fixed, ...counted, ...(protocol === 'TCP' ? ['-t', 't1'] : []), ...args, ...(target === undefined ? [] : [target])], { cwd: scenarioFolder, stdio: ['ignore', 'pipe', 'pipe'] })
    const sipp = new Sipp(child, own)
    if (protocol === 'TCP') await sipp.#takesConnections()
    return sipp
  }

  get pid(): number {
    return this.#child.pid!
  }

  stop(): void {
    this.#child.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await this.finished
  }

  async #takesConnections(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const socket = connect(this.port, this.address)
      const open = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      socket.destroy()
      if (open) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
