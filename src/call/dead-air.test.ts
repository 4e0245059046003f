import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEAD_AIR_MS_MAX, DeadAir, NO_AUDIO_MS_MAX } from './dead-air.ts'

void describe('dead air', () => {
  void test('is a line that never sends anything, after ten seconds', () => {
    const air = new DeadAir(1_000, false)
    air.onMedia({ type: 'dead-air', atMs: 2_000, sinceMs: 900 })
    assert.equal(air.check(1_000 + NO_AUDIO_MS_MAX - 1, false), undefined)
    assert.equal(air.check(1_000 + NO_AUDIO_MS_MAX, false), 'no-audio-received')
  })

  void test('is a line that stopped, after thirty', () => {
    const air = new DeadAir(0, false)
    air.onMedia({ type: 'first-packet', atMs: 100 })
    assert.equal(air.check(60_000, false), undefined)
    air.onMedia({ type: 'dead-air', atMs: 61_000, sinceMs: 60_000 })
    assert.equal(air.check(60_000 + DEAD_AIR_MS_MAX - 1, false), undefined)
    assert.equal(air.check(60_000 + DEAD_AIR_MS_MAX, false), 'audio-stopped')
  })

  void test('is over when sound comes again, and begins anew', () => {
    const air = new DeadAir(0, true)
    air.onMedia({ type: 'dead-air', atMs: 1_000, sinceMs: 0 })
    air.onMedia({ type: 'live-again', atMs: 20_000 })
    assert.equal(air.check(100_000, false), undefined)
    air.onMedia({ type: 'dead-air', atMs: 101_000, sinceMs: 100_000 })
    assert.equal(air.check(129_000, false), undefined)
    assert.equal(air.check(130_000, false), 'audio-stopped')
  })

  void test('is not hold: it counts from its end', () => {
    const air = new DeadAir(0, true)
    air.onMedia({ type: 'dead-air', atMs: 1_000, sinceMs: 0 })
    for (let nowMs = 0; nowMs <= 300_000; nowMs += 1_000) assert.equal(air.check(nowMs, true), undefined)
    assert.equal(air.check(300_000 + DEAD_AIR_MS_MAX - 1, false), undefined)
    assert.equal(air.check(300_000 + DEAD_AIR_MS_MAX, false), 'audio-stopped')
  })

  void test('before the answer does not count', () => {
    const air = new DeadAir(50_000, true)
    air.onMedia({ type: 'dead-air', atMs: 50_100, sinceMs: 10_000 })
    assert.equal(air.check(50_000 + DEAD_AIR_MS_MAX - 1, false), undefined)
    assert.equal(air.check(50_000 + DEAD_AIR_MS_MAX, false), 'audio-stopped')
  })
})
