// Knows one call's audio inside a media thread: what is due, what came in, what went out. Does not know other calls or the engine.
import { AudioReceiver } from './audio-receiver.ts'
import { codecOfType, codecs } from './codecs.ts'
import { parseComfortNoise } from './comfort-noise.ts'
import type { KeyShape, PlayoutId, PortStats, RemoteMedia, SrtpKeys } from './engine.ts'
import { FRAME_MS, type Frame } from './frame.ts'
import { InbandDigitReceiver } from './inband-digits.ts'
import { JitterBuffer } from './jitter-buffer.ts'
import type { Outbox } from './outbox.ts'
import { PacketSender, type SenderHost } from './packet-sender.ts'
import { EARLY_MS_MAX, nextDue } from './pacing.ts'
import type { PlayoutChange } from './playout.ts'
import { RecordingMixer } from './recording.ts'
import { isRtcp } from './rtcp.ts'
import { RtcpSession, type SessionFigures } from './rtcp-session.ts'
import { Relay } from './relay.ts'
import { parseRtp } from './rtp.ts'
import { SrtpSession } from './srtp.ts'
import { TelephoneEventReceiver } from './telephone-event.ts'
import { EnergyVad } from './vad.ts'
import type { PortId } from './worker-messages.ts'

/** After a stall, frames due for longer than this are left out. */
const FRAMES_BEHIND_MS_MAX = 1_000
/** An event and a tone this close are one key. */
const SAME_KEY_MS = 500
const DEAD_AIR_MS = 1_000
/** RFC 3551 §6 */
const COMFORT_NOISE = 13
/** What nearly everybody offers telephone events as; accepted even if the far end names another for its own direction. */
const USUAL_EVENT_TYPE = 101
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

export class Port implements SenderHost {
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
  #vad = new EnergyVad()
  /** How often voice activity began anew. */
  #hearing = 0
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
  readonly #sender: PacketSender
  #control: RtcpSession

