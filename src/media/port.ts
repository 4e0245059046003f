// Knows one call's audio inside a media thread: what is due, what came in, what went out. Does not know other calls or the engine.
import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { AudioReceiver } from './audio-receiver.ts'
import { codecOfType, codecs, type Encoder } from './codecs.ts'
import { parseComfortNoise } from './comfort-noise.ts'
import type { KeyShape, PlayoutId, PortStats, RemoteMedia, SrtpKeys } from './engine.ts'
import { FRAME_MS, type Frame } from './frame.ts'
import { InbandDigitReceiver } from './inband-digits.ts'
import { InbandDigitSender } from './inband-digit-sender.ts'
import { JitterBuffer } from './jitter-buffer.ts'
import type { Outbox } from './outbox.ts'
import { EARLY_MS_MAX, nextDue, PacingHistogram } from './pacing.ts'
import { PlayoutQueue } from './playout.ts'
import { RecordingMixer } from './recording.ts'
import { isRtcp } from './rtcp.ts'
import { RtcpSession, type SessionFigures } from './rtcp-session.ts'
import { Relay } from './relay.ts'
import { parseRtp, RTP_HEADER_BYTES, writeRtpHeader } from './rtp.ts'
import { SRTP_OVERHEAD_BYTES, SrtpSession } from './srtp.ts'
import { TelephoneEventReceiver, TelephoneEventSender } from './telephone-event.ts'
import type { PortId } from './worker-messages.ts'

/** After a stall, packets due for longer than this are skipped: a burst would only overflow the far end's jitter buffer. */
const BEHIND_MS_MAX = 100
/** After a stall, frames due for longer than this are left out. */
const FRAMES_BEHIND_MS_MAX = 1_000
/** An event and a tone this close are one key. */
const SAME_KEY_MS = 500
const DEAD_AIR_MS = 1_000
const SAMPLES_PER_MS = 8
/** RFC 3550 wants a random start; RFC 3711 §3.3.1 one that leaves room, so that a lost beginning hides no wrap. */
const FIRST_SEQUENCE_MAX = 0x8000
/** G.711 makes the longest packets. */
const PAYLOAD_BYTES_MAX = 60 * SAMPLES_PER_MS
/** RFC 3551 §6 */
const COMFORT_NOISE = 13
/** What nearly everybody offers telephone events as; accepted even if the far end names another for its own direction. */
const USUAL_EVENT_TYPE = 101
/** A packet the kernel could not take at once must stay unchanged until it is gone. */
const PACKETS_IN_FLIGHT = 8

/** Where packets leave. `PortSockets` is one. */
export interface PacketSink {
  aim(remote: RemoteMedia): void
  unlatch(): void
  send(bytes: Uint8Array): void
  sendControl(bytes: Uint8Array): void
  close(): void
}

export type PortOptions = {
  id: PortId
  /** When within FRAME_MS this port's packets are due. A multiple of the tick. */
  phaseMs: number
  recording: boolean
  outbox: Outbox
  now: () => number
}

export class Port {
  readonly id: PortId
  readonly phaseMs: number
  readonly #recording: boolean
  readonly #outbox: Outbox
  readonly #now: () => number
  #socket: PacketSink | undefined
  #closed = false
  #remote: RemoteMedia | undefined
  #mixer: RecordingMixer | undefined

  readonly #jitterBuffer = new JitterBuffer()
  readonly #audio = new AudioReceiver(this.#jitterBuffer)
  /** Undefined while the stream is not encrypted. */
  #srtp: SrtpSession | undefined
  readonly #keysIn = new TelephoneEventReceiver()
  /** Undefined when tones are not listened to, or no more: who sends events needs no tones. */
  #tonesIn: InbandDigitReceiver | undefined
  #eventsHeard = false
  #lastTone: { digit: string; atMs: number } | undefined
  #frameDueMs = 0
  /** When the last packet came, or connecting began. */
  #heardAtMs = 0
  #heardAny = false
  #deadAirTold = false

