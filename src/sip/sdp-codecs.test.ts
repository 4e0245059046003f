import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildAnswer, buildOffer, nextLocalAudio, remoteAudioOf } from './sdp.ts'

const local = { address: '10.0.0.1', port: 6000, sessionId: 42, version: 1 }
const sdp = (...lines: string[]): string => `${['v=0', 'o=- 1 1 IN IP4 10.0.0.2', 's=-', 'c=IN IP4 10.0.0.2', 't=0 0', ...lines].join('\r\n')}\r\n`

void test('an offer lists the codecs it is told to, in order, with key events on each of their clocks', () => {
  const offer = buildOffer({ ...local, codecs: ['opus', 'G722', 'PCMA'], ptimeMs: 40 })
  assert.deepEqual(offer.split('\r\n').slice(5, -1), [
    'm=audio 6000 RTP/AVP 111 9 8 101 110',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 maxplaybackrate=8000;sprop-maxcapturerate=8000;stereo=0;useinbandfec=1',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=rtpmap:110 telephone-event/48000',
    'a=fmtp:110 0-15',
    'a=ptime:40',
    'a=maxptime:60',
    'a=sendrecv',
  ])
  assert.match(buildOffer({ ...local, codecs: ['opus'] }), /m=audio 6000 RTP\/AVP 111 101 110\r\n/)
})

void test('of an answer the first codec that we offered counts, with the numbers of the answer', () => {
  const offer = buildOffer({ ...local, codecs: ['opus', 'G722', 'PCMU'] })
  const opus = sdp('m=audio 7000 RTP/AVP 96 8 97 98', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 maxaveragebitrate=12000; useinbandfec=1;usedtx=1', 'a=rtpmap:97 telephone-event/8000', 'a=rtpmap:98 telephone-event/48000')
  assert.deepEqual(remoteAudioOf(opus, offer), { address: '10.0.0.2', port: 7000, codec: 'opus', payloadType: 96, eventPayloadType: 98, eventClockRateHz: 48_000, ptimeMs: 20, send: true, opus: { inbandFec: true, bitrateMax: 12_000 } })
  assert.equal(remoteAudioOf(opus)?.codec, 'PCMA', 'without our side only the usual codecs are known')
  const g722 = remoteAudioOf(sdp('m=audio 7000 RTP/AVP 9 101', 'a=rtpmap:9 G722/16000', 'a=rtpmap:101 telephone-event/8000'), offer)
  assert.deepEqual([g722?.codec, g722?.payloadType, g722?.eventPayloadType, g722?.eventClockRateHz], ['G722', 9, 101, undefined])
  const alone = remoteAudioOf(sdp('m=audio 7000 RTP/AVP 96 101', 'a=rtpmap:96 OPUS/48000/2', 'a=rtpmap:101 telephone-event/8000'), offer)
  assert.deepEqual([alone?.codec, alone?.eventPayloadType, alone?.eventClockRateHz, alone?.opus], ['opus', 101, undefined, { inbandFec: false }])
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/AVP 96', 'a=rtpmap:96 opus/8000'), offer), undefined, 'on another clock it is no Opus')
})

void test('packet times are those that the codec has', () => {
  const offer = buildOffer({ ...local, codecs: ['opus', 'PCMA'] })
  const ptime = (format: string, ...lines: string[]) => remoteAudioOf(sdp(`m=audio 7000 RTP/AVP ${format}`, 'a=rtpmap:96 opus/48000/2', ...lines), offer)?.ptimeMs
  assert.deepEqual(['10', '20', '30', '40', '50', '60', '120'].map((ms) => ptime('96', `a=ptime:${ms}`)), [10, 20, 20, 40, 40, 60, 60])
  assert.deepEqual(['10', '30', '50', '80'].map((ms) => ptime('8', `a=ptime:${ms}`)), [10, 30, 50, 60])
  assert.equal(ptime('96', 'a=ptime:60', 'a=maxptime:30'), 20)
})

void test('an answer takes the first codec of theirs that we were told to speak', () => {
  const offer = sdp('m=audio 7000 RTP/AVP 96 9 0 8 97', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/48000')
  const m = (codecs?: ('opus' | 'G722' | 'PCMA')[]) => /m=.*/.exec(buildAnswer(offer, { ...local, codecs })!.sdp)![0]
  assert.equal(m(['opus', 'PCMA']), 'm=audio 6000 RTP/AVP 96 97')
  assert.equal(m(['PCMA', 'G722']), 'm=audio 6000 RTP/AVP 9')
  assert.equal(m(), 'm=audio 6000 RTP/AVP 0')
  const answer = buildAnswer(offer, { ...local, codecs: ['opus'] })!
  assert.match(answer.sdp, /a=rtpmap:96 opus\/48000\/2\r\na=fmtp:96 .*useinbandfec=1\r\n/)
  assert.equal(answer.remote.codec, 'opus')
  assert.equal(buildAnswer(sdp('m=audio 7000 RTP/AVP 8 8'), local)!.sdp.match(/m=.*/)![0], 'm=audio 6000 RTP/AVP 8')
})

void test('later descriptions of a dialog keep the numbers that were agreed', () => {
  const offer = sdp('m=audio 7000 RTP/AVP 120 121', 'a=rtpmap:120 opus/48000/2', 'a=rtpmap:121 telephone-event/48000')
  const answer = buildAnswer(offer, { ...local, codecs: ['opus', 'PCMA'] })!
  const hold = buildOffer({ ...nextLocalAudio(answer.sdp)!, direction: 'sendonly' })
  assert.match(hold, /o=- 42 2 .*m=audio 6000 RTP\/AVP 120 121\r\na=rtpmap:120 opus\/48000\/2\r\n.*a=sendonly/s)
  // They move to the usual codec in the middle of the call.
  const moved = buildAnswer(sdp('m=audio 7000 RTP/AVP 8'), nextLocalAudio(answer.sdp)!)!
  assert.equal(moved.remote.codec, 'PCMA')
  // What we answered is what both sides use, whatever else the offer listed first.
  const plain = buildAnswer(sdp('m=audio 7000 RTP/AVP 9 8'), local)!
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/AVP 9 8'), plain.sdp)?.codec, 'PCMA')
})

void test('control packets go where the far end says', () => {
  const answer = buildAnswer(sdp('m=audio 7000 RTP/AVPF 8', 'a=rtcp:7009 IN IP4 10.0.0.2', 'a=rtcp-mux'), local)!
  assert.deepEqual([answer.remote.rtcpPort, answer.remote.rtcpMux], [7_009, true])
  assert.match(answer.sdp, /m=audio 6000 RTP\/AVPF 8\r\n.*a=rtcp-mux\r\n/s)
  assert.match(buildOffer(nextLocalAudio(answer.sdp)!), /a=rtcp-mux/)
  for (const line of ['a=rtcp:0', 'a=rtcp:70000', 'a=rtcp:x']) assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/AVP 8', line))?.rtcpPort, undefined)
})
