// Knows recognition by a sherpa-onnx model on this machine, in a child process: audio goes over, words come back. Does not know model folders or processes.
import { ProviderError } from '../../errors.ts'
import { FRAME_MS, FRAME_SAMPLES, type Frame } from '../../media/frame.ts'
import { SherpaHost, type HostLimits } from '../sherpa/host.ts'
import { modelOrder } from '../sherpa/model-order.ts'
import { readModelFolder } from '../sherpa/model-folder.ts'
import { AudioClock } from './audio-clock.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from './provider.ts'

export type SherpaAsrOptions = {
  /** Folder of the model. */
  model: string
  /** Threads that the network runs on. */
  threads?: number | undefined
  /** What to load instead of the package; for tests. */
  engine?: string | undefined
  limits?: Partial<HostLimits & { answerMsMax: number }> | undefined
}

const PROVIDER = 'sherpa'
/** A result later than this is of no use to a conversation. */
const ANSWER_MS_MAX = 5_000
const GAP_MS_MAX = 1_000
/** Audio per message to the child: fewer messages, and hardly later words. */
const CHUNK_SAMPLES = 4 * FRAME_SAMPLES
const CONFIDENCE_UNKNOWN = 0.9
/** Models tell where a word begins; the last one ends about this much later. */
const LAST_WORD_MS = 200

type Final = Extract<AsrEvent, { type: 'final' }>
type Utterance = { id: number | undefined; clock: AudioClock; chunk: Int16Array[]; ended: boolean; final: Final | undefined; timer: NodeJS.Timeout | undefined }

export class SherpaAsr implements AsrProvider {
  readonly name = PROVIDER
  readonly capabilities: AsrProvider['capabilities']
  readonly #host: SherpaHost
  readonly #answerMsMax: number
  readonly #streams = new Set<SherpaStream>()
  #closed = false

  constructor({ model, threads, engine, limits }: SherpaAsrOptions) {
    const folder = readModelFolder(model, 'asr')
    this.capabilities = { partials: folder.ok && folder.model.mode === 'streaming', hotWords: false, understands: 'people' }
    this.#host = new SherpaHost(PROVIDER, modelOrder(model, 'asr', { threads, engine }), limits)
    this.#answerMsMax = limits?.answerMsMax ?? ANSWER_MS_MAX
  }

  /** For diagnosis. */
  get pid(): number | undefined {
    return this.#host.pid
  }

  /** Loads the model. Errors: ProviderError with the reason in words. */
  async warmUp(): Promise<void> {
    await this.#host.ready()
  }

  open(options: AsrOptions): AsrStream {
    const stream = new SherpaStream(this.#host, options, this.#answerMsMax, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    if (this.#closed) stream.fail(new ProviderError(PROVIDER, 'is closed', false))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams) stream.fail(new ProviderError(PROVIDER, 'is closed', false))
    await this.#host[Symbol.asyncDispose]()
  }
}

class SherpaStream implements AsrStream {
  readonly #host: SherpaHost
  readonly #options: AsrOptions
  readonly #answerMsMax: number
  readonly #onOver: () => void
  /** Oldest first. All but the last are waiting for their words; finals are told in order. */
  readonly #utterances: Utterance[] = []
  #lastAtMs = 0
  #over = false

  constructor(host: SherpaHost, options: AsrOptions, answerMsMax: number, onOver: () => void) {
    this.#host = host
    this.#options = options
    this.#answerMsMax = answerMsMax
    this.#onOver = onOver
  }

  push(frame: Frame, atMs: number): void {
    if (this.#over) return
    let current = this.#utterances.at(-1)
    if (!current || current.ended) this.#utterances.push((current = this.#begin()))
    const missing = Math.round(Math.min(current.clock.gapMs(atMs), GAP_MS_MAX) / FRAME_MS)
    if (missing > 0) this.#keep(current, new Int16Array(missing * FRAME_SAMPLES), atMs - missing * FRAME_MS)
    this.#keep(current, Int16Array.from(frame), atMs)
    this.#lastAtMs = atMs
  }

  endUtterance(): void {
    if (this.#over) return
    const current = this.#utterances.at(-1)
    if (!current || current.ended) {
      this.#utterances.push({ id: undefined, clock: new AudioClock(), chunk: [], ended: true, final: { type: 'final', text: '', beginAtMs: this.#lastAtMs, endAtMs: this.#lastAtMs, confidence: 1 }, timer: undefined })
      return this.#tellFinals()
    }
    current.ended = true
    this.#send(current)
    this.#host.send({ op: 'end', id: current.id! })
    current.timer = setTimeout(() => this.fail(new ProviderError(PROVIDER, `gave no result within ${this.#answerMsMax} ms`, true)), this.#answerMsMax)
  }

  [Symbol.dispose](): void {
    this.#finish()
  }

  fail(error: ProviderError): void {
    if (!this.#finish()) return
    // Never before open() has returned.
    queueMicrotask(() => this.#options.onEvent({ type: 'failed', error }))
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    for (const { id, timer } of this.#utterances.splice(0)) {
      clearTimeout(timer)
      if (id !== undefined) this.#host.drop(id)
    }
    this.#onOver()
    return true
  }

  #begin(): Utterance {
    const utterance: Utterance = { id: undefined, clock: new AudioClock(), chunk: [], ended: false, final: undefined, timer: undefined }
    utterance.id = this.#host.begin({
      message: (message) => {
        if (this.#over) return
        if (message.type === 'partial' && this.#utterances[0] === utterance) this.#options.onEvent({ type: 'partial', text: message.text, beginAtMs: utterance.clock.at(0), endAtMs: utterance.clock.at(utterance.clock.lengthMs) })
        else if (message.type === 'failed') this.fail(new ProviderError(PROVIDER, message.reason, true))
        else if (message.type === 'final') {
          clearTimeout(utterance.timer)
          utterance.final = { type: 'final', text: message.text, confidence: message.text === '' ? 1 : CONFIDENCE_UNKNOWN, ...span(utterance.clock, message) }
          this.#tellFinals()
        }
      },
      lost: (error) => this.fail(error),
    })
    return utterance
  }

  #keep(utterance: Utterance, pcm: Int16Array, atMs: number): void {
    utterance.clock.push(pcm.length, atMs)
    utterance.chunk.push(pcm)
    if (utterance.chunk.length * FRAME_SAMPLES >= CHUNK_SAMPLES) this.#send(utterance)
  }

  #send(utterance: Utterance): void {
    const parts = utterance.chunk.splice(0)
    const pcm = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      pcm.set(part, at)
      at += part.length
    }
    if (pcm.length > 0) this.#host.send({ op: 'audio', id: utterance.id!, pcm })
  }

  #tellFinals(): void {
    for (let first = this.#utterances[0]; first?.final !== undefined; first = this.#utterances[0]) {
      this.#utterances.shift()
      this.#options.onEvent(first.final)
    }
  }
}

/** From the first word to the last as far as the model tells; the audio otherwise. */
function span(clock: AudioClock, { firstS, lastS }: { firstS?: number | undefined; lastS?: number | undefined }): { beginAtMs: number; endAtMs: number } {
  const within = (ms: number) => clock.at(Math.min(Math.max(ms, 0), clock.lengthMs))
  return { beginAtMs: within((firstS ?? 0) * 1_000), endAtMs: within(lastS === undefined ? clock.lengthMs : lastS * 1_000 + LAST_WORD_MS) }
}
