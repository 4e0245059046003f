// What may be asked for in an INVITE, how it stands on the wire, and that numbers in tel: form come back as they were written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { dial, theirSdp } from './fake-call.ts'

void test('extra headers stand in their order, spelled as usual where we know them', async () => {
  const headers = [
    ['X-Line-ID', '上海 7'],
    ['p-asserted-identity', '"外呼" <tel:+862160001000;phone-context=+86>'],
    ['P-Asserted-Identity', '<sip:+862160001000@ims.example;user=phone>'],
    ['x-line-ID', 'b'],
    ['privacy', 'none'],
  ] as const
  const { invite, wait, network } = await dial({ headers })
  await wait(5)
  const lines = Buffer.from(network.sent[0]!.text, 'latin1').toString('utf8').split('\r\n')
  assert.deepEqual(
    lines.filter((line) => /^(x-line|p-asserted|privacy)/i.test(line)),
    ['X-Line-ID: 上海 7', 'P-Asserted-Identity: "外呼" <tel:+862160001000;phone-context=+86>', 'P-Asserted-Identity: <sip:+862160001000@ims.example;user=phone>', 'x-line-ID: b', 'Privacy: none'],
  )
  assert.equal(invite().headers.all('P-Asserted-Identity').length, 2)
})

void test('a preloaded route goes with the INVITE, its CANCEL and the ACK of a refusal', async () => {
  const stage = await dial({ headers: [['route', '<sip:10.0.0.2;lr>']] })
  await stage.wait(5)
  stage.peer.reply(stage.invite(), 180)
  await stage.wait(5)
  void stage.call.hangUp()
  await stage.wait(5)
  stage.peer.reply(stage.peer.got('CANCEL')[0]!, 200)
  stage.peer.reply(stage.invite(), 487)
  await stage.wait(5)
  for (const method of ['INVITE', 'CANCEL', 'ACK']) assert.equal(stage.peer.got(method)[0]?.headers.get('Route'), '<sip:10.0.0.2;lr>', method)
})

void test('headers that are ours, start another line or are too many are refused before anything is sent', async () => {
  const reserved = ['From', 't', 'CALL-ID', 'cseq', 'v', 'm', 'Contact', 'l', 'Content-Type', 'Max-Forwards', 'Supported', 'k', 'Require', 'Session-Expires', 'x', 'Min-SE', 'Authorization', 'proxy-authorization', 'Allow', 'User-Agent', 'RAck', 'Record-Route']
  for (const name of reserved) await assert.rejects(dial({ headers: [[name, 'a']] }), InvalidInputError, name)
  for (const value of ['a\r\nVia: b', 'a\nb', 'a\rb', 'a\0b', 'x'.repeat(4_097)]) await assert.rejects(dial({ headers: [['X-Note', value]] }), InvalidInputError, JSON.stringify(value))
  for (const name of ['', 'X Note', 'X-Note:', 'X\r\nY', 'ü']) await assert.rejects(dial({ headers: [[name, 'a']] }), InvalidInputError, JSON.stringify(name))
  const many = Array.from({ length: 33 }, (_, index) => [`X-${index}`, 'a'] as const)
  await assert.rejects(dial({ headers: many }), InvalidInputError)
  const { invite, wait } = await dial({ headers: many.slice(1) })
  await wait(5)
  assert.equal(invite().headers.get('X-32'), 'a')
})

void test('without reliable provisionals nothing offers them, and a far end that sends one all the same is acknowledged', async () => {
  const { invite, peer, wait } = await dial({ reliableProvisionals: false })
  await wait(5)
  assert.deepEqual(invite().headers.all('Supported'), ['timer'])
  peer.reply(invite(), 183, { sdp: theirSdp, headers: [['Require', '100rel'], ['RSeq', '7']] })
  await wait(5)
  assert.equal(peer.got('PRACK')[0]?.headers.get('RAck'), '7 1 INVITE')
})

void test('the user of the digest is the account and not the caller', async () => {
  const { peer, invite, wait } = await dial({ from: '<sip:02160001000@carrier.example>', credentials: { username: 'trunk-7@ims.example', password: 'secret' } })
  await wait(5)
  peer.reply(invite(), 407, { headers: [['Proxy-Authenticate', 'Digest realm="carrier", nonce="n", qop="auth"']] })
  await wait(5)
  assert.match(invite().headers.get('Proxy-Authorization')!, /^Digest username="trunk-7@ims\.example", realm="carrier"/)
  assert.match(invite().headers.get('From')!, /^<sip:02160001000@carrier\.example>;tag=/)
})

void test('tel: addresses with phone context go out as written, through the whole dialog', async () => {
  const from = '"总机" <tel:02160001000;phone-context=+86>'
  const to = '<tel:13800138000;phone-context=ims.example>'
  const stage = await dial({ requestUri: 'tel:13800138000;phone-context=ims.example', from, to, headers: [['P-Preferred-Identity', '<tel:+86-21-6000-1000>']] })
  const { peer, invite, wait, call } = stage
  await wait(5)
  const fromOnWire = Buffer.from(from).toString('latin1')
  assert.equal(invite().uri, 'tel:13800138000;phone-context=ims.example')
  assert.equal(invite().headers.get('To'), to)
  assert.equal(invite().headers.get('P-Preferred-Identity'), '<tel:+86-21-6000-1000>')
  assert.equal(invite().headers.get('Contact'), '<sip:02160001000@10.0.0.1:5060>')
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(5)
  void call.hangUp()
  await wait(5)
  for (const method of ['ACK', 'BYE']) {
    const { headers } = peer.got(method)[0]!
    assert.equal(headers.get('From')?.replace(/;tag=.*/, ''), fromOnWire, method)
    assert.equal(headers.get('To'), `${to};tag=peer`, method)
  }
})

void test('a bare tel: address gets brackets so that its parameters stay its own', async () => {
  const { invite, wait } = await dial({ from: 'tel:02160001000;phone-context=+86', to: 'tel:10086' })
  await wait(5)
  assert.match(invite().headers.get('From')!, /^<tel:02160001000;phone-context=\+86>;tag=[0-9a-f]+$/)
  assert.equal(invite().headers.get('To'), '<tel:10086>')
})
