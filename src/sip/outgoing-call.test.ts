// Calls that we place, from INVITE to answer or refusal, against a far end played by hand.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { InvalidInputError, OverloadedError } from '../errors.ts'
import { dial, dialAndAnswer, here, log, otherSdp, theirSdp, there } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { InviteOptions } from './invitation.ts'
import type { LegEvent } from './leg.ts'
import { SipUserAgent } from './user-agent.ts'

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
  // Its INVITE once stayed open for ever: carriers that never say 487 filled the agent.
  await wait(40_000)
  assert.equal(agent.stats.transactions, 0)
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

void test('a call that is over no longer listens to its signal', async () => {
  const controller = new AbortController()
  const { wait, invite, peer, types } = await dial({ signal: controller.signal })
  await wait(5)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
  peer.reply(invite(), 486)
  await wait(5)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort()
  await wait(5)
  assert.deepEqual(types(), ['failed'])
})

void test('an INVITE that cannot be sent fails the call at once', async () => {
  const network = new FakeNetwork()
  network.refuse = () => new Error('ENETUNREACH')
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const events: LegEvent[] = []
  agent.invite({ target: there, requestUri: 'tel:+8613800138000', from: 'tel:+862160001000', to: 'tel:+8613800138000', sdp: theirSdp, ringMsMax: 1_000, onEvent: (event) => events.push(event) })
  await network.clock.advance(5)
  assert.deepEqual(events, [{ type: 'failed', status: 503, reason: 'Not sent: ENETUNREACH', local: 'transport' }])
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

const second = { address: '10.0.0.22', port: 5060 }

/** A call with a second address to try; `other` plays it. */
async function dialWithSpare(options: Partial<InviteOptions> = {}) {
  const stage = await dial({ alternatives: [second], ...options })
  const other = await FakePeer.open(stage.network, second, here)
  await stage.wait(5)
  return { ...stage, other }
}

void test('a trunk that answers 503 hands the call to the next address', async () => {
  const { peer, other, wait, invite, types } = await dialWithSpare()
  peer.reply(invite(), 100)
  peer.reply(invite(), 503)
  await wait(5)
  assert.equal(peer.got('ACK').length, 1)
  const again = other.got('INVITE')[0]!
  assert.equal(again.envelope.cseq, 2)
  other.reply(again, 200, { sdp: theirSdp })
  await wait(5)
  assert.equal(other.got('ACK').length, 1)
  assert.deepEqual(types(), ['progress', 'answered'])
})

void test('a dead trunk hands the call over after 4 s, one that cannot be reached at once; then there is none left', async () => {
  const dead = await dialWithSpare()
  await dead.wait(3_900)
  assert.equal(dead.other.got('INVITE').length, 0)
  await dead.wait(200)
  assert.equal(dead.other.got('INVITE').length, 1)
  await dead.wait(32_100)
  assert.deepEqual(dead.events, [{ type: 'failed', status: 408, reason: 'No response', local: 'timeout' }])
  const network = new FakeNetwork()
  network.refuse = ({ to }) => (to.address === there.address ? new Error('ENETUNREACH') : undefined)
  const other = await FakePeer.open(network, second, here)
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port) })
  agent.invite({ target: there, alternatives: [second], requestUri: 'sip:1@x', from: 'sip:2@x', to: 'sip:1@x', sdp: theirSdp, ringMsMax: 10_000, onEvent: () => {} })
  await network.clock.advance(10)
  assert.equal(other.got('INVITE').length, 1)
})

void test('an address that answers after it was given up is acknowledged and hung up; the call goes on elsewhere', async () => {
  const { peer, other, wait, invite, types } = await dialWithSpare({ silenceMsMax: 1_000 })
  const late = invite()
  await wait(1_100)
  other.reply(other.got('INVITE')[0]!, 100)
  peer.reply(late, 200, { sdp: otherSdp, toTag: 'late' })
  await wait(5)
  assert.equal(peer.got('ACK').length, 1)
  assert.equal(peer.got('BYE').length, 1)
  other.reply(other.got('INVITE')[0]!, 200, { sdp: theirSdp, toTag: 'other' })
  await wait(5)
  assert.deepEqual(types(), ['progress', 'answered'])
  assert.equal(other.got('ACK').length, 1)
  await assert.rejects(dial({ silenceMsMax: 0 }), InvalidInputError)
})

void test('once it rang, or was hung up, or the number is bad, the call stays where it is', async () => {
  const rang = await dialWithSpare()
  rang.peer.reply(rang.invite(), 183)
  rang.peer.reply(rang.invite(), 503)
  const bad = await dialWithSpare()
  bad.peer.reply(bad.invite(), 404)
  const stopped = await dialWithSpare()
  void stopped.call.hangUp()
  for (const { wait, other, events } of [rang, bad, stopped]) {
    await wait(33_000)
    assert.equal(other.got('INVITE').length, 0)
    assert.equal(events.at(-1)?.type, 'failed')
  }
})

void test('credentials refused by one address are tried at the next', async () => {
  const challenge = { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] as [string, string][] }
  const { peer, other, wait, invite, types } = await dialWithSpare({ credentials: { username: '1001', password: 'secret' } })
  peer.reply(invite(), 401, challenge)
  await wait(5)
  peer.reply(invite(), 503)
  await wait(5)
  assert.equal(other.got('INVITE')[0]?.headers.get('Authorization'), undefined)
  other.reply(other.got('INVITE')[0]!, 401, challenge)
  await wait(5)
  other.reply(other.got('INVITE')[1]!, 200, { sdp: theirSdp })
  await wait(5)
  assert.deepEqual(types(), ['answered'])
})

void test('too many addresses, and one that is no address, are refused', async () => {
  await assert.rejects(dial({ alternatives: Array.from({ length: 17 }, () => second) }), InvalidInputError)
  await assert.rejects(dial({ alternatives: [{ address: 'carrier.example', port: 5060 }] }), InvalidInputError)
})
