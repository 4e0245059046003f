// Calls that we place, against a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { InvalidInputError, OverloadedError } from '../errors.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { LegEvent, OutgoingCall } from './leg.ts'
import type { ReceivedRequest } from './message.ts'
import type { InviteOptions } from './invitation.ts'
import { buildOffer } from './sdp.ts'
import { SipUserAgent, type UserAgentLimits } from './user-agent.ts'

const log = pino({ level: 'silent' })
const here = { address: '10.0.0.1', port: 5060 }
const there = { address: '10.0.0.2', port: 5060 }
const theirSdp = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 1 })
const otherSdp = buildOffer({ address: '10.0.0.3', port: 7002, sessionId: 8, version: 1 })

type Stage = {
  network: FakeNetwork
  agent: SipUserAgent
  peer: FakePeer
  events: LegEvent[]
  types: () => string[]
  call: OutgoingCall
  invite: () => ReceivedRequest
  wait: (ms: number) => Promise<void>
}

async function dial(options: Partial<InviteOptions> = {}, limits: Partial<UserAgentLimits> = {}): Promise<Stage> {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const agent = await SipUserAgent.open({ ...here, log, limits, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const events: LegEvent[] = []
  const call = agent.invite({
    target: there,
    requestUri: 'sip:13800138000@carrier.example',
    from: '"外呼" <sip:02160001000@carrier.example>',
    to: 'sip:13800138000@carrier.example',
    sdp: buildOffer({ address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 }),
    ringMsMax: 45_000,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return {
    network,
    agent,
    peer,
    events,
    call,
    types: () => events.map(({ type }) => type),
    invite: () => peer.got('INVITE').at(-1)!,
    wait: (ms) => network.clock.advance(ms),
  }
}

/** A stage whose call was answered with SDP. */
async function dialAndAnswer(options: Partial<InviteOptions> = {}): Promise<Stage> {
  const stage = await dial(options)
  await stage.wait(5)
  stage.peer.reply(stage.invite(), 200, { sdp: theirSdp })
  await stage.wait(5)
  assert.equal(stage.events.at(-1)?.type, 'answered')
  return stage
}

void test('the INVITE carries what a carrier needs, with canonical header names', async () => {
  const { invite, wait, network } = await dial({ headers: [['P-Asserted-Identity', '<tel:+862160001000>']] })
  await wait(5)
  const { headers } = invite()
  assert.equal(headers.get('From')?.startsWith(`"${Buffer.from('外呼').toString('latin1')}" <sip:02160001000@carrier.example>;tag=`), true)
  assert.equal(headers.get('To'), '<sip:13800138000@carrier.example>')
  assert.equal(headers.get('Contact'), '<sip:02160001000@10.0.0.1:5060>')
  assert.equal(headers.get('P-Asserted-Identity'), '<tel:+862160001000>')
  assert.equal(headers.get('Supported'), '100rel')
  for (const name of ['\r\nCall-ID: ', '\r\nCSeq: 1 INVITE', '\r\nMax-Forwards: 70', '\r\nContent-Type: application/sdp', ';rport\r\n']) {
    assert.ok(network.sent[0]!.text.includes(name), name)
  }
})

void test('a lost INVITE is sent again after 0.5, 1, 2 … s and given up after 32 s', async () => {
  const { peer, wait, events, agent } = await dial()
  await wait(31_990)
  assert.deepEqual(events, [])
  assert.equal(peer.got('INVITE').length, 7)
  await wait(20)
  assert.deepEqual(events, [{ type: 'failed', status: 408, reason: 'No response', local: 'timeout' }])
  assert.equal(agent.stats.calls, 0)
})

void test('nothing is sent again once the far end said 100', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 100)
  await wait(20_000)
  assert.equal(peer.got('INVITE').length, 1)
  assert.deepEqual(events, [{ type: 'progress', status: 100, reason: 'Trying', sdp: undefined, early: false }])
})

void test('an answer is acknowledged once for every time it comes', async () => {
  const { peer, wait, invite, types } = await dialAndAnswer()
  peer.reply(invite(), 200, { sdp: theirSdp })
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 3)
  assert.equal(new Set(peer.got('ACK').map(({ envelope }) => envelope.via.branch)).size, 1)
  assert.deepEqual(types(), ['answered'])
})

void test('an answer repeated after the INVITE transaction is gone is still acknowledged', async () => {
  const { peer, wait, invite } = await dialAndAnswer()
  await wait(40_000)
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 2)
})

