// One call of the softphone, out or in: a SIP dialog bound to a media port, told as events. Does not know the terminal, files or speech.
import { AppError, InvalidInputError } from '../../errors.ts'
import type { MediaEngine, MediaEvent, MediaPort, PortStats } from '../../media/engine.ts'
import type { Credentials } from '../../sip/digest.ts'
import type { IncomingCall, LegEvent, OutgoingCall } from '../../sip/leg.ts'
import type { SdpCodec } from '../../sip/sdp-formats.ts'
import { buildAnswer, buildOffer, remoteAudioOf, type LocalAudio, type RemoteAudio, type SrtpPolicy } from '../../sip/sdp.ts'
import type { Peer } from '../../sip/transport.ts'
import type { SipUserAgent } from '../../sip/user-agent.ts'

export type PhoneEnd = Extract<LegEvent, { type: 'failed' } | { type: 'ended' }>

export type PhoneEvent =
  | { type: 'progress'; status: number; reason: string; early: boolean }
  /** The stream in force, told anew whenever the far end changes it; `send` is false while it holds us. */
  | { type: 'stream'; remote: RemoteAudio }
  /** An SDP that could not be followed; the stream stays as it was. */
  | { type: 'no-stream'; detail: string }
  | { type: 'answered'; status: number }
  /** The first packet of the far end came. */
  | { type: 'sound' }
  /** Nothing came for a second. */
  | { type: 'dead-air' }
  | { type: 'digit'; digit: string; path: 'rtp' | 'info' }
  /** One of `play()` was sent to its end, or was cut by the end of the call. */
  | { type: 'played'; playout: number; heardMs: number; cut: boolean }
  /** Last event, exactly once. */
  | { type: 'over'; end: PhoneEnd }

export type PhoneCallOptions = {
  userAgent: SipUserAgent
  media: MediaEngine
  /** Numeric; bound for RTP. */
  address: string
  /** Written into SDP when far ends see another one. */
  publicAddress?: string | undefined
  /** Offered in this order, and taken from offers. Default: A-law, µ-law. */
  codecs?: readonly SdpCodec[] | undefined
  /** Default `off`. */
  srtp?: SrtpPolicy | undefined
  /** Audio per packet that we ask for; default 20. */
  ptimeMs?: number | undefined
  /** Two channels: far end, us. */
  recordingPath?: string | undefined
  onEvent: (event: PhoneEvent) => void
}

export type DialOptions = { peer: Peer; uri: string; from: string; credentials?: Credentials | undefined; ringMsMax: number }

export class PhoneCall implements AsyncDisposable {
  readonly over: Promise<PhoneEnd>
  readonly #options: PhoneCallOptions
  readonly #resolveOver: (end: PhoneEnd) => void
  #port!: MediaPort
  #call: OutgoingCall | IncomingCall | undefined
  #remote: RemoteAudio | undefined
  #playouts = 0

  private constructor(options: PhoneCallOptions) {
    this.#options = options
    const over = Promise.withResolvers<PhoneEnd>()
    this.over = over.promise
    this.#resolveOver = over.resolve
  }

