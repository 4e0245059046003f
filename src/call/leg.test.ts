// Checks how a SIP dialog and a media port become one leg. Both sides are played; SDP is real.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { buildAnswer } from '../sip/sdp.ts'
import { FakePort, FakeTime } from '../speech/testing.ts'
import { Leg, type LegEnd } from './leg.ts'
import { FakeUserAgent, fakeTrunk, theirSdp } from './testing.ts'

log.level = 'silent'

function stage() {
  const time = new FakeTime()
  const agent = new FakeUserAgent()
  const port = new FakePort(time)
  const ringing: [number, boolean][] = []
  const digits: string[] = []
  const leg = new Leg(fakeTrunk(agent), port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 45_000, onRinging: (status, early) => ringing.push([status, early]), onDigit: (digit) => digits.push(digit) })
  leg.dial([{ address: '127.0.0.1', port: 5_060 }])
  let answered: { status: number } | undefined
  let ended: LegEnd | undefined
  void leg.answered.then((answer) => (answered = answer))
  void leg.ended.then((end) => (ended = end))
  return { time, agent, port, ringing, digits, leg, invite: agent.invites[0]!, answered: () => answered, ended: () => ended, [Symbol.dispose]: () => time[Symbol.dispose]() }
}

const sdpAt = (connection: string, direction = 'sendrecv') =>
  ['v=0', 'o=- 1 2 IN IP4 10.0.0.9', 's=-', `c=${connection}`, 't=0 0', 'm=audio 7100 RTP/AVP 8 101', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', `a=${direction}`, ''].join('\r\n')

test('dials the number at the trunk, in its name, with our port in the offer', () => {
  using s = stage()
  const { requestUri, from, to, contactUser, headers, target, ringMsMax, sdp, reliableProvisionals, sessionSeconds } = s.invite.options
  assert.deepEqual({ requestUri, from, to, contactUser, headers, target, ringMsMax, reliableProvisionals, sessionSeconds }, {
    requestUri: 'sip:13800138000@carrier.example',
    from: '<sip:02160001000@carrier.example>',
    to: '<sip:13800138000@carrier.example>',
    contactUser: '02160001000',
    headers: [['X-Trunk', 'trunk']],
    target: { address: '127.0.0.1', port: 5_060 },
    ringMsMax: 45_000,
    reliableProvisionals: true,
    sessionSeconds: 1_800,
  })
  assert.match(sdp, /^m=audio 6000 RTP\/AVP 8 0 101/m)
})

test('offers the codecs of the trunk, and encryption when it asks for it; keys and codecs reach the port', () => {
  const agent = new FakeUserAgent()
  const time = new FakeTime()
  const port = new FakePort(time)
  const leg = new Leg({ ...fakeTrunk(agent), codecs: ['opus', 'PCMA'], srtp: 'required' }, port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 45_000, onRinging: () => {}, onDigit: () => {} })
  leg.dial([{ address: '127.0.0.1', port: 5_060 }])
  const [invite] = agent.invites
  assert.match(invite!.options.sdp, /m=audio 6000 RTP\/SAVP 111 8 101 110/)
  invite!.ring(183, theirSdp)
  assert.equal(port.connections.length, 0, 'an unencrypted answer is not followed')
  const { sdp, remote } = buildAnswer(invite!.options.sdp, { address: '127.0.0.1', port: 7_000, sessionId: 1, version: 1, codecs: ['opus'], srtp: 'optional' })!
  invite!.answer(sdp)
  const [connected] = port.connections
  assert.equal(connected?.codec, 'opus')
  assert.deepEqual([connected?.srtp?.sendKey, connected?.srtp?.receiveKey], [remote.srtp?.receiveKey, remote.srtp?.sendKey])
  time[Symbol.dispose]()
})

test('keys go as events where those were agreed, by INFO where not, and as tones from the first INFO refused', async () => {
  using s = stage()
  assert.throws(() => s.leg.sendDigits('1'), InvalidInputError, 'not before there is audio')
  const withoutEvents = sdpAt('IN IP4 10.0.0.1').replace('8 101', '8')
  s.invite.answer(withoutEvents)
  assert.throws(() => s.leg.sendDigits('12x'), InvalidInputError)
  s.leg.sendDigits('12')
  s.leg.sendDigits('3')
  await settle()
  assert.deepEqual([s.invite.infoKeys.join(''), s.port.sentDigits], ['123', []])
  s.invite.infoStatus = 415
  s.leg.sendDigits('45')
  s.leg.sendDigits('6')
  await settle()
  assert.deepEqual([s.invite.infoKeys.join(''), s.port.sentDigits], ['123', ['45', '6']])
  s.invite.options.onEvent({ type: 'remote-offer', sdp: sdpAt('IN IP4 10.0.0.1') })
  s.leg.sendDigits('7')
  assert.deepEqual(s.port.sentDigits, ['45', '6', '7'])
})

test('a number that the trunk refuses to dial is not dialled', () => {
  const time = new FakeTime()
  const agent = new FakeUserAgent()
  const trunk = { ...fakeTrunk(agent), invitation: () => { throw new RefusedError('never-dial', 'no') } }
  const leg = new Leg(trunk, new FakePort(time), { phone: '+86110', callerId: '02160001000', ringMsMax: 45_000, onRinging: () => {}, onDigit: () => {} })
  assert.throws(() => leg.dial([{ address: '127.0.0.1', port: 5_060 }]), RefusedError)
  assert.equal(agent.invites.length, 0)
  time[Symbol.dispose]()
})

