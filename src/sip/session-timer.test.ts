// Session timers (RFC 4028) in calls against a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { dial, dialAndAnswer, here, log, otherSdp, theirSdp, there, type Stage } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { IncomingCall, LegEvent } from './leg.ts'
import { SipHeaders } from './message.ts'
import { answerInterval, sessionExpiresOf } from './session-timer.ts'
import { SipUserAgent } from './user-agent.ts'

/** A call whose answer set a timer; the far end answers our requests as told. */
async function timed(expires: string, allow = 'INVITE, ACK, BYE, UPDATE', statuses: Record<string, number> = {}): Promise<Stage> {
  const stage = await dial()
  const { peer, wait, invite } = stage
  peer.onRequest = (request) => {
    const status = statuses[request.method] ?? (request.method === 'ACK' ? 0 : 200)
    if (request.envelope.toTag === undefined || status === 0) return
    const sdp = request.method === 'INVITE' ? theirSdp : undefined
    peer.reply(request, status, { sdp: status === 200 ? sdp : undefined, headers: status === 200 ? [['Session-Expires', expires]] : [] })
  }
  await wait(5)
  peer.reply(invite(), 200, { sdp: theirSdp, headers: [['Session-Expires', expires], ['Allow', allow]] })
  await wait(5)
  return stage
}

void test('the INVITE asks for a session timer, and not when told so', async () => {
  const asks = await dial()
  await asks.wait(5)
  assert.deepEqual(asks.invite().headers.all('Supported'), ['100rel', 'timer'])
  assert.equal(asks.invite().headers.get('Session-Expires'), '1800')
  assert.equal(asks.invite().headers.get('Min-SE'), '90')
  const plain = await dial({ sessionSeconds: 0, reliableProvisionals: false })
  await plain.wait(5)
  for (const name of ['Supported', 'Session-Expires', 'Min-SE']) assert.equal(plain.invite().headers.get(name), undefined)
  await assert.rejects(dial({ sessionSeconds: 30 }), InvalidInputError)
})

void test('we refresh by UPDATE at half the interval, again and again', async () => {
  const { peer, wait, types } = await timed('90;refresher=uac')
  await wait(44_000)
  assert.equal(peer.got('UPDATE').length, 0)
  await wait(2_000)
  assert.equal(peer.got('UPDATE')[0]?.headers.get('Session-Expires'), '90;refresher=uac')
  await wait(450_000)
  assert.equal(peer.got('UPDATE').length, 11)
  assert.deepEqual(types(), ['answered'])
})

void test('without a refresher named it is the caller, us', async () => {
  const { peer, wait } = await timed('200')
  await wait(101_000)
  assert.equal(peer.got('UPDATE').length, 1)
})

void test('a far end without UPDATE is refreshed by a re-INVITE that changes nothing', async () => {
  const { peer, wait, types, invite } = await timed('90;refresher=uac', 'INVITE, ACK, BYE')
  const first = Buffer.from(invite().body).toString()
  await wait(46_000)
  assert.equal(peer.got('UPDATE').length, 0)
  const again = peer.got('INVITE').at(-1)!
  assert.equal(again.envelope.toTag, 'peer')
  assert.equal(Buffer.from(again.body).toString(), first)
  assert.equal(peer.got('ACK').at(-1)?.envelope.cseq, again.envelope.cseq)
  assert.deepEqual(types(), ['answered'])
})

for (const [sentence, status] of [['refused', 405], ['never answered', 0]] as const) {
  void test(`an UPDATE that is ${sentence} is followed by a re-INVITE, and UPDATE is not tried again`, async () => {
    const { peer, wait, types } = await timed('90;refresher=uac', 'INVITE, UPDATE', { UPDATE: status })
    await wait(56_000)
    const updates = new Set(peer.got('UPDATE').map(({ envelope }) => envelope.cseq)).size
    assert.equal(updates, 1)
    assert.equal(peer.got('INVITE').length, 2)
    await wait(60_000)
    assert.equal(new Set(peer.got('UPDATE').map(({ envelope }) => envelope.cseq)).size, 1)
    assert.deepEqual(types(), ['answered'])
  })
}

void test('a far end that refreshes keeps the call; one that falls silent gets BYE before the interval is over', async () => {
  const { peer, wait, invite, events } = await timed('90;refresher=uas')
  await wait(45_000)
  peer.request(invite(), 'UPDATE', 1, { headers: [['Supported', 'timer'], ['Session-Expires', '90;refresher=uac']] })
  await wait(5)
  const answer = peer.responses.at(-1)!
  assert.equal(answer.headers.get('Session-Expires'), '90;refresher=uac')
  assert.equal(answer.headers.get('Require'), 'timer')
  await wait(55_000)
  assert.equal(peer.got('BYE').length, 0)
  await wait(6_000)
  assert.equal(peer.got('BYE').length > 0, true)
  assert.deepEqual(events.at(-1), { type: 'ended', by: 'local', reason: 'the session was not refreshed' })
})

void test('a refresh that is told 481 ends the call', async () => {
  const { wait, events } = await timed('90;refresher=uac', 'UPDATE', { UPDATE: 481 })
  await wait(46_000)
  assert.deepEqual(events.at(-1), { type: 'ended', by: 'local', reason: 'the far end no longer knows the call' })
})

void test('a call that has ended refreshes no more', async () => {
  const { peer, wait, call, agent } = await timed('90;refresher=uac')
  void call.hangUp()
  await wait(400_000)
  assert.equal(peer.got('UPDATE').length, 0)
  assert.equal(agent.stats.transactions, 0)
})

