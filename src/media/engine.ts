// The narrow contract of the media plane. Knows ports, codecs and playouts. Does not know SIP, words or calls.
import type { Frame } from './frame.ts'
import type { VadFrame } from './vad.ts'

/** G722 and Opus can be wide-band on the line; what a port gives and takes stays 8 kHz. */
export type CodecName = 'PCMA' | 'PCMU' | 'G722' | 'opus'

/** Where and how the far end wants its audio, as read from its SDP by the caller of `connect`. */
export type RemoteMedia = {
  address: string
  port: number
  codec: CodecName
  /** RTP payload type of the codec in the direction we send. */
  payloadType: number
  /** RTP payload type of RFC 4733 telephone events, when negotiated. */
  eventPayloadType?: number | undefined
  /** Clock of their durations; default 8000. */
  eventClockRateHz?: number | undefined
  /** Packet time we send, 10..60. */
  ptimeMs: number
  /** False while the far end put us on hold (RFC 3264 §8.4): nothing is sent. */
  send: boolean
  /** Where the far end takes RTCP when that is not the port after `port` (a=rtcp, RFC 3605). */
  rtcpPort?: number | undefined
  /** The far end agreed to RTCP on the RTP port (a=rtcp-mux, RFC 5761). It is understood there in any case. */
  rtcpMux?: boolean | undefined
  /** What the far end says about Opus packets for it (RFC 7587 §6.1): whether it uses the copies of lost ones, and bits per second at most. */
  opus?: { inbandFec: boolean; bitrateMax?: number | undefined } | undefined
  /** Both keys when the stream is encrypted (RFC 3711); then nothing else is sent or heard. */
  srtp?: SrtpKeys | undefined
  /** Default `auto`. */
  inbandDigits?: InbandDigits | undefined
  /** Default `address`. */
  latch?: LatchPolicy | undefined
}

/**
 * Whether keys are also heard as tones in the audio. `auto`: where the far end agreed to no telephone events. A voice may sound like
 * a key, seldom; `always` is for far ends that agree to events and send none. In any case the first event ends it.
 */
export type InbandDigits = 'auto' | 'always' | 'never'

/**
 * From where packets are taken (symmetric RTP, RFC 4961), and so where ours go. `strict`: the address and port of the SDP.
 * `address`: that address, from the port that its first packet comes from. `any`: also the first other source that sends several
 * packets of one agreed stream, for far ends behind a NAT that name an inner address; the address of the SDP takes the stream back
 * at once, and no other source gets it before a new SDP. An encrypted stream goes to nobody who has not the key.
 */
export type LatchPolicy = 'strict' | 'address' | 'any'

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32'

/** 16 bytes of master key and 14 of salt each, in base64, as SDP carries them (RFC 4568 §6.1). Never logged. */
export type SrtpKeys = { suite: SrtpSuite; sendKey: string; receiveKey: string }

/** Numbers the utterances played on one port, in play order. Chosen by the caller, never reused on a port. */
export type PlayoutId = number

export type MediaEvent =
  /**
   * Received audio, jitter buffered, decoded, gap-concealed: consecutive frames; `atMs` is when the first was played out of the jitter
   * buffer. Posted every tick. Frames may be kept, but share memory with their neighbours: who hands one to another thread copies it.
   * `voices` tells of each frame whether somebody speaks; undefined where nobody looked.
   */
  | { type: 'frames'; atMs: number; frames: Frame[]; voices?: VadFrame[] | undefined }
  /** The first RTP packet of a playout left the socket. */
  | { type: 'playout-started'; playout: PlayoutId; atMs: number }
  /** A playout is over. `heardMs` is how much of its audio was sent; `cut` when a flush dropped the rest. */
  | { type: 'playout-ended'; playout: PlayoutId; atMs: number; heardMs: number; cut: boolean }
  /** One key press, reported once: from RFC 4733 events, or from tones where those are listened to. Tones are heard up to 0.2 s later. */
  | { type: 'digit'; atMs: number; digit: string; path?: 'event' | 'tone' | undefined }
  /** The first RTP packet of the far end came in. */
  | { type: 'first-packet'; atMs: number }
  /** Nothing came in for a second or more; told once per gap. */
  | { type: 'dead-air'; atMs: number; sinceMs: number }
  /** … and the first packet after it. */
  | { type: 'live-again'; atMs: number }
  /** The port is closed. Always the last event, also when the worker died (`failed` says why). */
  | { type: 'closed'; stats: PortStats; failed?: string | undefined }

