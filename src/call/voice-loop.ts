// The conversation of one answered call: what was heard goes to the robot, what the robot does goes to the line.
// Joins listener, speaker and robot. Does not know SIP, the database or who is called.
import type { CallEvent } from '../events.ts'
import type { MediaEvent } from '../media/engine.ts'
import { assertNever } from '../errors.ts'
import { log } from '../log.ts'
import type { ConversationOutcome, MachinePolicy, Robot, RobotAction, RobotEvent, RobotNote } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { isBackchannel } from '../speech/barge-in.ts'
import { CheckedActivity, type ActivitySource } from '../speech/checked-activity.ts'
import { toWritten } from '../speech/text/to-written.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { endpointingDefaults, evenEndpointing, isPickUpOver, isTurnOver } from '../speech/endpointing.ts'
import { Listener, type Utterance } from '../speech/listener.ts'
import type { Speaker, SpeakerPort, Speech, SpokenResult } from '../speech/speaker.ts'
import type { StopCause } from './call.ts'
import { DigitCollector, type KeyPath } from './digit-collector.ts'
import { Floor } from './floor.ts'
import { Foresight } from './foresight.ts'
import { LineVoice } from './line-voice.ts'
import { ownLines, waitLines } from './own-lines.ts'
import { Patience } from './patience.ts'
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
  port: SpeakerPort
  asr: AsrProvider
  tts: TtsProvider
  /** Checks the voice activity of the line; absent: that decides alone. */
  activity?: ActivitySource | undefined
  voice: Voice
  robot: Robot
  emit(event: CallEvent): void
  now: () => number
  /** The robot wants a human to take part. Undefined: nobody can. */
  onTransfer?: ((action: TransferAction) => void) | undefined
  /** The robot presses keys. */
  onSendDigits?: ((digits: string) => void) | undefined
  options?: Partial<VoiceLoopOptions>
  /** Recorded files that a robot plays. Errors: any. Absent: there are none. */
  readSound?: ((name: string) => Promise<Int16Array>) | undefined
  /** Recordings by their address, likewise. */
  fetchSound?: ((url: string) => Promise<Int16Array>) | undefined
  /** What the callee says is also written as a person would write it; a robot may wish otherwise. */
  itn?: boolean | undefined
  /** From the first sign of ringing to the answer. */
  rangMs?: number | undefined
  /** Default 'hang-up'. */
  machinePolicy?: MachinePolicy | undefined
}

export type TransferAction = Extract<RobotAction, { type: 'transfer' | 'parallel-transfer' | 'bridge' }>

