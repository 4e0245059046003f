// Turns what the robot says into playouts and back into what was heard; lowers its voice, pauses and goes on. Does not decide what to say or when to yield.
import type { MediaEvent, MediaPort, PlayoutId } from '../media/engine.ts'
import { FRAME_MS, SAMPLE_RATE_HZ } from '../media/frame.ts'
import type { TtsProvider, Voice } from './tts/provider.ts'
import { clausesOf, heardText, type SpokenClause } from './clauses.ts'
import { untilAborted } from './until-aborted.ts'

/** A clause that gives no first audio within this time counts as failed: the callee must not wait for a dead engine. */
const FIRST_AUDIO_MS_MAX = 1_500
/** So does one whose audio stops coming for this long in the middle. */
const NEXT_AUDIO_MS_MAX = 2_000
/** Audio synthesised before a clause fails stays; the clause is tried once more when nothing of it came. */
const TRIES_PER_CLAUSE = 2
/** A conversation never has so many says waiting; whoever adds more has gone wrong. */
const SAYS_MAX = 64
/** Somebody is talking: the voice stays audible, 9 dB softer, and comes back more slowly than it went. */
const DUCKED = { gain: 0.355, rampMs: 40 }
const RESTORED = { gain: 1, rampMs: 120 }

export type Say = {
  id: string
  text: string
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
  /** The first packet left. */
  onStarted(speech: Speech): void
  /** Heard to the end or cut. Called once per say, in order. */
  onEnded(speech: Speech, result: SpokenResult): void
  /** Synthesis gave up on the rest of a say. */
  onFailed(error: Error): void
}

/**
 * A say in the queue. `playout`: given once there is audio, because the media plane wants them in play order; from then on it
 * reports the end. `complete`: no more audio comes. `stopped`: nothing more is given to the line.
 */
type Entry = {
  readonly speech: Speech
  playout: PlayoutId | undefined
  complete: boolean
  stopped: boolean
  /** All of it so far: what was paused is played again from the beginning of a clause. */
  readonly audio: Int16Array[]
  /** Where in the audio the playout began, or the next one will. */
  fromMs: number
  /** When the playout was heard first; undefined while it is not. */
  playingSinceMs: number | undefined
  /** The furthest that was heard before the playout. */
  heardMs: number
}

/** Speaks says one after the other; a say is synthesised while the one before it plays, or pauses. */
export class Speaker {
  readonly #options: SpeakerOptions
  /** Says not yet over, in order. Those with audio come first because synthesis is sequential. */
  readonly #queue: Entry[] = []
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
    const totalMs = durationMs(entry.speech.clauses)
    return (this.#pause?.sinceMs ?? this.#options.now()) + totalMs - (this.#pause ? this.#furthestMs(entry) : this.#positionMs(entry))
  }

