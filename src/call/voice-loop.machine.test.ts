// Checks what a conversation does when a machine picked up, or nobody yet: with the rules robot, in simulated time.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, FRAME_SAMPLES } from '../media/frame.ts'
import { ToneGenerator, tones, type Tone } from '../media/tone.ts'
import { compileRequirement } from '../robot/requirement.ts'
import type { MachinePolicy } from '../robot/robot.ts'
import { createRulesRobot } from '../robot/rules.ts'
import { Conversation, greets } from './testing.ts'

const acceptedAt = new Date('2026-11-20T09:00:00+08:00')
const requirement = compileRequirement('告诉王强先生快递放在小区南门菜鸟驿站，取件码5-1-0327', { acceptedAt })
const FACTS = /驿站|南门|快递|取件|0327|三二七/
const ASSISTANT = '您好我是机主的智能助理请问您有什么事'
const VOICEMAIL = '您拨打的用户暂时无法接听请在嘀声后留言'

/** With the rules robot, which is asked as the loop asks it. */
function called(policy: MachinePolicy = 'hang-up', rangMs = 4_000): Conversation {
  const robot = createRulesRobot({ requirement, now: () => acceptedAt, attempt: 1 })
  return new Conversation((event, signal) => robot.handle(event, signal), { machinePolicy: policy, rangMs })
}

async function plays(c: Conversation, tone: Tone, ms: number): Promise<void> {
  const generator = new ToneGenerator(tone)
  c.line.starved = true
  for (let passedMs = 0; passedMs < ms; passedMs += FRAME_MS) {
    c.line.onEvent({ type: 'frames', atMs: c.time.now() - FRAME_MS, frames: [generator.next(FRAME_SAMPLES)] })
    await c.advance(FRAME_MS)
  }
  c.line.starved = false
}

const outcome = (c: Conversation) => [c.loop.conversation, c.loop.answeredBy?.who]

void describe('a machine that picked up', () => {
  void test('is said goodbye to and hung up on within 5 s of its words; it hears no fact', async () => {
    await using c = called()
    await c.hears(ASSISTANT, 3_500)
    await c.advance(6_000)
    assert.deepEqual(outcome(c), ['machine', 'assistant'])
    assert.deepEqual(c.of('answered-by').map(({ who, because }) => [who, because[0]]), [['assistant', 'words:机主的+助理|助手|秘书|管家']])
    assert.ok(c.end && c.end.atMs - c.answeredAtMs <= 3_500 + 5_000, `${c.end && c.end.atMs - c.answeredAtMs} ms`)
    assert.deepEqual(c.end.end, { by: 'robot', detail: 'robot-hung-up' })
    assert.doesNotMatch(c.said.join(''), FACTS)
    assert.match(c.said.at(-1)!, /再见/)
  })

  void test('is known although the opening has begun, which is broken off', async () => {
    await using c = called()
    await c.advance(2_000)
    await c.hears(ASSISTANT, 3_500)
    await c.advance(7_000)
    assert.deepEqual(outcome(c), ['machine', 'assistant'])
    assert.ok(c.end)
    assert.doesNotMatch(c.said.join(''), FACTS)
  })

  void test('gets a message without a fact or a name when its greeting and beep are over, where that is wished', async () => {
    await using c = called('leave-message')
    await c.hears(VOICEMAIL, 4_000)
    assert.deepEqual(c.said, [], 'nobody speaks into a greeting')
    await plays(c, { frequencyHz: 1_000, cadenceMs: [500, 60_000] }, 600)
    await c.advance(16_000)
    assert.deepEqual(outcome(c), ['machine', 'voicemail'])
    const message = c.said.join('')
    assert.match(message, /AI语音助手.*人工智能合成.*再打.*再见/)
    assert.doesNotMatch(message, FACTS)
    assert.doesNotMatch(message, /王强/)
    const [said] = c.of('robot-said')
    assert.ok(said!.beginAtMs - c.answeredAtMs >= 4_600, 'after the beep')
    assert.ok(c.end)
  })

  void test('is talked to like anybody where that is wished, and hears no fact before it says to be the person', async () => {
    await using c = called('go-on')
    await c.hears(ASSISTANT, 3_500)
    await c.advance(9_000)
    assert.equal(c.loop.answeredBy?.who, 'assistant')
    assert.equal(c.end, undefined, 'the conversation goes on')
    await c.hears('好的我会转告机主的', 1_500)
    await c.advance(9_000)
    assert.doesNotMatch(c.said.join(''), FACTS)
    assert.notEqual(c.loop.conversation, 'machine')
  })

  void test('that turns out to be the person themselves is a person', async () => {
    await using c = called('go-on')
    await c.hears(ASSISTANT, 3_500)
    await c.advance(8_000)
    await c.hears('对我就是王强你说', 1_500)
    await c.advance(8_000)
    assert.match(c.said.join(''), /驿站/)
    assert.equal(c.loop.answeredBy, undefined)
  })

  void test('that is a fax is hung up on at once, whatever the wish', async () => {
    for (const policy of ['hang-up', 'leave-message', 'go-on'] as const) {
      await using c = called(policy)
      await plays(c, { frequencyHz: 2_100, cadenceMs: [3_300, 60_000] }, 2_500)
      await c.advance(500)
      assert.deepEqual(c.end?.end, { by: 'platform', detail: 'machine-policy' }, policy)
      assert.equal(c.loop.answeredBy?.who, 'fax')
    }
  })

  void test('and a robot that does nothing about it are parted all the same', async () => {
    await using c = new Conversation(greets(), { options: { machineMsMax: 10_000 } })
    await c.hears(ASSISTANT, 3_500)
    await c.advance(12_000)
    assert.equal(c.end?.end.detail, 'machine-policy')
    assert.equal(c.loop.conversation, 'machine')
  })
})

