// The conversation of one answered call: what was heard goes to the robot, what the robot does goes to the line.
// Joins listener, speaker and robot. Does not know SIP, the database or who is called.
import type { CallEvent } from '../events.ts'
import type { MediaEvent, MediaPort } from '../media/engine.ts'
import { assertNever } from '../errors.ts'
import { log } from '../log.ts'
import type { ConversationOutcome, MachinePolicy, Robot, RobotAction, RobotEvent, RobotNote } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { isStopWord, isTurn } from '../speech/barge-in.ts'
import { endpointingDefaults, isPickUpOver, isTurnOver } from '../speech/endpointing.ts'
import { Listener, type Utterance } from '../speech/listener.ts'
import type { Speaker, Speech, SpokenResult } from '../speech/speaker.ts'
import type { StopCause } from './call.ts'
import { DigitCollector, type KeyPath } from './digit-collector.ts'
import { LineVoice } from './line-voice.ts'
import { ownLines, waitLines } from './own-lines.ts'
import { RobotRunner } from './robot-runner.ts'
import type { TurnClock } from './turn-latency.ts'
import { Pickup, type Machine } from './pickup.ts'
import { voiceLoopDefaults, type LoopEnd, type VoiceLoopOptions } from './voice-loop-options.ts'

const TICK_MS = 100
/** The robot's last notes (summary) belong to the record; it gets a moment, no more. */
const FINISH_MS_MAX = 1_000

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
  /** The robot wants a human to take part. Undefined: nobody can. */
  onTransfer?: ((action: TransferAction) => void) | undefined
  options?: Partial<VoiceLoopOptions>
  /** From the first sign of ringing to the answer. */
  rangMs?: number | undefined
  /** Default 'hang-up'. */
  machinePolicy?: MachinePolicy | undefined
}

export type TransferAction = Extract<RobotAction, { type: 'transfer' | 'parallel-transfer' | 'bridge' }>

/** Runs from the answer until the robot or a limit ends it (`ended` resolves), or until close(). */
export class VoiceLoop {
  readonly #deps: VoiceLoopDeps
  readonly #options: VoiceLoopOptions
  /** What goes out, also for others than the robot. */
  readonly voice: LineVoice
  readonly #speaker: Speaker
  readonly #listener: Listener
  readonly #digits: DigitCollector
  readonly #runner: RobotRunner<TurnClock>
  readonly notes: RobotNote[] = []
  readonly ended: Promise<LoopEnd>
  #resolveEnded!: (end: LoopEnd) => void
  #closed: Promise<void> | undefined
  #opened = false
  /** The robot does not have the callee: it is asked nothing and says nothing. */
  #paused = false
  #closing: { end: LoopEnd; byMs: number } | undefined
  #turn = 0
  #silences = 0
  #muteMs: number
  /** Of the true answer, as far as is known. */
  #answeredAtMs: number
  readonly #pickup: Pickup
  #lastActivityAtMs: number
  #lastSaid = { endAtMs: -Infinity, endsWithQuestion: false }
  /** Since when the callee waits for an answer, when it is not since their last sound. */
  #owedSinceMs: number
  #waitLinesSaid = 0
  readonly #ticker: NodeJS.Timeout

