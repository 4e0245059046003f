// One call from dial to end: SIP leg, media port, conversation. Does not know Postgres, HTTP or campaigns.
import { rm } from 'node:fs/promises'
import type { CallEvent } from '../events.ts'
import type { MediaEngine, MediaEvent, MediaPort, PortStats } from '../media/engine.ts'
import { nowMs } from '../media/frame.ts'
import { InvalidInputError } from '../errors.ts'
import { log } from '../log.ts'
import { CallTrace } from '../sip/trace.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { noPrices, type ServicePrices } from '../service-use.ts'
import type { ActivitySource } from '../speech/checked-activity.ts'
import { asrFor, ttsFor } from '../speech/metering.ts'
import { EarlyMedia } from '../speech/early-media/early-media.ts'
import type { MachinePolicy } from '../robot/robot.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { CallControl } from './call-control.ts'
import type { CallHooks, CallRequest, CallResult, NextDial, RunCall, StopCause } from './call.ts'
import { handoverDefaults, type HandoverTerms } from './controls.ts'
import { nextState, type CallSignal, type CallState } from './call-state.ts'
import type { EndReason, Stage } from './end-reason.ts'
import { failureOf, reasonOf, type Announced, type Ending, type EndingContext, type Interruption, type Silenced } from './ending.ts'
import { Leg, type Trunk } from './leg.ts'
import { DeadAir } from './dead-air.ts'
import { clipPathOf, EarlyClip } from './early-clip.ts'
import { TraceFolder } from './trace-files.ts'
import { prepareOpening } from './foresight.ts'
import { VoiceLoop } from './voice-loop.ts'

/** A hang-up that the far end never confirms must not hold the call, … */
const HANG_UP_MS_MAX = 5_000
/** … nor a recording that a slow disk does not take, … */
const PORT_CLOSE_MS_MAX = 6_000
/** … nor a robot that does not let go. */
const ROBOT_CLOSE_MS_MAX = 1_000
/** … nor a trace that a slow disk does not take. */
const TRACE_MS_MAX = 2_000
const LIMITS_MS = 1_000
/** 14 dB below what is said. */
const BACKGROUND_GAIN = 0.2

export type CallDeps = {
  /** Undefined for a trunk that this process does not have (any more). */
  trunk: (name: string) => Trunk | undefined
  media: MediaEngine
  /** Local address for RTP. */
  mediaAddress: string
  asr: AsrProvider
  tts: TtsProvider
  voice: Voice
  activity?: ActivitySource | undefined
  /** What services cost the operator; none by default. */
  prices?: ServicePrices | undefined
  /** What callees say is also written as a person would write it. */
  itn?: boolean | undefined
  /** What is done when a machine picks up; default 'hang-up'. */
  machinePolicy?: MachinePolicy | undefined
  /** Folder for the SIP traces of calls that ask for one, or whose trunk does: `<call id>.txt` and `<call id>.pcap`. Undefined: none are kept. */
  traces?: string | undefined
  /** Recorded files by name, as 8 kHz audio. Errors: AppError. Absent: there are none. */
  readSound?: ((name: string) => Promise<Int16Array>) | undefined
  /** Recordings by their address, likewise. */
  fetchSound?: ((url: string) => Promise<Int16Array>) | undefined
  now?: (() => number) | undefined
}

/** Binds the parts; the result is what the dialer runs. */
export function callRunner(deps: CallDeps): RunCall {
  const traces = deps.traces === undefined ? undefined : new TraceFolder(deps.traces)
  return (request, hooks, signal) => new OneCall(request, hooks, deps, traces, signal).run()
}

class OneCall {
  readonly #request: CallRequest
  readonly #hooks: CallHooks
  readonly #deps: CallDeps
  readonly #traces: TraceFolder | undefined
  readonly #signal: AbortSignal
  readonly #now: () => number
  readonly #stopped = Promise.withResolvers<Extract<Interruption, { type: 'stopped' }>>()
  readonly #interrupted = Promise.withResolvers<Interruption>()
  #state: CallState = 'queued'
  #answeredAt: Date | undefined
  #answeredAtMs = 0
  #port: MediaPort | undefined
  #leg: Leg | undefined
  /** That the last attempt went over. */
  #trunk: Trunk | undefined
  #loop: VoiceLoop | undefined
  #control: CallControl | undefined
  /** Of all attempts. */
  #trace: CallTrace | undefined
  /** What comes before the answer, when something comes. */
  #early: EarlyMedia | undefined
  #earlySinceMs = 0
  #isEarlyTold = false
  #clip: EarlyClip | undefined
  #rangAtMs: number | undefined
  /** Nothing need be made ready any more. */
  readonly #over = new AbortController()
  #heardAny = false
  #air: DeadAir | undefined
  /** We hold the callee. */
  #isHolding = false
  readonly #silenced = Promise.withResolvers<Silenced>()
  /** The line has agreed on audio before the answer. */
  #isEarlyAgreed = false
  readonly #announced = Promise.withResolvers<Announced>()

