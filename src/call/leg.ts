// One outgoing leg: a SIP dialog bound to a media port. Does not know robots, words or why we call.
import type { MediaPort } from '../media/engine.ts'
import { ProtocolError } from '../errors.ts'
import type { LegEvent, LocalFailure, OutgoingCall } from '../sip/leg.ts'
import { buildOffer, remoteAudioOf } from '../sip/sdp.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'

/** A carrier as this process reaches it. */
export type Trunk = {
  name: string
  userAgent: SipUserAgent
  /** Address written into SDP. */
  mediaAddress: string
  target: { address: string; port: number }
  /** Domain of From, To and Request-URI. */
  domain: string
  callerId: string
  credentials?: { username: string; password: string } | undefined
}

export type LegEnd =
  /** Never answered. */
  | { type: 'failed'; status: number; reason: string; q850?: number | undefined; local: LocalFailure }
  /** Answered, then ended by the far end (or lost). */
  | { type: 'ended'; q850?: number | undefined; reason?: string | undefined }

export type LegOptions = {
  /** E.164. */
  phone: string
  ringMsMax: number
  onRinging(sipStatus: number, earlyMedia: boolean): void
  /** A key press that came over SIP INFO. */
  onDigit(digit: string): void
}

/** Digits as a mainland carrier dials them: 13800138000, 02158881234. */
export function nationalDigits(phone: string): string {
  const national = phone.replace(/^\+86/, '')
  return /^1[3-9]\d{9}$/.test(national) ? national : `0${national}`
}

export class Leg {
  readonly port: MediaPort
  readonly answered: Promise<{ type: 'answered'; status: number }>
  readonly ended: Promise<LegEnd>
  readonly #trunk: Trunk
  readonly #options: LegOptions
  #call: OutgoingCall | undefined
  #isOver = false
  #resolveAnswered!: (answer: { type: 'answered'; status: number }) => void
  #resolveEnded!: (end: LegEnd) => void

  constructor(trunk: Trunk, port: MediaPort, options: LegOptions) {
    this.#trunk = trunk
    this.port = port
    this.#options = options
    this.answered = new Promise((resolve) => (this.#resolveAnswered = resolve))
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
  }

  /** Sends the INVITE. Every ending arrives through `ended`. */
  dial(): void {
    const { userAgent, mediaAddress, target, domain, callerId, credentials } = this.#trunk
    const digits = nationalDigits(this.#options.phone)
    this.#call = userAgent.invite({
      target,
      requestUri: `sip:${digits}@${domain}`,
      from: `<sip:${callerId}@${domain}>`,
      to: `<sip:${digits}@${domain}>`,
      contactUser: callerId,
      credentials,
      sdp: buildOffer({ address: mediaAddress, port: this.port.port, sessionId: Date.now(), version: 1 }),
      ringMsMax: this.#options.ringMsMax,
      onEvent: (event) => this.#onEvent(event),
    })
  }

  /** What a survivor needs to send BYE for us. */
  dialog(): unknown {
    return this.#call?.dialogState()
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
      case 'answered':
        if (event.sdp !== undefined) this.#connect(event.sdp)
        return this.#resolveAnswered({ type: 'answered', status: event.status })
      case 'remote-offer':
      case 'remote-answer':
        // Hold, resume or another media server: the user agent has answered it.
        return this.#connect(event.sdp)
      case 'info-digit':
        return this.#options.onDigit(event.digit)
      case 'failed':
        this.#isOver = true
        return this.#resolveEnded({ type: 'failed', status: event.status, reason: event.reason, q850: event.q850, local: event.local })
      case 'ended':
        this.#isOver = true
        return this.#resolveEnded({ type: 'ended', q850: event.q850, reason: event.reason })
    }
  }

  /** The far end's SDP in force: early media first, then the answer. An SDP without usable audio is left alone; silence shows as dead air. */
  #connect(sdp: string): void {
    try {
      const audio = remoteAudioOf(sdp)
      if (audio) this.port.connect(audio)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }
}
