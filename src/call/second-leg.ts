// One more phone in a call: its port beside the call's, its admission, its dialog, its end. Does not know why it is called.
import { AppError, assertNever, OverloadedError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import type { MediaEngine, MediaEvent, MediaPort } from '../media/engine.ts'
import { nowMs } from '../media/frame.ts'
import type { CallTrace } from '../sip/trace.ts'
import type { LegHooks, LegRoom, Party } from './controls.ts'
import { Leg, type LegEnd, type Trunk } from './leg.ts'
import { transferFailureOf, type TransferFailure } from './transfer.ts'

const HANG_UP_MS_MAX = 5_000

export type SecondLegDeps = {
  trunk: Trunk
  media: MediaEngine
  mediaAddress: string
  /** The call's own port. */
  beside: MediaPort
  hooks: LegHooks
  /** Of the call; this leg goes into it as well. */
  trace?: CallTrace | undefined
}

export type SecondLegOptions = {
  /** E.164. */
  phone: string
  party?: Party | undefined
  ringMsMax: number
  onRinging(): void
  onMedia(event: MediaEvent): void
}

/** `error`: in no fixed language. */
export type NotReached = { reached: false; why: TransferFailure; sipStatus?: number | undefined; error: string }

export class SecondLeg implements AsyncDisposable {
  readonly phone: string
  /** Answered, or not and why. Never rejects. */
  readonly outcome: Promise<{ reached: true } | NotReached>
  /** An answered leg is over, whoever ended it. Stays open for a leg that was never answered. */
  readonly over: Promise<void>
  readonly #deps: SecondLegDeps
  readonly #options: SecondLegOptions
  readonly #over = Promise.withResolvers<void>()
  readonly #left = Promise.withResolvers<NotReached>()
  #port: MediaPort | undefined
  #leg: Leg | undefined
  #room: LegRoom | undefined
  #closing: Promise<void> | undefined

  constructor(deps: SecondLegDeps, options: SecondLegOptions) {
    this.#deps = deps
    this.#options = options
    this.phone = options.phone
    this.over = this.#over.promise
    this.outcome = this.#dial().catch((error: unknown) => this.#failed(error))
  }

  /** Open once `outcome` says that it was reached. */
  get port(): MediaPort {
    if (!this.#port) throw new Error('a leg that was not reached has no port')
    return this.#port
  }

  /** As `Leg.sendDigits`; nothing while it is not dialled. */
  sendDigits(digits: string): void {
    this.#leg?.sendDigits(digits)
  }

  dialog(): unknown {
    return this.#leg?.dialog()
  }

  /** Hangs up, in whatever state, and lets go of port and room. Resolves within a few seconds. Safe to call twice. */
  close(): Promise<void> {
    this.#left.resolve({ reached: false, why: 'left', error: 'the call let go of it' })
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #dial(): Promise<{ reached: true } | NotReached> {
    const { trunk, media, mediaAddress, beside, hooks, trace } = this.#deps
    const { phone, party, ringMsMax } = this.#options
    const room = await hooks.admit(phone, party)
    // Nobody waits for it any more: the room goes back at once.
    if (this.#closing) room.giveBack()
    else this.#room = room
    if (!this.#closing) this.#keepPort(await media.open({ address: mediaAddress, beside, onEvent: (event) => this.#options.onMedia(event) }))
    const [first, ...others] = this.#closing ? [] : await trunk.targets()
    if (this.#closing) return await this.#left.promise
    if (!first) return this.#notReached({ why: 'unreachable', error: 'the trunk has no address' })
    hooks.beforeInvite(phone)
    const leg = new Leg(trunk, this.port, { phone, callerId: room.callerId, ringMsMax, trace, onRinging: () => this.#options.onRinging(), onDigit: (digit) => this.#options.onMedia({ type: 'digit', atMs: nowMs(), digit }) })
    this.#leg = leg
    leg.dial([first, ...others])
    const answer = await Promise.race([leg.answered, leg.ended, this.#left.promise])
    if ('reached' in answer) return answer
    if (answer.type !== 'answered') return this.#notReached(whyOf(answer))
    void leg.ended.then(() => this.#over.resolve())
    return { reached: true }
  }

  #failed(error: unknown): NotReached {
    if (!(error instanceof AppError)) log.error({ err: error }, 'a second leg failed by itself')
    const why = error instanceof RefusedError || error instanceof OverloadedError ? 'refused' : 'unreachable'
    return this.#notReached({ why, error: error instanceof Error ? error.message : String(error) })
  }

  #notReached(more: Omit<NotReached, 'reached'>): NotReached {
    void this.close()
    return { reached: false, ...more }
  }

  #keepPort(port: MediaPort): void {
    this.#port = port
    if (this.#closing) void port.close()
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([this.#leg?.hangUp(HANG_UP_MS_MAX), this.#port?.close()])
    } catch (error) {
      log.error({ err: error }, 'a second leg did not close')
    }
    this.#room?.giveBack()
    this.#over.resolve()
  }
}

function whyOf(end: LegEnd): Omit<NotReached, 'reached'> {
  switch (end.type) {
    case 'failed':
      return { why: end.local === 'transport' ? 'unreachable' : transferFailureOf(end.status, end.local === 'timeout'), sipStatus: end.status, error: `${end.status} ${end.reason}` }
    case 'no-audio':
      return { why: 'unreachable', sipStatus: end.status, error: end.detail }
    case 'ended':
      return { why: 'left', error: end.reason ?? 'hung up' }
    default:
      return assertNever(end)
  }
}
