import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clauseStart, FactProgress } from './fact-progress.ts'

const text = '明天，也就是11月21日星期六上午9点，在三楼会议室开会。'

void test('counts a fact only when it was heard to its end', () => {
  const progress = new FactProgress([{ id: 'f1', text }, { id: 'f2', text: '请带报表。' }])
  progress.queued('s1', 'f1', 4, 0)
  progress.queued('s2', 'f2', 0, 0)
  progress.played('s1', `通知您：${text}`, false)
  assert.deepEqual(progress.heard(), ['f1'])
  progress.played('s2', '请带', true)
  assert.equal(progress.complete, false)
  assert.deepEqual(progress.unheard(), [{ id: 'f2', text: '请带报表。', from: 0 }])
})

void test('takes a cut fact up at the clause in which it was cut', () => {
  const progress = new FactProgress([{ id: 'f1', text }])
  progress.queued('s1', 'f1', 4, 0)
  progress.played('s1', `通知您：${text.slice(0, 26)}`, true)
  assert.deepEqual(progress.unheard().map((p) => p.text), ['在三楼会议室开会。'])
  progress.queued('s2', 'f1', 0, progress.unheard()[0]!.from)
  progress.played('s2', '在三楼会议室开会。', false)
  assert.ok(progress.complete)
})

void test('does not begin with 也就是', () => {
  const progress = new FactProgress([{ id: 'f1', text }])
  progress.queued('s1', 'f1', 0, 0)
  progress.played('s1', text.slice(0, 8), true)
  assert.equal(progress.unheard()[0]!.text, text)
})

void test('takes a fact that lost only its full stop for heard', () => {
  const progress = new FactProgress([{ id: 'f1', text }])
  progress.queued('s1', 'f1', 0, 0)
  progress.played('s1', text.slice(0, -1), true)
  assert.ok(progress.complete)
})

void test('ignores a lead that was cut, says it does not know, and late news', () => {
  const progress = new FactProgress([{ id: 'f1', text }])
  progress.queued('s1', 'f1', 4, 0)
  progress.played('s1', '通知', true)
  assert.equal(progress.unheard()[0]!.from, 0)
  progress.played('unknown', text, false)
  assert.equal(progress.complete, false)
  progress.queued('s2', 'f1', 0, 0)
  progress.played('s2', text, false)
  progress.played('s1', '', true)
  assert.ok(progress.complete)
})

void test('finds clause starts', () => {
  assert.equal(clauseStart('一，二，三', 0), 0)
  assert.equal(clauseStart('一，二，三', 3), 2)
  assert.equal(clauseStart('一，二，三', 4), 4)
})

void test('counts what was heard in other words, and what is still on its way', () => {
  const progress = new FactProgress([{ id: 'a', text: '明天开会。' }, { id: 'b', text: '带报表。' }], (id, words) => words.includes(id === 'a' ? '开会' : '报表'))
  assert.ok(!progress.begun)
  progress.queuedFreely('r1', '会议通知：明天开会，')
  progress.queuedFreely('r2', '报表要带上。')
  assert.deepEqual(progress.untold(), [])
  assert.deepEqual(progress.unheard().map(({ id }) => id), ['a', 'b'])
  progress.played('r1', '会议通知：明天开会，', false)
  progress.dropped()
  assert.deepEqual(progress.heard(), ['a'])
  assert.deepEqual(progress.untold().map(({ id }) => id), ['b'], 'what was dropped is not on its way')
  progress.played('r2', '报', true)
  assert.deepEqual(progress.heard(), ['a'])
  progress.queuedFreely('r3', '报表要带上。')
  progress.takenBack('r3')
  assert.deepEqual(progress.untold().map(({ id }) => id), ['b'])
})
