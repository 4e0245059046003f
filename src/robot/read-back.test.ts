import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBack } from './read-back.ts'
import { compileRequirement } from './requirement.ts'

const now = new Date('2026-11-20T11:00:00+08:00')
const judge = (requirement: string) => {
  const compiled = compileRequirement(requirement, { acceptedAt: new Date('2026-11-20T10:00:00+08:00') })
  return (text: string): string => {
    const back = readBack(text, compiled, now)
    return back ? `${back.right ? 'right' : 'wrong'}${back.asks ? '?' : ''} ${back.words.join('，')}` : ''
  }
}
const meeting = judge('通知张总明天上午9点在三楼会议室开会，请带上报表')
const moment = '明天，也就是11月21日星期六上午9点'

void test('knows a wrong time or day from a right one, however it is said', () => {
  for (const text of ['是十点吗', '不是十点吗', '十点对吧', '十点？', '下午9点吗', '九点半吗', '后天吗', '周日对吧', '11月22号吗', '今天上午九点是吧']) assert.equal(meeting(text), `wrong? ${moment}`, text)
  for (const text of ['是九点吗', '早上九点吗', '周六对吧', '是明天九点吗', '11月21号吗']) assert.equal(meeting(text), `right? ${moment}`, text)
  const power = judge('通知业主明天上午8点到12点停电')
  assert.match(power('12点吗'), /^right/)
  assert.match(power('9点开始吗'), /^wrong.*8点到12点/)
})

void test('hears a wrong time in an agreement that only repeats it', () => {
  for (const text of ['好的，十点，我知道了', '十点', '那我十点到', '嗯，二十二号']) assert.equal(meeting(text), `wrong ${moment}`, text)
  assert.equal(meeting('知道了明天九点'), `right ${moment}`)
})

void test('takes no wish and no plan of the callee for a fact said back', () => {
  for (const text of ['十点行吗', '改到十点吧', '能不能十点', '我十点有事', '下午三点再打', '我明天没空', '几点开始', '好的', '一点吗', '一个人吗', '']) assert.equal(meeting(text), '', text)
})

void test('compares places by their numbers', () => {
  assert.equal(meeting('是四楼吗'), 'wrong? 在三楼会议室')
  assert.equal(meeting('三层会议室对吧'), 'right? 在三楼会议室')
  assert.equal(meeting('明天上午十点在四楼是吧'), `wrong? ${moment}，在三楼会议室`)
  const room = judge('通知张伟经理明天上午9点在3号会议室开季度例会')
  assert.equal(room('5号会议室吗'), 'wrong? 在3号会议室')
  assert.equal(room('三号会议室对吧'), 'right? 在3号会议室')
  assert.equal(room('是3楼吗'), '', 'nobody told a floor')
})

void test('compares codes, telephone numbers and amounts, spoken or written', () => {
  const parcel = judge('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327')
  assert.equal(parcel('取件码是5-1-0372吗'), 'wrong? 取件码5-1-0327')
  assert.equal(parcel('五一零三七二'), 'wrong 取件码5-1-0327')
  assert.equal(parcel('五幺零三二七对吧'), 'right? 取件码5-1-0327')
  assert.equal(parcel('尾号0327吗'), 'right? 取件码5-1-0327')
  assert.equal(parcel('十点吗'), '', 'nobody told a time')
  const bill = judge('通知张总有问题请拨打13800138000，费用1280元')
  assert.equal(bill('电话是13800138001对吗'), 'wrong? 有问题请拨打13800138000')
  assert.equal(bill('幺三八，零零幺三，八零零零，对吧'), 'right? 有问题请拨打13800138000')
  assert.equal(bill('一千二百八十块吗'), 'right? 费用1280元')
  assert.equal(bill('八百元吧'), 'wrong? 费用1280元')
  assert.equal(bill('一千二百八吗'), '', 'said one way, meant another')
  const due = judge('通知孙丽女士本月物业费1280元，请25日前缴纳')
  assert.equal(due('26号吗'), 'wrong? 11月25日星期三前')
  assert.equal(due('25号之前吗'), 'right? 11月25日星期三前')
})

void test('survives long and odd words', () => {
  for (const text of ['，'.repeat(100_000), '十点'.repeat(50_000), '的'.repeat(100_000), '1-'.repeat(50_000), '😀\ud800(((']) {
    const began = performance.now()
    assert.doesNotThrow(() => meeting(text))
    assert.ok(performance.now() - began < 1_000)
  }
})