test('early media is heard before the answer, and the answer may move the stream', async () => {
  using s = stage()
  s.invite.ring(183, sdpAt('IN IP4 10.0.0.1'))
  s.invite.answer(sdpAt('IN IP4 10.0.0.2'))
  await settle()
  assert.deepEqual(s.port.connections.map(({ address, send }) => ({ address, send })), [
    { address: '10.0.0.1', send: true },
    { address: '10.0.0.2', send: true },
  ])
  assert.deepEqual(s.ringing, [[183, true]])
  assert.deepEqual(s.answered(), { type: 'answered', status: 200 })
})

test('100 is no ringing', () => {
  using s = stage()
  s.invite.ring(100)
  s.invite.ring(180)
  assert.deepEqual(s.ringing, [[180, false]])
})

test('hold the old way, by a null address, keeps the address and stops sending; resuming goes on', async () => {
  using s = stage()
  s.invite.answer(sdpAt('IN IP4 10.0.0.1'))
  s.invite.options.onEvent({ type: 'remote-offer', sdp: sdpAt('IN IP4 0.0.0.0') })
  s.invite.options.onEvent({ type: 'remote-offer', sdp: sdpAt('IN IP4 10.0.0.1') })
  await settle()
  assert.deepEqual(s.port.connections.map(({ address, port, send }) => ({ address, port, send })), [
    { address: '10.0.0.1', port: 7_100, send: true },
    { address: '10.0.0.1', port: 7_100, send: false },
    { address: '10.0.0.1', port: 7_100, send: true },
  ])
})

test('hold by direction stops sending as well', () => {
  using s = stage()
  s.invite.answer(sdpAt('IN IP4 10.0.0.1'))
  s.invite.options.onEvent({ type: 'remote-offer', sdp: sdpAt('IN IP4 10.0.0.1', 'sendonly') })
  assert.equal(s.port.connections.at(-1)!.send, false)
})

for (const [what, sdp, words] of [
  ['a host name for an address', sdpAt('IN IP4 media.example.com'), /far end must be an IP address/],
  ['no SDP', 'none', /no SDP/],
  ['SDP that is none', 'hello', /does not begin with v=/],
  ['a refused stream', theirSdp.replace(/m=audio \d+/, 'm=audio 0'), /no audio stream/],
  ['codecs that we do not speak', sdpAt('IN IP4 10.0.0.1').replace('RTP/AVP 8 101', 'RTP/AVP 18'), /no audio stream/],
  ['a null address from the start', sdpAt('IN IP4 0.0.0.0'), /no audio stream/],
] as const) {
  test(`an answer with ${what} ends with that reason, and the dialog is hung up by whoever sees it`, async () => {
    using s = stage()
    if (what.includes('host name')) s.port.connectFails = new InvalidInputError('address', 'the far end must be an IP address')
    s.invite.answer(sdp)
    await settle()
    const end = s.ended()
    assert.equal(s.answered(), undefined)
    assert.equal(end?.type, 'no-audio')
    assert.match(end.type === 'no-audio' ? end.detail : '', words)
    await s.leg.hangUp(1_000)
    assert.equal(s.invite.hangUps, 1)
  })
}

test('an unusable SDP before the answer is forgiven when the answer is usable', async () => {
  using s = stage()
  s.invite.ring(183, 'hello')
  s.invite.answer(theirSdp)
  await settle()
  assert.ok(s.answered())
})

test('a change that we cannot follow leaves the stream as it was, and the call goes on', async () => {
  using s = stage()
  s.invite.answer(theirSdp)
  s.port.connectFails = new InvalidInputError('address', 'the far end must be an IP address')
  s.invite.options.onEvent({ type: 'remote-offer', sdp: sdpAt('IN IP4 media.example.com') })
  await settle()
  assert.equal(s.port.connections.length, 1)
  assert.equal(s.ended(), undefined)
})

test('keys over SIP INFO are told', () => {
  using s = stage()
  s.invite.options.onEvent({ type: 'info-digit', digit: '5' })
  assert.deepEqual(s.digits, ['5'])
})

test('each end carries its evidence', async () => {
  using refused = stage()
  refused.invite.fail(486, { q850: 17, retryAfterMs: 5_000 })
  await settle()
  assert.deepEqual(refused.ended(), { type: 'failed', status: 486, reason: 'reason 486', q850: 17, retryAfterMs: 5_000, local: undefined })
  refused[Symbol.dispose]()
  using ended = stage()
  ended.invite.answer()
  ended.invite.bye({ reason: 'normal' })
  await settle()
  assert.deepEqual(ended.ended(), { type: 'ended', by: 'remote', q850: 16, reason: 'normal' })
})

test('hanging up waits for the far end, but not longer than told; a leg that is over is not hung up', async () => {
  using s = stage()
  await s.leg.hangUp(1_000)
  assert.equal(s.invite.hangUps, 1)
  await s.leg.hangUp(1_000)
  assert.equal(s.invite.hangUps, 1)
  s[Symbol.dispose]()
  using deaf = stage()
  deaf.agent.deaf = true
  const leg = new Leg(fakeTrunk(deaf.agent), deaf.port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 1_000, onRinging: () => {}, onDigit: () => {} })
  await leg.hangUp(1_000)
  assert.equal(deaf.agent.invites.length, 1, 'a leg that was never dialled has nothing to hang up')
  leg.dial([{ address: '127.0.0.1', port: 5_060 }])
  let done = false
  void leg.hangUp(1_000).then(() => (done = true))
  await deaf.time.advance(980)
  assert.equal(done, false)
  await deaf.time.advance(40)
  assert.equal(done, true)
})
