// What a trace of a call shows, what it hides, and that it stays small.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { dial, there, theirSdp } from './fake-call.ts'
import { callIdOf, maskPhones, maskSecrets } from './trace-mask.ts'
import { CallTrace } from './trace.ts'

const hasTshark = !(spawnSync('tshark', ['-v']).error instanceof Error)
const skipTshark = !hasTshark && process.env['REQUIRE_INTEROP'] !== '1' ? 'tshark is not installed' : false

/** The datagrams of a capture file, by RFC 791, RFC 8200 and RFC 768. */
function readPcap(bytes: Uint8Array) {
  const file = Buffer.from(bytes)
  assert.deepEqual([file.readUInt32BE(0), file.readUInt16BE(4), file.readUInt16BE(6), file.readUInt32BE(20)], [0xa1b2c3d4, 2, 4, 101])
  const packets: { atMs: number; from: string; to: string; payload: string }[] = []
  for (let at = 24; at < file.length; ) {
    const [seconds, micros, length] = [file.readUInt32BE(at), file.readUInt32BE(at + 4), file.readUInt32BE(at + 8)]
    assert.equal(file.readUInt32BE(at + 12), length)
    const packet = file.subarray(at + 16, at + 16 + length)
    const isV4 = packet[0]! >> 4 === 4
    const udp = packet.subarray(isV4 ? 20 : 40)
    if (isV4) {
      let sum = 0
      for (let word = 0; word < 20; word += 2) sum += packet.readUInt16BE(word)
      assert.equal(((sum & 0xffff) + (sum >>> 16)) & 0xffff, 0xffff, 'header checksum')
    }
    assert.equal(packet[isV4 ? 9 : 6], 17)
    assert.equal(udp.readUInt16BE(4), udp.length)
    const address = (begin: number): string => (isV4 ? packet.subarray(begin, begin + 4).join('.') : packet.subarray(begin, begin + 16).toString('hex'))
    const [from, to] = isV4 ? [address(12), address(16)] : [address(8), address(24)]
    packets.push({ atMs: seconds * 1_000 + micros / 1_000, from: `${from}:${udp.readUInt16BE(0)}`, to: `${to}:${udp.readUInt16BE(2)}`, payload: udp.subarray(8).toString('latin1') })
    at += 16 + length
  }
  return packets
}

/** A call through a 401, early media, a repeated 200, keys by INFO, and its end. */
async function tracedCall() {
  let network: { clock: { nowMs(): number } } | undefined
  const trace = new CallTrace({ now: () => Date.UTC(2026, 10, 21, 15, 40) + (network?.clock.nowMs() ?? 0) })
  const stage = await dial({ trace, credentials: { username: '02160001000', password: 'hunter2' } })
  network = stage.network
  const { peer, wait, invite, call } = stage
  await wait(100)
  peer.reply(invite(), 401, { headers: [['WWW-Authenticate', 'Digest realm="carrier", nonce="n1", qop="auth"']] })
  await wait(100)
  peer.reply(invite(), 183, { sdp: theirSdp, headers: [['Reason', 'Q.850;cause=16']] })
  await wait(1_000)
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(50)
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(50)
  peer.request(invite(), 'INFO', 2, { headers: [['Content-Type', 'application/dtmf-relay']], body: 'Signal=7\r\nDuration=160\r\n' })
  await wait(50)
  void call.hangUp()
  await wait(50)
  peer.reply(peer.got('BYE')[0]!, 200)
  await wait(50)
  return { ...stage, trace }
}

