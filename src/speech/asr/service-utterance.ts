// Knows one utterance on its way to a recognition service and back: audio kept until it may be sent, limits, words in order.
// Does not know any vendor's messages, or other utterances of the call.
import { ProviderError } from '../../errors.ts'
import { log } from '../../log.ts'
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'
import { Resampler } from '../../media/resample.ts'
import type { ServiceSocket } from '../sockets/service-socket.ts'
import type { SocketPool } from '../sockets/socket-pool.ts'
import { AudioClock } from './audio-clock.ts'
import type { AsrEvent } from './provider.ts'
import type { AsrDialect, Reading, UtteranceDialect } from './service-dialect.ts'

export type Final = Extract<AsrEvent, { type: 'final' }>

export type ServiceLimits = { connectMsMax: number; startMsMax: number; finishMsMax: number }
export const serviceLimits = { connectMsMax: 5_000, startMsMax: 5_000, finishMsMax: 3_000 } as const satisfies ServiceLimits

/** For services that give no figure. */
const CONFIDENCE_UNKNOWN = 0.9
/** A gap between frames is sent as silence, up to this: words keep their time by the clock anyway. */
const GAP_MS_MAX = 1_000
const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1_000

type UtteranceEvents = {
  onPartial(event: Extract<AsrEvent, { type: 'partial' }>): void
  /** `final` is there. */
  onFinal(): void
  onFailed(error: ProviderError): void
}

/** `connecting` and `starting` keep the audio; `streaming` sends it; `finishing` waits for the last words. */
type Step = 'connecting' | 'starting' | 'streaming' | 'finishing' | 'over'

/** One stretch of speech on its way to the service and back. */
export class ServiceUtterance {
  final: Final | undefined
  ended = false
  readonly #dialect: AsrDialect
  readonly #messages: UtteranceDialect
  readonly #limits: ServiceLimits
  readonly #pool: SocketPool
  readonly #events: UtteranceEvents
  readonly #clock = new AudioClock()
  readonly #upsample: Resampler | undefined
  /** Audio not sent yet, oldest first; bounded by the limits for connecting and starting. */
  #waiting: Int16Array[] = []
  #waitingMs = 0
  #socket: ServiceSocket | undefined
  #step: Step = 'connecting'
  #timer: NodeJS.Timeout | undefined
  #sentences: { text: string; beginMs: number | undefined; endMs: number | undefined; confidence: number }[] = []
  #partial = ''

  constructor(dialect: AsrDialect, messages: UtteranceDialect, limits: ServiceLimits, pool: SocketPool, events: UtteranceEvents) {
    this.#dialect = dialect
    this.#messages = messages
    this.#limits = limits
    this.#pool = pool
    this.#events = events
    if (dialect.sampleRateHz !== SAMPLE_RATE_HZ) this.#upsample = new Resampler(SAMPLE_RATE_HZ, dialect.sampleRateHz)
    void this.#connect()
  }

