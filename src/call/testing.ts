// Knows how to hold a conversation in simulated time: a robot and a callee whom the test plays. Used by tests only.
import type { CallEvent } from '../events.ts'
import type { MachinePolicy, Robot, RobotAction, RobotEvent } from '../robot/robot.ts'
import type { VoiceWish } from '../robot/voice-wish.ts'
import type { DialogState } from '../sip/dialog.ts'
import type { RingingState } from '../sip/left-call.ts'
import type { InviteOptions } from '../sip/invitation.ts'
import type { LegEvent, OfferResult, OutgoingCall, TransferOptions, TransferResult } from '../sip/leg.ts'
import { buildOffer } from '../sip/sdp.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'
import { InvalidInputError } from '../errors.ts'
import { FakeAsr, FakeLine, FakeMedia, FakeTime, FakeTts, type FakePort } from '../speech/testing.ts'
import { defaultVoice } from '../speech/tts/provider.ts'
import type { CallHooks, CallRequest, CallResult, DialFailure, NextDial } from './call.ts'
import type { CallCommand, CallControls, CommandResult } from './controls.ts'
import type { Trunk } from './leg.ts'
import { callRunner } from './run-call.ts'
import { VoiceLoop } from './voice-loop.ts'
import type { LoopEnd, VoiceLoopOptions } from './voice-loop-options.ts'

export type Reaction = (event: RobotEvent, signal: AbortSignal) => Iterable<RobotAction> | AsyncIterable<RobotAction>

let says = 0

export function say(text: string, more: Partial<Extract<RobotAction, { type: 'say' }>> = {}): RobotAction {
  says += 1
  return { type: 'say', id: `say-${says}`, parts: [{ type: 'text', text }], interruptible: true, ...more }
}

/** Never answers and does not care about its signal. */
export async function* hangs(): AsyncGenerator<RobotAction> {
  await new Promise(() => {})
  yield { type: 'stop' }
}

export function after(ms: number, ...actions: RobotAction[]): AsyncIterable<RobotAction> {
  return (async function* () {
    await new Promise((resolve) => setTimeout(resolve, ms))
    yield* actions
  })()
}

export class FakeRobot implements Robot {
  readonly kind = 'fake'
  readonly hotWords = ['张总']
  readonly phrases = ['我是']
  itn: boolean | undefined
  voice: VoiceWish | undefined
  background: string | undefined
  pauseMs: number | undefined
  talkMsMax: number | undefined
  transcribed: boolean | undefined
  wantsPartials: boolean | undefined
  readonly events: RobotEvent[] = []
  /** What the network said before the answer, as it was told. */
  readonly early: { text: string; beginAtMs: number; endAtMs: number }[] = []
  disposed = 0
  react: Reaction

  constructor(react: Reaction = () => []) {
    this.react = react
  }

  async *handle(event: RobotEvent, signal: AbortSignal): AsyncGenerator<RobotAction> {
    this.events.push(event)
    yield* this.react(event, signal)
  }

  hearEarly(words: { text: string; beginAtMs: number; endAtMs: number }): void {
    this.early.push(words)
  }

  of<Type extends RobotEvent['type']>(type: Type): Extract<RobotEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<RobotEvent, { type: Type }> => event.type === type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1
  }
}

/** Greets, then answers each turn of the callee with what `turn` gives. */
export function greets(turn: Reaction = () => []): Reaction {
  return (event, signal) => (event.type === 'answered' ? [say('您好，我是助理。')] : event.type === 'utterance' ? turn(event, signal) : [])
}

/** A conversation that has just been answered. */
export class Conversation implements AsyncDisposable {
  readonly time: FakeTime
  readonly line: FakeLine
  readonly asr: FakeAsr
  readonly tts = new FakeTts()
  readonly robot: FakeRobot
  readonly events: CallEvent[] = []
  readonly loop: VoiceLoop
  readonly answeredAtMs: number
  end: { end: LoopEnd; atMs: number } | undefined

  constructor(react?: Reaction, more: { options?: Partial<VoiceLoopOptions>; prepare?: (conversation: Conversation) => void; emit?: (event: CallEvent) => void; machinePolicy?: MachinePolicy; rangMs?: number; itn?: boolean; readSound?: (name: string) => Promise<Int16Array>; fetchSound?: (url: string) => Promise<Int16Array> } = {}) {
    this.time = new FakeTime()
    this.line = new FakeLine(this.time)
    this.asr = new FakeAsr(this.time.now)
    this.robot = new FakeRobot(react)
    more.prepare?.(this)
    this.answeredAtMs = this.time.now()
    this.loop = new VoiceLoop({
      port: this.line,
      asr: this.asr,
      tts: this.tts,
      voice: defaultVoice,
      robot: this.robot,
      emit: (event) => {
        this.events.push(event)
        more.emit?.(event)
      },
      now: this.time.now,
      options: more.options ?? {},
      machinePolicy: more.machinePolicy,
      itn: more.itn,
      readSound: more.readSound,
      fetchSound: more.fetchSound,
      rangMs: more.rangMs,
    })
    this.line.onEvent = (event) => this.loop.onMediaEvent(event)
    void this.loop.ended.then((end) => (this.end = { end, atMs: this.time.now() }))
  }

