import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factPieces, maySpeak, mayContainFacts } from './identity-gate.ts'
import { linesBeforeIdentity } from './lines.ts'
import { compileRequirement } from './requirement.ts'

const acceptedAt = new Date('2026-11-20T10:00:00+08:00')
const meeting = compileRequirement('通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表', { acceptedAt })
const clinic = compileRequirement('提醒李娜女士周六下午3点到仁和口腔复诊，地址解放路18号', { acceptedAt })
const fee = compileRequirement('通知孙丽女士本月物业费1280元，请25日前缴纳', { acceptedAt })
const parcel = compileRequirement('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327', { acceptedAt })

void test('finds facts in any way of writing them', () => {
  for (const sentence of ['明天有个会议', '在三号会议室', '上午九点见', '带报表来', '11月21日那天', '季度例会的事', '星期六的事情', '明天的事']) assert.ok(mayContainFacts(sentence, meeting), sentence)
  for (const sentence of ['关于复诊', '仁和口腔', '解放路', '十八号', '周六下午', '牙科复诊的事']) assert.ok(mayContainFacts(sentence, clinic), sentence)
  for (const sentence of ['物业费', '一千二百八十元', '1280', '25日前', '缴纳费用', '二十五日']) assert.ok(mayContainFacts(sentence, fee), sentence)
  for (const sentence of ['快递到了', '菜鸟驿站', '取件码', '0327', '南门']) assert.ok(mayContainFacts(sentence, parcel), sentence)
})

void test('lets greetings, names and the organisation pass', () => {
  for (const requirement of [meeting, clinic, fee, parcel]) {
    for (const sentence of [`请问是${requirement.person!.display}吗？`, '您好，我是AI语音助手，本次通话为人工智能合成语音。', '不好意思，请问您现在方便说话吗？', '好的，再见。', '请问您怎么称呼？', '']) {
      assert.deepEqual(factPieces(sentence, requirement), [], sentence)
    }
  }
  const ofClinic = compileRequirement('我是仁和口腔，提醒李娜女士周六到仁和口腔复诊', { acceptedAt })
  assert.equal(mayContainFacts('您好，我是仁和口腔的AI语音助手。', ofClinic), false, 'who calls is no fact')
  assert.equal(mayContainFacts('您该复诊了', ofClinic), true)
})

void test('holds every line free that the rules say before the identity is known', () => {
  for (const requirement of [meeting, clinic, fee, parcel]) for (const line of linesBeforeIdentity(requirement)) assert.deepEqual(factPieces(line, requirement), [], line)
})

void test('opens for the person alone', () => {
  assert.equal(maySpeak('明天上午9点开会', meeting, 'yes'), true)
  for (const identity of ['no', 'third-party', 'unknown'] as const) assert.equal(maySpeak('明天上午9点开会', meeting, identity), false)
})

void test('guards questions and keys as well', () => {
  const ask = compileRequirement('问张总下周三能不能来体检，参加请按1', { acceptedAt })
  assert.ok(mayContainFacts('能来体检吗', ask))
  assert.ok(mayContainFacts('下周三见', ask))
})

void test('guards English content word by word', () => {
  const english = compileRequirement('Tell Mr. Smith that the surgery is at 9 am tomorrow in room 312', { acceptedAt })
  assert.ok(mayContainFacts('It is about your surgery.', english))
  assert.ok(mayContainFacts('Room 312.', english))
  assert.equal(mayContainFacts('Am I speaking with Mr. Smith?', english), false)
})
