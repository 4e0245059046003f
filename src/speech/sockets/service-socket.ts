// Knows one WebSocket connection to a speech service: opened within a limit, kept alive, ended once. Does not know what is said over it.
import { isIP } from 'node:net'
import { WebSocket, type RawData } from 'ws'
import { ProviderError } from '../../errors.ts'

export type ServiceAddress = {
  /** Provider name, for errors. */
  provider: string
  /** ws:// or wss://. */
  url: string
  /** Of the handshake. A function where they do not last; its errors must be ProviderErrors. */
  headers?: Readonly<Record<string, string>> | (() => Promise<Readonly<Record<string, string>>>) | undefined
  /** WebSocket sub-protocol to ask for. */
  subprotocol?: string | undefined
  /** False accepts any certificate: for a server of one's own that signed its own. */
  verifyCertificate?: boolean | undefined
}

/** Who uses the connection at the moment. */
export type SocketUser = {
  onText(text: string): void
  onAudio(bytes: Buffer): void
  /** The connection is gone, by whichever side. */
  onClosed(error: ProviderError): void
}

export const socketLimits = {
  connectMsMax: 5_000,
  /** A connection with nobody on it is asked for a sign of life this often, and dropped when none came until the next time. */
  pingMs: 20_000,
  /** More than any message of these services has. */
  messageBytesMax: 4 << 20,
} as const

export class ServiceSocket {
  readonly #address: ServiceAddress
  readonly #socket: WebSocket
  readonly #ping: NodeJS.Timeout
  #user: SocketUser | undefined
  #alive = true
  #closed = false
  #why = 'the connection was closed'

  /** Errors: ProviderError; not retryable when the service does not let us in. */
  static async open(address: ServiceAddress, connectMsMax: number = socketLimits.connectMsMax): Promise<ServiceSocket> {
    const { provider, url, subprotocol, verifyCertificate = true } = address
    const headers = typeof address.headers === 'function' ? await address.headers() : address.headers
    let socket: WebSocket
    try {
      socket = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol], {
        headers: { ...headers },
        handshakeTimeout: connectMsMax,
        rejectUnauthorized: verifyCertificate,
        maxPayload: socketLimits.messageBytesMax,
        perMessageDeflate: false,
        // The name in the certificate of a server that is known by its address only is its own business.
        ...(verifyCertificate || isIP(new URL(url).hostname) === 0 ? {} : { checkServerIdentity: () => undefined }),
      })
    } catch (error) {
      throw new ProviderError(provider, `the address is not a WebSocket address (ws:// or wss://): ${(error as Error).message}`, false, { cause: error })
    }
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('unexpected-response', (request, { statusCode = 0 }) => {
        request.destroy()
        const advice = statusCode === 401 || statusCode === 403 ? 'the key was not accepted: check it and what it may be used for' : statusCode === 429 ? 'too many connections for this account' : 'the address answers, but not as a speech service'
        reject(new ProviderError(provider, `${advice} (HTTP ${statusCode})`, statusCode === 429 || statusCode >= 500))
      })
      socket.on('error', (error) => reject(new ProviderError(provider, `cannot connect: ${error.message}`, true, { cause: error })))
    })
    socket.removeAllListeners()
    return new ServiceSocket(address, socket)
  }

  private constructor(address: ServiceAddress, socket: WebSocket) {
    this.#address = address
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data: RawData, isBinary) => (isBinary ? this.#user?.onAudio(data as Buffer) : this.#user?.onText((data as Buffer).toString('utf8'))))
    socket.on('pong', () => (this.#alive = true))
    socket.on('error', (error) => (this.#why = error.message))
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString('utf8')))
    this.#ping = setInterval(() => this.#askForLife(), socketLimits.pingMs)
    this.#ping.unref()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Everything that comes from now on is for this user; undefined: nobody waits for anything. */
  use(user: SocketUser | undefined): void {
    this.#user = user
  }

  /** Nothing happens on a closed connection: its user has been told. */
  send(message: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message)
  }

  /** Ends it without waiting for the other side. Its user is not told. */
  drop(): void {
    this.#user = undefined
    this.#socket.terminate()
    this.#onClose(1006, '')
  }

  #askForLife(): void {
    if (!this.#alive) {
      this.#why = 'no sign of life'
      return this.#socket.terminate()
    }
    this.#alive = false
    this.#socket.ping()
  }

  #onClose(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ping)
    const user = this.#user
    this.#user = undefined
    user?.onClosed(new ProviderError(this.#address.provider, `${reason === '' ? this.#why : reason} (WebSocket ${code})`, true))
  }
}