void test('BYE goes to the target of the answer, under the next number, with its reason', async () => {
  const { peer, wait, call } = await dialAndAnswer()
  void call.hangUp({ q850: 16, text: 'done' })
  await wait(5)
  const bye = peer.got('BYE')[0]!
  assert.equal(bye.uri, 'sip:peer@10.0.0.2:5060')
  assert.equal(bye.envelope.cseq, 2)
  assert.equal(bye.envelope.toTag, 'peer')
  assert.equal(bye.headers.get('Reason'), 'Q.850;cause=16;text="done"')
})

void test('requests in the dialog are sent to the nearest recorded route, in reverse order', async () => {
  const { peer, wait, invite, call } = await dial()
  await wait(5)
  const routes: [string, string][] = [['Record-Route', '<sip:10.9.9.9;lr>'], ['Record-Route', '<sip:10.0.0.2:5060;lr>']]
  peer.reply(invite(), 200, { sdp: theirSdp, headers: routes })
  await wait(5)
  void call.hangUp()
  await wait(5)
  assert.deepEqual(peer.got('ACK')[0]!.headers.all('Route'), ['<sip:10.0.0.2:5060;lr>', '<sip:10.9.9.9;lr>'])
  assert.deepEqual(peer.got('BYE')[0]!.headers.all('Route'), ['<sip:10.0.0.2:5060;lr>', '<sip:10.9.9.9;lr>'])
})

void test('hangUp resolves when the far end answered the BYE, and the call ends exactly once', async () => {
  const { peer, wait, call, types } = await dialAndAnswer()
  let over = false
  void call.hangUp().then(() => (over = true))
  await wait(700)
  assert.equal(over, false)
  assert.equal(peer.got('BYE').length, 2)
  peer.reply(peer.got('BYE')[0]!, 200)
  await wait(5)
  assert.equal(over, true)
  await call.hangUp()
  assert.deepEqual(types(), ['answered', 'ended'])
})

void test('a far end that never answers the BYE is given up after 32 s', async () => {
  const { wait, call, agent } = await dialAndAnswer()
  let over = false
  void call.hangUp().then(() => (over = true))
  await wait(32_100)
  assert.equal(over, true)
  await wait(70_000)
  assert.equal(agent.stats.transactions, 0)
})

void test('a BYE from the far end is answered, also when it comes again, and its cause is told', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  const branch = peer.branch()
  const headers: [string, string][] = [['Reason', 'SIP;cause=200, Q.850;cause=16;text="Normal, clearing"']]
  peer.request(invite(), 'BYE', 1, { branch, headers })
  peer.request(invite(), 'BYE', 1, { branch, headers })
  await wait(5)
  assert.deepEqual(peer.responses.map(({ status }) => status), [200, 200])
  assert.deepEqual(events.slice(1), [{ type: 'ended', by: 'remote', q850: 16, reason: 'Normal, clearing' }])
})

void test('two BYEs that cross are both answered with 200', async () => {
  const { peer, wait, invite, call, events } = await dialAndAnswer()
  void call.hangUp()
  peer.request(invite(), 'BYE', 1)
  await wait(5)
  assert.equal(peer.responses.at(-1)?.status, 200)
  assert.deepEqual(events.slice(1), [{ type: 'ended', by: 'local', q850: undefined, reason: undefined }])
})