  push(frame: Frame, atMs: number): void {
    const missing = Math.round(Math.min(this.#clock.gapMs(atMs), GAP_MS_MAX) / FRAME_MS)
    if (missing > 0) this.#push(new Int16Array(missing * FRAME_SAMPLES), atMs - missing * FRAME_MS)
    this.#push(frame, atMs)
  }

  end(): void {
    this.ended = true
    if (this.#step === 'streaming') this.#sendEnd()
  }

  drop(): void {
    this.#leave('drop')
  }

  #push(pcm: Int16Array, atMs: number): void {
    this.#clock.push(pcm.length, atMs)
    this.#waiting.push(this.#upsample ? this.#upsample.push(pcm) : pcm)
    this.#waitingMs += pcm.length / SAMPLES_PER_MS
    if (this.#step === 'streaming' && this.#waitingMs >= this.#dialect.chunkMs) this.#sendAudio()
  }

  async #connect(): Promise<void> {
    let socket: ServiceSocket
    try {
      socket = await this.#pool.take()
    } catch (error) {
      return this.#fail(error instanceof ProviderError ? error : this.#error(String(error), true))
    }
    if (this.#step === 'over') return this.#pool.give(socket)
    this.#socket = socket
    socket.use({ onText: (text) => this.#receive(text), onAudio: () => {}, onClosed: (error) => this.#fail(error) })
    // It may have gone between being free and being used.
    if (socket.closed) return this.#fail(this.#error('the connection was closed', true))
    socket.send(this.#messages.begin())
    if (!this.#dialect.waitsForStart) return this.#stream()
    this.#step = 'starting'
    this.#limit(this.#limits.startMsMax, 'did not start')
  }

  #stream(): void {
    clearTimeout(this.#timer)
    this.#step = 'streaming'
    if (this.#waitingMs >= this.#dialect.chunkMs) this.#sendAudio()
    if (this.ended) this.#sendEnd()
  }

  #sendAudio(): void {
    const bytes = Buffer.concat(this.#waiting.map((pcm) => new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)))
    if (bytes.length > 0) this.#socket!.send(bytes)
    this.#waiting = []
    this.#waitingMs = 0
  }

  #sendEnd(): void {
    if (this.#upsample) this.#waiting.push(this.#upsample.flush())
    this.#sendAudio()
    this.#step = 'finishing'
    this.#socket!.send(this.#messages.end())
    this.#limit(this.#limits.finishMsMax, 'gave no result')
  }

  #limit(ms: number, what: string): void {
    this.#timer = setTimeout(() => this.#fail(this.#error(`${what} within ${ms} ms`, true)), ms)
  }

  #receive(text: string): void {
    let readings: readonly Reading[]
    try {
      readings = this.#messages.read(JSON.parse(text))
    } catch (error) {
      log.warn({ provider: this.#dialect.address.provider, bytes: text.length }, 'a message of a recognition service could not be read')
      return this.#fail(this.#error('sent what cannot be read', true, { cause: error }))
    }
    for (const reading of readings) {
      if (this.#step === 'over') return
      this.#take(reading)
    }
  }

  #take(reading: Reading): void {
    switch (reading.type) {
      case 'started':
        if (this.#step === 'starting') this.#stream()
        return
      case 'partial':
        if (reading.text === this.#partial) return
        this.#partial = reading.text
        return this.#events.onPartial({ type: 'partial', text: this.#text(), ...this.#span() })
      case 'sentence':
        this.#partial = ''
        this.#sentences.push({ text: reading.text, beginMs: reading.beginMs, endMs: reading.endMs, confidence: reading.confidence ?? CONFIDENCE_UNKNOWN })
        return this.#events.onPartial({ type: 'partial', text: this.#text(), ...this.#span() })
      case 'finished':
        // What ends before we did is the service's own limit: the words count, and what follows goes to a new task.
        this.ended = true
        this.final = { type: 'final', text: this.#text(), ...this.#span(), confidence: Math.min(1, ...this.#sentences.map(({ confidence }) => confidence)) }
        this.#leave(this.#dialect.reusable ? 'give' : 'drop')
        return this.#events.onFinal()
      case 'failed':
        return this.#fail(this.#error(reading.reason, reading.retryable))
    }
  }

  #text(): string {
    return [...this.#sentences.map(({ text }) => text), this.#partial].reduce((before, after) => (/[A-Za-z0-9]$/.test(before) && /^[A-Za-z0-9]/.test(after) ? `${before} ${after}` : before + after), '')
  }

  /** From the first word to the last as far as the service tells; the audio otherwise. */
  #span(): { beginAtMs: number; endAtMs: number } {
    const lengthMs = this.#clock.lengthMs
    const within = (ms: number) => this.#clock.at(Math.min(Math.max(ms, 0), lengthMs))
    const last = this.#partial === '' ? this.#sentences.at(-1)?.endMs : undefined
    const first = this.#sentences[0]?.beginMs
    return { beginAtMs: within(first ?? 0), endAtMs: within(last ?? lengthMs) }
  }

  #error(message: string, retryable: boolean, options?: ErrorOptions): ProviderError {
    return new ProviderError(this.#dialect.address.provider, message, retryable, options)
  }

  #fail(error: ProviderError): void {
    if (this.#step === 'over') return
    this.#leave('drop')
    this.#events.onFailed(error)
  }

  #leave(how: 'give' | 'drop'): void {
    if (this.#step === 'over') return
    this.#step = 'over'
    clearTimeout(this.#timer)
    this.#waiting = []
    if (this.#socket) this.#pool[how](this.#socket)
  }
}
