import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callingHours, parseHours } from './calling-hours.ts'

const at = (text: string) => Date.parse(`${text}+08:00`)
const hours = parseHours('08:00-21:00')

void test('the window opens at its first minute and is closed at its last', () => {
  assert.deepEqual(callingHours(at('2026-11-20T08:00:00'), hours), { open: true })
  assert.deepEqual(callingHours(at('2026-11-20T20:59:59.999'), hours), { open: true })
  assert.deepEqual(callingHours(at('2026-11-20T21:00:00'), hours), { open: false, opensAtMs: at('2026-11-21T08:00:00') })
  assert.deepEqual(callingHours(at('2026-11-20T07:59:59.999'), hours), { open: false, opensAtMs: at('2026-11-20T08:00:00') })
})

void test('midnight in Shanghai, not in Greenwich, starts the day', () => {
  assert.deepEqual(callingHours(at('2026-11-21T00:00:00'), hours), { open: false, opensAtMs: at('2026-11-21T08:00:00') })
  assert.deepEqual(callingHours(at('2026-12-31T23:59:59'), hours), { open: false, opensAtMs: at('2027-01-01T08:00:00') })
})

void test('between two windows the next one is named, after the last the first of tomorrow', () => {
  const split = parseHours('09:00-12:00, 14:00-20:00')
  assert.deepEqual(callingHours(at('2026-11-20T12:30:00'), split), { open: false, opensAtMs: at('2026-11-20T14:00:00') })
  assert.deepEqual(callingHours(at('2026-11-20T20:00:00'), split), { open: false, opensAtMs: at('2026-11-21T09:00:00') })
})

void test('no window reaches into the night, whatever is configured', () => {
  for (const text of ['07:59-21:00', '08:00-22:01', '20:00-08:00', '00:00-24:00', '10:00-10:00', 'always', '10:70-11:00']) {
    assert.throws(() => parseHours(text), /calling hours/, text)
  }
  // Windows that were never checked are cut as well.
  assert.equal(callingHours(at('2026-11-20T23:00:00'), [{ openMinute: 0, closeMinute: 1440 }]).open, false)
})
