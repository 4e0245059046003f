// Calls that come in, from a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { IncomingCall, LegEvent } from './leg.ts'
import type { ReceivedResponse } from './message.ts'
import { buildAnswer, buildOffer } from './sdp.ts'
import { SipUserAgent, type UserAgentOptions } from './user-agent.ts'

const log = pino({ level: 'silent' })
const here = { address: '10.0.0.1', port: 5060 }
const there = { address: '10.0.0.2', port: 5060 }
const offer = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 1 })
const answer = buildAnswer(offer, { address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 })!.sdp

type InviteText = { branch?: string; callId?: string; cseq?: number; sdp?: string | undefined; extra?: string; fromTag?: string; toTag?: string; method?: string }

/** A request of a caller as it stands on the wire. */
function requestText({ branch = 'z9hG4bKin', callId = 'in-1', cseq = 1, sdp, extra = '', fromTag = 'caller', toTag, method = 'INVITE' }: InviteText = {}): string {
  return `${method} sip:4001@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=${branch};rport
Max-Forwards: 70
From: "李" <sip:13800138000@10.0.0.2>;tag=${fromTag}
To: <sip:4001@10.0.0.1>${toTag === undefined ? '' : `;tag=${toTag}`}
Call-ID: ${callId}
CSeq: ${cseq} ${method}
Contact: <sip:13800138000@10.0.0.2:5060>
${extra}${sdp === undefined ? '' : `Content-Type: application/sdp\n`}
${sdp ?? ''}`
}

async function stage(options: Partial<UserAgentOptions> = {}) {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const calls: { call: IncomingCall; events: LegEvent[] }[] = []
  const agent = await SipUserAgent.open({
    ...here,
    log,
    clock: network.clock,
    openTransport: network.open(here.address, here.port),
    onCall(call) {
      const events: LegEvent[] = []
      calls.push({ call, events })
      call.listen((event) => events.push(event))
    },
    ...options,
  })
  const wait = (ms: number): Promise<void> => network.clock.advance(ms)
  const statuses = (): number[] => peer.responses.map(({ status }) => status)
  const final = (): ReceivedResponse => peer.responses.findLast(({ status }) => status >= 200)!
  return { network, peer, agent, calls, wait, statuses, final }
}

/** A stage with one call that was answered and acknowledged. */
async function talking() {
  const it = await stage()
  it.peer.sendText(requestText({ sdp: offer }))
  await it.wait(5)
  const { call, events } = it.calls[0]!
  call.answer(answer)
  await it.wait(5)
  const toTag = it.final().envelope.toTag!
  it.peer.sendText(requestText({ method: 'ACK', branch: 'z9hG4bKack', toTag }))
  await it.wait(5)
  return { ...it, call, events, toTag }
}

void test('a call is rung, answered, acknowledged, and hung up by the caller', async () => {
  const { peer, call, events, toTag, wait, statuses, agent } = await talking()
  assert.equal(call.from, '"李" <sip:13800138000@10.0.0.2>;tag=caller')
  assert.equal(call.offer, offer)
  assert.deepEqual(events, [{ type: 'answered', status: 200, sdp: offer }])
  peer.sendText(requestText({ method: 'BYE', branch: 'z9hG4bKbye', cseq: 2, toTag, extra: 'Reason: Q.850;cause=16\n' }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 200, 200])
  assert.deepEqual(events.at(-1), { type: 'ended', by: 'remote', q850: 16, reason: undefined })
  assert.equal(agent.stats.calls, 0)
})

void test('early media goes out with 183 and 180 under the tag of the answer', async () => {
  const { peer, calls, wait } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  const { call } = calls[0]!
  assert.equal(call.progress(183, { sdp: answer }), true)
  assert.equal(call.progress(180, { reason: '振铃', headers: [['P-Early-Media', 'sendrecv']] }), true)
  call.answer(answer)
  await wait(5)
  const tags = new Set(peer.responses.slice(1).map(({ envelope }) => envelope.toTag))
  assert.equal(tags.size, 1)
  assert.equal(Buffer.from(peer.responses[1]!.body).toString(), answer)
  assert.equal(peer.responses[2]!.headers.get('P-Early-Media'), 'sendrecv')
  assert.equal(peer.responses[2]!.headers.get('Contact'), '<sip:4001@10.0.0.1:5060>')
})

