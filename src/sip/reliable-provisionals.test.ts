// Provisional responses that must arrive, sent to a caller played by hand and to our own caller in bad weather.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { IncomingCall, LegEvent } from './leg.ts'
import { buildAnswer, buildOffer } from './sdp.ts'
import { SipUserAgent, type UserAgentOptions } from './user-agent.ts'

const here = { address: '10.0.0.1', port: 5060 }
const there = { address: '10.0.0.2', port: 5060 }
const offer = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 1 })
const movedOffer = buildOffer({ address: '10.0.0.9', port: 7100, sessionId: 9, version: 2 })
const answer = buildAnswer(offer, { address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 })!.sdp

type RequestText = { method?: string; cseq?: number; branch?: string; toTag?: string | undefined; extra?: string; sdp?: string | undefined }

function requestText({ method = 'INVITE', cseq = 1, branch = `z9hG4bK${method}${cseq}`, toTag, extra = '', sdp }: RequestText): string {
  return `${method} sip:4001@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=${branch};rport
Max-Forwards: 70
From: <sip:13800138000@10.0.0.2>;tag=caller
To: <sip:4001@10.0.0.1>${toTag === undefined ? '' : `;tag=${toTag}`}
Call-ID: reliable-1
CSeq: ${cseq} ${method}
Contact: <sip:13800138000@10.0.0.2:5060>
${extra}${sdp === undefined ? '' : 'Content-Type: application/sdp\n'}
${sdp ?? ''}`
}

/** A caller whose INVITE arrived. */
async function called(invite: RequestText, options: Partial<UserAgentOptions> = {}) {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const calls: IncomingCall[] = []
  const events: LegEvent[] = []
  const agent = await SipUserAgent.open({
    ...here,
    log,
    clock: network.clock,
    openTransport: network.open(here.address, here.port),
    onCall(call) {
      calls.push(call)
      call.listen((event) => events.push(event))
    },
    ...options,
  })
  const wait = (ms: number): Promise<void> => network.clock.advance(ms)
  peer.sendText(requestText(invite))
  await wait(5)
  const statuses = (): number[] => peer.responses.map(({ status }) => status)
  const latest = () => peer.responses.at(-1)!
  const send = async (more: RequestText): Promise<void> => {
    peer.sendText(requestText({ toTag: latest().envelope.toTag, ...more }))
    await wait(5)
  }
  const rack = (): string => `${peer.responses.findLast(({ headers }) => headers.get('RSeq') !== undefined)!.headers.get('RSeq')} 1 INVITE`
  const prack = (cseq: number, more: RequestText = {}): Promise<void> => send({ method: 'PRACK', cseq, extra: `RAck: ${rack()}\n`, ...more })
  return { agent, peer, call: calls[0]!, events, wait, statuses, latest, send, rack, prack, network }
}

const supports = { sdp: offer, extra: 'Supported: timer, 100rel\n' }
const requires = { sdp: offer, extra: 'Require: 100rel\n' }

void test('early media to a caller that supports it is numbered, repeated with doubling gaps until its PRACK, and settles the SDP', async () => {
  const { call, wait, statuses, latest, prack, send, events, peer } = await called(supports)
  assert.equal(call.progress(183, { sdp: answer }), true)
  await wait(5)
  assert.deepEqual(latest().headers.all('Require'), ['100rel'])
  const rseq = Number(latest().headers.get('RSeq'))
  assert.ok(rseq >= 1 && rseq < 2 ** 31)
  await wait(4_000) // 0.5, 1.5, 3.5 s
  assert.deepEqual(statuses(), [100, 183, 183, 183, 183])
  assert.deepEqual(new Set(peer.responses.slice(1).map(({ headers }) => headers.get('RSeq'))), new Set([`${rseq}`]))
  await prack(2)
  assert.deepEqual([latest().status, latest().envelope.method], [200, 'PRACK'])
  await wait(30_000)
  assert.deepEqual(statuses().slice(5), [200])
  call.answer(answer)
  await wait(5)
  assert.deepEqual([latest().status, latest().body.length], [200, 0], 'the 2xx repeats no SDP')
  await send({ method: 'ACK', branch: 'z9hG4bKack' })
  assert.deepEqual(events, [{ type: 'answered', status: 200, sdp: offer }])
})

void test('without SDP in it, or for a caller that does not ask, a provisional goes out plainly', async () => {
  const supporting = await called(supports)
  supporting.call.progress(180)
  await supporting.wait(5)
  assert.equal(supporting.latest().headers.get('RSeq'), undefined)
  for (const [invite, options] of [[{ sdp: offer }, {}], [supports, { reliableProvisionals: false }]] as const) {
    const plain = await called(invite, options)
    plain.call.progress(183, { sdp: answer })
    await plain.wait(40_000)
    assert.equal(plain.latest().headers.get('RSeq'), undefined)
    assert.deepEqual(plain.statuses(), [100, 183])
  }
})

