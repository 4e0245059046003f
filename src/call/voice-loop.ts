// The conversation of one answered call: what was heard goes to the robot, what the robot does goes to the line.
// Joins listener, speaker and robot. Does not know SIP, the database or who is called.
import type { CallEvent } from '../events.ts'
import type { MediaEvent, MediaPort } from '../media/engine.ts'
import { assertNever } from '../errors.ts'
import { log } from '../log.ts'
import type { ConversationOutcome, Robot, RobotAction, RobotNote } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { isStopWord, isTurn } from '../speech/barge-in.ts'
import { endpointingDefaults, isTurnOver } from '../speech/endpointing.ts'
import { Listener, type Utterance } from '../speech/listener.ts'
import { Speaker, type Speech, type SpokenResult } from '../speech/speaker.ts'
import type { StopCause } from './call.ts'
import type { EndDetail } from './end-reason.ts'
import { DigitCollector, type KeyPath } from './digit-collector.ts'
import { ownLines, ReadyLines, waitLines } from './own-lines.ts'
import { RobotRunner } from './robot-runner.ts'
import { latencyOf, type TurnClock } from './turn-latency.ts'

export type VoiceLoopOptions = {
  /** After the answer, wait this long for the callee's first sound before opening: lines clip early words. */
  firstSoundMsMax: number
  /** First words longer than this are a greeting of a machine or a monologue: the robot hears them as they are. */
  firstWordsMsMax: number
  /** Mute time until the robot is told about silence. */
  muteMs: number
  /** The callee's turn is taken after this much silence, however unfinished it sounds: an answer must still fit into fillAfterMs. */
  endpointMsMax: number
  /**
   * While the callee waits for an answer, the line says something itself once nothing was heard for so long since their last
   * sound. Invariant: never more silence than 2.5 s; the rest is a tick, and the way of a packet.
   */
  fillAfterMs: number
  /** After this long without any answer the robot is given up. */
  robotGiveUpMs: number
  /** A single syllable that ended this long before the robot's say did is a murmur, not an answer. */
  overlapMs: number
  /** Rest after the last word, so that it is heard before BYE. */
  farewellMs: number
  /** A robot's farewell may take this long, with all that it said before. Then the line is cut: on hold nothing is ever heard to its end. */
  closingMsMax: number
  /** Our own farewell may take this long. */
  ownFarewellMsMax: number
}
export const voiceLoopDefaults = {
  firstSoundMsMax: 1_200,
  firstWordsMsMax: 4_000,
  muteMs: 5_000,
  endpointMsMax: 2_000,
  fillAfterMs: 2_300,
  robotGiveUpMs: 8_000,
  overlapMs: 300,
  farewellMs: 300,
  closingMsMax: 60_000,
  ownFarewellMsMax: 8_000,
} as const satisfies VoiceLoopOptions

const TICK_MS = 100
/** The robot's last notes (summary) belong to the record; it gets a moment, no more. */
const FINISH_MS_MAX = 1_000

export type LoopEnd = { by: 'robot' | 'platform' | 'user'; detail: EndDetail; error?: string | undefined }

const limitEnds = {
  time: { line: ownLines.outOfTime, end: { by: 'platform', detail: 'talk-limit' } },
  money: { line: ownLines.outOfMoney, end: { by: 'platform', detail: 'balance-used-up' } },
} as const satisfies Record<string, { line: string; end: LoopEnd }>

export type VoiceLoopDeps = {
  port: Pick<MediaPort, 'play' | 'flush'>
  asr: AsrProvider
  tts: TtsProvider
  voice: Voice
  robot: Robot
  emit(event: CallEvent): void
  now: () => number
  options?: Partial<VoiceLoopOptions>
}

/** What else is known of a say. `own`: the line's, not the robot's. */
type About = { own: boolean; source: string | undefined; clock: TurnClock | undefined }

/** Runs from the answer until the robot or a limit ends it (`ended` resolves), or until close(). */
export class VoiceLoop {
  readonly #deps: VoiceLoopDeps
  readonly #options: VoiceLoopOptions
  readonly #speaker: Speaker
  readonly #listener: Listener
  readonly #digits: DigitCollector
  readonly #runner: RobotRunner<TurnClock>
  readonly #ready: ReadyLines
  readonly notes: RobotNote[] = []
  readonly ended: Promise<LoopEnd>
  #resolveEnded!: (end: LoopEnd) => void
  #closed: Promise<void> | undefined
  #opened = false
  #closing: { end: LoopEnd; byMs: number } | undefined
  #turn = 0
  #silences = 0
  #muteMs: number
  readonly #answeredAtMs: number
  #lastActivityAtMs: number
  #lastSaid = { endAtMs: -Infinity, endsWithQuestion: false }
  /** Since when the callee waits for an answer, when it is not since their last sound. */
  #owedSinceMs: number
  #waitLinesSaid = 0
  readonly #about = new WeakMap<Speech, About>()
  #source: string | undefined
  readonly #ticker: NodeJS.Timeout

