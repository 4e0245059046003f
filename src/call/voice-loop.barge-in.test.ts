// Checks what stops the robot, what becomes of what it was going to say, and what counts as heard. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownLines } from './own-lines.ts'
import { after, Conversation, greets, say } from './testing.ts'

const LONG = '明天上午九点在三楼会议室开会，请您准时参加，带上笔记本。'

test('a voice over the robot stops it in half a second, with all that was to follow', async () => {
  await using c = new Conversation(greets(() => [say(LONG, { id: 'long' }), say('听清楚了吗？', { id: 'asks' })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  const beginAtMs = c.time.now()
  await c.hears('等一下几点开始', 1_200)
  const lastUsAtMs = c.line.heard.findLast(({ us }) => us)!.atMs
  assert.ok(lastUsAtMs - beginAtMs <= 500, `heard for ${lastUsAtMs - beginAtMs} ms more`)
  await c.advance(1_500)
  const said = c.of('robot-said').at(-1)!
  assert.deepEqual([said.cut, said.plannedText], [true, LONG])
  assert.ok(LONG.startsWith(said.text) && said.text.length > 3 && said.text.length < LONG.length, said.text)
  assert.deepEqual(c.robot.of('played').slice(1), [
    { type: 'played', say: 'long', heardText: said.text, cut: true },
    { type: 'played', say: 'asks', heardText: '', cut: true },
  ])
  assert.deepEqual(c.robot.of('utterance').at(-1)!.bargeIn, true)
})

test('the robot knows what was heard before it knows what broke in', async () => {
  await using c = new Conversation(greets(() => [say(LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_200)
  await c.advance(1_500)
  assert.deepEqual(c.robot.events.slice(-2).map(({ type }) => type), ['played', 'utterance'])
})

test('the answer to a barge-in is spoken', async () => {
  await using c = new Conversation(greets((event) => [say(event.type === 'utterance' && event.bargeIn ? '九点开始。' : LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(2_500)
  assert.equal(c.said.at(-1), '九点开始。')
})

test('a barge-in also stops what the robot is still thinking out', async () => {
  await using c = new Conversation(
    greets((event) =>
      event.type === 'utterance' && event.bargeIn
        ? []
        : (async function* () {
            yield say(LONG)
            yield* after(1_500, say('还有一件事。'))
          })(),
    ),
  )
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_300)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(4_000)
  assert.equal(c.said.includes('还有一件事。'), false)
})

test('a say that must not be interrupted is heard to its end; the words over it are a turn all the same', async () => {
  await using c = new Conversation(greets(() => [say(LONG, { interruptible: false })]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('等一下几点开始', 1_000)
  await c.advance(4_000)
  assert.deepEqual([c.of('robot-said').at(-1)!.text, c.of('robot-said').at(-1)!.cut], [LONG, false])
  assert.deepEqual(c.robot.of('utterance').map(({ bargeIn }) => bargeIn), [false, false])
})

test('a farewell is heard to its end, whoever talks into it, and nothing is asked of the robot any more', async () => {
  await using c = new Conversation(greets(() => [say('好的，那就不打扰您了，祝您生活愉快，再见。'), { type: 'hang-up' }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_200)
  await c.hears('等一下等一下', 1_000)
  await c.advance(4_000)
  assert.deepEqual([c.said.at(-1), c.of('robot-said').at(-1)!.cut], ['好的，那就不打扰您了，祝您生活愉快，再见。', false])
  assert.equal(c.robot.of('utterance').length, 1)
  assert.deepEqual(c.end?.end, { by: 'robot', detail: 'robot-hung-up' })
  assert.deepEqual(c.of('callee-said').at(-1)!.text, '等一下等一下', 'what was said last is written down')
})

test('noise that stopped the robot is told as a turn nobody understood, so that it does not end in silence', async () => {
  await using c = new Conversation(greets((event) => [say(event.type === 'utterance' && event.confidence < 0.3 ? '没听清，请再说一遍。' : LONG)]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(1_500)
  await c.hears('', 1_300)
  await c.advance(4_000)
  assert.deepEqual(c.robot.of('utterance').at(-1)!.text, '')
  assert.deepEqual(c.robot.of('utterance').at(-1)!.confidence, 0)
  assert.equal(c.said.at(-1), '没听清，请再说一遍。')
  assert.equal(c.of('callee-said').some(({ text }) => text === ''), false)
})

test('our own goodbye cannot be interrupted', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.loop.endPolitely('time')
  await c.advance(400)
  await c.hears('等一下等一下', 1_000)
  await c.advance(4_000)
  assert.equal(c.said.at(-1), ownLines.outOfTime)
})