  /** Time since the answer. */
  get ms(): number {
    return this.time.now() - this.answeredAtMs
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms)
  }

  /** The callee says this for so long. */
  async hears(text: string, ms = 600): Promise<void> {
    this.asr.texts.push(text)
    this.line.speak(ms)
    await this.advance(ms)
  }

  /** Until the greeting is over, and a moment longer. */
  async greeted(): Promise<void> {
    await this.advance(3_000)
  }

  of<Type extends CallEvent['type']>(type: Type): Extract<CallEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<CallEvent, { type: Type }> => event.type === type)
  }

  /** What the callee heard from us, in order. */
  get said(): string[] {
    return this.of('robot-said').map(({ text }) => text)
  }

  async close(): Promise<void> {
    const closed = this.loop.close()
    await this.advance(2_000)
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.time[Symbol.dispose]()
  }
}

// ── Whole calls ──────────────────────────────────────────────────────────────

export const theirSdp = buildOffer({ address: '127.0.0.1', port: 7_000, sessionId: 1, version: 1 })

/** One INVITE as the test answers it. */
export class FakeInvite {
  readonly options: InviteOptions
  hangUps = 0
  over = false
  /** What was asked of it inside the call: 'hold', 'resume', 'refer sip:…'. */
  readonly asked: string[] = []
  /** Its answer to INFO, and the keys that came so. */
  infoStatus = 200
  readonly infoKeys: string[] = []
  /** Its answer to a re-INVITE. */
  offerStatus = 200
  /** Settles the REFER. */
  readonly referred = Promise.withResolvers<TransferResult>()
  referNews: ((status: number) => void) | undefined
  #answered = false
  #rang = false
  readonly #deaf: boolean

  constructor(options: InviteOptions, deaf: boolean) {
    this.options = options
    this.#deaf = deaf
  }

  info(body: string): Promise<number> {
    if (this.infoStatus < 300) this.infoKeys.push(/Signal=(.)/.exec(body)![1]!)
    return Promise.resolve(this.infoStatus)
  }

  /** What a survivor is given of it. */
  get state(): 'calling' | 'ringing' | 'talking' | 'over' {
    if (this.over) return 'over'
    return this.#answered ? 'talking' : this.#rang ? 'ringing' : 'calling'
  }

  ring(status = 180, sdp?: string): void {
    this.#rang = true
    this.options.onEvent({ type: 'progress', status, reason: 'Ringing', sdp, early: sdp !== undefined })
  }

  answer(sdp: string = theirSdp): void {
    this.#answered = true
    this.options.onEvent({ type: 'answered', status: 200, sdp: sdp === 'none' ? undefined : sdp })
  }

  fail(status: number, more: Partial<Extract<LegEvent, { type: 'failed' }>> = {}): void {
    this.over = true
    this.options.onEvent({ type: 'failed', status, reason: `reason ${status}`, local: undefined, ...more })
  }

  bye(more: Partial<Extract<LegEvent, { type: 'ended' }>> = {}): void {
    this.over = true
    this.options.onEvent({ type: 'ended', by: 'remote', q850: 16, ...more })
  }

  reoffer(what: string): Promise<OfferResult> {
    this.asked.push(what)
    return Promise.resolve({ status: this.offerStatus })
  }

  refer(target: string, { onProgress }: TransferOptions = {}): Promise<TransferResult> {
    this.asked.push(`refer ${target}`)
    this.referNews = onProgress
    return this.referred.promise
  }

