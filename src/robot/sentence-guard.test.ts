import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRequirement, speak } from './requirement.ts'
import { type GuardContext, guardSentence } from './sentence-guard.ts'

const now = new Date('2026-11-20T10:00:00+08:00')
const requirement = compileRequirement('通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表，费用1280元，联系电话13800138000', { acceptedAt: now })
const yes: GuardContext = { requirement, identity: 'yes', now }
const why = (sentence: string, context: GuardContext = yes): string => {
  const verdict = guardSentence(sentence, context)
  return verdict.ok ? 'ok' : verdict.why
}

void test('passes true sentences in any wording', () => {
  for (const sentence of [
    '好的，通知您明天上午九点在三号会议室开季度例会。', '会议是11月21日星期六上午9点。', '请带上季度报表。', '费用是一千二百八十元。', '您稍等一下，我再说一遍。', '这个我这边没有信息，建议您联系发起方。', '电话是幺三八，零零幺三八，零零零。', '请张经理准时参加，好吗？',
    '是的，我是AI语音助手，声音是人工智能合成的。', '今天打扰您了，再见。', '您能来吗？', '一共就这一件事，一会儿就说完。',
  ]) assert.equal(why(sentence), 'ok', sentence)
})

void test('passes every fact as the rules speak it, on any day of the call', () => {
  for (const text of [
    '通知张总明天上午9点在三楼会议室开会，请带上报表', '提醒李娜女士周六下午3点到仁和口腔复诊，地址解放路18号', '告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327', '提醒刘洋同学12月1日上午8点半在图书馆前集合，带学生证', '通知孙丽女士本月物业费1280元，请25日前缴纳',
    '通知张总明天14:30开会', '半小时后在楼下集合', '提醒业主下周一至周三停水', '通知张总订单20261120001已发货，余额86.5元', '今晚8点到10点停电',
  ]) {
    const told = compileRequirement(text, { acceptedAt: now })
    for (const days of [0, 1, 2]) {
      const at = new Date(now.getTime() + days * 86_400_000)
      for (const fact of told.facts) {
        const spoken = `${speak(fact, at)}。`
        assert.deepEqual(guardSentence(spoken, { requirement: told, identity: 'yes', now: at }), { ok: true }, spoken)
        assert.equal(guardSentence(spoken, { requirement: told, identity: 'unknown', now: at }).ok, false, spoken)
      }
    }
  }
})

void test('stops days, times and numbers that nobody named', () => {
  assert.equal(why('通知您后天上午九点开会。'), 'date', '通知您后天上午九点开会。')
  assert.equal(why('是星期日。'), 'date', '是星期日。')
  assert.equal(why('11月22日见。'), 'date', '11月22日见。')
  assert.equal(why('通知您明天上午十点开会。'), 'number', '通知您明天上午十点开会。')
  assert.equal(why('在5号会议室。'), 'number', '在5号会议室。')
  assert.equal(why('费用是1290元。'), 'number', '费用是1290元。')
  assert.equal(why('请拨打13900139000。'), 'number', '请拨打13900139000。')
  assert.equal(why('会议大约两小时。'), 'number', '会议大约两小时。')
})

void test('lets the callee\'s own numbers and days be said back', () => {
  assert.equal(why('好的，下午三点再联系您。'), 'number', '好的，下午三点再联系您。')
  assert.equal(why('好的，下午三点再联系您。', { ...yes, calleeSaid: ['下午三点再打吧'] }), 'ok')
  assert.equal(why('好的，周一再联系您。', { ...yes, calleeSaid: ['周一再打给我'] }), 'ok')
})

void test('stops names that nobody named', () => {
  assert.equal(why('李四经理也会参加。'), 'name', '李四经理也会参加。')
  assert.equal(why('我叫王小美。'), 'name', '我叫王小美。')
  assert.equal(why('张伟经理您好。'), 'ok', '张伟经理您好。')
  assert.equal(why('李四经理会到。', { ...yes, calleeSaid: ['李四经理去吗'] }), 'name')
  assert.equal(why('好的，我会转告李四经理。', { ...yes, calleeSaid: ['你跟李四经理说一声'] }), 'ok')
})

void test('stops links, markup, lists and emoji', () => {
  for (const sentence of ['详情请看www.abc.com', '请打开 https://a.b', '发到a@b.cn']) assert.equal(why(sentence), 'link', sentence)
  for (const sentence of ['**好的**', '# 通知', '- 开会', '1. 开会', '好的😀', '`好`', '【通知】开会']) assert.equal(why(sentence), 'markup', sentence)
})

void test('stops claims of being human', () => {
  for (const sentence of ['我是真人哦。', '我不是机器人。', '我是人工客服。', '我就是公司的活人，我是活人', '我是工作人员。', 'I am a human.', "I'm not a robot."]) assert.equal(why(sentence), 'claims-human', sentence)
})

void test('stops requests for secrets and promises of its own', () => {
  for (const sentence of ['请提供您的验证码。', '麻烦告诉我银行卡号。', '您的密码是多少？', '请核对一下身份证号。']) assert.equal(why(sentence), 'asks-secret', sentence)
  assert.equal(why('会议提供免费午餐。'), 'promise', '会议提供免费午餐。')
  assert.equal(why('我保证没有问题。'), 'promise', '我保证没有问题。')
})

void test('keeps the matter back until the person is confirmed', () => {
  for (const identity of ['unknown', 'no', 'third-party'] as const) {
    assert.equal(why('明天上午9点开会。', { ...yes, identity }), 'before-identity')
    assert.equal(why('请问是张伟经理吗？', { ...yes, identity }), 'ok')
  }
})

void test('limits the length and refuses what has no words', () => {
  assert.equal(why('好'.repeat(71)), 'too-long')
  assert.equal(why('好'.repeat(70)), 'ok')
  for (const sentence of ['', '  ', '……', '。']) assert.equal(why(sentence), 'empty')
})

void test('stops news of a change and promises that only the callee has spoken of', () => {
  const told: GuardContext = { ...yes, calleeSaid: ['你跟我说会议取消了', '你答应赔我1000块'] }
  assert.equal(why('好的，听您的：会议取消了。', told), 'change')
  assert.equal(why('那就改到下午再开。', told), 'change')
  assert.equal(why('您不用来了。', told), 'change')
  assert.equal(why('好的，我答应赔您1000块。', told), 'promise')
  assert.equal(why('会议没有取消。', told), 'ok')
  assert.equal(why('您是想取消吗？', told), 'ok')
  const cancelled = compileRequirement('通知张伟经理明天的例会取消', { acceptedAt: now })
  assert.equal(guardSentence('明天的例会取消了。', { requirement: cancelled, identity: 'yes', now }).ok, true)
})
