// Knows how to serve an OpenAI-compatible chat endpoint on the loopback, well-mannered or set to misbehave. Does not know what is asked of it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InvalidInputError } from '../errors.ts'
import { type ChatBody, mannered, misbehaving, misdeeds, type Misdeed, type ModelAnswer } from './model-manners.ts'
import type { ModelEndpoint } from './robots.ts'

const bodyBytesMax = 1_000_000

/** `loopback`, or `loopback:` and what it does wrong: leaks,claims-human,invents,obeys or all. Errors: InvalidInputError. */
export function mannersOf(text: string): readonly Misdeed[] {
  const [, wanted = ''] = /^loopback(?::(.*))?$/u.exec(text) ?? []
  if (wanted === '') return []
  if (wanted === 'all') return misdeeds
  return wanted.split(',').map((name) => {
    const found = misdeeds.find((one) => one === name.trim())
    if (found === undefined) throw new InvalidInputError('--robot', `loopback:${name} 不认识，可用 ${misdeeds.join('、')}、all。 loopback:${name} is not known: choose of ${misdeeds.join(', ')}, all.`)
    return found
  })
}

/** A language model without a language model: real HTTP and server-sent events, answers at once. */
export class LoopbackModel implements AsyncDisposable {
  /** Answers given so far. */
  answers = 0
  readonly #server: Server
  readonly #wrong: readonly Misdeed[]

  private constructor(server: Server, wrong: readonly Misdeed[]) {
    this.#server = server
    this.#wrong = wrong
  }

  static async start(wrong: readonly Misdeed[] = []): Promise<LoopbackModel> {
    const server = createServer({ keepAlive: true })
    const model = new LoopbackModel(server, wrong)
    server.on('request', (request, response) => void model.#serve(request, response).catch(() => response.destroy()))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return model
  }

  get endpoint(): ModelEndpoint {
    return { baseUrl: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`, model: 'loopback' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.end()
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bodyBytesMax) return void response.writeHead(413).end()
      chunks.push(chunk)
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatBody
    this.answers += 1
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(streamOf(this.#wrong.length === 0 ? mannered(body) : misbehaving(body, this.#wrong)))
  }
}

/** Chat completion chunks, one sentence each, as OpenAI streams them. */
function streamOf({ sentences, tools }: ModelAnswer): string {
  const chunk = (delta: unknown, finish: string | null = null): string => `data: ${JSON.stringify({ id: 'chatcmpl-loopback', object: 'chat.completion.chunk', created: 1, model: 'loopback', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  return [
    chunk({ role: 'assistant', content: '' }),
    ...sentences.map((content) => chunk({ content })),
    ...tools.map(({ name, input }, index) => chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: JSON.stringify(input) } }] })),
    chunk({}, tools.length > 0 ? 'tool_calls' : 'stop'),
    'data: [DONE]\n\n',
  ].join('')
}
