import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerFor, callBackTime, slotOf } from './answers.ts'
import { compileRequirement } from './requirement.ts'

const now = new Date('2026-11-20T15:20:00+08:00')
const compile = (text: string) => compileRequirement(text, { acceptedAt: new Date('2026-11-20T10:00:00+08:00') })

void test('answers by keyword from the facts', () => {
  const r = compile('通知张总明天上午9点在三楼会议室开会，请带上报表，费用200元，地址解放路18号')
  assert.deepEqual(answerFor(['clock'], r, now), ['明天，也就是11月21日星期六上午9点'])
  assert.deepEqual(answerFor(['time'], r, now), ['明天，也就是11月21日星期六上午9点'])
  assert.deepEqual(answerFor(['place'], r, now), ['在三楼会议室'])
  assert.deepEqual(answerFor(['bring'], r, now), ['请带上报表'])
  assert.deepEqual(answerFor(['amount'], r, now), ['费用200元'])
  assert.deepEqual(answerFor(['address'], r, now), ['地址解放路18号'])
  assert.deepEqual(answerFor(['time', 'place'], r, now), ['明天，也就是11月21日星期六上午9点', '在三楼会议室'])
})

void test('does not answer what the facts do not tell', () => {
  const r = compile('通知张总明天停水')
  assert.equal(answerFor(['clock'], r, now), undefined, 'a day is no hour')
  assert.deepEqual(answerFor(['time'], r, now), ['明天，也就是11月21日星期六'])
  assert.equal(answerFor(['amount'], r, now), undefined)
  assert.equal(answerFor(['phone'], r, now), undefined)
  assert.equal(answerFor([], r, now), undefined)
})

void test('keeps 前 with a deadline', () => {
  assert.deepEqual(answerFor(['time'], compile('通知孙丽女士请25日前缴纳'), now), ['11月25日星期三前'])
})

void test('reads when to call again', () => {
  assert.equal(callBackTime('下午五点再打', now), '2026-11-20T17:00:00+08:00')
  assert.equal(callBackTime('明天上午打给我', now), '2026-11-21T08:30:00+08:00')
  assert.equal(callBackTime('明天吧', now), '2026-11-21T10:00:00+08:00')
  assert.equal(callBackTime('半小时后', now), '2026-11-20T15:50:00+08:00')
  assert.equal(callBackTime('一会儿再打', now), '2026-11-20T16:20:00+08:00')
  assert.equal(callBackTime('晚上八点', now), '2026-11-20T20:00:00+08:00')
  assert.equal(callBackTime('我在开会', now), undefined)
  assert.equal(callBackTime('随便', now), undefined)
})

void test('keeps the callee\'s words in a slot, within limits', () => {
  assert.equal(slotOf('，能来。 '), '能来')
  assert.equal(slotOf('长'.repeat(500)).length, 200)
})
