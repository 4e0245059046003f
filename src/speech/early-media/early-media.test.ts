import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, SAMPLE_RATE_HZ, type Frame } from '../../media/frame.ts'
import { ToneGenerator, tones, type Tone } from '../../media/tone.ts'
import { framesOf } from '../asr/builtin/fixtures.ts'
import { FakeAsr, FakeTime, silentFrames, voiceFrames } from '../testing.ts'
import { EarlyMedia, type EarlyMediaHeard } from './early-media.ts'

class Ringing implements Disposable {
  readonly time = new FakeTime()
  readonly asr = new FakeAsr(this.time.now)
  readonly certain: (EarlyMediaHeard & { atMs: number })[] = []
  readonly beginMs = this.time.now()
  early!: EarlyMedia

  begin(): this {
    this.early = new EarlyMedia({ asr: this.asr, now: this.time.now, onCertain: (heard) => this.certain.push({ ...heard, atMs: this.time.now() - this.beginMs }) })
    return this
  }

  async hears(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) {
      this.early.push(this.time.now(), [frame])
      await this.time.advance(FRAME_MS)
    }
  }

  async says(text: string, ms = 2_500, silenceMs = 1_000): Promise<void> {
    this.asr.texts.push(text)
    await this.hears([...voiceFrames(ms), ...silentFrames(silenceMs)])
  }

  [Symbol.dispose](): void {
    this.early.close()
    this.time[Symbol.dispose]()
  }
}

const toneFrames = (tone: Tone, ms: number): Frame[] => framesOf(new ToneGenerator(tone).next((ms * SAMPLE_RATE_HZ) / 1_000))

void describe('early media', () => {
  void test('with an announcement that ends the call is certain when its sentence is over, once', async () => {
    using ringing = new Ringing().begin()
    await ringing.says('您好您拨打的电话已关机请稍后再拨')
    await ringing.says('您好您拨打的电话已关机请稍后再拨')
    assert.equal(ringing.certain.length, 1)
    const [heard] = ringing.certain
    assert.deepEqual({ ...heard, atMs: 0 }, { status: 'powered-off', by: 'words', certain: true, text: '您好您拨打的电话已关机请稍后再拨', tone: undefined, atMs: 0 })
    assert.ok(heard!.atMs < 3_500, `${heard!.atMs} ms`)
  })

  void test('that goes on after the first clause is judged as a whole: a mailbox is no switched-off telephone', async () => {
    using ringing = new Ringing().begin()
    await ringing.says('您呼叫的用户已关机请在提示音后留言', 4_000)
    assert.deepEqual(ringing.certain, [])
    assert.equal(ringing.early.heard().status, 'voicemail')
  })

  void test('without any pause is certain when the words have meant the same for 2.5 s', async () => {
    using ringing = new Ringing().begin()
    ringing.asr.texts.push('您拨打的号码是空号')
    await ringing.hears(voiceFrames(3_500))
    assert.equal(ringing.certain[0]?.status, 'vacant-number')
  })

  void test('with a colour ring leads to nothing and is recognised for 15 s at most', async () => {
    using ringing = new Ringing().begin()
    for (let i = 0; i < 12; i += 1) await ringing.says('我爱你爱着你就像老鼠爱大米', 2_500, 1_000)
    assert.deepEqual(ringing.certain, [])
    assert.equal(ringing.early.heard().status, 'unknown')
    assert.match(ringing.early.heard().text, /老鼠爱大米/)
    assert.equal(ringing.asr.streams.length, 1)
    assert.equal(ringing.asr.streams[0]!.disposed, true)
    assert.ok(ringing.asr.streams[0]!.ends <= 6)
  })

  void test('with a ringing tone leads to nothing and gives the recogniser nothing to do', async () => {
    using ringing = new Ringing().begin()
    await ringing.hears(toneFrames(tones.ringback, 20_000))
    assert.deepEqual(ringing.certain, [])
    assert.deepEqual(ringing.early.heard(), { status: 'unknown', by: undefined, certain: false, text: '', tone: 'ring-back' })
    assert.equal(ringing.asr.streams[0]!.frames.length, 0)
  })

  void test('is still understood after long ringing', async () => {
    using ringing = new Ringing().begin()
    await ringing.hears(toneFrames(tones.ringback, 30_000))
    await ringing.says('您好您拨打的电话暂时无人接听请稍后再拨')
    assert.equal(ringing.certain[0]?.status, 'no-answer')
    assert.equal(ringing.certain[0]?.tone, 'ring-back')
  })

  for (const [name, status] of [['busy', 'busy'], ['congestion', 'network-busy'], ['vacantNumber', 'vacant-number']] as const) {
    void test(`with the ${name} tone alone is certain: ${status}`, async () => {
      using ringing = new Ringing().begin()
      await ringing.hears(toneFrames(tones[name], 4_000))
      assert.equal(ringing.certain[0]?.status, status)
      assert.equal(ringing.certain[0]?.text, '')
    })
  }

  void test('with words and then a busy tone means what the words say, unless they say nothing', async () => {
    using mailbox = new Ringing().begin()
    await mailbox.says('请在提示音后留言')
    await mailbox.hears(toneFrames(tones.busy, 4_000))
    assert.deepEqual([mailbox.certain[0]?.status, mailbox.certain[0]?.by, mailbox.certain[0]?.tone], ['voicemail', 'words', 'busy'])
    mailbox[Symbol.dispose]()
    using song = new Ringing().begin()
    await song.says('正在为您转接')
    await song.hears(toneFrames(tones.busy, 4_000))
    assert.deepEqual([song.certain[0]?.status, song.certain[0]?.by], ['busy', 'tone'])
  })

  void test('keeps the words whose final text did not come, for the network that refuses at once', async () => {
    using ringing = new Ringing().begin()
    ringing.asr.finalAfterMs = undefined
    ringing.asr.texts.push('您拨打的电话已停机')
    await ringing.hears([...voiceFrames(1_500), ...silentFrames(800)])
    assert.deepEqual([ringing.early.heard().status, ringing.early.heard().text], ['suspended', '您拨打的电话已停机'])
  })

  void test('that stops coming after the words is judged all the same', async () => {
    using ringing = new Ringing().begin()
    ringing.asr.texts.push('您拨打的电话已停机')
    await ringing.hears(voiceFrames(1_500))
    await ringing.time.advance(1_500)
    assert.equal(ringing.certain[0]?.status, 'suspended')
  })

  void test('without a recogniser is judged by its tones', async () => {
    using ringing = new Ringing()
    ringing.asr.openFails = true
    ringing.begin()
    await ringing.hears(voiceFrames(2_000))
    await ringing.hears(toneFrames(tones.busy, 4_000))
    assert.equal(ringing.certain[0]?.status, 'busy')
  })

  void test('whose recogniser fails for good keeps what was heard', async () => {
    using ringing = new Ringing().begin()
    ringing.asr.texts.push('您拨打的电话已停机')
    await ringing.hears(voiceFrames(1_000))
    for (const stream of [0, 1]) {
      ringing.asr.streams[stream]!.emit({ type: 'failed', error: new Error('gone') })
      await ringing.hears(voiceFrames(100))
    }
    assert.equal(ringing.early.heard().status, 'suspended')
  })

  void test('that was closed hears nothing any more', async () => {
    using ringing = new Ringing().begin()
    ringing.early.close()
    ringing.early.close()
    await ringing.says('您拨打的电话已关机')
    assert.deepEqual(ringing.certain, [])
    assert.equal(ringing.early.heard().text, '')
  })
})
