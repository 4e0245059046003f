// The example conversations of the notification call, with their expected results.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRequirement, type Requirement } from './requirement.ts'
import { createRulesRobot } from './rules.ts'
import { RobotRig, spokenIn } from './rules-rig.ts'

const acceptedAt = new Date('2026-08-28T10:00:00+08:00') // a Friday
const callAt = new Date('2026-08-28T15:00:00+08:00')

function rigFor(text: string, options: { attempt?: number; organisation?: string } = {}): { rig: RobotRig; requirement: Requirement } {
  const requirement = compileRequirement(text, { acceptedAt, organisation: options.organisation })
  return { requirement, rig: new RobotRig(createRulesRobot({ requirement, now: () => callAt, attempt: options.attempt ?? 1 })) }
}

/** Speech at 4.5 characters a second. */
const speechMs = (text: string): number => (text.length / 4.5) * 1_000

void test('E1: tells the meeting, answers which room, and closes as confirmed', async () => {
  const { rig } = rigFor('通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表')
  const opening = await rig.answer('喂')
  assert.match(spokenIn(opening), /AI语音助手.*人工智能合成语音.*请问是张伟经理吗/)
  assert.doesNotMatch(spokenIn(opening), /会议|9点|报表|明天/)
  const told = await rig.callee('对我是')
  for (const fact of ['上午9点', '3号会议室', '季度报表', '8月29日星期六', '明天']) assert.ok(spokenIn(told).includes(fact), fact)
  const answer = await rig.callee('几号会议室来着')
  assert.match(spokenIn(answer), /3号会议室/)
  await rig.callee('好的知道了')
  assert.equal(rig.outcome, 'confirmed')
  assert.ok(rig.hungUp)
  assert.ok(rig.says.length <= 10)
  assert.match(rig.summary!, /张伟经理.*上午9点.*3号会议室.*报表.*已确认/)
})

void test('E2: a wrong number hears an apology and nothing of the matter', async () => {
  const { rig } = rigFor('提醒李娜女士周六下午3点到仁和口腔复诊，地址解放路18号')
  await rig.answer('喂')
  const bye = await rig.callee('打错了，我不姓李')
  assert.match(spokenIn(bye), /抱歉/)
  assert.ok(speechMs(spokenIn(bye)) <= 6_000)
  assert.doesNotMatch(rig.heard, /口腔|复诊|解放路|周六|3点/)
  assert.equal(rig.outcome, 'wrong-number')
  assert.ok(rig.notes.some(({ wrongNumber }) => wrongNumber === true))
  assert.ok(rig.hungUp)
})

void test('E3: a phone assistant is left within one line', async () => {
  const { rig } = rigFor('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327')
  await rig.answer()
  const bye = await rig.callee('您好，我是机主的智能助理，请问有什么事', { waitsForRobot: false, bargeIn: true })
  assert.ok(speechMs(spokenIn(bye)) <= 5_000)
  assert.doesNotMatch(rig.heard, /驿站|0327|快递/)
  assert.equal(rig.outcome, 'machine')
  assert.ok(rig.hungUp)
})

void test('E3: an assistant that speaks before the opening is not given one', async () => {
  const { rig } = rigFor('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327')
  await rig.answer('您好，机主正忙，我是语音助理，请留言')
  assert.equal(rig.outcome, 'machine')
  assert.equal(rig.says.length, 1)
  assert.ok(rig.hungUp)
})

void test('E4: a complaint is apologised for, registered as do-not-call and not argued with', async () => {
  const { rig } = rigFor('通知健身房会员赵敏，本周日闭馆检修一天')
  await rig.answer()
  await rig.callee('是我')
  const bye = await rig.callee('你们天天打，再打我投诉')
  assert.match(spokenIn(bye), /抱歉.*登记.*不会再拨打/)
  assert.ok(speechMs(spokenIn(bye)) <= 6_000)
  assert.equal(rig.outcome, 'stopped')
  assert.equal(rig.notes.find(({ doNotCall }) => doNotCall)?.doNotCall?.evidence, '你们天天打，再打我投诉')
  assert.ok(rig.hungUp)
})

void test('E5: admits to be a robot, and repeats the facts in the same words', async () => {
  const { rig } = rigFor('提醒刘洋同学9月1日上午8点半在图书馆前集合，带学生证')
  await rig.answer()
  const honest = await rig.callee('你是机器人吧')
  assert.match(spokenIn(honest), /是的.*AI.*合成/)
  assert.doesNotMatch(spokenIn(honest), /真人|图书馆|集合/)
  const told = spokenIn(await rig.callee('是我'))
  const again = spokenIn(await rig.callee('没听清，再说一遍'))
  for (const fact of ['9月1日', '8点半', '图书馆', '学生证']) {
    assert.ok(told.includes(fact), fact)
    assert.ok(again.includes(fact), fact)
  }
  await rig.callee('记下了')
  assert.equal(rig.outcome, 'confirmed')
})

void test('E6: the mother hears no amount and no date, and is asked to have her call back', async () => {
  const { rig } = rigFor('通知孙丽女士本月物业费1280元，请25日前缴纳')
  await rig.answer()
  const asked = await rig.callee('她不在，我是她妈妈，什么事')
  assert.match(spokenIn(asked), /回电/)
  await rig.callee('好的我转告她')
  assert.doesNotMatch(rig.heard, /物业|1280|25日|缴/)
  assert.equal(rig.outcome, 'third-party')
  assert.ok(rig.notes.every(({ doNotCall }) => doNotCall === undefined))
  assert.ok(rig.hungUp)
})
