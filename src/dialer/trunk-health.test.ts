import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../media/seeded-random.ts'
import { afterAttempt, healthLimits, healthy, isTrunkFault, type AttemptResult, type TrunkHealth } from './trunk-health.ts'

/** One attempt after the other, each over a tenth of a second after it began. */
function after(results: readonly Partial<AttemptResult>[], from: TrunkHealth = healthy, startMs = 0): TrunkHealth {
  return results.reduce<TrunkHealth>((health, result, at) => {
    const startedMs = result.startedMs ?? startMs + at * 1_000
    return afterAttempt(health, { startedMs, atMs: startedMs + 100, status: undefined, ...result })
  }, from)
}
const times = (count: number, result: Partial<AttemptResult>): Partial<AttemptResult>[] => Array.from({ length: count }, () => result)

test('what is the trunk’s fault, and what is not', () => {
  for (const status of [500, 502, 503, 504, 513]) assert.ok(isTrunkFault({ status }), String(status))
  for (const status of [403, 404, 480, 486, 487, 600, 603]) assert.ok(!isTrunkFault({ status }), String(status))
  assert.ok(isTrunkFault({ status: 408, local: 'timeout' }) && isTrunkFault({ status: 503, local: 'transport' }))
  assert.ok(!isTrunkFault({ status: 408 }) && !isTrunkFault({ status: undefined }))
})

test('one number that gives 503 costs the trunk nothing; three in a row leave it alone for a second', () => {
  assert.equal(after(times(2, { status: 503 })).backOff, undefined)
  assert.equal(after([{ status: 503 }, {}, { status: 503 }, { status: 486 }, { status: 503 }, { status: 503 }]).backOff, undefined)
  assert.deepEqual(after(times(3, { status: 503 })).backOff, { sinceMs: 2_100, untilMs: 3_100, steps: 1, because: 'faults' })
})

test('each attempt that fails after the pause doubles it up to the limit; one that rings ends it', () => {
  let health = after(times(3, { status: 408, local: 'timeout' }))
  const pauses: number[] = []
  for (let i = 0; i < 10; i += 1) {
    pauses.push(health.backOff!.untilMs - health.backOff!.sinceMs)
    health = after([{ status: 503, startedMs: health.backOff!.untilMs }], health)
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000])
  health = after([{ startedMs: health.backOff!.untilMs }], health)
  assert.deepEqual([health.backOff, health.faultsInRow], [undefined, 0])
})

test('twenty attempts that were under way together when the trunk died are one step, not twenty', () => {
  const health = after(times(20, { status: 503, local: 'transport', startedMs: 500, atMs: 900 }))
  assert.deepEqual(health.backOff, { sinceMs: 900, untilMs: 1_900, steps: 1, because: 'faults' })
})

test('Retry-After is kept from the first time on, within reason, and an older answer does not end it', () => {
  let health = after([{ status: 503, retryAfterMs: 30_000 }])
  assert.deepEqual(health.backOff, { sinceMs: 100, untilMs: 30_100, steps: 0, because: 'retry-after' })
  health = after([{ startedMs: 50 }], health)
  assert.equal(health.backOff?.untilMs, 30_100)
  assert.equal(after([{ status: 503, retryAfterMs: 5_000, startedMs: 60 }], health).backOff?.untilMs, 30_100, 'a shorter wish does not shorten it')
  assert.equal(after([{ startedMs: 40_000 }], health).backOff, undefined)
  assert.equal(after([{ status: 503, retryAfterMs: 86_400_000 }]).backOff?.untilMs, 100 + healthLimits.retryAfterMsMax)
  assert.equal(after([{ status: 486, retryAfterMs: 9_000 }]).backOff, undefined, 'a callee who is busy for a while is no trunk')
})

test('a burst of 403, 480 and 503 makes a trunk suspect, with the counts; ordinary shares of 480 do not', () => {
  const burst = after([...times(6, { status: 403 }), ...times(5, { status: 480 }), ...times(1, { status: 503 })])
  assert.deepEqual(burst.suspect, { untilMs: 11_100 + healthLimits.suspectMs, because: '403×6 480×5 503×1 / 12' })
  assert.equal(after(times(11, { status: 403 })).suspect, undefined)
  const ordinary = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? { status: 480 } : {}))
  assert.equal(after(ordinary).suspect, undefined)
})

test('a suspicion is cleared by attempts that ring, or by time, and comes back when nothing has changed', () => {
  const blocked = after(times(12, { status: 403 }))
  assert.ok(after([{ status: 403 }, {}, {}], blocked, 20_000).suspect)
  assert.equal(after([{}, {}, {}], blocked, 20_000).suspect, undefined)
  const later = blocked.suspect!.untilMs
  assert.equal(after([{ status: 403 }], blocked, later).suspect, undefined)
  assert.ok(after(times(12, { status: 403 }), blocked, later).suspect)
})

test('over random attempts in random order everything stays bounded and finite', () => {
  const random = seededRandom(5)
  let health = healthy
  for (let i = 0; i < 5_000; i += 1) {
    const atMs = i * 200 + random() * 5_000
    const status = [undefined, 403, 480, 486, 500, 503, 408][Math.floor(random() * 7)]
    health = afterAttempt(health, { startedMs: atMs - random() * 30_000, atMs, status, ...(status === 408 && { local: 'timeout' as const }), ...(random() < 0.05 && { retryAfterMs: random() * 1e7 }) })
    assert.ok(health.recent.length <= healthLimits.recentMax && health.failures.length <= healthLimits.failuresMax)
    if (health.backOff) assert.ok(health.backOff.untilMs - health.backOff.sinceMs <= healthLimits.retryAfterMsMax && Number.isFinite(health.backOff.untilMs))
    if (health.suspect) assert.ok(health.suspect.because.length < 80)
  }
})
