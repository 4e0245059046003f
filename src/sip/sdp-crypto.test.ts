import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCrypto } from './sdp-crypto.ts'
import { buildAnswer, buildOffer, nextLocalAudio, remoteAudioOf, type SrtpPolicy } from './sdp.ts'

const local = { address: '10.0.0.1', port: 6000, sessionId: 42, version: 1 }
const far = { address: '10.0.0.2', port: 7000, sessionId: 7, version: 1 }
const KEY = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj'
const sdp = (...lines: string[]): string => `${['v=0', 'o=- 1 1 IN IP4 10.0.0.2', 's=-', 'c=IN IP4 10.0.0.2', 't=0 0', ...lines].join('\r\n')}\r\n`

void test('a key line is read as RFC 4568 §9.1 shows it; what we cannot do is skipped', () => {
  const strong = { tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', key: KEY }
  for (const rest of ['', '|2^20', '|1048576', ' WSH=64', '|2^31 WSH=1024 KDR=0', ' -UNKNOWN=1']) assert.deepEqual(parseCrypto(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}${rest}`), strong, rest)
  assert.equal(parseCrypto(`a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`)?.suite, 'AES_CM_128_HMAC_SHA1_32')
  for (const line of [
    `a=crypto:1 F8_128_HMAC_SHA1_80 inline:${KEY}`,
    `a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:${KEY}`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY};inline:${KEY}`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNENCRYPTED_SRTP`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} UNAUTHENTICATED_SRTP`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} KDR=24`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY.slice(1)}`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}AA==`,
    `a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80',
    'a=crypto:',
  ]) assert.equal(parseCrypto(line), undefined, line)
})

void test('two of us agree exactly when their policies allow it, and then have each other’s keys', () => {
  const policies: SrtpPolicy[] = ['off', 'optional', 'required']
  const outcome = (ours: SrtpPolicy, theirs: SrtpPolicy) => {
    const offer = buildOffer({ ...local, srtp: ours })
    assert.match(offer, ours === 'required' ? /RTP\/SAVP / : /RTP\/AVP /)
    assert.equal(offer.includes('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:'), ours !== 'off')
    const answer = buildAnswer(offer, { ...far, srtp: theirs })
    if (!answer) return 'refused'
    const there = answer.remote
    const here = remoteAudioOf(answer.sdp, offer)
    if (!here) return 'hung up'
    assert.equal(/RTP\/\w+/.exec(answer.sdp)![0], /RTP\/\w+/.exec(offer)![0], 'an answer names the transport of its offer')
    assert.deepEqual([here.srtp?.sendKey, here.srtp?.receiveKey, here.srtp?.suite], [there.srtp?.receiveKey, there.srtp?.sendKey, there.srtp?.suite])
    if (here.srtp) assert.notEqual(here.srtp.sendKey, here.srtp.receiveKey)
    return here.srtp ? 'encrypted' : 'plain'
  }
  assert.deepEqual(policies.map((ours) => policies.map((theirs) => outcome(ours, theirs))), [
    ['plain', 'plain', 'refused'],
    ['plain', 'encrypted', 'encrypted'],
    ['refused', 'encrypted', 'encrypted'],
  ])
})

void test('what we required encrypted is not accepted plain', () => {
  const offer = buildOffer({ ...local, srtp: 'required' })
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/AVP 8'), offer), undefined)
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/SAVP 8'), offer), undefined)
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`), offer), undefined, 'a tag that we did not offer')
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`), offer), undefined, 'nor another suite under it')
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`), offer)?.srtp?.suite, 'AES_CM_128_HMAC_SHA1_32')
  assert.equal(remoteAudioOf(sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`)), undefined, 'without our side nobody knows our key')
})

void test('a far end that only echoes our lines does not encrypt', () => {
  const offer = buildOffer({ ...local, srtp: 'optional' })
  const echo = offer.replaceAll('10.0.0.1', '10.0.0.2')
  assert.equal(remoteAudioOf(echo, offer)?.srtp, undefined)
  assert.equal(remoteAudioOf(echo, offer)?.codec, 'PCMA')
  const demanded = buildOffer({ ...local, srtp: 'required' })
  assert.equal(remoteAudioOf(demanded.replaceAll('10.0.0.1', '10.0.0.2'), demanded), undefined)
})

void test('an answer takes the first line that we can do, under its tag', () => {
  const offer = sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:3 F8_128_HMAC_SHA1_80 inline:${KEY}`, `a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:${KEY}`, `a=crypto:6 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`)
  const answer = buildAnswer(offer, { ...local, srtp: 'optional' })!
  assert.deepEqual(answer.sdp.match(/a=crypto:\d+ \S+/g), ['a=crypto:5 AES_CM_128_HMAC_SHA1_32'])
  assert.equal(answer.remote.srtp?.receiveKey, KEY)
})

void test('of an encrypted and a plain stream for the same call the one that suits is taken', () => {
  const offer = sdp('m=audio 7000 RTP/SAVP 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`, 'm=audio 7002 RTP/AVP 8')
  const taken = (srtp: SrtpPolicy) => buildAnswer(offer, { ...local, srtp })!.sdp.match(/m=.*/g)
  assert.deepEqual(taken('off'), ['m=audio 0 RTP/SAVP 8', 'm=audio 6000 RTP/AVP 8'])
  assert.deepEqual(taken('required'), ['m=audio 6000 RTP/SAVP 8', 'm=audio 0 RTP/AVP 8'])
  assert.equal(nextLocalAudio(buildAnswer(offer, { ...local, srtp: 'off' })!.sdp)?.port, 6000)
})

void test('hold, resume and offers of the far end keep our key and the codec', () => {
  for (const srtp of ['optional', 'required'] as const) {
    const offer = buildOffer({ ...local, srtp, codecs: ['opus', 'PCMA'] })
    const answer = buildAnswer(offer, { ...far, srtp: 'optional', codecs: ['opus'] })!
    const before = remoteAudioOf(answer.sdp, offer)!
    const hold = buildOffer({ ...nextLocalAudio(offer)!, direction: 'sendonly' })
    const held = buildAnswer(hold, nextLocalAudio(answer.sdp)!)!
    assert.match(held.sdp, /a=recvonly/)
    assert.deepEqual(remoteAudioOf(held.sdp, hold), { ...before, send: true })
    const theirs = buildOffer(nextLocalAudio(held.sdp)!)
    const ours = buildAnswer(theirs, nextLocalAudio(hold)!)!
    assert.deepEqual(ours.remote, before)
    assert.deepEqual(remoteAudioOf(theirs, ours.sdp), before)
  }
})
