import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readToolCall, type ToolContext, toolsFor } from './prompt-tools.ts'
import { compileRequirement } from './requirement.ts'

const now = new Date('2026-11-20T10:00:00+08:00')
const requirement = compileRequirement('问张总明天上午9点能不能来公司，总机请拨分机8012', { acceptedAt: now, knowledge: '人工请按0' })
const read = (name: string, input: unknown, p: { said?: string; signal?: ToolContext['turn']['signal'] } = {}) =>
  readToolCall(name, input, { requirement, now, calleeSaid: [p.said ?? '我看一下'], turn: { move: 'go-on', signal: p.signal ?? 'other', text: p.said ?? '我看一下' } })
const refused = (why: string) => ({ type: 'refused', why })

void test('tools are described so that every endpoint understands them', () => {
  for (const { name, description, parameters } of toolsFor(requirement)) {
    assert.match(name, /^[a-z_]{3,30}$/)
    assert.ok(description.length > 5)
    assert.equal((parameters as { type: string }).type, 'object')
  }
})

void test('tools that do not exist and arguments of any shape do nothing', () => {
  assert.deepEqual(read('transfer_money', { amount: 1 }), refused('unknown-tool'))
  assert.deepEqual(read('__proto__', {}), refused('unknown-tool'))
  for (const name of ['end_call', 'note', 'schedule_callback', 'send_digits']) {
    for (const input of [undefined, null, 7, 'x', [], [1], {}, { reason: 7 }, { reason: 'fly' }, { time: {} }, { digits: 8012 }, { answers: 'q1' }, { answers: [null, 7, {}] }]) {
      assert.equal(read(name, input).type, 'refused', `${name} ${JSON.stringify(input)}`)
    }
  }
})

void test('a call ends and is handed over for a cause in the callee\'s words', () => {
  assert.deepEqual(read('end_call', { reason: 'confirmed' }), { type: 'end', how: 'confirmed' })
  assert.deepEqual(read('end_call', { reason: 'stop' }, { said: '烦不烦', signal: 'other' }), { type: 'end', how: 'stop' })
  assert.deepEqual(read('hand_over', {}, { said: '这个你说不清', signal: 'other' }), { type: 'end', how: 'human' })
  assert.deepEqual(read('end_call', { reason: 'stop' }, { said: '还有呢', signal: 'question' }), refused('not-now'))
  assert.deepEqual(read('hand_over', {}, { said: '还有呢', signal: 'question' }), refused('not-now'))
  for (const signal of ['affirm', 'thanks', 'greeting'] as const) {
    assert.deepEqual(read('end_call', { reason: 'stop' }, { said: '好的', signal }), refused('not-now'))
    assert.deepEqual(read('hand_over', {}, { said: '好的', signal }), refused('not-now'))
  }
})

void test('notes hold what was asked and said, and nothing invented', () => {
  assert.deepEqual(read('note', { answers: [{ question: 'q1', answer: '要看情况' }], remark: '会晚一点' }), { type: 'note', slots: { [requirement.questions[0]!.text]: '要看情况', 备注: '会晚一点' }, refused: 0 })
  assert.deepEqual(read('note', { answers: [{ question: 'q9', answer: '能来' }] }), refused('invented'))
  assert.deepEqual(read('note', { remark: '会晚45分钟' }), refused('invented'))
  assert.deepEqual(read('note', { remark: '详见 http://x.cn' }), refused('invented'))
  assert.deepEqual(read('note', { remark: '好'.repeat(500) }), refused('invented'))
})

void test('a call back is at the time that the callee named', () => {
  assert.deepEqual(read('schedule_callback', { time: '下午三点' }, { said: '我在忙，下午三点再打吧' }), { type: 'call-back', words: '下午三点' })
  assert.deepEqual(read('schedule_callback', { time: '下午四点' }, { said: '我在忙，下午三点再打吧' }), refused('invented'))
  assert.deepEqual(read('schedule_callback', { time: '明天上午9点' }, { said: '我在忙' }), refused('invented'), 'the time of the requirement is no wish of theirs')
  assert.deepEqual(read('schedule_callback', { time: '什么时候都行' }, { said: '随便' }), refused('invented'))
})

void test('only keys that somebody named are pressed', () => {
  assert.deepEqual(read('send_digits', { digits: '8012' }), { type: 'digits', digits: '8012' })
  assert.deepEqual(read('send_digits', { digits: '0' }), { type: 'digits', digits: '0' })
  assert.deepEqual(read('send_digits', { digits: '1' }, { said: '请按一转接' }), { type: 'digits', digits: '1' })
  assert.deepEqual(read('send_digits', { digits: '#' }, { said: '听完请按井号键' }), { type: 'digits', digits: '#' })
  assert.deepEqual(read('send_digits', { digits: '801' }), refused('invented'), 'a part of a number is another number')
  assert.deepEqual(read('send_digits', { digits: '5' }), refused('invented'))
  for (const digits of ['', '1'.repeat(21), '8012;5', 'ABCD', '１']) assert.deepEqual(read('send_digits', { digits }), refused('arguments'))
})
