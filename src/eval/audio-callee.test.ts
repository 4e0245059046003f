// Checks how the turns of a scenario become what a callee of sound does, and what is kept of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioCallee } from './audio-callee.ts'
import { scenarioOf } from './testing.ts'
import { asWritten } from './variation.ts'

const expect = 'expect: { outcome: confirmed, facts: any }'
const calleeOf = (turns: string) => new AudioCallee(scenarioOf(`turns: [${turns}]\n${expect}`), asWritten, () => 5_000)

test('turns are given in order, with the thought that the scenario wants beyond the usual one', () => {
  const callee = calleeOf('{ says: 是我 }, { says: 好的, afterMs: 3000 }')
  assert.deepEqual(callee.replyTo(), { says: '是我', hangsUp: false, afterMs: undefined })
  assert.deepEqual(callee.replyTo(), { says: '好的', hangsUp: false, afterMs: 2_130 })
})

test('what was said to its end is kept with its turn; what is not of the scenario has none', () => {
  const callee = calleeOf('{ says: 好的 }, { says: 好的 }')
  callee.said('喂', 100, 300)
  callee.replyTo()
  callee.said('好的', 1_000, 1_400)
  callee.replyTo()
  callee.said('好的', 2_000, 2_400)
  assert.deepEqual(callee.lines.map(({ said, turn }) => [said, turn]), [['喂', undefined], ['好的', 0], ['好的', 1]])
})

test('words over the robot are said once: in time, or as the answer when the robot was done before', () => {
  const inTime = calleeOf('{ says: 等一下, overMs: 900 }, { says: 好的 }')
  const [over] = inTime.over()
  assert.deepEqual([over!.afterMs, over!.says, over!.murmur], [900, '等一下', false])
  assert.deepEqual(inTime.over(), [], 'while it waits for its moment nothing else is said over the robot')
  assert.equal(over!.isDue!(), true)
  assert.equal(over!.isDue!(), false)
  inTime.said('等一下', 900, 1_300)
  assert.equal(inTime.lines[0]!.turn, 0)
  assert.equal(inTime.replyTo().says, '好的')

  const late = calleeOf('{ says: 等一下, overMs: 900 }, { says: 好的 }')
  const [waiting] = late.over()
  assert.equal(late.replyTo().says, '等一下')
  assert.equal(waiting!.isDue!(), false)
})

test('keys and silence are kept as done, and after the scenario a polite callee says goodbye and leaves', () => {
  const callee = calleeOf("{ presses: '1' }, { silent: true }")
  assert.deepEqual(callee.replyTo(), { presses: '1', hangsUp: false })
  assert.deepEqual(callee.replyTo(), { hangsUp: false })
  assert.deepEqual(callee.lines.map(({ said, turn, beginAtMs }) => [said, turn, beginAtMs]), [['[1]', 0, 5_000], ['', 1, 5_000]])
  assert.deepEqual([callee.replyTo().says, callee.replyTo().says, callee.replyTo().says], ['好的', '好的，再见', '再见'])
  assert.equal(callee.ranOut, false)
  assert.deepEqual(callee.replyTo(), { hangsUp: true })
  assert.equal(callee.ranOut, true)
})

test('a machine says its greeting and nothing else', () => {
  const callee = new AudioCallee({ ...scenarioOf(expect), callee: { persona: '信箱', voice: 'f5', greeting: '请留言', machine: 'voicemail' } }, asWritten, () => 0)
  assert.equal(callee.greeting, '请留言')
  assert.deepEqual([callee.replyTo(), callee.replyTo()], [{ hangsUp: false }, { hangsUp: false }])
  assert.equal(callee.ranOut, false)
})
