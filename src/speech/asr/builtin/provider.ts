// Knows how calls share the recognition threads. Does not know recognition itself, robots or lines.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { ProviderError } from '../../../errors.ts'
import { FRAME_SAMPLES, nowMs, type Frame } from '../../../media/frame.ts'
import type { AsrEvent, AsrOptions, AsrProvider, AsrStream } from '../provider.ts'
import type { FromWorker, GrammarId, StreamId, WorkerData } from './worker-protocol.ts'
import { WorkerSlot } from './worker-slot.ts'

export type BuiltinAsrOptions = {
  /** Threads at most; each takes about 110 MB and serves about 90 calls that talk at once. */
  workersMax?: number
  /** Calls on a thread before another one is started. */
  streamsPerWorker?: number
  /** Frames of one call that may wait for a busy thread; later ones are dropped and counted. */
  queuedFramesMax?: number
  /** Where model.json, model.bin and lexicon.txt.gz are. */
  modelDirectory?: URL
  startWorker?: (modelDirectory: URL) => Worker
}

export const builtinAsrDefaults = {
  workersMax: Math.min(8, Math.max(1, Math.floor(availableParallelism() / 2))),
  streamsPerWorker: 24,
  /** 5 s: a thread that is later than this is of no use to a conversation. */
  queuedFramesMax: 250,
  modelDirectory: new URL('./model/', import.meta.url),
  startWorker: startRecognitionThread,
} as const satisfies Required<BuiltinAsrOptions>

const NAME = 'builtin'
/** Finals that a stream may wait for; more means that nobody waits between them. */
const PENDING_FINALS_MAX = 64
const PHRASES_MAX = 2_000
const PHRASE_CHARACTERS_MAX = 60
const HOT_WORDS_MAX = 500
const HOT_WORD_CHARACTERS_MAX = 30
/** Phrase lists kept prepared; the one that was used longest ago goes first. */
const GRAMMARS_MAX = 64

export type BuiltinAsrStats = { workers: number; streams: number; droppedFrames: number; restarts: number }

/**
 * The recogniser that comes with the program: it understands the voices of the built-in simulator and nobody else.
 * Finals hold characters as recognised, digits as characters too, without punctuation; names win as hot words, expected
 * answers as phrases. A partial with the last word comes about 0.2 s after its end, if audio keeps being pushed.
 */
export class BuiltinAsr implements AsrProvider {
  readonly name = NAME
  readonly capabilities = { partials: true, hotWords: true, understands: 'simulator' } as const
  readonly #options: Required<BuiltinAsrOptions>
  readonly #slots: readonly WorkerSlot[]
  /** Phrase lists by content, least recently used first. */
  readonly #grammars = new Map<string, GrammarId>()
  #grammarCount = 0
  #streamCount = 0
  #droppedFrames = 0
  #closed = false

  constructor(options: BuiltinAsrOptions = {}) {
    this.#options = { ...builtinAsrDefaults, ...options }
    const { workersMax, modelDirectory, startWorker } = this.#options
    this.#slots = Array.from({ length: workersMax }, () => new WorkerSlot(() => startWorker(modelDirectory)))
  }

  get stats(): BuiltinAsrStats {
    const sum = (count: (slot: WorkerSlot) => number) => this.#slots.reduce((total, slot) => total + count(slot), 0)
    return {
      workers: sum((slot) => (slot.started ? 1 : 0)),
      streams: sum((slot) => slot.streams),
      droppedFrames: this.#droppedFrames,
      restarts: sum((slot) => slot.restarts),
    }
  }

