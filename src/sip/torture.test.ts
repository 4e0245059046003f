import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../errors.ts'
import { here, log, there } from './fake-call.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakePeer } from './fake-peer.ts'
import { sdpOf } from './message-body.ts'
import { fromWire, parseMessage, serializeMessage, type ReceivedRequest, type ReceivedResponse } from './message.ts'
import { buildAnswer } from './sdp.ts'
import { tortureMessages } from './torture-messages.ts'
import { SipUserAgent } from './user-agent.ts'

/** The final status that goes back; 'unread' and 'unmatched' for what is dropped in silence. */
const right: Record<string, number | 'unread' | 'unmatched'> = {
  // Its To has a tag of no dialog of ours.
  wsinv: 481,
  intmeth: 501,
  esc01: 200,
  escnull: 405,
  esc02: 501,
  lwsdisp: 200,
  longreq: 200,
  dblreq: 405,
  semiuri: 200,
  transports: 200,
  mpart01: 405,
  unreason: 'unmatched',
  noreason: 'unmatched',
  // Separators too many say nothing.
  badinv01: 200,
  clerr: 400,
  ncl: 400,
  scalar02: 400,
  scalarlg: 'unread',
  quotbal: 400,
  ltgtruri: 400,
  lwsruri: 400,
  lwsstart: 200,
  trws: 200,
  // Headers in the address we are called by are not followed.
  escruri: 200,
  baddate: 200,
  regbadct: 405,
  badaspec: 200,
  baddn: 200,
  badvers: 505,
  mismatch01: 400,
  mismatch02: 400,
  bigcode: 'unread',
  badbranch: 200,
  // Without From, To and Call-ID nobody could match an answer.
  insuf: 'unread',
  unkscm: 416,
  novelsc: 416,
  unksm2: 405,
  bext01: 420,
  invut: 415,
  regaut01: 405,
  multi01: 400,
  mcl01: 400,
  bcast: 'unmatched',
  zeromf: 200,
  cparam01: 405,
  cparam02: 405,
  regescrt: 405,
  // It sends SDP, so it reads SDP, whatever its Accept says.
  sdp01: 200,
  inv2543: 200,
}

async function listening() {
  const network = new FakeNetwork()
  const peer = await FakePeer.open(network, there, here)
  const agent = await SipUserAgent.open({
    ...here,
    log,
    clock: network.clock,
    openTransport: network.open(here.address, here.port),
    onCall(call) {
      const answer = call.offer === undefined ? undefined : buildAnswer(call.offer, { address: here.address, port: 6_000, sessionId: 1, version: 1 })
      if (answer) call.answer(answer.sdp)
      else call.reject(488)
    },
  })
  return { network, peer, agent }
}

for (const { section, name, bytes } of tortureMessages) {
  void test(`RFC 4475 §${section} ${name}: ${right[name]}`, async () => {
    const { network, peer, agent } = await listening()
    peer.sendBytes(bytes)
    await network.clock.advance(10)
    const statuses = network.sent.filter(({ from }) => from.address === here.address).map(({ text }) => Number(/^SIP\/2\.0 (\d{3})/.exec(text)![1]))
    const { malformed, unmatched, failed } = agent.stats
    assert.equal(statuses.findLast((status) => status >= 200) ?? (malformed === 1 ? 'unread' : unmatched === 1 ? 'unmatched' : 'lost'), right[name])
    assert.equal(failed, 0)
    // It goes on as if nothing had been, and forgets it.
    const call = agent.invite({ target: there, requestUri: 'sip:13800138000@10.0.0.2', from: 'sip:1@10.0.0.1', to: 'sip:13800138000@10.0.0.2', sdp: 'v=0\r\n', ringMsMax: 1_000, onEvent: () => {} })
    await network.clock.advance(10)
    assert.equal(peer.got('INVITE').length, 1)
    peer.reply(peer.got('INVITE')[0]!, 486)
    await network.clock.advance(10)
    await call.hangUp()
    await network.clock.advance(200_000)
    assert.deepEqual([agent.stats.calls, agent.stats.transactions, network.clock.planned], [0, 0, 0])
  })
}

const named = (name: string) => tortureMessages.find((message) => message.name === name)!.bytes

void test('all 49 messages of RFC 4475 are here, and each is judged', () => {
  assert.equal(tortureMessages.length, 49)
  assert.deepEqual(tortureMessages.map(({ name }) => name).sort(), Object.keys(right).sort())
})

void test('torture messages that are valid are read as they were meant, and survive being written again', () => {
  const read = (name: string) => parseMessage(serializeMessage(parseMessage(named(name))))
  const wsinv = read('wsinv') as ReceivedRequest
  assert.deepEqual([wsinv.envelope.fromTag, wsinv.envelope.toTag, wsinv.envelope.cseq, wsinv.envelope.via.host], ['98asjd8', '1918181833n', 9, '192.0.2.2'])
  assert.equal(wsinv.headers.all('Via').length, 3)
  assert.equal(wsinv.headers.get('Max-Forwards'), '0068')
  const intmeth = read('intmeth') as ReceivedRequest
  assert.equal(intmeth.method, "!interesting-Method0123456789_*+`.%indeed'~")
  assert.equal(intmeth.envelope.fromTag, "_token~1'+`*%!-.")
  assert.match(intmeth.headers.get('To')!, /BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f/)
  assert.match(fromWire(intmeth.headers.get('From')!), /"работающий"/)
  assert.equal(read('esc01').envelope.fromTag, '938')
  assert.equal(read('longreq').headers.all('Via').length, 34)
  assert.equal((read('unreason') as ReceivedResponse).status, 200)
  assert.equal(fromWire((read('unreason') as ReceivedResponse).reason), '= 2**3 * 5**2 но сто девяносто девять - простое')
  assert.deepEqual([(read('noreason') as ReceivedResponse).status, (read('noreason') as ReceivedResponse).reason], [100, ''])
  assert.equal(sdpOf(read('mpart01')), undefined)
  // The second message in the datagram is no part of the first.
  assert.equal((parseMessage(named('dblreq')) as ReceivedRequest).method, 'REGISTER')
  assert.equal(parseMessage(named('dblreq')).body.length, 0)
  assert.throws(() => parseMessage(named('scalar02')), ProtocolError)
})
