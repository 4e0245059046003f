// What is done with a talking call from outside of its conversation, and by a robot that wants a human: one door for all of it.
// Does not know who asks, the database or HTTP.
import { AppError, assertNever } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import type { MediaEngine, MediaEvent } from '../media/engine.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import type { CallCommand, CallControls, CommandResult, HandoverTerms, LegHooks, Party } from './controls.ts'
import { Handover, type HandoverDeps, type HandoverEnd, type Wish } from './handover.ts'
import type { Leg, Trunk } from './leg.ts'
import { Listeners } from './listen-in.ts'
import { SecondLeg } from './second-leg.ts'
import type { TransferState } from './transfer.ts'
import type { TransferAction, VoiceLoop } from './voice-loop.ts'
import { WaitingSound, waitings } from './waiting-sound.ts'

export type CallControlDeps = {
  leg: Leg
  loop: VoiceLoop
  trunk: Trunk
  media: MediaEngine
  mediaAddress: string
  terms: HandoverTerms
  asr: AsrProvider
  /** Names that the recogniser should favour. */
  hotWords: readonly string[]
  /** Whether what people say is written down. */
  transcribed: boolean
  /** Absent: nobody else can be called. */
  hooks: LegHooks | undefined
  /** Reads a recorded file as 8 kHz audio. Errors: AppError. */
  readSound: (file: string) => Promise<Int16Array>
  /** Recordings by their address, likewise. */
  fetchSound: (url: string) => Promise<Int16Array>
  emit: (event: CallEvent) => void
  now: () => number
}

/** How what is done here can end the call. */
export type ControlEnd = HandoverEnd

/** While nobody waits for anybody. */
const mayPlay: readonly TransferState[] = ['none', 'calling-aside', 'ready', 'joined']

const said = {
  over: '通话正在结束，来不及了',
  noLegs: '这通电话不能再呼叫其他人',
  transferring: '正在转接，不能再做这一步',
  noTransfer: '没有正在进行的并行转接',
  held: '通话正在保持中，请先恢复',
  notHeld: '通话没有被保持',
  refusedHold: '对方不接受保持',
} as const

export class CallControl implements CallControls {
  readonly #deps: CallControlDeps
  readonly #handover: Handover
  readonly #listeners: Listeners
  #held = false
  #waiting: WaitingSound | undefined

  constructor(deps: CallControlDeps) {
    this.#deps = deps
    const call: HandoverDeps['call'] = (phone, on, party) => this.#secondLeg(phone, on, party)
    const onLegs = () => this.#tellDialogs()
    this.#handover = new Handover({ ...deps, call, onLegs })
    this.#listeners = new Listeners({ open: call, port: deps.leg.port, media: deps.media, emit: deps.emit, onLegs })
  }

  get ended(): Promise<ControlEnd> {
    return this.#handover.ended
  }

  /** Since when callee and colleague talk; undefined while they do not. */
  get joinedAtMs(): number | undefined {
    return this.#handover.joinedAtMs
  }

  /** A key of the callee. */
  onDigit(digit: string): void {
    this.#handover.onDigit(digit)
  }

  /** A robot asks for a human; what it asks for at the wrong time it is told at once. */
  onRobot(action: TransferAction): void {
    const result = action.type === 'bridge' ? this.#join() : this.#transfer(wishOf(action, this.#deps.terms))
    if (!result.ok) this.#deps.loop.tellRobot({ type: 'transfer', state: 'failed', reason: result.message })
  }

