import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdStep } from './money.ts'

void test('money is asked for ahead of time, and the call ends only when there is none', () => {
  const table: [string, number, 'possible' | 'asking' | 'failed' | 'refused', string][] = [
    ['a fresh call', 0, 'possible', 'continue'],
    ['25 s before the end of the block', 35_000, 'possible', 'extend'],
    ['asked already', 36_000, 'asking', 'continue'],
    ['refused, but paid for the moment', 45_000, 'refused', 'continue'],
    ['refused and time to say goodbye', 52_000, 'refused', 'end'],
    ['the database is slow and the money nearly over', 52_000, 'asking', 'end'],
    ['the database was away, time to try again', 40_000, 'failed', 'extend'],
    ['the database is still away and the money nearly over', 52_000, 'failed', 'end'],
    ['late, but not asked yet', 55_000, 'possible', 'extend'],
    ['over', 60_000, 'possible', 'end'],
  ]
  for (const [name, talkMs, extension, expected] of table) {
    assert.equal(holdStep({ talkMs, coveredMs: 60_000, extension, extendAheadMs: 25_000, goodbyeMs: 8_000 }), expected, name)
  }
})

void test('a first block shorter than a goodbye still gives time to ask', () => {
  const block = { coveredMs: 6_000, extendAheadMs: 25_000, goodbyeMs: 8_000 }
  assert.equal(holdStep({ ...block, talkMs: 1_000, extension: 'possible' }), 'extend')
  assert.equal(holdStep({ ...block, talkMs: 2_000, extension: 'asking' }), 'continue')
  assert.equal(holdStep({ ...block, talkMs: 3_000, extension: 'asking' }), 'end')
})
