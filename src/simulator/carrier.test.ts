// Checks what the simulated carrier does with a call, by its number and by what the caller does. SIP, media and time are played.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverloadedError } from '../errors.ts'
import { log } from '../log.ts'
import { FakeAsr, FakeMedia, FakeTime, FakeTts } from '../speech/testing.ts'
import { Carrier, type CarrierDeps } from './carrier.ts'
import { FakeIncomingCall } from './testing.ts'

log.level = 'silent'

function stage(more: Partial<Pick<CarrierDeps, 'genericCodes' | 'cast'>> = {}) {
  const time = new FakeTime()
  const media = new FakeMedia(time)
  const asr = new FakeAsr(time.now)
  const tts = new FakeTts()
  const said: string[] = []
  const carrier = new Carrier({ address: '127.0.0.1', media, asr, tts, announcerVoice: 'f1', genericCodes: false, onSaid: (_call, text) => said.push(text), now: time.now, ...more })
  const call = (number: string, sdp?: string) => {
    const call = sdp === undefined ? new FakeIncomingCall(number) : new FakeIncomingCall(number, sdp)
    carrier.take(call.call)
    return call
  }
  return { time, media, asr, tts, said, call, closed: () => media.ports.every(({ closes }) => closes > 0), [Symbol.dispose]: () => time[Symbol.dispose]() }
}

test('a busy number refuses at once, with its cause', async () => {
  using s = stage()
  const call = s.call('13800138001')
  await s.time.advance(40)
  assert.deepEqual(call.done, ['486'])
  assert.deepEqual(call.headers, [[['Reason', 'Q.850;cause=17']]])
  assert.equal(s.media.ports.length, 0)
})

test('a number that declines rings first', async () => {
  using s = stage()
  const call = s.call('13800138006')
  await s.time.advance(2_000)
  assert.deepEqual(call.done, ['180'])
  await s.time.advance(1_000)
  assert.deepEqual(call.done, ['180', '603'])
})

test('a caller who gives up while it rings is not refused afterwards', async () => {
  using s = stage()
  const call = s.call('13800138006')
  await s.time.advance(500)
  call.end({ type: 'failed', status: 487, reason: 'Request Terminated', local: undefined })
  await s.time.advance(5_000)
  assert.deepEqual(call.done, ['180'])
})

test('a number that nobody answers rings for ever', async () => {
  using s = stage()
  const call = s.call('13800138002')
  await s.time.advance(120_000)
  assert.deepEqual(call.done, ['180'])
})

test('an announcement is heard twice as early media; then comes the code', async () => {
  using s = stage()
  const call = s.call('13800138003')
  await s.time.advance(15_000)
  assert.deepEqual(call.done, ['183 with media', '480'])
  assert.deepEqual(call.headers, [[['Reason', 'Q.850;cause=20']]])
  const heardMs = s.media.ports[0]!.heard.filter(({ us }) => us).length * 20
  assert.ok(heardMs > 3_000, `${heardMs} ms are heard`)
  assert.ok(s.closed())
})

test('networks that say only 480 say only 480', async () => {
  using s = stage({ genericCodes: true })
  const call = s.call('13800138004')
  await s.time.advance(15_000)
  assert.deepEqual([call.done, call.headers], [['183 with media', '480'], [undefined]])
})

test('an announcement that the caller cuts ends there: nothing more is spoken, and the port is closed', async () => {
  using s = stage()
  const call = s.call('13800138003')
  await s.time.advance(1_000)
  const { length } = s.tts.asked
  call.end({ type: 'failed', status: 487, reason: 'Request Terminated', local: undefined })
  await s.time.advance(10_000)
  assert.deepEqual(call.done, ['183 with media'])
  assert.equal(s.tts.asked.length, length)
  assert.ok(s.closed())
})

test('an announcement that cannot be synthesised still ends with the code', async () => {
  using s = stage()
  s.tts.manner = () => 'fails'
  const call = s.call('13800138003')
  await s.time.advance(5_000)
  assert.deepEqual(call.done, ['183 with media', '480'])
  assert.ok(s.closed())
})

test('a callee rings, answers, greets, and hangs up when the script says so', async () => {
  using s = stage()
  const call = s.call('13800138000')
  await s.time.advance(1_000)
  assert.deepEqual(call.done, ['180'])
  await s.time.advance(2_500)
  assert.deepEqual(call.done, ['180', '200'])
  assert.deepEqual(s.said, ['喂，你好'])
  s.asr.texts.push('好的再见')
  s.media.ports[0]!.speak(800)
  await s.time.advance(4_000)
  assert.deepEqual(call.done, ['180', '200', 'BYE'])
  assert.ok(s.closed())
})

