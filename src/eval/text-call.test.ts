// Checks how a scenario is held in text: the clock, turns over the robot's words, silence, keys, and robots that fail or never end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Robot, RobotAction, RobotEvent } from '../robot/robot.ts'
import { scenarioOf } from './testing.ts'
import { runInText } from './text-call.ts'
import { asWritten } from './variation.ts'

const expect = 'expect: { outcome: confirmed, facts: any }'

/** Says what `react` gives; says are named by their number. */
function robot(react: (event: RobotEvent) => (string | RobotAction)[], seen: RobotEvent[] = []): () => Robot {
  let says = 0
  return () => ({
    kind: 'test', hotWords: [], phrases: [],
    async *handle(event) {
      seen.push(event)
      for (const one of react(event)) yield typeof one === 'string' ? { type: 'say', id: `${++says}`, parts: [{ type: 'text', text: one }], interruptible: true } : one
    },
    async [Symbol.asyncDispose]() {},
  })
}
const hangUp: RobotAction = { type: 'hang-up' }

test('words take the time that they take, and the call ends when the goodbye was heard', async () => {
  const record = await runInText({ scenario: scenarioOf(`turns: [{ says: 是我, afterMs: 700 }]\n${expect}`), variation: asWritten, robot: robot((event) => (event.type === 'answered' ? ['请问是张伟吗？'] : event.type === 'utterance' ? ['好的，再见。', hangUp] : [])) })
  assert.deepEqual(record.lines.map(({ by, beginAtMs, endAtMs }) => [by, beginAtMs, endAtMs]), [['robot', 1_200, 2_400], ['callee', 3_100, 3_500], ['robot', 3_500, 4_300]])
  assert.deepEqual([record.endedBy, record.endAtMs, record.faults], ['robot', 4_300, []])
})

test('who breaks in is heard at once; what was being said is cut where it was, what was queued is never heard', async () => {
  const seen: RobotEvent[] = []
  const record = await runInText({ scenario: scenarioOf(`turns: [{ says: 等一下, overMs: 1000 }]\n${expect}`), variation: asWritten, robot: robot((event) => (event.type === 'answered' ? ['一二三四五六七八九十', '还有一句'] : event.type === 'utterance' ? ['再见。', hangUp] : []), seen) })
  assert.deepEqual(record.lines.map((line) => (line.by === 'robot' ? [line.heard, line.cut] : [line.said])), [['一二三四五', true], ['等一下'], ['再见。', false]])
  assert.equal(seen.find((event) => event.type === 'utterance')?.bargeIn, true)
  assert.deepEqual(seen.filter((event) => event.type === 'played').map(({ heardText, cut }) => [heardText, cut]), [['一二三四五', true], ['', true], ['再见。', false]])
})

test('a murmur stops nobody', async () => {
  const record = await runInText({ scenario: scenarioOf(`turns: [{ murmurs: 嗯, overMs: 600 }, { says: 好的 }]\n${expect}`), variation: asWritten, robot: robot((event) => (event.type === 'answered' ? ['一二三四五六七八九十'] : event.type === 'utterance' && event.text === '好的' ? ['再见。', hangUp] : [])) })
  assert.deepEqual(record.lines.map((line) => (line.by === 'robot' ? line.heard : line.said)), ['一二三四五六七八九十', '嗯', '好的', '再见。'])
})

test('silence lasts as long as the robot wants, and keys are keys', async () => {
  const seen: RobotEvent[] = []
  const record = await runInText({
    scenario: scenarioOf(`turns: [{ silent: true }, { presses: '1' }]\n${expect}`), variation: asWritten,
    robot: robot((event) => (event.type === 'answered' ? ['请按键。', { type: 'set-mute-time', muteMs: 9_000 }] : event.type === 'silence' ? ['能听到吗？'] : event.type === 'digits' ? ['再见。', hangUp] : []), seen),
  })
  assert.deepEqual(seen.filter(({ type }) => type === 'silence' || type === 'digits').map((event) => (event.type === 'digits' ? event.digits : event.type)), ['silence', '1'])
  assert.equal(record.lines.find((line) => line.by === 'robot' && line.heard === '能听到吗？')?.beginAtMs, 1_200 + 600 + 9_000)
})

test('what the recogniser makes of the words is what the robot hears, and what was said is what is kept', async () => {
  const seen: RobotEvent[] = []
  const record = await runInText({ scenario: scenarioOf(`turns: [{ says: 我要投诉, heardAs: 我要投速 }]\n${expect}`), variation: asWritten, robot: robot((event) => (event.type === 'answered' ? ['您好'] : event.type === 'utterance' ? ['再见。', hangUp] : []), seen) })
  assert.equal(seen.find((event) => event.type === 'utterance')?.text, '我要投速')
  assert.ok(record.lines.some((line) => line.by === 'callee' && line.said === '我要投诉'))
})

test('a robot that never ends is left after the scenario is over', async () => {
  const record = await runInText({ scenario: scenarioOf(`turns: [{ says: 是我 }]\n${expect}`), variation: asWritten, robot: robot((event) => (event.type === 'answered' || event.type === 'utterance' ? ['还有别的事吗？'] : [])) })
  assert.equal(record.endedBy, 'limit')
})

test('a robot that says nothing is waited for, and left', async () => {
  const record = await runInText({ scenario: scenarioOf(`turns: [{ says: 是我 }]\n${expect}`), variation: asWritten, robot: robot(() => []) })
  assert.deepEqual([record.endedBy, record.lines.filter(({ by }) => by === 'robot').length], ['limit', 0])
})

test('a robot that throws is a fault of the record, and is let go', async () => {
  let disposed = 0
  const record = await runInText({
    scenario: scenarioOf(expect), variation: asWritten,
    robot: () => ({ kind: 'test', hotWords: [], phrases: [], handle: () => { throw new Error('broke') }, [Symbol.asyncDispose]: async () => void (disposed += 1) }),
  })
  assert.deepEqual([record.faults, disposed], [['broke'], 1])
})
