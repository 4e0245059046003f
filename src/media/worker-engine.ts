// Knows how ports are spread over media threads and what becomes of them when a thread dies. Does not know SIP, words or calls.
import { availableParallelism } from 'node:os'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { InvalidInputError, OverloadedError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Admission, type AdmissionLimits, type ThreadLoad } from './admission.ts'
import type { AigcProvider } from './aigc-label.ts'
import type { MediaEngine, MediaLoad, MediaPort, OpenPortOptions, PortStats } from './engine.ts'
import { nowMs } from './frame.ts'
import { PortRange } from './port-range.ts'
import { RUN_FIELDS, type EngineMessage, type PortId, type TickMessage, type WorkerMessage, type WorkerStart } from './worker-messages.ts'
import { WorkerPort } from './worker-port.ts'

export type MediaEngineOptions = {
  /** Media threads; default: one less than there are cores, at least one. */
  workers?: number | undefined
  /** Range of UDP ports, below 32768. Every call takes an even one (RTP) and the odd one above it (RTCP). */
  portMin: number
  portMax: number
  /** Calls at once; default: what the range holds. */
  portsMax?: number | undefined
  /** A port is not used again for this long. */
  portRestMs?: number | undefined
  /** A thread that is busier or later than this takes no more ports until its load has gone down; one without ports takes the first in any case. */
  admission?: Partial<AdmissionLimits> | undefined
  /** How often threads tell their load. */
  loadEveryMs?: number | undefined
  /** Written into every recording as its AIGC label, with the name of the file (without ending) as the id of the content; undefined: none is. */
  aigc?: AigcProvider | undefined
  log: Log
  /** The file that runs in the threads. */
  workerFile?: URL | undefined
}

export const mediaEngineDefaults = { portRestMs: 5_000, loadEveryMs: 1_000 } as const

const RETRY_AFTER_MS = 1_000
/** A thread that dies again this soon after its start is started again only after a pause. */
const CRASH_LOOP_MS = 1_000
const STOP_MS_MAX = 2_000
/** A thread that owes so many reports of its load is stuck. */
const SILENT_REPORTS = 4

const noLoad: ThreadLoad = { busy: 0, lateMsP99: 0 }
const noStats: PortStats = { packetsSent: 0, packetsReceived: 0, packetsLost: 0, packetsLate: 0, pacingErrorMsP95: 0, pacingErrorMsP99: 0, pacingErrorMsMax: 0, jitterMs: 0 }

