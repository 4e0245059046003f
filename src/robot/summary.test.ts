import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRequirement } from './requirement.ts'
import type { ConversationOutcome } from './robot.ts'
import { callBackSlot, keySlot, summarise } from './summary.ts'

const now = new Date('2026-11-20T15:00:00+08:00')
const r = compileRequirement('通知张总明天上午9点在三楼会议室开会，请带报表', { acceptedAt: now })
const base = { outcome: 'confirmed', identified: true, factsHeard: ['f1', 'f2'], slots: {}, callBackAt: undefined } as const

void test('tells whom we reached, what they heard and the result', () => {
  assert.equal(summarise(r, base, now), '已联系到张总，告知：明天上午9点在三楼会议室开会；请带报表，对方已确认。')
})

void test('leaves out what was not heard', () => {
  const text = summarise(r, { ...base, outcome: 'refused', factsHeard: ['f1'] }, now)
  assert.doesNotMatch(text, /报表/)
  assert.match(text, /部分告知/)
  for (const outcome of ['wrong-number', 'third-party', 'machine', 'silent', 'unconfirmed', 'stopped'] satisfies ConversationOutcome[]) {
    assert.doesNotMatch(summarise(r, { ...base, outcome, identified: false, factsHeard: [] }, now), /会议室|报表|9点/)
  }
})

void test('tells answers, keys and the time to call again', () => {
  const ask = compileRequirement('问张总明天能不能来', { acceptedAt: now })
  assert.match(summarise(ask, { ...base, factsHeard: [], slots: { 明天能不能来: '能来' } }, now), /询问“明天能不能来”，对方回答“能来”/)
  assert.match(summarise(r, { ...base, slots: { [keySlot]: '1（确认）' } }, now), /对方按了1（确认）/)
  const later = summarise(r, { ...base, outcome: 'busy-call-back', identified: false, factsHeard: [], slots: { [callBackSlot]: '晚上八点' }, callBackAt: '2026-11-20T20:00:00+08:00' }, now)
  assert.match(later, /约2026-11-20 20:00/)
  assert.doesNotMatch(later, /询问/)
})

void test('is one sentence', () => {
  assert.equal(summarise(r, base, now).match(/。/gu)?.length, 1)
})
