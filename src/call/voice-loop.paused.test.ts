import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RobotAction } from '../robot/robot.ts'
import type { SpokenResult } from '../speech/speaker.ts'
import { Conversation, greets, say } from './testing.ts'

const inserted = { text: '请稍等，马上接通。', interruptible: false, source: 'transfer' } as const

test('a paused robot hears nothing and says nothing; what the callee says is still written down', async () => {
  await using c = new Conversation(greets(() => [say('我听到了。')]))
  await c.greeted()
  c.loop.pause()
  const before = c.robot.of('utterance').length
  await c.hears('还要多久')
  await c.advance(3_000)
  assert.equal(c.robot.of('utterance').length, before)
  assert.equal(c.of('callee-said').at(-1)?.text, '还要多久')
  assert.ok(!c.said.includes('我听到了。'))
  // Nor is it told of silence, nor given up, however long it takes.
  await c.advance(60_000)
  assert.deepEqual([c.robot.of('silence').length, c.end], [0, undefined])

  c.loop.resume({ type: 'transfer', state: 'failed', reason: 'busy' })
  await c.advance(100)
  assert.deepEqual(c.robot.of('transfer'), [{ type: 'transfer', state: 'failed', reason: 'busy' }])
  await c.hears('那好吧')
  await c.advance(3_000)
  assert.ok(c.said.includes('我听到了。'), 'afterwards it talks as before')
})

test('words that a robot thinks of while it is paused are never heard, and it learns that', async () => {
  let late: ((action: RobotAction) => void) | undefined
  await using c = new Conversation(
    greets(async function* () {
      yield await new Promise<RobotAction>((resolve) => (late = resolve))
    }),
  )
  await c.greeted()
  await c.hears('喂')
  await c.advance(1_000)
  c.loop.pause()
  late!({ ...say('太迟了。'), id: 'late' } as RobotAction)
  await c.advance(2_000)
  assert.ok(!c.said.includes('太迟了。'))
  assert.deepEqual(c.robot.of('played').find((event) => event.say === 'late'), { type: 'played', say: 'late', heardText: '', cut: true })
})

test('what is inserted is said after what is being said, is written down with its source, and is nobody\'s turn', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好，我是助理，现在为您转接。')] : []))
  await c.advance(2_500)
  c.loop.pause()
  const results: SpokenResult[] = []
  void c.loop.voice.insert(inserted).then((it) => results.push(it))
  await c.advance(1_000)
  assert.deepEqual(results, [])
  await c.advance(5_000)
  assert.deepEqual(results.map(({ heardText, cut }) => [heardText, cut]), [[inserted.text, false]])
  assert.deepEqual(c.said, ['您好，我是助理，现在为您转接。', inserted.text])
  assert.equal(c.of('robot-said').at(-1)?.source, 'transfer')
  assert.equal(c.robot.of('played').length, 1, 'the robot hears of its own words only')
})

test('the clause that is heard ends, and what follows it is never said', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('第一句，第二句，第三句。'), say('第四句。')] : []))
  await c.advance(1_400)
  c.loop.pause()
  const beganAtMs = c.time.now()
  let stoppedAtMs = 0
  void c.loop.voice.stopAfterClause().then(() => (stoppedAtMs = c.time.now()))
  await c.advance(2_000)
  assert.deepEqual(c.said, ['第一句，'])
  assert.ok(stoppedAtMs - beganAtMs > 100 && stoppedAtMs - beganAtMs < 500, `stopped after ${stoppedAtMs - beganAtMs} ms`)
  assert.deepEqual(c.robot.of('played').map(({ heardText, cut }) => [heardText, cut]), [['第一句，', true], ['', true]])
})

test('a line where nobody speaks is quiet at once; one that speaks is quiet when all was heard', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('您好。'), say('再见。')] : []))
  let quietAtMs: number | undefined
  void c.loop.voice.quiet().then(() => (quietAtMs = c.ms))
  await c.advance(20)
  assert.ok(quietAtMs !== undefined)
  await c.advance(1_300)
  quietAtMs = undefined
  void c.loop.voice.quiet().then(() => (quietAtMs = c.ms))
  await c.advance(100)
  assert.equal(quietAtMs, undefined)
  await c.advance(2_000)
  assert.ok(quietAtMs !== undefined)
  assert.equal(c.said.length, 2)
})

test('a callee who is put on hold before the opening is greeted afterwards, and the robot hears of the answer first', async () => {
  await using c = new Conversation(greets())
  await c.advance(300)
  c.loop.pause()
  await c.advance(5_000)
  assert.equal(c.robot.events.length, 0)
  c.loop.resume({ type: 'silence', count: 1 })
  await c.advance(3_000)
  assert.equal(c.robot.events[0]?.type, 'answered')
  assert.deepEqual(c.said, ['您好，我是助理。'])
})
