// Calls with a phone that is not ours: baresip, over real SIP and RTP, through the code of `waihu softphone`.
// Runs when baresip is installed; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { PhoneCall } from '../src/cli/softphone/phone-call.ts'
import type { MediaEngine } from '../src/media/engine.ts'
import { nowMs, SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { readWav, writeWav } from '../src/media/wav.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import type { IncomingCall } from '../src/sip/leg.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { speechFixture } from '../src/speech/asr/builtin/fixtures.ts'
import { Baresip, hasBaresip, type BaresipOptions } from './world/baresip.ts'
import { hear, speechSec } from './world/ear.ts'
import { PhoneDiary as Diary, withLeadIn } from './world/phone-diary.ts'

const address = '127.0.0.1'
/** What baresip says, every 4 s. */
const greeting = speechFixture('greeting')
const log = pino({ level: 'silent' })
const skip = !hasBaresip && process.env['REQUIRE_INTEROP'] !== '1' ? 'baresip is not installed' : false
const bare = (texts: readonly string[]) => texts.join('').replace(/[\p{P}\s]/gu, '')

describe('baresip', { skip, concurrency: false }, () => {
  let media: MediaEngine
  let folder: string
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-interop-'))
    // Its microphone must outlast the call: it hangs up at the end of the file.
    const microphone = new Int16Array(60 * SAMPLE_RATE_HZ)
    for (let sec = 0; sec < 60; sec += 4) microphone.set(greeting.pcm, sec * SAMPLE_RATE_HZ)
    await writeFile(path.join(folder, 'microphone.wav'), writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [microphone]))
    media = await createMediaEngine({ workers: 1, portMin: 20_000, portMax: 29_998, log })
  })
  after(async () => {
    await media[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function phones(stack: AsyncDisposableStack, answers: BaresipOptions['answers'], onCall?: (call: IncomingCall) => void) {
    const userAgent = stack.use(await SipUserAgent.open({ address, port: 0, onCall, log }))
    const baresip = stack.use(await Baresip.start({ microphone: path.join(folder, 'microphone.wav'), answers }))
    return { userAgent, baresip }
  }

  const dialled = ({ port }: Baresip, ringMsMax = 10_000) => ({ peer: { address, port }, uri: `sip:13800138000@${address}`, from: `sip:02160001000@${address}`, ringMsMax })

  test('answers; each hears what the other says; keys arrive both ways, also after a hold; it hangs up', { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { userAgent, baresip } = await phones(stack, 'auto')
    const here = new Diary()
    const recordingPath = path.join(folder, 'call.wav')
    const call = stack.use(await PhoneCall.dial(dialled(baresip), { userAgent, media, address, recordingPath, onEvent: here.note }))
    await here.next('answered')
    const answeredAtMs = nowMs()
    await here.next('sound')
    call.play(withLeadIn(speechFixture('tomorrow').pcm))
    await here.next('played')
    baresip.tell('sndcode 5')
    assert.deepEqual(await here.next('digit'), { type: 'digit', digit: '5', path: 'rtp' })

    here.forget()
    baresip.tell('hold')
    assert.equal((await here.next('stream')).remote.send, false)
    await here.next('dead-air')
    baresip.tell('resume')
    assert.equal((await here.next('stream')).remote.send, true)
    const resumedAtMs = nowMs()
    // baresip 1.0 itself plays and records nothing any more after a hold of its own, whoever is at the far end; but it still counts keys.
    call.sendKeys('7')
    assert.equal((await baresip.until('CALL_DTMF_START')).param, '7')
    call.play(speechFixture('robot').pcm)
    await here.next('played')
    baresip.tell('hangup')
    const end = await call.over
    assert.ok(end.type === 'ended' && end.by === 'remote', JSON.stringify(end))
    const stats = await call.close()
    assert.ok(stats.packetsReceived > 200 && stats.packetsLost <= 2, JSON.stringify(stats))

    const { heard } = await baresip.recordings()
    assert.match(bare(hear(heard.channels[0]!)), /明天下午三点/)
    const [far, us] = readWav(await readFile(recordingPath)).channels as [Int16Array, Int16Array]
    assert.match(bare(hear(far)), /请问是哪位/)
    const afterHold = far.subarray(((resumedAtMs - answeredAtMs) / 1_000) * SAMPLE_RATE_HZ)
    assert.ok(speechSec(afterHold) > 0.2, `after the hold it speaks ${speechSec(afterHold)} s`)
    assert.match(bare(hear(us)), /明天下午三点你是机器人吗/)
  })

  test('takes our BYE', { timeout: 15_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { userAgent, baresip } = await phones(stack, 'auto')
    const here = new Diary()
    const call = stack.use(await PhoneCall.dial(dialled(baresip), { userAgent, media, address, onEvent: here.note }))
    await here.next('sound')
    await call.hangUp()
    const end = await call.over
    assert.ok(end.type === 'ended' && end.by === 'local', JSON.stringify(end))
    await baresip.until('CALL_CLOSED')
  })

  test('rings without end: we cancel when the ring time is over, and it says 487', { timeout: 15_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const { userAgent, baresip } = await phones(stack, 'manual')
    const here = new Diary()
    const call = stack.use(await PhoneCall.dial(dialled(baresip, 1_500), { userAgent, media, address, onEvent: here.note }))
    assert.equal((await here.next('progress')).status, 180)
    const end = await call.over
    assert.ok(end.type === 'failed' && end.status === 487 && end.local === 'timeout', JSON.stringify(end))
    await baresip.until('CALL_CLOSED')
  })

  test('calls us, is answered, and hears us', { timeout: 15_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const here = new Diary()
    const answered = Promise.withResolvers<PhoneCall | undefined>()
    const { userAgent, baresip } = await phones(stack, 'auto', (incoming) => answered.resolve(PhoneCall.answer(incoming, { userAgent, media, address, onEvent: here.note })))
    baresip.tell(`dial sip:95588@${address}:${userAgent.port}`)
    const call = (await answered.promise)!
    stack.use(call)
    await here.next('sound')
    call.play(withLeadIn(speechFixture('tomorrow').pcm))
    await here.next('played')
    await call.hangUp()
    await baresip.until('CALL_CLOSED')
    const { heard } = await baresip.recordings()
    assert.match(bare(hear(heard.channels[0]!)), /明天下午三点/)
  })
})