void test('a repeated INVITE gets the newest provisional again and makes no second call', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.progress(180)
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 180, 180])
  assert.equal(calls.length, 1)
})

void test('the answer is repeated until acknowledged, then no more', async () => {
  const { peer, calls, wait, statuses, final } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.answer(answer)
  await wait(3_600)
  assert.deepEqual(statuses(), [100, 200, 200, 200, 200])
  peer.sendText(requestText({ method: 'ACK', branch: 'z9hG4bKack', toTag: final().envelope.toTag! }))
  await wait(20_000)
  assert.equal(statuses().length, 5)
})

void test('an answer that is never acknowledged ends with BYE after 32 s', async () => {
  const { peer, calls, wait } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.answer(answer)
  await wait(31_900)
  assert.equal(peer.got('BYE').length, 0)
  await wait(200)
  assert.equal(peer.got('BYE').length, 1)
  assert.deepEqual(calls[0]!.events, [{ type: 'ended', by: 'local', reason: 'the answer was not acknowledged' }])
})

void test('hanging up an answered call waits for the ACK before BYE', async () => {
  const { peer, calls, wait, final } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  const { call, events } = calls[0]!
  call.answer(answer)
  void call.hangUp({ q850: 16 })
  await wait(1_000)
  assert.equal(peer.got('BYE').length, 0)
  peer.sendText(requestText({ method: 'ACK', branch: 'z9hG4bKack', toTag: final().envelope.toTag! }))
  await wait(5)
  const bye = peer.got('BYE')[0]!
  assert.equal(bye.uri, 'sip:13800138000@10.0.0.2:5060')
  assert.equal(bye.envelope.fromTag, final().envelope.toTag)
  assert.equal(bye.headers.get('Reason'), 'Q.850;cause=16')
  assert.deepEqual(events.map(({ type }) => type), ['ended'])
})

void test('a refusal is repeated until acknowledged and told as ours', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  const { call, events } = calls[0]!
  assert.equal(call.reject(486, { headers: [['Reason', 'Q.850;cause=17']] }), true)
  assert.equal(call.answer(answer), false)
  assert.equal(call.progress(180), false)
  await wait(600)
  assert.deepEqual(statuses(), [100, 486, 486])
  assert.equal(peer.responses.at(-1)!.headers.get('Reason'), 'Q.850;cause=17')
  peer.sendText(requestText({ method: 'ACK' }))
  await wait(40_000)
  assert.equal(statuses().length, 3)
  assert.deepEqual(events, [{ type: 'failed', status: 486, reason: 'Busy Here', local: 'cancelled' }])
})

void test('CANCEL is answered, ends the call with 487, and has no effect after the answer', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.progress(180)
  peer.sendText(requestText({ method: 'CANCEL', extra: 'Reason: SIP;cause=200;text="Call completed elsewhere"\n' }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 180, 200, 487])
  assert.equal(calls[0]!.call.answer(answer), false)
  assert.deepEqual(calls[0]!.events, [{ type: 'failed', status: 487, reason: 'Call completed elsewhere', q850: undefined, local: undefined }])
  const answered = await talking()
  answered.peer.sendText(requestText({ method: 'CANCEL' }))
  await answered.wait(5)
  assert.equal(answered.statuses().at(-1), 200)
  assert.equal(answered.events.at(-1)?.type, 'answered')
})

