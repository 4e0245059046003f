// Checks that key presses reach the robot as answers, once each. Time is simulated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, Conversation, greets, say } from './testing.ts'

test('loose keys are one event after a pause; each press is written down', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.line.press('1')
  await c.advance(500)
  c.line.press('2')
  await c.advance(1_700)
  assert.deepEqual(c.robot.of('digits'), [{ type: 'digits', digits: '12', ended: 'pressed' }])
  assert.deepEqual(c.of('keys-pressed').map(({ digits }) => digits), ['1', '2'])
})

test('keys that were asked for end with the last one, and are answered', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('听清楚请按一。'), { type: 'collect-digits', digitsMax: 1, timeOutMs: 4_000 }] : event.type === 'digits' ? [say('好的。')] : []))
  await c.advance(3_000)
  c.line.press('1')
  await c.advance(1_500)
  assert.deepEqual(c.robot.of('digits'), [{ type: 'digits', digits: '1', ended: 'max-digits' }])
  assert.equal(c.said.at(-1), '好的。')
})

test('digits that were asked for may be told as well as pressed: between two groups of them nobody cuts in', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('请说六位号码。'), { type: 'collect-digits', digitsMax: 6, timeOutMs: 9_000 }] : event.type === 'utterance' ? [say('好的。')] : []))
  await c.advance(3_000)
  await c.hears('二五', 500)
  await c.advance(1_000)
  assert.equal(c.robot.of('utterance').length, 0, 'more is to come')
  await c.advance(1_500)
  assert.equal(c.robot.of('utterance').length, 1)
  await c.hears('二五零一三八', 900)
  await c.advance(700)
  assert.equal(c.robot.of('utterance').length, 2, 'that is all of them')
})

test('the time to press begins when the question was heard', async () => {
  await using c = new Conversation((event) => (event.type === 'answered' ? [say('字'.repeat(60)), { type: 'collect-digits', digitsMax: 1, timeOutMs: 3_000 }] : []))
  await c.advance(1_400 + 6_000 + 2_700)
  assert.deepEqual(c.robot.of('digits'), [])
  await c.advance(600)
  assert.deepEqual(c.robot.of('digits'), [{ type: 'digits', digits: '', ended: 'time-out' }])
})

test('a key that comes as a tone, heard later, and by SIP INFO counts once; the same key again counts again', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  for (let press = 0; press < 2; press += 1) {
    c.loop.pressKey('5', 'info')
    await c.advance(180)
    c.line.press('5', 'tone')
    await c.advance(120)
  }
  await c.advance(1_700)
  assert.deepEqual(c.robot.of('digits'), [{ type: 'digits', digits: '55', ended: 'pressed' }])
})

test('a key that comes by RFC 4733 and by SIP INFO counts once', async () => {
  await using c = new Conversation(greets())
  await c.greeted()
  c.line.press('5')
  await c.advance(60)
  c.loop.pressKey('5', 'info')
  await c.advance(1_700)
  assert.deepEqual(c.robot.of('digits').map(({ digits }) => digits), ['5'])
  assert.equal(c.of('keys-pressed').length, 1)
})

test('keys take the place of an answer that is still thought out', async () => {
  await using c = new Conversation(greets(() => after(3_000, say('太晚了。'))))
  await c.greeted()
  await c.hears('可以')
  await c.advance(700)
  c.line.press('1')
  await c.advance(5_000)
  assert.equal(c.said.includes('太晚了。'), false)
  assert.equal(c.robot.of('digits').length, 1)
})

test('keys before the opening are not lost', async () => {
  await using c = new Conversation(greets())
  c.line.press('1')
  await c.advance(3_000)
  assert.deepEqual(c.robot.events.slice(0, 2).map(({ type }) => type), ['answered', 'digits'])
})

test('keys pressed into a goodbye are written down, and ask nothing', async () => {
  await using c = new Conversation(greets(() => [say('再见再见再见再见再见再见再见再见再见。'), { type: 'hang-up' }]))
  await c.greeted()
  await c.hears('可以')
  await c.advance(900)
  c.line.press('1')
  await c.advance(3_000)
  assert.equal(c.of('keys-pressed').length, 1)
  assert.deepEqual(c.robot.of('digits'), [])
})
