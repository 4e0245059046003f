// Knows one UDP socket and where the far end really is (symmetric RTP, RFC 4961). Does not know what the packets mean.
import type { RemoteInfo, Socket } from 'node:dgram'
import { bindUdp, canonicalAddress, ignore } from './udp.ts'

/**
 * Takes packets only from the signalled address. The first one decides the port, whatever was signalled (NATs and
 * gateways differ), and the kernel then filters for it. After `unlatch` the next packet decides again.
 */
export class RtpSocket {
  readonly #socket: Socket
  readonly #onPacket: (bytes: Uint8Array) => boolean
  #signalled: { address: string; port: number } | undefined
  #target: { address: string; port: number } | undefined
  #latched = false
  #closed = false

  /** Errors: those of bind(2), as `code`. `onPacket` says whether the bytes were RTP: only those latch. */
  static async bind(address: string, port: number, onPacket: (bytes: Uint8Array) => boolean): Promise<RtpSocket> {
    return new RtpSocket(await bindUdp(address, port), onPacket)
  }

  private constructor(socket: Socket, onPacket: (bytes: Uint8Array) => boolean) {
    this.#socket = socket
    this.#onPacket = onPacket
    socket.on('message', (bytes, from) => this.#receive(bytes, from))
  }

  /** Sends to and accepts from this far end from now on. The same one again keeps what was latched. */
  aim(address: string, port: number): void {
    const signalled = { address: canonicalAddress(address), port }
    if (this.#signalled?.address === signalled.address && this.#signalled.port === port) return
    this.unlatch()
    this.#signalled = signalled
    this.#target = this.#signalled
  }

  /** Lets the next packet decide the port again; sending goes on to the last one. */
  unlatch(): void {
    if (!this.#latched || this.#closed) return
    this.#latched = false
    this.#socket.disconnect()
  }

  /** `bytes` must not change before the next turn of the event loop. */
  send(bytes: Uint8Array): void {
    const target = this.#target
    if (target === undefined || this.#closed) return
    if (this.#latched) this.#socket.send(bytes, ignore)
    else this.#socket.send(bytes, target.port, target.address, ignore)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#closed || this.#signalled === undefined || from.address !== this.#signalled.address) return
    // Packets of another source may still wait in the socket from before it was latched.
    if (this.#latched && from.port !== this.#target?.port) return
    if (!this.#onPacket(bytes) || this.#latched) return
    this.#target = { address: from.address, port: from.port }
    this.#latched = true
    this.#socket.connect(from.port, from.address)
  }
}