void test('ringing beyond the limit is cancelled in the same transaction', async () => {
  const { peer, wait, invite, events } = await dial({ ringMsMax: 10_000 })
  await wait(5)
  peer.reply(invite(), 180)
  peer.onRequest = (request) => {
    if (request.method !== 'CANCEL') return
    peer.reply(request, 200)
    peer.reply(invite(), 487)
  }
  await wait(10_000)
  const cancel = peer.got('CANCEL')[0]!
  assert.equal(cancel.envelope.via.branch, invite().envelope.via.branch)
  assert.equal(cancel.uri, invite().uri)
  assert.equal(cancel.envelope.cseq, 1)
  assert.equal(cancel.envelope.toTag, undefined)
  assert.equal(peer.got('ACK').length, 1)
  assert.deepEqual(events.at(-1), { type: 'failed', status: 487, reason: 'Request Terminated', q850: undefined, retryAfterMs: undefined, local: 'timeout' })
})

void test('a far end that ignores CANCEL is given up 32 s later', async () => {
  const { peer, wait, invite, call, events, agent } = await dial()
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  void call.hangUp()
  await wait(31_900)
  assert.equal(events.length, 1)
  await wait(200)
  assert.deepEqual(events.at(-1), { type: 'failed', status: 487, reason: 'Request Terminated', local: 'cancelled' })
  assert.equal(agent.stats.calls, 0)
})

void test('CANCEL waits for the first response', async () => {
  const { peer, wait, invite, call } = await dial()
  await wait(5)
  void call.hangUp()
  await wait(3_000)
  assert.equal(peer.got('CANCEL').length, 0)
  peer.reply(invite(), 100)
  await wait(5)
  assert.equal(peer.got('CANCEL').length, 1)
})

void test('an answer that crosses our CANCEL is acknowledged and hung up, and the call counts as cancelled', async () => {
  const { peer, wait, invite, call, events } = await dial()
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  void call.hangUp()
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 1)
  assert.equal(peer.got('BYE').length, 1)
  assert.deepEqual(events.at(-1), { type: 'failed', status: 200, reason: 'OK', local: 'cancelled' })
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 2)
  assert.deepEqual(events.map(({ type }) => type), ['progress', 'failed'])
})

void test('an answer that comes after the cancelled call was given up is still hung up', async () => {
  const { peer, wait, invite, call } = await dial()
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  void call.hangUp()
  await wait(32_500)
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.got('ACK').length, 1)
  assert.equal(peer.got('BYE').length, 1)
})

void test('a busy that crosses our CANCEL keeps its status', async () => {
  const { peer, wait, invite, call, events } = await dial()
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  void call.hangUp()
  peer.reply(invite(), 486)
  await wait(5)
  const last = events.at(-1)
  assert.ok(last?.type === 'failed' && last.status === 486 && last.local === 'cancelled')
})

void test('of two phones that answer, the first has the call and the second gets ACK and BYE', async () => {
  const { peer, wait, invite, types } = await dialAndAnswer()
  peer.reply(invite(), 200, { sdp: otherSdp, toTag: 'other' })
  await wait(5)
  const bye = peer.got('BYE')
  assert.deepEqual(bye.map(({ envelope }) => envelope.toTag), ['other'])
  assert.deepEqual(types(), ['answered'])
  peer.reply(invite(), 200, { sdp: otherSdp, toTag: 'other' })
  await wait(5)
  assert.equal(peer.got('ACK').length, 3)
  assert.equal(peer.got('BYE').length, 1)
})

void test('the SDP in force is that of the latest early dialog, then of the answering one', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 183, { sdp: otherSdp, toTag: 'announcement' })
  peer.reply(invite(), 183, { sdp: theirSdp, toTag: 'phone' })
  peer.reply(invite(), 180, { toTag: 'phone' })
  peer.reply(invite(), 200, { toTag: 'phone' })
  await wait(5)
  assert.deepEqual(
    events.map((event) => ('sdp' in event ? event.sdp : 'none')),
    [otherSdp, theirSdp, undefined, theirSdp],
  )
  assert.deepEqual(events.map((event) => event.type === 'progress' && event.early), [true, true, true, false])
})

void test('an answer without SDP under a tag of its own falls back to the early SDP', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 183, { sdp: otherSdp, toTag: 'announcement' })
  peer.reply(invite(), 200, { toTag: 'phone' })
  await wait(5)
  assert.deepEqual(events.at(-1), { type: 'answered', status: 200, sdp: otherSdp })
})