  async command(command: CallCommand): Promise<CommandResult> {
    if (this.#deps.loop.isClosing || this.#handover.state === 'over') return notPossible(said.over)
    try {
      return await this.#obey(command)
    } catch (error) {
      if (!(error instanceof AppError)) log.error({ err: error }, 'a command failed by itself')
      return { ok: false, code: 'failed', message: error instanceof Error ? error.message : String(error) }
    }
  }

  /** The callee is gone: everybody else is hung up. Resolves within a few seconds. */
  async close(): Promise<void> {
    this.#waiting?.stop()
    await Promise.all([this.#handover.close(), this.#listeners.close()])
  }

  // ── Commands ───────────────────────────────────────────────────────────────

  async #obey(command: CallCommand): Promise<CommandResult> {
    switch (command.type) {
      case 'hold':
        return await this.#hold()
      case 'resume':
        return await this.#resume()
      case 'send-digits':
        this.#deps.leg.sendDigits(command.digits, command.toneMs === undefined ? undefined : { toneMs: command.toneMs })
        this.#deps.emit({ type: 'digits-sent', count: command.digits.length })
        return this.#done()
      case 'play':
        return await this.#play(command)
      case 'transfer':
        return this.#transfer({ phone: command.phone, askedBy: 'user', how: command.by ?? this.#deps.terms.by, join: 'by-itself' })
      case 'parallel-transfer':
        return this.#transfer({ phone: command.phone, askedBy: 'user', how: 'parallel', join: command.join })
      case 'bridge':
        return this.#join()
      case 'listen':
        if (!this.#deps.hooks) return notPossible(said.noLegs)
        return this.#listeners.add(command.phone)
      case 'stop-listening':
        return this.#listeners.remove(command.phone)
      default:
        return assertNever(command)
    }
  }

  #done(): CommandResult {
    return { ok: true, state: this.#held ? 'held' : this.#handover.state === 'none' ? 'talking' : this.#handover.state }
  }

  async #hold(): Promise<CommandResult> {
    if (this.#handover.state !== 'none') return notPossible(said.transferring)
    if (this.#held) return this.#done()
    this.#held = true
    const { loop, leg } = this.#deps
    loop.pause()
    const status = await leg.hold(true)
    if (status >= 300) {
      this.#held = false
      loop.resume({ type: 'silence', count: 1 })
      return { ok: false, code: 'failed', message: `${said.refusedHold}（SIP ${status}）` }
    }
    this.#deps.emit({ type: 'held', on: true })
    this.#waiting = new WaitingSound(loop.voice, waitings.hold, () => !loop.isClosing)
    return this.#done()
  }

  async #resume(): Promise<CommandResult> {
    if (!this.#held) return notPossible(said.notHeld)
    const status = await this.#deps.leg.hold(false)
    if (status >= 300) return { ok: false, code: 'failed', message: `对方没有恢复通话（SIP ${status}），仍在保持中` }
    this.#held = false
    this.#waiting?.stop()
    this.#deps.emit({ type: 'held', on: false })
    // Whoever waited is spoken to first; the robot finds its place again by asking.
    this.#deps.loop.resume({ type: 'silence', count: 1 })
    return this.#done()
  }

  async #play({ text, file, interruptible }: Extract<CallCommand, { type: 'play' }>): Promise<CommandResult> {
    if (this.#held) return notPossible(said.held)
    if (!mayPlay.includes(this.#handover.state)) return notPossible(said.transferring)
    const pcm = file === undefined ? undefined : await this.#deps.readSound(file)
    const { voice } = this.#deps.loop
    voice.speaker.stop()
    void voice.insert({ text, pcm, interruptible, source: 'api' })
    return this.#done()
  }

  // ── Transfer ───────────────────────────────────────────────────────────────

  #transfer(wish: Wish): CommandResult {
    if (this.#held) return notPossible(said.held)
    if (this.#handover.state !== 'none') return notPossible(said.transferring)
    if (!this.#deps.hooks || !this.#deps.media.bridge) return notPossible(said.noLegs)
    this.#handover.begin(wish)
    return this.#done()
  }

  #join(): CommandResult {
    return this.#handover.join() ? this.#done() : notPossible(said.noTransfer)
  }

  // ── Legs ───────────────────────────────────────────────────────────────────

  #secondLeg(phone: string, on: { onRinging(): void; onMedia(event: MediaEvent): void }, party?: Party): SecondLeg {
    const { trunk, media, mediaAddress, leg, hooks, terms } = this.#deps
    return new SecondLeg({ trunk, media, mediaAddress, beside: leg.port, hooks: hooks!, trace: leg.trace }, { phone, party, ringMsMax: terms.ringMsMax, ...on })
  }

  #tellDialogs(): void {
    const dialogs = [this.#deps.leg.dialog(), this.#handover.dialog(), ...this.#listeners.dialogs()]
    this.#deps.hooks?.onDialogs(dialogs.filter((dialog) => dialog !== undefined))
  }
}

function wishOf(action: Extract<TransferAction, { type: 'transfer' | 'parallel-transfer' }>, terms: HandoverTerms): Wish {
  // Whom a call is for is called by us: a far end that transfers would take the call with its record.
  if (action.type === 'transfer') return { phone: action.to, askedBy: 'robot', how: action.party ? 'bridge' : terms.by, join: 'by-itself', party: action.party }
  return { phone: action.to, askedBy: 'robot', how: 'parallel', join: action.join ?? 'by-itself', briefing: action.briefing }
}

function notPossible(message: string): CommandResult {
  return { ok: false, code: 'not-possible', message }
}