void test('the ladder tells time, direction, first line, what is new, and each SDP in a line', async () => {
  const { trace, call } = await tracedCall()
  const lines = trace.ladder().split('\n')
  assert.equal(lines[0], 'SIP trace of 13 messages from 2026-11-21T15:40:00.000Z')
  assert.match(lines[1]!, /^us: 10\.0\.0\.1:5060/)
  assert.equal(lines[2], `Call-ID: ${call.callId}`)
  const steps = lines.filter((line) => /──▶|◀──/.test(line)).map((line) => line.replace(/ {2,}/g, ' ').trim())
  assert.deepEqual(steps, [
    '0.000 ──▶ 10.0.0.2:5060 UDP INVITE sip:13800138000@carrier.example [1 INVITE]',
    '0.101 ◀── 10.0.0.2:5060 UDP 401 Unauthorized [1 INVITE]',
    '0.101 ──▶ 10.0.0.2:5060 UDP ACK sip:13800138000@carrier.example [1 ACK]',
    '0.101 ──▶ 10.0.0.2:5060 UDP INVITE sip:13800138000@carrier.example [2 INVITE]',
    '0.201 ◀── 10.0.0.2:5060 UDP 183 Session Progress [2 INVITE]',
    '1.201 ◀── 10.0.0.2:5060 UDP 200 OK [2 INVITE]',
    '1.201 ──▶ 10.0.0.2:5060 UDP ACK sip:peer@10.0.0.2:5060 [2 ACK]',
    '1.251 ◀── 10.0.0.2:5060 UDP 200 OK [2 INVITE] (again)',
    '1.251 ──▶ 10.0.0.2:5060 UDP ACK sip:peer@10.0.0.2:5060 [2 ACK] (again)',
    '1.301 ◀── 10.0.0.2:5060 UDP INFO sip:10.0.0.1:5060 [2 INFO]',
    '1.301 ──▶ 10.0.0.2:5060 UDP 200 OK [2 INFO]',
    '1.350 ──▶ 10.0.0.2:5060 UDP BYE sip:peer@10.0.0.2:5060 [3 BYE]',
    '1.401 ◀── 10.0.0.2:5060 UDP 200 OK [3 BYE]',
  ])
  const text = trace.ladder()
  assert.match(text, /^ +From: "外呼" <sip:02160001000@carrier\.example>;tag=/m)
  assert.match(text, /^ +Reason: Q\.850;cause=16$/m)
  assert.match(text, /^ +SDP: audio 10\.0\.0\.2:7000 sendrecv, 8 PCMA\/8000, 0 PCMU\/8000, 101 telephone-event\/8000/m)
})

void test('passwords, digest responses and typed keys are in neither the text nor the capture', async () => {
  const { trace, peer } = await tracedCall()
  const response = /response="([0-9a-f]{32})"/.exec(peer.got('INVITE')[1]!.headers.get('Authorization')!)![1]!
  const views = [trace.ladder(), Buffer.from(trace.pcap()).toString('latin1'), JSON.stringify(trace.messages.map(({ bytes }) => Buffer.from(bytes).toString('latin1')))]
  for (const view of views) for (const secret of [response, 'hunter2', 'Signal=7']) assert.equal(view.includes(secret), false, secret)
  assert.match(trace.ladder(), /Authorization: Digest username="02160001000", realm="carrier", nonce="n1", uri=.*response="x{32}"/)
})

void test('phone numbers can be crossed out in both', async () => {
  const { trace } = await tracedCall()
  for (const view of [trace.ladder({ maskPhones: true }), Buffer.from(trace.pcap({ maskPhones: true })).toString('latin1')]) {
    for (const phone of ['13800138000', '02160001000']) assert.equal(view.includes(phone), false, phone)
    assert.match(view, /sip:138\*{4}8000@carrier\.example/)
    assert.match(view, /sip:021\*{4}1000@/)
  }
})

void test('the capture holds every message, whole, with its time and its ends', async () => {
  const { trace } = await tracedCall()
  const packets = readPcap(trace.pcap())
  assert.equal(packets.length, trace.messages.length)
  assert.deepEqual([packets[0]!.from, packets[0]!.to], ['10.0.0.1:5060', '10.0.0.2:5060'])
  assert.deepEqual([packets[1]!.from, packets[1]!.to], ['10.0.0.2:5060', '10.0.0.1:5060'])
  assert.equal(packets[1]!.atMs, Date.UTC(2026, 10, 21, 15, 40) + 101)
  for (const { payload } of packets) {
    const [head, body] = payload.split('\r\n\r\n') as [string, string]
    assert.equal(Number(/Content-Length: (\d+)/.exec(head)![1]), body.length)
  }
})

