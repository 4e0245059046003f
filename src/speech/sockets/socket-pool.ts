// Knows which connections to a speech service are free, so that a call does not wait for a handshake. Does not know what they are used for.
import { ProviderError } from '../../errors.ts'
import { ServiceSocket, type ServiceAddress } from './service-socket.ts'

export type PoolOptions = {
  connectMsMax?: number | undefined
  /** Free connections older than this are dropped before the service does it. */
  idleMsMax: number
  /** Free connections that are kept. */
  idleMax?: number | undefined
}

const IDLE_MAX = 32

export class SocketPool implements Disposable {
  readonly #address: ServiceAddress
  readonly #options: PoolOptions
  /** Newest last. */
  readonly #idle: { socket: ServiceSocket; timer: NodeJS.Timeout }[] = []
  readonly #used = new Set<ServiceSocket>()
  #closed = false

  constructor(address: ServiceAddress, options: PoolOptions) {
    this.#address = address
    this.#options = options
  }

  /** A free connection, or a new one. Errors: ProviderError. */
  async take(): Promise<ServiceSocket> {
    this.#refuseWhenClosed()
    for (let free = this.#idle.pop(); free !== undefined; free = this.#idle.pop()) {
      clearTimeout(free.timer)
      if (free.socket.closed) continue
      this.#used.add(free.socket)
      return free.socket
    }
    const socket = await ServiceSocket.open(this.#address, this.#options.connectMsMax)
    if (this.#closed) {
      socket.drop()
      this.#refuseWhenClosed()
    }
    this.#used.add(socket)
    return socket
  }

  /** Back for the next user. */
  give(socket: ServiceSocket): void {
    socket.use(undefined)
    this.#used.delete(socket)
    if (this.#closed || socket.closed || this.#idle.length >= (this.#options.idleMax ?? IDLE_MAX)) return socket.drop()
    const timer = setTimeout(() => {
      const at = this.#idle.findIndex((free) => free.socket === socket)
      if (at !== -1) this.#idle.splice(at, 1)
      socket.drop()
    }, this.#options.idleMsMax)
    timer.unref()
    this.#idle.push({ socket, timer })
  }

  /** Not fit for another use. */
  drop(socket: ServiceSocket): void {
    this.#used.delete(socket)
    socket.drop()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const { socket, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      socket.drop()
    }
    for (const socket of this.#used) socket.drop()
    this.#used.clear()
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ProviderError(this.#address.provider, 'is closed', false)
  }
}
