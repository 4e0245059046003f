// Knows one recognition thread: its start, its crash, its outbox. Does not know recognition or the contract of providers.
import type { Worker } from 'node:worker_threads'
import { FRAME_SAMPLES } from '../../../media/frame.ts'
import type { FromWorker, GrammarId, StreamId, ToWorker } from './worker-protocol.ts'

/** Frames that fit into one message; a fuller outbox leaves at once. */
const OUTBOX_FRAMES_MAX = 256

/** Told about one stream. */
export type StreamListener = {
  message(message: Extract<FromWorker, { stream: StreamId }>): void
  /** The thread is gone, and with it everything it knew. Nothing follows. */
  lost(error: Error): void
}

/** A thread that is started when needed, and again after a crash. Messages sent while it loads wait for it. */
export class WorkerSlot {
  /** Phrase lists that the running thread holds. */
  readonly grammars = new Set<GrammarId>()
  readonly #startWorker: () => Worker
  readonly #streams = new Map<StreamId, StreamListener>()
  #worker: Worker | undefined
  #ready: { promise: Promise<void>; resolve(): void; reject(error: Error): void } | undefined
  #loaded = false
  #closed = false
  #restarts = 0
  #outboxStreams = new Uint32Array(OUTBOX_FRAMES_MAX)
  #outboxAtMs = new Float64Array(OUTBOX_FRAMES_MAX)
  #outboxPcm = new Int16Array(OUTBOX_FRAMES_MAX * FRAME_SAMPLES)
  #outboxFrames = 0
  #flushPlanned = false

  constructor(startWorker: () => Worker) {
    this.#startWorker = startWorker
  }

  get streams(): number {
    return this.#streams.size
  }

  get started(): boolean {
    return this.#worker !== undefined
  }

  /** Times that a crashed thread was started again. */
  get restarts(): number {
    return this.#restarts
  }

  /** Resolves when the thread is ready to recognise. Errors: why it could not start. */
  ready(): Promise<void> {
    this.#start()
    return this.#ready!.promise
  }

  add(stream: StreamId, listener: StreamListener): void {
    this.#start()
    this.#streams.set(stream, listener)
    this.#keepAlive()
  }

  remove(stream: StreamId): void {
    this.#streams.delete(stream)
    this.#keepAlive()
  }

  /** Sends a message behind everything that was sent before it. */
  send(message: ToWorker): void {
    this.#flush()
    this.#worker?.postMessage(message)
  }

  /** Copies a frame; all frames of one turn of the event loop leave together. */
  sendFrame(stream: StreamId, frame: Int16Array, atMs: number): void {
    this.#outboxStreams[this.#outboxFrames] = stream
    this.#outboxAtMs[this.#outboxFrames] = atMs
    this.#outboxPcm.set(frame, this.#outboxFrames * FRAME_SAMPLES)
    this.#outboxFrames++
    if (this.#outboxFrames === OUTBOX_FRAMES_MAX) return this.#flush()
    if (this.#flushPlanned) return
    this.#flushPlanned = true
    setImmediate(() => {
      this.#flushPlanned = false
      this.#flush()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#lose(new Error('the recogniser was closed'))
    await worker?.terminate()
  }

  #flush(): void {
    const frames = this.#outboxFrames
    if (frames === 0) return
    this.#outboxFrames = 0
    const streams = this.#outboxStreams.slice(0, frames)
    const atMs = this.#outboxAtMs.slice(0, frames)
    const pcm = this.#outboxPcm.slice(0, frames * FRAME_SAMPLES)
    const message: ToWorker = { type: 'audio', streams, atMs, pcm }
    this.#worker?.postMessage(message, [streams.buffer, atMs.buffer, pcm.buffer])
  }

  #start(): void {
    if (this.#worker || this.#closed) return
    const ready = Promise.withResolvers<void>()
    // Whoever waits is told; nobody needs to wait.
    ready.promise.catch(() => {})
    this.#ready = ready
    this.#loaded = false
    const worker = this.#startWorker()
    this.#worker = worker
    const crash = (error: Error) => {
      if (this.#worker === worker) this.#crashed(error)
    }
    worker.on('message', (message: FromWorker) => {
      if (this.#worker === worker) this.#receive(message)
    })
    worker.on('error', (error) => crash(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => crash(new Error(`the recognition thread ended with code ${code}`)))
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#loaded = true
        this.#ready?.resolve()
        this.#keepAlive()
        return
      case 'unusable':
        return this.#lose(new Error(message.reason))
      default:
        this.#streams.get(message.stream)?.message(message)
    }
  }

  /** A thread that had worked is started again at once; one that never did waits for the next call, so nothing loops. */
  #crashed(error: Error): void {
    const worked = this.#loaded
    this.#lose(error)
    if (!worked || this.#closed) return
    this.#restarts++
    this.#start()
  }

  #lose(error: Error): void {
    this.#worker = undefined
    this.#loaded = false
    this.#outboxFrames = 0
    this.grammars.clear()
    this.#ready?.reject(error)
    const listeners = [...this.#streams.values()]
    this.#streams.clear()
    for (const listener of listeners) listener.lost(error)
  }

  /** The thread holds the process only while it has something to tell. */
  #keepAlive(): void {
    if (!this.#loaded || this.#streams.size > 0) this.#worker?.ref()
    else this.#worker?.unref()
  }
}