void test('a caller that requires it gets every provisional so, one after the other, whatever our option says', async () => {
  const { call, wait, statuses, latest, prack, peer } = await called(requires, { reliableProvisionals: false })
  call.progress(180)
  assert.equal(call.progress(183, { sdp: answer }), true)
  await wait(100)
  assert.deepEqual(statuses(), [100, 180], 'the second waits for the PRACK of the first')
  await prack(2)
  assert.deepEqual(statuses(), [100, 180, 200, 183])
  const [first, second] = peer.responses.flatMap(({ headers }) => headers.get('RSeq') ?? []).map(Number)
  assert.equal(second, first! + 1)
  await prack(3)
  assert.equal(latest().status, 200)
})

void test('without PRACK the INVITE is refused with 504 after 32 s', async () => {
  const { call, wait, statuses, events, agent } = await called(supports)
  call.progress(183, { sdp: answer })
  await wait(31_990)
  assert.deepEqual(statuses(), [100, 183, 183, 183, 183, 183, 183, 183])
  await wait(20)
  assert.equal(statuses().at(-1), 504)
  assert.deepEqual(events, [{ type: 'failed', status: 504, reason: 'Provisional Response Not Acknowledged', local: 'timeout' }])
  assert.equal(call.answer(answer), false)
  await wait(70_000)
  assert.deepEqual([agent.stats.calls, agent.stats.transactions], [0, 0])
})

void test('a PRACK that matches nothing gets 481 and stops nothing', async () => {
  const { call, wait, statuses, send, rack, prack } = await called(supports)
  call.progress(183, { sdp: answer })
  await wait(5)
  const [rseq] = rack().split(' ')
  for (const [index, wrong] of [`${Number(rseq) + 1} 1 INVITE`, `${rseq} 2 INVITE`, `${rseq} 1 UPDATE`, 'nonsense', ''].entries()) {
    await send({ method: 'PRACK', cseq: 2 + index, extra: `RAck: ${wrong}\n` })
    assert.equal(statuses().at(-1), 481, wrong)
  }
  await send({ method: 'PRACK', cseq: 8 })
  assert.equal(statuses().at(-1), 481)
  await wait(1_000)
  assert.equal(statuses().at(-1), 183)
  await prack(9)
  assert.equal(statuses().at(-1), 200)
  await prack(10)
  assert.equal(statuses().at(-1), 481, 'it was acknowledged before')
})

void test('the answer waits for the PRACK of our SDP, and a hang-up does not', async () => {
  const waiting = await called(supports)
  waiting.call.progress(183, { sdp: answer })
  assert.equal(waiting.call.answer(answer), true)
  assert.equal(waiting.call.answer(answer), false)
  assert.equal(waiting.call.progress(180), false)
  await waiting.wait(600)
  assert.deepEqual(waiting.statuses(), [100, 183, 183])
  await waiting.prack(2)
  assert.deepEqual(waiting.statuses(), [100, 183, 183, 200, 200])
  assert.equal(waiting.latest().envelope.method, 'INVITE')

  const leaving = await called(supports)
  leaving.call.progress(183, { sdp: answer })
  leaving.call.answer(answer)
  void leaving.call.hangUp()
  await leaving.wait(5)
  assert.deepEqual(leaving.statuses(), [100, 183, 480])

  const cancelled = await called(supports)
  cancelled.call.progress(183, { sdp: answer })
  cancelled.call.answer(answer)
  await cancelled.wait(5)
  cancelled.peer.sendText(requestText({ method: 'CANCEL', branch: 'z9hG4bKINVITE1' }))
  await cancelled.wait(5)
  assert.deepEqual(cancelled.statuses(), [100, 183, 200, 487])
})

void test('an answer that overtakes the PRACK of a bare 180 is sent at once, and the late PRACK is still taken', async () => {
  const { call, wait, statuses, prack, latest } = await called(requires)
  call.progress(180)
  call.answer(answer)
  await wait(5)
  assert.deepEqual(statuses(), [100, 180, 200])
  assert.equal(latest().body.length, answer.length)
  await prack(2)
  assert.deepEqual([latest().status, latest().envelope.method], [200, 'PRACK'])
})

void test('an INVITE without offer gets ours in the provisional, and its answer comes in the PRACK', async () => {
  const { call, wait, prack, send, latest, events } = await called({ extra: 'Supported: 100rel\n' })
  assert.equal(call.offer, undefined)
  const ours = buildOffer({ address: '10.0.0.1', port: 6000, sessionId: 1, version: 1 })
  call.progress(183, { sdp: ours })
  await wait(5)
  await prack(2, { sdp: answer })
  assert.deepEqual([latest().status, latest().body.length], [200, 0])
  call.answer(ours)
  await wait(5)
  await send({ method: 'ACK', branch: 'z9hG4bKack' })
  assert.deepEqual(events, [{ type: 'remote-answer', sdp: answer }, { type: 'answered', status: 200, sdp: answer }])
})

