// A human is brought into a call: acts on the table in transfer.ts with legs, sounds and the robot. Does not know who asks, or what else is done with the call.
import { assertNever } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import { log } from '../log.ts'
import type { MediaEngine, MediaEvent } from '../media/engine.ts'
import type { RecordedPart } from '../robot/robot.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { Briefing } from './briefing.ts'
import { ColleagueEar } from './colleague-ear.ts'
import type { HandoverTerms, Party, TransferMeans } from './controls.ts'
import type { Leg } from './leg.ts'
import type { NotReached, SecondLeg } from './second-leg.ts'
import { referSignal, transferStep, type TransferDeed, type TransferFailure, type TransferSignal, type TransferState } from './transfer.ts'
import type { VoiceLoop } from './voice-loop.ts'
import { WaitingSound, waitings } from './waiting-sound.ts'

/** A far end that takes a REFER tells the first news at once (RFC 3515 §2.4.4). One that says nothing for so long does not transfer. */
const REFER_NEWS_MS_MAX = 8_000

export type HandoverDeps = {
  leg: Leg
  loop: VoiceLoop
  media: MediaEngine
  terms: HandoverTerms
  asr: AsrProvider
  /** Names that the recogniser should favour. */
  hotWords: readonly string[]
  /** Whether what people say is written down. */
  transcribed: boolean
  /** Recorded files by name, and recordings by their address, as 8 kHz audio. Errors: any. */
  readSound: (file: string) => Promise<Int16Array>
  fetchSound: (url: string) => Promise<Int16Array>
  call: (phone: string, on: { onRinging(): void; onMedia(event: MediaEvent): void }, party?: Party) => SecondLeg
  /** A leg was answered, or is gone. */
  onLegs: () => void
  emit: (event: CallEvent) => void
  now: () => number
}

/** The call is over because nobody is left to talk to, or because callee and colleague went on without us. */
export type HandoverEnd = { by: 'colleague'; detail: 'colleague-hung-up' } | { by: 'robot' | 'user'; detail: 'transferred' } | { by: 'platform'; detail: 'media-failed' | 'internal-failure'; error: string }

/** What is wanted of a colleague. */
export type Wish = { phone: string; askedBy: 'robot' | 'user'; how: TransferMeans | 'parallel'; join: 'by-itself' | 'when-asked'; briefing?: readonly RecordedPart[] | undefined; party?: Party | undefined }

export class Handover {
  readonly ended: Promise<HandoverEnd>
  readonly #deps: HandoverDeps
  readonly #end = Promise.withResolvers<HandoverEnd>()
  #state: TransferState = 'none'
  #wish: Wish | undefined
  #colleague: SecondLeg | undefined
  /** Legs that were let go of and are not gone yet. */
  readonly #leaving = new Set<Promise<void>>()
  #failure: { why: TransferFailure; sipStatus?: number | undefined; error: string } | undefined
  #waiting: WaitingSound | undefined
  #letListen: (() => void) | undefined
  #ear: ColleagueEar | undefined
  #briefing: Briefing | undefined
  #joinedAtMs: number | undefined

  constructor(deps: HandoverDeps) {
    this.#deps = deps
    this.ended = this.#end.promise
  }

  get state(): TransferState {
    return this.#state
  }

  /** Since when callee and colleague talk; undefined while they do not. */
  get joinedAtMs(): number | undefined {
    return this.#joinedAtMs
  }

  /** Of the colleague's leg, when one stands. */
  dialog(): unknown {
    return this.#colleague?.dialog()
  }

  /** Only while the state is `none`. */
  begin(wish: Wish): void {
    this.#wish = wish
    this.#failure = undefined
    this.#signal(wish.how === 'refer' ? 'refer' : wish.how === 'parallel' ? 'call-aside' : 'call')
  }

  /** False when there is nothing to join. */
  join(): boolean {
    return this.#signal('join')
  }

