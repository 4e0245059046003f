// What goes out on a line and for whom: the robot's says, the line's own, and what somebody outside says or plays. Tells what was heard of each.
// Does not know what the callee says, or when it is time to speak.
import type { CallEvent } from '../events.ts'
import { FRAME_MS } from '../media/frame.ts'
import type { RobotAction, SayPart } from '../robot/robot.ts'
import type { SpokenPart } from '../speech/clauses.ts'
import { Speaker, type SpeakerPort, type Speech, type SpokenResult } from '../speech/speaker.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { ReadyLines, waitLines } from './own-lines.ts'
import { latencyOf, type TurnClock } from './turn-latency.ts'

/** A robot's clause that lasts longer is cut: somebody waits to be heard. */
const CLAUSE_MS_MAX = 5_000

export type LineVoiceDeps = {
  port: SpeakerPort
  tts: TtsProvider
  voice: Voice
  /** See SpeakerOptions. */
  level?: number | undefined
  now: () => number
  /** Recorded files by name, as 8 kHz audio. Errors: any. Absent: there are none. */
  readSound?: ((name: string) => Promise<Int16Array>) | undefined
  /** Recordings by their address, likewise. */
  fetchSound?: ((url: string) => Promise<Int16Array>) | undefined
  emit(event: CallEvent): void
  /** The number of the next turn of the conversation. */
  nextTurn(): number
  /** The robot is heard. */
  onRobotStarted(): void
  /** A say is over, whoever's. `robots`: the robot's own. */
  onSpoken(speech: Speech, result: SpokenResult, robots: boolean): void
  /** Synthesis gave up on the rest of a say. */
  onFailed(error: Error): void
}

/** What else is known of a say. `own`: not the robot's. */
type About = { own: boolean; source: string | undefined; clock: TurnClock | undefined; over: ((result: SpokenResult) => void) | undefined }

/** What somebody outside of the conversation has said or played on the line. */
export type Insertion = {
  text: string
  /** 8 kHz; undefined: the text is synthesised. */
  pcm?: Int16Array | undefined
  interruptible: boolean
  /** Shown in the log of the call; '' leaves it out of the conversation. */
  source: string
}

export class LineVoice {
  readonly speaker: Speaker
  readonly #deps: LineVoiceDeps
  #ready: ReadyLines | undefined
  readonly #about = new WeakMap<Speech, About>()
  /** Where the robot's words come from, as it said last. */
  source: string | undefined
  #quiet: (() => void)[] = []
  #insertions = 0
  #closed = false