  /** Errors: what opening the recogniser throws. */
  constructor(deps: VoiceLoopDeps) {
    this.#deps = deps
    this.#options = { ...voiceLoopDefaults, ...deps.options }
    this.#muteMs = this.#options.muteMs
    this.#answeredAtMs = this.#lastActivityAtMs = this.#owedSinceMs = deps.now()
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    const { port, asr, tts, voice, robot, now } = deps
    this.#speaker = new Speaker({
      port,
      tts,
      voice,
      now,
      onStarted: (speech) => {
        if (!this.#about.get(speech)?.own) this.#waitLinesSaid = 0
      },
      onEnded: this.#safely((speech: Speech, result: SpokenResult) => this.#onSpoken(speech, result)),
      onFailed: this.#safely((error: Error) => this.#onTtsFailed(error)),
    })
    const { endpointMsMax } = this.#options
    this.#listener = new Listener({
      asr,
      hotWords: robot.hotWords,
      phrases: robot.phrases,
      now,
      robotSpeech: () => this.#robotSpeech(),
      isTurnOver: (input) => isTurnOver(input, { ...endpointingDefaults, silenceMsMax: endpointMsMax }),
      onPartial: this.#safely((text: string) => this.#onPartial(text)),
      onBargeIn: this.#safely(() => this.#onBargeIn()),
      onUtterance: this.#safely((utterance: Utterance) => this.#onUtterance(utterance)),
      onFailed: this.#safely((error: Error, final: boolean) => this.#onAsrFailed(error, final)),
    })
    this.#digits = new DigitCollector((digits, ended) => {
      this.#owe(now())
      this.#runner.post({ type: 'digits', digits, ended })
    })
    this.#runner = new RobotRunner({
      robot,
      now,
      onAction: (action, clock) => this.#act(action, clock),
      onFailed: this.#safely((error: Error) => this.#onRobotFailed(error.message)),
    })
    this.#ready = new ReadyLines(tts, voice, waitLines)
    this.#ticker = setInterval(this.#safely(() => this.#tick()), TICK_MS)
  }

  onMediaEvent(event: MediaEvent): void {
    if (this.#closed) return
    this.#speaker.onMediaEvent(event)
    if (event.type === 'frames') this.#listener.push(event.atMs, event.frames)
    else if (event.type === 'digit') this.pressKey(event.digit, 'rtp')
  }

  /** A key of the callee, by whichever path it came. */
  pressKey(digit: string, path: KeyPath): void {
    if (this.#closed || !this.#digits.press(digit, path, this.#deps.now())) return
    this.#touch()
    this.#deps.emit({ type: 'keys-pressed', digits: digit })
  }

  /** Ends the conversation politely, at a limit or because somebody wants it: the line says goodbye and hangs up. */
  endPolitely(why: 'time' | 'money' | StopCause): void {
    const { line, end } = typeof why === 'string' ? limitEnds[why] : { line: ownLines.stopped, end: why }
    // A goodbye that is being said already is as good; it may only not take for ever.
    if (!this.#closing) {
      this.#speaker.stop()
      this.#sayOwn(line)
    }
    this.#close(end, this.#options.ownFarewellMsMax)
  }

  /** The line is gone. Nothing is asked of the robot afterwards but its end. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#ticker)
    this.#listener.close()
    this.#ready.close()
    this.#runner.retire(true)
    this.#speaker.close()
    this.#deps.port.flush()
    // A goodbye that was cut off still ends for its own reason.
    this.#resolveEnded(this.#closing?.end ?? { by: 'platform', detail: 'conversation-closed' })
    try {
      await this.#runner.finish(FINISH_MS_MAX)
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
    this.#runner.interrupt()
    this.#speaker.stop()
  }

  #onUtterance(utterance: Utterance): void {
    this.#touch()
    this.#silences = 0
    const { text, beginAtMs, endAtMs, confidence, bargeIn } = utterance
    if (text !== '') this.#deps.emit({ type: 'callee-said', turn: ++this.#turn, text, beginAtMs, endAtMs, confidence, bargeIn })
    if (this.#closing) return
    // A sound without words, too, says that somebody is there.
    if (!this.#opened) return this.#open(text)
    // Noise that stopped the robot is a turn that nobody understood; left alone it would end in silence.
    if (!bargeIn && (text === '' || !this.#isTurn(utterance))) return
    this.#owe(endAtMs)
    this.#runner.post(
      { type: 'utterance', text, beginAtMs, endAtMs, confidence: text === '' ? 0 : confidence, bargeIn, silentMs: Math.max(0, this.#deps.now() - endAtMs) },
      { speechEndAtMs: endAtMs, endpointAtMs: utterance.endpointAtMs, finalAtMs: this.#deps.now() },
    )
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
    this.#sayOwn(ownLines.cannotHear)
    this.#close({ by: 'platform', detail: 'recognition-failed', error: error.message }, this.#options.ownFarewellMsMax)
  }

  // ── Time ───────────────────────────────────────────────────────────────────

  #touch(): void {
    this.#lastActivityAtMs = this.#deps.now()
  }

  #tick(): void {
    const nowMs = this.#deps.now()
    this.#listener.tick(nowMs)
    this.#digits.tick(nowMs, this.#speaker.isBusy)
    if (this.#closing) return this.#considerEnd(this.#closing, nowMs)
    if (!this.#opened) this.#considerOpening(nowMs)
    this.#considerWaitLine(nowMs)
    this.#considerGivingUp(nowMs)
    this.#considerSilence(nowMs)
  }

  #considerOpening(nowMs: number): void {
    const waitedMs = nowMs - this.#answeredAtMs
    const { firstSoundMsMax, firstWordsMsMax } = this.#options
    if (waitedMs >= (this.#listener.isSpeaking ? firstWordsMsMax : firstSoundMsMax)) this.#open(this.#listener.partial)
  }

  /** Somebody waits for an answer in a silent line. A say whose audio is on its way is as good as heard. */
  #considerWaitLine(nowMs: number): void {
    if (!this.#runner.owesAnswer && !this.#listener.isSpeaking && !this.#speaker.isBusy) return
    if (this.#speaker.current?.firstAudioAtMs !== undefined) return
    const silentSinceMs = Math.max(this.#speaker.audibleUntilMs, this.#listener.lastVoicedAtMs, this.#owedSinceMs)
    if (nowMs - silentSinceMs < this.#options.fillAfterMs) return
    const line = waitLines[this.#waitLinesSaid++]
    if (line !== undefined) this.#sayOwn(line)
    else if (this.#runner.owesAnswer) this.#onRobotFailed('no answer although the callee was asked to wait')
  }

  #considerGivingUp(nowMs: number): void {
    if (this.#closing) return
    const { current } = this.#speaker
    const robotSpeaks = current !== undefined && !this.#about.get(current)?.own
    if (!this.#runner.isBusy || robotSpeaks) return
    if (nowMs - Math.max(this.#runner.activeAtMs, this.#lastSaid.endAtMs) < this.#options.robotGiveUpMs) return
    this.#onRobotFailed(`no answer within ${this.#options.robotGiveUpMs} ms`)
  }

  #considerSilence(nowMs: number): void {
    if (!this.#opened || this.#closing) return
    if (this.#speaker.isBusy || this.#listener.isSpeaking || this.#runner.isBusy) return this.#touch()
    if (nowMs - this.#lastActivityAtMs < this.#muteMs) return
    this.#touch()
    this.#owe(nowMs)
    const count = ++this.#silences
    this.#deps.emit({ type: 'silence', count })
    this.#runner.post({ type: 'silence', count })
  }

  #owe(sinceMs: number): void {
    this.#owedSinceMs = sinceMs
    this.#waitLinesSaid = 0
  }

  #open(firstWords: string): void {
    this.#opened = true
    this.#runner.post({ type: 'answered', atMs: this.#answeredAtMs, firstWords })
  }

  // ── Robot ──────────────────────────────────────────────────────────────────

  #onRobotFailed(message: string): void {
    this.#deps.emit({ type: 'provider-failed', provider: 'robot', message, fallback: 'goodbye' })
    if (this.#closing) return
    this.#sayOwn(ownLines.giveUp)
    this.#close({ by: 'platform', detail: 'robot-failed', error: message }, this.#options.ownFarewellMsMax)
  }

  #act(action: RobotAction, clock: TurnClock | undefined): void {
    switch (action.type) {
      case 'say':
        return this.#sayForRobot(action, clock)
      case 'stop':
        return this.#speaker.stop()
      case 'hang-up':
        return this.#close({ by: 'robot', detail: 'robot-hung-up' }, this.#options.closingMsMax)
      case 'set-mute-time':
        this.#muteMs = action.muteMs
        return
      case 'collect-digits':
        return this.#digits.collect(action, this.#deps.now())
      case 'note':
        this.notes.push(action.note)
        if (action.note.source !== undefined) this.#source = action.note.source
        return this.#deps.emit({ type: 'noted', note: action.note })
      case 'transfer':
      case 'parallel-transfer':
      case 'bridge':
        // No second leg on this line: the robot hears at once that it failed and says so.
        return this.#runner.post({ type: 'transfer', state: 'failed', reason: 'this line has no transfer' })
      default:
        return assertNever(action)
    }
  }

  #sayForRobot(action: Extract<RobotAction, { type: 'say' }>, clock: TurnClock | undefined): void {
    if (this.#speaker.isFull) throw new Error('too many says are waiting')
    if (action.parts.some(({ type }) => type !== 'text')) this.#deps.emit({ type: 'provider-failed', provider: 'recordings', message: 'this line plays no recordings', fallback: 'left out' })
    const text = action.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const speech = this.#speaker.say({ id: action.id, text, interruptible: action.interruptible, timeBreakMs: action.timeBreakMs })
    // Only the first say of a turn answers it.
    const answers = clock !== undefined && clock.robotAtMs === undefined
    if (answers) clock.robotAtMs = this.#deps.now()
    this.#about.set(speech, { own: false, source: this.#source, clock: answers ? clock : undefined })
  }

  // ── Speaking ───────────────────────────────────────────────────────────────

  #onSpoken(speech: Speech, { heardText, cut, beginAtMs, endAtMs }: SpokenResult): void {
    const about = this.#about.get(speech)
    if (heardText !== '') {
      const latency = latencyOf(about?.clock, speech)
      this.#deps.emit({ type: 'robot-said', turn: ++this.#turn, text: heardText, plannedText: cut ? speech.text : undefined, cut, beginAtMs, endAtMs, source: about?.source, latency })
    }
    this.#touch()
    if (about?.own) return
    this.#lastSaid = { endAtMs, endsWithQuestion: endsWithQuestion(speech.text) && !cut }
    this.#runner.post({ type: 'played', say: speech.id, heardText, cut })
  }

  #onTtsFailed(error: Error): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.tts.name, message: error.message, fallback: 'hang-up' })
    // Nothing can be said any more, a goodbye neither; what has audio is still heard.
    this.#speaker.giveUp()
    this.#close({ by: 'platform', detail: 'synthesis-failed', error: error.message }, this.#options.ownFarewellMsMax)
  }

  #sayOwn(text: string): void {
    const say = { id: `line-${text}`, text, interruptible: false }
    const pcm = this.#ready.audioOf(text)
    const speech = pcm ? this.#speaker.sayReady(say, pcm) : this.#speaker.say(say)
    this.#about.set(speech, { own: true, source: 'fallback', clock: undefined })
  }

  /** From now on only what was said so far is heard, within a limit. The first reason stays, the earliest limit counts. */
  #close(end: LoopEnd, msMax: number): void {
    const nowMs = this.#deps.now()
    if (this.#closing) {
      this.#closing.byMs = Math.min(this.#closing.byMs, nowMs + msMax)
      return
    }
    this.#closing = { end, byMs: nowMs + msMax }
    // What the robot still has to note about its own farewell is taken.
    this.#runner.retire(end.by !== 'robot')
  }

  /** Ends once everything said was heard and had a moment to arrive. */
  #considerEnd({ end, byMs }: { end: LoopEnd; byMs: number }, nowMs: number): void {
    const heard = !this.#speaker.isBusy && nowMs - this.#speaker.audibleUntilMs >= this.#options.farewellMs
    if (heard || nowMs >= byMs) this.#resolveEnded(end)
  }

  /** A mistake of ours ends this conversation, not the process. */
  #safely<Args extends unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        run(...args)
      } catch (error) {
        log.error({ err: error }, 'a conversation failed by itself')
        this.#resolveEnded({ by: 'platform', detail: 'internal-failure', error: messageOf(error) })
      }
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function endsWithQuestion(text: string): boolean {
  return /[？?]$/.test(text)
}