/** Errors: InvalidInputError for a bad range; the error of the thread when one cannot start. */
export async function createMediaEngine(options: MediaEngineOptions): Promise<MediaEngine> {
  const engine = new WorkerEngine(options)
  try {
    await engine.start()
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
  return engine
}

class WorkerEngine implements MediaEngine {
  readonly #options: MediaEngineOptions
  readonly #range: PortRange
  readonly #threads: MediaThread[]
  #nextId: PortId = 1
  #closing = false

  constructor(options: MediaEngineOptions) {
    const workers = options.workers ?? Math.max(1, availableParallelism() - 1)
    if (!Number.isInteger(workers) || workers < 1) throw new InvalidInputError('workers', 'must be 1 or more')
    this.#options = options
    this.#range = new PortRange({ ...options, restMs: options.portRestMs ?? mediaEngineDefaults.portRestMs, now: nowMs })
    const file = options.workerFile ?? new URL('./worker.ts', import.meta.url)
    this.#threads = Array.from({ length: workers }, (_, index) => new MediaThread(`media-${index}`, file, options))
  }

  async start(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.start()))
  }

  async open(options: OpenPortOptions): Promise<MediaPort> {
    if (isIP(options.address) === 0) throw new InvalidInputError('address', 'must be an IP address')
    const thread = this.#pickThread(options.beside)
    for (;;) {
      const udpPort = this.#range.take()
      if (udpPort === undefined) throw new OverloadedError('no media port is free; widen the port range', RETRY_AFTER_MS)
      const port = new WorkerPort(this.#nextId, udpPort, options, {
        send: (message, transfer) => thread.post(message, transfer),
        release: () => this.#range.giveBack(udpPort),
        log: this.#options.log,
        aigc: this.#options.aigc,
      })
      this.#nextId += 1
      const failure = await thread.open(port, options)
      if (failure === undefined) return port
      this.#range.giveBack(udpPort)
      if (failure === 'EADDRNOTAVAIL') throw new InvalidInputError('address', `${options.address} is not an address of this machine`)
      // Another program has it: the next one.
      if (failure !== 'EADDRINUSE' && failure !== 'EACCES') throw new OverloadedError(`no media port could be opened: ${failure}`, RETRY_AFTER_MS)
    }
  }

  bridge(a: MediaPort, b: MediaPort): () => void {
    const [one, other] = this.#sideBySide(a, b)
    one.bridge(other)
    return () => one.unbridge()
  }

  monitor(port: MediaPort, listener: MediaPort): () => void {
    const [heard, hearing] = this.#sideBySide(port, listener)
    heard.monitor(hearing)
    return () => heard.unmonitor(hearing)
  }

  /** Audio passes from port to port only inside one thread. */
  #sideBySide(a: MediaPort, b: MediaPort): [WorkerPort, WorkerPort] {
    const thread = this.#threads.find((one) => one.owns(a) && one.owns(b))
    if (a === b || thread === undefined || !(a instanceof WorkerPort) || !(b instanceof WorkerPort)) {
      throw new InvalidInputError('port', 'only two open ports, one opened beside the other, can be joined')
    }
    return [a, b]
  }

  load(): MediaLoad {
    return {
      ports: this.#threads.reduce((sum, thread) => sum + thread.ports.size, 0),
      busiest: Math.max(...this.#threads.map((thread) => thread.load.busy)),
      lateMsP99: Math.max(...this.#threads.map((thread) => thread.load.lateMsP99)),
      accepting: !this.#closing && this.#threads.some((thread) => thread.accepting),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    await Promise.all(this.#threads.map((thread) => thread.stop()))
  }

  #pickThread(beside: MediaPort | undefined): MediaThread {
    if (this.#closing) throw new OverloadedError('the media engine is closing', RETRY_AFTER_MS)
    const { portsMax = Infinity } = this.#options
    const open = this.#threads.reduce((sum, thread) => sum + thread.ports.size, 0)
    if (open >= portsMax) throw new OverloadedError(`all ${portsMax} media ports are in use`, RETRY_AFTER_MS)
    // Who is called into a call that is going on is let in beside it: a callee waits, and a thread keeps room for such.
    const free = this.#threads.filter((thread) => (beside === undefined ? thread.accepting : thread.answers && thread.owns(beside)))
    if (free.length === 0) throw new OverloadedError('the media threads are too busy', RETRY_AFTER_MS)
    return free.reduce((best, thread) => (thread.ports.size < best.ports.size ? thread : best))
  }
}

/** One worker thread and its ports; replaced by a new thread when it dies. */
class MediaThread {
  readonly ports = new Map<PortId, WorkerPort>()
  load: ThreadLoad = noLoad
  running = false
  readonly #name: string
  readonly #file: URL
  readonly #log: Log
  readonly #start: WorkerStart
  readonly #limits: Partial<AdmissionLimits> | undefined
  #admission: Admission
  readonly #opening = new Map<PortId, (failure: string | undefined) => void>()
  #worker: Worker | undefined
  #startedAtMs = 0
  /** When it last told its load. */
  #heardAtMs = 0
  #stopping = false

  constructor(name: string, file: URL, { log, admission, loadEveryMs = mediaEngineDefaults.loadEveryMs }: MediaEngineOptions) {
    this.#name = name
    this.#file = file
    this.#log = log
    this.#start = { loadEveryMs }
    this.#limits = admission
    this.#admission = new Admission(admission)
  }

  /** It runs and is not stuck. */
  get answers(): boolean {
    return this.running && nowMs() - this.#heardAtMs <= SILENT_REPORTS * this.#start.loadEveryMs
  }

  /** What disturbs a thread without ports is not its load: refusing would not help anybody. */
  get accepting(): boolean {
    return this.answers && (this.#admission.open || this.ports.size === 0)
  }

  /** Resolves when the thread can open ports. */
  async start(): Promise<void> {
    this.#startedAtMs = nowMs()
    const worker = new Worker(this.#file, { name: this.#name, workerData: this.#start })
    this.#worker = worker
    await new Promise<void>((resolve, reject) => {
      let cause: unknown
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') {
          this.running = true
          this.#heardAtMs = nowMs()
          resolve()
        } else {
          this.#receive(message)
        }
      })
      worker.on('error', (error) => {
        cause = error
      })
      worker.on('exit', (code) => {
        const wasRunning = this.running
        this.running = false
        const why = cause instanceof Error ? cause.message : `exit ${code}`
        this.#lose(`media thread died: ${why}`)
        reject(new Error(`media thread ${this.#name} did not start: ${why}`, { cause }))
        if (wasRunning && !this.#stopping) this.#startAgain(why)
      })
    })
  }

  async open(port: WorkerPort, options: OpenPortOptions): Promise<string | undefined> {
    this.ports.set(port.id, port)
    const failure = await new Promise<string | undefined>((resolve) => {
      this.#opening.set(port.id, resolve)
      this.post({
        type: 'open',
        port: port.id,
        address: options.address,
        udpPort: port.port,
        recording: options.recordingPath !== undefined,
      })
    })
    if (failure === undefined) port.startRecording()
    else this.ports.delete(port.id)
    return failure
  }

  owns(port: MediaPort): boolean {
    return port instanceof WorkerPort && this.ports.get(port.id) === port
  }

  post(message: EngineMessage, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    // A thread that hangs is not waited for: ending it closes its ports as failed.
    const closed = Promise.all([...this.ports.values()].map((port) => port.close()))
    if (this.running) await Promise.race([closed, sleep(STOP_MS_MAX, undefined, { ref: false })])
    await this.#worker?.terminate()
    await closed
  }

  #receive(message: Exclude<WorkerMessage, { type: 'ready' }>): void {
    switch (message.type) {
      case 'opened':
        this.#opened(message.port, undefined)
        break
      case 'open-failed':
        this.#opened(message.port, message.code)
        break
      case 'tick':
        this.#dispatch(message)
        break
      default:
        message satisfies never
    }
  }

  #opened(id: PortId, failure: string | undefined): void {
    const resolve = this.#opening.get(id)
    this.#opening.delete(id)
    resolve?.(failure)
  }

  #dispatch({ runs, samples, voices, events, recorded, closed, load }: TickMessage): void {
    if (load !== undefined) this.#report(load)
    for (const { port, event } of events) this.ports.get(port)?.emit(event)
    let first = 0
    for (let run = 0; run < runs.length; run += RUN_FIELDS) {
      const count = runs[run + 2]!
      this.ports.get(runs[run]!)?.hear(runs[run + 1]!, count, samples, voices, first, runs[run + 3]!)
      first += count
    }
    for (const { port, block } of recorded) this.ports.get(port)?.record(block)
    for (const { port: id, stats, failed } of closed) this.#remove(id, stats, failed)
  }

  #remove(id: PortId, stats: PortStats, failed: string | undefined): void {
    const port = this.ports.get(id)
    this.ports.delete(id)
    void port?.finish(stats, failed)
  }

  #lose(why: string): void {
    for (const id of this.ports.keys()) {
      if (this.#opening.has(id)) this.#opened(id, why)
      else this.#remove(id, noStats, why)
    }
    this.load = noLoad
    this.#admission = new Admission(this.#limits)
  }

  #report(load: ThreadLoad): void {
    this.load = load
    this.#heardAtMs = nowMs()
    const before = this.#admission.open
    this.#admission.report(load)
    const { open } = this.#admission
    if (open !== before) this.#log.warn({ thread: this.#name, ...load, ports: this.ports.size }, open ? 'media thread takes calls again' : 'media thread has enough calls, more are refused')
  }

  #startAgain(why: string): void {
    this.#log.error({ thread: this.#name, why }, 'media thread died, starting a new one')
    const pauseMs = nowMs() - this.#startedAtMs < CRASH_LOOP_MS ? CRASH_LOOP_MS : 0
    setTimeout(() => {
      if (this.#stopping) return
      this.start().catch((error: unknown) => {
        this.#log.error({ thread: this.#name, error }, 'media thread does not start')
        this.#startAgain('it did not start')
      })
    }, pauseMs).unref()
  }
}
