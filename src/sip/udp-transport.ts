// Knows one UDP socket. Does not know SIP: a datagram in, a datagram out.
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Log } from '../log.ts'
import type { Peer, Receive, Transport } from './transport.ts'

/** Room for a burst of INVITEs while the thread is busy; the kernel may give less. */
const RECEIVE_BUFFER_BYTES = 1 << 20

export class UdpTransport implements Transport {
  readonly protocol = 'UDP'
  readonly reliable = false
  readonly address: string
  readonly port: number
  readonly #socket: Socket
  #open = true

  private constructor(socket: Socket) {
    this.#socket = socket
    this.address = socket.address().address
    this.port = socket.address().port
  }

  /** Errors: the system's, when the address cannot be bound. */
  static async open(options: { address: string; port: number; receive: Receive; log: Log }): Promise<UdpTransport> {
    // Addresses are numeric here; the built-in lookup would cost a tick per datagram.
    const family = isIPv6(options.address) ? 6 : 4
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup: (host, _options, done) => done(null, host, family) })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    // Without a handler one ICMP error would end the process.
    socket.on('error', (error) => options.log.warn({ error: error.message }, 'SIP socket error'))
    socket.on('message', (bytes, from) => options.receive(bytes, { address: from.address, port: from.port, protocol: 'UDP' }))
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    } catch (error) {
      options.log.debug({ error: String(error) }, 'SIP socket keeps its default buffer')
    }
    return new UdpTransport(socket)
  }

  send(bytes: Uint8Array, to: Peer, onFailed: (error: Error) => void): void {
    if (!this.#open) {
      queueMicrotask(() => onFailed(new Error('transport is closed')))
      return
    }
    try {
      this.#socket.send(bytes, to.port, to.address, (error) => {
        if (error) onFailed(error)
      })
    } catch (error) {
      // A port or address that the socket refuses outright.
      queueMicrotask(() => onFailed(error instanceof Error ? error : new Error(String(error))))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}
