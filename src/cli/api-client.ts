// Talks to a running server as any customer would: HTTP with an API key. Does not know the database.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../errors.ts'

/** What the commands throw for a person to read. */
export class CliError extends AppError {
  override name = 'CliError'
  constructor(message: string, options?: ErrorOptions) {
    super('cli', message, options)
  }
}

export type DemoAccount = { account_id: string; api_key: string; base_url: string }

/** The file that the first start writes: the demo account and its key. */
export function demoAccountFile(dataDir: string): string {
  return path.join(dataDir, 'demo-account.json')
}

export function readDemoAccount(dataDir: string): DemoAccount | undefined {
  const file = demoAccountFile(dataDir)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DemoAccount) : undefined
}

/** STEPONEAI_API_BASE, else the address of the first start, else the default port. */
export function apiBase(env: NodeJS.ProcessEnv, dataDir: string, port: number): string {
  return env['STEPONEAI_API_BASE'] ?? readDemoAccount(dataDir)?.base_url ?? `http://127.0.0.1:${port || 8080}`
}

/** STEPONEAI_API_KEY, else the demo key. Errors: CliError that says how to get one. */
export function apiKey(env: NodeJS.ProcessEnv, dataDir: string): string {
  const key = env['STEPONEAI_API_KEY'] ?? readDemoAccount(dataDir)?.api_key
  if (!key) throw new CliError('没有 API 密钥：先运行 npm start，或设置 STEPONEAI_API_KEY。 No API key: run `npm start` once, or set STEPONEAI_API_KEY.')
  return key
}

export class ApiClient {
  readonly base: string
  readonly #key: string

  constructor(base: string, key: string) {
    this.base = base.replace(/\/$/, '')
    this.#key = key
  }

  /** Errors: CliError with the server's message. */
  async post(pathname: string, body: unknown, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const response = await this.#fetch(pathname, { method: 'POST', body: JSON.stringify(body), headers })
    return this.#read(response)
  }

  /** Errors: CliError with the server's message. */
  async put(pathname: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#read(await this.#fetch(pathname, { method: 'PUT', body: JSON.stringify(body) }))
  }

  /** A part of a file. */
  async putBytes(pathname: string, bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
    return this.#read(await this.#fetch(pathname, { method: 'PUT', body: bytes, headers: { 'Content-Type': 'application/octet-stream' } }))
  }

  async delete(pathname: string): Promise<Record<string, unknown>> {
    return this.#read(await this.#fetch(pathname, { method: 'DELETE' }))
  }

  async get(pathname: string): Promise<Record<string, unknown>> {
    return this.#read(await this.#fetch(pathname, { method: 'GET' }))
  }

  /** A file. Errors: CliError with the server's message. */
  async bytes(pathname: string): Promise<Buffer> {
    const response = await this.#fetch(pathname, { method: 'GET' })
    if (!response.ok) throw new CliError(messageOf(await response.text()))
    return Buffer.from(await response.arrayBuffer())
  }

  /** A file of any size, as it comes. Errors: CliError with the server's message, also when it breaks off. */
  async *download(pathname: string): AsyncGenerator<Uint8Array> {
    const response = await this.#fetch(pathname, { method: 'GET' })
    if (!response.ok || !response.body) throw new CliError(messageOf(await response.text()))
    try {
      yield* response.body
    } catch (error) {
      throw new CliError(`下载中断：请重试。 The download broke off: try again. (${(error as Error).message})`, { cause: error })
    }
  }

  /** Lines of a live conversation until the server closes the stream. */
  async *stream(callId: string): AsyncGenerator<{ role: string; content: string; outcome?: string }> {
    const response = await this.#fetch('/api/v1/callinfo/stream_chat_history', { method: 'POST', body: JSON.stringify({ call_id: callId }) })
    if (!response.ok || !response.body) throw new CliError(messageOf(await response.text()))
    let buffered = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      buffered += chunk
      for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
        const data = buffered.slice(0, end).split('\n').find((line) => line.startsWith('data: '))
        buffered = buffered.slice(end + 2)
        if (data) yield JSON.parse(data.slice('data: '.length)) as { role: string; content: string }
      }
    }
  }

  async isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.base}/healthz`, { signal: AbortSignal.timeout(1_500) })
      return response.ok
    } catch {
      return false
    }
  }

  async #read(response: Response): Promise<Record<string, unknown>> {
    const text = await response.text()
    if (!response.ok) throw new CliError(messageOf(text))
    return JSON.parse(text) as Record<string, unknown>
  }

  async #fetch(pathname: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.base + pathname, { ...init, headers: { ...(init.body === undefined ? {} : { 'Content-Type': 'application/json' }), 'X-API-Key': this.#key, 'X-Skill-Version': '1.0.0', ...(init.headers as Record<string, string> | undefined) } })
    } catch (error) {
      throw new CliError(`连不上 ${this.base}：先运行 npm start。 Cannot reach ${this.base}: run \`npm start\` first.`, { cause: error })
    }
  }
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body
  } catch {
    return body
  }
}
