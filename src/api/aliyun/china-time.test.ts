import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAliyunError } from './errors.ts'
import { chinaTime, day, dottedChinaTime, epochMs, javaDate, moment } from './china-time.ts'

const noon = new Date('2026-11-20T12:00:05+08:00')

test('times are those of China, in each published form', () => {
  assert.equal(chinaTime(noon), '2026-11-20 12:00:05')
  assert.equal(dottedChinaTime(noon), '2026.11.20 12:00:05')
  assert.equal(javaDate(noon), 'Fri Nov 20 12:00:05 CST 2026')
  // The published sample.
  assert.equal(javaDate(new Date('2019-03-27T10:34:45+08:00')), 'Wed Mar 27 10:34:45 CST 2019')
  assert.equal(chinaTime(new Date('2026-11-20T23:30:00Z')), '2026-11-21 07:30:00')
  assert.deepEqual([chinaTime(undefined), dottedChinaTime(undefined)], ['', ''])
})

test('a day begins at midnight in China', () => {
  assert.deepEqual(day('').read('Time', '2026-11-20', new Map()), { from: new Date('2026-11-20T00:00:00+08:00'), before: new Date('2026-11-21T00:00:00+08:00') })
})

test('a moment is read to the second, or refused', () => {
  assert.equal(moment('').read('ScheduleTime', ' 2026-11-20 12:00:05 ', new Map())?.getTime(), noon.getTime())
  for (const text of ['2026-11-20', '2026-11-20T12:00:05', '2026-02-30 12:00:00', '2026-11-20 25:00:00', 'soon', '1763611205000']) {
    assert.throws(() => moment('').read('ScheduleTime', text, new Map()), (error) => toAliyunError(error).code === 'InvalidParameter.date', text)
  }
  for (const text of ['2026-11-20 12:00:05', '2026-02-30', '20261120']) {
    assert.throws(() => day('').read('Time', text, new Map()), (error) => toAliyunError(error).code === 'InvalidParameter.date', text)
  }
})

test('milliseconds are digits', () => {
  assert.equal(epochMs('').read('QueryDate', '1553654085000', new Map()), 1_553_654_085_000)
  for (const text of ['-1', '1e12', 'now', '99999999999999999']) assert.throws(() => epochMs('').read('QueryDate', text, new Map()), (error) => toAliyunError(error).code === 'InvalidQueryDate')
})
