// Knows one port as its owner sees it: checks what is asked, passes it on, hands events back. Does not know threads or packets.
import { isIP, isIPv6 } from 'node:net'
import { basename, extname } from 'node:path'
import { InvalidInputError } from '../errors.ts'
import type { Log } from '../log.ts'
import { aigcLabel, type AigcProvider } from './aigc-label.ts'
import { BACKGROUND_SAMPLES_MIN } from './background.ts'
import { GAIN_MAX, type KeyShape, type MediaEvent, type MediaPort, type OpenPortOptions, type PlayoutId, type PortStats, type RemoteMedia } from './engine.ts'
import { FRAME_SAMPLES, nowMs, type Frame } from './frame.ts'
import { RecordingFile } from './recording-file.ts'
import { deriveKeys } from './srtp-keys.ts'
import { isKeys } from './telephone-event.ts'
import { readVoice, VOICE_FIELDS, type VadFrame } from './vad.ts'
import type { EngineMessage, PortId } from './worker-messages.ts'

export type PortCommands = {
  /** Reaches the media thread of the port. */
  send: (message: EngineMessage, transfer?: ArrayBuffer[]) => void
  /** Gives the UDP port back. Called once. */
  release: () => void
  log: Log
  /** Named in the label of the recording. */
  aigc?: AigcProvider | undefined
}

/** A second of audio: memory is asked for once for so many frames, and a frame that is kept keeps no more than this. */
const FRAMES_PER_BLOCK = 50
/** Of frames from before listening began anew. */
const nobody: VadFrame = { index: -1, speech: false, voiced: false, onsetIndex: undefined, lastVoicedIndex: undefined, voicedMs: 0, levelDbfs: -100, noiseDbfs: -100 }

/** The owning thread's side of one port. */
export class WorkerPort implements MediaPort {
  readonly id: PortId
  readonly address: string
  readonly port: number
  readonly #send: PortCommands['send']
  readonly #release: PortCommands['release']
  readonly #options: OpenPortOptions
  readonly #log: Log
  readonly #aigc: AigcProvider | undefined
  #recording: RecordingFile | undefined
  readonly #closed = Promise.withResolvers<PortStats>()
  #remote: RemoteMedia | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  #handlerFailed: string | undefined
  #block = new Int16Array(0)
  /** Samples of the block that are handed out. */
  #used = 0
  /** How often listening began anew. */
  #hearing = 0

  constructor(id: PortId, udpPort: number, options: OpenPortOptions, { send, release, log, aigc }: PortCommands) {
    this.id = id
    this.address = options.address
    this.port = udpPort
    this.#options = options
    this.#send = send
    this.#release = release
    this.#log = log
    this.#aigc = aigc
  }