void test('a caller in tel: form gets its own From, To and identities back, in responses and in our requests', async () => {
  const { peer, calls, wait, final } = await stage()
  const to = 'tel:95588;phone-context=+86'
  const from = '"+86-138" <tel:+86-138-0013-8000>;x=1'
  const tel = (method: string, tag?: string): string =>
    requestText({ method, sdp: method === 'INVITE' ? offer : undefined, branch: `z9hG4bK${method}`, extra: 'P-Asserted-Identity: <tel:+8613800138000;cpc=ordinary>, <sip:+8613800138000@ims.example;user=phone>\n' })
      .replace(/From: .*/, `From: ${from};tag=caller`)
      .replace(/To: .*/, `To: ${to}${tag === undefined ? '' : `;tag=${tag}`}`)
      .replace('sip:4001@10.0.0.1', 'tel:95588;phone-context=+86')
  peer.sendText(tel('INVITE'))
  await wait(5)
  const { call } = calls[0]!
  assert.deepEqual([call.requestUri, call.to], ['tel:95588;phone-context=+86', to])
  assert.deepEqual(call.header('P-Asserted-Identity'), ['<tel:+8613800138000;cpc=ordinary>', '<sip:+8613800138000@ims.example;user=phone>'])
  call.answer(answer)
  await wait(5)
  const { toTag } = final().envelope
  assert.equal(final().headers.get('From'), `${from};tag=caller`)
  assert.equal(final().headers.get('To'), `${to};tag=${toTag}`)
  assert.equal(final().headers.get('Contact'), '<sip:95588@10.0.0.1:5060>')
  peer.sendText(tel('ACK', toTag))
  await wait(5)
  void call.hangUp()
  await wait(5)
  const { headers, uri } = peer.got('BYE')[0]!
  assert.deepEqual([uri, headers.get('From'), headers.get('To')], ['sip:13800138000@10.0.0.2:5060', `${to};tag=${toTag}`, `${from};tag=caller`])
})

void test('a CANCEL or in-dialog request that belongs to nothing gets 481', async () => {
  const { peer, wait, statuses } = await stage()
  peer.sendText(requestText({ method: 'CANCEL' }))
  peer.sendText(requestText({ method: 'BYE', branch: 'z9hG4bK2', toTag: 'nobody' }))
  peer.sendText(requestText({ method: 'BYE', branch: 'z9hG4bK3' }))
  await wait(5)
  assert.deepEqual(statuses(), [481, 481, 481])
})

void test('a BYE before the answer ends the call with 487', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.progress(180)
  await wait(5)
  const toTag = peer.responses.at(-1)!.envelope.toTag!
  peer.sendText(requestText({ method: 'BYE', branch: 'z9hG4bKbye', cseq: 2, toTag }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 180, 200, 487])
  assert.equal(calls[0]!.events.at(-1)?.type, 'failed')
})

void test('a call that nobody takes is refused after the limit', async () => {
  const { peer, calls, wait, statuses } = await stage({ limits: { incomingRingMsMax: 10_000 } })
  peer.sendText(requestText({ sdp: offer }))
  await wait(10_010)
  assert.deepEqual(statuses(), [100, 480])
  assert.deepEqual(calls[0]!.events, [{ type: 'failed', status: 480, reason: 'Temporarily Unavailable', local: 'timeout' }])
})

void test('an INVITE without SDP gets our offer, and the ACK brings the answer', async () => {
  const { peer, calls, wait, final } = await stage()
  peer.sendText(requestText())
  await wait(5)
  assert.equal(calls[0]!.call.offer, undefined)
  calls[0]!.call.answer(answer)
  await wait(5)
  peer.sendText(requestText({ method: 'ACK', branch: 'z9hG4bKack', toTag: final().envelope.toTag!, sdp: offer }))
  await wait(5)
  assert.deepEqual(calls[0]!.events, [{ type: 'answered', status: 200, sdp: offer }])
})