  async hangUp(): Promise<void> {
    this.hangUps += 1
    if (this.#deaf) await new Promise(() => {})
    if (this.over) return
    if (this.#answered) this.bye({ by: 'local' })
    else this.fail(487, { local: 'cancelled' })
  }
}

export class FakeUserAgent {
  readonly invites: FakeInvite[] = []
  inviteFails: Error | undefined
  /** The far end answers neither CANCEL nor BYE. */
  deaf = false

  invite(options: InviteOptions): OutgoingCall {
    if (this.inviteFails) throw this.inviteFails
    const invite = new FakeInvite(options, this.deaf)
    this.invites.push(invite)
    const call: Partial<OutgoingCall> = {
      callId: 'call-id',
      localSdp: options.sdp,
      hangUp: () => invite.hangUp(),
      dialogState: () => (invite.state === 'talking' ? ({ callId: `call-${this.invites.indexOf(invite)}` } as DialogState) : undefined),
      ringingState: () => (invite.state === 'ringing' ? ({ branch: `branch-${this.invites.indexOf(invite)}` } as RingingState) : undefined),
      sendInfo: (_type, body) => invite.info(body),
      hold: () => invite.reoffer('hold'),
      resume: () => invite.reoffer('resume'),
      transfer: (target, more) => invite.refer(target, more),
    }
    return call as OutgoingCall
  }
}

export function fakeTrunk(userAgent: FakeUserAgent, name = 'trunk', domain = 'carrier.example'): Trunk {
  return {
    name,
    userAgent: userAgent as unknown as SipUserAgent,
    mediaAddress: '127.0.0.1',
    targets: () => Promise.resolve([{ address: '127.0.0.1', port: 5_060 }]),
    invitation: (phone, callerId) => {
      const digits = phone.replace(/^\+86/, '')
      return { requestUri: `sip:${digits}@${domain}`, from: `<sip:${callerId}@${domain}>`, to: `<sip:${digits}@${domain}>`, contactUser: callerId, headers: [['X-Trunk', name]] }
    },
    codecs: ['PCMA', 'PCMU'],
    srtp: 'off',
    ptimeMs: 20,
    reliableProvisionals: true,
    sessionSeconds: 1_800,
  }
}

/** One call from its request to its result. */
export class CallStage implements Disposable {
  readonly time = new FakeTime()
  readonly media = new FakeMedia(this.time)
  readonly agent = new FakeUserAgent()
  readonly asr = new FakeAsr(this.time.now)
  readonly tts = new FakeTts()
  readonly robot: FakeRobot
  readonly abort = new AbortController()
  readonly events: CallEvent[] = []
  readonly dialogs: unknown[] = []
  readonly request: CallRequest
  beforeInvites = 0
  /** The controls of the conversation, once there is one. */
  controls: CallControls | undefined
  /** Phones of more legs that asked for room, and rooms given back. */
  readonly admitted: string[] = []
  givenBack = 0
  admitFails: Error | undefined
  /** Each time: the dialogs that stand. */
  readonly standing: (readonly unknown[])[] = []
  readonly dialFailures: DialFailure[] = []
  /** What the owner of the call answers to failures, in order. */
  readonly nextDials: NextDial[] = []
  /** The trunks there are, beside `trunk`. */
  readonly trunks = new Map<string, Trunk>()
  /** The recorded files there are. */
  readSound: ((name: string) => Promise<Int16Array>) | undefined
  /** How the trunk's address is found. */
  targets: (() => ReturnType<Trunk['targets']>) | undefined
  hooks: CallHooks
  result: CallResult | undefined

  constructor(react?: Reaction, request: Partial<CallRequest> = {}) {
    this.robot = new FakeRobot(react)
    this.request = { id: 'c1', phone: '+8613800138000', trunk: 'trunk', callerId: '02160001000', attempt: 1, ringMsMax: 45_000, talkMsMax: 60_000, robot: this.robot, ...request }
    this.hooks = {
      onEvent: (event) => this.events.push(event),
      beforeInvite: () => {
        this.beforeInvites += 1
      },
      onDialFailed: (failure) => {
        this.dialFailures.push(failure)
        return Promise.resolve(this.nextDials.shift())
      },
      onDialog: (dialog) => this.dialogs.push(dialog),
      mayContinue: () => 'continue',
      legs: {
        admit: (phone, party) => {
          if (this.admitFails) return Promise.reject(this.admitFails)
          this.admitted.push(phone)
          return Promise.resolve({ callerId: party?.callerId ?? '02160001000', giveBack: () => void (this.givenBack += 1) })
        },
        beforeInvite: () => {},
        onDialogs: (dialogs) => this.standing.push(dialogs),
      },
      onControls: (controls) => (this.controls = controls),
    }
  }

  /** Runs until the INVITE is out, or the call is over. */
  async place(): Promise<this> {
    const trunk = fakeTrunk(this.agent)
    if (this.targets) trunk.targets = this.targets
    this.trunks.set('trunk', trunk)
    const deps = { trunk: (name: string) => this.trunks.get(name), media: this.media, mediaAddress: '127.0.0.1', asr: this.asr, tts: this.tts, voice: defaultVoice, readSound: (name: string) => (this.readSound ? this.readSound(name) : Promise.reject(new InvalidInputError('file', 'no sounds here'))), now: this.time.now }
    void callRunner(deps)(this.request, this.hooks, this.abort.signal).then((result) => (this.result = result))
    await this.time.advance(20)
    return this
  }

  async answered(): Promise<this> {
    await this.place()
    this.invite.ring()
    this.invite.answer()
    await this.time.advance(20)
    return this
  }

  /** Sends a command and lets it have its first effects. */
  async command(command: CallCommand): Promise<CommandResult> {
    const result = this.controls!.command(command)
    await this.time.advance(60)
    return await result
  }

  get invite(): FakeInvite {
    return this.agent.invites.at(-1)!
  }

  get port(): FakePort {
    return this.media.ports[0]!
  }

  get types(): string[] {
    return this.events.map(({ type }) => type)
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]()
  }
}
