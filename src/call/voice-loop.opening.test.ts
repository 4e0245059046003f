// Checks when a conversation opens, and with which first words of the callee. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Conversation, greets } from './testing.ts'

test('somebody who answers without a sound is greeted after 1.2 s', async () => {
  await using c = new Conversation(greets())
  await c.advance(1_180)
  assert.deepEqual(c.robot.events, [])
  await c.advance(120)
  assert.deepEqual(c.robot.events, [{ type: 'answered', atMs: c.answeredAtMs, firstWords: '', machines: { told: true, machine: undefined, policy: 'hang-up' } }])
  await c.advance(2_000)
  assert.deepEqual(c.said, ['您好，我是助理。'])
})

test('first words are waited for and told with the answer', async () => {
  await using c = new Conversation(greets())
  await c.advance(400)
  await c.hears('喂你好', 600)
  assert.deepEqual(c.robot.events, [])
  await c.advance(1_000)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), ['喂你好'])
  assert.deepEqual(c.robot.of('utterance'), [], 'they are no turn of their own')
  assert.deepEqual(c.of('callee-said').map(({ turn, text }) => ({ turn, text })), [{ turn: 1, text: '喂你好' }])
  await c.advance(2_000)
  assert.equal(c.of('robot-said')[0]!.turn, 2)
})

test('words that begin shortly before the greeting would are waited for', async () => {
  await using c = new Conversation(greets())
  await c.advance(1_000)
  await c.hears('喂', 600)
  await c.advance(1_000)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), ['喂'])
})

test('a sound without words opens as well', async () => {
  await using c = new Conversation(greets())
  await c.hears('', 300)
  await c.advance(1_200)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), [''])
  assert.deepEqual(c.of('callee-said'), [])
})

test('a greeting longer than 4 s is told as far as it is known; its end is a turn', async () => {
  await using c = new Conversation(greets())
  c.asr.texts.push('您好我这边是示例公司的前台请问您找哪一位')
  c.line.speak(8_000)
  await c.advance(3_900)
  assert.deepEqual(c.robot.events, [])
  await c.advance(300)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), ['您好我这边是示例公司的前台请问您找哪一位'])
  await c.advance(6_000)
  assert.deepEqual(c.robot.of('answered').length, 1)
  assert.equal(c.robot.of('utterance').length, 1)
})

test('a long greeting in which no word was understood opens after 4 s too', async () => {
  await using c = new Conversation(greets())
  c.line.speak(8_000)
  await c.advance(4_200)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), [''])
})

test('a recogniser that fails before the opening does not keep the call from opening', async () => {
  await using c = new Conversation(greets())
  c.asr.streams[0]!.emit({ type: 'failed', error: new Error('gone') })
  await c.advance(1_400)
  assert.equal(c.robot.of('answered').length, 1)
})

test('the recogniser is told the names and the answers that the robot expects', async () => {
  await using c = new Conversation(greets())
  assert.deepEqual([c.asr.streams[0]!.options.hotWords, c.asr.streams[0]!.options.phrases], [['张总'], ['我是']])
})

test('who picks up with 喂 hears the robot within 0.4 s, and nobody waits to learn whether it is a machine', async () => {
  await using c = new Conversation(greets())
  await c.advance(600)
  const beganAtMs = c.time.now()
  await c.hears('喂', 300)
  await c.advance(2_000)
  const [heard] = c.of('callee-said')
  const said = c.line.heard.find(({ us, atMs }) => us && atMs > beganAtMs)!
  assert.ok(said.atMs - heard!.endAtMs <= 400, `${said.atMs - heard!.endAtMs} ms after the 喂`)
  assert.deepEqual(c.robot.of('answered').map(({ firstWords }) => firstWords), ['喂'])
})
