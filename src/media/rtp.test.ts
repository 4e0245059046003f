import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './seeded-random.ts'
import { parseRtp, RTP_HEADER_BYTES, timestampDistance, writeRtpHeader } from './rtp.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

void test('reads a header with marker and a plain payload', () => {
  assert.deepEqual(parseRtp(hex('80 88 1234 deadbeef cafebabe d5d5')), {
    marker: true,
    payloadType: 8,
    sequence: 0x1234,
    timestamp: 0xdeadbeef,
    ssrc: 0xcafebabe,
    payload: hex('d5d5'),
  })
})

void test('skips contributing sources, extension and padding', () => {
  const packet = parseRtp(hex('b2 08 0001 00000001 00000002 11111111 22222222 bede0001 aabbccdd 0102 000003'))
  assert.deepEqual(packet?.payload, hex('0102'))
})

void test('reads back what it writes', () => {
  const bytes = new Uint8Array(RTP_HEADER_BYTES)
  const header = { marker: false, payloadType: 101, sequence: 65_535, timestamp: 0xffff_fff0, ssrc: 0x8000_0001 }
  writeRtpHeader(bytes, header)
  assert.deepEqual(parseRtp(bytes), { ...header, payload: new Uint8Array(0) })
})

void test('refuses what is not RTP', () => {
  for (const bytes of [
    '', // nothing
    '80 08 0001 00000001 000000', // a byte short
    '00 01 0000 2112a442 000000000000000000000000', // STUN
    '40 08 0001 00000001 00000002', // version 1
    '80 c8 0006 00000001 00000002', // RTCP sender report
    '8f 08 0001 00000001 00000002', // 15 sources that are not there
    '90 08 0001 00000001 00000002 bedeffff', // extension beyond the end
    '90 08 0001 00000001 00000002 be', // half an extension
    'a0 08 0001 00000001 00000002 0000ff', // padding beyond the beginning
    'a0 08 0001 00000001 00000002 000000', // padding of no length
  ]) {
    assert.equal(parseRtp(hex(bytes)), undefined, bytes)
  }
})

void test('never throws and never reads outside, whatever the bytes', () => {
  const random = seededRandom(1)
  for (let round = 0; round < 50_000; round += 1) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))
    if (bytes.length > 0 && random() < 0.9) bytes[0] = (bytes[0]! & 0x3f) | 0x80
    const packet = parseRtp(bytes)
    if (packet === undefined) continue
    assert.ok(packet.payload.length <= bytes.length - RTP_HEADER_BYTES)
    assert.ok(packet.payload.byteOffset + packet.payload.length <= bytes.byteOffset + bytes.length)
  }
})

void test('measures timestamps across the wrap', () => {
  assert.equal(timestampDistance(160, 0xffff_ffff), 161)
  assert.equal(timestampDistance(0xffff_ffff, 160), -161)
})
