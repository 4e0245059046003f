// A customer's callback server on loopback, whom the test plays. Used by tests only.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { callbackServerDefaults, type CallbackServer } from './plan.ts'

export type Asked = { url: URL; body: string; contentType: string | undefined; fields: URLSearchParams; content: Record<string, string>; socket: Socket }
export type Answers = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void

export const wireId = '130301340124^117079730123'

export class ServerRig implements AsyncDisposable {
  readonly #server: Server
  readonly asked: Asked[] = []
  answers: Answers
  #waiters: { count: number; resolve: () => void }[] = []
  /** How many requests were open at once, at most. */
  openMax = 0
  #open = 0

  private constructor(answers: Answers) {
    this.answers = answers
    this.#server = createServer((request, response) => {
      this.#open += 1
      this.openMax = Math.max(this.openMax, this.#open)
      response.on('close', () => (this.#open -= 1))
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('error', () => undefined)
      request.on('end', () => {
        const url = new URL(request.url!, 'http://callback.test')
        const body = Buffer.concat(chunks).toString()
        const fields = new URLSearchParams(body === '' ? url.search : body)
        const asked = { url, body, contentType: request.headers['content-type'], fields, content: JSON.parse(fields.get('content') ?? '{}') as Record<string, string>, socket: request.socket }
        this.asked.push(asked)
        this.answers(asked, response, request)
        for (const { resolve } of this.#waiters.filter(({ count }) => this.asked.length >= count)) resolve()
      })
    })
  }

  static async open(answers: Answers): Promise<ServerRig> {
    const rig = new ServerRig(answers)
    await new Promise<void>((resolve) => rig.#server.listen(0, '127.0.0.1', resolve))
    return rig
  }

  server(more: Partial<CallbackServer> = {}): CallbackServer {
    const { port } = this.#server.address() as AddressInfo
    return { ...callbackServerDefaults, url: `http://127.0.0.1:${port}/call/ai`, ...more }
  }

  /** Resolves when the server got so many requests. */
  async got(count: number): Promise<void> {
    if (this.asked.length >= count) return
    await new Promise<void>((resolve) => this.#waiters.push({ count, resolve }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function answerWith(data: object, envelope: object = { result: 'success', msg: '成功', code: 200 }): Answers {
  return (_asked, response) => response.end(JSON.stringify({ ...envelope, data: { call_id: wireId, ...data } }))
}
