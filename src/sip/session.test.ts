// What happens inside a dialog, against a far end played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dial, dialAndAnswer, otherSdp, theirSdp } from './fake-call.ts'
import { buildOffer } from './sdp.ts'

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

void test('a request in an early dialog follows the routes its provisional recorded', async () => {
  const { peer, wait, invite } = await dial()
  await wait(5)
  const headers: [string, string][] = [['Require', '100rel'], ['RSeq', '1'], ['Record-Route', '<sip:10.9.9.9;lr>'], ['Record-Route', '<sip:10.0.0.2:5060;lr>']]
  peer.reply(invite(), 183, { sdp: theirSdp, headers })
  await wait(5)
  assert.deepEqual(peer.got('PRACK')[0]?.headers.all('Route'), ['<sip:10.0.0.2:5060;lr>', '<sip:10.9.9.9;lr>'])
})

void test('a second re-INVITE before the ACK of the first takes its place', async () => {
  const { peer, wait, invite, types } = await dialAndAnswer()
  peer.request(invite(), 'INVITE', 1, { sdp: theirSdp })
  await wait(100)
  peer.request(invite(), 'INVITE', 2, { sdp: otherSdp })
  await wait(5)
  peer.request(invite(), 'ACK', 2)
  await wait(40_000)
  assert.equal(peer.got('BYE').length, 0)
  assert.equal(peer.responses.length, 2)
  assert.deepEqual(types(), ['answered', 'remote-offer', 'remote-offer'])
})
