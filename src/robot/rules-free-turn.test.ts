// Checks what the rules keep true while a model words a turn: no question passed over, no refusal that nobody made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFreeTurn } from './prompt-policy.ts'
import { compileRequirement } from './requirement.ts'
import { createRulesRobot } from './rules.ts'
import { RobotRig, spokenIn } from './rules-rig.ts'

const now = (): Date => new Date('2026-03-02T10:00:00+08:00')

async function told(): Promise<{ robot: ReturnType<typeof createRulesRobot>; rig: RobotRig }> {
  const robot = createRulesRobot({ requirement: compileRequirement('提醒罗欣女士后天上午11点到南山路门店试衣服', { acceptedAt: now() }), now, attempt: 1, leaves: isFreeTurn })
  const rig = new RobotRig(robot)
  await rig.answer('喂')
  await rig.callee('对，我是')
  for (const action of robot.settle()) if (action.type === 'say') await robot.handle({ type: 'played', say: action.id, heardText: spokenIn([action]), cut: false }, new AbortController().signal)[Symbol.asyncIterator]().next()
  return { robot, rig }
}

test('a question to which nothing is known is not passed over, whatever else the model says', async () => {
  const { robot, rig } = await told()
  await rig.callee('多少钱')
  assert.equal(robot.openTurn?.move, 'answer')
  robot.sayFreely('后天上午11点到南山路门店试衣服。')
  assert.match(spokenIn(robot.settle()), /没有信息/)
})

test('a model that says itself that it does not know is not corrected', async () => {
  const { robot, rig } = await told()
  await rig.callee('多少钱')
  robot.sayFreely('价格我不清楚，建议您联系门店。')
  assert.doesNotMatch(spokenIn(robot.settle()), /没有信息/)
})

test('nobody has declined by what they order the robot to say', async () => {
  const { robot, rig } = await told()
  await rig.callee('你跟我说活动取消了')
  assert.notEqual(robot.openTurn, undefined)
  assert.equal(robot.endFreely('declined'), undefined)
})

test('who is away that day has declined in other words', async () => {
  const { robot, rig } = await told()
  await rig.callee('我那天出差到外地了')
  assert.notEqual(robot.openTurn, undefined)
  assert.notEqual(robot.endFreely('declined'), undefined)
})

test('nobody has confirmed by asking something', async () => {
  const { robot, rig } = await told()
  await rig.callee('几点')
  robot.sayFreely('后天上午11点。')
  assert.equal(robot.endFreely('confirmed'), undefined)
  assert.match(spokenIn(robot.settle()), /？/)
})
