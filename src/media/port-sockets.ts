// Knows the two sockets of one port: RTP on an even port, RTCP on the odd one above it (RFC 3550 §11). Does not know packets.
import type { RemoteInfo, Socket } from 'node:dgram'
import type { RemoteMedia } from './engine.ts'
import type { Source } from './latch.ts'
import type { PacketSink } from './port.ts'
import { RtpSocket } from './rtp-socket.ts'
import { bindUdp, canonicalAddress, ignore } from './udp.ts'

export type PacketReceiver = {
  /** Says whether the bytes were RTP that was agreed on: only those decide where ours go. RTCP may come here too. */
  onPacket: (bytes: Uint8Array) => boolean
  /** Says whether the bytes were RTCP. */
  onControl: (bytes: Uint8Array) => boolean
}

export class PortSockets implements PacketSink {
  readonly #rtp: RtpSocket
  readonly #control: Socket
  readonly #onControl: PacketReceiver['onControl']
  #strict = false
  #signalled: Source | undefined
  /** Where control packets of the far end come from. */
  #heardFrom: Source | undefined
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

  aim({ address, port, payloadType, latch = 'address', rtcpPort, rtcpMux = false }: RemoteMedia): void {
    this.#rtp.aim(address, port, { payloadType, policy: latch })
    this.#strict = latch === 'strict'
    this.#mux = rtcpMux
    const signalled = { address: canonicalAddress(address), port: rtcpPort ?? port + 1 }
    if (this.#signalled?.address === signalled.address && this.#signalled.port === signalled.port) return
    this.#signalled = signalled
    this.#heardFrom = undefined
  }

  unlatch(): void {
    this.#rtp.unlatch()
    this.#heardFrom = undefined
  }

  send(bytes: Uint8Array): void {
    this.#rtp.send(bytes)
  }

  sendControl(bytes: Uint8Array): void {
    if (this.#mux) return this.#rtp.send(bytes)
    const target = this.#controlTarget()
    if (target !== undefined && !this.#closed && target.port <= 65_535) this.#control.send(bytes, target.port, target.address, ignore)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#rtp.close()
    this.#control.close()
  }

  /** Like the audio, answers go where the far end's packets come from: a NAT may have moved them. */
  #controlTarget(): Source | undefined {
    const audio = this.#rtp.target
    if (audio === undefined || this.#signalled === undefined) return undefined
    if (this.#heardFrom?.address === audio.address) return this.#heardFrom
    return audio.address === this.#signalled.address ? this.#signalled : { address: audio.address, port: audio.port + 1 }
  }

  #receiveControl(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#closed || (from.address !== this.#signalled?.address && from.address !== this.#rtp.target?.address)) return
    if (this.#strict && from.port !== this.#signalled?.port) return
    if (this.#onControl(bytes)) this.#heardFrom = { address: from.address, port: from.port }
  }
}
