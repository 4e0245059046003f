// The simulated carrier: takes calls over real SIP and plays the part the number asks for. Does not know the platform that calls it.
import type { MediaEngine, MediaPort } from '../media/engine.ts'
import { nowMs } from '../media/frame.ts'
import type { IncomingCall, LegEvent } from '../sip/leg.ts'
import { sdpCodecs } from '../sip/sdp-formats.ts'
import { buildAnswer } from '../sip/sdp.ts'
import { parseUri, subscriberOf } from '../sip/uri.ts'
import { log } from '../log.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { Speaker } from '../speech/speaker.ts'
import { defaultVoice, type TtsProvider } from '../speech/tts/provider.ts'
import { Callee } from './callee.ts'
import { behaviourOf, type Behaviour } from './numbers.ts'
import { type CalleeScript, loadPersona, type Persona, PersonaScript } from './persona.ts'

/**
 * `genericCodes`: every refusal is a 480 without a cause, as some networks answer; only what is heard tells more.
 * `cast`: callees of somebody's own by their mainland digits; undefined leaves a number to the table.
 */
export type CarrierDeps = { address: string; media: MediaEngine; asr: AsrProvider; tts: TtsProvider; announcerVoice: string; genericCodes: boolean; onSaid?: (call: IncomingCall, text: string) => void; cast?: ((digits: string) => CalleeScript | undefined) | undefined; now?: () => number }

/** A second attempt within this time is the one that a congested number answers. */
const CONGESTION_MS = 60_000
/** Between the rounds of an announcement. */
const ANNOUNCEMENT_PAUSE_MS = 1_000
const CAST_RING_MS = 300
/** Lines that nobody ends are ended by the carrier. */
const CALL_MS_MAX = 15 * 60_000

export class Carrier {
  readonly #deps: CarrierDeps
  readonly #now: () => number
  readonly #personas = new Map<string, Persona>()
  /** Numbers whose first attempt was refused, and when. */
  readonly #congested = new Map<string, number>()

  constructor(deps: CarrierDeps) {
    this.#deps = deps
    this.#now = deps.now ?? nowMs
  }

  /** Entry for the user agent's `onCall`. A call that goes wrong here is refused and logged; the carrier goes on. */
  take(call: IncomingCall): void {
    const digits = calledDigits(call.requestUri)
    const script = this.#deps.cast?.(digits)
    const played = script ? this.#answer(call, new Over(call), CAST_RING_MS, script) : this.#play(call, this.#choose(digits))
    played.catch((error: unknown) => {
      log.error({ err: error }, 'simulated call failed')
      if (!call.reject(500)) void call.hangUp()
    })
  }

  #choose(digits: string): Behaviour {
    const behaviour = behaviourOf(digits)
    if (behaviour.kind !== 'congested-once') return behaviour
    const before = this.#congested.get(digits)
    this.#congested.delete(digits)
    if (before !== undefined && this.#now() - before < CONGESTION_MS) return { kind: 'answers', persona: behaviour.persona, ringMs: 600 }
    this.#congested.set(digits, this.#now())
    return { kind: 'refuses', status: 503, reason: 'Service Unavailable', q850: 34, ringMs: 0 }
  }

