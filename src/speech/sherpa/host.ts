// Knows the child process that runs a sherpa-onnx model: its start, its last words, its hang, its next start. Does not know recognition or synthesis.
// The engine ends the process it is in when a model is damaged or of another kind, so it never runs in the server.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ProviderError } from '../../errors.ts'
import { log } from '../../log.ts'
import type { ChildOrder, FromChild, ToChild } from './messages.ts'

export type HostLimits = {
  /** Loading a model of 700 MB from a cold disk takes some ten seconds. */
  startMsMax: number
  /** A child that does not answer, or does not finish what is due, for this long hangs and is ended. */
  hangMsMax: number
  pingMs: number
  /** Pause before a dead child is started again; doubles until one lives for `soundMs`. */
  restartMsMin: number
  restartMsMax: number
  soundMs: number
  /** How long it may take to leave by itself. */
  closeMsMax: number
}
export const hostLimits = { startMsMax: 60_000, hangMsMax: 15_000, pingMs: 1_000, restartMsMin: 250, restartMsMax: 30_000, soundMs: 60_000, closeMsMax: 1_000 } as const satisfies HostLimits

/** Told about one piece of work. */
export type WorkListener = {
  message(message: Extract<FromChild, { id: number }>): void
  /** It will never be finished. Last call. */
  lost(error: ProviderError): void
}

type Ready = { speakers?: number }
type Running = { process: ChildProcess; ready: Ready | undefined; startedMs: number; lastSignMs: number; stderr: string; ended: string | undefined }

const STDERR_CHARS_MAX = 4_000
const REASON_CHARS_MAX = 300
const ID_MAX = 2 ** 31

/** Starts when there is work, and again after it died; work that it had is lost then, and its owner told why in words. */
export class SherpaHost implements AsyncDisposable {
  readonly #provider: string
  /** What to run; reading it again for each start lets a model be repaired meanwhile. Errors: any that says what is wrong with the model. */
  readonly #order: () => ChildOrder
  readonly #limits: HostLimits
  readonly #work = new Map<number, { listener: WorkListener; dueSinceMs: number | undefined }>()
  readonly #waiters = new Set<(outcome: Ready | ProviderError) => void>()
  #running: Running | undefined
  #lastReason = ''
  #restartMs: number
  #mayStartMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #nextId = 1
  #closed = false
  #starts = 0

  constructor(provider: string, order: () => ChildOrder, limits: Partial<HostLimits> = {}) {
    this.#provider = provider
    this.#order = order
    this.#limits = { ...hostLimits, ...limits }
    this.#restartMs = this.#limits.restartMsMin
  }

  /** For diagnosis. */
  get pid(): number | undefined {
    return this.#running?.process.pid
  }

  /** Times that a child was started. */
  get starts(): number {
    return this.#starts
  }

  /** Number of voices of a loaded model; undefined when it is not loaded. */
  get speakers(): number | undefined {
    return this.#running?.ready?.speakers
  }