  /** The port whose far end ours talks to. */
  #peer: Port | undefined
  /** Audio of other ports that our far end hears: of the peer, of both sides of ports that we listen to. By where it comes from. */
  readonly #hears = new Map<Port, Relay[]>()
  /** Ports whose far ends listen to both sides of this one. */
  readonly #listeners = new Set<Port>()
  readonly #playouts = new PlayoutQueue()
  #encoder: { for: RemoteMedia; codec: Encoder } | undefined
  readonly #keysOut = new TelephoneEventSender()
  readonly #tonesOut = new InbandDigitSender()
  readonly #pacing = new PacingHistogram()
  readonly #packets = Array.from({ length: PACKETS_IN_FLIGHT }, () => new Uint8Array(RTP_HEADER_BYTES + PAYLOAD_BYTES_MAX + SRTP_OVERHEAD_BYTES))
  /** The same without what encryption adds: what a codec may fill. */
  readonly #rooms = this.#packets.map((packet) => packet.subarray(0, packet.length - SRTP_OVERHEAD_BYTES))
  readonly #views: Uint8Array[] = []
  #pcm = new Int16Array(FRAME_MS * SAMPLES_PER_MS)
  #ssrc = randomInt(0x1_0000_0000)
  #sequence = randomInt(FIRST_SEQUENCE_MAX)
  #timestamp = randomInt(0x1_0000_0000)
  /** Of timestamps, ours and the far end's. */
  #unitsPerMs = SAMPLES_PER_MS
  #sendDueMs = 0
  #sent = 0
  #octetsSent = 0
  #control = new RtcpSession(this.#ssrc)
  /** The next packet begins a talk spurt if it holds audio; `pause` makes any packet do so. */
  #before: 'pause' | 'silence' | 'audio' = 'pause'

  constructor({ id, phaseMs, recording, outbox, now }: PortOptions) {
    this.id = id
    this.phaseMs = phaseMs
    this.#recording = recording
    this.#outbox = outbox
    this.#now = now
  }

