// Turns what the robot says into playouts and back into what was heard. Does not decide what to say or when to stop.
import type { MediaEvent, MediaPort, PlayoutId } from '../media/engine.ts'
import { FRAME_MS, SAMPLE_RATE_HZ } from '../media/frame.ts'
import type { TtsProvider, Voice } from './tts/provider.ts'
import { clausesOf, heardText, type SpokenClause } from './clauses.ts'

/** A clause that gives no first audio within this time counts as failed: the callee must not wait for a dead engine. */
const FIRST_AUDIO_MS_MAX = 1_500
/** Audio synthesised before a clause fails stays; the clause is tried once more when nothing of it came. */
const TRIES_PER_CLAUSE = 2

export type Say = {
  id: string
  text: string
  interruptible: boolean
  timeBreakMs?: number | undefined
}

/** One say on its way. Times are on the nowMs clock, undefined until they happen. */
export type Speech = Say & {
  readonly playout: PlayoutId
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

/** A say in the queue. `sent`: the media plane knows its playout and will report its end. `stopped`: a stop came before that. */
type Entry = { speech: Speech; sent: boolean; stopped: boolean }

/** Speaks says one after the other; a say is synthesised while the one before it plays. */
export class Speaker {
  readonly #options: SpeakerOptions
  /** Says not yet over, in order. Sent ones come before unsent ones because synthesis is sequential. */
  readonly #queue: Entry[] = []
  #synthesis = new AbortController()
  #chain: Promise<void> = Promise.resolve()
  #nextPlayout = 1

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

  /** Milliseconds until the current say is over, as far as it is synthesised; 0 when idle. */
  get remainingMs(): number {
    const speech = this.current
    if (speech?.startedAtMs === undefined) return 0
    const totalMs = speech.clauses.reduce((sum, clause) => sum + clause.audioMs + clause.pauseMs, 0)
    return Math.max(0, speech.startedAtMs + totalMs - this.#options.now())
  }

  say(say: Say): Speech {
    const speech: Speech = { ...say, playout: this.#nextPlayout++, clauses: clausesOf(say.text) }
    const entry: Entry = { speech, sent: false, stopped: false }
    this.#queue.push(entry)
    const { signal } = this.#synthesis
    this.#chain = this.#chain.then(() => this.#synthesise(entry, signal))
    return speech
  }

  /** Stops now: what plays is cut within a packet, what waits is never heard. Says added afterwards are spoken. */
  stop(): void {
    if (this.#queue.length === 0) return
    this.#synthesis.abort()
    this.#synthesis = new AbortController()
    for (const entry of this.#queue) entry.stopped = true
    this.#options.port.flush()
    this.#endUnsent()
  }

  /** To be given every media event of the port. */
  onMediaEvent(event: MediaEvent): void {
    if (event.type === 'playout-started') {
      const speech = this.#queue.find((entry) => entry.speech.playout === event.playout)?.speech
      if (speech && speech.startedAtMs === undefined) {
        speech.startedAtMs = event.atMs
        this.#options.onStarted(speech)
      }
    } else if (event.type === 'playout-ended') {
      const index = this.#queue.findIndex((entry) => entry.speech.playout === event.playout)
      if (index < 0) return
      const [entry] = this.#queue.splice(index, 1)
      this.#end(entry!.speech, event.heardMs, event.cut, event.atMs)
      this.#endUnsent()
    } else if (event.type === 'closed') {
      this.#synthesis.abort()
      for (const { speech } of this.#queue.splice(0)) this.#end(speech, 0, true, this.#options.now())
    }
  }

  /** Stopped says that never reached the media plane end in their turn, after those that did. */
  #endUnsent(): void {
    while (this.#queue[0]?.stopped && !this.#queue[0].sent) this.#end(this.#queue.shift()!.speech, 0, true, this.#options.now())
  }

  #end(speech: Speech, heardMs: number, cut: boolean, atMs: number): void {
    this.#options.onEnded(speech, { heardText: heardText(speech.clauses, cut ? heardMs : Infinity), cut, beginAtMs: speech.startedAtMs ?? atMs, endAtMs: atMs })
  }

  async #synthesise(entry: Entry, stopped: AbortSignal): Promise<void> {
    const { speech } = entry
    const { port } = this.#options
    for (const clause of speech.clauses) {
      for (let attempt = 1; attempt <= TRIES_PER_CLAUSE; attempt++) {
        if (stopped.aborted) break
        const error = await this.#synthesiseClause(entry, clause, stopped)
        if (error === undefined) break
        if (clause.audioMs > 0 || attempt === TRIES_PER_CLAUSE) {
          if (!stopped.aborted) this.#options.onFailed(error)
          break
        }
      }
      if (!stopped.aborted && clause.pauseMs > 0 && clause.audioMs > 0) port.play(speech.playout, silence(clause.pauseMs), false)
    }
    if (stopped.aborted) return
    entry.sent = true
    port.play(speech.playout, new Int16Array(0), true)
  }

  /** Errors are values: undefined when the clause was spoken to its end (or the speaker stopped). */
  async #synthesiseClause(entry: Entry, clause: SpokenClause, stopped: AbortSignal): Promise<Error | undefined> {
    const { speech } = entry
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error(`no audio within ${FIRST_AUDIO_MS_MAX} ms`)), FIRST_AUDIO_MS_MAX)
    try {
      for await (const event of this.#options.tts.synthesize(clause.text, this.#options.voice, AbortSignal.any([stopped, late.signal]))) {
        if (stopped.aborted) return undefined
        if (event.type === 'failed') return event.error
        if (event.type === 'audio' && event.pcm.length > 0) {
          clearTimeout(timer)
          speech.firstAudioAtMs ??= this.#options.now()
          clause.audioMs += (event.pcm.length * 1000) / SAMPLE_RATE_HZ
          entry.sent = true
          this.#options.port.play(speech.playout, event.pcm, false)
        }
      }
      return late.signal.aborted && !stopped.aborted ? (late.signal.reason as Error) : undefined
    } finally {
      clearTimeout(timer)
    }
  }
}

function silence(ms: number): Int16Array {
  return new Int16Array((Math.round(ms / FRAME_MS) * FRAME_MS * SAMPLE_RATE_HZ) / 1000)
}
