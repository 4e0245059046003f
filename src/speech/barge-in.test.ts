// Checks who keeps the floor. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bargeInDefaults, decideBargeIn, isBackchannel, isStopWord, isTurn, type BargeIn, type RobotVoice } from './barge-in.ts'

const talking: RobotVoice = { speaking: true, interruptible: true, endsWithQuestion: false, remainingMs: 3000 }

const cases: { why: string; voicedMs: number; sinceOnsetMs?: number; partial?: string; robot?: Partial<RobotVoice>; expected: BargeIn }[] = [
  { why: 'a short noise waits', voicedMs: 100, expected: 'wait' },
  { why: 'a voice without words waits', voicedMs: 300, expected: 'wait' },
  { why: 'a sustained voice without words stops the robot', voicedMs: 450, expected: 'stop' },
  { why: 'a sustained voice with words stops the robot', voicedMs: 250, partial: '我', expected: 'stop' },
  { why: 'words without a sustained voice wait', voicedMs: 240, partial: '我现', expected: 'wait' },
  { why: 'a voice with short gaps is sustained', voicedMs: 260, sinceOnsetMs: 400, partial: '我现', expected: 'stop' },
  { why: 'single noises far apart are not sustained', voicedMs: 460, sinceOnsetMs: 1200, expected: 'wait' },
  { why: 'a backchannel waits', voicedMs: 400, partial: '嗯', expected: 'wait' },
  { why: 'a repeated backchannel waits', voicedMs: 700, partial: '对对对', expected: 'wait' },
  { why: 'a backchannel that goes on stops the robot', voicedMs: 800, partial: '嗯', expected: 'stop' },
  { why: 'a backchannel with more words stops the robot', voicedMs: 420, partial: '好我知道了', expected: 'stop' },
  { why: 'a stop word stops the robot at once', voicedMs: 120, partial: '等一下', expected: 'stop' },
  { why: '停 stops the robot at once', voicedMs: 120, partial: '停', expected: 'stop' },
  { why: 'a stop word after a backchannel stops the robot at once', voicedMs: 200, partial: '好了别说了', expected: 'stop' },
  { why: 'a short word in the last moment of a question is its answer', voicedMs: 300, partial: '是', robot: { endsWithQuestion: true, remainingMs: 300 }, expected: 'stop' },
  { why: 'a short word in the middle of a question waits', voicedMs: 300, partial: '是', robot: { endsWithQuestion: true, remainingMs: 301 }, expected: 'wait' },
  { why: 'a short word at the end of a statement waits', voicedMs: 300, partial: '是', robot: { remainingMs: 100 }, expected: 'wait' },
  { why: 'what must be heard is never stopped', voicedMs: 5000, partial: '等一下', robot: { interruptible: false }, expected: 'none' },
  { why: 'a silent robot cannot be interrupted', voicedMs: 5000, partial: '我想问一下', robot: { speaking: false }, expected: 'none' },
]

for (const { why, voicedMs, sinceOnsetMs = voicedMs, partial = '', robot, expected } of cases) {
  test(why, () => assert.equal(decideBargeIn({ voicedMs, sinceOnsetMs, partial, robot: { ...talking, ...robot } }), expected))
}

test('sustained speech stops the robot within 450 ms, with or without words', () => {
  for (const firstWordMs of [320, 360, Infinity]) {
    let atMs = 0
    while (decideBargeIn({ voicedMs: atMs, sinceOnsetMs: atMs, partial: atMs >= firstWordMs ? '我现' : '', robot: talking }) !== 'stop') atMs += 20
    assert.ok(atMs <= 460, `stopped after ${atMs} ms`)
  }
})

test('an ordinary backchannel never stops the robot, from its first to its last frame', () => {
  for (const word of ['嗯', '好的', '对对', '哦']) {
    for (let atMs = 0; atMs <= 500; atMs += 20) {
      const decision = decideBargeIn({ voicedMs: Math.min(atMs, 380), sinceOnsetMs: atMs, partial: atMs >= 320 ? word : '', robot: talking })
      assert.equal(decision, 'wait')
    }
  }
})

test('backchannels are short words of a listener and nothing else', () => {
  for (const text of ['嗯', '嗯嗯', '嗯嗯嗯', '好', '好的', '好好', '好的好的', '对对对', '是是', '哦', '哦，好的', '嗯，对', '知道', 'OK', '对。']) assert.ok(isBackchannel(text, 400), text)
  for (const text of ['', '不好', '好什么', '喂', '什么', '我', '不是', '好贵', '对不起', '是谁', '嗯嗯嗯嗯嗯', '知道了吗', '你好']) assert.ok(!isBackchannel(text, 400), text)
  assert.ok(!isBackchannel('嗯', 800))
})

test('stop words are found by themselves or within words', () => {
  for (const text of ['停', '等一下', '你等一下', '别说了', '不是', '喂', '什么？', '我问你', '先停一下', 'Stop', 'hold on please']) assert.ok(isStopWord(text), text)
  for (const text of ['', '好', '停车', '我不是', '喂你好', '没什么', '平等']) assert.ok(!isStopWord(text), text)
})

test('a backchannel over the voice of the robot is no turn, an answer to its question is', () => {
  const heard = { text: '嗯', voicedMs: 300, endsWithQuestion: false, beganBeforeRobotEndMs: 2000 }
  assert.equal(isTurn(heard), false)
  assert.equal(isTurn({ ...heard, endsWithQuestion: true }), false)
  assert.equal(isTurn({ ...heard, endsWithQuestion: true, beganBeforeRobotEndMs: 300 }), true)
  assert.equal(isTurn({ ...heard, beganBeforeRobotEndMs: 0 }), true)
  assert.equal(isTurn({ ...heard, beganBeforeRobotEndMs: -5000 }), true)
  assert.equal(isTurn({ ...heard, text: '我要投诉' }), true)
  assert.equal(isTurn({ ...heard, text: '', beganBeforeRobotEndMs: -5000 }), false)
})

test('the defaults agree with one another', () => {
  const { voicedMsMin, voicedMsBlind, backchannelMsMax } = bargeInDefaults
  assert.ok(voicedMsMin < voicedMsBlind && voicedMsBlind < backchannelMsMax && voicedMsBlind <= 450)
})