type SayAction = Extract<RobotAction, { type: 'say' }>

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
  /** The robot's opening is on its way: its first words are protected. */
  #saidAny = false
  /** Of the true answer, as far as is known. */
  #answeredAtMs: number
  readonly #pickup: Pickup
  readonly #floor: Floor
  readonly #patience: Patience
  readonly #foresight: Foresight
  readonly #ticker: NodeJS.Timeout
  /** A second detector checks who speaks. */
  readonly #activity: CheckedActivity | undefined

  /** Errors: what opening the recogniser throws. */
  constructor(deps: VoiceLoopDeps) {
    this.#deps = deps
    this.#options = { ...voiceLoopDefaults, ...deps.options }
    this.#answeredAtMs = deps.now()
    this.#activity = deps.activity && new CheckedActivity(deps.activity)
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    const { port, asr, tts, voice, robot, now } = deps
    this.voice = new LineVoice({
      port,
      tts,
      voice,
      now,
      level: robot.voice?.level,
      readSound: deps.readSound,
      fetchSound: deps.fetchSound,
      emit: this.#safely((event: CallEvent) => deps.emit(event)),
      nextTurn: () => ++this.#turn,
      onRobotStarted: () => this.#patience.robotStarted(),
      onSpoken: this.#safely((speech: Speech, result: SpokenResult, robots: boolean) => this.#onSpoken(speech, result, robots)),
      onFailed: this.#safely((error: Error) => this.#onTtsFailed(error)),
    })
    this.#speaker = this.voice.speaker
    this.#foresight = new Foresight({ robot, tts, voice, now })
    this.#floor = new Floor({ speaker: this.#speaker, now, isClosing: () => this.#closing !== undefined, onLost: (timeBreak, words) => this.#onFloorLost(timeBreak, words) })
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
          this.#answeredAtMs = nowMs
          this.#patience.restart(nowMs)
        },
        end: (end, msMax) => {
          if (!this.#closing) this.#close(end, msMax)
        },
      },
      { rangMs: deps.rangMs, policy: deps.machinePolicy, answeredAtMs: this.#answeredAtMs, safely: (run) => this.#safely(run) },
    )
    const endpointing = robot.pauseMs === undefined ? { ...endpointingDefaults, silenceMsMax: this.#options.endpointMsMax } : evenEndpointing(robot.pauseMs, this.#options.endpointMsMax)
    this.#listener = new Listener({
      asr,
      hotWords: robot.hotWords,
      phrases: robot.phrases,
      now,
      robotSpeech: () => this.#floor.robot,
      isTurnOver: (input) => (this.#opened ? isTurnOver : isPickUpOver)(input, endpointing),
      digitsExpected: () => this.#digits.digitsExpected,
      onPartial: this.#safely((text: string, beginAtMs: number, endAtMs: number) => this.#onPartial(text, beginAtMs, endAtMs)),
      onLull: this.#safely((words: string, beginAtMs: number, endAtMs: number) => this.#onLull(words, beginAtMs, endAtMs)),
      takesFloor: (heard) => {
        let won = false
        this.#safely(() => void (won = this.#floor.takesFloor(heard)))()
        return won
      },
      onUtterance: this.#safely((utterance: Utterance) => this.#onUtterance(utterance)),
      onFailed: this.#safely((error: Error, final: boolean) => this.#onAsrFailed(error, final)),
    })
    this.#digits = new DigitCollector((digits, ended) => {
      if (this.#paused) return
      this.#patience.owe(now())
      this.#runner.post({ type: 'digits', digits, ended })
    })
    this.#runner = new RobotRunner({
      robot,
      now,
      onAction: (action, clock) => this.#act(action, clock),
      onFailed: this.#safely((error: Error) => this.#onRobotFailed(error.message)),
    })
    this.#patience = new Patience({
      options: this.#options,
      now,
      speaker: this.#speaker,
      listener: this.#listener,
      runner: this.#runner,
      robotSpeaks: () => this.voice.isRobots,
      isOpened: () => this.#opened,
      isClosing: () => this.#closing !== undefined,
      sayWaitLine: (nth) => this.#sayWaitLine(nth),
      onSilence: (count) => {
        deps.emit({ type: 'silence', count })
        this.#runner.post({ type: 'silence', count })
      },
      onRobotFailed: (message) => this.#onRobotFailed(message),
    })
    this.voice.prepare()
    this.#ticker = setInterval(this.#safely(() => this.#tick()), TICK_MS)
  }

  onMediaEvent(event: MediaEvent): void {
    if (this.#closed) return
    this.#speaker.onMediaEvent(event)
    if (event.type === 'frames') {
      this.#pickup.ear.push(event.frames, event.voices)
      // Two people who do not want to be written down are not listened to.
      if (!this.#paused || this.#isTranscribed) this.#listener.push(event.atMs, event.frames, event.voices && this.#activity ? this.#activity.judge(event.frames, event.voices) : event.voices)
    } else if (event.type === 'digit') this.pressKey(event.digit, event.path === 'tone' ? 'tone' : 'rtp')
  }

  /** A key of the callee, by whichever path it came. */
  pressKey(digit: string, path: KeyPath): void {
    if (this.#closed || !this.#digits.press(digit, path, this.#deps.now())) return
    this.#patience.touch()
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
    this.#patience.heard()
    this.#patience.owe(this.#deps.now())
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
    this.#activity?.[Symbol.dispose]()
    this.#foresight.close()
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

  get #isTranscribed(): boolean {
    return this.#deps.robot.transcribed !== false
  }

  // ── Hearing ────────────────────────────────────────────────────────────────

  /** Undefined: not wanted, or no different. */
  #written(text: string): string | undefined {
    if (!(this.#deps.robot.itn ?? this.#deps.itn)) return undefined
    const written = toWritten(text)
    return written === text ? undefined : written
  }

  #onPartial(text: string, beginAtMs: number, endAtMs: number): void {
    this.#patience.touch()
    this.#foresight.hear(text)
    this.#pickup.ear.hear(text, false)
    if (!this.#opened && this.#deps.now() - this.#answeredAtMs > this.#options.firstWordsMsMax) this.#open(text)
    else if (this.#deps.robot.wantsPartials) this.#tellPartial(text, beginAtMs, endAtMs)
  }

  /** What can still become anything is not told: a first syllable, and a murmur over what is being said. */
  #tellPartial(text: string, beginAtMs: number, endAtMs: number): void {
    if (!this.#opened || this.#closing || this.#paused) return
    if (/^.?$/su.test(text) || (this.#floor.robot.speaking && isBackchannel(text, endAtMs - beginAtMs))) return
    const written = this.#written(text)
    this.#runner.post({ type: 'partial', text, ...(written !== undefined && { written }), beginAtMs, endAtMs })
  }

  /** While nothing else is going on, an answer to what may be the whole turn is begun. */
  #onLull(words: string, beginAtMs: number, endAtMs: number): void {
    if (!this.#opened || this.#closing || this.#paused || this.#runner.isBusy || this.#speaker.isBusy) return
    this.#foresight.consider(words, { type: 'utterance', text: words, beginAtMs, endAtMs, confidence: 1, bargeIn: false })
  }

  #onFloorLost(timeBreak: boolean, words: string): void {
    if (this.#paused) return
    this.#runner.interrupt()
    if (timeBreak) this.#runner.post({ type: 'time-break', text: words })
  }

  #onUtterance(utterance: Utterance): void {
    this.#patience.heard()
    const spokeOver = this.#floor.robot.speaking
    const said = this.#floor.judge(utterance)
    const bargeIn = utterance.bargeIn || (spokeOver && !this.#floor.robot.speaking)
    const { text, beginAtMs, endAtMs, confidence } = utterance
    const written = this.#written(text)
    if (text !== '' && this.#isTranscribed) this.#deps.emit({ type: 'callee-said', turn: ++this.#turn, text, beginAtMs, endAtMs, confidence, bargeIn, ...(written !== undefined && { written }) })
    const before = this.#pickup.isDealtWith
    this.#pickup.ear.hear(text, true)
    if (this.#closing || this.#paused) return
    // The words that gave a machine away are answered with the rest, when it is its turn.
    const now = this.#pickup.isDealtWith
    if (now === 'waiting' || now !== before) return
    // A sound without words, too, says that somebody is there.
    const finalAtMs = this.#deps.now()
    const clock: TurnClock = { speechEndAtMs: endAtMs, endpointAtMs: utterance.endpointAtMs, finalAtMs }
    if (!this.#opened) return this.#open(text, clock)
    // Noise that stopped the robot is a turn that nobody understood; left alone it would end in silence.
    if (said === 'aside') return
    this.#patience.owe(endAtMs)
    clock.ahead = this.#foresight.take()
    const post = () =>
      this.#runner.post(
        { type: 'utterance', text, ...(written !== undefined && { written }), beginAtMs, endAtMs, confidence: text === '' ? 0 : confidence, bargeIn, silentMs: Math.max(0, finalAtMs - endAtMs), ...(utterance.isLost && { isLost: true }) },
        clock,
      )
    // What was heard of the say that these words stopped is told first.
    if (bargeIn && !utterance.bargeIn) void this.voice.quiet().then(this.#safely(post))
    else post()
  }

  #onAsrFailed(error: Error, final: boolean): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.asr.name, message: error.message, fallback: final ? 'goodbye' : 'reopened' })
    if (!final || this.#closing) return
    this.#sayGoodbye(ownLines.cannotHear, { by: 'platform', detail: 'recognition-failed', error: error.message })
  }

  // ── Time ───────────────────────────────────────────────────────────────────

  #tick(): void {
    const nowMs = this.#deps.now()
    this.#listener.tick(nowMs)
    this.#floor.tick(this.#listener.isSpeaking)
    this.#digits.tick(nowMs, this.#speaker.isBusy)
    if (this.#closing) return this.#considerEnd(this.#closing, nowMs)
    if (this.#paused) return
    this.#pickup.tick(nowMs)
    if (!this.#opened) this.#considerOpening(nowMs)
    this.#patience.tick(nowMs)
  }

  #considerOpening(nowMs: number): void {
    const waitedMs = nowMs - this.#answeredAtMs
    if (this.#pickup.keepsFromOpening) return
    const { firstSoundMsMax, firstWordsMsMax, firstFinalMsMax } = this.#options
    const hasFinished = nowMs - this.#listener.lastVoicedAtMs >= firstFinalMsMax
    if (waitedMs >= (this.#listener.isSpeaking && !hasFinished ? firstWordsMsMax : firstSoundMsMax)) this.#open(this.#listener.partial)
  }

  #sayWaitLine(nth: number): boolean {
    const line = waitLines[nth]
    if (line !== undefined) this.voice.sayOwn(line)
    return line !== undefined
  }

  /** `clock`: of the words that are greeted. */
  #open(firstWords: string, clock?: TurnClock): void {
    this.#opened = true
    const machines = { told: true as const, machine: this.#pickup.machine?.who, policy: this.#pickup.policy }
    this.#runner.post({ type: 'answered', atMs: this.#answeredAtMs, firstWords, machines }, clock)
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
    this.#sayGoodbye(ownLines.giveUp, { by: 'platform', detail: 'robot-failed', error: message })
  }

  #act(action: RobotAction, clock: TurnClock | undefined): void {
    switch (action.type) {
      case 'say':
        // Nobody hears a robot that has no callee.
        if (this.#paused) return this.#runner.post({ type: 'played', say: action.id, heardText: '', cut: true })
        return this.voice.sayForRobot(this.#protected(action), clock)
      case 'stop':
        if (!this.#paused) this.#speaker.stop()
        return
      case 'hang-up':
        if (this.#paused) return
        return this.#close({ by: 'robot', detail: 'robot-hung-up' }, this.#options.closingMsMax)
      case 'set-mute-time':
        this.#patience.muteMs = action.muteMs
        return
      case 'send-digits':
        if (!this.#paused) this.#deps.onSendDigits?.(action.digits)
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

  #protected(say: SayAction): SayAction {
    if (this.#saidAny) return say
    this.#saidAny = true
    return { ...say, protectedMs: say.protectedMs ?? this.#options.openingProtectedMs }
  }

  // ── Speaking ───────────────────────────────────────────────────────────────

  #onSpoken(speech: Speech, { heardText, cut, endAtMs }: SpokenResult, robots: boolean): void {
    this.#patience.touch()
    if (!robots) return
    this.#floor.onSaid(speech, endAtMs, cut)
    this.#patience.robotSaid(endAtMs)
    this.#runner.post({ type: 'played', say: speech.id, heardText, cut })
  }

  #onTtsFailed(error: Error): void {
    this.#deps.emit({ type: 'provider-failed', provider: this.#deps.tts.name, message: error.message, fallback: 'hang-up' })
    // Nothing can be said any more, a goodbye neither; what has audio is still heard.
    this.#speaker.giveUp()
    this.#close({ by: 'platform', detail: 'synthesis-failed', error: error.message }, this.#options.ownFarewellMsMax)
  }

  /** After what the robot is saying: its words take none of the time for ours. */
  #sayGoodbye(line: string, end: LoopEnd): void {
    const { ownFarewellMsMax, closingMsMax } = this.#options
    const msMax = Math.min(closingMsMax, this.#speaker.remainingMs + ownFarewellMsMax)
    this.voice.sayOwn(line)
    this.#close(end, msMax)
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
