// Turns what the robot says into playouts and back into what was heard. Does not decide what to say or when to stop.
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

export type Say = {
  id: string
  text: string
  interruptible: boolean
  timeBreakMs?: number | undefined
}

/** One say on its way. Times are on the nowMs clock, undefined until they happen. */
export type Speech = Say & {
  readonly clauses: SpokenClause[]
  firstAudioAtMs?: number | undefined
  startedAtMs?: number | undefined
}

export type SpokenResult = { heardText: string; cut: boolean; beginAtMs: number; endAtMs: number }

export type SpeakerOptions = {
  port: Pick<MediaPort, 'play' | 'flush'>
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
 * reports the end. `complete`: it was told that no more audio comes. `stopped`: nothing more is given to it.
 */
type Entry = { speech: Speech; playout: PlayoutId | undefined; complete: boolean; stopped: boolean }

/** Speaks says one after the other; a say is synthesised while the one before it plays. */
export class Speaker {
  readonly #options: SpeakerOptions
  /** Says not yet over, in order. Those with a playout come first because synthesis is sequential. */
  readonly #queue: Entry[] = []
  #synthesis = new AbortController()
  #chain: Promise<void> = Promise.resolve()
  #nextPlayout: PlayoutId = 1
  #lastHeardAtMs = -Infinity
  #closed = false

  constructor(options: SpeakerOptions) {
    this.#options = options
  }

  /** What is playing or next to play; undefined when nothing is, or when all of it was stopped. */
  get current(): Speech | undefined {
    return this.#queue.find((entry) => !entry.stopped)?.speech
  }

  get isBusy(): boolean {
    return this.#queue.length > 0
  }

  get isFull(): boolean {
    return this.#queue.length >= SAYS_MAX
  }

  /** Milliseconds until the current say is over, as far as it is synthesised; 0 when idle. */
  get remainingMs(): number {
    const speech = this.current
    return speech?.startedAtMs === undefined ? 0 : Math.max(0, this.audibleUntilMs - this.#options.now())
  }

  /** Milliseconds until the clause that is being heard is over, as far as it is synthesised; 0 between clauses and when idle. */
  get clauseRemainingMs(): number {
    const speech = this.current
    if (speech?.startedAtMs === undefined) return 0
    const saidMs = this.#options.now() - speech.startedAtMs
    let endMs = 0
    for (const { audioMs, pauseMs } of speech.clauses) {
      endMs += audioMs
      if (saidMs < endMs) return endMs - saidMs
      endMs += pauseMs
      if (saidMs < endMs) return 0
    }
    return 0
  }

  /** When the line falls or fell quiet on our side, as far as audio was synthesised. -Infinity before the first word. */
  get audibleUntilMs(): number {
    const speech = this.current
    if (speech?.startedAtMs === undefined) return this.#lastHeardAtMs
    return speech.startedAtMs + speech.clauses.reduce((sum, clause) => sum + clause.audioMs + clause.pauseMs, 0)
  }

  /** Does nothing once the port is closed. */
  say(say: Say): Speech {
    const speech: Speech = { ...say, clauses: clausesOf(say.text) }
    if (this.#closed) return speech
    const entry: Entry = { speech, playout: undefined, complete: false, stopped: false }
    this.#queue.push(entry)
    const { signal } = this.#synthesis
    this.#chain = this.#chain.then(() => this.#synthesise(entry, signal))
    return speech
  }

  /** Says what was synthesised beforehand, ahead of everything that still waits for its first audio. */
  sayReady(say: Say, pcm: Int16Array): Speech {
    const speech: Speech = { ...say, clauses: [{ text: say.text, pauseMs: 0, audioMs: msOf(pcm) }], firstAudioAtMs: this.#options.now() }
    if (this.#closed) return speech
    const entry: Entry = { speech, playout: undefined, complete: false, stopped: false }
    const index = this.#queue.findIndex(({ playout, stopped }) => playout === undefined && !stopped)
    this.#queue.splice(index < 0 ? this.#queue.length : index, 0, entry)
    this.#play(entry, pcm, true)
    return speech
  }

  /** Stops now: what plays is cut within a packet, what waits is never heard. Says added afterwards are spoken. */
  stop(): void {
    if (this.#queue.length === 0) return
    this.#abortSynthesis()
    for (const entry of this.#queue) entry.stopped = true
    this.#options.port.flush()
    this.#endUnplayed()
  }

  /** Says nothing that is not synthesised yet; what the line has is heard to its end. */
  giveUp(): void {
    this.#abortSynthesis()
    for (const entry of this.#queue) {
      if (entry.playout === undefined) entry.stopped = true
      else if (!entry.complete) this.#play(entry, new Int16Array(0), true)
    }
    this.#endUnplayed()
  }

  /** To be given every media event of the port. */
  onMediaEvent(event: MediaEvent): void {
    if (event.type === 'playout-started') {
      const speech = this.#queue.find((entry) => entry.playout === event.playout)?.speech
      if (speech && speech.startedAtMs === undefined) {
        speech.startedAtMs = event.atMs
        this.#options.onStarted(speech)
      }
    } else if (event.type === 'playout-ended') {
      const index = this.#queue.findIndex((entry) => entry.playout === event.playout)
      if (index < 0) return
      const [entry] = this.#queue.splice(index, 1)
      this.#end(entry!.speech, event.heardMs, event.cut, event.atMs)
      this.#endUnplayed()
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
    for (const { speech } of this.#queue.splice(0)) this.#end(speech, speech.startedAtMs === undefined ? 0 : nowMs - speech.startedAtMs, true, nowMs)
  }

  #abortSynthesis(): void {
    this.#synthesis.abort()
    this.#synthesis = new AbortController()
  }

  /** Stopped says that never reached the line end in their turn, after those that did. */
  #endUnplayed(): void {
    while (this.#queue[0]?.stopped && this.#queue[0].playout === undefined) this.#end(this.#queue.shift()!.speech, 0, true, this.#options.now())
  }

  #end(speech: Speech, heardMs: number, cut: boolean, atMs: number): void {
    if (speech.startedAtMs !== undefined) this.#lastHeardAtMs = atMs
    this.#options.onEnded(speech, { heardText: heardText(speech.clauses, cut ? heardMs : Infinity), cut, beginAtMs: speech.startedAtMs ?? atMs, endAtMs: atMs })
  }

  #play(entry: Entry, pcm: Int16Array, last: boolean): void {
    entry.playout ??= this.#nextPlayout++
    entry.complete = last
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
    if (!failed && clauses.length > 0 && entry.playout === undefined) this.#options.onFailed(new Error('the synthesiser gave no audio'))
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

function msOf(pcm: Int16Array): number {
  return (pcm.length * 1000) / SAMPLE_RATE_HZ
}

function silence(ms: number): Int16Array {
  return new Int16Array((Math.round(ms / FRAME_MS) * FRAME_MS * SAMPLE_RATE_HZ) / 1000)
}
