// Knows when this process has too much to do and refuses before work is done. Does not know what the work is.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { OverloadedError } from '../errors.ts'
import type { Clock } from './clock.ts'
import type { ApiLimits } from './limits.ts'

export type LoadSigns = {
  /** Mean event loop delay, kept up over two half seconds in a row: one stall, as of a start, is no load. */
  loopDelayMs(): number
}

/** Pure: whether one more request may start. */
export function shouldShed(signs: { requestsNow: number; loopDelayMs: number }, limits: Pick<ApiLimits, 'requestsAtOnceMax' | 'loopDelayMsMax'>): boolean {
  return signs.requestsNow >= limits.requestsAtOnceMax || signs.loopDelayMs >= limits.loopDelayMsMax
}

/** Watches the event loop of this thread until closed. */
export function watchEventLoop(clock: Clock): LoadSigns & Disposable {
  const resolutionMs = 20
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let before = 0
  let loopDelayMs = 0
  const stop = clock.every(500, () => {
    // The histogram contains the sampling interval itself; NaN when nothing was sampled yet.
    const now = Math.max(0, (histogram.mean || 0) / 1e6 - resolutionMs)
    loopDelayMs = Math.min(before, now)
    before = now
    histogram.reset()
  })
  return {
    loopDelayMs: () => loopDelayMs,
    [Symbol.dispose]() {
      stop()
      histogram.disable()
    },
  }
}

/** Sheds requests to everything but the routes marked `config.always`. Must be the first hook. */
export function shedLoad(app: FastifyInstance, signs: LoadSigns, limits: ApiLimits, onShed: () => void): void {
  let requestsNow = 0
  app.addHook('onRequest', async (request, reply) => {
    const { always, stream } = request.routeOptions.config
    if (!always && shouldShed({ requestsNow, loopDelayMs: signs.loopDelayMs() }, limits)) {
      onShed()
      throw new OverloadedError('服务繁忙，没有做任何处理，请稍后重试', 1_000)
    }
    if (stream) return
    requestsNow += 1
    // 'close' comes exactly once, also when the client hung up before the answer.
    reply.raw.once('close', () => {
      requestsNow -= 1
    })
    return Promise.resolve()
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered even under load: health and metrics. */
    always?: boolean
  }
}
