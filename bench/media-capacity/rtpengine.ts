// Knows how rtpengine is started in user space and asked to relay calls (ng protocol: bencode over UDP). Does not know what is measured.
import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ADDRESS = '127.0.0.1'
const ANSWER_MS_MAX = 1_000
const START_TRIES = 50

type Bencoded = string | number | Bencoded[] | { [key: string]: Bencoded }

export class Rtpengine {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #socket: Socket
  readonly #ngPort: number
  #cookie = 0

  /** Undefined when it is not installed. `prefix` is put before the command (taskset). */
  static async start({ ngPort, portMin, portMax, prefix }: { ngPort: number; portMin: number; portMax: number; prefix: readonly string[] }): Promise<Rtpengine | undefined> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rtpengine-'))
    const options = ['--foreground', '--no-log-timestamps', '--table=-1', '--log-level=3', `--interface=${ADDRESS}`, `--listen-ng=${ADDRESS}:${ngPort}`, `--port-min=${portMin}`, `--port-max=${portMax}`, `--pidfile=${path.join(folder, 'pid')}`, '--config-file=none']
    const [command, ...args] = [...prefix, 'rtpengine', ...options]
    const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const failed = new Promise<'absent'>((resolve) => {
      child.once('error', () => resolve('absent'))
      child.once('exit', () => resolve('absent'))
    })
    const socket = createSocket('udp4')
    socket.bind(0, ADDRESS)
    await once(socket, 'listening')
    const engine = new Rtpengine(child, folder, socket, ngPort)
    for (let tries = 0; tries < START_TRIES; tries += 1) {
      const up = await Promise.race([engine.#ask({ command: 'ping' }, 100).then(() => 'up' as const, () => 'not yet' as const), failed])
      if (up === 'up') return engine
      if (up === 'absent') break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await engine[Symbol.asyncDispose]()
    return undefined
  }

  private constructor(child: ChildProcess, folder: string, socket: Socket, ngPort: number) {
    this.#child = child
    this.#folder = folder
    this.#socket = socket
    this.#ngPort = ngPort
    this.pid = child.pid ?? 0
  }

  /** Two legs: what one far end sends to its port comes to the other. Answers the ports they send to. */
  async relay(callId: string, aPort: number, bPort: number): Promise<{ forA: number; forB: number }> {
    const offer = await this.#ask({ command: 'offer', 'call-id': callId, 'from-tag': 'a', sdp: sdp(aPort), ICE: 'remove' })
    const answer = await this.#ask({ command: 'answer', 'call-id': callId, 'from-tag': 'a', 'to-tag': 'b', sdp: sdp(bPort), ICE: 'remove' })
    return { forB: portOf(offer), forA: portOf(answer) }
  }

  async end(callId: string): Promise<void> {
    await this.#ask({ command: 'delete', 'call-id': callId, 'from-tag': 'a' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      const gone = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      const kill = setTimeout(() => this.#child.kill('SIGKILL'), 3_000)
      await gone
      clearTimeout(kill)
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #ask(question: { [key: string]: Bencoded }, waitMsMax = ANSWER_MS_MAX): Promise<{ [key: string]: Bencoded }> {
    const cookie = `c${(this.#cookie += 1)}`
    this.#socket.send(`${cookie} ${bencode(question)}`, this.#ngPort, ADDRESS)
    const signal = AbortSignal.timeout(waitMsMax)
    for (;;) {
      const [bytes] = (await once(this.#socket, 'message', { signal })) as [Buffer]
      const text = bytes.toString('latin1')
      if (!text.startsWith(`${cookie} `)) continue
      const answer = bdecode(text.slice(cookie.length + 1)) as { [key: string]: Bencoded }
      if (answer['result'] === 'error') throw new Error(`rtpengine: ${JSON.stringify(answer['error-reason'])}`)
      return answer
    }
  }
}

function sdp(port: number): string {
  return ['v=0', `o=- 1 1 IN IP4 ${ADDRESS}`, 's=-', `c=IN IP4 ${ADDRESS}`, 't=0 0', `m=audio ${port} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', 'a=ptime:20', 'a=sendrecv', ''].join('\r\n')
}

function portOf(answer: { [key: string]: Bencoded }): number {
  return Number(/m=audio (\d+) /.exec(typeof answer['sdp'] === 'string' ? answer['sdp'] : '')?.[1])
}

function bencode(value: Bencoded): string {
  if (typeof value === 'number') return `i${value}e`
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`
  return `d${Object.entries(value).map(([key, item]) => bencode(key) + bencode(item)).join('')}e`
}

function bdecode(text: string): Bencoded {
  let at = 0
  const read = (): Bencoded => {
    const kind = text[at]
    if (kind === 'i') {
      const end = text.indexOf('e', at)
      const number = Number(text.slice(at + 1, end))
      at = end + 1
      return number
    }
    if (kind === 'l' || kind === 'd') {
      const items: Bencoded[] = []
      const named: { [key: string]: Bencoded } = {}
      for (at += 1; text[at] !== 'e'; ) {
        const item = read()
        if (kind === 'd' && typeof item === 'string') named[item] = read()
        else items.push(item)
      }
      at += 1
      return kind === 'l' ? items : named
    }
    const colon = text.indexOf(':', at)
    const length = Number(text.slice(at, colon))
    at = colon + 1 + length
    return text.slice(colon + 1, at)
  }
  return read()
}