  /** Errors: what opening the recogniser throws. */
  constructor(deps: VoiceLoopDeps) {
    this.#deps = deps
    this.#options = { ...voiceLoopDefaults, ...deps.options }
    this.#muteMs = this.#options.muteMs
    this.#answeredAtMs = this.#lastActivityAtMs = this.#owedSinceMs = deps.now()
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    const { port, asr, tts, voice, robot, now } = deps
    this.voice = new LineVoice({
      port,
      tts,
      voice,
      now,
      emit: this.#safely((event: CallEvent) => deps.emit(event)),
      nextTurn: () => ++this.#turn,
      onRobotStarted: () => (this.#waitLinesSaid = 0),
      onSpoken: this.#safely((speech: Speech, result: SpokenResult, robots: boolean) => this.#onSpoken(speech, result, robots)),
      onFailed: this.#safely((error: Error) => this.#onTtsFailed(error)),
    })
    this.#speaker = this.voice.speaker
    this.#pickup = new Pickup(
      {
        now,
        options: this.#options,
        emit: (event) => deps.emit(event),
        canAct: () => !this.#closing && !this.#paused,
        isOpened: () => this.#opened,
        quietMs: (nowMs) => (this.#listener.isSpeaking ? 0 : nowMs - this.#listener.lastVoicedAtMs),
        stopSpeaking: () => this.#speaker.stop(),
        tellRobot: (machine, policy) => this.#onMachine(machine, policy),
        answeredNow: (nowMs) => {
          this.#answeredAtMs = this.#lastActivityAtMs = this.#owedSinceMs = nowMs
        },
        end: (end, msMax) => {
          if (!this.#closing) this.#close(end, msMax)
        },
      },
      { rangMs: deps.rangMs, policy: deps.machinePolicy, answeredAtMs: this.#answeredAtMs, safely: (run) => this.#safely(run) },
    )
    const endpointing = { ...endpointingDefaults, silenceMsMax: this.#options.endpointMsMax }
    this.#listener = new Listener({
      asr,
      hotWords: robot.hotWords,
      phrases: robot.phrases,
      now,
      robotSpeech: () => this.#robotSpeech(),
      isTurnOver: (input) => (this.#opened ? isTurnOver : isPickUpOver)(input, endpointing),
      onPartial: this.#safely((text: string) => this.#onPartial(text)),
      onBargeIn: this.#safely(() => this.#onBargeIn()),
      onUtterance: this.#safely((utterance: Utterance) => this.#onUtterance(utterance)),
      onFailed: this.#safely((error: Error, final: boolean) => this.#onAsrFailed(error, final)),
    })
    this.#digits = new DigitCollector((digits, ended) => {
      if (this.#paused) return
      this.#owe(now())
      this.#runner.post({ type: 'digits', digits, ended })
    })
    this.#runner = new RobotRunner({
      robot,
      now,
      onAction: (action, clock) => this.#act(action, clock),
      onFailed: this.#safely((error: Error) => this.#onRobotFailed(error.message)),
    })
    this.voice.prepare()
    this.#ticker = setInterval(this.#safely(() => this.#tick()), TICK_MS)
  }

  onMediaEvent(event: MediaEvent): void {
    if (this.#closed) return
    this.#speaker.onMediaEvent(event)
    if (event.type === 'frames') {
      this.#pickup.ear.push(event.frames)
      this.#listener.push(event.atMs, event.frames)
    } else if (event.type === 'digit') this.pressKey(event.digit, event.path === 'tone' ? 'tone' : 'rtp')
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
      this.voice.sayOwn(line)
    }
    this.#close(end, this.#options.ownFarewellMsMax)
  }

  /** Takes the callee from the robot: until `resume` it is asked nothing. What it is saying is heard to its end. The callee is still heard, for the log. */
  pause(): void {
    this.#paused = true
  }

