// A server that a test kills, and the carrier that its calls go to, which survives. Does not know what is called or killed.
import { KeptServer, PersistentClient } from './crash-run.ts'
import { FarEnd, type FarEndManner } from './far-end.ts'
import { freePort } from './free-port.ts'
import { DataFolder } from './server-process.ts'

const UP_MS_MAX = 60_000
const STOP_MS_MAX = 20_000

/** A server that is up, with a demo account, and its carrier. */
export class ServerAndFarEnd implements AsyncDisposable {
  readonly server: KeptServer
  readonly farEnd: FarEnd
  readonly folder: DataFolder
  readonly client: PersistentClient
  readonly #parts: AsyncDisposableStack

  private constructor(parts: AsyncDisposableStack, whole: Pick<ServerAndFarEnd, 'server' | 'farEnd' | 'folder' | 'client'>) {
    this.#parts = parts
    this.server = whole.server
    this.farEnd = whole.farEnd
    this.folder = whole.folder
    this.client = whole.client
  }

  static async start(mannerOf: (number: string) => FarEndManner, env: { [name: string]: string }): Promise<ServerAndFarEnd> {
    await using stack = new AsyncDisposableStack()
    const farEnd = stack.use(await FarEnd.start(mannerOf))
    const folder = stack.use(await DataFolder.make())
    const server = new KeptServer(folder, {
      PORT: '0',
      HOME: folder.path,
      LOG_LEVEL: 'error',
      SIP_TRUNK: `127.0.0.1:${farEnd.port}`,
      // The next server is reached where the one before was, as with a trunk that knows us by address.
      SIP_PORT: String(await freePort()),
      ALLOW_DEMO_ASR: 'on',
      ...env,
    })
    server.start()
    stack.defer(async () => void (await server.stop(STOP_MS_MAX)))
    await server.current.up(UP_MS_MAX)
    const client = new PersistentClient(server, (await folder.demoAccount()).api_key)
    return new ServerAndFarEnd(stack.move(), { server, farEnd, folder, client })
  }

  async post(action: string, body: object): Promise<{ [key: string]: unknown }> {
    return (await this.client.post(action, body)).answer.body
  }

  /** Answers with the id of the call. */
  async place(number: string): Promise<string> {
    const answer = await this.post('initiate_call', { phones: number, user_requirement: '通知张总明天上午9点在三楼会议室开会' })
    return (answer['call_ids'] as string[])[0]!
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync()
  }
}
