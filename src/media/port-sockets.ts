// Knows the two sockets of one port: RTP on an even port, RTCP on the odd one above it (RFC 3550 §11). Does not know packets.
import type { RemoteInfo, Socket } from 'node:dgram'
import type { RemoteMedia } from './engine.ts'
import type { PacketSink } from './port.ts'
import { RtpSocket } from './rtp-socket.ts'
import { bindUdp, canonicalAddress, ignore } from './udp.ts'

export type PacketReceiver = {
  /** Says whether the bytes were RTP: only those decide where ours go. RTCP may come here too. */
  onPacket: (bytes: Uint8Array) => boolean
  /** Says whether the bytes were RTCP. */
  onControl: (bytes: Uint8Array) => boolean
}

export class PortSockets implements PacketSink {
  readonly #rtp: RtpSocket
  readonly #control: Socket
  readonly #onControl: PacketReceiver['onControl']
  #signalled: { address: string; port: number } | undefined
  #controlPort = 0
  /** Control packets share the way of the audio. */
  #mux = false
  #closed = false

  /** Both or none. Errors: those of bind(2), as `code`. */
  static async bind(address: string, port: number, { onPacket, onControl }: PacketReceiver): Promise<PortSockets> {
    const rtp = await RtpSocket.bind(address, port, onPacket)
    try {
      return new PortSockets(rtp, await bindUdp(address, port + 1), onControl)
    } catch (error) {
      rtp.close()
      throw error
    }
  }

  private constructor(rtp: RtpSocket, control: Socket, onControl: PacketReceiver['onControl']) {
    this.#rtp = rtp
    this.#control = control
    this.#onControl = onControl
    control.on('message', (bytes, from) => this.#receiveControl(bytes, from))
  }

  aim({ address, port, rtcpPort, rtcpMux = false }: RemoteMedia): void {
    this.#rtp.aim(address, port)
    this.#mux = rtcpMux
    const signalled = { address: canonicalAddress(address), port: rtcpPort ?? port + 1 }
    if (this.#signalled?.address === signalled.address && this.#signalled.port === signalled.port) return
    this.#signalled = signalled
    this.#controlPort = signalled.port
  }

  unlatch(): void {
    this.#rtp.unlatch()
    this.#controlPort = this.#signalled?.port ?? 0
  }

  send(bytes: Uint8Array): void {
    this.#rtp.send(bytes)
  }

  sendControl(bytes: Uint8Array): void {
    if (this.#mux) this.#rtp.send(bytes)
    else if (this.#signalled !== undefined && !this.#closed && this.#controlPort <= 65_535) this.#control.send(bytes, this.#controlPort, this.#signalled.address, ignore)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#rtp.close()
    this.#control.close()
  }

  #receiveControl(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#closed || from.address !== this.#signalled?.address) return
    // Like the audio, answers go where the far end's packets come from: a NAT may have moved them.
    if (this.#onControl(bytes)) this.#controlPort = from.port
  }
}
