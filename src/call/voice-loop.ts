// The conversation of one answered call: what was heard goes to the robot, what the robot does goes to the line.
// Joins listener, speaker and robot. Does not know SIP, the database or who is called.
import type { CallEvent, TurnLatency } from '../events.ts'
import type { MediaEvent, MediaPort } from '../media/engine.ts'
import { assertNever } from '../errors.ts'
import type { ConversationOutcome, Robot, RobotAction, RobotEvent, RobotNote } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import type { StopCause } from './call.ts'
import { DigitCollector } from './digit-collector.ts'
import { isStopWord, isTurn } from '../speech/barge-in.ts'
import { Listener, type Utterance } from '../speech/listener.ts'
import { Speaker, type Speech, type SpokenResult } from '../speech/speaker.ts'

export type VoiceLoopOptions = {
  /** After the answer, wait this long for the callee's first sound before opening: lines clip early words. */
  firstSoundMsMax: number
  /** First words longer than this are a greeting of a machine or a monologue: the robot hears them as they are. */
  firstWordsMsMax: number
  /** Mute time until the robot is told about silence. */
  muteMs: number
  /** The robot must answer a turn within this time, or the line speaks for it. Invariant: never more silence than 2.5 s. */
  robotMsMax: number
  /** After this long without any answer the robot is given up. */
  robotGiveUpMs: number
  /** A single syllable that ended this long before the robot's say did is a murmur, not an answer. */
  overlapMs: number
  /** Rest after the last word, so that it is heard before BYE. */
  farewellMs: number
}
export const voiceLoopDefaults = {
  firstSoundMsMax: 1_200,
  firstWordsMsMax: 4_000,
  muteMs: 5_000,
  robotMsMax: 2_000,
  robotGiveUpMs: 8_000,
  overlapMs: 300,
  farewellMs: 300,
} as const satisfies VoiceLoopOptions

/** What the line says by itself when the robot or an engine fails, or when the call must end. */
const ownLines = {
  wait: '请稍等。',
  giveUp: '不好意思，系统出了点问题，稍后再联系您，再见。',
  cannotHear: '不好意思，我这边听不清您说话，稍后再联系您，再见。',
  outOfTime: '不好意思，本次通话时间到了，先到这里，再见。',
  outOfMoney: '不好意思，本次通话需要先结束，稍后再联系您，再见。',
  stopped: '不好意思，本次通话先到这里，再见。',
} as const

export type LoopEnd = { by: 'robot' | 'platform' | 'user'; detail: string }

const limitEnds = {
  time: { line: ownLines.outOfTime, end: { by: 'platform', detail: 'talk time limit reached' } },
  money: { line: ownLines.outOfMoney, end: { by: 'platform', detail: 'balance used up' } },
} as const satisfies Record<string, { line: string; end: LoopEnd }>

export type VoiceLoopDeps = {
  port: Pick<MediaPort, 'play' | 'flush' | 'sendDigits'>
  asr: AsrProvider
  tts: TtsProvider
  voice: Voice
  robot: Robot
  emit(event: CallEvent): void
  now: () => number
  options?: VoiceLoopOptions
}

type PendingEvent = { event: RobotEvent; clock?: TurnClock | undefined }
/** Moments of one turn, for its latency. */
type TurnClock = { speechEndAtMs: number; endpointAtMs: number; finalAtMs: number; robotAtMs?: number }

/** Runs from the answer until the robot or a limit ends it (`ended` resolves), or until close(). */
export class VoiceLoop {
  readonly #deps: VoiceLoopDeps
  readonly #options: VoiceLoopOptions
  readonly #speaker: Speaker
  readonly #listener: Listener
  readonly #digits: DigitCollector
  readonly notes: RobotNote[] = []
  readonly ended: Promise<LoopEnd>
  #resolveEnded!: (end: LoopEnd) => void
  #closed = false
  #opened = false
  #closing: LoopEnd | undefined
  #pending: PendingEvent[] = []
  #handling: AbortController | undefined
  #turn = 0
  #silences = 0
  #muteMs: number
  #lastActivityAtMs: number
  #answeredAtMs: number
  #lastSaid = { endAtMs: -Infinity, endsWithQuestion: false }
  readonly #sources = new Map<string, string | undefined>()
  readonly #clocks = new WeakMap<Speech, TurnClock>()
  #source: string | undefined
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ticker: NodeJS.Timeout