  constructor(deps: LineVoiceDeps) {
    this.#deps = deps
    const { port, tts, voice, now } = deps
    this.speaker = new Speaker({
      port,
      tts,
      voice,
      level: deps.level,
      now,
      onStarted: (speech) => {
        if (!this.#about.get(speech)?.own) deps.onRobotStarted()
      },
      onEnded: (speech, result) => this.#onSpoken(speech, result),
      onFailed: (error) => deps.onFailed(error),
    })
  }

  /** Makes the lines that fill a wait, so that they are at hand when the synthesiser itself is what is late. */
  prepare(): void {
    this.#ready = new ReadyLines(this.#deps.tts, this.#deps.voice, waitLines)
  }

  close(): void {
    this.#closed = true
    this.#ready?.close()
    this.speaker.close()
    for (const resolve of this.#quiet.splice(0)) resolve()
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** What is being said, or next, is the robot's. */
  get isRobots(): boolean {
    const { current } = this.speaker
    return current !== undefined && !this.#about.get(current)?.own
  }

  /** Errors: Error when too many says wait. */
  sayForRobot(action: Extract<RobotAction, { type: 'say' }>, clock: TurnClock | undefined): void {
    if (this.speaker.isFull) throw new Error('too many says are waiting')
    const parts = action.parts.flatMap((part) => this.#partOf(part))
    const text = parts.map((part) => part.text).join('')
    const speech = this.speaker.say({ id: action.id, text, parts, interruptible: action.interruptible, timeBreakMs: action.timeBreakMs, protectedMs: action.protectedMs })
    // Only the first say of a turn answers it.
    const answers = clock !== undefined && clock.robotAtMs === undefined
    if (answers) {
      clock.robotAtMs = this.#deps.now()
      clock.firstTokenMs = action.firstTokenMs
    }
    this.#about.set(speech, { own: false, source: this.source, clock: answers ? clock : undefined, over: undefined })
  }

  /** What cannot be played is said, where it is known what is heard in it, else left out; and told. */
  #partOf(part: SayPart): SpokenPart[] {
    const { readSound, fetchSound } = this.#deps
    if (part.type === 'text') return [{ text: part.text }]
    const words = part.type === 'file' ? part.words : undefined
    const leaveOut = (message: string) => this.#deps.emit({ type: 'provider-failed', provider: 'recordings', message, fallback: words === undefined ? 'left out' : 'synthesised' })
    const [code, read] = part.type === 'url' ? ([part.url, fetchSound] as const) : ([part.code, readSound] as const)
    if (read === undefined) {
      leaveOut(part.type === 'url' ? 'this line fetches no recordings' : 'this line plays no recordings')
      return words === undefined ? [] : [{ text: words }]
    }
    const recording = async () => {
      try {
        return await read(code)
      } catch (error) {
        leaveOut(error instanceof Error ? error.message : String(error))
        return new Int16Array(0)
      }
    }
    return [words === undefined ? { text: `（录音 ${code}）`, recording } : { text: words, recording, saysIt: true }]
  }

  /** A line of ours, not interruptible; ahead of what waits when it is at hand. */
  sayOwn(text: string): void {
    const say = { id: `line-${text}`, text, interruptible: false }
    const pcm = this.#ready?.audioOf(text)
    const speech = pcm ? this.speaker.sayReady(say, pcm) : this.speaker.say(say)
    this.#about.set(speech, { own: true, source: 'fallback', clock: undefined, over: undefined })
  }

  /** After what is being said. Resolves when it is over, heard or not. */
  insert({ text, pcm, interruptible, source }: Insertion): Promise<SpokenResult> {
    if (this.#closed) return Promise.resolve({ heardText: '', cut: true, beginAtMs: this.#deps.now(), endAtMs: this.#deps.now() })
    const say = { id: `inserted-${++this.#insertions}`, text, interruptible }
    const over = Promise.withResolvers<SpokenResult>()
    const speech = pcm ? this.speaker.sayReady(say, pcm) : this.speaker.say(say)
    this.#about.set(speech, { own: true, source, clock: undefined, over: over.resolve })
    return over.promise
  }

  /** Resolves when nothing is being said, at once when nothing is. */
  async quiet(): Promise<void> {
    if (this.speaker.isBusy) await new Promise<void>((resolve) => this.#quiet.push(resolve))
  }

  /** Lets the clause that is being heard end, and says nothing after it. */
  async stopAfterClause(): Promise<void> {
    const byMs = this.#deps.now() + CLAUSE_MS_MAX
    for (let leftMs = this.speaker.clauseRemainingMs; leftMs > 0; leftMs = this.speaker.clauseRemainingMs) {
      // The last packet leaves a frame's time after it was due at the latest; without it the last word would count as cut.
      const waitMs = Math.min(leftMs + FRAME_MS, byMs - this.#deps.now())
      if (waitMs <= 0) break
      await new Promise<void>((resolve) => setTimeout(resolve, waitMs))
    }
    this.speaker.stop()
  }

  #onSpoken(speech: Speech, result: SpokenResult): void {
    const about = this.#about.get(speech)
    const { heardText, cut, beginAtMs, endAtMs } = result
    if (heardText !== '') {
      const latency = latencyOf(about?.clock, speech)
      this.#deps.emit({ type: 'robot-said', turn: this.#deps.nextTurn(), text: heardText, plannedText: cut ? speech.text : undefined, cut, beginAtMs, endAtMs, source: about?.source, latency })
    }
    about?.over?.(result)
    this.#deps.onSpoken(speech, result, !about?.own)
    if (!this.speaker.isBusy) for (const resolve of this.#quiet.splice(0)) resolve()
  }
}