  /** Sends the INVITE. Errors: InvalidInputError for an address that cannot be used; OverloadedError when no RTP port is free. */
  static async dial(dial: DialOptions, options: PhoneCallOptions): Promise<PhoneCall> {
    const call = await PhoneCall.#open(options)
    try {
      call.#call = options.userAgent.invite({
        target: dial.peer,
        requestUri: dial.uri,
        from: dial.from,
        to: dial.uri,
        credentials: dial.credentials,
        sdp: buildOffer(call.#local()),
        ringMsMax: dial.ringMsMax,
        onEvent: (event) => call.#onLeg(event),
      })
      return call
    } catch (error) {
      await call.#port.close()
      throw error
    }
  }

  /** Answers a call at once. Undefined when there is no audio in common (488 was sent). Errors: as dial(); the call is refused then. */
  static async answer(incoming: IncomingCall, options: PhoneCallOptions): Promise<PhoneCall | undefined> {
    let call: PhoneCall | undefined
    try {
      call = await PhoneCall.#open(options)
      const answer = incoming.offer === undefined ? { sdp: buildOffer(call.#local()) } : buildAnswer(incoming.offer, call.#local())
      if (answer) {
        call.#call = incoming
        if ('remote' in answer) call.#connect(answer.remote)
        incoming.listen((event) => call!.#onLeg(event))
        incoming.answer(answer.sdp)
        return call
      }
    } catch (error) {
      incoming.reject(error instanceof AppError ? 488 : 500)
      if (call) await call.#port.close()
      throw error
    }
    incoming.reject(488)
    await call.#port.close()
    return undefined
  }

  static async #open(options: PhoneCallOptions): Promise<PhoneCall> {
    const call = new PhoneCall(options)
    call.#port = await options.media.open({ address: options.address, recordingPath: options.recordingPath, onEvent: (event) => call.#onMedia(event) })
    return call
  }

  /** Queues 8 kHz audio; numbered from 0 in the order of the calls. */
  play(pcm: Int16Array): number {
    const playout = this.#playouts++
    this.#port.play(playout, pcm, true)
    return playout
  }

  /** Errors: InvalidInputError for what is no key, and when the far end takes no telephone events. */
  sendKeys(keys: string): void {
    this.#port.sendDigits(keys)
  }

  /** CANCEL or BYE, by state. */
  async hangUp(): Promise<void> {
    await this.#call?.hangUp()
  }

  /** Hangs up when the call still stands, then closes the audio and the recording. */
  async close(): Promise<PortStats> {
    await this.hangUp()
    return this.#port.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #local(): LocalAudio {
    const { publicAddress, address, codecs, srtp, ptimeMs } = this.#options
    return { address: publicAddress ?? address, port: this.#port.port, sessionId: Date.now(), version: 1, codecs, srtp, ptimeMs }
  }

  #onLeg(event: LegEvent): void {
    const tell = this.#options.onEvent
    switch (event.type) {
      case 'progress':
        if (event.status > 100) tell({ type: 'progress', status: event.status, reason: event.reason, early: event.early })
        if (event.sdp !== undefined) this.#follow(event.sdp)
        return
      case 'answered':
        if (event.sdp !== undefined) this.#follow(event.sdp)
        return tell({ type: 'answered', status: event.status })
      case 'remote-offer':
      case 'remote-answer':
        return this.#follow(event.sdp)
      case 'info-digit':
        return tell({ type: 'digit', digit: event.digit, path: 'info' })
      case 'failed':
      case 'ended':
        tell({ type: 'over', end: event })
        return this.#resolveOver(event)
      default:
        event satisfies never
    }
  }

  #onMedia(event: MediaEvent): void {
    const tell = this.#options.onEvent
    if (event.type === 'digit') tell({ type: 'digit', digit: event.digit, path: 'rtp' })
    if (event.type === 'first-packet') tell({ type: 'sound' })
    if (event.type === 'dead-air') tell({ type: 'dead-air' })
    if (event.type === 'playout-ended') tell({ type: 'played', playout: event.playout, heardMs: event.heardMs, cut: event.cut })
  }

  #follow(sdp: string): void {
    try {
      const remote = remoteAudioOf(sdp, this.#call?.localSdp)
      if (!remote) throw new InvalidInputError('sdp', 'no audio stream in a codec of ours')
      this.#connect(remote)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#options.onEvent({ type: 'no-stream', detail: error.message })
    }
  }

  /** Hold the old way names no address (RFC 3264 §8.4): the one before stays. */
  #connect(asked: RemoteAudio): void {
    const held = asked.address === '0.0.0.0' || asked.address === '::'
    if (held && !this.#remote) return
    const remote = held ? { ...asked, address: this.#remote!.address, port: this.#remote!.port, send: false } : asked
    this.#port.connect(remote)
    const same = JSON.stringify(remote) === JSON.stringify(this.#remote)
    this.#remote = remote
    if (!same) this.#options.onEvent({ type: 'stream', remote })
  }
}