  /** A key of the callee. Once joined it is the colleague's: events do not cross a bridge by themselves. */
  onDigit(digit: string): void {
    if (this.#state === 'joined') press(this.#colleague, digit)
  }

  /** The callee is gone: the colleague is hung up. Resolves within a few seconds. */
  async close(): Promise<void> {
    this.#signal('callee-left')
    this.#stopWaiting()
    await Promise.all(this.#leaving)
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
        this.#waiting = new WaitingSound(loop.voice, this.#wish?.party ? waitings.party : waitings.colleague, () => !loop.isClosing)
        return
      case 'ask-far-end':
        return this.#follow(this.#refer(), (signal) => this.#signal(signal))
      case 'dial':
        return this.#dial()
      case 'let-listen':
        return this.#ready()
      case 'wait-for-clause':
        loop.pause()
        this.#stopWaiting()
        return this.#follow(loop.voice.stopAfterClause(), () => this.#signal('clause-over'))
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

  /** What comes of something begun. A mistake of ours in it ends the call, not the process. */
  #follow<T>(begun: Promise<T>, then: (result: T) => void): void {
    begun.then(then).catch((error: unknown) => {
      log.error({ err: error }, 'a handover failed by itself')
      this.#end.resolve({ by: 'platform', detail: 'internal-failure', error: messageOf(error) })
    })
  }

  /** What came of asking the far end. */
  async #refer(): Promise<TransferSignal> {
    const { phone } = this.#wish!
    this.#tell('referring')
    const news = Promise.withResolvers<{ outcome: 'unknown'; status: 0 }>()
    const timer = setTimeout(() => news.resolve({ outcome: 'unknown', status: 0 }), REFER_NEWS_MS_MAX)
    const onProgress = (): void => clearTimeout(timer)
    const asked = this.#deps.leg.refer(phone, { onProgress, msMax: this.#deps.terms.ringMsMax })
    // A trunk that cannot even write it is one that does not transfer.
    const result = await Promise.race([asked, news.promise]).catch((error: unknown) => {
      log.warn({ err: error }, 'a far end could not be asked to transfer')
      return { outcome: 'refused' as const, status: 0 }
    })
    clearTimeout(timer)
    const signal = referSignal(result)
    if (signal === 'refer-failed') this.#failure = { why: result.status === 486 || result.status === 600 ? 'busy' : result.status === 603 ? 'declined' : 'no-answer', sipStatus: result.status, error: `REFER: ${result.status}` }
    return signal
  }

  #dial(): void {
    const { phone, party } = this.#wish!
    const colleague = this.#deps.call(phone, {
      onRinging: () => this.#colleague === colleague && this.#tell('ringing'),
      onMedia: (event) => this.#onColleagueMedia(event),
    }, party)
    this.#colleague = colleague
    this.#tell('calling')
    this.#follow(colleague.outcome, (outcome) => {
      if (this.#colleague !== colleague) return
      if (outcome.reached) {
        this.#deps.onLegs()
        this.#tell('answered')
        this.#follow(colleague.over, () => this.#colleague === colleague && this.#colleagueLeft())
        this.#brief(colleague)
      } else {
        this.#failure = failureOf(outcome)
        this.#signal('not-reached')
      }
    })
  }

  /** The colleague learns whom they get before they hear them. */
  #brief(colleague: SecondLeg): void {
    const { briefing = [] } = this.#wish!
    if (briefing.length === 0) return void this.#signal('answered')
    const { readSound, fetchSound, emit } = this.#deps
    this.#briefing = new Briefing(colleague.port, briefing, { readSound, fetchSound, emit })
    this.#follow(this.#briefing.over, () => this.#colleague === colleague && this.#signal('answered'))
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
    try {
      this.#letListen = media.monitor?.(leg.port, this.#colleague!.port)
    } catch (error) {
      // One of the two ports closed in this moment: its end is on the way.
      log.warn({ err: error }, 'a colleague could not listen in')
    }
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
      this.#end.resolve({ by: 'platform', detail: 'media-failed', error: messageOf(error) })
      return
    }
    this.#joinedAtMs = now()
    this.#hear()
    this.#tell('joined')
    this.#noteTransferred()
  }

  /** From here on the colleague's words belong to the conversation. */
  #hear(): void {
    const { asr, hotWords, transcribed, now, emit, loop } = this.#deps
    if (!transcribed) return
    this.#ear = new ColleagueEar({ asr, hotWords, now, emit, nextTurn: () => loop.nextTurn() })
  }

  #onColleagueMedia(event: MediaEvent): void {
    this.#ear?.onMedia(event)
    this.#briefing?.onMedia(event)
    // A key of the colleague, for a menu at the callee's side.
    if (event.type === 'digit' && this.#state === 'joined') press(this.#deps.leg, event.digit)
    if (event.type === 'closed' && event.failed !== undefined) void this.#colleague?.close()
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
    this.#deps.onLegs()
  }

  #tell(state: Extract<CallEvent, { type: 'transfer' }>['state']): void {
    const { phone, how, party } = this.#wish!
    const failed = state === 'failed' ? this.#failure : undefined
    this.#deps.emit({ type: 'transfer', how, state, phone, ...(party && { party: true as const }), ...(failed && { why: failed.why, sipStatus: failed.sipStatus, error: failed.error }) })
  }
}

function failureOf({ why, sipStatus, error }: NotReached): { why: TransferFailure; sipStatus?: number | undefined; error: string } {
  return { why, sipStatus, error }
}

function press(leg: Pick<Leg, 'sendDigits'> | undefined, digit: string): void {
  try {
    leg?.sendDigits(digit)
  } catch {
    // That phone takes no keys.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