  /** Gives the callee back to the robot, which is told why it had to wait. */
  resume(event: RobotEvent): void {
    if (!this.#paused) return
    this.#paused = false
    this.#silences = 0
    this.#touch()
    this.#owe(this.#deps.now())
    // A robot that was never told of the answer hears of that first, and of nothing before.
    if (this.#opened) this.#runner.post(event)
  }

  /** The number of the next turn, for what others say in this conversation. */
  nextTurn(): number {
    return ++this.#turn
  }

  /** News for a robot that has the callee. */
  tellRobot(event: Extract<RobotEvent, { type: 'transfer' }>): void {
    this.#runner.post(event)
  }

  /** What others than the robot learnt. */
  note(note: RobotNote): void {
    this.notes.push(note)
    this.#deps.emit({ type: 'noted', note })
  }

  /** It says goodbye; nothing can be begun any more. */
  get isClosing(): boolean {
    return this.#closing !== undefined || this.#closed !== undefined
  }

  /** The line is gone. Nothing is asked of the robot afterwards but its end. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#ticker)
    this.#pickup.ear.close()
    this.#listener.close()
    this.#runner.retire(true)
    this.voice.close()
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
    // What a robot makes of a machine that it never spoke to is no outcome of a conversation.
    if (this.answeredBy && this.#pickup.policy !== 'go-on') return 'machine'
    return this.notes.findLast((note) => note.outcome !== undefined)?.outcome
  }

  /** The machine that picked up; whoever has said since that they are the person is none. */
  get answeredBy(): { who: string; because: readonly string[] } | undefined {
    return this.notes.some(({ identity }) => identity === 'yes') ? undefined : this.#pickup.machine
  }

  /** How long it went on ringing behind the answer. */
  get falseAnswerMs(): number | undefined {
    return this.#pickup.falseAnswerMs
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
    this.#pickup.ear.hear(text, false)
    if (!this.#opened && this.#deps.now() - this.#answeredAtMs > this.#options.firstWordsMsMax) this.#open(text)
  }

  #onBargeIn(): void {
    if (!this.#paused) this.#runner.interrupt()
    this.#speaker.stop()
  }

  #onUtterance(utterance: Utterance): void {
    this.#touch()
    this.#silences = 0
    const { text, beginAtMs, endAtMs, confidence, bargeIn } = utterance
    if (text !== '') this.#deps.emit({ type: 'callee-said', turn: ++this.#turn, text, beginAtMs, endAtMs, confidence, bargeIn })
    const before = this.#pickup.isDealtWith
    this.#pickup.ear.hear(text, true)
    if (this.#closing || this.#paused) return
    // The words that gave a machine away are answered with the rest, when it is its turn.
    const now = this.#pickup.isDealtWith
    if (now === 'waiting' || now !== before) return
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
    this.voice.sayOwn(ownLines.cannotHear)
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
    if (this.#paused) return
    this.#pickup.tick(nowMs)
    if (!this.#opened) this.#considerOpening(nowMs)
    this.#considerWaitLine(nowMs)
    this.#considerGivingUp(nowMs)
    this.#considerSilence(nowMs)
  }

  #considerOpening(nowMs: number): void {
    const waitedMs = nowMs - this.#answeredAtMs
    if (this.#pickup.keepsFromOpening) return
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
    if (line !== undefined) this.voice.sayOwn(line)
    else if (this.#runner.owesAnswer) this.#onRobotFailed('no answer although the callee was asked to wait')
  }

  #considerGivingUp(nowMs: number): void {
    if (this.#closing) return
    if (!this.#runner.isBusy || this.voice.isRobots) return
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
    const machines = { told: true as const, machine: this.#pickup.machine?.who, policy: this.#pickup.policy }
    this.#runner.post({ type: 'answered', atMs: this.#answeredAtMs, firstWords, machines })
  }

  #onMachine(who: Machine, policy: MachinePolicy): void {
    if (!this.#opened) return this.#open(this.#listener.partial)
    this.#runner.interrupt()
    this.#runner.post({ type: 'answered-by', who, policy })
  }

  // ── Robot ──────────────────────────────────────────────────────────────────

  #onRobotFailed(message: string): void {
    this.#deps.emit({ type: 'provider-failed', provider: 'robot', message, fallback: 'goodbye' })
    if (this.#closing) return
    this.voice.sayOwn(ownLines.giveUp)
    this.#close({ by: 'platform', detail: 'robot-failed', error: message }, this.#options.ownFarewellMsMax)
  }

  #act(action: RobotAction, clock: TurnClock | undefined): void {
    switch (action.type) {
      case 'say':
        // Nobody hears a robot that has no callee.
        if (this.#paused) return this.#runner.post({ type: 'played', say: action.id, heardText: '', cut: true })
        return this.voice.sayForRobot(action, clock)
      case 'stop':
        if (!this.#paused) this.#speaker.stop()
        return
      case 'hang-up':
        if (this.#paused) return
        return this.#close({ by: 'robot', detail: 'robot-hung-up' }, this.#options.closingMsMax)
      case 'set-mute-time':
        this.#muteMs = action.muteMs
        return
      case 'collect-digits':
        return this.#digits.collect(action, this.#deps.now())
      case 'note':
        this.notes.push(action.note)
        if (action.note.identity !== undefined) this.#pickup.ear.isInTalk()
        if (action.note.source !== undefined) this.voice.source = action.note.source
        return this.#deps.emit({ type: 'noted', note: action.note })
      case 'transfer':
      case 'parallel-transfer':
      case 'bridge':
        if (this.#deps.onTransfer) return this.#deps.onTransfer(action)
        // Nobody else can be called: the robot hears at once that it failed and says so.
        return this.#runner.post({ type: 'transfer', state: 'failed', reason: 'this line has no transfer' })
      default:
        return assertNever(action)
    }
  }

  // ── Speaking ───────────────────────────────────────────────────────────────

  #onSpoken(speech: Speech, { heardText, cut, endAtMs }: SpokenResult, robots: boolean): void {
    this.#touch()
    if (!robots) return
    this.#lastSaid = { endAtMs, endsWithQuestion: endsWithQuestion(speech.text) && !cut }
    this.#runner.post({ type: 'played', say: speech.id, heardText, cut })
  }

  #onTtsFailed(error: Error): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.tts.name, message: error.message, fallback: 'hang-up' })
    // Nothing can be said any more, a goodbye neither; what has audio is still heard.
    this.#speaker.giveUp()
    this.#close({ by: 'platform', detail: 'synthesis-failed', error: error.message }, this.#options.ownFarewellMsMax)
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
