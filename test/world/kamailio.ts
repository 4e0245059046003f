// A SIP edge played by Kamailio with test/kamailio/edge.cfg, in a folder of its own, ended by its process id. Does not know what is tested.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Certificate } from './certificates.ts'
import { freePort } from './free-port.ts'

const config = fileURLToPath(new URL('../kamailio/edge.cfg', import.meta.url))
const missing = ['kamailio', 'openssl'].filter((program) => spawnSync(program, ['-v']).error instanceof Error)

/** For tests: why they are skipped, or false. With REQUIRE_INTEROP=1 they fail instead. */
export const withoutKamailio = missing.length > 0 && process.env['REQUIRE_INTEROP'] !== '1' ? `${missing.join(' and ')} not installed` : false

const START_MS_MAX = 10_000
const STOP_MS_MAX = 5_000
const address = '127.0.0.1'

export type KamailioOptions = {
  /** For its files; kept between two runs of the same edge. */
  folder: string
  certificate: Certificate
  /** Whom it trusts when it asks for our certificate. */
  authority: Certificate
  /** UDP ports of carriers, best first. */
  carriers: readonly number[]
  /** 0: carriers are not probed. */
  pingSeconds?: number
  ports?: Ports
}

/** `tlsAsking` wants our certificate. */
export type Ports = { udp: number; tls: number; tlsAsking: number }

export class Kamailio implements AsyncDisposable {
  readonly address = address
  readonly ports: Ports
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess, ports: Ports) {
    this.#child = child
    this.ports = ports
    this.#ended = once(child, 'exit')
    child.stderr!.on('data', (text: Buffer) => (this.output = (this.output + text.toString('utf8')).slice(-8_000)))
  }

  /** Resolves when it takes connections. Errors: Error with its last words. */
  static async start(options: KamailioOptions): Promise<Kamailio> {
    const { folder, certificate, authority, carriers, pingSeconds = 0 } = options
    const ports = options.ports ?? { udp: await freePort(), tls: await freePort(), tlsAsking: await freePort() }
    const [tlsFile, carrierFile, runFolder] = ['tls.cfg', 'carriers.list', 'run'].map((name) => path.join(folder, name)) as [string, string, string]
    mkdirSync(runFolder, { recursive: true })
    const own = `method = TLSv1.2+\ncertificate = ${certificate.cert}\nprivate_key = ${certificate.key}\n`
    writeFileSync(tlsFile, `[server:default]\n${own}verify_certificate = no\nrequire_certificate = no\n[client:default]\n${own}verify_certificate = no\n[server:${address}:${ports.tlsAsking}]\n${own}ca_list = ${authority.cert}\nverify_certificate = yes\nrequire_certificate = yes\n`)
    writeFileSync(carrierFile, carriers.map((port, nth) => `1 sip:${address}:${port} 0 ${carriers.length - nth}\n`).join(''))
    const defines = {
      UDP_LISTEN: `udp:${address}:${ports.udp}`,
      TLS_LISTEN: `tls:${address}:${ports.tls}`,
      TLS_ASKING: `tls:${address}:${ports.tlsAsking}`,
      PING_SECONDS: String(pingSeconds),
      TLS_FILE: JSON.stringify(tlsFile),
      CARRIER_FILE: JSON.stringify(carrierFile),
    }
    const child = spawn('kamailio', ['-f', config, '-DD', '-E', '-m', '32', '-M', '8', '-w', folder, '-Y', runFolder, ...Object.entries(defines).flatMap(([name, value]) => ['-A', `${name}=${value}`])], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const edge = new Kamailio(child, ports)
    try {
      await edge.#takesConnections()
      return edge
    } catch (error) {
      await edge[Symbol.asyncDispose]()
      throw new Error(`kamailio did not start: ${edge.output}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM')
      // Its workers are processes too: killed alone, it would leave them behind with our end of the pipe.
      const kill = setTimeout(() => process.kill(-this.#child.pid!, 'SIGKILL'), STOP_MS_MAX)
      await this.#ended
      clearTimeout(kill)
    }
    this.#child.stderr!.destroy()
  }

  async #takesConnections(): Promise<void> {
    for (const deadline = performance.now() + START_MS_MAX; ; ) {
      const socket = connect(this.ports.tls, address)
      try {
        await once(socket, 'connect')
        return
      } catch (error) {
        if (performance.now() > deadline || this.#child.exitCode !== null) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      } finally {
        socket.destroy()
      }
    }
  }
}
