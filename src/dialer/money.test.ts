import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdStep } from './money.ts'

void test('money is asked for ahead of time, and the call ends only when there is none', () => {
  const table: [string, number, 'possible' | 'asking' | 'refused', string][] = [
    ['a fresh call', 0, 'possible', 'continue'],
    ['25 s before the end of the block', 35_000, 'possible', 'extend'],
    ['asked already', 36_000, 'asking', 'continue'],
    ['refused, but paid for the moment', 45_000, 'refused', 'continue'],
    ['refused and time to say goodbye', 52_000, 'refused', 'end'],
    ['the database is slow and the money nearly over', 52_000, 'asking', 'end'],
    ['late, but not asked yet', 55_000, 'possible', 'extend'],
    ['over', 60_000, 'possible', 'end'],
  ]
  for (const [name, talkMs, extension, expected] of table) {
    assert.equal(holdStep({ talkMs, coveredMs: 60_000, extension, extendAheadMs: 25_000, goodbyeMs: 8_000 }), expected, name)
  }
})
