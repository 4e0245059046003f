// Strangers that send too much, lie about who they are, or send rubbish.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { log } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import type { IncomingCall } from './leg.ts'
import { buildOffer } from './sdp.ts'
import { SourceLimits } from './source-limits.ts'
import { SipUserAgent, type UserAgentOptions } from './user-agent.ts'

const here = { address: '10.0.0.1', port: 5060 }
const offer = buildOffer({ address: '10.0.0.2', port: 7000, sessionId: 9, version: 1 })

function requestText(method: string, number: number, from: string, more: { toTag?: string; sdp?: string; broken?: boolean } = {}): string {
  return `${method} sip:4001@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP ${from}:5060;branch=z9hG4bK${from}-${number};rport
From: <sip:100@10.0.0.1>;tag=${number}
To: <sip:4001@10.0.0.1>${more.toTag === undefined ? '' : `;tag=${more.toTag}`}
Call-ID: ${from}-${number}
CSeq: 1 ${method}
Contact: <sip:100@${from}>
${more.broken === true ? 'Content-Length: 60000\n' : ''}${more.sdp === undefined ? '' : 'Content-Type: application/sdp\n'}
${more.sdp ?? ''}`
}

async function stage(options: Partial<UserAgentOptions> = {}) {
  const network = new FakeNetwork()
  const calls: IncomingCall[] = []
  const agent = await SipUserAgent.open({ ...here, log, clock: network.clock, openTransport: network.open(here.address, here.port), limits: { unknownPerSecondMax: 10 }, ...options })
  return { network, agent, calls, wait: (ms: number) => network.clock.advance(ms), peer: (address: string, port = 5060) => FakePeer.open(network, { address, port }, here) }
}

void test('a stranger may begin thirty things at once and ten a second, and nothing of the rest is answered', async () => {
  const { peer, agent, wait } = await stage()
  const stranger = await peer('203.0.113.9')
  let number = 0
  const flood = async (count: number): Promise<number> => {
    const before = stranger.responses.length
    for (let nth = 0; nth < count; nth += 1) stranger.sendText(requestText('OPTIONS', (number += 1), '203.0.113.9'))
    await wait(5)
    return stranger.responses.length - before
  }
  assert.equal(await flood(200), 30)
  assert.equal(agent.stats.limited, 170)
  assert.equal(agent.stats.transactions, 30)
  await wait(995)
  assert.equal(await flood(200), 10)
  await wait(60_000)
  assert.equal(await flood(200), 30)
})

void test('one flood costs the others nothing, and all strangers together have their limit', async () => {
  const { peer, agent, wait } = await stage()
  const flooding = await peer('203.0.113.9')
  for (let number = 0; number < 5_000; number += 1) flooding.sendText(requestText('REGISTER', number, '203.0.113.9'))
  await wait(5)
  const quiet = await peer('203.0.113.10')
  quiet.sendText(requestText('OPTIONS', 1, '203.0.113.10'))
  await wait(5)
  assert.equal(quiet.responses[0]?.status, 200)
  const before = agent.stats.transactions
  for (let host = 0; host < 600; host += 1) (await peer(`198.51.${100 + Math.floor(host / 250)}.${host % 250}`)).sendText(requestText('OPTIONS', 1, `198.51.${100 + Math.floor(host / 250)}.${host % 250}`))
  await wait(5)
  const admitted = agent.stats.transactions - before
  assert.ok(admitted >= 260 && admitted <= 301, `${admitted} of 600`)
})

void test('requests of calls that stand, CANCELs and repeats are never limited', async () => {
  const calls: IncomingCall[] = []
  const { peer, wait, agent } = await stage({ onCall: (call) => calls.push(call) })
  const stranger = await peer('203.0.113.9')
  stranger.sendText(requestText('INVITE', 1, '203.0.113.9', { sdp: offer }))
  stranger.sendText(requestText('INVITE', 2, '203.0.113.9', { sdp: offer }))
  await wait(5)
  calls[0]!.answer(offer)
  await wait(5)
  const toTag = stranger.responses.find(({ status }) => status === 200)!.envelope.toTag!
  for (let number = 100; number < 200; number += 1) stranger.sendText(requestText('OPTIONS', number, '203.0.113.9'))
  await wait(5)
  assert.ok(agent.stats.limited > 0)
  stranger.sendText(requestText('INVITE', 1, '203.0.113.9', { sdp: offer })) // absorbed
  stranger.sendText(requestText('CANCEL', 2, '203.0.113.9'))
  stranger.sendText(requestText('BYE', 1, '203.0.113.9', { toTag }).replace('CSeq: 1', 'CSeq: 2').replace('9hG4bK', '9hG4bKbye'))
  await wait(5)
  const answers = stranger.responses.map(({ status, envelope }) => `${status} ${envelope.method}`)
  for (const expected of ['200 CANCEL', '487 INVITE', '200 BYE']) assert.ok(answers.includes(expected), answers.join(', '))
})

