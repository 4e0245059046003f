// Knows a few eSpeak children, who speaks where, and what to do when one dies. Does not know text, voices or calls.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Readable, Writable } from 'node:stream'
import { ProviderError } from '../../../errors.ts'
import { log } from '../../../log.ts'
import { TtsEventQueue } from '../event-queue.ts'
import { type ChildFrame, type ChildRequest, FrameReader, type SpeechPart } from './protocol.ts'

export type PoolOptions = {
  /** One child serves about two hundred calls; the second is there for the moment in which one is restarted. */
  children: number
  /** A request that is not finished by then fails. Counts from the request, waiting included. */
  requestMsMax: number
  /** `start` gives up after this long. Loading eSpeak takes about 0.15 s on an idle core. */
  startMsMax: number
  /** Requests that wait for a child. Further ones fail at once. */
  waitingMax: number
  /** Requests that a child works on, a part of each in turn. Many: speech plays in real time, so when calls begin together what counts is how soon each has its first part. */
  perChildMax: number
  /** First pause before a dead child is replaced; doubles up to the maximum until a child speaks again. */
  restartMsMin: number
  restartMsMax: number
  /** How long children may take to leave by themselves when the pool closes. */
  closeMsMax: number
  /** Which eSpeak build the children may use; undefined lets them choose. */
  engine: 'wasm' | 'program' | undefined
}
export const poolDefaults = {
  children: 2,
  requestMsMax: 10_000,
  // A cold disk on a busy machine is slow, and to give up would be worse than to wait.
  startMsMax: 60_000,
  waitingMax: 256,
  perChildMax: 48,
  restartMsMin: 100,
  restartMsMax: 10_000,
  closeMsMax: 1_000,
  engine: undefined,
} as const satisfies PoolOptions

export type SpeakOrder = { voice: string; rateWpm: number; gain: number; parts: SpeechPart[] }

const PROVIDER = 'espeak'
/** Ids travel as 32 bits. */
const ID_MAX = 0xffff_fff0
type Request = { id: number; order: SpeakOrder; events: TtsEventQueue; signal: AbortSignal | undefined; onAbort: () => void; timer: NodeJS.Timeout; child: Child | undefined }

/** A child process with the requests it works on. */
type Child = {
  process: ChildProcessByStdio<Writable, Readable, null>
  /** It has loaded eSpeak. */
  ready: boolean
  requests: Map<number, Request>
  /** For telling a busy child from one that hangs. */
  lastFrameAtMs: number
}

/** Speaks orders on child processes, first come first served, each child a few at a time in turns. */
export class EspeakPool implements AsyncDisposable {
  readonly #options: PoolOptions
  readonly #children = new Set<Child>()
  readonly #waiting: Request[] = []
  readonly #closing = new AbortController()
  #nextId = 1
  #restartMs: number
  #slots = 0
  /** Why no child can start; cleared when one does. Nothing but an installation mends it, so requests are not kept waiting. */
  #unavailable: string | undefined
  readonly #readyWaiters = new Set<() => void>()

  constructor(options: Partial<PoolOptions> = {}) {
    this.#options = { ...poolDefaults, ...options }
    this.#restartMs = this.#options.restartMsMin
  }

