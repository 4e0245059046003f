import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRtcp, parseRtcp, writeRtcp, type RtcpPacket } from './rtcp.ts'
import { seededRandom } from './seeded-random.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const block = { ssrc: 0xcafebabe, fractionLost: 64, packetsLost: -3, highestSequence: 0x0001_fffe, jitter: 40, lastReport: 0x8000_0001, sinceLastReport: 65_536 }
const sender = { ntpSeconds: 3_900_000_000, ntpFraction: 0xffff_ffff, rtpTimestamp: 0xdead_beef, packets: 50, octets: 8_000 }

void test('writes a sender report word by word as RFC 3550 §6.4.1 has it', () => {
  const bytes = writeRtcp([{ type: 'report', ssrc: 1, sender, blocks: [block] }])
  assert.deepEqual(Buffer.from(bytes).toString('hex'), [
    '81c8000c', '00000001', 'e8754700', 'ffffffff', 'deadbeef', '00000032', '00001f40',
    'cafebabe', '40fffffd', '0001fffe', '00000028', '80000001', '00010000',
  ].join(''))
})

void test('names always end in zero bytes, on a word', () => {
  for (const [cname, words] of [['', 2], ['a', 2], ['ab', 3], ['abcde', 3], ['abcdef', 4]] as const) {
    const bytes = writeRtcp([{ type: 'description', ssrc: 7, cname }])
    assert.equal(bytes.length, 4 + words * 4, cname)
    assert.equal((bytes[2]! << 8) | bytes[3]!, words)
    assert.equal(bytes.at(-1), 0)
  }
  assert.equal(writeRtcp([{ type: 'description', ssrc: 7, cname: 'x'.repeat(999) }])[9], 255)
})

void test('reads back a compound of every kind it writes', () => {
  const packets: RtcpPacket[] = [
    { type: 'report', ssrc: 1, sender, blocks: [block, { ...block, packetsLost: 0x7f_ffff }] },
    { type: 'report', ssrc: 0xffff_ffff, blocks: [] },
    { type: 'description', ssrc: 1, cname: 'AbCd0123/+AbCd01' },
    { type: 'bye', sources: [1, 0x8000_0000] },
  ]
  assert.deepEqual(parseRtcp(writeRtcp(packets)), packets)
})

void test('skips what it does not know, and padding', () => {
  assert.deepEqual(parseRtcp(hex('80c90001 00000001 80cc0002 00000001 41424344 a1cb0002 00000001 00000004')), [
    { type: 'report', ssrc: 1, blocks: [] },
    { type: 'bye', sources: [1] },
  ])
})

void test('refuses a datagram whose lengths do not add up', () => {
  for (const bytes of [
    '', // nothing
    '80c900', // half a header
    '40c90001 00000001', // version 1
    '80c90002 00000001', // longer than the datagram
    '80c90000', // a report without a source
    '81c90001 00000001', // a block that is not there
    '80c80001 00000001', // a sender report without sender
    '82cb0001 00000001', // two sources, one there
    '81ca0002 00000001 01ff4142', // a name longer than the packet
    'a0c90001 00000000 80c90001 00000001', // padding before the end
    'a0c90001 00000000', // padding of no length
    'a0c90001 000000ff', // padding beyond the beginning
    '80c90001 00000001 80', // a byte too much
  ]) {
    assert.equal(parseRtcp(hex(bytes)), undefined, bytes)
  }
})

void test('never throws, never reads outside, and takes no more than is there, whatever the bytes', () => {
  const random = seededRandom(3)
  const whole = new Uint8Array(writeRtcp([{ type: 'report', ssrc: 1, sender, blocks: [block] }, { type: 'description', ssrc: 1, cname: 'somebody' }, { type: 'bye', sources: [1] }]))
  let parsed = 0
  for (let round = 0; round < 50_000; round += 1) {
    const bytes = whole.slice(0, random() < 0.3 ? Math.floor(random() * whole.length) : whole.length)
    for (let hits = 1 + Math.floor(random() * 4); hits > 0 && bytes.length > 0; hits -= 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const packets = parseRtcp(bytes)
    if (packets === undefined) continue
    parsed += 1
    assert.ok(packets.length <= bytes.length / 4)
  }
  for (let round = 0; round < 20_000; round += 1) parseRtcp(Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)))
  assert.ok(parsed > 1_000, 'the fuzz reaches past the first check')
})

void test('tells RTCP from RTP on one port: A-law with and without marker is RTP', () => {
  assert.equal(isRtcp(hex('80c80001')), true)
  for (const first of ['8008', '8088', '80e5', '8065', '0001']) assert.equal(isRtcp(hex(`${first}0001`)), false, first)
})