export type PortStats = {
  packetsSent: number
  packetsReceived: number
  /** Missing sequence numbers. */
  packetsLost: number
  packetsLate: number
  /** |send time − due time| of our packets. */
  pacingErrorMsP95: number
  pacingErrorMsP99: number
  pacingErrorMsMax: number
  /** RFC 3550 §6.4.1 interarrival jitter of what we received. */
  jitterMs: number
  recordingFailed?: string | undefined
  /** What an encrypted stream did not take: packets with a wrong tag, and packets played again. */
  srtpRefused?: { unauthentic: number; replayed: number } | undefined
  /** What the far end told of our audio by RTCP; undefined when it never did. */
  farEnd?: FarEndReport | undefined
}

/** From the report blocks of RFC 3550 §6.4.1; the last one, where not said otherwise. */
export type FarEndReport = {
  /** Packets of ours that did not get there, since the beginning. */
  packetsLost: number
  /** 0..1, between the last two reports. */
  lossShare: number
  lossShareMax: number
  /** Interarrival jitter at the far end. */
  jitterMs: number
  /** There and back, without the time the far end took to report; undefined while no answer to a report of ours came. */
  roundTripMs?: number | undefined
}

/** How a key is pressed: what an exchange plays when it turns the event back into a tone. */
export type KeyShape = {
  /** How long it is held, 40..5000; default 100. It lasts for whole packets. */
  toneMs?: number | undefined
  /** -63..0; default -10. */
  levelDbm0?: number | undefined
}

export type OpenPortOptions = {
  /** Local address to bind and to write into SDP. */
  address: string
  /** When given, a two-channel WAV (left: far end, right: us) is written here, off the pacing path. The name of the file names its content. */
  recordingPath?: string | undefined
  /** Opens on the thread of this port, so that the two can be bridged; also on a thread that takes no more calls. */
  beside?: MediaPort | undefined
  onEvent(event: MediaEvent): void
}

/** Twelve decibels and a little: what telephone switches offer at most. */
export const GAIN_MAX = 4.3

/** One call's audio: a bound UDP socket, a jitter buffer, a playout queue. */
export interface MediaPort extends AsyncDisposable {
  readonly address: string
  /** Even RTP port, bound before `open` resolved. */
  readonly port: number
  /** Starts, or changes, sending to and accepting from the far end. Silence is sent at once: some lines give early media only after we send. */
  connect(remote: RemoteMedia): void
  /** Appends audio to a playout (queued behind earlier playouts). 8 kHz PCM of any length; `last` completes the playout. */
  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void
  /**
   * Goes on round and round under everything that is sent, at `gain` (0..1) times its amplitude; undefined: nothing any more. It is no playout: nothing
   * is told of it, `flush` and `setLevel` leave it alone.
   */
  playUnder(pcm: Int16Array | undefined, gain: number): void
  /** Drops everything queued, faded out over 10 ms; each unfinished playout ends with `cut: true` within one packet time. Later play() with a flushed id is ignored. */
  flush(): void
  /** What is played from now on is `gain` (0..GAIN_MAX) times as loud, cut off at full scale, reached within `rampMs` of it, so that nothing clicks. Other audio on the port stays as it is. */
  setLevel(gain: number, rampMs: number): void
  /**
   * Voice activity begins anew with the next frame, as when the port was opened: what was heard before (music while it rang, another
   * talker) is no measure of the line from now on. Until it has begun, nobody speaks. A port without it does not tell of voices.
   */
  listenAnew?(): void
  /** Sends key presses one after the other, with 100 ms between them: as RFC 4733 events, or as tones where those are not agreed. */
  sendDigits(digits: string, as?: KeyShape): void
  /** Stops audio, closes the recording file and the socket. Resolves after the `closed` event. Safe to call twice. */
  close(): Promise<PortStats>
}

export interface MediaEngine extends AsyncDisposable {
  /** Errors: OverloadedError when no port or no capacity is free. */
  open(options: OpenPortOptions): Promise<MediaPort>
  /**
   * The far ends of two ports hear each other until the returned function is called, either port closes, or one of them
   * is bridged anew. Frames, recordings and events of both go on; what is played on a port is added to what its far end hears.
   * Errors: InvalidInputError unless one was opened `beside` the other. An engine without it cannot bridge.
   */
  bridge?(a: MediaPort, b: MediaPort): () => void
  /**
   * The far end of `listener` hears what the far end of `port` says and what is sent to it, mixed, until the returned function is
   * called or either port closes. Nothing that comes in on `listener` is heard by anybody. A port may have several listeners.
   * Errors: InvalidInputError unless `listener` was opened `beside` `port`. An engine without it cannot monitor.
   */
  monitor?(port: MediaPort, listener: MediaPort): () => void
  load(): MediaLoad
}

export type MediaLoad = {
  /** Open now. */
  ports: number
  /** Share of its time the busiest thread was busy lately, 0..1. */
  busiest: number
  /** How late 99 of 100 beats of the worst thread came at most. */
  lateMsP99: number
  /** False: `open` refuses until the load has gone down. */
  accepting: boolean
}