void test('more early dialogs than sensible are told but not kept', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  for (let fork = 0; fork < 40; fork += 1) peer.reply(invite(), 183, { sdp: theirSdp, toTag: `fork${fork}` })
  await wait(5)
  assert.equal(events.filter((event) => event.type === 'progress' && event.sdp !== undefined).length, 16)
  assert.equal(events.length, 40)
})

void test('a reliable provisional is acknowledged once, and told once however often it comes', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  const reliable = (rseq: number): void => peer.reply(invite(), 183, { sdp: theirSdp, headers: [['Require', '100rel'], ['RSeq', `${rseq}`]] })
  peer.onRequest = (request) => {
    if (request.method === 'PRACK') peer.reply(request, 200)
  }
  reliable(7)
  reliable(7)
  reliable(9) // 8 was lost: this one will come again.
  await wait(5)
  reliable(8)
  reliable(9)
  await wait(5)
  assert.deepEqual(peer.got('PRACK').map(({ headers }) => headers.get('RAck')), ['7 1 INVITE', '8 1 INVITE', '9 1 INVITE'])
  assert.deepEqual(peer.got('PRACK').map(({ envelope }) => envelope.cseq), [2, 3, 4])
  assert.equal(events.length, 3)
})

void test('a challenge is answered once with the next number and a new branch', async () => {
  const { peer, wait, events } = await dial({ credentials: { username: '1001', password: 'secret' } })
  peer.onRequest = (request) => {
    if (request.method !== 'INVITE') return
    if (request.headers.get('Proxy-Authorization') === undefined) peer.reply(request, 407, { headers: [['Proxy-Authenticate', 'Digest realm="carrier", nonce="abc", qop="auth", algorithm=SHA-256']] })
    else peer.reply(request, 200, { sdp: theirSdp })
  }
  await wait(20)
  const [first, second] = peer.got('INVITE')
  assert.equal(second!.envelope.cseq, 2)
  assert.notEqual(first!.envelope.via.branch, second!.envelope.via.branch)
  assert.equal(first!.envelope.fromTag, second!.envelope.fromTag)
  assert.match(second!.headers.get('Proxy-Authorization')!, /algorithm=SHA-256, qop=auth, nc=00000001, cnonce=/)
  assert.deepEqual(events.map(({ type }) => type), ['answered'])
  assert.equal(peer.got('ACK').at(-1)?.headers.get('Proxy-Authorization'), second!.headers.get('Proxy-Authorization'))
})

void test('a refused password fails the call at the second challenge', async () => {
  const { peer, wait, events } = await dial({ credentials: { username: '1001', password: 'wrong' } })
  let nonce = 0
  peer.onRequest = (request) => {
    if (request.method === 'INVITE') peer.reply(request, 401, { headers: [['WWW-Authenticate', `Digest realm="carrier", nonce="n${(nonce += 1)}", qop="auth"`]] })
  }
  await wait(100)
  assert.equal(peer.got('INVITE').length, 2)
  const last = events.at(-1)
  assert.ok(last?.type === 'failed' && last.status === 401)
})

void test('a nonce that is for ever stale ends after four attempts', async () => {
  const { peer, wait, events } = await dial({ credentials: { username: '1001', password: 'secret' } })
  let nonce = 0
  peer.onRequest = (request) => {
    if (request.method === 'INVITE') peer.reply(request, 401, { headers: [['WWW-Authenticate', `Digest realm="carrier", nonce="n${(nonce += 1)}", stale=true, qop="auth"`]] })
  }
  await wait(200)
  assert.equal(peer.got('INVITE').length, 4)
  assert.equal(events.at(-1)?.type, 'failed')
})

void test('a challenge without credentials of ours fails the call', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n"']] })
  await wait(5)
  const last = events.at(-1)
  assert.ok(last?.type === 'failed' && last.status === 401)
})

