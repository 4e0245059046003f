// Checks that an answer of the model that was asked for ahead is used when it fits, dropped when it does not, and changes nothing but the wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../log.ts'
import { CircuitBreaker } from './model/circuit-breaker.ts'
import { createPromptRobot } from './prompt.ts'
import { compileRequirement } from './requirement.ts'
import type { RobotEvent } from './robot.ts'
import { RobotRig, spokenIn } from './rules-rig.ts'
import { answering, ImaginaryTime, ScriptedModel, type ScriptedStep } from './scripted-model.ts'

log.level = 'silent'
const acceptedAt = new Date('2026-08-28T10:00:00+08:00')
const callAt = new Date('2026-08-28T15:00:00+08:00')
const telling = ['通知您，明天上午九点在三号会议室开季度例会。', '请您带上季度报表。', '您能参加吗？']
/** The first token after 400 ms, the first sentence 100 ms later. */
const slowly: readonly ScriptedStep[] = [{ event: { type: 'sentence', text: telling[0]!, begunAtMs: 400 }, afterMs: 500 }, ...answering(telling.slice(1))]

function call(script: readonly (readonly ScriptedStep[])[], drafts?: boolean) {
  const time = new ImaginaryTime()
  const model = new ScriptedModel(time, (_request, number) => script[number] ?? [{ event: { type: 'failed', failure: { why: 'empty' } } }])
  const robot = createPromptRobot({ requirement: compileRequirement('通知张伟经理明天上午9点在3号会议室开季度例会，请带上季度报表', { acceptedAt }), now: () => callAt, attempt: 1, callId: 'test', log, model, breaker: new CircuitBreaker(), timers: time, drafts })
  const rig = new RobotRig(robot)
  const abort = new AbortController()
  const foresee = (text: string, signal = abort.signal): Promise<string[]> => Array.fromAsync(robot.foresee!({ type: 'utterance', text, beginAtMs: 0, endAtMs: 0, confidence: 1, bargeIn: false } satisfies RobotEvent, signal))
  return { time, model, robot, rig, abort, foresee }
}

void test('an answer that was asked for ahead is spoken when the callee has said just that, and nobody waits for it twice', async () => {
  const c = call([slowly])
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  assert.deepEqual(await c.time.drive(c.foresee('对，我是')), telling)
  const askedAtMs = c.time.nowMs()
  const actions = await c.time.drive(c.rig.callee('对，我是', { waitsForRobot: false }))
  assert.equal(spokenIn(actions), telling.join(''))
  assert.equal(c.time.nowMs(), askedAtMs, 'without a wait')
  assert.equal(c.model.requests.length, 1)
  assert.deepEqual(actions.flatMap((action) => (action.type === 'say' && action.firstTokenMs !== undefined ? [action.firstTokenMs] : [])), [0])
})

void test('one that is still being written is waited for, not asked for anew', async () => {
  const c = call([slowly])
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  void c.foresee('对，我是')
  await new Promise((resolve) => setImmediate(resolve))
  const actions = await c.time.drive(c.rig.callee('对，我是', { waitsForRobot: false }))
  assert.equal(spokenIn(actions), telling.join(''))
  assert.equal(c.model.requests.length, 1)
})

void test('where drafts are off the model is asked once, when the turn is over', async () => {
  const c = call([slowly], false)
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  assert.deepEqual(await c.time.drive(c.foresee('对，我是')), [])
  assert.equal(c.model.requests.length, 0)
  assert.equal(spokenIn(await c.time.drive(c.rig.callee('对，我是', { waitsForRobot: false }))), telling.join(''))
  assert.equal(c.model.requests.length, 1)
})

void test('one for other words is dropped: the model is asked for what was said', async () => {
  const c = call([answering(telling), answering(['好的呢，', '是明天上午九点。'])])
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  await c.time.drive(c.foresee('对，我是'))
  const actions = await c.time.drive(c.rig.callee('对，我是张伟，你说', { waitsForRobot: false }))
  assert.equal(c.model.requests.length, 2)
  assert.match(JSON.stringify(c.model.requests[1]!.messages), /我是张伟，你说/)
  assert.doesNotMatch(spokenIn(actions).slice(0, 6), /通知您/)
})

void test('a turn that the rules answer asks nothing of the model, ahead or not, and drops what was asked', async () => {
  const c = call([answering(telling)])
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  const words = await c.time.drive(c.foresee('打错了'))
  assert.match(words.join(''), /打扰/)
  assert.equal(c.model.requests.length, 0)
  await c.time.drive(c.foresee('对，我是'))
  const actions = await c.time.drive(c.rig.callee('你打错了', { waitsForRobot: false }))
  assert.match(spokenIn(actions), /打扰/)
  assert.equal(c.rig.outcome, 'wrong-number')
})

void test('a callee who goes on ends what was asked ahead; the robot stands where it stood', async () => {
  const c = call([[{ hang: true }], answering(telling)])
  await c.time.drive(c.rig.answer('喂'))
  await c.time.drive(c.rig.play())
  const foreseen = c.foresee('对，我是')
  await new Promise((resolve) => setImmediate(resolve))
  c.abort.abort()
  assert.deepEqual(await c.time.drive(foreseen), [])
  assert.equal(spokenIn(await c.time.drive(c.rig.callee('对，我是', { waitsForRobot: false }))), telling.join(''))
  assert.equal(c.model.requests.length, 2)
})
