// Knows what goes out of one port: what is due, what it holds, how it is numbered and encoded. Does not know what comes in, encryption or sockets.
import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Background } from './background.ts'
import { codecs, type Encoder } from './codecs.ts'
import type { KeyShape, PlayoutId, RemoteMedia } from './engine.ts'
import { FRAME_MS } from './frame.ts'
import { InbandDigitSender } from './inband-digit-sender.ts'
import { PacingHistogram } from './pacing.ts'
import { PlayoutQueue, type PlayoutChange } from './playout.ts'
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp.ts'
import { SRTP_OVERHEAD_BYTES } from './srtp.ts'
import { TelephoneEventSender } from './telephone-event.ts'

/** After a stall, packets due for longer than this are skipped: a burst would only overflow the far end's jitter buffer. */
const BEHIND_MS_MAX = 100
const SAMPLES_PER_MS = 8
/** RFC 3550 wants a random start; RFC 3711 §3.3.1 one that leaves room, so that a lost beginning hides no wrap. */
const FIRST_SEQUENCE_MAX = 0x8000
/** G.711 makes the longest packets. */
const PAYLOAD_BYTES_MAX = 60 * SAMPLES_PER_MS
/** A packet the kernel could not take at once must stay unchanged until it is gone. */
const PACKETS_IN_FLIGHT = 8

/** The port around a sender. */
export interface SenderHost {
  /** Encrypts the first `length` bytes in place, if the stream is; behind them is room for what that adds. Gives the length then. */
  protect(packet: Uint8Array, length: number): number
  /** One whole packet. It stays unchanged for some packet times. */
  leave(packet: Uint8Array): void
  /** Adds what others let our far end hear; false, and nothing added, when there is nothing. */
  mixHeard(pcm: Int16Array): boolean
  /** This sound went out. `pcm` holds until the return. */
  wasSent(dueMs: number, pcm: Int16Array): void
  playoutChanged(change: PlayoutChange, atMs: number): void
}

export class PacketSender {
  readonly #host: SenderHost
  readonly #now: () => number
  readonly #playouts = new PlayoutQueue()
  #background: Background | undefined
  #encoder: { for: RemoteMedia; codec: Encoder } | undefined
  readonly #keys = new TelephoneEventSender()
  readonly #tones = new InbandDigitSender()
  readonly pacing = new PacingHistogram()
  readonly #packets = Array.from({ length: PACKETS_IN_FLIGHT }, () => new Uint8Array(RTP_HEADER_BYTES + PAYLOAD_BYTES_MAX + SRTP_OVERHEAD_BYTES))
  /** The same without what encryption adds: what a codec may fill. */
  readonly #rooms = this.#packets.map((packet) => packet.subarray(0, packet.length - SRTP_OVERHEAD_BYTES))
  readonly #views: Uint8Array[] = []
  #pcm = new Int16Array(FRAME_MS * SAMPLES_PER_MS)
  #ssrc = randomInt(0x1_0000_0000)
  #sequence = randomInt(FIRST_SEQUENCE_MAX)
  #timestamp = randomInt(0x1_0000_0000)
  #unitsPerMs = SAMPLES_PER_MS
  #dueMs = Infinity
  #sent = 0
  #octetsSent = 0
  /** The next packet begins a talk spurt if it holds audio; `pause` makes any packet do so. */
  #before: 'pause' | 'silence' | 'audio' = 'pause'

  constructor(host: SenderHost, now: () => number) {
    this.#host = host
    this.#now = now
  }

  get ssrc(): number {
    return this.#ssrc
  }

  /** Of timestamps. */
  get unitsPerMs(): number {
    return this.#unitsPerMs
  }

  get sent(): number {
    return this.#sent
  }

  get octetsSent(): number {
    return this.#octetsSent
  }

