import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndReason } from '../call/end-reason.ts'
import { learntFrom } from './learnt.ts'

const answered: EndReason = { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {} }

void test('the last outcome and summary win, slots are merged', () => {
  const learnt = learntFrom(
    [
      { outcome: 'unconfirmed', slots: { attends: 'maybe', seats: '2' } },
      { outcome: 'confirmed', slots: { attends: 'yes' }, summary: '确认参加' },
      { callBackAt: '明天下午三点' },
    ],
    answered,
  )
  assert.equal(learnt.conversation, 'confirmed')
  assert.equal(learnt.summary, '确认参加')
  assert.deepEqual(learnt.slots, { attends: 'yes', seats: '2', callBackAt: '明天下午三点' })
  assert.deepEqual(learnt.flags, [])
})

void test('a wish not to be called again is never taken back by later notes', () => {
  const learnt = learntFrom([{ doNotCall: { evidence: '别再打了' } }, { outcome: 'confirmed' }], answered)
  assert.deepEqual(learnt.doNotCall, { evidence: '别再打了' })
})

void test("what the call itself says of the conversation beats the notes", () => {
  assert.equal(learntFrom([{ outcome: 'confirmed' }], answered, 'machine').conversation, 'machine')
})

void test('a wrong person and a number that does not exist are remembered', () => {
  assert.deepEqual(learntFrom([{ wrongNumber: true }], answered).flags, ['wrong-number'])
  assert.deepEqual(learntFrom([], answered, 'wrong-number').flags, ['wrong-number'])
  assert.deepEqual(learntFrom([], { ...answered, outcome: 'invalid-number' }).flags, ['invalid-number'])
})

void test('no notes teach nothing', () => {
  assert.deepEqual(learntFrom([], answered), { conversation: undefined, doNotCall: undefined, flags: [], slots: undefined, summary: undefined })
})
