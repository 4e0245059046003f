// Knows how to stand in for a line, a recogniser and a synthesiser, on a clock that moves only when told to. Used by tests only.
import { mock } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import type { MediaEngine, MediaEvent, MediaLoad, MediaPort, OpenPortOptions, PlayoutId, PortStats, RemoteMedia } from '../media/engine.ts'
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, type Frame } from '../media/frame.ts'
import { PlayoutQueue } from '../media/playout.ts'
import { framesOf, speechFixture } from './asr/builtin/fixtures.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from './asr/provider.ts'
import type { TtsEvent, TtsProvider, Voice } from './tts/provider.ts'

export const noPortStats = { packetsSent: 0, packetsReceived: 0, packetsLost: 0, packetsLate: 0, pacingErrorMsP95: 0, pacingErrorMsP99: 0, pacingErrorMsMax: 0, jitterMs: 0 }

/** Node knows the last one, its types do not yet. */
const apis = ['setTimeout', 'setInterval', 'Date', 'AbortSignal.timeout'] as ('setTimeout' | 'setInterval' | 'Date')[]

/** Freezes timers and Date; advance() lets time pass in steps of one frame, and everything that follows from each step happen. */
export class FakeTime implements Disposable {
  readonly #onStep: (() => void)[] = []

  constructor() {
    mock.timers.enable({ apis, now: 1_700_000_000_000 })
  }

  readonly now = (): number => Date.now()

  everyFrame(run: () => void): void {
    this.#onStep.push(run)
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += FRAME_MS) {
      mock.timers.tick(FRAME_MS)
      for (const run of this.#onStep) run()
      await settle()
    }
  }

  [Symbol.dispose](): void {
    mock.timers.reset()
  }
}

const recording = speechFixture('tomorrow')
const voice = framesOf(recording.pcm.slice((recording.speechBeginMs * SAMPLE_RATE_HZ) / 1_000, (recording.speechEndMs * SAMPLE_RATE_HZ) / 1_000))

/** A stretch of a person's speech. */
export function voiceFrames(ms: number): Frame[] {
  return Array.from({ length: Math.round(ms / FRAME_MS) }, (_, i) => voice[i % voice.length]!)
}

export function silentFrames(ms: number): Frame[] {
  return Array.from({ length: Math.round(ms / FRAME_MS) }, () => new Int16Array(FRAME_SAMPLES))
}

/** A port whose far end the test plays: what is played is sent frame by frame, and a frame comes back for each. */
export class FakeLine {
  onEvent: (event: MediaEvent) => void = () => {}
  /** On hold: nothing is sent, nothing played comes to its end. */
  held = false
  /** The far end sends nothing at all. */
  starved = false
  /** For each frame that passed: who was heard in it. `sounds`: ours was no pause between clauses. */
  readonly heard: { atMs: number; us: boolean; sounds: boolean; them: boolean }[] = []
  readonly played: { playout: PlayoutId; ms: number; last: boolean }[] = []
  flushes = 0
  readonly #time: FakeTime
  readonly #playouts = new PlayoutQueue()
  #voice: Frame[] = []
  #open = true