  /** Resolves when the model is loaded. Errors: ProviderError with the reason in words. */
  async ready(): Promise<Ready> {
    this.#start({ now: true })
    if (this.#running?.ready) return this.#running.ready
    if (!this.#running) throw this.#down()
    const outcome = await new Promise<Ready | ProviderError>((resolve) => this.#waiters.add(resolve))
    if (outcome instanceof ProviderError) throw outcome
    return outcome
  }

  /** Registers work and returns its id. When no child can be had, the listener is told so soon. */
  begin(listener: WorkListener): number {
    const id = this.#nextId
    this.#nextId = id >= ID_MAX ? 1 : id + 1
    this.#start({ now: false })
    if (!this.#running) {
      const error = this.#down()
      queueMicrotask(() => listener.lost(error))
      return id
    }
    this.#work.set(id, { listener, dueSinceMs: undefined })
    this.#keepAlive()
    return id
  }

  /** Work that was lost or dropped is not spoken of any more. */
  send(message: Exclude<ToChild, { op: 'ping' }>): void {
    const work = this.#work.get(message.id)
    if (!work) return
    if (message.op === 'end' || message.op === 'speak') work.dueSinceMs = performance.now()
    this.#tell(message)
  }

  /** Its listener is told nothing more. */
  drop(id: number): void {
    if (!this.#work.delete(id)) return
    this.#tell({ op: 'drop', id })
    this.#keepAlive()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const running = this.#running
    this.#lose(new ProviderError(this.#provider, 'is closed', false))
    if (!running || running.process.exitCode !== null || running.process.signalCode !== null) return
    const gone = new Promise<void>((resolve) => running.process.once('exit', () => resolve()))
    running.process.ref()
    if (running.process.connected) running.process.disconnect()
    const timer = setTimeout(() => running.process.kill('SIGKILL'), this.#limits.closeMsMax)
    await gone
    clearTimeout(timer)
  }

  #down(): ProviderError {
    return new ProviderError(this.#provider, this.#closed ? 'is closed' : this.#lastReason, !this.#closed)
  }

  /** `now`: somebody asks for it by name, so no pause is kept. */
  #start({ now }: { now: boolean }): void {
    if (this.#running || this.#closed || (!now && performance.now() < this.#mayStartMs)) return
    clearTimeout(this.#timer)
    let order: ChildOrder
    try {
      order = this.#order()
    } catch (error) {
      this.#lastReason = error instanceof Error ? error.message : String(error)
      return
    }
    const startedMs = performance.now()
    // No flags of ours: a debugger's port or a test runner's are not for it.
    const process = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(order)], { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    const running: Running = { process, ready: undefined, startedMs, lastSignMs: startedMs, stderr: '', ended: undefined }
    this.#running = running
    this.#starts += 1
    process.stderr!.setEncoding('utf8').on('data', (text: string) => (running.stderr = (running.stderr + text).slice(-STDERR_CHARS_MAX)))
    process.on('message', (message: FromChild) => this.#running === running && this.#receive(running, message))
    process.on('error', (error) => {
      running.ended ??= error.message
      if (process.pid === undefined) this.#gone(running, null, null)
    })
    // Its last words arrive before `close`.
    process.once('close', (code, signal) => this.#gone(running, code, signal))
    this.#timer = setTimeout(() => this.#watch(running), this.#limits.pingMs)
    this.#keepAlive()
  }

  #receive(running: Running, message: FromChild): void {
    running.lastSignMs = performance.now()
    switch (message.type) {
      case 'ready':
        running.ready = message
        for (const tell of this.#takeWaiters()) tell(message)
        return this.#keepAlive()
      case 'unavailable':
        running.ended = message.reason
        return
      case 'pong':
        return
    }
    const work = this.#work.get(message.id)
    if (!work) return
    if (message.type === 'audio' && work.dueSinceMs !== undefined) work.dueSinceMs = running.lastSignMs
    if (message.type === 'final' || message.type === 'done' || message.type === 'failed') this.#work.delete(message.id)
    work.listener.message(message)
    this.#keepAlive()
  }

  /** Looks after the child every second: alive, and getting on with what is due? */
  #watch(running: Running): void {
    if (this.#running !== running) return
    const now = performance.now()
    const { hangMsMax, startMsMax, pingMs, soundMs, restartMsMin } = this.#limits
    const late = [...this.#work.values()].some(({ dueSinceMs }) => dueSinceMs !== undefined && now - dueSinceMs > hangMsMax)
    if (running.ready ? late || now - running.lastSignMs > hangMsMax + pingMs : now - running.startedMs > startMsMax) {
      running.ended = running.ready ? `卡住了，${hangMsMax} 毫秒没有回应，已结束进程。 It hung: no answer within ${hangMsMax} ms` : `模型在 ${startMsMax} 毫秒内没有装载好。 The model was not loaded within ${startMsMax} ms`
      running.process.kill('SIGKILL')
      return
    }
    if (running.ready && now - running.startedMs > soundMs) this.#restartMs = restartMsMin
    if (running.ready) this.#tell({ op: 'ping' })
    this.#timer = setTimeout(() => this.#watch(running), pingMs)
    if (this.#isIdle(running)) this.#timer.unref()
  }

  #gone(running: Running, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#running !== running) return
    clearTimeout(this.#timer)
    this.#lastReason = running.ended ?? endReason(code, signal, running.stderr)
    const pauseMs = this.#restartMs
    this.#restartMs = Math.min(this.#limits.restartMsMax, 2 * pauseMs)
    this.#mayStartMs = performance.now() + pauseMs
    log.warn({ provider: this.#provider, reason: this.#lastReason, pauseMs }, 'a sherpa-onnx process is gone')
    const wasReady = running.ready !== undefined
    this.#lose(this.#down())
    // One that has worked is wanted again soon; one that never did waits for the next call, so nothing loops.
    if (!wasReady || this.#closed) return
    this.#timer = setTimeout(() => this.#start({ now: true }), pauseMs)
    this.#timer.unref()
  }

  #lose(error: ProviderError): void {
    this.#running = undefined
    const lost = [...this.#work.values()]
    this.#work.clear()
    for (const tell of this.#takeWaiters()) tell(error)
    for (const { listener } of lost) listener.lost(error)
  }

  #takeWaiters(): ((outcome: Ready | ProviderError) => void)[] {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    return waiters
  }

  #tell(message: ToChild): void {
    const child = this.#running?.process
    // The error of a channel that breaks under a message is the child's end, which is told by `close`.
    if (child?.connected) child.send(message, () => {})
  }

  #isIdle(running: Running): boolean {
    return running.ready !== undefined && this.#work.size === 0
  }

  /** A child that has nothing to do does not keep the server from ending. */
  #keepAlive(): void {
    const running = this.#running
    if (!running) return
    const idle = this.#isIdle(running)
    const parts = [running.process, running.process.channel, running.process.stderr as { ref?(): void; unref?(): void } | null, this.#timer]
    for (const part of parts) part?.[idle ? 'unref' : 'ref']?.()
  }
}

/** Why a child ended, in words. The engine writes what it found before it aborts; its last line says most. */
export function endReason(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter(Boolean)
  const last = (lines.findLast((line) => /error|fail|invalid|exception|missing|not |unsupported/i.test(line)) ?? lines.at(-1) ?? '').slice(0, REASON_CHARS_MAX)
  const how = signal ?? `exit ${code}`
  const what =
    signal === 'SIGABRT' || code === 134 ? '模型文件多半已损坏或不完整：请用 waihu models check 检查。 The engine aborted; most likely the model file is damaged or incomplete: run waihu models check'
    : code === 255 ? '引擎不接受这个模型文件：可能不是 sherpa-onnx 的模型。 The engine refused the model: perhaps it is not one for sherpa-onnx'
    : '语音引擎进程意外结束。 The speech engine ended unexpectedly'
  return `${what} (${how}${last === '' ? '' : `: ${last}`})`
}