  /** Not before the port is bound: a failed attempt must not touch the file. A port closed by then records nothing. */
  startRecording(): void {
    const { recordingPath: path } = this.#options
    if (path === undefined || this.#state !== 'open') return
    const label = this.#aigc && aigcLabel(this.#aigc, basename(path, extname(path)))
    this.#recording = new RecordingFile(path, label)
  }

  /** Errors: InvalidInputError when the far end asks for something we cannot send. */
  connect(remote: RemoteMedia): void {
    checkRemote(remote, this.address)
    this.#remote = { ...remote }
    this.#post({ type: 'connect', port: this.id, atMs: nowMs(), remote: this.#remote })
  }

  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void {
    // Copied and handed over: cloning a view would clone all of the buffer behind it.
    const copy = new Int16Array(pcm)
    this.#post({ type: 'play', port: this.id, playout, pcm: copy, last }, [copy.buffer])
  }

  listenAnew(): void {
    this.#hearing += 1
    this.#post({ type: 'listen-anew', port: this.id })
  }

  flush(): void {
    this.#post({ type: 'flush', port: this.id })
  }

  /** Errors: InvalidInputError for a gain outside of 0..1, and for sound too short to go round. */
  playUnder(pcm: Int16Array | undefined, gain: number): void {
    if (!(gain >= 0 && gain <= 1)) throw new InvalidInputError('gain', 'must be 0..1')
    if (pcm !== undefined && pcm.length < BACKGROUND_SAMPLES_MIN) throw new InvalidInputError('pcm', `must be at least ${BACKGROUND_SAMPLES_MIN} samples`)
    const copy = pcm && new Int16Array(pcm)
    this.#post({ type: 'play-under', port: this.id, pcm: copy, gain }, copy ? [copy.buffer] : [])
  }

  /** Errors: InvalidInputError for a gain outside of 0..GAIN_MAX. */
  setLevel(gain: number, rampMs: number): void {
    if (!(gain >= 0 && gain <= GAIN_MAX)) throw new InvalidInputError('gain', `must be 0..${GAIN_MAX}`)
    this.#post({ type: 'set-level', port: this.id, gain, rampMs })
  }

  /** Errors: InvalidInputError for what is no key, cannot be pressed so, and before `connect`. */
  sendDigits(digits: string, as?: KeyShape): void {
    if (!isKeys(digits)) throw new InvalidInputError('digits', 'must be 1 to 64 of 0-9 * # A-D')
    if (this.#remote === undefined) throw new InvalidInputError('digits', 'nobody is connected yet')
    checkKeyShape(as)
    this.#post({ type: 'send-digits', port: this.id, digits, as })
  }

  /** `peer` is of the same thread. */
  bridge(peer: WorkerPort): void {
    this.#post({ type: 'bridge', port: this.id, peer: peer.id })
  }

  unbridge(): void {
    this.#post({ type: 'unbridge', port: this.id })
  }

  /** `listener` is of the same thread. */
  monitor(listener: WorkerPort): void {
    this.#post({ type: 'monitor', port: this.id, listener: listener.id })
  }

  unmonitor(listener: WorkerPort): void {
    this.#post({ type: 'unmonitor', port: this.id, listener: listener.id })
  }

  close(): Promise<PortStats> {
    this.#post({ type: 'close', port: this.id })
    if (this.#state === 'open') this.#state = 'closing'
    return this.#closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What came in: `count` frames, the audio of which begins in `samples` at frame number `first`, as do their `voices`. */
  hear(atMs: number, count: number, samples: Int16Array, voices: Float32Array, first: number, hearing: number): void {
    const frames: Frame[] = []
    const told: VadFrame[] = []
    for (let i = first; i < first + count; i += 1) {
      frames.push(this.#kept(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)))
      told.push(hearing === this.#hearing ? readVoice(voices, i * VOICE_FIELDS) : nobody)
    }
    this.emit({ type: 'frames', atMs, frames, voices: told })
  }

  emit(event: MediaEvent): void {
    if (this.#state === 'closed') return
    try {
      this.#options.onEvent(event)
    } catch (error) {
      // One call's broken listener must not stop the others' audio.
      if (this.#handlerFailed === undefined) this.#log.error({ error, event: event.type }, 'a media listener threw; its port is closed')
      this.#handlerFailed ??= `listener threw: ${String(error)}`
      void this.close()
    }
  }

  record(block: Uint8Array): void {
    this.#recording?.append(block)
  }

  /** The thread is done with this port. */
  async finish(stats: PortStats, failed: string | undefined): Promise<void> {
    this.#release()
    await this.#recording?.close()
    const recordingFailed = this.#recording?.failed
    if (recordingFailed !== undefined) this.#log.warn({ recordingFailed }, 'a recording is not whole')
    const whole = recordingFailed === undefined ? stats : { ...stats, recordingFailed }
    const why = failed ?? this.#handlerFailed
    this.emit({ type: 'closed', stats: whole, ...(why === undefined ? {} : { failed: why }) })
    this.#state = 'closed'
    this.#closed.resolve(whole)
  }

  /** Copied: what the thread sent holds the audio of all calls. */
  #kept(frame: Frame): Frame {
    if (this.#used === this.#block.length) {
      this.#block = new Int16Array(FRAMES_PER_BLOCK * FRAME_SAMPLES)
      this.#used = 0
    }
    const kept = this.#block.subarray(this.#used, this.#used + FRAME_SAMPLES)
    kept.set(frame)
    this.#used += FRAME_SAMPLES
    return kept
  }

  #post(message: EngineMessage, transfer?: ArrayBuffer[]): void {
    if (this.#state === 'open') this.#send(message, transfer)
  }
}

function checkKeyShape({ toneMs = 100, levelDbm0 = -10 }: KeyShape = {}): void {
  if (!Number.isInteger(toneMs) || toneMs < 40 || toneMs > 5_000) throw new InvalidInputError('toneMs', 'must be 40..5000')
  if (!Number.isInteger(levelDbm0) || levelDbm0 < -63 || levelDbm0 > 0) throw new InvalidInputError('levelDbm0', 'must be -63..0')
}

function checkRemote(remote: RemoteMedia, localAddress: string): void {
  if (isIP(remote.address) === 0) throw new InvalidInputError('address', 'the far end must be an IP address')
  if (isIPv6(remote.address) !== isIPv6(localAddress)) throw new InvalidInputError('address', 'the far end and this port must be of one IP version')
  for (const port of [remote.port, remote.rtcpPort ?? 1]) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidInputError('port', 'must be 1..65535')
  }
  if (!Number.isInteger(remote.ptimeMs) || remote.ptimeMs < 10 || remote.ptimeMs > 60) throw new InvalidInputError('ptimeMs', 'must be 10..60')
  // RFC 6716 §2.1.4
  if (remote.codec === 'opus' && ![10, 20, 40, 60].includes(remote.ptimeMs)) throw new InvalidInputError('ptimeMs', 'must be 10, 20, 40 or 60 for Opus')
  for (const type of [remote.payloadType, remote.eventPayloadType ?? 0]) {
    if (!Number.isInteger(type) || type < 0 || type > 127) throw new InvalidInputError('payloadType', 'must be 0..127')
  }
  for (const key of [remote.srtp?.sendKey, remote.srtp?.receiveKey]) if (key !== undefined) deriveKeys(key, 'srtp')
}
