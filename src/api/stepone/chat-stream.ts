// Knows how one reader follows one call over server-sent events: heartbeats, timeout, resuming, slow and vanished readers, shutdown.
// Does not know where the log is kept or what the words mean.
import type { ServerResponse } from 'node:http'
import type { CallEventRow } from '../../events.ts'
import { OverloadedError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../clock.ts'
import type { ApiLimits } from '../limits.ts'
import { HttpError, retryAfter } from './errors.ts'
import { keepAlive, timeoutLine, toChatLine, toSse } from './wire.ts'

/** While the call is not connected a reader sees life this often. */
const heartbeatMs = 500
/** Once connected the conversation itself is the life; this only keeps proxies from closing a quiet minute. */
const quietHeartbeatMs = 15_000
/** A reader of a call that nobody answers is let go after this long. */
export const notConnectedMs = 30_000

export type ChatStreamRequest = {
  /** Where to write; headers not sent yet. */
  response: ServerResponse
  /** The log after the reader's last event; must end on the `ended` row or when the signal aborts. */
  follow: (signal: AbortSignal) => AsyncIterable<CallEventRow>
  /** The call was answered before the first row of `follow`. */
  connected: boolean
  accountId: string
  callId: string
}

/** All open streams of this process: counts them per key, ends them at shutdown. */
export class ChatStreams {
  readonly #clock: Clock
  readonly #limits: ApiLimits
  readonly #log: Log
  readonly #perAccount = new Map<string, number>()
  readonly #open = new Set<{ stop: AbortController; finished: Promise<void> }>()
  #closing = false

  constructor(deps: { clock: Clock; limits: ApiLimits; log: Log }) {
    this.#clock = deps.clock
    this.#limits = deps.limits
    this.#log = deps.log
  }

  get open(): number {
    return this.#open.size
  }

  /** Errors: HttpError 429 when the account has too many, OverloadedError when the process has; nothing was written then. */
  admit(accountId: string): void {
    if (this.#closing) throw new OverloadedError('服务正在重启，请稍后重连', 2_000)
    if (this.#open.size >= this.#limits.streamsMax) throw new OverloadedError('实时会话连接过多，请稍后重试', 5_000)
    if ((this.#perAccount.get(accountId) ?? 0) >= this.#limits.streamsPerKeyMax) {
      throw new HttpError(429, 'too-many-streams', `同时打开的实时会话已达上限（${this.#limits.streamsPerKeyMax} 个），请先关闭一些再试`, retryAfter(5_000))
    }
  }

  /** Writes the conversation until it has ended, the reader is gone or the server closes. Never rejects: the stream says how it ended. */
  run(request: ChatStreamRequest): Promise<void> {
    const stop = new AbortController()
    const { accountId } = request
    this.#perAccount.set(accountId, (this.#perAccount.get(accountId) ?? 0) + 1)
    const stream = { stop, finished: Promise.resolve() }
    this.#open.add(stream)
    stream.finished = this.#write(request, stop)
      .catch((error: unknown) => {
        this.#log.warn({ err: error, call: request.callId }, 'chat stream broke')
        request.response.destroy()
      })
      .finally(() => {
        this.#open.delete(stream)
        const left = (this.#perAccount.get(accountId) ?? 1) - 1
        if (left > 0) this.#perAccount.set(accountId, left)
        else this.#perAccount.delete(accountId)
      })
    return stream.finished
  }

  /** Ends every stream between two events, so that readers can resume elsewhere. No stream opens afterwards. */
  async close(): Promise<void> {
    this.#closing = true
    for (const { stop } of this.#open) stop.abort()
    await Promise.all([...this.#open].map((stream) => stream.finished))
  }

  async #write({ response, follow, connected, callId }: ChatStreamRequest, stop: AbortController): Promise<void> {
    let timedOut = false
    let gone = false
    response.on('close', () => {
      gone = true
      stop.abort()
    })
    // A broken pipe also closes the response; the error itself says nothing more.
    response.on('error', () => stop.abort())
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    response.flushHeaders()

    let quietMs = 0
    const beat = () => {
      quietMs += heartbeatMs
      if (connected && quietMs < quietHeartbeatMs) return
      quietMs = 0
      // A reader that is behind has enough to read.
      if (!gone && !response.writableNeedDrain) response.write(keepAlive)
    }
    const stopBeat = this.#clock.every(heartbeatMs, beat)
    const stopTimeout = connected
      ? () => {}
      : this.#clock.after(notConnectedMs, () => {
          if (connected) return
          timedOut = true
          stop.abort()
        })
    try {
      for await (const { seq, event } of follow(stop.signal)) {
        if (stop.signal.aborted) break
        if (event.type === 'answered') connected = true
        const line = toChatLine(event)
        if (line) {
          quietMs = 0
          await this.#send(response, toSse(line, seq), stop.signal)
        }
        if (event.type === 'ended') break
      }
    } catch (error) {
      // Aborting may surface as an error of the follower. Anything else ends the stream without [DONE], so the reader resumes.
      if (!stop.signal.aborted) this.#log.warn({ err: error, call: callId }, 'following a call for a stream failed')
    } finally {
      stopBeat()
      stopTimeout()
    }
    if (gone) return
    await new Promise<void>((resolve) => {
      response.once('close', resolve)
      response.end(timedOut ? toSse(timeoutLine) : '', resolve)
    })
  }

  /** Resolves when the reader can take more; cuts the reader off when it takes nothing for too long. */
  async #send(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
    if (response.write(text) || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel()
        response.off('drain', done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#clock.after(this.#limits.streamStallMsMax, () => {
        response.destroy()
        done()
      })
      response.once('drain', done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