void test('whom we call, ask or register with is no stranger, nor is this machine', async () => {
  const { peer, agent, wait } = await stage()
  const flood = async (address: string): Promise<number> => {
    const it = await peer(address, 6000)
    for (let number = 0; number < 100; number += 1) it.sendText(requestText('OPTIONS', number, address).replace(`${address}:5060`, `${address}:6000`))
    await wait(5)
    return it.responses.length
  }
  void agent.ping({ address: '203.0.113.20', port: 5060 })
  agent.register({ registrar: { address: '203.0.113.21', port: 5060 }, aor: 'sip:a@b', onState: () => {} })
  agent.invite({ target: { address: '203.0.113.22', port: 5060 }, alternatives: [{ address: '203.0.113.23', port: 5060 }], requestUri: 'sip:1@a', from: 'sip:2@a', to: 'sip:1@a', sdp: offer, ringMsMax: 1_000, onEvent: () => {} })
  for (const known of ['203.0.113.20', '203.0.113.21', '203.0.113.22', '203.0.113.23', '127.0.0.1']) assert.equal(await flood(known), 100, known)
  assert.equal(await flood('203.0.113.24'), 30)
})

void test('an INVITE under a false address brings its owner one refusal, not one and its repetitions', async () => {
  const { peer, agent, wait } = await stage()
  const victim = await peer('203.0.113.9')
  victim.sendText(requestText('INVITE', 1, '203.0.113.9', { sdp: offer }))
  await wait(40_000)
  assert.deepEqual(victim.responses.map(({ status }) => status), [480])
  assert.equal(agent.stats.transactions, 0)
  void agent.ping({ address: victim.address, port: victim.port })
  victim.sendText(requestText('INVITE', 2, '203.0.113.9', { sdp: offer }))
  await wait(3_600)
  assert.deepEqual(victim.responses.map(({ status }) => status), [480, 480, 480, 480, 480], 'somebody we know must get it')
})

void test('rubbish is answered seldom, briefly, and not at all where no answer could be read', async () => {
  const { peer, agent, wait, network } = await stage()
  const stranger = await peer('203.0.113.9')
  network.sent.length = 0
  const broken = requestText('INVITE', 1, '203.0.113.9', { broken: true })
  for (let count = 0; count < 500; count += 1) stranger.sendText(broken)
  await wait(5)
  const replies = network.sent.filter(({ from }) => from.address === here.address)
  assert.equal(replies.length, 30)
  for (const { text } of replies) assert.ok(text.length < 2 * broken.length, `${text.length} bytes for ${broken.length}`)
  assert.equal(agent.stats.limited, 470)
  const other = await peer('203.0.113.10')
  network.sent.length = 0
  for (const nothing of ['hello', 'GET / HTTP/1.1\n\n', 'INVITE sip:a SIP/2.0\n\n', 'SIP/2.0 200 OK\n\n', 'ACK sip:a SIP/2.0\nContent-Length: x\n\n', '\x16\x03\x01\x02\x00', 'x'.repeat(5_000)]) other.sendText(nothing)
  await wait(5)
  assert.deepEqual(network.sent.filter(({ from }) => from.address === here.address), [])
})

void test('the memory of sources is bounded: the ones heard of longest ago are forgotten', () => {
  const limits = new SourceLimits({ clock: new FakeClock(), unknownPerSecondMax: 1 })
  const address = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
  for (let index = 0; index < 10_001; index += 1) limits.trust(address(index))
  assert.deepEqual([limits.isKnown(address(0)), limits.isKnown(address(1)), limits.isKnown('::1'), limits.isKnown('127.8.8.8'), limits.isKnown('2001:db8::1')], [false, true, true, true, false])
})

void test('whom we spoke to is forgotten after an hour', async () => {
  const clock = new FakeClock()
  const limits = new SourceLimits({ clock, unknownPerSecondMax: 1 })
  limits.trust('203.0.113.1')
  await clock.advance(3_599_000)
  assert.equal(limits.isKnown('203.0.113.1'), true)
  await clock.advance(2_000)
  assert.equal(limits.isKnown('203.0.113.1'), false)
})