void test('a PRACK may bring a new offer, which its response answers; one with nothing for us is refused', async () => {
  const { call, wait, prack, latest, events, send } = await called(supports)
  call.progress(183, { sdp: answer })
  await wait(5)
  await prack(2, { sdp: movedOffer })
  assert.equal(latest().status, 200)
  assert.match(Buffer.from(latest().body).toString(), /^m=audio 6000 RTP\/AVP 8/m)
  assert.deepEqual(events, [{ type: 'remote-offer', sdp: movedOffer }])
  call.answer(answer)
  await wait(5)
  await send({ method: 'ACK', branch: 'z9hG4bKack' })
  assert.deepEqual(events.at(-1), { type: 'answered', status: 200, sdp: movedOffer })

  const odd = await called(supports)
  odd.call.progress(183, { sdp: answer })
  await odd.wait(5)
  await odd.prack(2, { sdp: offer.replace(/m=audio .*/, 'm=audio 7000 RTP/AVP 18') })
  assert.equal(odd.latest().status, 488)
  await odd.wait(5_000)
  assert.equal(odd.latest().status, 488, 'it was acknowledged all the same')
})

void test('UPDATE before the answer: 500 while their offer has no answer, 491 while ours has none, else it moves the stream', async () => {
  const { call, wait, send, latest, prack, events } = await called(supports)
  call.progress(180)
  await wait(5)
  await send({ method: 'UPDATE', cseq: 2, sdp: movedOffer })
  assert.equal(latest().status, 500)
  assert.match(latest().headers.get('Retry-After')!, /^(\d|10)$/)
  call.progress(183, { sdp: answer })
  await wait(5)
  await prack(3)
  await send({ method: 'UPDATE', cseq: 4, sdp: movedOffer })
  assert.equal(latest().status, 200)
  assert.match(Buffer.from(latest().body).toString(), /^m=audio 6000 /m)
  assert.deepEqual(events, [{ type: 'remote-offer', sdp: movedOffer }])
  await send({ method: 'UPDATE', cseq: 5 })
  assert.deepEqual([latest().status, latest().body.length], [200, 0])
  call.answer(answer)
  await wait(5)
  assert.deepEqual([latest().status, latest().body.length], [200, 0])

  const offerless = await called({ extra: 'Supported: 100rel\n' })
  offerless.call.progress(183, { sdp: answer })
  await offerless.wait(5)
  await offerless.send({ method: 'UPDATE', cseq: 2, sdp: movedOffer })
  assert.equal(offerless.latest().status, 491)
})

void test('a provisional is told again each minute to a caller that requires it, and needs its PRACK again', async () => {
  const { call, wait, statuses, prack, peer } = await called(requires)
  call.progress(180)
  await wait(5)
  await prack(2)
  await wait(60_000)
  assert.deepEqual(statuses(), [100, 180, 200, 180])
  await prack(3)
  assert.equal(new Set(peer.responses.flatMap(({ headers }) => headers.get('RSeq') ?? [])).size, 2)
})

for (const loss of [0, 0.3]) {
  void test(`early media of 60 calls between two of us reaches every caller at ${loss * 100} % loss`, async () => {
    const network = new FakeNetwork(4)
    network.weather = { loss, duplication: 0.05, delayMsMin: 5, delayMsMax: 80 }
    const callee = await SipUserAgent.open({
      ...here,
      log,
      clock: network.clock,
      openTransport: network.open(here.address, here.port),
      onCall(call) {
        call.progress(180)
        call.progress(183, { sdp: answer })
        network.clock.after(20_000, () => call.answer(answer))
      },
    })
    const caller = await SipUserAgent.open({ ...there, log, clock: network.clock, openTransport: network.open(there.address, there.port) })
    const stories = Array.from({ length: 60 }, () => {
      const story: string[] = []
      const call = caller.invite({ target: here, requestUri: 'sip:4001@10.0.0.1', from: 'sip:1@10.0.0.2', to: 'sip:4001@10.0.0.1', sdp: offer, ringMsMax: 60_000, onEvent: (event) => story.push('sdp' in event && event.sdp !== undefined ? `${event.type} sdp` : event.type) })
      network.clock.after(70_000, () => void call.hangUp())
      return story
    })
    await network.clock.advance(300_000)
    for (const story of stories) {
      assert.equal(story.filter((word) => word === 'progress sdp').length, 1, story.join(', '))
      assert.deepEqual(story.slice(-2), ['answered sdp', 'ended'], story.join(', '))
    }
    for (const { stats } of [caller, callee]) assert.deepEqual([stats.calls, stats.transactions, stats.failed], [0, 0, 0])
    assert.equal(network.clock.planned, 0)
  })
}