void test('the caller may change its stream before and after the answer', async () => {
  const { peer, calls, wait, final } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  const { call, events } = calls[0]!
  call.progress(183, { sdp: answer })
  await wait(5)
  const toTag = peer.responses.at(-1)!.envelope.toTag!
  const held = offer.replace('sendrecv', 'inactive')
  peer.sendText(requestText({ method: 'UPDATE', branch: 'z9hG4bKu', cseq: 2, toTag, sdp: held }))
  await wait(5)
  assert.match(Buffer.from(final().body).toString(), /a=inactive/)
  call.answer(answer)
  await wait(5)
  peer.sendText(requestText({ method: 'ACK', branch: 'z9hG4bKack', toTag }))
  await wait(5)
  assert.deepEqual(events, [{ type: 'remote-offer', sdp: held }, { type: 'answered', status: 200, sdp: held }])
})

void test('the same INVITE over a second path is refused as merged', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  peer.sendText(requestText({ sdp: offer, branch: 'z9hG4bKother' }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 482])
  assert.equal(calls.length, 1)
})

void test('an extension we do not know is refused with its name', async () => {
  const { peer, calls, wait, statuses, final } = await stage()
  peer.sendText(requestText({ sdp: offer, extra: 'Require: timer, path, precondition\n' }))
  await wait(5)
  assert.deepEqual(statuses(), [420])
  assert.deepEqual(final().headers.all('Unsupported'), ['path', 'precondition'])
  assert.equal(calls.length, 0)
})

void test('an agent without a taker, and one that is full, refuse calls', async () => {
  const none = await stage({ onCall: undefined })
  none.peer.sendText(requestText({ sdp: offer }))
  await none.wait(5)
  assert.deepEqual(none.statuses(), [480])
  const full = await stage({ limits: { callsMax: 1 } })
  full.peer.sendText(requestText({ sdp: offer }))
  full.peer.sendText(requestText({ sdp: offer, branch: 'z9hG4bK2', callId: 'in-2' }))
  await full.wait(5)
  assert.deepEqual(full.statuses(), [100, 503])
  assert.equal(full.final().headers.get('Retry-After'), '5')
})

void test('a taker that throws costs the call a 500 and nothing else', async () => {
  const { peer, wait, statuses } = await stage({
    onCall() {
      throw new Error('broken')
    },
  })
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  assert.deepEqual(statuses(), [100, 500])
})

void test('events before listen() are kept for it', async () => {
  const taken: IncomingCall[] = []
  const { peer, wait } = await stage({ onCall: (call) => void taken.push(call) })
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  peer.sendText(requestText({ method: 'CANCEL' }))
  await wait(5)
  const events: LegEvent[] = []
  taken[0]!.listen((event) => events.push(event))
  assert.deepEqual(events.map(({ type }) => type), ['failed'])
})

void test('a caller without rport is answered at its sent-by port, and sees where it came from', async () => {
  const { peer, wait, network } = await stage()
  peer.sendText(requestText({ method: 'OPTIONS' }).replace(';rport', '').replace('10.0.0.2:5060;branch', 'gateway.local:5099;branch'))
  await wait(5)
  const reply = network.sent.at(-1)!
  assert.deepEqual(reply.to, { address: '10.0.0.2', port: 5099 })
  assert.match(reply.text, /^Via: SIP\/2\.0\/UDP gateway\.local:5099;branch=z9hG4bKin;received=10\.0\.0\.2\r$/m)
})

void test('OPTIONS is answered with what we take; unknown methods are not', async () => {
  const { peer, wait, statuses, final } = await stage()
  peer.sendText(requestText({ method: 'OPTIONS' }))
  await wait(5)
  assert.equal(final().headers.all('Allow').includes('INVITE'), true)
  peer.sendText(requestText({ method: 'REGISTER', branch: 'z9hG4bK2' }))
  peer.sendText(requestText({ method: 'FROBNICATE', branch: 'z9hG4bK3' }))
  await wait(5)
  assert.deepEqual(statuses(), [200, 405, 501])
})

void test('a caller behind a NAT that asks for rport is answered where it came from', async () => {
  const { peer, wait, network } = await stage()
  peer.sendText(requestText({ method: 'OPTIONS' }).replace('10.0.0.2:5060;branch', '192.168.1.7:5999;branch'))
  await wait(5)
  const reply = network.sent.at(-1)!
  assert.deepEqual(reply.to, there)
  assert.match(reply.text, /^Via: SIP\/2\.0\/UDP 192\.168\.1\.7:5999;branch=z9hG4bKin;received=10\.0\.0\.2;rport=5060\r$/m)
})

