// Checks when the robot is told that nobody speaks. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, Conversation, greets, say } from './testing.ts'

test('5 s after the last word of either side the robot is told, and counted on', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  const lastWordAtMs = c.of('robot-said')[0]!.endAtMs
  await c.advance(lastWordAtMs + 4_980 - c.time.now())
  assert.deepEqual(c.robot.of('silence'), [])
  await c.advance(140)
  assert.deepEqual(c.robot.of('silence'), [{ type: 'silence', count: 1 }])
  await c.advance(5_200)
  assert.deepEqual(c.robot.of('silence').map(({ count }) => count), [1, 2])
  assert.deepEqual(c.of('silence').map(({ count }) => count), [1, 2])
})

test('the count begins anew when the callee has spoken', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  await c.advance(5_500)
  await c.hears('可以')
  await c.advance(6_500)
  assert.deepEqual(c.robot.of('silence').map(({ count }) => count), [1, 1])
})

test('the time does not run while the robot thinks or is heard', async () => {
  await using c = new Conversation(greets(() => after(7_000, say('字'.repeat(60)))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(7_500 + 6_000)
  assert.deepEqual(c.robot.of('silence'), [])
  await c.advance(6_500)
  assert.equal(c.robot.of('silence').length, 1)
})

test('the time does not run while the callee speaks', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  await c.hears('很长的一段话', 8_000)
  assert.deepEqual(c.robot.of('silence'), [])
})

test('the robot sets the time', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('请稍等。'), { type: 'set-mute-time', muteMs: 20_000 }] : []))
  await c.advance(19_000)
  assert.deepEqual(c.robot.of('silence'), [])
  await c.advance(4_000)
  assert.equal(c.robot.of('silence').length, 1)
})

test('an answer to silence that is late is filled in for, but not at once', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好。')] : event.type === 'silence' ? after(1_500, say('您还在吗？')) : []))
  await c.advance(1_400 + 400 + 5_100 + 3_000)
  assert.deepEqual(c.said, ['您好。', '您还在吗？'])
})

test('nobody is asked while a goodbye is said', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('字'.repeat(80)), { type: 'hang-up' }] : []))
  await c.advance(12_000)
  assert.deepEqual(c.robot.of('silence'), [])
})
