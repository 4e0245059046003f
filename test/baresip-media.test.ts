// Codecs, packet times and encryption with a phone that is not ours: baresip, over real SIP and RTP.
// Runs when baresip is installed; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { PhoneCall, type PhoneCallOptions } from '../src/cli/softphone/phone-call.ts'
import type { MediaEngine } from '../src/media/engine.ts'
import { SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { resample } from '../src/media/resample.ts'
import { readWav, writeWav } from '../src/media/wav.ts'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import type { IncomingCall } from '../src/sip/leg.ts'
import { SipUserAgent } from '../src/sip/user-agent.ts'
import { speechFixture } from '../src/speech/asr/builtin/fixtures.ts'
import { Baresip, hasBaresip, type BaresipOptions } from './world/baresip.ts'
import { hear } from './world/ear.ts'
import { PhoneDiary, withLeadIn } from './world/phone-diary.ts'

const address = '127.0.0.1'
const greeting = speechFixture('greeting')
const log = pino({ level: 'silent' })
const skip = !hasBaresip && process.env['REQUIRE_INTEROP'] !== '1' ? 'baresip is not installed' : false
const bare = (texts: readonly string[]) => texts.join('').replace(/[\p{P}\s]/gu, '')

type Offer = Pick<PhoneCallOptions, 'codecs' | 'srtp' | 'ptimeMs'>
type Agreed = { codec: string; ptimeMs: number; encrypted: boolean }

describe('baresip, media', { skip, concurrency: false }, () => {
  let media: MediaEngine
  let folder: string
  let microphone: string
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'waihu-interop-'))
    microphone = path.join(folder, 'microphone')
    const pcm = new Int16Array(60 * SAMPLE_RATE_HZ)
    for (let sec = 0; sec < 60; sec += 4) pcm.set(greeting.pcm, sec * SAMPLE_RATE_HZ)
    for (const rateHz of [8_000, 16_000]) await writeFile(`${microphone}-${rateHz}.wav`, writeWav({ encoding: 'pcm16', sampleRateHz: rateHz }, [resample(pcm, SAMPLE_RATE_HZ, rateHz)]))
    media = await createMediaEngine({ workers: 1, portMin: 20_000, portMax: 29_998, log })
  })
  after(async () => {
    await media[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** One call; both sides' words are recognised from what the other one heard, keys go both ways. */
  async function talk(offer: Offer, phone: Omit<BaresipOptions, 'microphone' | 'answers'>, agreed: Agreed, direction: 'out' | 'in' = 'out'): Promise<void> {
    await using stack = new AsyncDisposableStack()
    const here = new PhoneDiary()
    const recordingPath = path.join(folder, `call-${performance.now()}.wav`)
    const incoming = Promise.withResolvers<IncomingCall>()
    const userAgent = stack.use(await SipUserAgent.open({ address, port: 0, onCall: (call) => incoming.resolve(call), log }))
    const baresip = stack.use(await Baresip.start({ microphone: `${microphone}-${phone.codec === 'G722' ? 16_000 : 8_000}.wav`, answers: 'auto', ...phone }))
    const options: PhoneCallOptions = { userAgent, media, address, recordingPath, onEvent: here.note, ...offer }
    let call: PhoneCall
    if (direction === 'out') {
      call = await PhoneCall.dial({ peer: { address, port: baresip.port }, uri: `sip:13800138000@${address}`, from: `sip:02160001000@${address}`, ringMsMax: 10_000 }, options)
    } else {
      baresip.tell(`dial sip:95588@${address}:${userAgent.port}`)
      call = (await PhoneCall.answer(await incoming.promise, options))!
    }
    stack.use(call)
    const { remote } = await here.next('stream')
    assert.deepEqual({ codec: remote.codec, ptimeMs: remote.ptimeMs, encrypted: remote.srtp !== undefined }, agreed)
    await here.next('answered')
    await here.next('sound')
    call.play(withLeadIn(speechFixture('tomorrow').pcm))
    await here.next('played')
    call.sendKeys('7')
    assert.equal((await baresip.until('CALL_DTMF_START')).param, '7')
    baresip.tell('sndcode 5')
    assert.equal((await here.next('digit')).digit, '5')
    await call.hangUp()
    const stats = await call.close()
    assert.ok(stats.packetsReceived > 1_500 / agreed.ptimeMs && stats.packetsLost <= 2, JSON.stringify(stats))
    // It sends a packet before it has its keys, now and then.
    if (agreed.encrypted) assert.ok(stats.srtpRefused!.unauthentic <= 2 && stats.srtpRefused!.replayed === 0, JSON.stringify(stats.srtpRefused))
    else assert.equal(stats.srtpRefused, undefined)
    const { heard } = await baresip.recordings()
    assert.match(bare(hear(resample(heard.channels[0]!, heard.format.sampleRateHz, SAMPLE_RATE_HZ))), /明天下午三点/)
    assert.match(bare(hear(readWav(await readFile(recordingPath)).channels[0]!)), /请问是哪位/)
  }

  for (const ptimeMs of [10, 40, 60]) {
    test(`A-law in packets of ${ptimeMs} ms both ways`, { timeout: 30_000 }, () => talk({ ptimeMs }, { ptimeMs }, { codec: 'PCMA', ptimeMs, encrypted: false }))
  }

  test('G.722', { timeout: 30_000 }, () => talk({ codecs: ['G722', 'PCMA'] }, { codec: 'G722' }, { codec: 'G722', ptimeMs: 20, encrypted: false }))
  test('Opus', { timeout: 30_000 }, () => talk({ codecs: ['opus', 'PCMA'] }, { codec: 'opus' }, { codec: 'opus', ptimeMs: 20, encrypted: false }))
  test('Opus when it calls us', { timeout: 30_000 }, () => talk({ codecs: ['opus'] }, { codec: 'opus' }, { codec: 'opus', ptimeMs: 20, encrypted: false }, 'in'))
  test('SRTP that both want, offered as an option', { timeout: 30_000 }, () => talk({ srtp: 'optional' }, { encryption: 'srtp' }, { codec: 'PCMA', ptimeMs: 20, encrypted: true }))
  test('SRTP that both demand', { timeout: 30_000 }, () => talk({ srtp: 'required' }, { encryption: 'srtp-mand' }, { codec: 'PCMA', ptimeMs: 20, encrypted: true }))
  test('SRTP that it demands when it calls us', { timeout: 30_000 }, () => talk({ srtp: 'optional' }, { encryption: 'srtp-mand' }, { codec: 'PCMA', ptimeMs: 20, encrypted: true }, 'in'))
  test('SRTP that we offer and it does not know: the call is plain', { timeout: 30_000 }, () => talk({ srtp: 'optional' }, {}, { codec: 'PCMA', ptimeMs: 20, encrypted: false }))
  test('Opus encrypted', { timeout: 30_000 }, () => talk({ codecs: ['opus'], srtp: 'required' }, { codec: 'opus', encryption: 'srtp-mand' }, { codec: 'opus', ptimeMs: 20, encrypted: true }))
})