void test('a BYE that is challenged is sent again with credentials', async () => {
  const { peer, wait, call } = await dialAndAnswer({ credentials: { username: '1001', password: 'secret' } })
  peer.onRequest = (request) => {
    if (request.method !== 'BYE') return
    if (request.headers.get('Authorization') === undefined) peer.reply(request, 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] })
    else peer.reply(request, 200)
  }
  void call.hangUp()
  await wait(20)
  assert.deepEqual(peer.got('BYE').map(({ envelope }) => envelope.cseq), [2, 3])
})

void test('a redirect is told as it is and not followed; Retry-After is told in ms', async () => {
  const redirected = await dial()
  await redirected.wait(5)
  redirected.peer.reply(redirected.invite(), 302, { headers: [['Contact', '<sip:0088299@10.0.0.2>']] })
  await redirected.wait(5)
  assert.equal(redirected.peer.got('INVITE').length, 1)
  assert.equal(redirected.events.at(-1)?.type, 'failed')
  const congested = await dial()
  await congested.wait(5)
  congested.peer.reply(congested.invite(), 503, { headers: [['Retry-After', '30 (later)'], ['Reason', 'Q.850;cause=34']] })
  await congested.wait(5)
  assert.deepEqual(congested.events, [{ type: 'failed', status: 503, reason: 'Service Unavailable', q850: 34, retryAfterMs: 30_000, local: undefined }])
})

void test('hold and resume are answered with the mirrored direction and the next version', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  const held = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 2, direction: 'sendonly' })
  peer.request(invite(), 'INVITE', 1, { sdp: held })
  await wait(5)
  const answer = Buffer.from(peer.responses.at(-1)!.body).toString()
  assert.match(answer, /^o=- 1 2 IN IP4 10\.0\.0\.1\r$/m)
  assert.match(answer, /^a=recvonly\r$/m)
  assert.match(answer, /^m=audio 6000 RTP\/AVP 8 101\r$/m)
  assert.deepEqual(events.at(-1), { type: 'remote-offer', sdp: held })
  await wait(600)
  assert.equal(peer.responses.length, 2) // repeated until the ACK
  peer.request(invite(), 'ACK', 1)
  await wait(10_000)
  assert.equal(peer.responses.length, 2)
})

void test('a re-INVITE whose answer is never acknowledged ends the call with BYE', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  peer.request(invite(), 'INVITE', 1, { sdp: theirSdp })
  await wait(32_100)
  assert.equal(peer.got('BYE').length > 0, true)
  assert.equal(events.at(-1)?.type, 'ended')
})

void test('a re-INVITE without SDP gets our offer, and the answer in its ACK is told', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  peer.request(invite(), 'INVITE', 1)
  await wait(5)
  assert.match(Buffer.from(peer.responses.at(-1)!.body).toString(), /m=audio 6000 RTP\/AVP 8 0 101/)
  peer.request(invite(), 'ACK', 1, { sdp: otherSdp })
  await wait(5)
  assert.deepEqual(events.at(-1), { type: 'remote-answer', sdp: otherSdp })
})

void test('an offer without a codec of ours, or no SDP at all, is refused with 488 and changes nothing', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  peer.request(invite(), 'INVITE', 1, { sdp: theirSdp.replace(/m=audio.*/, 'm=audio 7000 RTP/AVP 18').replace(/a=rtpmap.*\r\n/g, '') })
  await wait(5)
  peer.request(invite(), 'INVITE', 2, { sdp: 'v=0\r\nm=nonsense\r\n' })
  await wait(5)
  assert.deepEqual(peer.responses.map(({ status }) => status), [488, 488])
  assert.equal(events.length, 1)
})

void test('an answerOffer that throws refuses the offer and keeps the call', async () => {
  const { peer, wait, invite, types } = await dialAndAnswer({
    answerOffer() {
      throw new Error('no media')
    },
  })
  peer.request(invite(), 'UPDATE', 1, { sdp: theirSdp })
  await wait(5)
  assert.equal(peer.responses.at(-1)?.status, 488)
  assert.deepEqual(types(), ['answered'])
})

