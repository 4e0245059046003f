// Knows which database errors pass by themselves, and how to wait for that within a limit. Does not know queries.
import { setTimeout as delay } from 'node:timers/promises'
import { OverloadedError } from '../errors.ts'

export const retryDefaults = { withinMs: 10_000, firstDelayMs: 20, delayMsMax: 1_000 } as const

export type RetryOptions = {
  /** Give up this long after the first failure. */
  withinMs?: number | undefined
  signal?: AbortSignal | undefined
  /** Told before each further try. */
  onFailure?: ((error: unknown, failures: number) => void) | undefined
  clock?: { now(): number; delay(ms: number, signal?: AbortSignal): Promise<void> } | undefined
}

const systemClock = {
  now: () => performance.now(),
  delay: (ms: number, signal?: AbortSignal): Promise<void> => delay(ms, undefined, signal ? { signal } : {}),
}

/**
 * Runs `work` again for as long as the database is away or chose our transaction to break a deadlock.
 * The answer to a commit can be lost with the connection: `work` may have taken effect before it is run again, so it must be idempotent.
 * Errors: OverloadedError naming `what` when the database did not come back in time; any other error of `work` at once.
 */
export async function retryWhileDown<T>(what: string, work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const clock = options.clock ?? systemClock
  let deadline: number | undefined
  for (let failures = 1; ; failures += 1) {
    try {
      return await work()
    } catch (error) {
      if (!passesByItself(error)) throw error
      const delayMs = Math.min(retryDefaults.firstDelayMs * 2 ** (failures - 1), retryDefaults.delayMsMax)
      deadline ??= clock.now() + (options.withinMs ?? retryDefaults.withinMs)
      if (clock.now() + delayMs > deadline) throw new OverloadedError(`${what}: the database did not answer in time; try again shortly`, 5_000, { cause: error })
      options.onFailure?.(error, failures)
      await clock.delay(delayMs, options.signal)
    }
  }
}

// Source: PostgreSQL appendix A; errno(3).
const transientCodes: ReadonlySet<string> = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown: another backend crashed, and all were ended
  '57P03', // cannot_connect_now: starting up, recovering or shutting down
  '53300', // too_many_connections
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT', // the socket file is gone while the server restarts
])
// pg has no codes for these of its own.
const transientMessages = /^Connection terminated|^timeout expired|^timeout exceeded when trying to connect|not queryable|^Query read timeout/

export function passesByItself(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string' && (transientCodes.has(code) || code.startsWith('08'))) return true
  // Several addresses of one host name were tried.
  if (error instanceof AggregateError) return error.errors.some(passesByItself)
  return transientMessages.test(error.message)
}
