import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, FRAME_SAMPLES } from '../media/frame.ts'
import { ToneGenerator, tones, type Tone } from '../media/tone.ts'
import { CallStage, greets, theirSdp } from './testing.ts'

/** A call whose line plays something before the answer. */
async function ringingWithSound(react = greets()): Promise<CallStage> {
  const stage = new CallStage(react)
  await stage.place()
  stage.invite.ring(183, theirSdp)
  return stage
}

async function says(stage: CallStage, text: string, ms = 2_500): Promise<void> {
  stage.asr.texts.push(text)
  stage.port.speak(ms)
  await stage.time.advance(ms + 1_500)
}

async function plays(stage: CallStage, tone: Tone, ms: number): Promise<void> {
  const generator = new ToneGenerator(tone)
  stage.port.starved = true
  for (let passedMs = 0; passedMs < ms; passedMs += FRAME_MS) {
    stage.port.onEvent({ type: 'frames', atMs: stage.time.now() - FRAME_MS, frames: [generator.next(FRAME_SAMPLES)] })
    await stage.time.advance(FRAME_MS)
  }
  stage.port.starved = false
}

const isOver = (stage: CallStage): boolean => stage.result !== undefined

void describe('a call with sound before the answer', () => {
  void test('is given up when the announcement is certain, and ends with what was announced', async () => {
    using stage = await ringingWithSound()
    await says(stage, '您好您拨打的电话已停机')
    await stage.time.advance(500)
    assert.equal(stage.invite.hangUps, 1)
    assert.deepEqual(stage.result?.reason, { outcome: 'suspended', by: 'network', stage: 'ringing', detail: 'announced', evidence: { announcement: '您好您拨打的电话已停机', rule: 'text:suspended' } })
    assert.equal(stage.result?.answeredAt, undefined)
    assert.equal(stage.result?.talkMs, 0)
  })

  void test('that ends with a code is what was heard before, even when it was not certain', async () => {
    using stage = await ringingWithSound()
    await says(stage, '您呼叫的用户请在提示音后留言')
    stage.invite.fail(480, { q850: 19 })
    await stage.time.advance(500)
    assert.deepEqual(stage.result?.reason, { outcome: 'forwarded', by: 'network', stage: 'ringing', detail: 'final-response', evidence: { sipStatus: 480, sipReason: 'reason 480', q850Cause: 19, announcement: '您呼叫的用户请在提示音后留言', rule: 'text:voicemail' } })
  })

  void test('with a colour ring goes on ringing, and the answer is an answer', async () => {
    using stage = await ringingWithSound()
    for (let i = 0; i < 6; i += 1) await says(stage, '我爱你就像老鼠爱大米')
    assert.equal(isOver(stage), false)
    assert.equal(stage.asr.streams[0]!.disposed, true)
    stage.invite.answer()
    await stage.time.advance(3_000)
    assert.ok(stage.types.includes('answered'))
    assert.equal(stage.invite.hangUps, 0)
    stage.invite.bye()
    await stage.time.advance(3_000)
    assert.equal(stage.result?.reason.outcome, 'answered')
    assert.equal(stage.result?.reason.evidence.announcement, undefined)
  })

  void test('with a colour ring and a code is what the code says, with the words as evidence', async () => {
    using stage = await ringingWithSound()
    await says(stage, '我爱你就像老鼠爱大米')
    stage.invite.fail(486, { q850: 17 })
    await stage.time.advance(500)
    assert.deepEqual([stage.result?.reason.outcome, stage.result?.reason.evidence.announcement], ['busy', '我爱你就像老鼠爱大米'])
  })

  void test('with a busy tone is given up as busy', async () => {
    using stage = await ringingWithSound()
    await plays(stage, tones.busy, 3_000)
    await stage.time.advance(500)
    assert.equal(stage.invite.hangUps, 1)
    assert.deepEqual([stage.result?.reason.outcome, stage.result?.reason.evidence], ['busy', { tone: 'busy', rule: 'tone:busy' }])
  })

  void test('with a ringing tone rings on until our limit', async () => {
    using stage = await ringingWithSound()
    await plays(stage, tones.ringback, 12_000)
    assert.equal(isOver(stage), false)
    stage.invite.fail(408, { local: 'timeout' })
    await stage.time.advance(500)
    assert.deepEqual([stage.result?.reason.outcome, stage.result?.reason.evidence.tone], ['no-answer', 'ring-back'])
  })

  void test('that is answered is not listened to by two', async () => {
    using stage = await ringingWithSound()
    await says(stage, '正在为您转接')
    stage.invite.answer()
    await stage.time.advance(200)
    assert.deepEqual(stage.asr.streams.map(({ disposed }) => disposed), [true, false])
    stage.invite.bye()
    await stage.time.advance(3_000)
  })
})

void test('a call without sound before the answer opens no recogniser for it', async () => {
  using stage = new CallStage(greets())
  await stage.place()
  stage.invite.ring(180)
  await stage.time.advance(5_000)
  assert.equal(stage.asr.streams.length, 0)
  stage.invite.fail(486)
  await stage.time.advance(500)
  assert.equal(stage.result?.reason.outcome, 'busy')
})
