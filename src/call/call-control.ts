// What is done with a talking call from outside of its conversation, and by a robot that wants a human: holds, inserts, transfers, listeners.
// Acts on the table in transfer.ts. Does not know who asks, the database or HTTP.
import { AppError, assertNever } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import type { MediaEngine, MediaEvent } from '../media/engine.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { ColleagueEar } from './colleague-ear.ts'
import type { CallCommand, CallControls, CommandResult, HandoverTerms, LegHooks, TransferMeans } from './controls.ts'
import type { Leg, Trunk } from './leg.ts'
import { Listeners } from './listen-in.ts'
import { SecondLeg, type NotReached } from './second-leg.ts'
import { referSignal, transferStep, type TransferDeed, type TransferFailure, type TransferSignal, type TransferState } from './transfer.ts'
import type { TransferAction, VoiceLoop } from './voice-loop.ts'
import { WaitingSound, waitings, type Waiting } from './waiting-sound.ts'

/** A far end that takes a REFER tells the first news at once (RFC 3515 §2.4.4). One that says nothing for so long does not transfer. */
const REFER_NEWS_MS_MAX = 8_000

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
  /** Absent: nobody else can be called. */
  hooks: LegHooks | undefined
  /** Reads a recorded file as 8 kHz audio. Errors: AppError. */
  readSound: (file: string) => Promise<Int16Array>
  emit: (event: CallEvent) => void
  now: () => number
}

/** The call is over because nobody is left to talk to, or because callee and colleague went on without us. */
export type ControlEnd = { by: 'colleague'; detail: 'colleague-hung-up' } | { by: 'robot' | 'user'; detail: 'transferred' } | { by: 'platform'; detail: 'media-failed'; error: string }