  /** When the next packet is due; Infinity before `start`. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** The moment on the clock of our packets. */
  timestampAt(nowMs: number): number {
    // `#timestamp` is that of the packet due next.
    return (this.#timestamp + Math.round((nowMs - this.#dueMs) * this.#unitsPerMs)) >>> 0
  }

  /** Packets go out from `dueMs` on. */
  start(dueMs: number): void {
    this.#dueMs = dueMs
  }

  /** What is sent from now on is as this far end wants it. */
  encodeFor(remote: RemoteMedia): void {
    const samples = remote.ptimeMs * SAMPLES_PER_MS
    if (this.#pcm.length !== samples) this.#pcm = new Int16Array(samples)
    if (this.#encoder?.for.codec === remote.codec && isDeepStrictEqual(this.#encoder.for.opus, remote.opus)) return
    this.#encoder?.codec.free?.()
    this.#encoder = { for: remote, codec: codecs[remote.codec].encoder(remote) }
  }

  /** RFC 7160 §4.1: a stream on another clock is another source. */
  setClock(unitsPerMs: number): void {
    this.#unitsPerMs = unitsPerMs
    if (this.#sent === 0) return
    this.#ssrc = randomInt(0x1_0000_0000)
    this.#before = 'pause'
  }

  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void {
    this.#playouts.append(playout, pcm, last)
  }

  flush(): void {
    this.#playouts.flush()
    this.#tellChanges()
  }

  playUnder(pcm: Int16Array | undefined, gain: number): void {
    this.#background = pcm && new Background(pcm, gain)
  }

  setLevel(gain: number, rampMs: number): void {
    this.#playouts.setLevel(gain, rampMs)
  }

  sendEvents(digits: string, as?: KeyShape): void {
    this.#keys.queue(digits, as)
  }

  sendTones(digits: string, as?: KeyShape): void {
    this.#tones.queue(digits, as)
  }

  /** Sends everything that is due by then. */
  sendUntil(dueBy: number, remote: RemoteMedia): void {
    if (dueBy - this.#dueMs > BEHIND_MS_MAX) this.#skip(Math.floor((dueBy - this.#dueMs) / remote.ptimeMs), remote.ptimeMs)
    for (; this.#dueMs <= dueBy; this.#dueMs += remote.ptimeMs) {
      if (remote.send) {
        this.#sendPacket(remote)
        this.pacing.add(this.#now() - this.#dueMs)
      } else {
        this.#before = 'pause'
      }
      this.#timestamp = (this.#timestamp + remote.ptimeMs * this.#unitsPerMs) >>> 0
    }
  }

  /** Ends what is playing. */
  close(): void {
    this.#encoder?.codec.free?.()
    this.flush()
  }

  #skip(packets: number, ptimeMs: number): void {
    this.pacing.add(packets * ptimeMs)
    this.#dueMs += packets * ptimeMs
    this.#timestamp = (this.#timestamp + packets * ptimeMs * this.#unitsPerMs) >>> 0
    this.#before = 'pause'
  }

  #sendPacket(remote: RemoteMedia): void {
    const place = this.#sent % PACKETS_IN_FLIGHT
    const packet = this.#packets[place]!
    const step = remote.eventPayloadType === undefined ? undefined : this.#keys.next(this.#timestamp, remote.ptimeMs, (remote.eventClockRateHz ?? 8_000) / 1_000)
    let length: number
    if (step?.type === 'event') {
      writeRtpHeader(packet, { marker: step.marker, payloadType: remote.eventPayloadType!, sequence: this.#sequence, timestamp: step.timestamp, ssrc: this.#ssrc })
      packet.set(step.payload, RTP_HEADER_BYTES)
      length = step.payload.length
      this.#before = 'silence'
    } else {
      const heard = this.#fillPacket(step !== undefined)
      const marker = this.#before === 'pause' || (this.#before === 'silence' && heard > 0)
      this.#before = heard > 0 ? 'audio' : 'silence'
      writeRtpHeader(packet, { marker, payloadType: remote.payloadType, sequence: this.#sequence, timestamp: this.#timestamp, ssrc: this.#ssrc })
      const { codec } = this.#encoder!
      const room = this.#rooms[place]!
      length = heard > 0 ? codec.encode(this.#pcm, room, RTP_HEADER_BYTES) : codec.silence(this.#pcm.length, room, RTP_HEADER_BYTES)
      if (heard > 0) this.#host.wasSent(this.#dueMs, this.#pcm)
      // The codec has nothing to send (yet): a pause in the stream.
      if (length === 0) {
        this.#before = 'pause'
        return this.#tellChanges()
      }
    }
    this.#host.leave(this.#sized(place, this.#host.protect(packet, RTP_HEADER_BYTES + length)))
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#sent += 1
    this.#octetsSent += length
    this.#tellChanges()
  }

  /** The packet up to its length: nearly always that of the one before in the same place, for which a view exists. */
  #sized(place: number, length: number): Uint8Array {
    const known = this.#views[place]
    return known?.length === length ? known : (this.#views[place] = this.#packets[place]!.subarray(0, length))
  }

  /** Makes the audio of the next packet; gives how many samples of it are sound. A playout waits while keys are sent, pauses between them included. */
  #fillPacket(eventsGoOut: boolean): number {
    if (this.#tones.write(this.#pcm)) return this.#pcm.length
    const played = eventsGoOut ? 0 : this.#playouts.pull(this.#pcm)
    if (eventsGoOut) this.#pcm.fill(0)
    this.#background?.addTo(this.#pcm)
    return this.#host.mixHeard(this.#pcm) || this.#background ? this.#pcm.length : played
  }

  #tellChanges(): void {
    const changes = this.#playouts.takeChanges()
    if (changes.length === 0) return
    const atMs = this.#now()
    for (const change of changes) this.#host.playoutChanged(change, atMs)
  }
}
