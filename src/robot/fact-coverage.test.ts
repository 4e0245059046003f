import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tells } from './fact-coverage.ts'
import { compileRequirement } from './requirement.ts'

const acceptedAt = new Date('2026-08-28T10:00:00+08:00') // a Friday
const now = new Date('2026-08-28T15:00:00+08:00')
const told = (requirement: string, words: string, at = now): boolean[] => compileRequirement(requirement, { acceptedAt }).facts.map((fact) => tells(words, fact, at))

const meeting = '通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表'

void test('knows a fact in other words', () => {
  for (const words of ['明天上午九点在三号会议室开季度例会，请您带上季度报表。', '会议是8月29日星期六上午9点，地点在3号会议室，开的是季度例会，季度报表请带上。', '请带上季度报表，明天，也就是8月29日星期六上午9点，在3号会议室开季度例会。']) assert.deepEqual(told(meeting, words), [true, true], words)
})

void test('misses a fact whose moment, number or matter is not there', () => {
  assert.deepEqual(told(meeting, '明天在三号会议室开季度例会。'), [false, false])
  assert.deepEqual(told(meeting, '后天上午九点在三号会议室开季度例会。'), [false, false])
  assert.deepEqual(told(meeting, '明天上午十点在三号会议室开季度例会。'), [false, false])
  assert.deepEqual(told(meeting, '明天上午九点在会议室开季度例会，请带上季度报表。'), [false, true])
  assert.deepEqual(told(meeting, '明天上午九点，三号。'), [false, false])
  assert.deepEqual(told(meeting, ''), [false, false])
})

void test('follows the day to another day', () => {
  const saturday = new Date('2026-08-29T08:00:00+08:00')
  assert.deepEqual(told(meeting, '今天上午九点在三号会议室开季度例会，请带上季度报表。', saturday), [true, true])
  assert.deepEqual(told(meeting, '明天上午九点在三号会议室开季度例会，请带上季度报表。', saturday), [false, true])
})

void test('wants every digit of a code', () => {
  const parcel = '告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327'
  assert.ok(told(parcel, '您的快递放在小区南门的菜鸟驿站，取件码是5-1-0327。').every(Boolean))
  assert.ok(!told(parcel, '您的快递放在小区南门的菜鸟驿站，取件码是5-1-0328。').every(Boolean))
  assert.ok(!told(parcel, '您的快递放在小区南门的菜鸟驿站。').every(Boolean))
})
