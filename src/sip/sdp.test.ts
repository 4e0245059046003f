import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { seededDice } from './fake-network.ts'
import { parseSdp, type SdpDirection } from './sdp-parse.ts'
import { buildAnswer, buildOffer, nextLocalAudio, remoteAudioOf } from './sdp.ts'

const local = { address: '10.0.0.1', port: 6000, sessionId: 42, version: 1 }
const sdp = (...lines: string[]): string => `${['v=0', 'o=- 1 1 IN IP4 10.0.0.2', 's=-', 't=0 0', ...lines].join('\r\n')}\r\n`

void test('our offer names A-law, µ-law and telephone events, and reads back', () => {
  const offer = buildOffer(local)
  assert.equal(
    offer,
    'v=0\r\no=- 42 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n',
  )
  assert.deepEqual(remoteAudioOf(offer), { address: '10.0.0.1', port: 6000, codec: 'PCMA', payloadType: 8, eventPayloadType: 101, ptimeMs: 20, send: true })
  const next = nextLocalAudio(offer)!
  assert.deepEqual([next.address, next.port, next.sessionId, next.version, next.ptimeMs, next.srtp], ['10.0.0.1', 6000, 42, 2, 20, 'off'])
  assert.equal(buildOffer({ ...next, version: 1 }), offer)
  assert.match(buildOffer({ ...local, address: '2001:db8::1' }), /c=IN IP6 2001:db8::1/)
})

void test('an answer may remap payload types, name its own address and packet time', () => {
  const remote = remoteAudioOf(sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 18 97 96', 'c=IN IP4 10.0.0.3/127', 'a=rtpmap:97 pcmu/8000/1', 'a=rtpmap:96 telephone-event/8000', 'a=ptime:30'))
  assert.deepEqual(remote, { address: '10.0.0.3', port: 7000, codec: 'PCMU', payloadType: 97, eventPayloadType: 96, ptimeMs: 30, send: true })
})

void test('static payload types need no rtpmap, and a dynamic map on one is obeyed', () => {
  assert.equal(remoteAudioOf(sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 0 8'))?.codec, 'PCMU')
  assert.equal(remoteAudioOf(sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 8', 'a=rtpmap:8 iLBC/8000')), undefined)
})

void test('packet times are kept within what a port can send', () => {
  const ptime = (...lines: string[]) => remoteAudioOf(sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 8', ...lines))?.ptimeMs
  assert.deepEqual([ptime(), ptime('a=ptime:0'), ptime('a=ptime:200'), ptime('a=ptime:40', 'a=maxptime:20'), ptime('a=ptime:x')], [20, 10, 60, 20, 20])
})

void test('hold in all its forms stops our sending', () => {
  const send = (...lines: string[]) => remoteAudioOf(sdp(...lines))?.send
  const audio = 'm=audio 7000 RTP/AVP 8'
  assert.equal(send('c=IN IP4 10.0.0.2', audio, 'a=sendonly'), false)
  assert.equal(send('c=IN IP4 10.0.0.2', audio, 'a=inactive'), false)
  assert.equal(send('c=IN IP4 10.0.0.2', audio, 'a=recvonly'), true)
  assert.equal(send('c=IN IP4 10.0.0.2', 'a=sendonly', audio), false)
  assert.equal(send('c=IN IP4 10.0.0.2', 'a=sendonly', audio, 'a=sendrecv'), true)
  assert.equal(send('c=IN IP4 0.0.0.0', audio), false)
  assert.equal(send('c=IN IP4 10.0.0.2', 'm=audio 0 RTP/AVP 8'), undefined)
})

void test('an answer mirrors the direction of the offer', () => {
  const answered = (...lines: string[]): string => /a=(send\w+|recv\w+|inactive)/.exec(buildAnswer(sdp(...lines), local)!.sdp)![1]!
  const mirrored: Record<SdpDirection, SdpDirection> = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' }
  for (const [theirs, ours] of Object.entries(mirrored)) assert.equal(answered('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 8', `a=${theirs}`), ours)
  assert.equal(answered('c=IN IP4 0.0.0.0', 'm=audio 7000 RTP/AVP 8'), 'recvonly')
  const held = buildAnswer(sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 8'), { ...local, direction: 'recvonly' })!
  assert.match(held.sdp, /a=recvonly/)
  assert.equal(held.remote.send, false)
})

void test('an answer uses their numbers, the first common codec, and refuses every other stream', () => {
  const { sdp: text, remote } = buildAnswer(
    sdp('c=IN IP4 10.0.0.2', 'm=video 9000 RTP/AVP 99', 'm=audio 7000 RTP/AVP 9 0 8 96', 'a=rtpmap:96 telephone-event/8000', 'm=audio 7002 RTP/AVP 8', 'm=image 7004 udptl t38'),
    local,
  )!
  assert.deepEqual(text.match(/^m=.*$/gm)?.map((line) => line.trim()), ['m=video 0 RTP/AVP 99', 'm=audio 6000 RTP/AVP 0 96', 'm=audio 0 RTP/AVP 8', 'm=image 0 udptl t38'])
  assert.deepEqual(remote, { address: '10.0.0.2', port: 7000, codec: 'PCMU', payloadType: 0, eventPayloadType: 96, ptimeMs: 20, send: true })
})

void test('without a stream or codec in common there is no answer', () => {
  for (const lines of [['m=video 9000 RTP/AVP 99'], ['m=audio 7000 RTP/AVP 18'], ['m=audio 7000 RTP/SAVP 8'], []]) assert.equal(buildAnswer(sdp('c=IN IP4 10.0.0.2', ...lines), local), undefined)
})

void test('unreadable or oversized SDP is a ProtocolError', () => {
  for (const text of ['', 'hello', sdp('m=audio'), sdp('m=audio 99999 RTP/AVP 8', 'c=IN IP4 1.2.3.4'), sdp('m=audio 7000 RTP/AVP 8'), sdp('c=IN IP4', 'm=audio 7000 RTP/AVP 8'), sdp(...Array<string>(600).fill('a=x')), sdp('c=IN IP4 1.2.3.4', ...Array<string>(20).fill('m=audio 1 RTP/AVP 8'))]) {
    assert.throws(() => parseSdp(text), ProtocolError)
  }
})

void test('10,000 damaged descriptions give a description or a ProtocolError, never anything else', () => {
  const dice = seededDice(7)
  const whole = sdp('c=IN IP4 10.0.0.2', 'm=audio 7000 RTP/AVP 8 0 101', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', 'a=ptime:20', 'a=sendonly', 'm=video 0 RTP/AVP 31')
  for (let round = 0; round < 10_000; round += 1) {
    let text = whole
    for (let change = 0; change < 4; change += 1) {
      const at = Math.floor(dice() * text.length)
      text = text.slice(0, at) + (dice() < 0.5 ? String.fromCharCode(Math.floor(dice() * 256)) : '') + text.slice(at + Math.floor(dice() * 3))
    }
    try {
      buildAnswer(text, local)
      nextLocalAudio(text)
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
    }
  }
})