  async #play(call: IncomingCall, behaviour: Behaviour): Promise<void> {
    const over = new Over(call)
    switch (behaviour.kind) {
      case 'rings':
        call.progress(180)
        return
      case 'refuses':
        if (behaviour.ringMs > 0) call.progress(180)
        if (await over.sleep(behaviour.ringMs)) this.#refuse(call, behaviour)
        return
      case 'announces':
        return this.#announce(call, over, behaviour)
      case 'answers':
        return this.#answer(call, over, behaviour.ringMs, new PersonaScript(this.#persona(behaviour.persona)))
      case 'congested-once':
        throw new Error('chosen before')
    }
  }

  /** Early media: the announcement twice, then the final code, as networks do. */
  async #announce(call: IncomingCall, over: Over, behaviour: Extract<Behaviour, { kind: 'announces' }>): Promise<void> {
    await using line = await this.#openLine(call)
    if (!line || over.isOver) return
    call.progress(183, { reason: 'Session Progress', sdp: line.sdp })
    let spoken = Promise.withResolvers<void>()
    const speaker = new Speaker({
      port: line.port,
      tts: this.#deps.tts,
      voice: { ...defaultVoice, name: this.#deps.announcerVoice },
      now: this.#now,
      onStarted: () => {},
      onEnded: () => spoken.resolve(),
      onFailed: () => spoken.resolve(),
    })
    line.onEvent = (event) => speaker.onMediaEvent(event)
    for (const round of [1, 2]) {
      spoken = Promise.withResolvers()
      speaker.say({ id: String(round), text: behaviour.text, interruptible: false })
      await Promise.race([spoken.promise, over.promise])
      if (round === 1 && !(await over.sleep(ANNOUNCEMENT_PAUSE_MS))) break
    }
    speaker.close()
    if (await over.sleep(500)) this.#refuse(call, behaviour)
  }

  #refuse(call: IncomingCall, { status, reason, q850: cause }: { status: number; reason: string; q850: number }): void {
    if (this.#deps.genericCodes) call.reject(480, { reason: 'Temporarily Unavailable' })
    else call.reject(status, { reason, headers: [q850(cause)] })
  }

  async #answer(call: IncomingCall, over: Over, ringMs: number, script: CalleeScript): Promise<void> {
    call.progress(180)
    if (!(await over.sleep(ringMs))) return
    await using line = await this.#openLine(call)
    if (!line || over.isOver || !call.answer(line.sdp)) return
    await Promise.race([over.answered, over.promise])
    if (over.isOver) return
    const callee = new Callee({ port: line.port, asr: this.#deps.asr, tts: this.#deps.tts, script, now: this.#now, onSaid: (text) => this.#deps.onSaid?.(call, text), hangUp: () => void call.hangUp({ q850: 16 }) })
    line.onEvent = (event) => callee.onMediaEvent(event)
    const limit = setTimeout(() => void call.hangUp({ q850: 102 }), CALL_MS_MAX)
    try {
      await over.promise
    } finally {
      clearTimeout(limit)
      callee.close()
    }
  }

  #persona(name: string): Persona {
    let persona = this.#personas.get(name)
    if (!persona) this.#personas.set(name, (persona = loadPersona(name)))
    return persona
  }

  /** A media port that answers the caller's offer, in its first codec that we have and encrypted where it allows; refuses the call when there is no audio in common. Errors: what the offer or the port throws. */
  async #openLine(call: IncomingCall): Promise<Line | undefined> {
    const line = new Line()
    line.port = await this.#deps.media.open({ address: this.#deps.address, onEvent: (event) => line.onEvent(event) })
    try {
      const answer = call.offer === undefined ? undefined : buildAnswer(call.offer, { address: this.#deps.address, port: line.port.port, sessionId: Date.now(), version: 1, codecs: sdpCodecs, srtp: 'optional' })
      if (answer) {
        line.port.connect(answer.remote)
        line.sdp = answer.sdp
        return line
      }
      call.reject(488)
    } catch (error) {
      await line.port.close()
      throw error
    }
    await line.port.close()
    return undefined
  }
}

class Line implements AsyncDisposable {
  port!: MediaPort
  sdp = ''
  onEvent: Parameters<MediaEngine['open']>[0]['onEvent'] = () => {}
  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.close()
  }
}

/** The end of a call, however it comes. */
class Over {
  isOver = false
  readonly promise: Promise<void>
  readonly answered: Promise<void>

  constructor(call: IncomingCall) {
    const over = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    this.promise = over.promise
    this.answered = answered.promise
    call.listen((event: LegEvent) => {
      if (event.type === 'answered') answered.resolve()
      if (event.type !== 'failed' && event.type !== 'ended') return
      this.isOver = true
      over.resolve()
    })
  }

  /** False when the call ended meanwhile. */
  async sleep(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), this.promise])
    clearTimeout(timer)
    return !this.isOver
  }
}

const q850 = (cause: number): [string, string] => ['Reason', `Q.850;cause=${cause}`]

/** The number in the Request-URI as mainland digits. */
function calledDigits(requestUri: string): string {
  return (subscriberOf(parseUri(requestUri)) ?? '').replace(/^\+?86(?=1[3-9]\d{9}$)/, '')
}
