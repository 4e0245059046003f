import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError, ProtocolError } from '../errors.ts'
import { seededDice } from './fake-network.ts'
import { digitOf, sdpOf } from './message-body.ts'
import { emptyBody, fromWire, messageLimits, parseMessage, serializeMessage, SipHeaders, toWire, type ReceivedRequest, type ReceivedResponse } from './message.ts'

const bytes = (text: string): Buffer => Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1')

function request(text: string): ReceivedRequest {
  const message = parseMessage(bytes(text))
  assert.equal(message.kind, 'request')
  return message as ReceivedRequest
}

const good = `INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport
From: Alice <sip:alice@example.com>;tag=a
To: <sip:bob@example.com>
Call-ID: 1@10.0.0.1
CSeq: 1 INVITE

`

void test('reads compact names, folded lines, lists and odd spacing', () => {
  const message = request(`INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
f: "J Rosenberg \\\\\\"" <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
i: wsinv.ndaksdj@192.0.2.1
Content-Length   : 4
cseq: 0009
  INVITE
v:  SIP  / 2.0  / UDP
    192.0.2.2;branch=390skdjuw, SIP/2.0/TCP 192.0.2.3 : 5099 ;branch=z9hG4bK9
s :
NewFangledHeader:   newfangled value
 continued newfangled value
Route:
 <sip:services.example.com;lr;unknown=x,y>, <sip:b.example.com>
m:"Quoted string, with \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue , <sip:other@example.com>

bodyEXTRA`)
  assert.deepEqual(
    { ...message.envelope, via: message.envelope.via.branch },
    { via: '390skdjuw', callId: 'wsinv.ndaksdj@192.0.2.1', fromTag: '98asjd8', toTag: '1918181833n', cseq: 9, method: 'INVITE' },
  )
  assert.equal(message.headers.all('Via').length, 2)
  assert.deepEqual(message.headers.all('Route'), ['<sip:services.example.com;lr;unknown=x,y>', '<sip:b.example.com>'])
  assert.equal(message.headers.all('Contact').length, 2)
  assert.equal(message.headers.get('Newfangledheader'), 'newfangled value continued newfangled value')
  assert.equal(Buffer.from(message.body).toString(), 'body')
})

void test('reads what breaks a rule without doing harm', () => {
  const harmless = [
    good.replace(/\n/g, '\n'), // with bare line feeds, below
    `\n\n${good}`,
    good.replace('INVITE sip:', 'INVITE  sip:'),
    good.replace('SIP/2.0\n', 'sip/2.0 \n'),
    good.replace('Call-ID', 'this line is no header\nCall-ID'),
    good.replace('Call-ID: 1@10.0.0.1', 'Call-ID: 1@10.0.0.1\nCall-ID: 1@10.0.0.1'),
    good.replace('CSeq', 'Content-Length: 0\nCSeq'),
  ]
  for (const text of harmless) assert.equal(request(text).envelope.callId, '1@10.0.0.1')
  assert.equal(parseMessage(Buffer.from(good.replace(/\r\n/g, '\n'))).kind, 'request')
})

void test('reads responses, with and without words', () => {
  const head = good.slice(good.indexOf('\n') + 1)
  for (const [line, status, reason] of [['SIP/2.0 200 OK', 200, 'OK'], ['SIP/2.0 486', 486, ''], ['SIP/2.0 183 Session  Progress ', 183, 'Session  Progress']] as const) {
    const message = parseMessage(bytes(`${line}\n${head}`)) as ReceivedResponse
    assert.equal(message.kind, 'response')
    assert.deepEqual([message.status, message.reason], [status, reason])
  }
})

