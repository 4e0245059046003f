// Sends signed SmartCall requests on kept connections, at appointed times or as fast as answers come. Reads its order on stdin, prints figures.
// Plain sockets: an HTTP client would cost as much as what is measured.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentEncode, signV1, stringToSignV1 } from '../../src/api/aliyun/signature-v1.ts'
import { percentile, round } from '../figures.ts'

/** `isPoor`: has no money, so its requests must be refused. */
export type Account = { id: string; secret: string; isPoor: boolean }
/** Without `perSecond`: as fast as answers come. */
export type LoadOrder = { host: string; port: number; accounts: readonly Account[]; perSecond?: number | undefined; inFlight: number; seconds: number }
export type LoadFigures = { seconds: number; requests: number; accepted: number; refused: number; wrong: string[]; answerMs: { p50: number; p95: number; p99: number; max: number }; cpuSec: number }

const CONNECTIONS_MAX = 200
const WRONG_SHOWN_MAX = 5

/** One request after the other on one connection. */
class Connection {
  readonly #socket: Socket
  #heard = ''
  #answered: ((answer: string) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    socket.on('close', () => this.#answered?.('the connection was closed'))
    socket.on('error', () => {})
  }

  static async open(host: string, port: number): Promise<Connection> {
    const socket = connect(port, host).setNoDelay(true)
    await once(socket, 'connect')
    return new Connection(socket)
  }

  ask(request: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #hear(text: string): void {
    this.#heard += text
    const end = this.#heard.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/^content-length: (\d+)/im.exec(this.#heard)?.[1] ?? NaN)
    const body = this.#heard.slice(end + 4)
    // Characters are fewer than bytes only when a message is not ASCII: then it is judged by its end.
    if (Buffer.byteLength(body) < length) return
    this.#heard = ''
    this.#answered?.(body)
    this.#answered = undefined
  }
}

let count = 0
const run = randomBytes(6).toString('hex')

function request(host: string, account: Account): string {
  count += 1
  const params: [string, string][] = [
    ['AccessKeyId', account.id],
    ['Action', 'SmartCall'],
    ['CalledNumber', `139${String(count % 100_000_000).padStart(8, '0')}`],
    ['CalledShowNumber', '057100000000'],
    ['Format', 'JSON'],
    ['SignatureMethod', 'HMAC-SHA1'],
    ['SignatureNonce', `${run}-${count}`],
    ['SignatureVersion', '1.0'],
    ['Timestamp', new Date().toISOString().replace(/\.\d+/, '')],
    ['Version', '2017-05-25'],
    ['VoiceCode', '$name$'],
    ['VoiceCodeParam', '{"name":"您好，您的快递到了，请问什么时候方便取？"}'],
    ['OutId', String(count)],
  ]
  params.push(['Signature', signV1(stringToSignV1('POST', params), account.secret)])
  const body = params.map(([name, value]) => `${name}=${percentEncode(value)}`).join('&')
  return `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

async function runOrder(order: LoadOrder): Promise<LoadFigures> {
  const { host, port, accounts, perSecond, seconds } = order
  const open = await Promise.all(Array.from({ length: Math.min(CONNECTIONS_MAX, order.inFlight) }, () => Connection.open(host, port)))
  const figures = { accepted: 0, refused: 0, wrong: [] as string[] }
  const answerMs: number[] = []
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const [total, untilMs] = perSecond === undefined ? [Infinity, startedAt + seconds * 1_000] : [perSecond * seconds, Infinity]
  let sent = 0
  const work = async (connection: Connection): Promise<void> => {
    while (sent < total && performance.now() < untilMs) {
      const nth = sent++
      const dueAt = perSecond === undefined ? performance.now() : startedAt + (nth * 1_000) / perSecond
      const waitMs = dueAt - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      // The poor account comes now and then, between the others.
      const account = nth % 50 === 49 ? accounts.find(({ isPoor }) => isPoor)! : accounts[nth % (accounts.length - 1)]!
      const answer = await connection.ask(request(`${host}:${port}`, account))
      answerMs.push(performance.now() - dueAt)
      const code = /"Code":"([^"]*)"/.exec(answer)?.[1]
      if (code === 'OK' && !account.isPoor) figures.accepted += 1
      else if (code === 'isv.AMOUNT_NOT_ENOUGH' && account.isPoor) figures.refused += 1
      else if (figures.wrong.length < WRONG_SHOWN_MAX) figures.wrong.push(answer.slice(0, 200))
      if (answer === 'the connection was closed') return
    }
  }
  await Promise.all(open.map(work))
  const wallSec = (performance.now() - startedAt) / 1_000
  const cpu = process.cpuUsage(cpuBefore)
  for (const connection of open) connection.close()
  const at = (share: number): number => round(percentile(answerMs, share))
  return { seconds: wallSec, requests: answerMs.length, ...figures, answerMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }, cpuSec: (cpu.user + cpu.system) / 1e6 }
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(await runOrder(JSON.parse(await text(process.stdin)) as LoadOrder)))
