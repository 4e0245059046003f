import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { repairRecording } from '../media/recording-file.ts'
import { readWav } from '../media/wav.ts'
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

  void test('is told to the robot once, answered or not, and only words are', async () => {
    {
      using stage = await ringingWithSound()
      await says(stage, '您好您拨打的电话已停机')
      await stage.time.advance(500)
      assert.deepEqual(stage.robot.early.map(({ text }) => text), ['您好您拨打的电话已停机'])
      const { beginAtMs, endAtMs } = stage.robot.early[0]!
      assert.ok(endAtMs - beginAtMs >= 2_500 && endAtMs <= stage.time.now(), `${beginAtMs} ${endAtMs}`)
    }
    {
      using stage = await ringingWithSound()
      await says(stage, '我爱你就像老鼠爱大米')
      stage.invite.answer()
      await stage.time.advance(1_000)
      assert.deepEqual(stage.robot.early.map(({ text }) => text), ['我爱你就像老鼠爱大米'])
      stage.invite.bye()
      await stage.time.advance(3_000)
      assert.equal(stage.robot.early.length, 1)
    }
    using stage = await ringingWithSound()
    await plays(stage, tones.ringback, 6_000)
    stage.invite.fail(486)
    await stage.time.advance(500)
    assert.deepEqual(stage.robot.early, [])
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

/** Disks take real time, for which the call's time stands still. */
async function eventually(isTrue: () => boolean, realMsMax = 10_000): Promise<boolean> {
  for (const beginMs = performance.now(); performance.now() - beginMs < realMsMax; await settle()) if (isTrue()) return true
  return false
}

async function untilOver(stage: CallStage): Promise<void> {
  await stage.time.advance(500)
  assert.ok(await eventually(() => isOver(stage)))
}

void describe('the sound before an answer, of a call that is recorded', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'waihu-clip-'))
  after(() => rmSync(folder, { recursive: true }))
  const recorded = async (name: string): Promise<{ stage: CallStage; clip: string }> => {
    const recordingPath = path.join(folder, `${name}.wav`)
    const stage = new CallStage(greets(), { recordingPath })
    await stage.place()
    stage.invite.ring(183, theirSdp)
    return { stage, clip: path.join(folder, `${name}.early.wav`) }
  }

  void test('is kept when it was an announcement and nobody answered, and can be played', async () => {
    const { stage: it, clip } = await recorded('announced')
    using stage = it
    await says(stage, '您呼叫的用户请在提示音后留言')
    stage.invite.fail(480)
    await untilOver(stage)
    assert.equal(stage.result?.reason.evidence.clip, clip)
    const { format, channels } = readWav(readFileSync(clip))
    assert.deepEqual(format, { encoding: 'alaw', sampleRateHz: 8_000, channels: 1 })
    assert.ok(channels[0]!.length >= 2.5 * 8_000 && channels[0]!.some((sample) => Math.abs(sample) > 2_000))
  })

  void test('is kept when our limit ended the ringing, up to 15 s', async () => {
    const { stage: it, clip } = await recorded('colour-ring')
    using stage = it
    for (let i = 0; i < 8; i += 1) await says(stage, '我爱你就像老鼠爱大米')
    stage.invite.fail(408, { local: 'timeout' })
    await untilOver(stage)
    assert.equal(readWav(readFileSync(clip)).channels[0]!.length, 15 * 8_000)
  })

  void test('of ringing only leaves nothing', async () => {
    const { stage: it, clip } = await recorded('rings')
    using stage = it
    await plays(stage, tones.ringback, 6_000)
    stage.invite.fail(480)
    await untilOver(stage)
    assert.equal(stage.result?.reason.evidence.clip, undefined)
    assert.equal(existsSync(clip), false)
  })

  void test('of a call that was answered is gone', async () => {
    const { stage: it, clip } = await recorded('answered')
    using stage = it
    await says(stage, '我爱你就像老鼠爱大米')
    await stage.time.advance(2_000)
    assert.ok(await eventually(() => existsSync(clip)), 'it is on the disk while it rings')
    stage.invite.answer()
    await stage.time.advance(1_000)
    stage.invite.bye()
    await untilOver(stage)
    assert.equal(stage.result?.reason.evidence.clip, undefined)
    assert.equal(existsSync(clip), false)
  })

  void test('that a crash cut is mended like a recording', async () => {
    const { stage: it, clip } = await recorded('crashed')
    using stage = it
    await says(stage, '我爱你就像老鼠爱大米', 3_500)
    await stage.time.advance(1_000)
    // As a killed process leaves it: the header knows no length.
    assert.ok(await eventually(() => existsSync(clip) && statSync(clip).size > 3 * 8_000))
    const cut = path.join(folder, 'cut.early.wav')
    copyFileSync(clip, cut)
    const ms = await repairRecording(cut)
    assert.ok(ms !== undefined && ms >= 3_000, `${ms} ms`)
    assert.equal(readWav(readFileSync(cut)).channels[0]!.length, ms * 8)
    stage.invite.fail(480)
    await untilOver(stage)
  })

  void test('on a disk that takes nothing costs the clip, not the call', async () => {
    using stage = new CallStage(greets(), { recordingPath: '/dev/full/no.wav' })
    await stage.place()
    stage.invite.ring(183, theirSdp)
    await says(stage, '您好您拨打的电话已停机')
    await untilOver(stage)
    assert.deepEqual([stage.result?.reason.outcome, stage.result?.reason.evidence.clip], ['suspended', undefined])
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