void test('tshark reads the capture as SIP and SDP', { skip: skipTshark }, async () => {
  const { trace, call } = await tracedCall()
  const v6 = new CallTrace({ now: () => 1_000 })
  const at = (address: string) => ({ address, port: 5070 })
  v6.record({ sent: true, us: at('2001:db8::1'), them: at('::ffff:192.0.2.9'), protocol: 'TLS', callId: 'six', bytes: Buffer.from('OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK1\r\nCall-ID: six\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n') })
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-trace-'))
  try {
    const read = async (name: string, bytes: Uint8Array, ...fields: string[]): Promise<string[]> => {
      const file = path.join(folder, name)
      await writeFile(file, bytes)
      const run = spawnSync('tshark', ['-r', file, '-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], { encoding: 'utf8' })
      assert.equal(run.status, 0, run.stderr)
      return run.stdout.trimEnd().split('\n')
    }
    const rows = await read('call.pcap', trace.pcap(), 'sip.Call-ID', 'sip.Method', 'sip.Status-Code', 'sdp.media', '_ws.malformed')
    assert.equal(rows.length, trace.messages.length)
    assert.ok(rows.every((row) => row.startsWith(call.callId) && !row.includes('Malformed')), rows.join('\n'))
    assert.match(rows[0]!, /INVITE\t\taudio 6000 RTP\/AVP 8 0 101/)
    assert.deepEqual(await read('six.pcap', v6.pcap(), 'ipv6.src', 'ipv6.dst', 'udp.checksum.status', 'sip.Method'), ['2001:db8::1\t::ffff:192.0.2.9\t1\tOPTIONS'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

void test('a trace of two attempts and a second leg holds all of them, told apart', async () => {
  const trace = new CallTrace()
  const { agent, peer, wait, invite } = await dial({ trace })
  await wait(5)
  peer.reply(invite(), 486)
  await wait(5)
  const options = { target: there, requestUri: 'sip:2@a', from: 'sip:1@a', to: 'sip:2@a', sdp: theirSdp, ringMsMax: 1_000, onEvent: () => {} }
  const second = agent.invite({ ...options, trace })
  agent.invite(options) // nobody asked for this one
  await wait(5)
  const ladder = trace.ladder()
  assert.match(ladder, /^#2 Call-ID: /m)
  assert.match(ladder, /^ +\d+\.\d{3} {2}#1 ◀── 10\.0\.0\.2:5060 UDP +486 Busy Here/m)
  assert.match(ladder, /^ +\d+\.\d{3} {2}#2 ──▶ 10\.0\.0\.2:5060 UDP +INVITE sip:2@a/m)
  assert.equal(new Set(trace.messages.map(({ callId }) => callId)).size, 2)
  assert.ok(trace.messages.some(({ callId }) => callId === second.callId))
})

void test('a trace may be switched on in the middle and off again', async () => {
  const { agent, call, peer, wait, invite } = await dial()
  await wait(5)
  const trace = agent.trace(call.callId)
  peer.reply(invite(), 180)
  await wait(5)
  assert.deepEqual([trace.messages.length, agent.stats.traced], [1, 1])
  trace.close()
  peer.reply(invite(), 486)
  await wait(5)
  assert.deepEqual([trace.messages.length, agent.stats.traced], [1, 0])
})

void test('an endless call keeps its beginning and its end, and says what is missing', () => {
  const trace = new CallTrace({ limits: { messagesMax: 20, bytesMax: 10_000 }, now: () => 0 })
  const ends = { sent: true, us: there, them: there, protocol: 'UDP' as const, callId: 'c' }
  for (let number = 1; number <= 10_000; number += 1) trace.record({ ...ends, bytes: Buffer.from(`OPTIONS sip:${number} SIP/2.0\r\nCall-ID: c\r\nCSeq: ${number} OPTIONS\r\n\r\n`) })
  const cseqs = trace.messages.map(({ bytes }) => Number(/CSeq: (\d+)/.exec(Buffer.from(bytes).toString())![1]))
  assert.deepEqual(cseqs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9_991, 9_992, 9_993, 9_994, 9_995, 9_996, 9_997, 9_998, 9_999, 10_000])
  assert.equal(trace.dropped, 9_980)
  assert.match(trace.ladder(), /\[10 OPTIONS\]\n +… 9980 messages were not kept …\n.*\[9991 OPTIONS\]/)
  for (let number = 0; number < 10; number += 1) trace.record({ ...ends, bytes: Buffer.alloc(4_000, 'x') })
  assert.ok(trace.messages.reduce((sum, { bytes }) => sum + bytes.length, 0) <= 10_000)
})

void test('secrets are found however they are written, and lengths never change', () => {
  const cases: [text: string, hidden: string[]][] = [
    ['INVITE sip:a SIP/2.0\r\nproxy-authorization:Digest username="u",\r\n response="secret1" , nc=1\r\n\r\n', ['secret1']],
    ['INVITE sip:a SIP/2.0\r\nAuthorization: Digest response=secret2,realm="a"\r\n\r\n', ['secret2']],
    ['REGISTER sip:a SIP/2.0\r\nAuthorization: Basic c2VjcmV0Mw==\r\n\r\n', ['c2VjcmV0Mw==']],
    ['SIP/2.0 200 OK\r\nAuthentication-Info: qop=auth, rspauth="secret4"\r\n\r\n', ['secret4']],
    ['INVITE sip:bob:secret5@a SIP/2.0\r\nTo: <sips:bob:secret6@a>\r\n\r\n', ['secret5', 'secret6']],
    ['INVITE sip:a SIP/2.0\r\nc: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0Nw==|2^20\r\na=ice-pwd:secret8\r\nk=clear:secret9\r\n', ['c2VjcmV0Nw==', 'secret8', 'secret9']],
    ['MESSAGE sip:a SIP/2.0\r\nContent-Type: text/plain\r\n\r\nsecret10\r\nsecret11', ['secret10', 'secret11']],
    ['INFO sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nSignal=secret12', ['secret12']],
    ['SIP/2.0 200 OK\r\nCSeq: 1 INFO\r\nContent-Type: application/sdp\r\n\r\nsecret13', ['secret13']],
    ['NOTIFY sip:a SIP/2.0\r\nContent-Type: application/simple-message-summary\r\n\r\nsecret14', ['secret14']],
    ['garbage secret?', []],
    ['', []],
  ]
  for (const [text, hidden] of cases) {
    const masked = Buffer.from(maskSecrets(Buffer.from(text))).toString()
    assert.equal(masked.length, text.length, text)
    for (const secret of hidden) assert.equal(masked.includes(secret), false, masked)
  }
  const kept = 'INVITE sip:+8613800138000;phone-context=+86@b SIP/2.0\r\nTo: <sip:10.0.0.1:5060>, "a: b" <sip:c@d>\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 8\r\n'
  assert.equal(Buffer.from(maskSecrets(Buffer.from(kept))).toString(), kept)
})

void test('numbers of people are crossed out, addresses and parameters are not', () => {
  const text = [
    'INVITE sip:+8613800138000@203.0.113.10:5060;user=phone SIP/2.0',
    'Via: SIP/2.0/UDP 192.168.100.200:5060;branch=z9hG4bK13800138000',
    'From: "13800138000" <tel:+86-138-0013-8000>;tag=1234567890',
    'To: <sip:95588@192.168.100.200>',
    'Remote-Party-ID: <sip:02160001000@a>;party=calling',
    'Contact: sip:02160001000@192.168.100.200:50600',
    'CSeq: 1380013800 INVITE',
    '',
    'o=- 1380013800 1 IN IP4 192.168.100.200',
  ].join('\r\n')
  assert.equal(
    maskPhones(text),
    [
      'INVITE sip:+861******8000@203.0.113.10:5060;user=phone SIP/2.0',
      'Via: SIP/2.0/UDP 192.168.100.200:5060;branch=z9hG4bK13800138000',
      'From: "138****8000" <tel:+86-1**-****-8000>;tag=1234567890',
      'To: <sip:95588@192.168.100.200>',
      'Remote-Party-ID: <sip:021****1000@a>;party=calling',
      'Contact: sip:021****1000@192.168.100.200:50600',
      'CSeq: 1380013800 INVITE',
      '',
      'o=- 1380013800 1 IN IP4 192.168.100.200',
    ].join('\r\n'),
  )
})

void test('what a far end writes cannot move the cursor of whoever reads it', () => {
  const trace = new CallTrace({ now: () => 0 })
  trace.record({ sent: false, us: there, them: there, protocol: 'UDP', callId: 'c', bytes: Buffer.from('SIP/2.0 200 \x1b[2Jgone\r\nCall-ID: c\r\nCSeq: 1 BYE\r\nReason: SIP;text="\x1b]0;x\x07\u202e"\r\nServer: ' + 'y'.repeat(5_000) + '\r\n\r\n') })
  const text = trace.ladder()
  assert.equal(/[\x00-\x09\x0b-\x1f\x7f\u202e]/.test(text), false)
  assert.ok(text.length < 2_000)
})

void test('the Call-ID is found in either spelling and nowhere else', () => {
  assert.equal(callIdOf(Buffer.from('BYE sip:a SIP/2.0\r\nX-Call-ID: no\r\ni : abc@d \r\n\r\nCall-ID: body')), 'abc@d')
  assert.equal(callIdOf(Buffer.from('BYE sip:a SIP/2.0\r\ncall-id:abc\n\n')), 'abc')
  assert.equal(callIdOf(Buffer.from('\r\n\r\n')), undefined)
})
