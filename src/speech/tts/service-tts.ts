// Knows synthesis by a service over WebSocket, one task per text: words go up, audio comes down. Does not know any vendor's messages: a dialect writes and reads them.
import { ProviderError } from '../../errors.ts'
import { SocketPool } from '../sockets/socket-pool.ts'
import type { ServiceAddress, ServiceSocket } from '../sockets/service-socket.ts'
import { TtsEventQueue } from './event-queue.ts'
import type { TtsEvent, TtsProvider, Voice } from './provider.ts'
import { respelledWords } from './voice-words.ts'

export type SpeechReading = { type: 'started' } | { type: 'finished' } | { type: 'failed'; reason: string; retryable: boolean }

/** One text as the vendor's messages. */
export type SpeechDialect = {
  begin(): string
  /** After the service has started: the text and its end. */
  say(): readonly string[]
  /** Undefined: nothing that matters. Errors: any for what cannot be read; the text fails then. */
  read(message: unknown): SpeechReading | undefined
}

export type TtsDialect = {
  address: ServiceAddress
  idleMsMax: number
  /** Audio comes as 8 kHz PCM. */
  speech(spoken: string, voice: Voice): SpeechDialect
}

export type SpeechLimits = { connectMsMax: number; startMsMax: number; audioMsMax: number }
export const speechLimits = {
  connectMsMax: 5_000,
  startMsMax: 5_000,
  /** Between two pieces of audio, and before the first. */
  audioMsMax: 5_000,
} as const satisfies SpeechLimits

/** About five minutes of speech; no robot says that in one go. */
const TEXT_CHARS_MAX = 1_500

export class ServiceTts implements TtsProvider {
  readonly name: string
  readonly #dialect: TtsDialect
  readonly #limits: SpeechLimits
  readonly #pool: SocketPool

  constructor(dialect: TtsDialect, limits: Partial<SpeechLimits> = {}) {
    this.name = dialect.address.provider
    this.#dialect = dialect
    this.#limits = { ...speechLimits, ...limits }
    this.#pool = new SocketPool(dialect.address, { connectMsMax: this.#limits.connectMsMax, idleMsMax: dialect.idleMsMax })
  }

  /** Connects once, so that a wrong address or key is told at the start and not by silence on the line. Errors: ProviderError. */
  async warmUp(): Promise<void> {
    this.#pool.give(await this.#pool.take())
  }

  synthesize(text: string, voice: Voice, signal: AbortSignal): AsyncIterable<TtsEvent> {
    const spoken = respelledWords(text, voice)
    if (signal.aborted || !/[\p{L}\p{N}]/u.test(spoken)) return ended({ type: 'done' })
    if (text.length > TEXT_CHARS_MAX) return ended({ type: 'failed', error: new ProviderError(this.name, `text of ${text.length} characters is longer than ${TEXT_CHARS_MAX}`, false) })
    const task = new SpeechTask(this.name, this.#dialect.speech(spoken, voice), this.#limits, this.#pool)
    const onAbort = () => task.events.cut()
    signal.addEventListener('abort', onAbort, { once: true })
    task.onOver(() => signal.removeEventListener('abort', onAbort))
    return task.events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool[Symbol.dispose]()
  }
}

function ended(event: TtsEvent): TtsEventQueue {
  const events = new TtsEventQueue()
  events.push(event)
  return events
}

class SpeechTask {
  readonly events: TtsEventQueue
  readonly #provider: string
  readonly #dialect: SpeechDialect
  readonly #limits: SpeechLimits
  readonly #pool: SocketPool
  #socket: ServiceSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #over = false
  #fitForReuse = false
  #onOver: () => void = () => {}
  /** Half a sample that waits for its other half. */
  #odd: Buffer = Buffer.alloc(0)

  constructor(provider: string, dialect: SpeechDialect, limits: SpeechLimits, pool: SocketPool) {
    this.#provider = provider
    this.#dialect = dialect
    this.#limits = limits
    this.#pool = pool
    // Whoever ends it, the reader included, the connection is let go of.
    this.events = new TtsEventQueue(() => this.#leave())
    void this.#run()
  }

  onOver(run: () => void): void {
    this.#onOver = run
  }

  async #run(): Promise<void> {
    let socket: ServiceSocket
    try {
      socket = await this.#pool.take()
    } catch (error) {
      return this.#fail(error instanceof ProviderError ? error : new ProviderError(this.#provider, String(error), true))
    }
    if (this.#over) return this.#pool.give(socket)
    this.#socket = socket
    socket.use({ onText: (text) => this.#receive(text), onAudio: (bytes) => this.#audio(bytes), onClosed: (error) => this.#fail(error) })
    if (socket.closed) return this.#fail(new ProviderError(this.#provider, 'the connection was closed', true))
    socket.send(this.#dialect.begin())
    this.#limit(this.#limits.startMsMax, 'did not start')
  }

  #receive(text: string): void {
    let reading: SpeechReading | undefined
    try {
      reading = this.#dialect.read(JSON.parse(text))
    } catch (error) {
      return this.#fail(new ProviderError(this.#provider, 'sent what cannot be read', true, { cause: error }))
    }
    switch (reading?.type) {
      case 'started':
        for (const message of this.#dialect.say()) this.#socket?.send(message)
        return this.#limit(this.#limits.audioMsMax, 'sent no audio')
      case 'finished':
        this.#fitForReuse = true
        return this.events.push({ type: 'done' })
      case 'failed':
        return this.#fail(new ProviderError(this.#provider, reading.reason, reading.retryable))
      case undefined:
        return
    }
  }

  #audio(bytes: Buffer): void {
    const whole = this.#odd.length === 0 ? bytes : Buffer.concat([this.#odd, bytes])
    const samples = whole.length >> 1
    this.#odd = whole.subarray(2 * samples)
    const pcm = new Int16Array(samples)
    for (let i = 0; i < samples; i += 1) pcm[i] = whole.readInt16LE(2 * i)
    if (samples > 0) this.events.push({ type: 'audio', pcm })
    this.#limit(this.#limits.audioMsMax, 'stopped sending audio')
  }

  #limit(ms: number, what: string): void {
    clearTimeout(this.#timer)
    if (!this.#over) this.#timer = setTimeout(() => this.#fail(new ProviderError(this.#provider, `${what} within ${ms} ms`, true)), ms)
  }

  #fail(error: ProviderError): void {
    this.events.push({ type: 'failed', error })
  }

  /** There is no way to stop a task on these services: a connection in the middle of one is dropped. */
  #leave(): void {
    this.#over = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    if (socket) this.#pool[this.#fitForReuse ? 'give' : 'drop'](socket)
    this.#onOver()
  }
}