void test('422 is followed by an INVITE with the interval it asks for, but not for ever', async () => {
  const { peer, wait, invite, events } = await dial()
  await wait(5)
  peer.reply(invite(), 422, { headers: [['Min-SE', '3600']] })
  await wait(5)
  assert.equal(peer.got('INVITE').length, 2)
  assert.equal(invite().headers.get('Session-Expires'), '3600')
  assert.equal(invite().headers.get('Min-SE'), '3600')
  assert.equal(invite().envelope.cseq, 2)
  peer.reply(invite(), 422, { headers: [['Min-SE', '3600']] })
  await wait(5)
  assert.equal(events.at(-1)?.type, 'failed')
  assert.equal(peer.got('INVITE').length, 2)
})

void test('a refresh with a too small interval is refused with 422', async () => {
  const { peer, wait, invite, types } = await dialAndAnswer()
  peer.request(invite(), 'UPDATE', 1, { headers: [['Supported', 'timer'], ['Session-Expires', '30']] })
  peer.request(invite(), 'INVITE', 2, { sdp: theirSdp, headers: [['Supported', 'timer'], ['Session-Expires', '30']] })
  await wait(5)
  assert.deepEqual(peer.responses.map(({ status, headers }) => [status, headers.get('Min-SE')]), [[422, '90'], [422, '90']])
  assert.deepEqual(types(), ['answered'])
})

for (const [asked, supported, agreed] of [
  ['1800', 'timer', '1800;refresher=uac'],
  ['1800;refresher=uas', 'timer', '1800;refresher=uas'],
  ['1800', undefined, '1800;refresher=uas'],
  ['0', 'timer', undefined],
  ['nonsense', 'timer', undefined],
] as const) {
  void test(`a request with Session-Expires ${asked} and Supported ${supported} is answered with ${agreed}`, () => {
    const headers = new SipHeaders([['Session-Expires', asked]])
    if (supported !== undefined) headers.add('Supported', supported)
    assert.equal(answerInterval(headers).headers.find(([name]) => name === 'Session-Expires')?.[1], agreed)
  })
}

void test('an absurd interval is cut to a day', () => {
  assert.deepEqual(sessionExpiresOf(new SipHeaders([['Session-Expires', '9999999999']])), { seconds: 86_400, refresher: undefined })
})

/** A call that comes in with these headers and is answered at once. */
async function called(headers: [string, string][]) {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const events: LegEvent[] = []
  let call: IncomingCall | undefined
  const onCall = (taken: IncomingCall): void => {
    call = taken
    taken.listen((event) => events.push(event))
    taken.answer(theirSdp)
  }
  const agent = await SipUserAgent.open({ ...here, log, onCall, clock: network.clock, openTransport: network.open(here.address, here.port) })
  const text = (method: string, toTag: string): string =>
    `${method} sip:4001@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK${method}\nFrom: <sip:1@10.0.0.2>;tag=caller\nTo: <sip:4001@10.0.0.1>${toTag}\nCall-ID: in-1\nCSeq: 1 ${method}\nContact: <sip:1@10.0.0.2:5060>\n`
  const extra = headers.map(([name, value]) => `${name}: ${value}\n`).join('')
  peer.sendText(`${text('INVITE', '')}${extra}Content-Type: application/sdp\n\n${otherSdp}`)
  await network.clock.advance(5)
  const final = peer.responses.findLast(({ status }) => status >= 200)!
  peer.sendText(`${text('ACK', `;tag=${final.envelope.toTag}`)}\n`)
  await network.clock.advance(5)
  return { peer, events, final, agent, call: () => call!, wait: (ms: number) => network.clock.advance(ms) }
}

void test('a call that comes in with a timer is answered with it; without one it has none', async () => {
  const timed = await called([['Supported', 'timer'], ['Session-Expires', '120']])
  assert.equal(timed.final.headers.get('Session-Expires'), '120;refresher=uac')
  assert.equal(timed.final.headers.get('Require'), 'timer')
  await timed.wait(90_000) // The caller was to refresh.
  assert.equal(timed.events.at(-1)?.type, 'ended')
  const plain = await called([])
  assert.equal(plain.final.headers.get('Session-Expires'), undefined)
  await plain.wait(4_000_000)
  assert.equal(plain.events.at(-1)?.type, 'answered')
})

void test('as callee we refresh when the caller asks for that', async () => {
  const { peer, wait, events } = await called([['Supported', 'timer'], ['Session-Expires', '120;refresher=uas'], ['Allow', 'INVITE, UPDATE']])
  peer.onRequest = (request) => peer.reply(request, 200, { headers: [['Session-Expires', '120;refresher=uac']] })
  await wait(200_000)
  assert.equal(peer.got('UPDATE').length, 3)
  assert.equal(events.at(-1)?.type, 'answered')
})

void test('a call that comes in with a too small interval is refused with 422, and may require timers', async () => {
  const { final, events } = await called([['Require', 'timer'], ['Session-Expires', '60']])
  assert.equal(final.status, 422)
  assert.equal(final.headers.get('Min-SE'), '90')
  assert.deepEqual(events, [])
})

void test('as callee we hold and resume, and wait up to 2 s after a collision', async () => {
  const { peer, wait, call } = await called([])
  const results: number[] = []
  void call().hold().then(({ status }) => results.push(status))
  await wait(5)
  peer.reply(peer.got('INVITE').at(-1)!, 491)
  await wait(2_010)
  assert.deepEqual([...new Set(peer.got('INVITE').map(({ envelope }) => envelope.cseq))], [1, 2])
  peer.reply(peer.got('INVITE').at(-1)!, 200, { sdp: otherSdp })
  await wait(5)
  assert.deepEqual(results, [200])
  assert.equal(peer.got('ACK').length, 2) // of the 491 and of the 200
})
