import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALAW_SILENCE, decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, ULAW_SILENCE } from './g711.ts'

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768)

void test('every A-law byte survives decoding and encoding', () => {
  assert.deepEqual(encodeAlaw(decodeAlaw(everyByte)), everyByte)
})

void test('every µ-law byte survives decoding and encoding, but for the second zero', () => {
  const expected = everyByte.slice()
  expected[0x7f] = 0xff
  assert.deepEqual(encodeUlaw(decodeUlaw(everyByte)), expected)
})

void test('decodes the corner values of ITU-T G.711', () => {
  assert.deepEqual([...decodeAlaw(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))], [8, -8, 32_256, -32_256])
  assert.deepEqual([...decodeUlaw(Uint8Array.of(0xff, 0x7f, 0x80, 0x00))], [0, 0, 32_124, -32_124])
})

void test('no sample strays by more than half a step of its segment', () => {
  for (const decoded of [decodeAlaw(encodeAlaw(everySample)), decodeUlaw(encodeUlaw(everySample))]) {
    for (let i = 0; i < everySample.length; i += 1) {
      const sample = everySample[i]!
      const error = Math.abs(decoded[i]! - sample)
      assert.ok(error <= 8 + Math.abs(sample) / 32, `${sample} became ${decoded[i]}`)
    }
  }
})

void test('silence is the code of zero', () => {
  assert.equal(encodeAlaw(new Int16Array(1))[0], ALAW_SILENCE)
  assert.equal(encodeUlaw(new Int16Array(1))[0], ULAW_SILENCE)
})

void test('writes into a packet at an offset', () => {
  assert.deepEqual(encodeAlaw(new Int16Array(2), new Uint8Array(4), 1), Uint8Array.of(0, 0xd5, 0xd5, 0))
})