  constructor(time: FakeTime) {
    this.#time = time
    time.everyFrame(() => this.#step())
  }

  play(playout: PlayoutId, pcm: Int16Array, last: boolean): void {
    if (!this.#open) return
    this.played.push({ playout, ms: (pcm.length * 1_000) / SAMPLE_RATE_HZ, last })
    this.#playouts.append(playout, pcm, last)
  }

  flush(): void {
    if (!this.#open) return
    this.flushes += 1
    this.#playouts.flush()
    // One thread away.
    queueMicrotask(() => this.#tellChanges())
  }

  /** Each change of our level. */
  readonly levels: { atMs: number; gain: number }[] = []

  setLevel(gain: number, rampMs: number): void {
    if (!this.#open) return
    this.levels.push({ atMs: this.#time.now(), gain })
    this.#playouts.setLevel(gain, rampMs)
  }

  /** The far end speaks for so long, from the next frame on. */
  speak(ms: number): void {
    this.#voice.push(...voiceFrames(ms))
  }

  /** The far end says this, from the next frame on. */
  say(frames: readonly Frame[]): void {
    this.#voice.push(...frames)
  }

  press(digit: string, path: 'event' | 'tone' = 'event'): void {
    this.onEvent({ type: 'digit', atMs: this.#time.now(), digit, path })
  }

  close(failed?: string): void {
    if (!this.#open) return
    this.#open = false
    this.onEvent({ type: 'closed', stats: noPortStats, failed })
  }

  /** The longest stretch in which nobody was heard, between two moments. `bySound`: pauses between clauses are silence, too. */
  longestSilenceMs(sinceMs: number, untilMs = Infinity, bySound = false): number {
    let longestMs = 0
    let quietMs = 0
    for (const { atMs, us, sounds, them } of this.heard) {
      if (atMs < sinceMs || atMs > untilMs) continue
      quietMs = (bySound ? sounds : us) || them ? 0 : quietMs + FRAME_MS
      longestMs = Math.max(longestMs, quietMs)
    }
    return longestMs
  }

  #step(): void {
    if (!this.#open) return
    const atMs = this.#time.now()
    const pcm = new Int16Array(FRAME_SAMPLES)
    const us = !this.held && this.#playouts.pull(pcm) > 0
    const sounds = us && pcm.some((sample) => sample !== 0)
    this.#tellChanges()
    const frame = this.#voice.shift()
    this.heard.push({ atMs, us, sounds, them: frame !== undefined })
    if (!this.starved) this.onEvent({ type: 'frames', atMs: atMs - FRAME_MS, frames: [frame ?? new Int16Array(FRAME_SAMPLES)] })
  }

  #tellChanges(): void {
    for (const change of this.#playouts.takeChanges()) this.onEvent({ ...change, atMs: this.#time.now() })
  }
}

/** A port whose far end is a FakeLine. */
export class FakePort extends FakeLine implements MediaPort {
  /** What goes on under everything, as told; undefined: nothing any more. */
  readonly under: (Int16Array | undefined)[] = []
  readonly address = '127.0.0.1'
  readonly port = 6_000
  readonly connections: RemoteMedia[] = []
  readonly sentDigits: string[] = []
  sendDigitsFails: Error | undefined
  connectFails: Error | undefined
  closes = 0
  /** It never tells that it is closed. */
  closeHangs = false
  stats: PortStats = { ...noPortStats, packetsSent: 10, packetsReceived: 9 }

  playUnder(pcm: Int16Array | undefined, _gain: number): void {
    this.under.push(pcm)
  }

  connect(remote: RemoteMedia): void {
    if (this.connectFails) throw this.connectFails
    this.connections.push(remote)
  }

  sendDigits(digits: string): void {
    if (this.sendDigitsFails) throw this.sendDigitsFails
    this.sentDigits.push(digits)
  }

  override async close(): Promise<PortStats> {
    this.closes += 1
    super.close()
    if (this.closeHangs) await new Promise(() => {})
    return this.stats
  }

  /** The media plane loses the port. */
  die(why: string): void {
    super.close(why)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export class FakeMedia implements MediaEngine {
  readonly ports: FakePort[] = []
  readonly opened: OpenPortOptions[] = []
  openFails: Error | undefined
  openMs = 0
  /** Far ends never send anything. */
  starved = false
  readonly #time: FakeTime

  constructor(time: FakeTime) {
    this.#time = time
  }

  async open(options: OpenPortOptions): Promise<FakePort> {
    if (this.openMs > 0) await new Promise((resolve) => setTimeout(resolve, this.openMs))
    if (this.openFails) throw this.openFails
    const port = new FakePort(this.#time)
    port.starved = this.starved
    port.onEvent = (event) => options.onEvent(event)
    this.opened.push(options)
    this.ports.push(port)
    return port
  }

  /** Pairs that are joined, and ports that are listened to, by their order of opening: 'bridge 0 1', 'monitor 0 2'. */
  readonly joined = new Set<string>()

  bridge(a: MediaPort, b: MediaPort): () => void {
    return this.#join('bridge', a, b)
  }

  monitor(port: MediaPort, listener: MediaPort): () => void {
    return this.#join('monitor', port, listener)
  }

  #join(how: string, a: MediaPort, b: MediaPort): () => void {
    const name = `${how} ${this.ports.indexOf(a as FakePort)} ${this.ports.indexOf(b as FakePort)}`
    this.joined.add(name)
    return () => void this.joined.delete(name)
  }

  load(): MediaLoad {
    return { ports: this.ports.length, busiest: 0, lateMsP99: 0, accepting: true }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** How the synthesis of one text goes. `stalls`: after its first half nothing more comes. */
export type TtsManner = 'speaks' | 'fails' | 'fails-half' | 'throws' | 'hangs' | 'stalls' | 'silent'

/** 100 ms of sound for each character, all at once. */
export class FakeTts implements TtsProvider {
  readonly name = 'fake-tts'
  delayMs = 40
  readonly msPerCharacter = 100
  manner: (text: string) => TtsManner = () => 'speaks'
  readonly asked: string[] = []
  /** By which voice, one for each. */
  readonly voices: Voice[] = []

  async *synthesize(text: string, voice: Voice, _signal: AbortSignal): AsyncGenerator<TtsEvent> {
    this.asked.push(text)
    this.voices.push(voice)
    const manner = this.manner(text)
    const pcm = new Int16Array((text.length * this.msPerCharacter * SAMPLE_RATE_HZ) / 1_000).fill(1_000)
    await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    if (manner === 'hangs') await new Promise(() => {})
    if (manner === 'throws') throw new Error('the synthesiser broke its promise')
    if (manner === 'fails') {
      yield { type: 'failed', error: new Error('no voice') }
      return
    }
    if (manner === 'speaks') yield { type: 'audio', pcm }
    else if (manner !== 'silent') yield { type: 'audio', pcm: pcm.subarray(0, pcm.length / 2) }
    if (manner === 'stalls') await new Promise(() => {})
    if (manner === 'fails-half') yield { type: 'failed', error: new Error('the voice broke') }
    else yield { type: 'done' }
  }

  warmUp(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

/** Understands what the test says it does: each stretch of speech takes the next of `texts`. */
export class FakeAsr implements AsrProvider {
  readonly name = 'fake-asr'
  readonly capabilities = { partials: true, hotWords: true, understands: 'simulator' } as const
  readonly texts: string[] = []
  readonly streams: FakeAsrStream[] = []
  partialAfterFrames = 15
  /** undefined: finals never come. */
  finalAfterMs: number | undefined = 100
  openFails = false
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  open(options: AsrOptions): FakeAsrStream {
    if (this.openFails) throw new Error('no recogniser')
    const stream = new FakeAsrStream(this, options, this.#now)
    this.streams.push(stream)
    return stream
  }

  warmUp(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

export class FakeAsrStream implements AsrStream {
  readonly options: AsrOptions
  readonly #asr: FakeAsr
  readonly #now: () => number
  /** Frames since the last end of an utterance. */
  frames: { frame: Frame; atMs: number }[] = []
  disposed = false
  ends = 0

  constructor(asr: FakeAsr, options: AsrOptions, now: () => number) {
    this.#asr = asr
    this.options = options
    this.#now = now
  }

  push(frame: Frame, atMs: number): void {
    this.frames.push({ frame, atMs })
    const text = this.#asr.texts[0]
    if (this.frames.length === this.#asr.partialAfterFrames && text) this.emit({ type: 'partial', text, beginAtMs: this.frames[0]!.atMs, endAtMs: atMs + FRAME_MS })
  }

  endUtterance(): void {
    this.ends += 1
    const text = this.#asr.texts.shift() ?? ''
    const [beginAtMs, endAtMs] = [this.frames[0]?.atMs ?? this.#now(), (this.frames.at(-1)?.atMs ?? this.#now()) + FRAME_MS]
    this.frames = []
    if (this.#asr.finalAfterMs === undefined) return
    setTimeout(() => this.emit({ type: 'final', text, beginAtMs, endAtMs, confidence: text === '' ? 0 : 0.9 }), this.#asr.finalAfterMs)
  }

  emit(event: AsrEvent): void {
    if (!this.disposed) this.options.onEvent(event)
  }

  [Symbol.dispose](): void {
    this.disposed = true
  }
}
