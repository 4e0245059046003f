// One call from dial to end: SIP leg, media port, conversation. Does not know Postgres, HTTP or campaigns.
import type { MediaEngine, MediaEvent, MediaPort } from '../media/engine.ts'
import { nowMs } from '../media/frame.ts'
import { RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import type { RobotNote } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import type { CallHooks, CallRequest, CallResult, RunCall, StopCause } from './call.ts'
import { nextState, type CallSignal, type CallState } from './call-state.ts'
import type { EndReason, Stage } from './end-reason.ts'
import { Leg, type LegEnd, type Trunk } from './leg.ts'
import { mayTryAgainAtOnce, outcomeOf } from './sip-outcome.ts'
import { VoiceLoop, type LoopEnd } from './voice-loop.ts'

/** One more INVITE after a 503 that came before any ringing, after this pause. */
const DIALS_MAX = 2
const REDIAL_PAUSE_MS = 1_000
/** A hang-up that the far end never confirms must not hold the call. */
const HANG_UP_MS_MAX = 5_000
/** A goodbye may be finished; then the line is cut. */
const FAREWELL_MS_MAX = 8_000

export type CallDeps = {
  trunk: Trunk
  media: MediaEngine
  /** Local address for RTP. */
  mediaAddress: string
  asr: AsrProvider
  tts: TtsProvider
  voice: Voice
}

type Ending = LegEnd | { type: 'stopped'; cause: StopCause } | { type: 'port-failed'; message: string } | { type: 'loop'; end: LoopEnd }

/** Binds the parts; the result is what the dialer runs. */
export function callRunner(deps: CallDeps): RunCall {
  return (request, hooks, signal) => new OneCall(request, hooks, deps, signal).run()
}

class OneCall {
  readonly #request: CallRequest
  readonly #hooks: CallHooks
  readonly #deps: CallDeps
  readonly #signal: AbortSignal
  #state: CallState = 'queued'
  #answeredAt: Date | undefined
  #answeredAtMs = 0
  #loop: VoiceLoop | undefined
  #notes: readonly RobotNote[] = []

  constructor(request: CallRequest, hooks: CallHooks, deps: CallDeps, signal: AbortSignal) {
    this.#request = request
    this.#hooks = hooks
    this.#deps = deps
    this.#signal = signal
  }

  async run(): Promise<CallResult> {
    let reason: EndReason
    let port: MediaPort | undefined
    let stats: CallResult['media']
    try {
      this.#hooks.beforeInvite()
      port = await this.#deps.media.open({ address: this.#deps.mediaAddress, recordingPath: this.#request.recordingPath, onEvent: (event) => this.#onMedia(event) })
      reason = await this.#dialAndTalk(port)
    } catch (error) {
      reason = this.#failure(error)
    }
    const endedAtMs = nowMs()
    await this.#loop?.close().catch((error: unknown) => log.error({ call: this.#request.id, err: error }, 'conversation did not close'))
    this.#notes = this.#loop?.notes ?? []
    if (port) stats = await port.close().catch(() => undefined)
    try {
      await this.#request.robot[Symbol.asyncDispose]()
    } catch (error) {
      log.error({ call: this.#request.id, err: error }, 'robot did not close')
    }
    const conversation = this.#loop?.conversation
    if (conversation === 'machine' && reason.outcome === 'answered') reason = { ...reason, outcome: 'assistant' }
    return {
      reason,
      answeredAt: this.#answeredAt,
      talkMs: this.#answeredAt ? Math.max(0, Math.round(endedAtMs - this.#answeredAtMs)) : 0,
      conversation,
      notes: this.#notes,
      recording: this.#answeredAt && stats && !('recordingFailed' in stats && stats.recordingFailed) ? this.#request.recordingPath : undefined,
      media: stats,
    }
  }

  #step(signal: CallSignal): void {
    this.#state = nextState(this.#state, signal)
  }

  get #stage(): Stage {
    return this.#state === 'ended' ? 'talking' : this.#state
  }

  #onMedia(event: MediaEvent): void {
    this.#loop?.onMediaEvent(event)
    if (event.type === 'closed' && event.failed !== undefined) this.#portFailed?.(event.failed)
  }
  #portFailed: ((message: string) => void) | undefined

  async #dialAndTalk(port: MediaPort): Promise<EndReason> {
    this.#step('dial')
    for (let dial = 1; ; dial++) {
      if (dial > 1) this.#hooks.onEvent({ type: 'dialing', line: this.#deps.trunk.name, attempt: dial })
      const leg = new Leg(this.#deps.trunk, port, {
        phone: this.#request.phone,
        ringMsMax: this.#request.ringMsMax,
        onRinging: (sipStatus, earlyMedia) => this.#onRinging(sipStatus, earlyMedia),
        onDigit: (digit) => this.#onMedia({ type: 'digit', atMs: nowMs(), digit }),
      })
      const end = await this.#follow(leg)
      const again = end.type === 'failed' && dial < DIALS_MAX && mayTryAgainAtOnce(end.status, this.#state === 'ringing') && !this.#signal.aborted
      if (!again) return this.#reasonOf(end)
      await new Promise((resolve) => setTimeout(resolve, REDIAL_PAUSE_MS))
      if (this.#signal.aborted) return this.#reasonOf({ type: 'stopped', cause: this.#signal.reason as StopCause })
      // The list may have changed while we waited; the last check is always right before an INVITE.
      this.#hooks.beforeInvite()
    }
  }

  #onRinging(sipStatus: number, earlyMedia: boolean): void {
    if (this.#state === 'dialing') this.#hooks.onEvent({ type: 'ringing', sipStatus, earlyMedia })
    this.#step('ring')
  }

  /** Dials, then talks; whatever ends it, the leg is hung up before this resolves. */
  async #follow(leg: Leg): Promise<Ending> {
    const stopped = new Promise<{ type: 'stopped'; cause: StopCause }>((resolve) => {
      const stop = () => resolve({ type: 'stopped', cause: this.#signal.reason as StopCause })
      if (this.#signal.aborted) stop()
      else this.#signal.addEventListener('abort', stop, { once: true })
    })
    const portFailed = new Promise<{ type: 'port-failed'; message: string }>((resolve) => (this.#portFailed = (message) => resolve({ type: 'port-failed', message })))
    leg.dial()
    const answer = await Promise.race([leg.answered, leg.ended, stopped, portFailed])
    try {
      if (answer.type !== 'answered') return answer
      this.#step('answer')
      this.#answeredAt = new Date()
      this.#answeredAtMs = nowMs()
      this.#hooks.onEvent({ type: 'answered', sipStatus: answer.status })
      this.#hooks.onAnswered(leg.dialog())
      return await this.#talk(leg, Promise.race([leg.ended, portFailed]), stopped)
    } finally {
      await leg.hangUp(HANG_UP_MS_MAX)
    }
  }

  async #talk<T, S extends { cause: StopCause }>(leg: Leg, lineEnded: Promise<T>, stopped: Promise<S>): Promise<T | S | { type: 'loop'; end: LoopEnd }> {
    const { asr, tts, voice } = this.#deps
    const loop = new VoiceLoop({ port: leg.port, asr, tts, voice, robot: this.#request.robot, emit: (event) => this.#hooks.onEvent(event), now: nowMs })
    this.#loop = loop
    let cutOff: NodeJS.Timeout | undefined
    let over = false
    const endPolitely = (why: 'time' | 'money' | StopCause): void => {
      if (over) return
      loop.endPolitely(why)
      cutOff ??= setTimeout(() => void loop.close(), FAREWELL_MS_MAX)
    }
    const limits = setInterval(() => {
      const talkMs = nowMs() - this.#answeredAtMs
      const why = talkMs >= this.#request.talkMsMax ? 'time' : this.#hooks.mayContinue(talkMs) === 'end' ? 'money' : undefined
      if (why === undefined || cutOff) return
      if (why === 'money') this.#hooks.onEvent({ type: 'out-of-money' })
      endPolitely(why)
    }, 1_000)
    // A user who hangs up leaves the callee with a goodbye. A platform that must stop has no time for one: others may own the call by now.
    const stoppedAtOnce = stopped.then((stop) => {
      if (stop.cause.by === 'platform') return stop
      endPolitely(stop.cause)
      return new Promise<never>(() => undefined)
    })
    try {
      return await Promise.race([lineEnded, stoppedAtOnce, loop.ended.then((end) => ({ type: 'loop' as const, end }))])
    } finally {
      over = true
      clearInterval(limits)
      clearTimeout(cutOff)
    }
  }

  #reasonOf(end: Ending): EndReason {
    const stage = this.#stage
    const answered = this.#answeredAt !== undefined
    switch (end.type) {
      case 'failed': {
        // Our own limit while it rang is an unanswered call; without any ringing the line is dead.
        const outcome = end.local === 'transport' || (end.local === 'timeout' && stage === 'dialing') ? 'line-fault' : end.local === 'timeout' ? 'no-answer' : outcomeOf(end.status, end.q850)
        return { outcome, by: end.local === 'timeout' ? 'platform' : outcome === 'rejected' ? 'callee' : 'network', stage, detail: `${end.status} ${end.reason}`, evidence: { sipStatus: end.status, sipReason: end.reason, q850Cause: end.q850 } }
      }
      case 'ended':
        return { outcome: 'answered', by: 'callee', stage, detail: 'callee hung up', evidence: { q850Cause: end.q850, sipReason: end.reason } }
      case 'loop':
        return { outcome: 'answered', by: end.end.by, stage, detail: end.end.detail, evidence: {} }
      case 'stopped':
        return { outcome: answered ? 'answered' : 'cancelled', by: end.cause.by, stage, detail: end.cause.detail, evidence: {} }
      case 'port-failed':
        return { outcome: answered ? 'answered' : 'line-fault', by: 'platform', stage, detail: 'media failed', evidence: { error: end.message } }
      default:
        throw new Error('unreachable')
    }
  }

  #failure(error: unknown): EndReason {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof RefusedError) {
      return { outcome: error.code === 'do-not-call' ? 'blacklist' : 'bad-number', by: 'platform', stage: this.#stage, detail: message, evidence: { error: error.code } }
    }
    log.error({ call: this.#request.id, err: error }, 'call failed by itself')
    return { outcome: this.#answeredAt ? 'answered' : 'line-fault', by: 'platform', stage: this.#stage, detail: 'internal failure', evidence: { error: message } }
  }
}
