// Checks that a conversation of the rules can be tried out without a trace, and that it foresees what it then says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRequirement } from './requirement.ts'
import { spokenBy } from './rehearsal.ts'
import type { RobotAction, RobotEvent } from './robot.ts'
import { createRulesRobot } from './rules.ts'
import type { RulesConversation } from './rules-conversation.ts'
import { RobotRig } from './rules-rig.ts'

const acceptedAt = new Date('2026-08-28T10:00:00+08:00')
const texts = ['通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表', '问张总下周三能不能来体检，同意请按1']
const turns = ['对，我是', '什么时候', '没听清', '嗯', '好的，我知道了', '你是机器人吗', '打错了', '别再打了', '我不是张伟', '行', '在哪里', '', '再见']

function rules(text: string, clock: { at: Date }): RulesConversation {
  return createRulesRobot({ requirement: compileRequirement(text, { acceptedAt }), now: () => clock.at, attempt: 1 })
}

const utterance = (text: string): RobotEvent => ({ type: 'utterance', text, beginAtMs: 5_000, endAtMs: 6_000, confidence: 0.9, bargeIn: false })

/** Walks through turns in the order of `order`; between them everything in `tried` is tried out. */
async function walk(text: string, order: readonly number[], tried: readonly RobotEvent[]): Promise<{ actions: RobotAction[][]; foreseen: string[][] }> {
  const clock = { at: new Date('2026-08-28T15:00:00+08:00') }
  const robot = rules(text, clock)
  const rig = new RobotRig(robot)
  const actions: RobotAction[][] = []
  const foreseen: string[][] = []
  const step = async (event: RobotEvent, go: () => Promise<RobotAction[]>): Promise<void> => {
    for (const one of tried) robot.rehearse(one)
    foreseen.push(await Array.fromAsync(robot.foresee!(event, new AbortController().signal)))
    actions.push(await go())
    clock.at = new Date(clock.at.getTime() + 7_000)
  }
  await step({ type: 'answered', atMs: 0, firstWords: '喂' }, () => rig.answer('喂'))
  for (const index of order) {
    const said = turns[index]!
    await rig.play()
    await step(utterance(said), () => rig.callee(said, { waitsForRobot: false }))
  }
  return { actions, foreseen }
}

const orders = Array.from({ length: 24 }, (_, seed) => Array.from({ length: 6 }, (_, i) => (seed * 5 + i * (seed % 7) + i) % turns.length))

void test('what is tried out leaves no trace: the conversation goes on as if it had not been', async () => {
  for (const text of texts) {
    for (const order of orders) {
      const plain = await walk(text, order, [])
      const tried = await walk(text, order, turns.map(utterance))
      assert.deepEqual(tried.actions, plain.actions, `${text}: ${order.map((index) => turns[index]).join(' / ')}`)
    }
  }
})

void test('what is foreseen is what is said when it happens', async () => {
  let words = 0
  for (const text of texts) {
    for (const order of orders) {
      const { actions, foreseen } = await walk(text, order, [])
      assert.deepEqual(foreseen, actions.map(spokenBy), `${text}: ${order.map((index) => turns[index]).join(' / ')}`)
      words += foreseen.flat().length
    }
  }
  assert.ok(words > 100, 'there was something to foresee')
})

void test('a conversation that has become long is not tried out any more', async () => {
  const robot = rules(texts[0]!, { at: acceptedAt })
  for (let i = 0; i < 400; i++) robot.react({ type: 'silence', count: i })
  assert.equal(robot.rehearse(utterance('好的')), undefined)
  assert.deepEqual(await Array.fromAsync(robot.foresee!(utterance('好的'), new AbortController().signal)), [])
})