void test('an ACK that wrongly keeps the branch of its INVITE still counts', async () => {
  const { peer, calls, wait, final } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.answer(answer)
  await wait(5)
  peer.sendText(requestText({ method: 'ACK', toTag: final().envelope.toTag! }))
  await wait(5)
  assert.equal(calls[0]!.events.at(-1)?.type, 'answered')
})

void test('a provisional is said again every minute until the final', async () => {
  const { peer, calls, wait, statuses } = await stage()
  peer.sendText(requestText({ sdp: offer }))
  await wait(5)
  calls[0]!.call.progress(180)
  await wait(30_000)
  calls[0]!.call.progress(183, { sdp: answer })
  await wait(121_000)
  assert.deepEqual(statuses(), [100, 180, 183, 183, 183])
  calls[0]!.call.reject(486)
  await wait(5)
  peer.sendText(requestText({ method: 'ACK', toTag: peer.responses.at(-1)!.envelope.toTag! }))
  await wait(100_000)
  assert.deepEqual(statuses(), [100, 180, 183, 183, 183, 486])
})

for (const [sentence, damage, status] of [
  ['two different Call-IDs', (text: string) => text.replace('Call-ID: in-1', 'Call-ID: in-1\nCall-ID: in-2'), 400],
  ['an unreadable CSeq', (text: string) => text.replace('CSeq: 1 INVITE', 'CSeq: one INVITE'), 400],
  ['a CSeq of another method', (text: string) => text.replace('CSeq: 1 INVITE', 'CSeq: 1 OPTIONS'), 400],
  ['an impossible Content-Length', (text: string) => text.replace('Contact:', 'Content-Length: 60000\nContact:'), 400],
  ['a request line without address', (text: string) => text.replace('INVITE sip:4001@10.0.0.1 SIP/2.0', 'INVITE SIP/2.0'), 400],
  ['another version of SIP', (text: string) => text.replace('10.0.0.1 SIP/2.0', '10.0.0.1 SIP/3.0'), 505],
] as const) {
  void test(`a request with ${sentence} is refused with ${status}`, async () => {
    const { peer, agent, wait, final, calls } = await stage()
    peer.sendText(damage(requestText({ sdp: offer })))
    await wait(5)
    assert.equal(peer.unreadable.length + peer.responses.length, 1)
    const text = peer.unreadable[0] ?? `${final().status}`
    assert.match(text, new RegExp(`${status}`))
    assert.equal(calls.length, 0)
    assert.equal(agent.stats.malformed, 1)
  })
}

for (const [sentence, text] of [
  ['a request without Via', requestText({}).replace(/Via:.*\n/, '')],
  ['a request without Call-ID', requestText({}).replace(/Call-ID:.*\n/, '')],
  ['a response', requestText({}).replace(/^.*\n/, 'SIP/2.0 200 OK\n').replace('CSeq: 1', 'CSeq: x')],
  ['an ACK', requestText({ method: 'ACK' }).replace('CSeq: 1', 'CSeq: x')],
  ['something else', 'GET / HTTP/1.1\nHost: x\n\n'],
] as const) {
  void test(`${sentence} that cannot be read gets no answer`, async () => {
    const { peer, agent, wait } = await stage()
    peer.sendText(text)
    await wait(5)
    assert.equal(peer.unreadable.length + peer.responses.length, 0)
    assert.equal(agent.stats.malformed, 1)
  })
}

void test('unreadable requests are answered at most 100 times a second', async () => {
  const { peer, wait } = await stage({ limits: { unknownPerSecondMax: Infinity } })
  for (let count = 0; count < 150; count += 1) peer.sendText(requestText({ callId: `in-${count}` }).replace('Contact:', 'Content-Length: 60000\nContact:'))
  await wait(5)
  assert.equal(peer.responses.length, 100)
})