void test('refuses what cannot be matched or answered safely', () => {
  const bad: [why: string, text: string][] = [
    ['empty', ''],
    ['no end of headers', good.trimEnd()],
    ['no method', good.replace('INVITE sip', 'sip')],
    ['another version', good.replace('SIP/2.0\nVia', 'SIP/7.0\nVia')],
    ['a space in the URI', good.replace('sip:bob@example.com SIP', 'sip:bob @example.com SIP')],
    ['status out of range', good.replace('INVITE sip:bob@example.com SIP/2.0', 'SIP/2.0 700 Odd')],
    ['no Via', good.replace('Via', 'X-Via')],
    ['unreadable Via', good.replace('SIP/2.0/UDP 10.0.0.1:5060', 'UDP 10.0.0.1')],
    ['Via port', good.replace(':5060', ':0')],
    ['no From', good.replace('From', 'X-From')],
    ['no To', good.replace('To:', 'X-To:')],
    ['no Call-ID', good.replace('Call-ID: 1@10.0.0.1', 'Call-ID:')],
    ['no CSeq', good.replace('CSeq', 'X-CSeq')],
    ['CSeq of another method', good.replace('1 INVITE', '1 BYE')],
    ['CSeq too large', good.replace('1 INVITE', '36893488147419103232 INVITE')],
    ['CSeq beyond 2^31', good.replace('1 INVITE', '2147483648 INVITE')],
    ['two senders', good.replace('To:', 'From: <sip:eve@example.com>;tag=e\nTo:')],
    ['negative length', good.replace('CSeq', 'Content-Length: -999\nCSeq')],
    ['body cut short', good.replace('CSeq', 'Content-Length: 10\nCSeq')],
    ['two lengths', good.replace('CSeq', 'Content-Length: 0\nContent-Length: 1\nCSeq')],
    ['open quote', good.replace('Alice <', '"Alice <')],
    ['open bracket', good.replace('alice@example.com>', 'alice@example.com')],
    ['endless headers', good.replace('To:', `${'X: y\n'.repeat(messageLimits.headersMax + 1)}To:`)],
    ['endless header', good.replace('To:', `X: ${'y'.repeat(messageLimits.lineBytesMax)}\nTo:`)],
    ['endless head', good.replace('To:', `${`X: ${'y'.repeat(8_000)}\n`.repeat(5)}To:`)],
  ]
  for (const [why, text] of bad) assert.throws(() => parseMessage(bytes(text)), ProtocolError, why)
  assert.throws(() => parseMessage(new Uint8Array(messageLimits.messageBytesMax + 1)), ProtocolError)
})

void test('a display name in any encoding goes back byte for byte, and shows when it is UTF-8', () => {
  const gbk = Buffer.concat([bytes(good.replace('Alice', '"%"').split('%')[0]!), Buffer.of(0xc0, 0xee), bytes(good.replace('Alice', '"%"').split('%')[1]!)])
  const message = parseMessage(gbk) as ReceivedRequest
  const again = serializeMessage(message)
  assert.ok(again.includes(Buffer.of(0x22, 0xc0, 0xee, 0x22)))
  assert.equal(fromWire(toWire('name', '李明 📞')), '李明 📞')
})

