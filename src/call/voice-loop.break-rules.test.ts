// Checks who interrupts what between a callback server and the callee, as it is heard: every combination of the published rules in simulated time.
// What the robot makes of each answer is in src/robot/callback/break-rules.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, led, play } from './callback-rig.ts'

/** 3 s. */
const opening = '您好这里是快递公司有一个包裹今天下午送到请问您在家吗这样好吗'
const reply = '好的。'

/** On the line these differ: what they stop, whether they play, whether the call ends. */
const actions = {
  play: { stops: true, plays: true, ends: false },
  break: { stops: true, plays: false, ends: false },
  continue: { stops: false, plays: false, ends: false },
  donothing: { stops: false, plays: false, ends: false },
  hangup: { stops: true, plays: true, ends: true },
  dtmf: { stops: true, plays: true, ends: false },
} as const

for (const [action, rule] of Object.entries(actions)) {
  test(`${action}: every combination of action_code_break, action_break, time-break, playing or not`, async () => {
    for (const breakable of [true, false]) for (const actionBreak of [true, false]) for (const timeBreakMs of [0, 400]) for (const playing of [true, false]) {
      const name = JSON.stringify({ breakable, actionBreak, timeBreakMs, playing })
      const { c, sent } = led(({ type }) => at(100, type === 'normal' ? { ...play(reply), action, action_break: actionBreak } : { action: 'donothing' }), { opening: { code: '$t$', texts: { t: opening }, breakable, timeBreakMs } })
      await using _ = c
      // The line waits for the first words before it opens; then somebody speaks in the middle of the opening, or after it.
      while (!c.line.heard.some(({ us }) => us)) await c.advance(20)
      await c.advance(playing ? 700 : 3_600)
      await c.hears('明天再送吧', 900)
      await c.advance(5_500)
      const brokenOff = playing && breakable && timeBreakMs > 0
      const stopped = playing && breakable && actionBreak && rule.stops
      assert.deepEqual(sent.filter(({ type }) => type === 'timebreak').length, brokenOff ? 1 : 0, name)
      const [normal] = sent.filter(({ type }) => type === 'normal')
      assert.deepEqual([normal!.content['words'], normal!.content['is_playing']], ['明天再送吧', String(playing && !brokenOff)], name)
      const [first, second, ...more] = c.of('robot-said')
      assert.equal(first!.cut, brokenOff || stopped, name)
      if (!first!.cut) assert.equal(first!.text, opening, name)
      // By the voice while the callee still speaks; by the answer only after it came.
      if (brokenOff) assert.ok(first!.endAtMs < normal!.atMs + c.answeredAtMs - 300, name)
      else if (stopped) assert.ok(first!.endAtMs >= normal!.atMs + c.answeredAtMs + 100, name)
      assert.deepEqual([second?.text, second?.cut, more.length], rule.plays ? [reply, false, 0] : [undefined, undefined, 0], name)
      // What is not stopped is waited for.
      if (second) assert.ok(second.beginAtMs >= first!.endAtMs, name)
      assert.equal(c.end?.end.detail, rule.ends ? 'robot-hung-up' : undefined, name)
    }
  })
}

test('media that may not be interrupted waits behind one that a voice breaks off, and is heard from beginning to end', async () => {
  let turn = 0
  const firm = '重要通知请听完。'
  const { c } = led(({ type }) => at(100, type === 'normal' && (turn += 1) === 1 ? play(firm, { action_break: false, action_code_break: false }) : { action: 'donothing' }), { opening: { code: '$t$', texts: { t: opening }, breakable: true, timeBreakMs: 800 } })
  await using _ = c
  while (!c.line.heard.some(({ us }) => us)) await c.advance(20)
  await c.advance(200)
  await c.hears('你好你好', 400)
  await c.advance(700)
  await c.hears('我想问一下这个事情', 1_200)
  await c.advance(4_000)
  assert.deepEqual(c.of('robot-said').map(({ text, cut }) => [cut, text === firm]), [[true, false], [false, true]], JSON.stringify(c.said))
})
