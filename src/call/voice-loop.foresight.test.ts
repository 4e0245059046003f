// Checks that answers are begun in pauses, heard sooner for it, and dropped when the callee goes on. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RobotEvent } from '../robot/robot.ts'
import { after, Conversation, greets, say } from './testing.ts'

type Foreseen = { text: string; signal: AbortSignal }

/** Answers each turn after `robotMs` with the words it foresaw. */
function conversation(robotMs = 0): { c: Conversation; foreseen: Foreseen[] } {
  const foreseen: Foreseen[] = []
  const answerTo = (event: RobotEvent) => `回答${event.type === 'utterance' ? event.text : ''}。`
  const c = new Conversation(greets((event) => (robotMs > 0 ? after(robotMs, say(answerTo(event))) : [say(answerTo(event))])), {
    prepare: ({ robot }) =>
      Object.assign(robot, {
        async *foresee(event: RobotEvent, signal: AbortSignal) {
          foreseen.push({ text: event.type === 'utterance' ? event.text : event.type, signal })
          yield answerTo(event)
        },
      }),
  })
  return { c, foreseen }
}

test('an answer is begun in the pause after words that may be all, and told as such', async () => {
  const { c, foreseen } = conversation()
  await using _ = c
  await c.greeted()
  const askedBefore = c.tts.asked.length
  await c.hears('明天下午三点')
  await c.advance(400)
  assert.deepEqual(c.robot.of('utterance'), [], 'nobody knows yet whether that was all')
  assert.deepEqual([foreseen.map(({ text }) => text), c.tts.asked.slice(askedBefore)], [['明天下午三点'], ['回答明天下午三点。']])
  await c.advance(2_500)
  const { latency, text } = c.of('robot-said').at(-1)!
  assert.equal(text, '回答明天下午三点。')
  assert.ok(latency!.aheadMs! >= 300, `begun ${latency!.aheadMs} ms ahead`)
  assert.equal(latency!.dropped, undefined)
  assert.equal(foreseen.length, 1, 'once for the same words')
})

test('a callee who goes on is not answered, and what was begun is dropped', async () => {
  const { c, foreseen } = conversation()
  await using _ = c
  await c.greeted()
  c.asr.texts.push('明天下午')
  c.line.speak(500)
  await c.advance(500 + 320)
  assert.equal(foreseen.length, 1)
  c.line.speak(500)
  c.asr.streams[0]!.emit({ type: 'partial', text: '明天下午三点', beginAtMs: c.time.now() - 800, endAtMs: c.time.now() })
  c.asr.texts[0] = '明天下午三点'
  assert.ok(foreseen[0]!.signal.aborted)
  await c.advance(500 + 2_500)
  assert.deepEqual(c.robot.of('utterance').map(({ text }) => text), ['明天下午三点'])
  const { latency } = c.of('robot-said').at(-1)!
  assert.equal(latency!.dropped, 1)
  assert.deepEqual(foreseen.map(({ text }) => text), ['明天下午', '明天下午三点'])
})

test('while the robot speaks, or thinks, or says goodbye, nothing is begun', async () => {
  const { c, foreseen } = conversation(2_000)
  await using _ = c
  await c.advance(1_400)
  await c.hears('好的', 240)
  await c.advance(400)
  assert.deepEqual(foreseen, [], 'its opening is being heard')
  await c.advance(3_000)
  const before = foreseen.length
  await c.hears('明天下午三点')
  await c.advance(900)
  assert.equal(foreseen.length, before + 1)
  await c.hears('还是后天吧', 300)
  await c.advance(250)
  assert.equal(foreseen.length, before + 1, 'the robot is thinking')
  c.loop.endPolitely('time')
  await c.hears('那个', 300)
  await c.advance(500)
  assert.equal(foreseen.length, before + 1)
})

test('who says 喂 is answered with a record of how long it took; a greeting into silence has none', async () => {
  const { c } = conversation()
  await using _ = c
  await c.advance(300)
  await c.hears('喂', 300)
  await c.advance(3_000)
  const { latency } = c.of('robot-said')[0]!
  assert.ok(latency && latency.totalMs <= 420, `${latency?.totalMs} ms`)
})