void test('what we write is read back equal, with canonical names and the right length', () => {
  const headers = new SipHeaders([['Via', 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1'], ['From', '<sip:a@b>;tag=1'], ['To', '<sip:c@d>'], ['Call-ID', 'x'], ['CSeq', '7 INFO'], ['Content-Length', '999']])
  const written = serializeMessage({ method: 'INFO', uri: 'sip:c@d', headers, body: Buffer.from('Signal=5') })
  assert.match(written.toString(), /\r\nContent-Length: 8\r\n\r\nSignal=5$/)
  const read = parseMessage(written) as ReceivedRequest
  assert.deepEqual([read.method, read.uri, read.envelope.cseq, Buffer.from(read.body).toString()], ['INFO', 'sip:c@d', 7, 'Signal=5'])
  const compact = request(good.replace('Via', 'v').replace('From', 'f').replace('To', 't').replace('Call-ID', 'i'))
  assert.match(serializeMessage(compact).toString(), /\r\nVia: .*\r\nFrom: .*\r\nTo: .*\r\nCall-ID: .*\r\nCSeq: /)
})

void test('a carriage return alone is a space, so that nothing we echo starts a line of its own', () => {
  const message = request(good.replace('Alice', 'Ali\rX-Evil: 1\rce'))
  assert.equal(message.headers.get('From'), 'Ali X-Evil: 1 ce <sip:alice@example.com>;tag=a')
})

void test('text of ours cannot start a header', () => {
  for (const text of ['a\r\nb', 'a\nb', 'a\0b', '\x7f']) assert.throws(() => toWire('name', text), InvalidInputError)
})

void test('finds SDP in a plain, a typeless and a multipart body, and nowhere else', () => {
  const sdp = 'v=0\r\ns=-\r\n'
  const message = (type: string | undefined, body: string) => ({ method: 'INVITE', uri: 'sip:a@b', headers: new SipHeaders(type === undefined ? [] : [['Content-Type', type]]), body: Buffer.from(body) })
  assert.equal(sdpOf(message('Application/SDP ;charset=utf-8', sdp)), sdp)
  assert.equal(sdpOf(message(undefined, sdp)), sdp)
  assert.equal(sdpOf(message(undefined, 'hello')), undefined)
  assert.equal(sdpOf(message('text/plain', sdp)), undefined)
  assert.equal(sdpOf(message('application/sdp', '')), undefined)
  const parts = `--b1\r\nContent-Type: application/ISUP;version=itu-t92+\r\n\r\n\u0001\u0000\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b1--\r\n`
  assert.equal(sdpOf(message('multipart/mixed;boundary="b1"', parts))?.trimEnd(), sdp.trimEnd())
  assert.equal(sdpOf(message('multipart/mixed', parts)), undefined)
  assert.equal(sdpOf(message('multipart/mixed;boundary=other', parts)), undefined)
})

void test('reads one key of an INFO body and refuses what is none', () => {
  const info = (type: string, body: string) => digitOf({ method: 'INFO', uri: 'sip:a@b', headers: new SipHeaders([['Content-Type', type]]), body: Buffer.from(body) })
  assert.equal(info('application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n'), '5')
  assert.equal(info('application/dtmf-relay', 'Duration=100\r\nsignal= d\r\n'), 'D')
  assert.equal(info('application/dtmf-relay', 'Signal=11'), '#')
  assert.equal(info('application/dtmf', '*'), '*')
  for (const body of ['Signal=', 'Signal=12', 'Signal=x', '5', '']) assert.equal(info('application/dtmf-relay', body), undefined, body)
  assert.equal(info('text/plain', '5'), undefined)
})

void test('20,000 damaged messages give a message or a ProtocolError, never anything else', () => {
  const dice = seededDice(42)
  const pick = (below: number): number => Math.floor(dice() * below)
  const seeds = [good, good.replace('INVITE sip:bob@example.com SIP/2.0', 'SIP/2.0 183 Session Progress'), `${good.slice(0, -1)}Content-Type: application/sdp\nRecord-Route: <sip:a;lr>,<sip:b;lr>\nReason: Q.850;cause=16;text="x"\n\nv=0\nm=audio 1 RTP/AVP 8\n`].map(bytes)
  const splices = ['"', '<', '>', ';', ',', '\\', '\r\n', '\r\n ', '\r\n\r\n', ':', '\0', '\xff', 'Content-Length: 5\r\n', ';tag=', '%', '@', '[', ' '].map((text) => Buffer.from(text, 'latin1'))
  let refused = 0
  for (let round = 0; round < 20_000; round += 1) {
    let message: Buffer = seeds[pick(seeds.length)]!
    for (let change = pick(6); change >= 0; change -= 1) {
      const at = pick(message.length + 1)
      const kind = pick(4)
      const insert = kind === 0 ? Buffer.of(pick(256)) : kind === 1 ? splices[pick(splices.length)]! : Buffer.alloc(0)
      message = Buffer.concat([message.subarray(0, at), insert, message.subarray(at + (kind === 3 ? pick(40) : kind === 2 ? 1 : 0))])
    }
    try {
      const parsed = parseMessage(message)
      sdpOf(parsed)
      parseMessage(serializeMessage(parsed))
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `round ${round}: ${String(error)}`)
      refused += 1
    }
  }
  assert.ok(refused > 1_000 && refused < 19_000, `${refused} refused`)
  assert.equal(emptyBody.length, 0)
})
