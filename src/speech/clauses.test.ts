import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clausesOf, heardText } from './clauses.ts'

test('splits at Chinese punctuation and keeps times, decimals and amounts whole', () => {
  assert.deepEqual(
    clausesOf('您好，明天9:30开会。费用1,280.50元！可以吗？').map((clause) => clause.text),
    ['您好，', '明天9:30开会。', '费用1,280.50元！', '可以吗？'],
  )
})

test('splits English sentences at the mark before a space', () => {
  assert.deepEqual(clausesOf('Hello, this is AI. Is it 3.5?').map((clause) => clause.text), ['Hello,', 'this is AI.', 'Is it 3.5?'])
})

test('gives no pause after the last clause and no clause for bare punctuation', () => {
  assert.equal(clausesOf('好的。').at(-1)!.pauseMs, 0)
  assert.deepEqual(clausesOf('……。'), [])
  assert.deepEqual(clausesOf('等等……。再见').map((clause) => clause.text), ['等等……。', '再见'])
})

test('heard text is whole clauses plus the share of the one that was cut', () => {
  const clauses = [
    { text: '明天上午，', pauseMs: 140, audioMs: 1000 },
    { text: '九点开会。', pauseMs: 0, audioMs: 1000 },
  ]
  assert.equal(heardText(clauses, 0), '')
  assert.equal(heardText(clauses, 500), '明天')
  assert.equal(heardText(clauses, 1000), '明天上午，')
  assert.equal(heardText(clauses, 1100), '明天上午，', 'inside the pause nothing more is heard')
  assert.equal(heardText(clauses, 1740), '明天上午，九点开')
  assert.equal(heardText(clauses, Infinity), '明天上午，九点开会。')
})

test('a clause that was never synthesised was not heard', () => {
  assert.equal(heardText([{ text: '一，', pauseMs: 140, audioMs: 500 }, { text: '二。', pauseMs: 0, audioMs: 0 }], 640), '一，')
})
