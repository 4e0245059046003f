// The whole program for a test: real SIP, RTP, speech, simulated carrier and HTTP, on a database and a folder of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp, type App } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { testDatabase } from '../../src/db/testing.ts'
import { log } from '../../src/log.ts'

if (!process.env['LOG_LEVEL']) log.level = 'error'

const PLACE_TRIES_MAX = 5

export type Record = { [key: string]: unknown } & { call_content: { role: string; content: string }[]; turns: { role: string; content: string; [key: string]: unknown }[] }

export class Platform implements AsyncDisposable {
  readonly app: App
  readonly dataDir: string
  readonly #stack: AsyncDisposableStack

  private constructor(app: App, dataDir: string, stack: AsyncDisposableStack) {
    this.app = app
    this.dataDir = dataDir
    this.#stack = stack
  }

  static async start(env: { [name: string]: string } = {}): Promise<Platform> {
    const stack = new AsyncDisposableStack()
    const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-test-'))
    stack.defer(() => rm(dataDir, { recursive: true, force: true }))
    const test = stack.use(await testDatabase())
    const { host, port, user, database } = test.config
    const app = await startApp(readConfig({ DATABASE_URL: `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`, DATA_DIR: dataDir, PORT: '0', CREDIT_LI: '1000000', CALLS_PER_SECOND: '50', ...env }))
    stack.defer(() => app.stop())
    return new Platform(app, dataDir, stack)
  }

  async post(action: string, body: unknown, headers: { [name: string]: string } = {}): Promise<{ status: number; body: { [key: string]: unknown } }> {
    const response = await fetch(`${this.app.baseUrl}/api/v1/callinfo/${action}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': this.app.demo!.apiKey, 'X-Skill-Version': '1.0.0', ...headers },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as { [key: string]: unknown } }
  }

  async place(phones: string, requirement: string): Promise<string[]> {
    const { status, body } = await this.#accepted({ phones, user_requirement: requirement })
    if (status !== 200) throw new Error(`not placed: ${JSON.stringify(body)}`)
    return body['call_ids'] as string[]
  }

  /** A server that is busy for a moment says that nothing was done: then it is asked again. */
  async #accepted(body: object): Promise<{ status: number; body: { [key: string]: unknown } }> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.post('initiate_call', body)
      if (answer.body['code'] !== 'overloaded' || tries === PLACE_TRIES_MAX) return answer
      await sleep(1_000)
    }
  }

  /** The record once the call is over. */
  async ended(callId: string, msMax = 120_000): Promise<Record> {
    for await (const row of this.app.calls.follow(this.app.demo!.accountId, callId, 0, AbortSignal.timeout(msMax))) {
      if (row.event.type === 'ended') return (await this.post('search_callinfo', { call_id: callId })).body as Record
    }
    throw new Error(`call ${callId} did not end within ${msMax} ms`)
  }

  async call(phone: string, requirement: string): Promise<Record> {
    const [id] = await this.place(phone, requirement)
    return await this.ended(id!)
  }

  recordingOf(callId: string): string {
    return path.join(this.dataDir, 'recordings', `${callId}.wav`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
