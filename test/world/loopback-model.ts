// A language model at the edge: a real HTTP server on the loopback that speaks the OpenAI streaming chat-completions protocol by a script.
// Knows the protocol and how providers misbehave. Does not know robots.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One step of an answer. Text may be given in any pieces; `afterMs` waits first. */
export type LoopbackStep =
  | { text: string; afterMs?: number }
  | { tool: string; input: unknown; afterMs?: number }
  /** Bytes as they are: garbage, a chunk that is no JSON. */
  | { raw: string | Uint8Array; afterMs?: number }
  /** The socket is destroyed. */
  | { die: true; afterMs?: number }
  /** Text without end. */
  | { forEver: string; everyMs: number }

export type LoopbackAnswer =
  | { steps: readonly LoopbackStep[] }
  | { status: number; headers?: { [name: string]: string }; body?: string }

export type LoopbackRequest = {
  atMs: number
  path: string
  authorization: string | undefined
  body: { model: string; stream: boolean; max_tokens?: number; messages: { role: string; content: string }[]; tools?: { function: { name: string } }[] }
}

/** What answers a request: its own decision, by number (from 0) or by content. */
export type LoopbackScript = (request: LoopbackRequest, number: number) => LoopbackAnswer

export class LoopbackModel implements AsyncDisposable {
  readonly requests: LoopbackRequest[] = []
  readonly warmUps: string[] = []
  /** Connections ever opened, to see that they are kept. */
  connections = 0
  script: LoopbackScript
  readonly #server: Server
  readonly #closing = new AbortController()

  private constructor(server: Server, script: LoopbackScript) {
    this.#server = server
    this.script = script
  }

  static async start(script: LoopbackScript): Promise<LoopbackModel> {
    const server = createServer()
    const model = new LoopbackModel(server, script)
    server.on('connection', () => (model.connections += 1))
    server.on('request', (request, response) => {
      model.#serve(request, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return model
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      this.warmUps.push(`${request.method} ${request.url}`)
      response.end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const recorded: LoopbackRequest = {
      atMs: Date.now(),
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as LoopbackRequest['body'],
    }
    this.requests.push(recorded)
    const answer = this.script(recorded, this.requests.length - 1)
    if ('status' in answer) {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(answer.body ?? JSON.stringify({ error: { message: `status ${answer.status}`, type: 'test' } }))
      return
    }
    await this.#stream(answer.steps, recorded.body.model, response)
  }

  async #stream(steps: readonly LoopbackStep[], model: string, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, this.#closing.signal])
    const chunk = (delta: unknown, finish: string | null = null): string =>
      `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    response.write(chunk({ role: 'assistant', content: '' }))
    let tools = 0
    for (const step of steps) {
      if ('forEver' in step) {
        while (!signal.aborted) {
          response.write(chunk({ content: step.forEver }))
          await pause(step.everyMs, signal)
        }
        return
      }
      if (step.afterMs !== undefined) await pause(step.afterMs, signal)
      if (signal.aborted) return
      if ('text' in step) response.write(chunk({ content: step.text }))
      else if ('raw' in step) response.write(step.raw)
      else if ('die' in step) {
        response.socket?.destroy()
        return
      } else {
        response.write(chunk({ tool_calls: [{ index: tools, id: `call_${tools}`, type: 'function', function: { name: step.tool, arguments: typeof step.input === 'string' ? step.input : JSON.stringify(step.input) } }] }))
        tools += 1
      }
    }
    response.write(chunk({}, tools > 0 ? 'tool_calls' : 'stop'))
    response.end('data: [DONE]\n\n')
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** The sentences, streamed in small pieces as a model would, the first after `firstMs`. */
export function saying(sentences: readonly string[], options: { firstMs?: number; everyMs?: number; tools?: readonly { tool: string; input: unknown }[] } = {}): LoopbackAnswer {
  const pieces = sentences.flatMap((sentence) => sentence.match(/[^]{1,4}/gu) ?? [])
  const texts = pieces.map((text, i): LoopbackStep => ({ text, afterMs: i === 0 ? (options.firstMs ?? 20) : (options.everyMs ?? 5) }))
  return { steps: [...texts, ...(options.tools ?? [])] }
}
