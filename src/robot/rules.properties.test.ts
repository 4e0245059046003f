// What holds in every conversation, tried with random callees made of the intent data.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phrases } from './intent-phrases.ts'
import { compileRequirement } from './requirement.ts'
import type { RobotAction } from './robot.ts'
import { createRulesRobot } from './rules.ts'
import { RobotRig, spokenIn } from './rules-rig.ts'

const acceptedAt = new Date('2026-08-28T10:00:00+08:00')

/** Words of the content, listed by hand, so that the check does not lean on the gate it checks. */
const requirements: readonly { text: string; secret: RegExp }[] = [
  { text: '通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表', secret: /会议|例会|报表|季度|9点|3号|8月29日|星期六/ },
  { text: '提醒李娜女士周六下午3点到仁和口腔复诊，地址解放路18号', secret: /口腔|复诊|解放路|18号|3点|星期六/ },
  { text: '告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327', secret: /快递|驿站|取件|0327|南门/ },
  { text: '通知孙丽女士本月物业费1280元，请25日前缴纳', secret: /物业|1280|25日|缴纳/ },
  { text: '问张总下周三能不能来体检，同意请按1', secret: /体检|下周三|9月2日/ },
  { text: '小区明天停水，请提前储水', secret: /停水|储水|8月29日/ },
  { text: `通知李明${Array.from({ length: 12 }, (_, i) => `第${i + 1}条规定已更新`).join('；')}`, secret: /规定|更新|第\d+条/ },
]

/** Mulberry32: the same seed gives the same callee. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const everything = Object.values(phrases).flat()
const oddities = ['', '……', '今天天气不错', '几点来着', '在哪里', '下午三点再打', 'who is this', '我是李四', '嗯', '喂', '好', '😀', '二十五号', '哈'.repeat(400)]
const eventsMax = 150

type Step = { rig: RobotRig; actions: RobotAction[]; kind: 'utterance' | 'silence' | 'digits'; wasSpeaking: boolean; identified: boolean }

async function callee(seed: number, check: (step: Step) => void): Promise<RobotRig> {
  const next = random(seed)
  const requirement = requirements[seed % requirements.length]!
  const rig = new RobotRig(createRulesRobot({ requirement: compileRequirement(requirement.text, { acceptedAt }), now: () => new Date('2026-08-28T15:00:00+08:00'), attempt: 1 + (seed % 3) }))
  await rig.answer(next() < 0.2 ? everything[Math.floor(next() * everything.length)]! : '喂')
  for (let i = 0; i < eventsMax && !rig.hungUp; i += 1) {
    const identified = rig.notes.findLast(({ identity }) => identity !== undefined)?.identity === 'yes'
    const dice = next()
    if (dice < 0.12) {
      const actions = await rig.silence()
      check({ rig, actions, kind: 'silence', wasSpeaking: false, identified })
    } else if (dice < 0.17) {
      await rig.play()
      const actions = await rig.send({ type: 'digits', digits: String(Math.floor(next() * 10)), ended: 'pressed' })
      check({ rig, actions, kind: 'digits', wasSpeaking: false, identified })
    } else {
      const list = next() < 0.25 ? phrases.affirm : next() < 0.2 ? oddities : everything
      const text = list[Math.floor(next() * list.length)]!
      const manner = next()
      if (manner < 0.6) await rig.play()
      else if (manner < 0.8) await rig.play(Math.floor(next() * 40))
      const wasSpeaking = rig.speaking
      const actions = await rig.callee(text, { waitsForRobot: false, bargeIn: manner >= 0.6 && manner < 0.8, confidence: next() < 0.1 ? 0.1 : 0.9 })
      check({ rig, actions, kind: 'utterance', wasSpeaking, identified })
    }
  }
  return rig
}

const conversations = 1_200

void test('never tells a fact before the callee confirmed to be the person', async () => {
  for (let seed = 0; seed < conversations; seed += 1) {
    const { secret } = requirements[seed % requirements.length]!
    let identified = false
    const rig = await callee(seed, (step) => {
      identified ||= step.rig.notes.some(({ identity }) => identity === 'yes')
      if (!identified) assert.doesNotMatch(spokenIn(step.actions), secret, `seed ${seed}`)
    })
    if (!rig.notes.some(({ identity }) => identity === 'yes')) {
      assert.doesNotMatch(rig.says.map(({ text }) => text).join(''), secret, `seed ${seed}`)
      assert.doesNotMatch(rig.summary ?? '', secret, `seed ${seed}: the summary tells what was not said`)
    }
  }
})

void test('confirms an identity only on words that affirm', async () => {
  for (let seed = 0; seed < conversations; seed += 1) {
    await callee(seed, ({ actions, kind, identified }) => {
      const now = actions.some((action) => action.type === 'note' && action.note.identity === 'yes')
      if (now && !identified) assert.equal(kind, 'utterance', `seed ${seed}`)
    })
  }
})

void test('never leaves the callee in silence', async () => {
  for (let seed = 0; seed < conversations; seed += 1) {
    await callee(seed, ({ rig, actions, kind, wasSpeaking }) => {
      const answers = actions.some((action) => action.type === 'say' || action.type === 'hang-up')
      // A 嗯 while it talks needs no words of its own: the ones that are playing go on.
      assert.ok(answers || (kind === 'utterance' && wasSpeaking && rig.speaking), `seed ${seed}`)
    })
  }
})

void test('always ends, within its limits, with an outcome and a summary', async () => {
  let longest = 0
  for (let seed = 0; seed < conversations; seed += 1) {
    let events = 0
    const rig = await callee(seed, () => { events += 1 })
    assert.ok(rig.hungUp, `seed ${seed} did not end in ${eventsMax} events`)
    assert.ok(rig.outcome, `seed ${seed}`)
    assert.ok(rig.summary, `seed ${seed}`)
    assert.equal(rig.actions.filter((action) => action.type === 'hang-up').length >= 1, true)
    longest = Math.max(longest, events)
  }
  assert.ok(longest <= 100, `${longest} events`)
})

void test('ends on silence alone and on one word for ever', async () => {
  for (const [i, { text }] of requirements.entries()) {
    for (const word of [undefined, '嗯', '喂', '几点', '等一下', '你是机器人吗', '你是谁', '没听清', '今天天气不错', '不是', '我在忙']) {
      const rig = new RobotRig(createRulesRobot({ requirement: compileRequirement(text, { acceptedAt }), now: () => new Date('2026-08-28T15:00:00+08:00'), attempt: 1 }))
      await rig.answer()
      for (let n = 0; n < 60 && !rig.hungUp; n += 1) await (word === undefined ? rig.silence() : rig.callee(word))
      assert.ok(rig.hungUp, `requirement ${i}, ${word}`)
    }
  }
})

void test('gives every say an id of its own', async () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const rig = await callee(seed, () => {})
    const ids = rig.actions.flatMap((action) => (action.type === 'say' ? [action.id] : []))
    assert.equal(new Set(ids).size, ids.length)
  }
})