void test('UPDATE in an early dialog is answered, and told as the early media', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 183, { sdp: theirSdp })
  await wait(5)
  peer.request(invite(), 'UPDATE', 1, { sdp: otherSdp })
  await wait(5)
  assert.equal(peer.responses.at(-1)?.status, 200)
  assert.deepEqual(events.at(-1), { type: 'remote-offer', sdp: otherSdp })
  peer.reply(invite(), 200)
  await wait(5)
  assert.deepEqual(events.at(-1), { type: 'answered', status: 200, sdp: otherSdp })
})

void test('UPDATE before our offer has an answer is refused with 491', async () => {
  const { peer, wait, invite } = await dial()
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  peer.request(invite(), 'UPDATE', 1, { sdp: otherSdp })
  peer.request(invite(), 'INVITE', 2, { sdp: otherSdp })
  await wait(5)
  assert.deepEqual(peer.responses.map(({ status }) => status), [491, 491])
})

void test('key presses come as INFO in both forms; other INFO bodies are refused', async () => {
  const { peer, wait, invite, events } = await dialAndAnswer()
  const info = (cseq: number, type: string, body: string): void => peer.request(invite(), 'INFO', cseq, { headers: [['Content-Type', type]], body })
  info(1, 'application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n')
  info(2, 'application/dtmf', '#')
  info(3, 'application/dtmf-relay', 'Signal = 10\r\nDuration=160')
  info(4, 'text/plain', 'hello')
  peer.request(invite(), 'INFO', 5)
  await wait(5)
  assert.deepEqual(events.slice(1).map((event) => event.type === 'info-digit' && event.digit), ['5', '#', '*'])
  assert.deepEqual(peer.responses.map(({ status }) => status), [200, 200, 200, 415, 200])
})

void test('requests in the dialog that are old, unknown or not for us get their own refusal', async () => {
  const { peer, wait, invite } = await dialAndAnswer()
  peer.request(invite(), 'OPTIONS', 5)
  peer.request(invite(), 'INFO', 4) // older than 5
  peer.request(invite(), 'REFER', 6)
  peer.request(invite(), 'NOTIFY', 7)
  peer.request(invite(), 'NONSENSE', 8)
  peer.request(invite(), 'BYE', 9, { toTag: 'stranger' })
  await wait(5)
  assert.deepEqual(peer.responses.map(({ status }) => status), [200, 500, 405, 481, 501, 481])
})

void test('an abort hangs up in every state', async () => {
  const calling = new AbortController()
  const first = await dial({ signal: calling.signal })
  await first.wait(5)
  calling.abort()
  first.peer.reply(first.invite(), 180)
  await first.wait(5)
  assert.equal(first.peer.got('CANCEL').length, 1)
  const talking = new AbortController()
  const second = await dialAndAnswer({ signal: talking.signal })
  talking.abort()
  await second.wait(5)
  assert.equal(second.peer.got('BYE').length, 1)
  const third = await dial({ signal: AbortSignal.abort() })
  assert.deepEqual(third.events, [])
  await third.wait(5)
  assert.equal(third.peer.got('INVITE').length, 0)
  assert.deepEqual(third.events, [{ type: 'failed', status: 487, reason: 'Request Terminated', local: 'cancelled' }])
  assert.equal(third.agent.stats.calls, 0)
})

void test('an INVITE that cannot be sent fails the call at once', async () => {
  const network = new FakeNetwork()
  network.refuse = () => new Error('ENETUNREACH')
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const events: LegEvent[] = []
  agent.invite({ target: there, requestUri: 'tel:+8613800138000', from: 'tel:+862160001000', to: 'tel:+8613800138000', sdp: theirSdp, ringMsMax: 1_000, onEvent: (event) => events.push(event) })
  await network.clock.advance(5)
  assert.deepEqual(events, [{ type: 'failed', status: 503, reason: 'Not sent', local: 'transport' }])
})

void test('a listener that throws costs its own call a BYE and nothing else', async () => {
  const stage = await dial({
    onEvent(event) {
      if (event.type === 'answered') throw new Error('broken')
    },
  })
  await stage.wait(5)
  stage.peer.reply(stage.invite(), 200, { sdp: theirSdp })
  await stage.wait(5)
  assert.equal(stage.peer.got('BYE').length, 1)
})

