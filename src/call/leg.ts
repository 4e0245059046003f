// One outgoing leg: a SIP dialog bound to a media port. Does not know robots, words or why we call.
import type { CodecName, InbandDigits, KeyShape, LatchPolicy, MediaPort, RemoteMedia } from '../media/engine.ts'
import { AppError, InvalidInputError } from '../errors.ts'
import { log } from '../log.ts'
import { isKeys } from '../media/telephone-event.ts'
import type { LegEvent, LocalFailure, OutgoingCall, TransferOptions, TransferResult } from '../sip/leg.ts'
import { buildOffer, remoteAudioOf } from '../sip/sdp.ts'
import type { CallTrace } from '../sip/trace.ts'
import type { Peer } from '../sip/transport.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'
import type { OutcomeOverride } from './sip-outcome.ts'

/** How long a key is held that is told by INFO. */
const KEY_MS = 100

/** A carrier as this process reaches it. */
export type Trunk = {
  name: string
  userAgent: SipUserAgent
  /** Address written into SDP. */
  mediaAddress: string
  /** Where to send the INVITE, best first; looked up anew for each call. Never rejects: an empty list says that nothing was found. */
  targets(): Promise<readonly Peer[]>
  /**
   * Who calls whom, the way this carrier wants it. `phone` is E.164, `callerId` one of the trunk's own numbers.
   * Errors: RefusedError when the number that would leave is not to be dialled: then nothing was sent.
   */
  invitation(phone: string, callerId: string): TrunkInvitation
  credentials?: { username: string; password: string } | undefined
  /** What is offered, best first. */
  codecs: readonly CodecName[]
  srtp: 'off' | 'optional' | 'required'
  /** Audio per packet that we ask for. */
  ptimeMs: number
  /** From where audio is taken when it does not come from where the SDP says; default `address`. */
  latch?: LatchPolicy | undefined
  /** Whether keys are listened for as tones; default `auto`. */
  inbandDigits?: InbandDigits | undefined
  /** Offer reliable provisional responses (RFC 3262). */
  reliableProvisionals: boolean
  /** The session timer to ask for (RFC 4028); 0: none. */
  sessionSeconds: number
  /** What this carrier means by its codes and announcements; looked at before the general table. */
  outcomes?: readonly OutcomeOverride[] | undefined
  /** Every call over it is traced. */
  trace?: boolean | undefined
}

/** As the user agent takes it: URI, name-addr without tag, header values. */
export type TrunkInvitation = { requestUri: string; from: string; to: string; contactUser: string; headers: readonly (readonly [name: string, value: string])[] }

export type LegEnd =
  /** Never answered. */
  | { type: 'failed'; status: number; reason: string; q850?: number | undefined; retryAfterMs?: number | undefined; local: LocalFailure }
  /** Answered with audio that we cannot send or receive: nobody could talk. The dialog still stands. */
  | { type: 'no-audio'; status: number; detail: string }
  /** Answered, then ended by the far end, or by our SIP side because it was lost. */
  | { type: 'ended'; by: 'remote' | 'local'; q850?: number | undefined; reason?: string | undefined }

export type LegOptions = {
  /** E.164. */
  phone: string
  /** The number that the callee sees. */
  callerId: string
  ringMsMax: number
  /** Keeps the SIP messages of this leg. */
  trace?: CallTrace | undefined
  onRinging(sipStatus: number, earlyMedia: boolean): void
  /** A key press that came over SIP INFO. */
  onDigit(digit: string): void
}

export class Leg {
  readonly port: MediaPort
  readonly answered: Promise<{ type: 'answered'; status: number }>
  readonly ended: Promise<LegEnd>
  readonly #trunk: Trunk
  readonly #options: LegOptions
  #call: OutgoingCall | undefined
  #isOver = false
  #remote: RemoteMedia | undefined
  /** Keys by INFO go out one after the other. */
  #keysGoing: Promise<void> = Promise.resolve()
  #infoRefused = false
  #resolveAnswered!: (answer: { type: 'answered'; status: number }) => void
  #resolveEnded!: (end: LegEnd) => void

  constructor(trunk: Trunk, port: MediaPort, options: LegOptions) {
    this.#trunk = trunk
    this.port = port
    this.#options = options
    this.answered = new Promise((resolve) => (this.#resolveAnswered = resolve))
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
  }

  /**
   * Sends the INVITE to the first address; the others are tried when it is dead or full. Every ending arrives through `ended`.
   * Errors: those of `Trunk.invitation` and of the user agent; then nothing was sent.
   */
  dial([target, ...alternatives]: readonly [Peer, ...Peer[]]): void {
    const { userAgent, mediaAddress, credentials, codecs, srtp, ptimeMs, reliableProvisionals, sessionSeconds } = this.#trunk
    const { phone, callerId, ringMsMax, trace } = this.#options
    this.#call = userAgent.invite({
      target,
      alternatives,
      ...this.#trunk.invitation(phone, callerId),
      credentials,
      sdp: buildOffer({ address: mediaAddress, port: this.port.port, sessionId: Date.now(), version: 1, codecs, srtp, ptimeMs }),
      ringMsMax,
      reliableProvisionals,
      sessionSeconds,
      trace,
      onEvent: (event) => this.#onEvent(event),
    })
  }

  /** Where its SIP messages are kept, if they are. */
  get trace(): CallTrace | undefined {
    return this.#options.trace
  }