for (const number of ['+8613800138000', '8613800138000', 'tel:+8613800138000', 'sip:13800138000@127.0.0.1:5060;user=phone']) {
  test(`${number} is the same callee`, async () => {
    using s = stage()
    s.call(number)
    await s.time.advance(3_500)
    assert.deepEqual(s.said, ['喂，你好'])
  })
}

test('a caller who gives up while the callee rings is never answered', async () => {
  using s = stage()
  const call = s.call('13800138000')
  await s.time.advance(500)
  call.end({ type: 'failed', status: 487, reason: 'Request Terminated', local: undefined })
  await s.time.advance(5_000)
  assert.deepEqual(call.done, ['180'])
  assert.equal(s.media.ports.length, 0)
})

test('a caller who gives up while the port is being opened leaves no port', async () => {
  using s = stage()
  s.media.openMs = 200
  const call = s.call('13800138000')
  await s.time.advance(1_300)
  call.end({ type: 'failed', status: 487, reason: 'Request Terminated', local: undefined })
  await s.time.advance(1_000)
  assert.deepEqual(call.done, ['180'])
  assert.equal(s.media.ports.length, 1)
  assert.ok(s.closed())
})

test('an answer that is never acknowledged is not spoken into', async () => {
  using s = stage()
  const call = new FakeIncomingCall('13800138000')
  call.acknowledges = false
  new Carrier({ address: '127.0.0.1', media: s.media, asr: s.asr, tts: s.tts, announcerVoice: 'f1', genericCodes: false, now: s.time.now }).take(call.call)
  await s.time.advance(5_000)
  assert.deepEqual(s.tts.asked, [])
  call.end({ type: 'ended', by: 'local' })
  await s.time.advance(100)
  assert.ok(s.closed())
})

test('a caller who hangs up in the greeting leaves nothing running', async () => {
  using s = stage()
  const call = s.call('13800138000')
  await s.time.advance(1_800)
  call.end()
  const { length } = s.tts.asked
  await s.time.advance(5_000)
  assert.equal(s.tts.asked.length, length)
  assert.deepEqual(call.done, ['180', '200'])
  assert.ok(s.closed())
})

test('a call that nobody ends is ended by the carrier after a quarter of an hour', async () => {
  using s = stage()
  const call = s.call('13800138014')
  await s.time.advance(15 * 60_000 + 2_000)
  assert.deepEqual(call.done, ['180', '200', 'BYE'])
  assert.ok(s.closed())
})

test('a congested number refuses the first attempt and answers the next within a minute', async () => {
  using s = stage()
  assert.deepEqual(s.call('13800138016').headers, [])
  const first = s.call('13800138016')
  await s.time.advance(40)
  assert.equal(first.done[0], '180', 'the second attempt rings')
  await s.time.advance(3_000)
  const third = s.call('13800138016')
  await s.time.advance(40)
  assert.deepEqual(third.done, ['503'])
  await s.time.advance(61_000)
  const late = s.call('13800138016')
  await s.time.advance(40)
  assert.deepEqual(late.done, ['503'], 'a minute later it is a first attempt again')
})

for (const [what, sdp, status] of [
  ['no codec of ours', 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 7000 RTP/AVP 18\r\n', '488'],
  ['nonsense', 'hello', '500'],
] as const) {
  test(`an offer with ${what} is refused, and its port closed`, async () => {
    using s = stage()
    const call = s.call('13800138000', sdp)
    await s.time.advance(2_000)
    assert.deepEqual(call.done, ['180', status])
    assert.equal(s.media.ports.length, 1)
    assert.ok(s.closed())
  })
}

test('a carrier without a free port refuses, and goes on', async () => {
  using s = stage()
  s.media.openFails = new OverloadedError('all ports are in use', 1_000)
  const refused = s.call('13800138000')
  await s.time.advance(2_000)
  assert.deepEqual(refused.done, ['180', '500'])
  s.media.openFails = undefined
  const taken = s.call('13800138000')
  await s.time.advance(2_000)
  assert.deepEqual(taken.done, ['180', '200'])
})

test('a number with a callee of its own is played by that callee, every other by the table', async () => {
  const asked: string[] = []
  using s = stage({ cast: (digits) => (asked.push(digits), digits === '13900000001' ? { voice: 'm1', greeting: '是我自己的角色', backchannels: undefined, over: () => [], replyTo: () => ({ hangsUp: false }) } : undefined) })
  const own = s.call('13900000001')
  await s.time.advance(400)
  assert.deepEqual(own.done.slice(0, 2), ['180', '200'])
  const busy = s.call('13800138001')
  await s.time.advance(40)
  assert.deepEqual(busy.done, ['486'])
  assert.deepEqual(asked, ['13900000001', '13800138001'])
})
