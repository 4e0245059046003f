// Knows one UDP socket and where its far end really is. Does not know what the packets mean.
import type { RemoteInfo, Socket } from 'node:dgram'
import { Latch, type LatchTerms, type Source } from './latch.ts'
import { bindUdp, canonicalAddress } from './udp.ts'

/** Once the signalled address has sent something genuine, the kernel filters for it. After `unlatch` another port of it may come in. */
export class RtpSocket {
  readonly #socket: Socket
  readonly #onPacket: (bytes: Uint8Array) => boolean
  readonly #latch = new Latch()
  /** To the latch's winner, in the kernel. */
  #connected = false
  #closed = false

  /** Errors: those of bind(2), as `code`. `onPacket` says whether the bytes were RTP that the port understands: only those latch. */
  static async bind(address: string, port: number, onPacket: (bytes: Uint8Array) => boolean): Promise<RtpSocket> {
    return new RtpSocket(await bindUdp(address, port), onPacket)
  }

  private constructor(socket: Socket, onPacket: (bytes: Uint8Array) => boolean) {
    this.#socket = socket
    this.#onPacket = onPacket
    socket.on('message', (bytes, from) => this.#receive(bytes, from))
  }

  /** Where ours go: what was signalled, or who won. */
  get target(): Source | undefined {
    return this.#latch.target
  }

  /** Sends to and accepts from this far end from now on. The same one again keeps what was latched. */
  aim(address: string, port: number, terms: LatchTerms): void {
    if (this.#latch.signal({ address: canonicalAddress(address), port }, terms)) this.#disconnect()
  }

  /** Lets the next packet of the far end decide its port again; sending goes on to the last one. */
  unlatch(): void {
    this.#disconnect()
    this.#latch.unlatch()
  }

  /** `bytes` must not change before the next turn of the event loop. */
  send(bytes: Uint8Array): void {
    const { target } = this.#latch
    if (target === undefined || this.#closed) return
    // Without a callback nothing is allocated for one, and errors of single packets are no different from loss.
    if (this.#connected) this.#socket.send(bytes)
    else this.#socket.send(bytes, target.port, target.address)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }

  #disconnect(): void {
    if (!this.#connected || this.#closed) return
    this.#connected = false
    this.#socket.disconnect()
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    // Packets of another source may still wait in the socket from before it was connected.
    if (this.#closed || !this.#latch.admits(from, bytes) || !this.#onPacket(bytes)) return
    this.#latch.won(from)
    if (this.#connected || this.#closed || !this.#latch.isFinal) return
    this.#connected = true
    this.#socket.connect(from.port, from.address)
  }
}