void describe('a person', () => {
  for (const words of ['喂你好', '您好示例公司前台请问您找哪位', '你是语音助手吧', '我在开会你留个言吧', '他不在我是他同事我帮他转告']) {
    void test(`who says ${words} is spoken with`, async () => {
      await using c = called('hang-up', 300)
      await c.hears(words, 400 + words.length * 180)
      await c.advance(4_000)
      assert.equal(c.loop.answeredBy, undefined)
      assert.deepEqual(c.of('answered-by'), [])
      assert.notEqual(c.loop.conversation, 'machine')
      assert.ok(c.said.length > 0 || c.line.played.length > 0)
    })
  }

  void test('is greeted as fast as ever: the verdict is waited for by nobody', async () => {
    await using c = called()
    await c.hears('喂', 400)
    await c.advance(1_500)
    assert.ok(c.line.played.length > 0)
    const first = c.line.heard.find(({ us, atMs }) => us && atMs >= c.answeredAtMs)
    assert.ok(first && first.atMs - c.answeredAtMs <= 1_700, `${first && first.atMs - c.answeredAtMs} ms`)
  })
})

void describe('a gateway that answers while it still rings', () => {
  void test('is waited for: the opening comes when somebody speaks', async () => {
    await using c = called('hang-up', 100)
    await plays(c, tones.ringback, 12_000)
    assert.equal(c.line.played.length, 0, 'nobody speaks into the ringing')
    await c.hears('喂你好', 600)
    await c.advance(3_000)
    assert.ok(c.line.played.length > 0)
    assert.equal(c.robot.of('answered').length, 1)
    const [told] = c.of('false-answer')
    assert.ok(told && told.rangMs >= 12_000 && told.rangMs < 13_500, `${told?.rangMs} ms`)
    assert.equal(c.loop.falseAnswerMs, told.rangMs)
  })

  void test('and where somebody picks up without a word, the opening comes when the next ring does not', async () => {
    await using c = called('hang-up', 100)
    await plays(c, tones.ringback, 11_000)
    await c.advance(8_000)
    assert.equal(c.robot.of('answered').length, 1)
    assert.ok(c.loop.falseAnswerMs)
  })

  void test('and where nobody ever picks up is given up as unanswered', async () => {
    await using c = called('hang-up', 100)
    await plays(c, tones.ringback, 47_000)
    await c.advance(500)
    assert.deepEqual(c.end?.end, { by: 'network', detail: 'ring-limit', outcome: 'no-answer', tone: 'ring-back' })
    assert.equal(c.robot.of('answered').length, 0)
    assert.ok(c.loop.falseAnswerMs! >= 45_000)
  })

  void test('and the far end is busy is busy', async () => {
    await using c = called('hang-up', 100)
    await plays(c, tones.ringback, 6_000)
    await plays(c, tones.busy, 3_000)
    await c.advance(500)
    assert.deepEqual([c.end?.end.outcome, c.end?.end.detail, c.end?.end.tone], ['busy', 'announced', 'busy'])
  })
})
