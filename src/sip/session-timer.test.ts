// Session timers (RFC 4028) in calls against a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { dial, dialAndAnswer, theirSdp, type Stage } from './fake-call.ts'
import { SipHeaders } from './message.ts'
import { answerInterval, sessionExpiresOf } from './session-timer.ts'

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
  const plain = await dial({ sessionSeconds: 0, reliableProvisional: false })
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