void test('addresses, headers and targets that cannot be used are refused before anything is sent', async () => {
  const { agent, network, wait } = await dial()
  await wait(5)
  const sent = network.sent.length
  const good = { target: there, requestUri: 'sip:1@a', from: 'sip:2@a', to: 'sip:1@a', sdp: '', ringMsMax: 1_000, onEvent: () => {} }
  const bad: Partial<InviteOptions>[] = [
    { requestUri: 'http://a' },
    { requestUri: 'sip:1@a\r\nX: y' },
    { from: 'nobody' },
    { from: '<sip:2@a>;tag=mine' },
    { to: '"open <sip:1@a>' },
    { target: { address: 'carrier.example', port: 5060 } },
    { target: { address: '10.0.0.2', port: 0 } },
    { headers: [['X-Note', 'a\nb']] },
    { headers: [['X Note', 'a']] },
    { contactUser: 'a b' },
    { ringMsMax: Infinity },
    { ringMsMax: 0 },
    { ringMsMax: NaN },
  ]
  for (const options of bad) assert.throws(() => agent.invite({ ...good, ...options }), InvalidInputError, JSON.stringify(options))
  assert.equal(network.sent.length, sent)
})

void test('calls beyond the limit are refused and leave nothing behind', async () => {
  const { agent } = await dial({}, { callsMax: 1 })
  const again = { target: there, requestUri: 'sip:1@a', from: 'sip:2@a', to: 'sip:1@a', sdp: '', ringMsMax: 1_000, onEvent: () => {} }
  assert.throws(() => agent.invite(again), OverloadedError)
  assert.equal(agent.stats.calls, 1)
  const busy = await dial({}, { transactionsMax: 1 })
  assert.throws(() => busy.agent.invite(again), OverloadedError)
  assert.equal(busy.agent.stats.calls, 1)
})

void test('the state of an answered dialog survives JSON and ends the call from another agent', async () => {
  const { call, peer, network, wait } = await dialAndAnswer()
  const stored: unknown = JSON.parse(JSON.stringify(call.dialogState()))
  const survivor = await SipUserAgent.open({ address: '10.0.0.9', port: 5060, log, clock: network.clock, openTransport: network.open('10.0.0.9', 5060) })
  peer.onRequest = (request) => {
    if (request.method === 'BYE') peer.reply(request, 200)
  }
  const status = survivor.byeFrom(stored as NonNullable<ReturnType<OutgoingCall['dialogState']>>)
  await wait(5)
  const bye = peer.got('BYE')[0]!
  assert.equal(bye.envelope.cseq, 1_002)
  assert.equal(bye.envelope.toTag, 'peer')
  assert.equal(bye.uri, 'sip:peer@10.0.0.2:5060')
  assert.equal(await status, 200)
})

void test('close cancels and hangs up, waits a limited time, and every call has had its last event', async () => {
  const { agent, peer, events, wait, invite } = await dialAndAnswer()
  const second: LegEvent[] = []
  agent.invite({ target: there, requestUri: 'sip:1@a', from: 'sip:2@a', to: 'sip:1@a', sdp: theirSdp, ringMsMax: 60_000, onEvent: (event) => second.push(event) })
  await wait(5)
  peer.reply(invite(), 180)
  await wait(5)
  let closed = false
  void agent.close().then(() => (closed = true))
  await wait(2_900)
  assert.equal(closed, false)
  assert.equal(peer.got('CANCEL').length > 0 && peer.got('BYE').length > 0, true)
  await wait(200)
  assert.equal(closed, true)
  assert.equal(events.at(-1)?.type, 'ended')
  assert.deepEqual(second.map(({ type }) => type), ['progress', 'failed'])
  assert.throws(() => agent.invite({ target: there, requestUri: 'sip:1@a', from: 'sip:2@a', to: 'sip:1@a', sdp: '', ringMsMax: 1, onEvent: () => {} }), OverloadedError)
})
