// Turns what the robot says into playouts and back into what was heard; lowers its voice, pauses and goes on. Does not decide what to say or when to yield.
import { GAIN_MAX, type MediaEvent, type MediaPort, type PlayoutId } from '../media/engine.ts'
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import type { TtsProvider, Voice } from './tts/provider.ts'
import { synthesiseClauses } from './clause-synthesis.ts'
import { clausesOf, clausesOfParts, heardText, type SpokenClause, type SpokenPart } from './clauses.ts'
import { SayOnLine } from './say-on-line.ts'

/** A conversation never has so many says waiting; whoever adds more has gone wrong. */
const SAYS_MAX = 64
/** Somebody is talking: the voice stays audible, 9 dB softer, and comes back more slowly than it went. */
const DUCKED = { gain: 0.355, rampMs: 40 }
const RESTORED = { rampMs: 120 }

export type Say = {
  id: string
  text: string
  /** Recordings and texts that make up the say, in order; absent: the text alone. `text` stands for all of it in the record. */
  parts?: readonly SpokenPart[] | undefined
  interruptible: boolean
  timeBreakMs?: number | undefined
  /** For so long from its first sound only a stop word stops it. */
  protectedMs?: number | undefined
}

/** One say on its way. Times are on the nowMs clock, undefined until they happen. */
export type Speech = Say & {
  readonly clauses: SpokenClause[]
  firstAudioAtMs?: number | undefined
  startedAtMs?: number | undefined
}

export type SpokenResult = { heardText: string; cut: boolean; beginAtMs: number; endAtMs: number }

export type SpeakerPort = Pick<MediaPort, 'play' | 'flush' | 'setLevel'>

export type SpeakerOptions = {
  port: SpeakerPort
  tts: TtsProvider
  voice: Voice
  now: () => number
  /** How loud everything is, times the normal amplitude; 1 when absent. */
  level?: number | undefined
  /** The first packet left. */
  onStarted(speech: Speech): void
  /** Heard to the end or cut. Called once per say, in order. */
  onEnded(speech: Speech, result: SpokenResult): void
  /** Synthesis gave up on the rest of a say. */
  onFailed(error: Error): void
}

/** Speaks says one after the other; a say is synthesised while the one before it plays, or pauses. */
export class Speaker {
  readonly #options: SpeakerOptions
  /** Says not yet over, in order. Those with audio come first because synthesis is sequential. */
  readonly #queue: SayOnLine[] = []
  #synthesis = new AbortController()
  #chain: Promise<void> = Promise.resolve()
  #nextPlayout: PlayoutId = 1
  #lastHeardAtMs = -Infinity
  #ducked = false
  /** `goingOn`: it goes on as soon as the line has told how much was heard. */
  #pause: { sinceMs: number; goingOn: boolean } | undefined
  #closed = false