/** What is wanted of a colleague. */
type Wish = { phone: string; askedBy: 'robot' | 'user'; how: TransferMeans | 'parallel'; join: 'by-itself' | 'when-asked' }

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
  readonly ended: Promise<ControlEnd>
  readonly #deps: CallControlDeps
  readonly #end = Promise.withResolvers<ControlEnd>()
  readonly #listeners: Listeners
  #state: TransferState = 'none'
  #wish: Wish | undefined
  #colleague: SecondLeg | undefined
  /** Legs that were let go of and are not gone yet. */
  readonly #leaving = new Set<Promise<void>>()
  #failure: { why: TransferFailure; sipStatus?: number | undefined; error: string } | undefined
  #waiting: WaitingSound | undefined
  #letListen: (() => void) | undefined
  #held = false
  #joinedAtMs: number | undefined
  #ear: ColleagueEar | undefined

  constructor(deps: CallControlDeps) {
    this.#deps = deps
    this.ended = this.#end.promise
    this.#listeners = new Listeners({ open: (phone, on) => this.#secondLeg(phone, on), port: deps.leg.port, media: deps.media, emit: deps.emit, onLegs: () => this.#tellDialogs() })
  }

  /** Since when callee and colleague talk; undefined while they do not. */
  get joinedAtMs(): number | undefined {
    return this.#joinedAtMs
  }

  /** A key of the callee. Once joined it is the colleague's: events do not cross a bridge by themselves. */
  onDigit(digit: string): void {
    if (this.#state === 'joined') pressOn(this.#colleague, digit)
  }

  /** A robot asks for a human; what it asks for at the wrong time it is told at once. */
  onRobot(action: TransferAction): void {
    const result = action.type === 'bridge' ? this.#join() : this.#transfer(wishOf(action, this.#deps.terms))
    if (!result.ok) this.#deps.loop.tellRobot({ type: 'transfer', state: 'failed', reason: result.message })
  }

  async command(command: CallCommand): Promise<CommandResult> {
    if (this.#deps.loop.isClosing || this.#state === 'over') return notPossible(said.over)
    try {
      return await this.#obey(command)
    } catch (error) {
      if (!(error instanceof AppError)) log.error({ err: error }, 'a command failed by itself')
      return { ok: false, code: 'failed', message: error instanceof Error ? error.message : String(error) }
    }
  }

  /** The callee is gone: everybody else is hung up. Resolves within a few seconds. */
  async close(): Promise<void> {
    this.#signal('callee-left')
    this.#stopWaiting()
    await Promise.all([this.#listeners.close(), ...this.#leaving])
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
    return { ok: true, state: this.#held ? 'held' : this.#state === 'none' ? 'talking' : this.#state }
  }

  async #hold(): Promise<CommandResult> {
    if (this.#state !== 'none') return notPossible(said.transferring)
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
    this.#wait(waitings.hold)
    return this.#done()
  }

  async #resume(): Promise<CommandResult> {
    if (!this.#held) return notPossible(said.notHeld)
    const status = await this.#deps.leg.hold(false)
    if (status >= 300) return { ok: false, code: 'failed', message: `对方没有恢复通话（SIP ${status}），仍在保持中` }
    this.#held = false
    this.#stopWaiting()
    this.#deps.emit({ type: 'held', on: false })
    // Whoever waited is spoken to first; the robot finds its place again by asking.
    this.#deps.loop.resume({ type: 'silence', count: 1 })
    return this.#done()
  }

  async #play({ text, file, interruptible }: Extract<CallCommand, { type: 'play' }>): Promise<CommandResult> {
    if (this.#held) return notPossible(said.held)
    if (this.#state !== 'none' && this.#state !== 'joined' && this.#state !== 'calling-aside' && this.#state !== 'ready') return notPossible(said.transferring)
    const pcm = file === undefined ? undefined : await this.#deps.readSound(file)
    const { voice } = this.#deps.loop
    voice.speaker.stop()
    void voice.insert({ text, pcm, interruptible, source: 'api' })
    return this.#done()
  }

  // ── Transfer ───────────────────────────────────────────────────────────────

  #transfer(wish: Wish): CommandResult {
    if (this.#held) return notPossible(said.held)
    if (this.#state !== 'none') return notPossible(said.transferring)
    if (!this.#deps.hooks || !this.#deps.media.bridge) return notPossible(said.noLegs)
    this.#wish = wish
    this.#failure = undefined
    this.#signal(wish.how === 'refer' ? 'refer' : wish.how === 'parallel' ? 'call-aside' : 'call')
    return this.#done()
  }

  #join(): CommandResult {
    return this.#signal('join') ? this.#done() : notPossible(said.noTransfer)
  }

  /** False when it means nothing now. */
  #signal(signal: TransferSignal): boolean {
    const step = transferStep(this.#state, signal)
    if (!step) return false
    this.#state = step.to
    for (const deed of step.deeds) this.#do(deed)
    return true
  }

  #do(deed: TransferDeed): void {
    const { loop } = this.#deps
    switch (deed) {
      case 'hush':
        loop.pause()
        return this.#wait(waitings.colleague)
      case 'ask-far-end':
        return void this.#refer()
      case 'dial':
        return this.#dial()
      case 'let-listen':
        return this.#ready()
      case 'wait-for-clause':
        loop.pause()
        this.#stopWaiting()
        return void loop.voice.stopAfterClause().then(() => this.#signal('clause-over'))
      case 'join':
        return this.#bridge()
      case 'give-back':
        this.#stopWaiting()
        this.#tellFailed()
        return loop.resume({ type: 'transfer', state: 'failed', reason: this.#failure?.why })
      case 'tell-failed':
        this.#tellFailed()
        return loop.tellRobot({ type: 'transfer', state: 'failed', reason: this.#failure?.why })
      case 'drop-colleague':
        return this.#drop()
      case 'end-call':
        this.#drop()
        this.#tell('ended')
        return this.#end.resolve({ by: 'colleague', detail: 'colleague-hung-up' })
      case 'leave':
        this.#stopWaiting()
        this.#tell('joined')
        this.#noteTransferred()
        return this.#end.resolve({ by: this.#wish!.askedBy, detail: 'transferred' })
      default:
        return assertNever(deed)
    }
  }

  async #refer(): Promise<void> {
    const { phone } = this.#wish!
    this.#tell('referring')
    const news = Promise.withResolvers<{ outcome: 'unknown'; status: 0 }>()
    let timer: NodeJS.Timeout | undefined = setTimeout(() => news.resolve({ outcome: 'unknown', status: 0 }), REFER_NEWS_MS_MAX)
    const onProgress = (): void => clearTimeout(timer)
    const asked = this.#deps.leg.refer(phone, { onProgress, msMax: this.#deps.terms.ringMsMax })
    // A trunk that cannot even write it is one that does not transfer.
    const result = await Promise.race([asked, news.promise]).catch((error: unknown) => {
      log.warn({ err: error }, 'a far end could not be asked to transfer')
      return { outcome: 'refused' as const, status: 0 }
    })
    clearTimeout(timer)
    timer = undefined
    const signal = referSignal(result)
    if (signal === 'refer-failed') this.#failure = { why: result.status === 486 || result.status === 600 ? 'busy' : result.status === 603 ? 'declined' : 'no-answer', sipStatus: result.status, error: `REFER: ${result.status}` }
    this.#signal(signal)
  }

  #dial(): void {
    const { phone } = this.#wish!
    const colleague = this.#secondLeg(phone, {
      onRinging: () => this.#colleague === colleague && this.#tell('ringing'),
      onMedia: (event) => this.#onColleagueMedia(event),
    })
    this.#colleague = colleague
    this.#tell('calling')
    void colleague.outcome.then((outcome) => {
      if (this.#colleague !== colleague) return
      if (outcome.reached) {
        this.#tellDialogs()
        this.#tell('answered')
        void colleague.over.then(() => this.#colleague === colleague && this.#colleagueLeft())
        this.#signal('answered')
      } else {
        this.#failure = failureOf(outcome)
        this.#signal('not-reached')
      }
    })
  }

  #colleagueLeft(): void {
    this.#failure = { why: 'left', error: 'hung up' }
    this.#signal('colleague-left')
  }

  /** The robot learns it too: what it still has to note about its part belongs to the record. */
  #noteTransferred(): void {
    const { loop } = this.#deps
    loop.note({ outcome: 'transferred' })
    loop.tellRobot({ type: 'transfer', state: 'joined' })
  }

  /** The colleague hears what goes on before being heard. */
  #ready(): void {
    const { media, leg, loop } = this.#deps
    this.#letListen = media.monitor?.(leg.port, this.#colleague!.port)
    loop.tellRobot({ type: 'transfer', state: 'answered' })
    if (this.#wish?.join === 'by-itself') this.#signal('join')
  }

  #bridge(): void {
    const { media, leg, now } = this.#deps
    this.#letListen?.()
    this.#letListen = undefined
    try {
      media.bridge!(leg.port, this.#colleague!.port)
    } catch (error) {
      log.error({ err: error }, 'two legs could not be joined')
      this.#end.resolve({ by: 'platform', detail: 'media-failed', error: error instanceof Error ? error.message : String(error) })
      return
    }
    this.#joinedAtMs = now()
    this.#hear()
    this.#tell('joined')
    this.#noteTransferred()
  }

  /** From here on the colleague's words belong to the conversation. */
  #hear(): void {
    const { asr, hotWords, now, emit, loop } = this.#deps
    this.#ear = new ColleagueEar({ asr, hotWords, now, emit, nextTurn: () => loop.nextTurn() })
  }

  #onColleagueMedia(event: MediaEvent): void {
    this.#ear?.onMedia(event)
    if (event.type === 'digit' && this.#state === 'joined') this.#pressForColleague(event.digit)
    if (event.type === 'closed' && event.failed !== undefined) void this.#colleague?.close()
  }

  /** A key of the colleague, for a menu at the callee's side. */
  #pressForColleague(digit: string): void {
    try {
      this.#deps.leg.sendDigits(digit)
    } catch {
      // The callee's side takes no keys.
    }
  }

  #wait(waiting: Waiting): void {
    const { loop } = this.#deps
    this.#waiting = new WaitingSound(loop.voice, waiting, () => !loop.isClosing)
  }

  #stopWaiting(): void {
    this.#waiting?.stop()
    this.#waiting = undefined
  }

  #tellFailed(): void {
    this.#tell('failed')
    this.#drop()
  }

  #drop(): void {
    const colleague = this.#colleague
    this.#colleague = undefined
    this.#ear?.close()
    this.#ear = undefined
    this.#letListen?.()
    this.#letListen = undefined
    if (!colleague) return
    const left = colleague.close()
    this.#leaving.add(left)
    void left.then(() => this.#leaving.delete(left))
    this.#tellDialogs()
  }

  // ── Both ───────────────────────────────────────────────────────────────────

  #secondLeg(phone: string, on: { onRinging(): void; onMedia(event: MediaEvent): void }): SecondLeg {
    const { trunk, media, mediaAddress, leg, hooks, terms } = this.#deps
    return new SecondLeg({ trunk, media, mediaAddress, beside: leg.port, hooks: hooks!, trace: leg.trace }, { phone, ringMsMax: terms.ringMsMax, ...on })
  }

  #tellDialogs(): void {
    const dialogs = [this.#deps.leg.dialog(), this.#colleague?.dialog(), ...this.#listeners.dialogs()]
    this.#deps.hooks?.onDialogs(dialogs.filter((dialog) => dialog !== undefined))
  }

  #tell(state: Extract<CallEvent, { type: 'transfer' }>['state']): void {
    const { phone, how } = this.#wish!
    const failed = state === 'failed' ? this.#failure : undefined
    this.#deps.emit({ type: 'transfer', how, state, phone, ...(failed && { why: failed.why, sipStatus: failed.sipStatus, error: failed.error }) })
  }
}

function wishOf(action: Extract<TransferAction, { type: 'transfer' | 'parallel-transfer' }>, terms: HandoverTerms): Wish {
  if (action.type === 'transfer') return { phone: action.to, askedBy: 'robot', how: terms.by, join: 'by-itself' }
  return { phone: action.to, askedBy: 'robot', how: 'parallel', join: action.join ?? 'by-itself' }
}

function failureOf({ why, sipStatus, error }: NotReached): { why: TransferFailure; sipStatus?: number | undefined; error: string } {
  return { why, sipStatus, error }
}

function pressOn(leg: SecondLeg | undefined, digit: string): void {
  try {
    leg?.sendDigits(digit)
  } catch {
    // That phone takes no keys.
  }
}

function notPossible(message: string): CommandResult {
  return { ok: false, code: 'not-possible', message }
}