  constructor(request: CallRequest, hooks: CallHooks, deps: CallDeps, traces: TraceFolder | undefined, signal: AbortSignal) {
    this.#request = request
    this.#hooks = hooks
    this.#deps = request.meter ? { ...deps, asr: asrFor(deps.asr, request.meter.add), tts: ttsFor(deps.tts, request.meter.add) } : deps
    this.#traces = traces
    this.#signal = signal
    this.#now = deps.now ?? nowMs
  }

  async run(): Promise<CallResult> {
    const onAbort = () => this.#stopped.resolve({ type: 'stopped', cause: causeOf(this.#signal.reason) })
    if (this.#signal.aborted) onAbort()
    else this.#signal.addEventListener('abort', onAbort, { once: true })
    let reason: EndReason
    try {
      const ending = await this.#dialAndTalk()
      reason = ending.type === 'broken' ? this.#failure(ending.error) : reasonOf(ending, this.#context)
    } catch (error) {
      reason = this.#failure(error)
    }
    this.#signal.removeEventListener('abort', onAbort)
    this.#over.abort()
    this.#endEarly()
    // The call is over here, however long the far end takes to confirm it.
    const talkMs = this.#answeredAt ? Math.max(0, Math.round(this.#now() - this.#answeredAtMs)) : 0
    const [stats] = await Promise.all([this.#closeLine(), this.#leg?.hangUp(HANG_UP_MS_MAX), this.#control?.close()])
    await this.#closeRobot()
    await this.#keepTrace()
    // Nobody talked, whatever the robot made of the silence.
    const conversation = reason.detail === 'no-audio-received' ? undefined : this.#loop?.conversation
    const clip = this.#answeredAt ? await this.#clip?.drop() : await this.#clip?.keep()
    if (clip !== undefined) reason = { ...reason, evidence: { ...reason.evidence, clip } }
    const { answeredBy, falseAnswerMs } = this.#loop ?? {}
    if ((conversation === 'machine' || answeredBy) && reason.outcome === 'answered') reason = { ...reason, outcome: 'assistant' }
    reason = { ...reason, evidence: { ...reason.evidence, ...(answeredBy && { answeredBy }), ...(falseAnswerMs !== undefined && { falseAnswerMs: Math.round(falseAnswerMs) }) } }
    const services = this.#request.meter?.costs(this.#deps.prices ?? noPrices) ?? []
    if (services.length > 0) this.#hooks.onEvent({ type: 'services-used', services })
    return {
      reason,
      answeredAt: this.#answeredAt,
      talkMs,
      conversation,
      notes: this.#loop?.notes ?? [],
      recording: await this.#recording(stats),
      media: stats && { packetsSent: stats.packetsSent, packetsReceived: stats.packetsReceived, packetsLost: stats.packetsLost, pacingErrorMsP95: stats.pacingErrorMsP95 },
    }
  }

  // ── Dialling ───────────────────────────────────────────────────────────────

  async #dialAndTalk(): Promise<Ending> {
    const { media, mediaAddress } = this.#deps
    const { recordingPath, trunk, callerId, attempt, ringMsMax } = this.#request
    if (this.#signal.aborted) return await this.#stopped.promise
    this.#port = await media.open({ address: mediaAddress, recordingPath, onEvent: (event) => this.#onMedia(event) })
    let dial: NextDial = { trunk, callerId, attempt, ringMsMax, pauseMs: 0 }
    for (;;) {
      const ending = await this.#dial(dial, this.#port)
      if (ending.type !== 'failed' || ending.local === 'cancelled' || this.#state === 'ringing') return ending
      const { status, local, retryAfterMs } = ending
      const { outcome } = reasonOf(ending, this.#context)
      const next = await Promise.race([this.#hooks.onDialFailed({ trunk: dial.trunk, outcome, status, local, retryAfterMs }), this.#stopped.promise, this.#interrupted.promise])
      if (next === undefined) return ending
      if ('type' in next) return next
      const interruption = await this.#pause(next.pauseMs)
      if (interruption) return interruption
      dial = next
    }
  }

  /** One INVITE, and all that follows when it is answered. */
  async #dial({ trunk: name, callerId, ringMsMax }: NextDial, port: MediaPort): Promise<Ending> {
    const trunk = this.#deps.trunk(name)
    if (trunk === undefined) return { type: 'failed', status: 503, reason: `there is no trunk ${name} in this process`, local: 'transport' }
    const targets = await Promise.race([trunk.targets(), this.#stopped.promise, this.#interrupted.promise])
    if ('type' in targets) return targets
    const [first, ...others] = targets
    if (!first) return { type: 'failed', status: 503, reason: 'the trunk has no address', local: 'transport' }
    // Whatever came while we waited for a port, an address or the next attempt: nothing is dialled any more.
    if (this.#signal.aborted) return await this.#stopped.promise
    // The list may have changed as well; the last check is always right before an INVITE.
    this.#hooks.beforeInvite()
    this.#trunk = trunk
    if (this.#state === 'queued') this.#step('dial')
    const leg = new Leg(trunk, port, {
      phone: this.#request.phone,
      callerId,
      ringMsMax,
      trace: this.#traceOf(trunk),
      onRinging: (sipStatus, earlyMedia) => this.#onRinging(sipStatus, earlyMedia),
      onDigit: (digit) => this.#loop?.pressKey(digit, 'info'),
    })
    leg.dial([first, ...others])
    this.#leg = leg
    return await this.#follow(leg)
  }

  async #pause(ms: number): Promise<Interruption | undefined> {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)))
    const interruption = await Promise.race([over, this.#stopped.promise, this.#interrupted.promise])
    clearTimeout(timer)
    return interruption
  }

  #onRinging(sipStatus: number, earlyMedia: boolean): void {
    this.#isEarlyAgreed ||= earlyMedia
    if (this.#state === 'dialing') {
      this.#tell({ type: 'ringing', sipStatus, earlyMedia })
      this.#safely(() => this.#hooks.onDialog(this.#leg?.dialog()))
    }
    this.#step('ring')
    if (this.#rangAtMs !== undefined) return
    this.#rangAtMs = this.#now()
    this.#prepareOpening(this.#rangAtMs)
  }

  /** The robot's first words are made while it rings, so that they are at hand when somebody picks up. */
  #prepareOpening(atMs: number): void {
    const { tts, machinePolicy = 'hang-up' } = this.#deps
    void prepareOpening({ robot: this.#request.robot, tts, voice: this.#voice }, { type: 'answered', atMs, firstWords: '喂', machines: { told: true, policy: machinePolicy } }, this.#over.signal)
  }

  #traceOf(trunk: Trunk): CallTrace | undefined {
    if (this.#traces !== undefined && (this.#request.trace === true || trunk.trace === true)) this.#trace ??= new CallTrace()
    return this.#trace
  }

  /** Until the call is over in one way or another. The dialog may still stand then. */
  async #follow(leg: Leg): Promise<Ending> {
    const answer = await Promise.race([leg.answered, leg.ended, this.#stopped.promise, this.#interrupted.promise, this.#announced.promise])
    if (answer.type !== 'answered') return answer
    this.#endEarly()
    this.#step('answer')
    this.#answeredAt = new Date()
    this.#answeredAtMs = this.#now()
    this.#tell({ type: 'answered', sipStatus: answer.status })
    this.#safely(() => this.#hooks.onDialog(leg.dialog()))
    return await this.#talk(leg)
  }

  // ── Talking ────────────────────────────────────────────────────────────────

  async #talk(leg: Leg): Promise<Ending> {
    const { asr, tts } = this.#deps
    const loop = new VoiceLoop({ port: leg.port, asr, tts, activity: this.#deps.activity, voice: this.#voice, robot: this.#request.robot, emit: (event) => this.#onTalk(event), now: this.#now, onTransfer: (action) => this.#control?.onRobot(action), onSendDigits: (digits) => void this.#control?.command({ type: 'send-digits', digits }), rangMs: this.#rangAtMs === undefined ? undefined : this.#answeredAtMs - this.#rangAtMs, itn: this.#deps.itn, readSound: this.#deps.readSound, fetchSound: this.#deps.fetchSound, machinePolicy: this.#deps.machinePolicy })
    this.#air = new DeadAir(this.#answeredAtMs, this.#heardAny)
    this.#loop = loop
    void this.#playBackground(leg.port)
    const terms = this.#request.handover ?? handoverDefaults
    const control = this.#controlOf(leg, loop, terms)
    this.#control = control
    this.#safely(() => this.#hooks.onControls?.(control))
    let outOfMoney = false
    const limits = setInterval(() => {
      const nowMs = this.#now()
      const dead = this.#air?.check(nowMs, leg.isHeld || this.#isHolding)
      if (dead) return this.#silenced.resolve({ type: 'dead-air', detail: dead })
      const talkMs = nowMs - this.#answeredAtMs
      const { joinedAtMs } = control
      // Two people may take their time; whoever set a limit to the whole call meant them as well.
      const overdue = joinedAtMs === undefined ? talkMs >= this.#request.talkMsMax : nowMs - joinedAtMs >= terms.talkMsMax || talkMs >= (this.#request.robot.talkMsMax ?? Infinity)
      if (overdue) return loop.endPolitely('time')
      if (outOfMoney || this.#safely(() => this.#hooks.mayContinue(talkMs)) !== 'end') return
      outOfMoney = true
      this.#tell({ type: 'out-of-money' })
      loop.endPolitely('money')
    }, LIMITS_MS)
    // A user who hangs up leaves the callee with a goodbye. A platform that must stop has no time for one: others may own the call by now.
    const stoppedAtOnce = this.#stopped.promise.then((stop) => {
      if (stop.cause.by === 'platform') return stop
      loop.endPolitely(stop.cause)
      return new Promise<never>(() => undefined)
    })
    try {
      return await Promise.race([leg.ended, this.#interrupted.promise, this.#silenced.promise, stoppedAtOnce, loop.ended.then((end) => ({ type: 'loop' as const, end })), control.ended.then((end) => ({ type: 'control' as const, end }))])
    } finally {
      clearInterval(limits)
    }
  }

  /** Under the robot's conversation; a human has a quiet line. What cannot be played is told. */
  async #playBackground(port: MediaPort): Promise<void> {
    const { background } = this.#request.robot
    if (background === undefined) return
    try {
      const pcm = await (this.#deps.readSound ?? noSounds)(background)
      if (this.#control?.joinedAtMs === undefined && this.#state === 'talking') port.playUnder(pcm, BACKGROUND_GAIN)
    } catch (error) {
      this.#tell({ type: 'provider-failed', provider: 'recordings', message: error instanceof Error ? error.message : String(error), fallback: 'left out' })
    }
  }

  #controlOf(leg: Leg, loop: VoiceLoop, terms: HandoverTerms): CallControl {
    const { media, mediaAddress, readSound = noSounds, fetchSound = noSounds } = this.#deps
    return new CallControl({ leg, loop, trunk: this.#trunk!, media, mediaAddress, terms, asr: this.#deps.asr, hotWords: this.#request.robot.hotWords, transcribed: this.#request.robot.transcribed !== false, hooks: this.#hooks.legs, readSound, fetchSound, emit: (event) => this.#tell(event), now: this.#now })
  }

  #onTalk(event: CallEvent): void {
    this.#tell(event)
    if (event.type === 'keys-pressed') this.#control?.onDigit(event.digits)
  }

  #onMedia(event: MediaEvent): void {
    if (event.type === 'first-packet' || event.type === 'frames') this.#heardAny = true
    this.#air?.onMedia(event)
    this.#loop?.onMediaEvent(event)
    if (event.type === 'frames' && this.#isEarlyAgreed && this.#state === 'ringing') this.#hearEarly(event)
    if (event.type === 'closed' && event.failed !== undefined) this.#interrupted.resolve({ type: 'port-failed', message: event.failed })
  }

  /** Only a line that sends something before the answer is listened to. */
  #hearEarly({ atMs, frames }: Extract<MediaEvent, { type: 'frames' }>): void {
    if (this.#early === undefined) {
      const { recordingPath } = this.#request
      const clip = recordingPath === undefined ? undefined : new EarlyClip(clipPathOf(recordingPath))
      this.#clip = clip
      this.#earlySinceMs = atMs
      this.#early = new EarlyMedia({
        asr: this.#deps.asr,
        now: this.#now,
        onCertain: (heard) => this.#announced.resolve({ type: 'announced', heard }),
        onClip: clip && ((alaw) => clip.append(alaw)),
      })
    }
    this.#early.push(atMs, frames)
  }

  /** Nothing comes before the answer any more. What the network said is told to a robot that wants to know. */
  #endEarly(): void {
    if (!this.#early || this.#isEarlyTold) return
    this.#isEarlyTold = true
    this.#early.close()
    const { text } = this.#early.heard()
    if (text !== '') this.#safely(() => this.#request.robot.hearEarly?.({ text, beginAtMs: this.#earlySinceMs, endAtMs: this.#now() }))
  }

  #step(signal: CallSignal): void {
    this.#state = nextState(this.#state, signal)
  }

  #tell(event: CallEvent): void {
    if (event.type === 'held') this.#isHolding = event.on
    if (event.type === 'transfer' && event.state === 'joined') this.#port?.playUnder(undefined, 0)
    this.#safely(() => this.#hooks.onEvent(event))
  }

  /** The owner's hooks may not throw; one that does costs this call, not the process. */
  #safely<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.#interrupted.resolve({ type: 'broken', error })
      return undefined
    }
  }

  // ── Ending ─────────────────────────────────────────────────────────────────

  /** The conversation first: what was said until now belongs to it. */
  async #closeLine(): Promise<PortStats | undefined> {
    try {
      await this.#loop?.close()
    } catch (error) {
      log.error({ call: this.#request.id, err: error }, 'conversation did not close')
    }
    return await within(PORT_CLOSE_MS_MAX, () => this.#port?.close(), (error) => log.error({ call: this.#request.id, err: error }, 'media port did not close'))
  }

  async #closeRobot(): Promise<void> {
    await within(ROBOT_CLOSE_MS_MAX, async () => await this.#request.robot[Symbol.asyncDispose](), (error) => log.error({ call: this.#request.id, err: error }, 'robot did not close'))
  }

  async #keepTrace(): Promise<void> {
    const trace = this.#trace
    if (trace === undefined) return
    await within(TRACE_MS_MAX, () => this.#traces?.keep(trace, this.#request.id), (error) => log.error({ call: this.#request.id, err: error }, 'the SIP trace was not kept'))
  }

  /** Ringing tones and announcements are nobody's conversation: what was recorded of them goes. */
  async #recording(stats: PortStats | undefined): Promise<string | undefined> {
    const { recordingPath } = this.#request
    if (recordingPath === undefined || this.#port === undefined) return undefined
    if (this.#answeredAt) return stats && stats.recordingFailed === undefined ? recordingPath : undefined
    await rm(recordingPath, { force: true }).catch((error: unknown) => log.warn({ call: this.#request.id, err: error }, 'a recording without a conversation could not be removed'))
    return undefined
  }

  get #voice(): Voice {
    const { voice } = this.#deps
    const { name = voice.name, speed = voice.speed, volume = voice.volume } = this.#request.robot.voice ?? {}
    return { name, speed, volume, readings: this.#request.readings }
  }

  get #stage(): Stage {
    return this.#state === 'ended' ? 'talking' : this.#state
  }

  get #context(): EndingContext {
    return { stage: this.#stage, answered: this.#answeredAt !== undefined, heard: this.#early?.heard(), outcomes: this.#trunk?.outcomes }
  }

  #failure(error: unknown): EndReason {
    const reason = failureOf(error, this.#context)
    if (reason.detail === 'internal-failure') log.error({ call: this.#request.id, err: error }, 'call failed by itself')
    return reason
  }
}

function noSounds(): Promise<never> {
  return Promise.reject(new InvalidInputError('file', '这里没有可播放的录音文件'))
}

/** Whoever aborts without a cause is the platform. */
function causeOf(reason: unknown): StopCause {
  if (typeof reason === 'object' && reason !== null && 'by' in reason && 'detail' in reason) return reason as StopCause
  return { by: 'platform', detail: 'shutting-down' }
}

/** The value, or undefined when it does not come in time or fails. */
async function within<T>(msMax: number, run: () => Promise<T> | undefined, onFailed: (error: unknown) => void): Promise<T | undefined> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not within ${msMax} ms`)), msMax)
  try {
    return await Promise.race([run(), late.promise])
  } catch (error) {
    onFailed(error)
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