  constructor({ id, phaseMs, recording, outbox, now }: PortOptions) {
    this.id = id
    this.phaseMs = phaseMs
    this.#recording = recording
    this.#outbox = outbox
    this.#now = now
    this.#sender = new PacketSender(this, now)
    this.#control = new RtcpSession(this.#sender.ssrc)
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
    this.#sender.encodeFor(remote)
    const { inbandDigits = 'auto', eventPayloadType } = remote
    const listens = !this.#eventsHeard && (inbandDigits === 'always' || (inbandDigits === 'auto' && eventPayloadType === undefined))
    this.#tonesIn = listens ? (this.#tonesIn ?? new InbandDigitReceiver()) : undefined
    this.#setClock(codecs[remote.codec].clockRateHz, nowMs)
    if (before === undefined) {
      this.#frameDueMs = nextDue(nowMs, FRAME_MS, this.phaseMs)
      this.#sender.start(this.#frameDueMs)
      this.#control.start(nowMs)
      if (this.#recording) this.#mixer = new RecordingMixer(atMs)
    }
    if (before === undefined || before.address !== remote.address || before.port !== remote.port) {
      this.#heardAtMs = nowMs
      this.#deadAirTold = false
    }
  }

  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void {
    this.#sender.play(playout, pcm, last)
  }

  listenAnew(): void {
    this.#vad = new EnergyVad()
    this.#hearing += 1
  }

  flush(): void {
    this.#sender.flush()
  }

  playUnder(pcm: Int16Array | undefined, gain: number): void {
    this.#sender.playUnder(pcm, gain)
  }

  setLevel(gain: number, rampMs: number): void {
    this.#sender.setLevel(gain, rampMs)
  }

  sendDigits(digits: string, as?: KeyShape): void {
    if (this.#remote?.eventPayloadType === undefined) this.#sender.sendTones(digits, as)
    else this.#sender.sendEvents(digits, as)
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
    return this.#remote !== undefined && (this.#frameDueMs <= dueBy || this.#sender.dueMs <= dueBy)
  }

  /** Does everything that is due at `nowMs`. */
  tick(nowMs: number): void {
    if (!this.isDue(nowMs)) return
    this.send(nowMs)
    this.hear(nowMs)
  }

  /** The first half of a tick: what is due goes out. Audio that others wait for to send it on is taken before. */
  send(nowMs: number): void {
    const remote = this.#remote
    if (remote === undefined) return
    const dueBy = nowMs + EARLY_MS_MAX
    if (this.#peer !== undefined || this.#listeners.size > 0) this.#playFrames(dueBy)
    this.#sender.sendUntil(dueBy, remote)
    this.#sendReport(nowMs)
  }

  /** The second half: what came in is played out, listened to and recorded. Computes much, and nobody waits for it. */
  hear(nowMs: number): void {
    if (this.#remote === undefined) return
    this.#playFrames(nowMs + EARLY_MS_MAX)
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
    this.#sayBye(nowMs)
    this.#socket?.close()
    this.#audio.free()
    this.#sender.close()
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

  protect(packet: Uint8Array, length: number): number {
    return this.#srtp?.protect(packet, length) ?? length
  }

  leave(packet: Uint8Array): void {
    this.#socket?.send(packet)
  }

  mixHeard(pcm: Int16Array): boolean {
    let any = false
    for (const relays of this.#hears.values()) for (const relay of relays) any = relay.mixInto(pcm) || any
    return any
  }

  wasSent(dueMs: number, pcm: Int16Array): void {
    for (const listener of this.#listeners) listener.#overhear(this, 1, pcm)
    this.#mixer?.write('us', dueMs, pcm)
  }

  playoutChanged(change: PlayoutChange, atMs: number): void {
    this.#outbox.event(this.id, { ...change, atMs })
  }

  #secure(keys: SrtpKeys | undefined): void {
    const before = this.#srtp
    if (keys === undefined) this.#srtp = undefined
    else if (before === undefined || keys.suite !== before.keys.suite || keys.sendKey !== before.keys.sendKey || keys.receiveKey !== before.keys.receiveKey) {
      this.#srtp = new SrtpSession(keys)
      if (before !== undefined) this.#srtp.continue(before)
    }
  }

  /** RFC 7160 §4.1: who goes on with another clock says goodbye first. */
  #setClock(clockRateHz: number, nowMs: number): void {
    const unitsPerMs = clockRateHz / 1_000
    if (unitsPerMs === this.#sender.unitsPerMs) return
    if (this.#sender.sent > 0) this.#sayBye(nowMs)
    this.#sender.setClock(unitsPerMs)
    this.#control = new RtcpSession(this.#sender.ssrc, undefined, unitsPerMs)
    if (this.#sender.dueMs < Infinity) this.#control.start(nowMs)
  }

  #sayBye(nowMs: number): void {
    const bye = this.#control.bye(nowMs, () => this.#sessionFigures(nowMs))
    if (bye !== undefined) this.#sendControl(bye)
  }

  #playFrames(dueBy: number): void {
    if (dueBy - this.#frameDueMs > FRAMES_BEHIND_MS_MAX) this.#frameDueMs = nextDue(dueBy - FRAMES_BEHIND_MS_MAX, FRAME_MS, this.phaseMs)
    for (; this.#frameDueMs <= dueBy; this.#frameDueMs += FRAME_MS) {
      const frame = this.#jitterBuffer.pop(this.#frameDueMs)
      if (frame === undefined) continue
      this.#mixer?.write('far-end', this.#frameDueMs, frame)
      this.#outbox.frame(this.id, this.#frameDueMs, frame, this.#vad.push(frame), this.#hearing)
      if (this.#peer !== undefined) this.#peer.#overhear(this, 0, frame)
      for (const listener of this.#listeners) listener.#overhear(this, 0, frame)
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

  /** `side` of a port that is listened to: 0 its far end, 1 what is sent to it. */
  #overhear(from: Port, side: 0 | 1, pcm: Int16Array): void {
    this.#hears.get(from)?.[side]?.push(pcm)
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
      rtpTimestamp: this.#sender.timestampAt(nowMs),
      packetsSent: this.#sender.sent,
      octetsSent: this.#sender.octetsSent,
      heard: this.#jitterBuffer.source,
    }
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
      packetsSent: this.#sender.sent,
      packetsReceived,
      packetsLost,
      packetsLate,
      pacingErrorMsP95: this.#sender.pacing.quantileMs(0.95),
      pacingErrorMsP99: this.#sender.pacing.quantileMs(0.99),
      pacingErrorMsMax: this.#sender.pacing.maxMs,
      jitterMs,
      ...(this.#srtp === undefined ? {} : { srtpRefused: { ...this.#srtp.refusals } }),
      ...(this.#control.farEnd === undefined ? {} : { farEnd: this.#control.farEnd }),
    }
  }
}