  constructor(options: SpeakerOptions) {
    this.#options = options
    if (this.#level !== 1) options.port.setLevel(this.#level, 0)
  }

  /** What is playing, pausing or next to play; undefined when nothing is, or when all of it was stopped. */
  get current(): Speech | undefined {
    return this.#currentEntry?.speech
  }

  get isBusy(): boolean {
    return this.#queue.length > 0
  }

  get isFull(): boolean {
    return this.#queue.length >= SAYS_MAX
  }

  get stance(): 'full' | 'ducked' | 'paused' {
    if (this.#pause && !this.#pause.goingOn) return 'paused'
    return this.#ducked ? 'ducked' : 'full'
  }

  /** undefined when it does not pause. */
  get pausedSinceMs(): number | undefined {
    return this.#pause?.sinceMs
  }

  /** When the current say will be over, or would have been without the pause; Infinity while its synthesis goes on, -Infinity when idle. */
  get currentEndAtMs(): number {
    const entry = this.#currentEntry
    if (entry?.speech.startedAtMs === undefined) return -Infinity
    if (!entry.complete) return Infinity
    const atMs = this.#playingUntilMs
    return atMs + entry.durationMs - (this.#pause ? entry.heardMs(atMs) : entry.positionMs(atMs))
  }

  /** Milliseconds until the clause that is being heard is over, as far as it is synthesised; 0 between clauses, in a pause and when idle. */
  get clauseRemainingMs(): number {
    const entry = this.#currentEntry
    return entry?.speech.startedAtMs === undefined || this.#pause ? 0 : entry.clauseRemainingMs(this.#options.now())
  }

  /** When the line falls or fell quiet on our side, as far as audio was synthesised. -Infinity before the first word. */
  get audibleUntilMs(): number {
    const entry = this.#currentEntry
    if (entry?.speech.startedAtMs === undefined || this.#pause) return this.#lastHeardAtMs
    const nowMs = this.#options.now()
    return nowMs + entry.durationMs - entry.positionMs(nowMs)
  }

  /** Until everything that waits was heard, as far as it is synthesised. */
  get remainingMs(): number {
    const nowMs = this.#options.now()
    return this.#queue.reduce((sum, entry) => (entry.stopped ? sum : sum + Math.max(0, entry.durationMs - entry.heardMs(nowMs))), 0)
  }

  /** Does nothing once the port is closed. */
  say(say: Say): Speech {
    const speech: Speech = { ...say, clauses: say.parts ? clausesOfParts(say.parts) : clausesOf(say.text) }
    if (this.#closed) return speech
    const entry = new SayOnLine(speech)
    this.#queue.push(entry)
    const { signal } = this.#synthesis
    this.#chain = this.#chain.then(() => this.#synthesise(entry, signal))
    return speech
  }

  /** Says what was synthesised beforehand, ahead of everything that still waits for its first audio. */
  sayReady(say: Say, pcm: Int16Array): Speech {
    const speech: Speech = { ...say, clauses: [{ text: say.text, pauseMs: 0, audioMs: msOf(pcm) }], firstAudioAtMs: this.#options.now() }
    if (this.#closed) return speech
    const entry = new SayOnLine(speech)
    const index = this.#queue.findIndex((waiting) => !waiting.stopped && !waiting.isReady)
    this.#queue.splice(index < 0 ? this.#queue.length : index, 0, entry)
    this.#play(entry, pcm, true)
    return speech
  }

  /** Speaks more softly, without stopping. */
  duck(): void {
    if (this.#ducked || this.#pause) return
    this.#ducked = true
    this.#options.port.setLevel(DUCKED.gain * this.#level, DUCKED.rampMs)
  }

  /** Is silent within a packet. Nothing is lost: says that are added wait as well, and are synthesised meanwhile. */
  pause(): void {
    if (this.#pause) {
      this.#pause.goingOn = false
      return
    }
    if (this.current === undefined) return
    this.#pause = { sinceMs: this.#options.now(), goingOn: false }
    if (this.#isOnLine) this.#options.port.flush()
  }

  /** Speaks at its full level again, after a pause from the beginning of the clause that was cut. */
  goOn(): void {
    if (!this.#pause) return this.#restore(RESTORED.rampMs)
    this.#pause.goingOn = true
    this.#playOn()
  }

  /** Stops now: what plays is cut within a packet, what waits is never heard. Says added afterwards are spoken. */
  stop(): void {
    if (this.#queue.length === 0) return
    this.#abortSynthesis()
    for (const entry of this.#queue) entry.stopped = true
    // What pauses is off the line already, or will be with the flush that is on its way.
    if (!this.#pause) this.#options.port.flush()
    this.#pause = undefined
    this.#restore(0)
    this.#endUnplayed()
  }

  /** Says nothing that is not synthesised yet; what the line has is heard to its end. */
  giveUp(): void {
    this.#abortSynthesis()
    for (const entry of this.#queue) {
      if (!entry.isReady) entry.stopped = true
      else if (!entry.complete) this.#play(entry, new Int16Array(0), true)
    }
    this.#endUnplayed()
  }

  /** To be given every media event of the port. */
  onMediaEvent(event: MediaEvent): void {
    if (event.type === 'playout-started') {
      const entry = this.#queue.find(({ playout }) => playout === event.playout)
      if (!entry) return
      if (entry.begin(event.atMs)) this.#options.onStarted(entry.speech)
    } else if (event.type === 'playout-ended') {
      const index = this.#queue.findIndex((entry) => entry.playout === event.playout)
      if (index < 0) return
      const entry = this.#queue[index]!
      if (entry.isHeard) this.#lastHeardAtMs = event.atMs
      entry.takeOff(event.heardMs)
      if (!this.#pause || entry.stopped || !event.cut) {
        this.#queue.splice(index, 1)
        this.#end(entry, event.cut, event.atMs)
      }
      this.#endUnplayed()
      this.#playOn()
    } else if (event.type === 'closed') {
      this.close()
    }
  }

  /** The line is gone: what it was saying counts as heard up to now, the rest as never said. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#abortSynthesis()
    const nowMs = this.#options.now()
    for (const entry of this.#queue.splice(0)) this.#end(entry, true, nowMs)
  }

  get #currentEntry(): SayOnLine | undefined {
    return this.#queue.find((entry) => !entry.stopped)
  }

  get #level(): number {
    return Math.max(0, Math.min(GAIN_MAX, this.#options.level ?? 1))
  }

  get #isOnLine(): boolean {
    return this.#queue.some(({ playout }) => playout !== undefined)
  }

  /** Up to now, or to the pause, something was played. */
  get #playingUntilMs(): number {
    return this.#pause?.sinceMs ?? this.#options.now()
  }

  #restore(rampMs: number): void {
    if (!this.#ducked) return
    this.#ducked = false
    this.#options.port.setLevel(this.#level, rampMs)
  }

  /** After a pause, once everything is off the line. */
  #playOn(): void {
    if (!this.#pause?.goingOn || this.#isOnLine) return
    this.#pause = undefined
    this.#restore(0)
    for (const entry of this.#queue) {
      if (entry.stopped || !entry.isReady) continue
      entry.playout = this.#nextPlayout++
      for (const piece of entry.rest()) this.#options.port.play(entry.playout, piece, false)
      if (entry.complete) this.#options.port.play(entry.playout, new Int16Array(0), true)
    }
  }

  #abortSynthesis(): void {
    this.#synthesis.abort()
    this.#synthesis = new AbortController()
  }

  /** Stopped says that are not on the line end in their turn, after those that are. */
  #endUnplayed(): void {
    while (this.#queue[0]?.stopped && this.#queue[0].playout === undefined) this.#end(this.#queue.shift()!, true, this.#options.now())
  }

  #end(entry: SayOnLine, cut: boolean, atMs: number): void {
    const { speech } = entry
    // A say that was stopped in its pause was last heard before it.
    const endAtMs = speech.startedAtMs === undefined || entry.isHeard ? atMs : Math.min(atMs, this.#lastHeardAtMs)
    if (entry.isHeard) this.#lastHeardAtMs = atMs
    const text = cut ? entry.heardText(this.#playingUntilMs) : heardText(speech.clauses, Infinity)
    this.#options.onEnded(speech, { heardText: text, cut, beginAtMs: speech.startedAtMs ?? atMs, endAtMs })
    // Nothing is left to be said softly.
    if (this.#queue.length === 0) this.#restore(0)
  }

  #play(entry: SayOnLine, pcm: Int16Array, last: boolean): void {
    entry.complete = last
    entry.add(pcm)
    if (this.#pause) return
    entry.playout ??= this.#nextPlayout++
    this.#options.port.play(entry.playout, pcm, last)
  }

  async #synthesise(entry: SayOnLine, stopped: AbortSignal): Promise<void> {
    const { tts, voice, now } = this.#options
    const onAudio = (pcm: Int16Array) => {
      entry.speech.firstAudioAtMs ??= now()
      this.#play(entry, pcm, false)
    }
    await synthesiseClauses(entry.speech.clauses, { tts, voice, now, onAudio, onFailed: (error) => this.#options.onFailed(error) }, stopped)
    if (!stopped.aborted) this.#play(entry, new Int16Array(0), true)
  }
}

function msOf(pcm: Int16Array): number {
  return (pcm.length * 1000) / SAMPLE_RATE_HZ
}