  /** Milliseconds until the clause that is being heard is over, as far as it is synthesised; 0 between clauses, in a pause and when idle. */
  get clauseRemainingMs(): number {
    const entry = this.#currentEntry
    if (entry?.speech.startedAtMs === undefined || this.#pause) return 0
    const saidMs = this.#positionMs(entry)
    let endMs = 0
    for (const { audioMs, pauseMs } of entry.speech.clauses) {
      endMs += audioMs
      if (saidMs < endMs) return endMs - saidMs
      endMs += pauseMs
      if (saidMs < endMs) return 0
    }
    return 0
  }

  /** When the line falls or fell quiet on our side, as far as audio was synthesised. -Infinity before the first word. */
  get audibleUntilMs(): number {
    const entry = this.#currentEntry
    if (entry?.speech.startedAtMs === undefined || this.#pause) return this.#lastHeardAtMs
    return this.#options.now() + durationMs(entry.speech.clauses) - this.#positionMs(entry)
  }

  /** Does nothing once the port is closed. */
  say(say: Say): Speech {
    const speech: Speech = { ...say, clauses: clausesOf(say.text) }
    if (this.#closed) return speech
    const entry = newEntry(speech)
    this.#queue.push(entry)
    const { signal } = this.#synthesis
    this.#chain = this.#chain.then(() => this.#synthesise(entry, signal))
    return speech
  }

  /** Says what was synthesised beforehand, ahead of everything that still waits for its first audio. */
  sayReady(say: Say, pcm: Int16Array): Speech {
    const speech: Speech = { ...say, clauses: [{ text: say.text, pauseMs: 0, audioMs: msOf(pcm) }], firstAudioAtMs: this.#options.now() }
    if (this.#closed) return speech
    const entry = newEntry(speech)
    const index = this.#queue.findIndex((waiting) => !waiting.stopped && !isReady(waiting))
    this.#queue.splice(index < 0 ? this.#queue.length : index, 0, entry)
    this.#play(entry, pcm, true)
    return speech
  }

  /** Speaks more softly, without stopping. */
  duck(): void {
    if (this.#ducked || this.#pause) return
    this.#ducked = true
    this.#options.port.setLevel(DUCKED.gain, DUCKED.rampMs)
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
      if (!isReady(entry)) entry.stopped = true
      else if (!entry.complete) this.#play(entry, new Int16Array(0), true)
    }
    this.#endUnplayed()
  }

  /** To be given every media event of the port. */
  onMediaEvent(event: MediaEvent): void {
    if (event.type === 'playout-started') {
      const entry = this.#queue.find(({ playout }) => playout === event.playout)
      if (!entry) return
      entry.playingSinceMs = event.atMs
      if (entry.speech.startedAtMs !== undefined) return
      entry.speech.startedAtMs = event.atMs
      this.#options.onStarted(entry.speech)
    } else if (event.type === 'playout-ended') {
      const index = this.#queue.findIndex((entry) => entry.playout === event.playout)
      if (index < 0) return
      const entry = this.#queue[index]!
      this.#takeOffLine(entry, event.heardMs, event.atMs)
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
    for (const entry of this.#queue.splice(0)) {
      entry.heardMs = this.#furthestMs(entry)
      this.#end(entry, true, nowMs)
    }
  }

  get #currentEntry(): Entry | undefined {
    return this.#queue.find((entry) => !entry.stopped)
  }

  get #isOnLine(): boolean {
    return this.#queue.some(({ playout }) => playout !== undefined)
  }

  /** How far into its audio a say is, or was when it paused. */
  #positionMs({ fromMs, playingSinceMs }: Entry): number {
    return playingSinceMs === undefined ? fromMs : fromMs + Math.max(0, (this.#pause?.sinceMs ?? this.#options.now()) - playingSinceMs)
  }

  /** How much of a say was heard so far. */
  #furthestMs(entry: Entry): number {
    return Math.max(entry.heardMs, entry.playingSinceMs === undefined ? 0 : this.#positionMs(entry))
  }

  #restore(rampMs: number): void {
    if (!this.#ducked) return
    this.#ducked = false
    this.#options.port.setLevel(RESTORED.gain, rampMs)
  }

  /** The line told how much of the playout was heard; the next one begins with the clause that was cut. */
  #takeOffLine(entry: Entry, heardMs: number, atMs: number): void {
    entry.heardMs = Math.max(entry.heardMs, entry.fromMs + heardMs)
    if (entry.playingSinceMs !== undefined) this.#lastHeardAtMs = atMs
    entry.fromMs = clauseStartMs(entry.speech.clauses, entry.fromMs + heardMs)
    entry.playout = undefined
    entry.playingSinceMs = undefined
  }

  /** After a pause, once everything is off the line. */
  #playOn(): void {
    if (!this.#pause?.goingOn || this.#isOnLine) return
    this.#pause = undefined
    this.#restore(0)
    for (const entry of this.#queue) {
      if (entry.stopped || !isReady(entry)) continue
      entry.playout = this.#nextPlayout++
      let skip = Math.round((entry.fromMs * SAMPLE_RATE_HZ) / 1_000)
      for (const piece of entry.audio) {
        if (skip < piece.length) this.#options.port.play(entry.playout, piece.subarray(skip), false)
        skip = Math.max(0, skip - piece.length)
      }
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

  #end(entry: Entry, cut: boolean, atMs: number): void {
    const { speech, heardMs } = entry
    // A say that was stopped in its pause was last heard before it.
    const endAtMs = speech.startedAtMs === undefined || entry.playingSinceMs !== undefined ? atMs : Math.min(atMs, this.#lastHeardAtMs)
    if (entry.playingSinceMs !== undefined) this.#lastHeardAtMs = atMs
    this.#options.onEnded(speech, { heardText: heardText(speech.clauses, cut ? heardMs : Infinity), cut, beginAtMs: speech.startedAtMs ?? atMs, endAtMs })
    // Nothing is left to be said softly.
    if (this.#queue.length === 0) this.#restore(0)
  }

  #play(entry: Entry, pcm: Int16Array, last: boolean): void {
    entry.complete = last
    if (pcm.length > 0) entry.audio.push(pcm)
    if (this.#pause) return
    entry.playout ??= this.#nextPlayout++
    this.#options.port.play(entry.playout, pcm, last)
  }

  /** Never rejects: one say that fails must not silence those after it. */
  async #synthesise(entry: Entry, stopped: AbortSignal): Promise<void> {
    const { clauses } = entry.speech
    let failed = false
    for (const clause of clauses) {
      for (let attempt = 1; attempt <= TRIES_PER_CLAUSE; attempt++) {
        const error = await this.#synthesiseClause(entry, clause, stopped)
        if (stopped.aborted) return
        if (error === undefined) break
        if (clause.audioMs === 0 && attempt < TRIES_PER_CLAUSE) continue
        failed = true
        this.#options.onFailed(error)
        if (stopped.aborted) return
        break
      }
      if (clause.pauseMs > 0 && clause.audioMs > 0) this.#play(entry, silence(clause.pauseMs), false)
    }
    if (stopped.aborted) return
    // A clause without sound is left out; words without any sound at all are a failure.
    if (!failed && clauses.length > 0 && entry.audio.length === 0) this.#options.onFailed(new Error('the synthesiser gave no audio'))
    if (stopped.aborted) return
    this.#play(entry, new Int16Array(0), true)
  }

  /** Errors are values: undefined when the clause was spoken to its end (or the speaker stopped). */
  async #synthesiseClause(entry: Entry, clause: SpokenClause, stopped: AbortSignal): Promise<Error | undefined> {
    if (stopped.aborted) return undefined
    const late = new AbortController()
    const expireAfter = (ms: number) => setTimeout(() => late.abort(new Error(`no audio for ${ms} ms`)), ms)
    let timer = expireAfter(FIRST_AUDIO_MS_MAX)
    const signal = AbortSignal.any([stopped, late.signal])
    try {
      for await (const event of untilAborted(this.#options.tts.synthesize(clause.text, this.#options.voice, signal), signal)) {
        if (event.type === 'failed') return event.error
        if (event.type === 'done') break
        if (event.pcm.length === 0) continue
        clearTimeout(timer)
        timer = expireAfter(NEXT_AUDIO_MS_MAX)
        entry.speech.firstAudioAtMs ??= this.#options.now()
        clause.audioMs += msOf(event.pcm)
        this.#play(entry, event.pcm, false)
      }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      clearTimeout(timer)
    }
    return late.signal.aborted && !stopped.aborted ? (late.signal.reason as Error) : undefined
  }
}

function newEntry(speech: Speech): Entry {
  return { speech, playout: undefined, complete: false, stopped: false, audio: [], fromMs: 0, playingSinceMs: undefined, heardMs: 0 }
}

/** Something of it can be given to the line: audio, or that there is none. */
function isReady({ audio, complete }: Entry): boolean {
  return audio.length > 0 || complete
}

function durationMs(clauses: readonly SpokenClause[]): number {
  return clauses.reduce((sum, { audioMs, pauseMs }) => sum + (audioMs > 0 ? audioMs + pauseMs : 0), 0)
}

/** Where the clause begins that goes on at `heardMs`; within the pause after a clause, the next one. */
function clauseStartMs(clauses: readonly SpokenClause[], heardMs: number): number {
  let startMs = 0
  for (const { audioMs, pauseMs } of clauses) {
    if (audioMs === 0) continue
    if (heardMs < startMs + audioMs) return startMs
    startMs += audioMs + pauseMs
    if (heardMs < startMs) return startMs
  }
  return startMs
}

function msOf(pcm: Int16Array): number {
  return (pcm.length * 1000) / SAMPLE_RATE_HZ
}

function silence(ms: number): Int16Array {
  return new Int16Array((Math.round(ms / FRAME_MS) * FRAME_MS * SAMPLE_RATE_HZ) / 1000)
}
