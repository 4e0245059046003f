// Knows how to play the caller of a simulated call. Used by tests only.
import type { IncomingCall, LegEvent, Response } from '../sip/leg.ts'
import { buildOffer } from '../sip/sdp.ts'

export const offer = buildOffer({ address: '127.0.0.1', port: 7_000, sessionId: 1, version: 1 })

/** A call at the carrier's door. What the carrier does to it is kept; what the caller does is told by the test. */
export class FakeIncomingCall implements Partial<IncomingCall> {
  readonly callId = 'call-id'
  readonly requestUri: string
  readonly from = '<sip:02160001000@platform.example>'
  readonly to: string
  readonly offer: string | undefined
  answerOffer: IncomingCall['answerOffer']
  readonly done: string[] = []
  readonly headers: (readonly (readonly [string, string])[] | undefined)[] = []
  /** The caller acknowledges an answer at once. */
  acknowledges = true
  #onEvent: (event: LegEvent) => void = () => {}
  #over = false

  constructor(number: string, sdp: string | undefined = offer) {
    this.requestUri = number.startsWith('sip:') || number.startsWith('tel:') ? number : `sip:${number}@127.0.0.1`
    this.to = `<${this.requestUri}>`
    this.offer = sdp
  }

  /** As the carrier sees it: of the whole contract, what a carrier uses. */
  get call(): IncomingCall {
    return this as Partial<IncomingCall> as IncomingCall
  }

  header(): string[] {
    return []
  }

  listen(onEvent: (event: LegEvent) => void): void {
    this.#onEvent = onEvent
  }

  progress(status: number, response?: Response): boolean {
    return this.#do(`${status}${response?.sdp === undefined ? '' : ' with media'}`)
  }

  answer(): boolean {
    if (!this.#do('200')) return false
    if (this.acknowledges) this.#onEvent({ type: 'answered', status: 200, sdp: offer })
    return true
  }

  reject(status: number, response?: Omit<Response, 'sdp'>): boolean {
    if (!this.#do(String(status))) return false
    this.headers.push(response?.headers)
    this.end({ type: 'failed', status, reason: '', local: undefined })
    return true
  }

  async hangUp(): Promise<void> {
    if (this.#do('BYE')) this.end({ type: 'ended', by: 'local' })
  }

  dialogState(): undefined {
    return undefined
  }

  /** CANCEL or BYE of the caller. */
  end(event: LegEvent = { type: 'ended', by: 'remote' }): void {
    if (this.#over) return
    this.#over = true
    this.#onEvent(event)
  }

  #do(what: string): boolean {
    if (this.#over) return false
    this.done.push(what)
    return true
  }
}
