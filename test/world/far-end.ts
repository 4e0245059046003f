// A carrier for a test, in the process of the test: real SIP and RTP, and it knows what became of each call. Does not know who calls.
import { PhoneCall, type PhoneEnd } from '../../src/cli/softphone/phone-call.ts'
import { log } from '../../src/log.ts'
import type { MediaEngine } from '../../src/media/engine.ts'
import { createMediaEngine } from '../../src/media/worker-engine.ts'
import type { IncomingCall, LegEvent } from '../../src/sip/leg.ts'
import { SipUserAgent } from '../../src/sip/user-agent.ts'

/** What it does with a call: never says more than 100, rings for ever, or answers and sends silence. */
export type FarEndManner = 'mute' | 'rings' | 'answers'

export type FarEndCall = {
  manner: FarEndManner
  atMs: number
  /** The end of the call as the far end sees it. */
  over: PhoneEnd | Extract<LegEvent, { type: 'failed' | 'ended' }> | undefined
}

export class FarEnd implements AsyncDisposable {
  readonly port: number
  /** Every INVITE that came, by the number dialled. */
  readonly calls = new Map<string, FarEndCall[]>()
  readonly #agent: SipUserAgent
  readonly #media: MediaEngine
  readonly #mannerOf: (number: string) => FarEndManner
  readonly #answered: PhoneCall[] = []

  private constructor(agent: SipUserAgent, media: MediaEngine, mannerOf: (number: string) => FarEndManner) {
    this.#agent = agent
    this.#media = media
    this.#mannerOf = mannerOf
    this.port = agent.port
  }

  static async start(mannerOf: (number: string) => FarEndManner): Promise<FarEnd> {
    // A carrier takes every call, however busy the machine of the test is.
    const media = await createMediaEngine({ workers: 1, portMin: 17_000, portMax: 18_998, admission: { busyMax: 1, lateMsMax: 5_000 }, log })
    let take: (call: IncomingCall) => void = () => {}
    const agent = await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, userAgent: 'far-end', onCall: (call) => take(call) })
    const farEnd = new FarEnd(agent, media, mannerOf)
    take = (call) => void farEnd.#take(call)
    return farEnd
  }

  async #take(call: IncomingCall): Promise<void> {
    const number = /^sip:(\d+)@/.exec(call.requestUri)?.[1] ?? call.requestUri
    const manner = this.#mannerOf(number)
    const seen: FarEndCall = { manner, atMs: Date.now(), over: undefined }
    this.calls.set(number, [...(this.calls.get(number) ?? []), seen])
    if (manner === 'answers') {
      const phone = await PhoneCall.answer(call, { userAgent: this.#agent, media: this.#media, address: '127.0.0.1', onEvent: (event) => event.type === 'over' && (seen.over = event.end) })
      if (phone) this.#answered.push(phone)
      return
    }
    call.listen((event) => {
      if (event.type === 'failed' || event.type === 'ended') seen.over = event
    })
    if (manner === 'rings') call.progress(180)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#answered.map((phone) => phone.close().catch(() => {})))
    await this.#agent[Symbol.asyncDispose]()
    await this.#media[Symbol.asyncDispose]()
  }
}