  /** The far end put us on hold: nothing need come in. */
  get isHeld(): boolean {
    return this.#remote?.send === false
  }

  /**
   * Presses keys for the far end, one after the other: as telephone events where it agreed to them, else by SIP INFO, and as tones in
   * the audio from the first INFO that it refuses. Errors: InvalidInputError for what is no key, and before there is audio.
   */
  sendDigits(digits: string, as?: KeyShape): void {
    const call = this.#call
    if (this.#remote?.eventPayloadType !== undefined || this.#infoRefused || !call) return this.port.sendDigits(digits, as)
    if (!isKeys(digits)) throw new InvalidInputError('digits', 'must be 1 to 64 of 0-9 * # A-D')
    if (!this.#remote) throw new InvalidInputError('digits', 'nobody is connected yet')
    this.#keysGoing = this.#keysGoing.then(() => this.#sendByInfo(call, digits, as)).catch((error: unknown) => log.warn({ err: error }, 'keys were not sent'))
  }

  async #sendByInfo(call: OutgoingCall, digits: string, as: KeyShape | undefined): Promise<void> {
    const toneMs = as?.toneMs ?? KEY_MS
    for (let at = 0; at < digits.length && !this.#isOver; at += 1) {
      const status = this.#infoRefused ? 0 : await call.sendInfo('application/dtmf-relay', `Signal=${digits[at]}\r\nDuration=${toneMs}\r\n`)
      if (status >= 200 && status < 300) continue
      this.#infoRefused = true
      if (!this.#isOver) this.port.sendDigits(digits.slice(at), as)
      return
    }
  }

  /** What a survivor needs to send BYE or CANCEL for us; undefined while there is nothing to end, or not yet. */
  dialog(): unknown {
    return this.#call?.dialogState() ?? this.#call?.ringingState()
  }

  /** Tells the far end to stop sending, or to go on (re-INVITE). Resolves with its final status; 481 while the call is not up. */
  async hold(on: boolean): Promise<number> {
    if (!this.#call) return 481
    return (await (on ? this.#call.hold() : this.#call.resume())).status
  }

  /** Asks the far end to call that phone itself, the way this trunk writes it (REFER). Errors: RefusedError as `invitation`. */
  async refer(phone: string, options: TransferOptions): Promise<TransferResult> {
    if (!this.#call) return { outcome: 'refused', status: 481 }
    return await this.#call.transfer(this.#trunk.invitation(phone, this.#options.callerId).requestUri, options)
  }

  /** CANCEL or BYE by state; resolves when the dialog is over, or after `msMax` whatever the far end does. */
  async hangUp(msMax: number): Promise<void> {
    if (!this.#call || this.#isOver) return
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#call.hangUp(), new Promise<void>((resolve) => (timer = setTimeout(resolve, msMax)))])
    clearTimeout(timer)
  }

  #onEvent(event: LegEvent): void {
    switch (event.type) {
      case 'progress':
        if (event.sdp !== undefined) this.#connect(event.sdp)
        if (event.status > 100) this.#options.onRinging(event.status, event.sdp !== undefined)
        return
      case 'answered': {
        const problem = event.sdp === undefined ? 'the answer has no SDP' : this.#connect(event.sdp)
        if (this.#remote === undefined) return this.#resolveEnded({ type: 'no-audio', status: event.status, detail: problem ?? 'no audio' })
        // What sounded while it rang is no measure of the callee's line.
        this.port.listenAnew?.()
        return this.#resolveAnswered({ type: 'answered', status: event.status })
      }
      case 'remote-offer':
      case 'remote-answer':
        // Hold, resume or another media server: the user agent has answered it.
        this.#connect(event.sdp)
        return
      case 'info-digit':
        return this.#options.onDigit(event.digit)
      case 'failed':
        this.#isOver = true
        return this.#resolveEnded({ type: 'failed', status: event.status, reason: event.reason, q850: event.q850, retryAfterMs: event.retryAfterMs, local: event.local })
      case 'ended':
        this.#isOver = true
        return this.#resolveEnded({ type: 'ended', by: event.by, q850: event.q850, reason: event.reason })
    }
  }

  /**
   * Follows the far end's SDP in force: early media first, then the answer, then changes. What cannot be followed leaves the
   * stream as it was and is told: before the answer another SDP may come, later a line without sound shows as dead air.
   */
  #connect(sdp: string): string | undefined {
    let problem: string | undefined
    try {
      const audio = remoteAudioOf(sdp, this.#call?.localSdp)
      const remote = audio && this.#onHold(audio)
      if (remote) {
        const { latch, inbandDigits } = this.#trunk
        this.port.connect({ ...remote, ...(latch && { latch }), ...(inbandDigits && { inbandDigits }) })
        this.#remote = remote
      } else {
        problem = 'no audio stream that we can use'
      }
    } catch (error) {
      // The SDP parser and the media plane refuse what they cannot use: host names, other IP versions, odd ports.
      if (!(error instanceof AppError)) throw error
      problem = error.message
    }
    if (problem !== undefined) log.warn({ problem }, 'the SDP of a far end was not followed')
    return problem
  }

  /** Hold the old way (c=0.0.0.0, RFC 3264 §8.4) names no address: the one before stays, and nothing is sent to it. */
  #onHold(audio: RemoteMedia): RemoteMedia | undefined {
    if (audio.address !== '0.0.0.0' && audio.address !== '::') return audio
    return this.#remote && { ...audio, address: this.#remote.address, port: this.#remote.port, send: false }
  }
}
