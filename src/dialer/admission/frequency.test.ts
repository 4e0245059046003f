import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialerDefaults } from '../settings.ts'
import { frequency, frequencyReach } from './frequency.ts'

const limits = dialerDefaults.frequency
const minute = 60_000
const hour = 60 * minute
const now = Date.parse('2026-11-20T12:00:00+08:00')
const ago = (...ms: number[]) => ms.map((each) => now - each)

void test('the default limits are one a minute, three an hour, five a day', () => {
  const table: [string, number[], number | undefined][] = [
    ['never tried', [], undefined],
    ['59 s ago', ago(59_000), now + 1_000],
    ['exactly a minute ago', ago(minute), undefined],
    ['two in the hour', ago(10 * minute, 20 * minute), undefined],
    ['three in the hour', ago(10 * minute, 20 * minute, 50 * minute), now + 10 * minute],
    ['three, the first an hour ago', ago(10 * minute, 20 * minute, hour), undefined],
    ['five in the day', ago(2 * hour, 3 * hour, 4 * hour, 5 * hour, 23 * hour), now + hour],
    ['five, one of them yesterday', ago(2 * hour, 3 * hour, 4 * hour, 5 * hour, 24 * hour), undefined],
    ['the longest wait wins', ago(1_000, 2 * hour, 3 * hour, 4 * hour, 5 * hour), now + 19 * hour],
    ['the order does not matter', ago(50 * minute, 10 * minute, 20 * minute), now + 10 * minute],
    ['an attempt by a node whose clock is ahead', ago(-5_000), now + minute],
  ]
  for (const [name, attempts, allowedAtMs] of table) {
    const verdict = frequency(now, attempts, limits)
    assert.equal(verdict.allowed ? undefined : verdict.allowedAtMs, allowedAtMs, name)
  }
})

void test('the reach covers the longest window and the largest count', () => {
  assert.deepEqual(frequencyReach(limits), { windowMsMax: 24 * hour, countMax: 5 })
  assert.deepEqual(frequencyReach([]), { windowMsMax: 0, countMax: 0 })
})
