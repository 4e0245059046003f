import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clausesOf, clausesOfParts, heardText } from './clauses.ts'

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

test('texts and recordings make one utterance; the pause of a text is kept before a recording, and none after the last', () => {
  const recording = async () => new Int16Array(80)
  const clauses = clausesOfParts([{ text: '您好' }, { text: '，这里是' }, { text: '（录音 a）', recording }, { text: '明天9点。' }, { text: '（录音 b）', recording }])
  assert.deepEqual(clauses.map(({ text, pauseMs, recording: played }) => [text, pauseMs, played !== undefined]), [['您好，', 140, false], ['这里是', 0, false], ['（录音 a）', 0, true], ['明天9点。', 260, false], ['（录音 b）', 0, true]])
  assert.deepEqual(clausesOfParts([]), [])
  assert.equal(clausesOfParts([{ text: '好的。' }])[0]!.pauseMs, 0)
})

test('a recording that was begun counts as heard, with all the words that stand for it', () => {
  const recording = async () => new Int16Array(0)
  const clauses = [{ text: '您好，', pauseMs: 140, audioMs: 500 }, { text: '（录音 a）', pauseMs: 0, audioMs: 4_000, recording }, { text: '再见', pauseMs: 0, audioMs: 500 }]
  assert.equal(heardText(clauses, 640), '您好，')
  assert.equal(heardText(clauses, 700), '您好，（录音 a）')
  assert.equal(heardText(clauses, 4_900), '您好，（录音 a）再')
})