  constructor(deps: VoiceLoopDeps) {
    this.#deps = deps
    this.#options = deps.options ?? voiceLoopDefaults
    this.#muteMs = this.#options.muteMs
    this.#answeredAtMs = this.#lastActivityAtMs = deps.now()
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#speaker = new Speaker({
      port: deps.port,
      tts: deps.tts,
      voice: deps.voice,
      now: deps.now,
      onStarted: () => {},
      onEnded: (speech, result) => this.#onSpoken(speech, result),
      onFailed: (error) => this.#onTtsFailed(error),
    })
    this.#listener = new Listener({
      asr: deps.asr,
      hotWords: deps.robot.hotWords,
      phrases: deps.robot.phrases,
      now: deps.now,
      robotSpeech: () => this.#robotSpeech(),
      onPartial: (text) => this.#onPartial(text),
      onBargeIn: () => this.#onBargeIn(),
      onUtterance: (utterance) => this.#onUtterance(utterance),
      onFailed: (error, final) => this.#onAsrFailed(error, final),
    })
    this.#digits = new DigitCollector((digits, ended) => this.#post({ event: { type: 'digits', digits, ended } }))
    this.#ticker = setInterval(() => this.#tick(), 100)
  }

  onMediaEvent(event: MediaEvent): void {
    if (this.#closed) return
    this.#speaker.onMediaEvent(event)
    if (event.type === 'frames') this.#listener.push(event.atMs, event.frames)
    else if (event.type === 'digit') {
      this.#deps.emit({ type: 'keys-pressed', digits: event.digit })
      this.#touch()
      this.#digits.press(event.digit)
    }
  }

  /** Ends the conversation politely, at a limit or because somebody wants it: the line says goodbye and hangs up. */
  endPolitely(why: 'time' | 'money' | StopCause): void {
    if (this.#closing) return
    this.#handling?.abort()
    this.#pending = []
    this.#speaker.stop()
    const { line, end } = typeof why === 'string' ? limitEnds[why] : { line: ownLines.stopped, end: why }
    this.#sayOwn(line)
    this.#close(end)
  }

  /** The line is gone. Nothing is asked of the robot afterwards but its end. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ticker)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#handling?.abort()
    this.#listener.close()
    this.#digits.close()
    this.#speaker.onMediaEvent({ type: 'closed', stats: noStats })
    // A goodbye that was cut off still ends for its own reason.
    this.#resolveEnded(this.#closing ?? { by: 'platform', detail: 'line closed' })
    // The robot's last notes (summary) belong to the record; it gets a moment, no more.
    try {
      const signal = AbortSignal.timeout(500)
      for await (const action of this.#deps.robot.handle({ type: 'ended' }, signal)) {
        if (action.type === 'note') this.#note(action.note)
      }
    } catch (error) {
      this.#deps.emit({ type: 'provider-failed', provider: 'robot', message: messageOf(error), fallback: 'no summary' })
    }
  }

  get conversation(): ConversationOutcome | undefined {
    return this.notes.findLast((note) => note.outcome !== undefined)?.outcome
  }

  // ── Hearing ────────────────────────────────────────────────────────────────

  #robotSpeech() {
    const speech = this.#speaker.current
    return {
      speaking: speech?.startedAtMs !== undefined,
      // A farewell is heard to its end.
      interruptible: speech !== undefined && speech.interruptible && !this.#closing,
      endsWithQuestion: endsWithQuestion(speech?.text ?? ''),
      remainingMs: this.#speaker.remainingMs,
    }
  }

  #onPartial(text: string): void {
    this.#touch()
    if (!this.#opened && this.#deps.now() - this.#answeredAtMs > this.#options.firstWordsMsMax) this.#open(text)
  }

  #onBargeIn(): void {
    this.#handling?.abort()
    this.#pending = this.#pending.filter(({ event }) => event.type !== 'silence')
    this.#speaker.stop()
  }

  #onUtterance(utterance: Utterance): void {
    this.#touch()
    this.#silences = 0
    const { text, beginAtMs, endAtMs, confidence, bargeIn } = utterance
    if (text === '') {
      // A sound without words. Before the opening it still says that somebody is there.
      if (!this.#opened) this.#open('')
      return
    }
    this.#deps.emit({ type: 'callee-said', turn: ++this.#turn, text, beginAtMs, endAtMs, confidence, bargeIn })
    if (!this.#opened) return this.#open(text)
    if (this.#closing) return
    if (!bargeIn && !this.#isTurn(utterance)) return
    this.#post({
      event: { type: 'utterance', text, beginAtMs, endAtMs, confidence, bargeIn, silentMs: Math.max(0, this.#deps.now() - endAtMs) },
      clock: { speechEndAtMs: endAtMs, endpointAtMs: utterance.endpointAtMs, finalAtMs: this.#deps.now() },
    })
  }

  /** Whether the words answer the robot, or only accompany what it says. */
  #isTurn({ text, voicedMs, beginAtMs, endAtMs }: Utterance): boolean {
    const speech = this.#speaker.current
    const speaking = speech?.startedAtMs !== undefined
    const robotEndAtMs = speaking ? this.#deps.now() + this.#speaker.remainingMs : this.#lastSaid.endAtMs
    const { endsWithQuestion } = speaking ? this.#robotSpeech() : this.#lastSaid
    // One syllable well inside the robot's speech is a murmur, whatever the recogniser made of it.
    if (text.length === 1 && robotEndAtMs - endAtMs > this.#options.overlapMs && !isStopWord(text)) return false
    return isTurn({ text, voicedMs, endsWithQuestion, beganBeforeRobotEndMs: robotEndAtMs - beginAtMs })
  }

  #onAsrFailed(error: Error, final: boolean): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.asr.name, message: error.message, fallback: final ? 'goodbye' : 'reopened' })
    if (!final || this.#closing) return
    this.#handling?.abort()
    this.#sayOwn(ownLines.cannotHear)
    this.#close({ by: 'platform', detail: 'recognition failed' })
  }

  // ── Time ───────────────────────────────────────────────────────────────────

  #touch(): void {
    this.#lastActivityAtMs = this.#deps.now()
  }

  #tick(): void {
    const now = this.#deps.now()
    this.#listener.tick(now)
    if (this.#closing) {
      this.#maybeEnd()
      return
    }
    if (!this.#opened) {
      const waitedMs = now - this.#answeredAtMs
      if (!this.#listener.isSpeaking ? waitedMs >= this.#options.firstSoundMsMax : waitedMs >= this.#options.firstWordsMsMax + this.#options.robotMsMax) this.#open(this.#listener.partial)
      return
    }
    if (this.#speaker.isBusy || this.#listener.isSpeaking || this.#handling || this.#pending.length > 0) return this.#touch()
    if (now - this.#lastActivityAtMs >= this.#muteMs) {
      this.#touch()
      const count = ++this.#silences
      this.#deps.emit({ type: 'silence', count })
      this.#post({ event: { type: 'silence', count } })
    }
  }

  #open(firstWords: string): void {
    this.#opened = true
    this.#post({ event: { type: 'answered', atMs: this.#answeredAtMs, firstWords } })
  }

  // ── Robot ──────────────────────────────────────────────────────────────────

  #post(pending: PendingEvent): void {
    if (this.#closed || this.#closing) return
    // New words or keys make an answer that is still being thought out pointless.
    if (pending.event.type === 'utterance' || pending.event.type === 'digits') this.#handling?.abort()
    this.#pending.push(pending)
    if (!this.#handling) void this.#pump()
  }

  async #pump(): Promise<void> {
    while (this.#pending.length > 0 && !this.#closed) {
      const { event, clock } = this.#pending.shift()!
      const handling = (this.#handling = new AbortController())
      const watchdog = this.#watchRobot(event, handling)
      try {
        for await (const action of this.#deps.robot.handle(event, handling.signal)) {
          if (this.#closed || handling.signal.aborted) break
          if (action.type === 'say') watchdog.fed()
          this.#act(action, clock)
        }
      } catch (error) {
        if (!handling.signal.aborted) this.#robotFailed(messageOf(error))
      } finally {
        watchdog.fed()
        this.#handling = undefined
      }
    }
  }

  /** The robot owes speech or a hang-up to these events; when it is late the line fills in, then gives up. */
  #watchRobot(event: RobotEvent, handling: AbortController): { fed(): void } {
    if (event.type !== 'answered' && event.type !== 'utterance' && event.type !== 'silence' && event.type !== 'digits') return { fed: () => {} }
    const late = this.#after(this.#options.robotMsMax, () => {
      if (!handling.signal.aborted && !this.#speaker.isBusy) this.#sayOwn(ownLines.wait)
    })
    const dead = this.#after(this.#options.robotGiveUpMs, () => {
      if (handling.signal.aborted) return
      handling.abort()
      this.#robotFailed(`no answer within ${this.#options.robotGiveUpMs} ms`)
    })
    return {
      fed: () => {
        for (const timer of [late, dead]) {
          clearTimeout(timer)
          this.#timers.delete(timer)
        }
      },
    }
  }

  #robotFailed(message: string): void {
    this.#deps.emit({ type: 'provider-failed', provider: 'robot', message, fallback: 'goodbye' })
    if (this.#closing) return
    this.#sayOwn(ownLines.giveUp)
    this.#close({ by: 'platform', detail: `robot failed: ${message}` })
  }

  #act(action: RobotAction, clock: TurnClock | undefined): void {
    switch (action.type) {
      case 'say': {
        const text = action.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
        const speech = this.#speaker.say({ id: action.id, text, interruptible: action.interruptible, timeBreakMs: action.timeBreakMs })
        this.#sources.set(action.id, this.#source)
        // Only the first say of a turn answers it.
        if (clock && clock.robotAtMs === undefined) {
          clock.robotAtMs = this.#deps.now()
          this.#clocks.set(speech, clock)
        }
        return
      }
      case 'stop':
        return this.#speaker.stop()
      case 'hang-up':
        return this.#close({ by: 'robot', detail: 'robot hung up' })
      case 'set-mute-time':
        this.#muteMs = action.muteMs
        return
      case 'collect-digits':
        return this.#digits.collect(action)
      case 'note':
        return this.#note(action.note)
      case 'transfer':
      case 'parallel-transfer':
      case 'bridge':
        // No second leg on this line: the robot hears at once that it failed and says so.
        return this.#post({ event: { type: 'transfer', state: 'failed', reason: 'this line has no transfer' } })
      default:
        return assertNever(action)
    }
  }

  #note(note: RobotNote): void {
    this.notes.push(note)
    if (note.source !== undefined) this.#source = note.source
    this.#deps.emit({ type: 'noted', note })
  }

  // ── Speaking ───────────────────────────────────────────────────────────────

  #onSpoken(speech: Speech, result: SpokenResult): void {
    if (result.heardText !== '') {
      this.#deps.emit({
        type: 'robot-said',
        turn: ++this.#turn,
        text: result.heardText,
        plannedText: result.cut ? speech.text : undefined,
        cut: result.cut,
        beginAtMs: result.beginAtMs,
        endAtMs: result.endAtMs,
        source: this.#sources.get(speech.id),
        latency: latencyOf(this.#clocks.get(speech), speech),
      })
    }
    this.#sources.delete(speech.id)
    this.#lastSaid = { endAtMs: result.endAtMs, endsWithQuestion: endsWithQuestion(speech.text) && !result.cut }
    if (this.#closed) return
    this.#touch()
    if (!this.#closing) this.#post({ event: { type: 'played', say: speech.id, heardText: result.heardText, cut: result.cut } })
    this.#maybeEnd()
  }

  #onTtsFailed(error: Error): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.tts.name, message: error.message, fallback: 'goodbye' })
    this.#handling?.abort()
    this.#pending = []
    // Nothing can be said any more; what is queued cannot be spoken either.
    this.#close({ by: 'platform', detail: 'synthesis failed' })
  }

  #sayOwn(text: string): void {
    this.#speaker.say({ id: `line-${this.#turn}-${text.length}`, text, interruptible: false })
  }

  #close(end: LoopEnd): void {
    if (this.#closing) return
    this.#closing = end
    this.#maybeEnd()
  }

  /** Ends once everything said was heard and had a moment to arrive. */
  #maybeEnd(): void {
    const end = this.#closing
    if (!end || this.#speaker.isBusy) return
    this.#after(this.#options.farewellMs, () => {
      if (!this.#speaker.isBusy) this.#resolveEnded(end)
    })
  }

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
    return timer
  }
}

const noStats = { packetsSent: 0, packetsReceived: 0, packetsLost: 0, packetsLate: 0, pacingErrorMsP95: 0, pacingErrorMsMax: 0, jitterMs: 0 }

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function endsWithQuestion(text: string): boolean {
  return /[？?]$/.test(text)
}

/** Splits the time from the end of speech to the first packet of the answer. */
function latencyOf(clock: TurnClock | undefined, speech: Speech): TurnLatency | undefined {
  if (clock?.robotAtMs === undefined || speech.firstAudioAtMs === undefined || speech.startedAtMs === undefined) return undefined
  return {
    endpointMs: clock.endpointAtMs - clock.speechEndAtMs,
    recognitionMs: clock.finalAtMs - clock.endpointAtMs,
    robotMs: clock.robotAtMs - clock.finalAtMs,
    synthesisMs: speech.firstAudioAtMs - clock.robotAtMs,
    playoutMs: speech.startedAtMs - speech.firstAudioAtMs,
    totalMs: speech.startedAtMs - clock.speechEndAtMs,
  }
}
