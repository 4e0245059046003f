import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverloadedError } from '../errors.ts'
import { passesByItself, retryWhileDown } from './connection-loss.ts'

const lost = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

function fakeClock(): { now(): number; delay(ms: number): Promise<void>; pauses: number[] } {
  let now = 0
  const pauses: number[] = []
  return {
    pauses,
    now: () => now,
    delay: (ms) => {
      pauses.push(ms)
      now += ms
      return Promise.resolve()
    },
  }
}

test('work is run again until the database is back', async () => {
  const clock = fakeClock()
  let runs = 0
  const result = await retryWhileDown('read', () => (++runs < 4 ? Promise.reject(lost()) : Promise.resolve('read')), { clock })
  assert.equal(result, 'read')
  assert.deepEqual(clock.pauses, [20, 40, 80])
})

test('pauses double up to a second and end within the limit', async () => {
  const clock = fakeClock()
  const failures: number[] = []
  const error = lost()
  const waiting = retryWhileDown('settle a call', () => Promise.reject(error), { clock, withinMs: 5_000, onFailure: (_, count) => failures.push(count) })
  await assert.rejects(waiting, (thrown) => thrown instanceof OverloadedError && thrown.cause === error && thrown.message.startsWith('settle a call'))
  assert.deepEqual(clock.pauses.slice(0, 8), [20, 40, 80, 160, 320, 640, 1_000, 1_000])
  assert(clock.now() <= 5_000)
  assert.deepEqual(failures, failures.map((_, index) => index + 1))
})

test('an error of the work itself is thrown at once', async () => {
  const clock = fakeClock()
  const unique = Object.assign(new Error('duplicate key'), { code: '23505' })
  await assert.rejects(retryWhileDown('insert', () => Promise.reject(unique), { clock }), unique)
  assert.deepEqual(clock.pauses, [])
})

test('an abort ends the wait', async () => {
  const controller = new AbortController()
  const waiting = retryWhileDown('read', () => Promise.reject(lost()), { signal: controller.signal })
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
})

test('losses, restarts and deadlocks pass by themselves; refusals, bad SQL and broken rules do not', () => {
  const withCode = (code: string): Error => Object.assign(new Error(code), { code })
  for (const code of ['57P01', '57P02', '57P03', '53300', '40001', '40P01', '08006', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT']) assert(passesByItself(withCode(code)), code)
  for (const code of ['23505', '23514', '42601', '28P01', '3D000', '53100', '57014', 'ENOTFOUND']) assert(!passesByItself(withCode(code)), code)
  for (const message of ['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Client has encountered a connection error and is not queryable']) assert(passesByItself(new Error(message)), message)
  assert(passesByItself(new AggregateError([withCode('ECONNREFUSED')])))
  assert(!passesByItself('ECONNREFUSED'))
})