  /** Process ids of the living children; for diagnosis. */
  get pids(): number[] {
    return [...this.#children].flatMap((child) => child.process.pid ?? [])
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted
  }

  /** Starts the children and waits until each has loaded eSpeak, or one said that it cannot. Rejects with ProviderError then. */
  async start(): Promise<void> {
    this.#fill()
    const until = performance.now() + this.#options.startMsMax
    while (this.#unavailable === undefined && (this.#children.size < this.#options.children || [...this.#children].some((child) => !child.ready))) {
      if (this.#closing.signal.aborted || performance.now() > until) throw new ProviderError(PROVIDER, 'the speech processes did not start in time', true)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250)
        this.#readyWaiters.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      this.#readyWaiters.clear()
    }
    if (this.#unavailable !== undefined) throw new ProviderError(PROVIDER, this.#unavailable, false)
  }

  /** Speaks one order on every child, one after the other, so that each has compiled its hot code before a callee waits for it. */
  async speakOnEach(order: SpeakOrder): Promise<void> {
    for (const child of this.#children) {
      if (!this.#children.has(child) || !child.ready) continue // it died meanwhile
      const request = this.#open(order, undefined)
      this.#assign(request, child)
      for await (const event of request.events) if (event.type === 'failed') throw event.error
    }
  }

  /** Events of one order. Aborting ends them at once with `done`; the child drops the rest. */
  speak(order: SpeakOrder, signal: AbortSignal): TtsEventQueue {
    const request = this.#open(order, signal)
    if (signal.aborted) request.events.cut()
    else if (this.#closing.signal.aborted) fail(request, 'the provider is closed', false)
    else if (this.#unavailable !== undefined) fail(request, this.#unavailable, false)
    else if (this.#waiting.length >= this.#options.waitingMax) fail(request, `${this.#options.waitingMax} requests are waiting already`, true)
    else {
      this.#waiting.push(request)
      this.#fill()
      this.#dispatch()
    }
    return request.events
  }

  /** Fails what is open, lets the children leave and ends those that do not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    for (const request of this.#waiting.splice(0)) fail(request, 'the provider is closed', false)
    const leaving = [...this.#children].map(async (child) => {
      for (const request of child.requests.values()) fail(request, 'the provider is closed', false)
      const gone = new Promise<void>((resolve) => {
        child.process.once('close', () => resolve())
      })
      // From here on it is waited for, also when nothing else keeps this process.
      keep(child, true)
      child.process.stdin.end()
      const timer = setTimeout(() => child.process.kill('SIGKILL'), this.#options.closeMsMax)
      await gone
      clearTimeout(timer)
    })
    await Promise.all(leaving)
  }

  #open(order: SpeakOrder, signal: AbortSignal | undefined): Request {
    const request: Request = {
      id: this.#nextId,
      order,
      events: new TtsEventQueue(() => this.#release(request)),
      signal,
      onAbort: () => request.events.cut(),
      timer: setTimeout(() => this.#timeOut(request), this.#options.requestMsMax),
      child: undefined,
    }
    signal?.addEventListener('abort', request.onAbort, { once: true })
    this.#nextId = this.#nextId >= ID_MAX ? 1 : this.#nextId + 1
    return request
  }

  /** Gives back everything a request holds. Called once, whatever ended it. */
  #release(request: Request): void {
    clearTimeout(request.timer)
    request.signal?.removeEventListener('abort', request.onAbort)
    const waitingAt = this.#waiting.indexOf(request)
    if (waitingAt >= 0) this.#waiting.splice(waitingAt, 1)
    if (request.child?.requests.delete(request.id)) tell(request.child, { op: 'cancel', id: request.id })
    this.#dispatch()
  }

  /** Hands waiting requests to the children that have the least to do. */
  #dispatch(): void {
    while (this.#waiting.length > 0) {
      let free: Child | undefined
      for (const child of this.#children) {
        if (child.ready && child.requests.size < this.#options.perChildMax && (!free || child.requests.size < free.requests.size)) free = child
      }
      if (!free) return
      this.#assign(this.#waiting.shift()!, free)
    }
  }

  #assign(request: Request, child: Child): void {
    if (child.requests.size === 0) child.lastFrameAtMs = performance.now()
    request.child = child
    child.requests.set(request.id, request)
    tell(child, { op: 'speak', id: request.id, ...request.order })
  }

  #timeOut(request: Request): void {
    const { child } = request
    // A child that works on many requests still sends frames; one that sent nothing for so long hangs.
    if (child && performance.now() - child.lastFrameAtMs > this.#options.requestMsMax / 2) child.process.kill('SIGKILL')
    fail(request, `not finished after ${this.#options.requestMsMax} ms`, true)
  }

  /** Brings the number of children, those about to be restarted included, up to the option. */
  #fill(): void {
    while (this.#slots < this.#options.children && !this.#closing.signal.aborted) {
      this.#slots += 1
      this.#startChild()
    }
  }

  #startChild(): void {
    const args = [fileURLToPath(new URL('child.ts', import.meta.url)), ...(this.#options.engine ? [this.#options.engine] : [])]
    const child: Child = { process: spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }), ready: false, requests: new Map(), lastFrameAtMs: performance.now() }
    this.#children.add(child)
    const reader = new FrameReader()
    let spawnError: Error | undefined
    child.process.on('error', (error) => {
      spawnError = error
    })
    child.process.stdin.on('error', () => {}) // a write to a child that just died; its exit is handled below
    child.process.stdout.on('data', (bytes: Buffer) => {
      try {
        for (const frame of reader.push(bytes)) this.#onFrame(child, frame)
      } catch (error) {
        log.error({ err: error }, 'an eSpeak child is ended')
        child.process.kill('SIGKILL')
      }
    })
    child.process.once('close', (code, signal) => {
      this.#onGone(child, spawnError?.message ?? `exit ${code ?? signal}`).catch((error: unknown) => log.error({ err: error }, 'an eSpeak child could not be replaced'))
    })
    // A server that wants to end must not be kept by an idle child.
    keep(child, false)
  }

  #onFrame(child: Child, frame: ChildFrame): void {
    child.lastFrameAtMs = performance.now()
    switch (frame.type) {
      case 'ready':
        child.ready = true
        this.#unavailable = undefined
        this.#wakeStarters()
        this.#dispatch()
        return
      case 'unavailable':
        this.#unavailable = frame.message
        this.#wakeStarters()
        for (const request of this.#waiting.splice(0)) fail(request, frame.message, false)
        return
      case 'audio':
        child.requests.get(frame.id)?.events.push({ type: 'audio', pcm: frame.pcm })
        return
      case 'done':
      case 'failed': {
        const request = child.requests.get(frame.id)
        if (!request) return // cancelled a moment ago
        this.#restartMs = this.#options.restartMsMin
        child.requests.delete(frame.id) // it has forgotten the request already, so there is nothing to cancel
        if (frame.type === 'failed') fail(request, frame.message, true)
        else request.events.push({ type: 'done' })
        return
      }
    }
  }

  async #onGone(child: Child, how: string): Promise<void> {
    this.#children.delete(child)
    for (const request of child.requests.values()) fail(request, `the speech process ended (${how})`, true)
    if (this.#closing.signal.aborted) return
    log.warn({ how, restartMs: this.#restartMs }, 'an eSpeak child is gone and will be replaced')
    const pauseMs = this.#restartMs
    this.#restartMs = Math.min(this.#options.restartMsMax, 2 * this.#restartMs)
    try {
      await delay(pauseMs, undefined, { signal: this.#closing.signal, ref: false })
    } catch {
      return // closing
    }
    this.#startChild()
  }

  #wakeStarters(): void {
    for (const wake of this.#readyWaiters) wake()
  }
}

function fail(request: Request, message: string, retryable: boolean): void {
  request.events.push({ type: 'failed', error: new ProviderError(PROVIDER, message, retryable) })
}

function tell(child: Child, request: ChildRequest): void {
  if (child.process.stdin.writable) child.process.stdin.write(`${JSON.stringify(request)}\n`)
}

/** Whether a child keeps the server from ending. */
function keep(child: Child, kept: boolean): void {
  const parts = [child.process, child.process.stdin, child.process.stdout] as { ref?(): void; unref?(): void }[]
  for (const part of parts) part[kept ? 'ref' : 'unref']?.()
}