  /** Gives the port its socket; one that was closed while the socket was being bound closes it at once. */
  attach(socket: PacketSink): void {
    this.#socket = socket
    if (this.#closed) socket.close()
  }

  /** `atMs` is when the owner asked: the recording begins there. */
  connect(remote: RemoteMedia, atMs: number): void {
    const nowMs = this.#now()
    const before = this.#remote
    this.#remote = remote
    this.#secure(remote.srtp)
    this.#socket?.aim(remote)
    this.#audio.prepare(remote.codec)
    this.#encodeFor(remote)
    const { inbandDigits = 'auto', eventPayloadType } = remote
    const listens = !this.#eventsHeard && (inbandDigits === 'always' || (inbandDigits === 'auto' && eventPayloadType === undefined))
    this.#tonesIn = listens ? (this.#tonesIn ?? new InbandDigitReceiver()) : undefined
    this.#setClock(codecs[remote.codec].clockRateHz, nowMs)
    if (before === undefined) {
      this.#frameDueMs = nextDue(nowMs, FRAME_MS, this.phaseMs)
      this.#sendDueMs = this.#frameDueMs
      this.#control.start(nowMs)
      if (this.#recording) this.#mixer = new RecordingMixer(atMs)
    }
    if (before === undefined || before.address !== remote.address || before.port !== remote.port) {
      this.#heardAtMs = nowMs
      this.#deadAirTold = false
    }
    if (before?.ptimeMs !== remote.ptimeMs) this.#pcm = new Int16Array(remote.ptimeMs * SAMPLES_PER_MS)
  }

  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void {
    this.#playouts.append(playout, pcm, last)
  }

  flush(): void {
    this.#playouts.flush()
    this.#tellChanges()
  }

  setLevel(gain: number, rampMs: number): void {
    this.#playouts.setLevel(gain, rampMs)
  }

  sendDigits(digits: string, as?: KeyShape): void {
    if (this.#remote?.eventPayloadType === undefined) this.#tonesOut.queue(digits, as)
    else this.#keysOut.queue(digits, as)
  }

  /** From now on the two far ends hear each other, and what is played on either port on top. Ends with either port. */
  bridge(peer: Port): void {
    this.unbridge()
    peer.unbridge()
    for (const [port, other] of [[this, peer], [peer, this]] as const) {
      port.#peer = other
      port.#hears.set(other, [new Relay()])
    }
  }

  unbridge(): void {
    const peer = this.#peer
    if (peer === undefined) return
    this.#peer = undefined
    this.#hears.delete(peer)
    peer.unbridge()
  }

  /** The far end of `listener` hears both sides of this port, each by a relay of its own. Ends with either port. */
  monitor(listener: Port): void {
    this.#listeners.add(listener)
    listener.#hears.set(this, [new Relay(), new Relay()])
  }

  unmonitor(listener: Port): void {
    if (this.#listeners.delete(listener)) listener.#hears.delete(this)
  }

  /** `tick` would do something. */
  isDue(nowMs: number): boolean {
    const dueBy = nowMs + EARLY_MS_MAX
    return this.#remote !== undefined && (this.#frameDueMs <= dueBy || this.#sendDueMs <= dueBy)
  }

  /** Does everything that is due at `nowMs`. */
  tick(nowMs: number): void {
    const remote = this.#remote
    if (remote === undefined || !this.isDue(nowMs)) return
    const dueBy = nowMs + EARLY_MS_MAX
    this.#playFrames(dueBy)
    this.#sendPackets(remote, dueBy)
    this.#sendReport(nowMs)
    this.#watchForDeadAir(nowMs)
    this.#handOutRecording(nowMs)
  }

  /** Ends what is playing, closes the socket and tells the end; `failed` says why when nobody asked for it. */
  close(failed?: string): void {
    const nowMs = this.#now()
    this.#closed = true
    this.unbridge()
    for (const listener of this.#listeners) this.unmonitor(listener)
    for (const port of this.#hears.keys()) port.unmonitor(this)
    const bye = this.#control.bye(nowMs, () => this.#sessionFigures(nowMs))
    if (bye !== undefined) this.#sendControl(bye)
    this.#socket?.close()
    this.#audio.free()
    this.#encoder?.codec.free?.()
    this.flush()
    this.#handOutRecording(nowMs)
    if (this.#mixer !== undefined) this.#outbox.recorded(this.id, this.#mixer.takeRest(nowMs))
    this.#outbox.closed(this.id, this.#stats(), failed)
  }

  /** One datagram from the far end on the RTP port; false when it is not RTP. RTCP is understood here too (RFC 5761). */
  receive(bytes: Uint8Array): boolean {
    if (isRtcp(bytes)) {
      this.receiveControl(bytes)
      return false
    }
    const remote = this.#remote
    if (remote === undefined) return false
    const clear = this.#srtp === undefined ? bytes : this.#srtp.unprotect(bytes)
    const packet = clear && parseRtp(clear)
    if (packet === undefined) return false
    const nowMs = this.#now()
    this.#heardAtMs = nowMs
    if (this.#deadAirTold && this.#heardAny) this.#outbox.event(this.id, { type: 'live-again', atMs: nowMs })
    this.#deadAirTold = false
    if (!this.#heardAny) {
      this.#heardAny = true
      this.#outbox.event(this.id, { type: 'first-packet', atMs: nowMs })
    }
    // Far ends may answer with another codec than we send, under its static type.
    const codec = codecOfType(packet.payloadType, remote)
    if (codec !== undefined) {
      this.#audio.receive(packet, codec, nowMs)
    } else if (packet.payloadType === remote.eventPayloadType || packet.payloadType === USUAL_EVENT_TYPE) {
      this.#audio.receiveSilence(packet, remote.codec, nowMs)
      const digit = this.#keysIn.accept(packet, nowMs)
      this.#tonesIn = undefined
      this.#eventsHeard = true
      if (digit !== undefined && !this.#wasHeard(digit, nowMs)) this.#outbox.event(this.id, { type: 'digit', atMs: nowMs, digit, path: 'event' })
    } else if (packet.payloadType === COMFORT_NOISE) {
      this.#audio.receiveSilence(packet, remote.codec, nowMs, parseComfortNoise(packet.payload))
    }
    return true
  }

  /** One datagram from the far end on the RTCP port; false when it is not RTCP. It is no sign of audio. */
  receiveControl(bytes: Uint8Array): boolean {
    if (this.#remote === undefined) return false
    const clear = this.#srtp === undefined ? bytes : this.#srtp.unprotectControl(bytes)
    return clear !== undefined && this.#control.receive(clear, this.#now())
  }

  #secure(keys: SrtpKeys | undefined): void {
    const before = this.#srtp
    if (keys === undefined) this.#srtp = undefined
    else if (before === undefined || keys.suite !== before.keys.suite || keys.sendKey !== before.keys.sendKey || keys.receiveKey !== before.keys.receiveKey) {
      this.#srtp = new SrtpSession(keys)
      if (before !== undefined) this.#srtp.continue(before)
    }
  }

  #encodeFor(remote: RemoteMedia): void {
    if (this.#encoder?.for.codec === remote.codec && isDeepStrictEqual(this.#encoder.for.opus, remote.opus)) return
    this.#encoder?.codec.free?.()
    this.#encoder = { for: remote, codec: codecs[remote.codec].encoder(remote) }
  }

  /** RFC 7160 §4.1: a stream on another clock is another source. */
  #setClock(clockRateHz: number, nowMs: number): void {
    const unitsPerMs = clockRateHz / 1_000
    if (unitsPerMs === this.#unitsPerMs) return
    this.#unitsPerMs = unitsPerMs
    if (this.#sent > 0) {
      const bye = this.#control.bye(nowMs, () => this.#sessionFigures(nowMs))
      if (bye !== undefined) this.#sendControl(bye)
      this.#ssrc = randomInt(0x1_0000_0000)
      this.#before = 'pause'
    }
    this.#control = new RtcpSession(this.#ssrc, undefined, unitsPerMs)
    if (this.#sendDueMs > 0) this.#control.start(nowMs)
  }

  #playFrames(dueBy: number): void {
    if (dueBy - this.#frameDueMs > FRAMES_BEHIND_MS_MAX) this.#frameDueMs = nextDue(dueBy - FRAMES_BEHIND_MS_MAX, FRAME_MS, this.phaseMs)
    for (; this.#frameDueMs <= dueBy; this.#frameDueMs += FRAME_MS) {
      const frame = this.#jitterBuffer.pop(this.#frameDueMs)
      if (frame === undefined) continue
      this.#mixer?.write('far-end', this.#frameDueMs, frame)
      this.#outbox.frame(this.id, this.#frameDueMs, frame)
      if (this.#peer !== undefined) this.#peer.#hear(this, 0, frame)
      for (const listener of this.#listeners) listener.#hear(this, 0, frame)
      if (this.#tonesIn !== undefined) this.#listenForTones(this.#tonesIn, frame, this.#frameDueMs)
    }
  }

  #listenForTones(receiver: InbandDigitReceiver, frame: Frame, atMs: number): void {
    for (const digit of receiver.push(frame)) {
      this.#lastTone = { digit, atMs }
      this.#outbox.event(this.id, { type: 'digit', atMs, digit, path: 'tone' })
    }
  }

  /** The first key of a far end that sends both: its tone may have been understood before its event. */
  #wasHeard(digit: string, nowMs: number): boolean {
    const tone = this.#lastTone
    this.#lastTone = undefined
    return tone?.digit === digit && nowMs - tone.atMs < SAME_KEY_MS
  }

  #sendPackets(remote: RemoteMedia, dueBy: number): void {
    if (dueBy - this.#sendDueMs > BEHIND_MS_MAX) this.#skip(Math.floor((dueBy - this.#sendDueMs) / remote.ptimeMs), remote.ptimeMs)
    for (; this.#sendDueMs <= dueBy; this.#sendDueMs += remote.ptimeMs) {
      if (remote.send) {
        this.#sendPacket(remote)
        this.#pacing.add(this.#now() - this.#sendDueMs)
      } else {
        this.#before = 'pause'
      }
      this.#timestamp = (this.#timestamp + remote.ptimeMs * this.#unitsPerMs) >>> 0
    }
  }

  #skip(packets: number, ptimeMs: number): void {
    this.#pacing.add(packets * ptimeMs)
    this.#sendDueMs += packets * ptimeMs
    this.#timestamp = (this.#timestamp + packets * ptimeMs * this.#unitsPerMs) >>> 0
    this.#before = 'pause'
  }

  #sendPacket(remote: RemoteMedia): void {
    const packet = this.#packets[this.#sent % PACKETS_IN_FLIGHT]!
    const step = remote.eventPayloadType === undefined ? undefined : this.#keysOut.next(this.#timestamp, remote.ptimeMs, (remote.eventClockRateHz ?? 8_000) / 1_000)
    let length: number
    if (step?.type === 'event') {
      writeRtpHeader(packet, { marker: step.marker, payloadType: remote.eventPayloadType!, sequence: this.#sequence, timestamp: step.timestamp, ssrc: this.#ssrc })
      packet.set(step.payload, RTP_HEADER_BYTES)
      length = step.payload.length
      this.#before = 'silence'
    } else {
      const heard = this.#fillPacket(step !== undefined)
      if (heard > 0) for (const listener of this.#listeners) listener.#hear(this, 1, this.#pcm)
      const marker = this.#before === 'pause' || (this.#before === 'silence' && heard > 0)
      this.#before = heard > 0 ? 'audio' : 'silence'
      writeRtpHeader(packet, { marker, payloadType: remote.payloadType, sequence: this.#sequence, timestamp: this.#timestamp, ssrc: this.#ssrc })
      const encoder = this.#encoder!.codec
      const room = this.#rooms[this.#sent % PACKETS_IN_FLIGHT]!
      length = heard > 0 ? encoder.encode(this.#pcm, room, RTP_HEADER_BYTES) : encoder.silence(this.#pcm.length, room, RTP_HEADER_BYTES)
      if (heard > 0) this.#mixer?.write('us', this.#sendDueMs, this.#pcm)
      // The codec has nothing to send (yet): a pause in the stream.
      if (length === 0) {
        this.#before = 'pause'
        return this.#tellChanges()
      }
    }
    const whole = RTP_HEADER_BYTES + length
    this.#socket?.send(this.#sized(packet, this.#srtp?.protect(packet, whole) ?? whole))
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#sent += 1
    this.#octetsSent += length
    this.#tellChanges()
  }

  /** The packet up to its length: nearly always that of the one before in the same place, for which a view exists. */
  #sized(packet: Uint8Array, length: number): Uint8Array {
    const place = this.#sent % PACKETS_IN_FLIGHT
    const known = this.#views[place]
    return known?.length === length ? known : (this.#views[place] = packet.subarray(0, length))
  }

  /** Makes the audio of the next packet; gives how many samples of it are sound. A playout waits while keys are sent, pauses between them included. */
  #fillPacket(eventsGoOut: boolean): number {
    if (this.#tonesOut.write(this.#pcm)) return this.#pcm.length
    const played = eventsGoOut ? 0 : this.#playouts.pull(this.#pcm)
    if (eventsGoOut) this.#pcm.fill(0)
    return this.#mixHeard() ? this.#pcm.length : played
  }

  /** `side` of a port that is listened to: 0 its far end, 1 what is sent to it. */
  #hear(from: Port, side: 0 | 1, pcm: Int16Array): void {
    this.#hears.get(from)?.[side]?.push(pcm)
  }

  #mixHeard(): boolean {
    let any = false
    for (const relays of this.#hears.values()) for (const relay of relays) any = relay.mixInto(this.#pcm) || any
    return any
  }

  #sendReport(nowMs: number): void {
    const report = this.#control.report(nowMs, () => this.#sessionFigures(nowMs))
    if (report !== undefined) this.#sendControl(report)
  }

  #sendControl(bytes: Uint8Array): void {
    this.#socket?.sendControl(this.#srtp?.protectControl(bytes) ?? bytes)
  }

  #sessionFigures(nowMs: number): SessionFigures {
    return {
      // `#timestamp` is that of the packet due next.
      rtpTimestamp: (this.#timestamp + Math.round((nowMs - this.#sendDueMs) * this.#unitsPerMs)) >>> 0,
      packetsSent: this.#sent,
      octetsSent: this.#octetsSent,
      heard: this.#jitterBuffer.source,
    }
  }

  #tellChanges(): void {
    const changes = this.#playouts.takeChanges()
    if (changes.length === 0) return
    const atMs = this.#now()
    for (const change of changes) this.#outbox.event(this.id, { ...change, atMs })
  }

  #watchForDeadAir(nowMs: number): void {
    if (this.#deadAirTold || nowMs - this.#heardAtMs < DEAD_AIR_MS) return
    this.#deadAirTold = true
    this.#outbox.event(this.id, { type: 'dead-air', atMs: nowMs, sinceMs: this.#heardAtMs })
    // The far end may have moved to another port behind its NAT.
    this.#socket?.unlatch()
  }

  #handOutRecording(nowMs: number): void {
    const mixer = this.#mixer
    if (mixer === undefined) return
    for (let block = mixer.takeBlock(nowMs); block !== undefined; block = mixer.takeBlock(nowMs)) this.#outbox.recorded(this.id, block)
  }

  #stats(): PortStats {
    const { packetsReceived, packetsLost, packetsLate, jitterMs } = this.#jitterBuffer.stats
    return {
      packetsSent: this.#sent,
      packetsReceived,
      packetsLost,
      packetsLate,
      pacingErrorMsP95: this.#pacing.quantileMs(0.95),
      pacingErrorMsP99: this.#pacing.quantileMs(0.99),
      pacingErrorMsMax: this.#pacing.maxMs,
      jitterMs,
      ...(this.#srtp === undefined ? {} : { srtpRefused: { ...this.#srtp.refusals } }),
      ...(this.#control.farEnd === undefined ? {} : { farEnd: this.#control.farEnd }),
    }
  }
}