  async warmUp(): Promise<void> {
    if (this.#closed) throw new ProviderError(NAME, 'closed', false)
    try {
      await this.#slots[0]!.ready()
    } catch (cause) {
      throw new ProviderError(NAME, cause instanceof Error ? cause.message : String(cause), false, { cause })
    }
  }

  open(options: AsrOptions): AsrStream {
    const stream = new BuiltinStream((event) => options.onEvent(event), this.#options.queuedFramesMax, () => this.#droppedFrames++)
    if (this.#closed) {
      queueMicrotask(() => stream.lost(new Error('the recogniser was closed')))
      return stream
    }
    const slot = this.#quietestSlot()
    const id = ++this.#streamCount
    slot.add(id, stream)
    const grammar = this.#prepareGrammar(slot, options.phrases)
    const hotWords = options.hotWords.filter((word) => word.length <= HOT_WORD_CHARACTERS_MAX).slice(0, HOT_WORDS_MAX)
    stream.begin(slot, id, hotWords, grammar)
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }

  /** The started thread with the fewest calls; a new one when all are well filled. */
  #quietestSlot(): WorkerSlot {
    const started = this.#slots.filter((slot) => slot.started).sort((a, b) => a.streams - b.streams)
    const quietest = started[0]
    if (quietest && quietest.streams < this.#options.streamsPerWorker) return quietest
    return this.#slots.find((slot) => !slot.started) ?? quietest!
  }

  /** Hundreds of phrases go to a thread once, not once per call. */
  #prepareGrammar(slot: WorkerSlot, phrases: readonly string[]): GrammarId | undefined {
    const usable = phrases.filter((phrase) => phrase.length <= PHRASE_CHARACTERS_MAX).slice(0, PHRASES_MAX)
    if (usable.length === 0) return undefined
    const key = usable.join('\n')
    const grammar = this.#grammars.get(key) ?? ++this.#grammarCount
    this.#grammars.delete(key)
    this.#grammars.set(key, grammar)
    if (this.#grammars.size > GRAMMARS_MAX) this.#dropOldestGrammar()
    if (!slot.grammars.has(grammar)) {
      slot.grammars.add(grammar)
      slot.send({ type: 'grammar', grammar, phrases: usable })
    }
    return grammar
  }

  #dropOldestGrammar(): void {
    const [key, grammar] = this.#grammars.entries().next().value!
    this.#grammars.delete(key)
    for (const slot of this.#slots) if (slot.grammars.delete(grammar)) slot.send({ type: 'drop-grammar', grammar })
  }
}

/** One call's side of a thread. */
class BuiltinStream implements AsrStream {
  readonly #onEvent: (event: AsrEvent) => void
  readonly #queuedFramesMax: number
  readonly #countDropped: () => void
  readonly #takenFrames = new Int32Array(new SharedArrayBuffer(4))
  #slot: WorkerSlot | undefined
  #id: StreamId = 0
  #sentFrames = 0
  #pendingFinals = 0

  constructor(onEvent: (event: AsrEvent) => void, queuedFramesMax: number, countDropped: () => void) {
    this.#onEvent = onEvent
    this.#queuedFramesMax = queuedFramesMax
    this.#countDropped = countDropped
  }

  begin(slot: WorkerSlot, id: StreamId, hotWords: readonly string[], grammar: GrammarId | undefined): void {
    this.#slot = slot
    this.#id = id
    slot.send({ type: 'open', stream: id, hotWords, grammar, takenFrames: this.#takenFrames.buffer })
  }

  push(frame: Frame, atMs: number): void {
    if (!this.#slot) return
    // Both counters wrap around at 2^31; their difference does not mind.
    const queued = (this.#sentFrames - Atomics.load(this.#takenFrames, 0)) | 0
    if (queued >= this.#queuedFramesMax || frame.length !== FRAME_SAMPLES) return this.#countDropped()
    this.#sentFrames = (this.#sentFrames + 1) | 0
    this.#slot.sendFrame(this.#id, frame, atMs)
  }

  endUtterance(): void {
    if (!this.#slot) return
    if (this.#pendingFinals >= PENDING_FINALS_MAX) {
      this.#leave()
      queueMicrotask(() => this.#fail(`${PENDING_FINALS_MAX} utterances wait for their text`))
      return
    }
    this.#pendingFinals++
    this.#slot.send({ type: 'end-utterance', stream: this.#id, atMs: nowMs() })
  }

  [Symbol.dispose](): void {
    this.#leave()
  }

  message(message: Extract<FromWorker, { stream: StreamId }>): void {
    if (!this.#slot) return
    if (message.type === 'stream-failed') {
      this.#leave()
      return this.#fail(message.reason)
    }
    if (message.type === 'final') this.#pendingFinals--
    const { stream: _, ...event } = message
    this.#onEvent(event)
  }

  lost(error: Error): void {
    this.#slot = undefined
    this.#fail(error.message, error)
  }

  #fail(reason: string, cause?: Error): void {
    this.#onEvent({ type: 'failed', error: new ProviderError(NAME, reason, true, { cause }) })
  }

  #leave(): void {
    const slot = this.#slot
    this.#slot = undefined
    slot?.send({ type: 'close', stream: this.#id })
    slot?.remove(this.#id)
  }
}

function startRecognitionThread(modelDirectory: URL): Worker {
  const workerData: WorkerData = { modelDirectory: modelDirectory.href }
  // The weights and the word list take 60 MB; a leak ends the thread, not the process.
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'recogniser', resourceLimits: { maxOldGenerationSizeMb: 512 } })
}
