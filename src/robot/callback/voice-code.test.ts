import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partsOf } from './voice-code.ts'

test('files, addresses and variables in their order', () => {
  const { parts, left } = partsOf('hello.wav, https://example.com/a.wav?x=1，$姓名$,2d4c', { 姓名: '张总，9点' }, 'acc_1-')
  assert.deepEqual(left, [])
  assert.deepEqual(parts, [{ type: 'file', code: 'acc_1-hello.wav' }, { type: 'url', url: 'https://example.com/a.wav?x=1' }, { type: 'text', text: '张总，9点' }, { type: 'file', code: 'acc_1-2d4c' }])
})

test('what cannot be played is left out and told, the rest is played', () => {
  const { parts, left } = partsOf('../../etc/passwd,$none$,$toString$,$blank$,file:///etc/passwd,https://,$a$,,', { a: '甲\u0000\ud800', blank: ' \n' }, 'acc_1-')
  assert.deepEqual(parts, [{ type: 'text', text: '甲' }])
  assert.equal(left.length, 6)
})

test('a list without end is not played without end', () => {
  const { parts, left } = partsOf(Array.from({ length: 200 }, () => 'a').join(','), {}, '')
  assert.equal(parts.length, 50)
  assert.deepEqual(left, ['more than 50 items'])
})
