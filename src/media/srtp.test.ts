import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import type { SrtpSuite } from './engine.ts'
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp.ts'
import { seededRandom } from './seeded-random.ts'
import { deriveKeys } from './srtp-keys.ts'
import { SrtpCipher } from './srtp-cipher.ts'
import { SRTP_OVERHEAD_BYTES, SrtpSession } from './srtp.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const hex = (of: Uint8Array) => Buffer.from(of).toString('hex')
/** RFC 3711 B.3 */
const master = Buffer.from('E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6', 'hex').toString('base64')
const other = Buffer.alloc(30, 7).toString('base64')
const SUITE: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80'

/** Two ends under one pair of keys. */
function pair(suite: SrtpSuite = SUITE): [SrtpSession, SrtpSession] {
  return [new SrtpSession({ suite, sendKey: master, receiveKey: other }), new SrtpSession({ suite, sendKey: other, receiveKey: master })]
}

function packet(sequence: number, ssrc = 0xcafe_babe): Uint8Array {
  const out = new Uint8Array(RTP_HEADER_BYTES + 160 + SRTP_OVERHEAD_BYTES)
  writeRtpHeader(out, { marker: false, payloadType: 8, sequence: sequence & 0xffff, timestamp: (sequence * 160) >>> 0, ssrc })
  for (let i = 0; i < 160; i += 1) out[RTP_HEADER_BYTES + i] = sequence * 7 + i
  return out
}

const sent = (session: SrtpSession, sequence: number, ssrc?: number) => {
  const out = packet(sequence, ssrc)
  return out.slice(0, session.protect(out, RTP_HEADER_BYTES + 160))
}
const plain = (sequence: number, ssrc?: number) => hex(packet(sequence, ssrc).subarray(0, RTP_HEADER_BYTES + 160))
const heard = (session: SrtpSession, wire: Uint8Array) => {
  const found = session.unprotect(wire.slice())
  return found && hex(found)
}

void test('RFC 3711 B.2: the key stream of AES in counter mode', () => {
  const stream = new Uint8Array(48)
  new SrtpCipher({ cipherKey: bytes('2B7E151628AED2A6ABF7158809CF4F3C'), authKey: new Uint8Array(20), salt: bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFD') }).crypt(0, 0, 0, stream)
  assert.equal(hex(stream), 'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0')
})

void test('RFC 3711 B.3: session keys from a master key', () => {
  const keys = deriveKeys(master, 'srtp')
  assert.equal(hex(keys.cipherKey), 'c61e7a93744f39ee10734afe3ff7a087')
  assert.equal(hex(keys.salt), '30cbbc08863d8c85d49db34a9ae1')
  assert.equal(hex(keys.authKey), 'cebe321f6ff7716b6fd4ab49af256a156d38baa4')
  for (const key of ['', 'AAAA', Buffer.alloc(31).toString('base64')]) assert.throws(() => deriveKeys(key, 'srtp'), InvalidInputError)
})

void test('reads and writes what libsrtp does, RTP and RTCP', () => {
  const clear = bytes('800f1234decafbadcafebabe abababababababababababababababab')
  const wire = '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb'
  const [out, back] = pair()
  const room = new Uint8Array(clear.length + SRTP_OVERHEAD_BYTES)
  room.set(clear)
  assert.equal(hex(room.subarray(0, out.protect(room, clear.length))), wire)
  assert.equal(hex(back.unprotect(bytes(wire))!), hex(clear))

  const control = bytes('81c8000bcafebabe abababababababababababababababab')
  // Its first index is 1, ours 0.
  out.protectControl(control)
  const second = '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798'
  assert.equal(hex(out.protectControl(control)), second)
  assert.equal(hex(back.unprotectControl(bytes(second))!), hex(control))
})

for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const) {
  void test(`${suite}: what one end sends the other hears, over three wraps of the sequence number, with loss, and out of order`, () => {
    const [here, there] = pair(suite)
    const random = seededRandom(3)
    let late: { wire: Uint8Array; sequence: number } | undefined
    let count = 0
    for (let sequence = 65_000; sequence < 65_000 + 3 * 65_536; sequence += 1) {
      // Every packet changes the counter; not every one need be made to see it.
      if (sequence % 97 !== 0 && (sequence + 40) % 65_536 > 80) continue
      const wire = sent(here, sequence)
      assert.equal(wire.length, RTP_HEADER_BYTES + 160 + (suite.endsWith('80') ? 10 : 4))
      if (random() < 0.2) continue
      if (late === undefined && random() < 0.2) {
        late = { wire, sequence }
        continue
      }
      assert.equal(heard(there, wire), plain(sequence), `packet ${sequence}`)
      count += 1
      if (late !== undefined && random() < 0.5) {
        if (sequence - late.sequence < 100) assert.equal(heard(there, late.wire), plain(late.sequence), `late packet ${late.sequence}`)
        late = undefined
      }
    }
    assert.ok(count > 1_000)
  })
}

void test('a packet is heard once: copies, and those older than the window, are refused and counted', () => {
  const [here, there] = pair()
  const wires = Array.from({ length: 200 }, (_, i) => sent(here, 1_000 + i))
  assert.ok(heard(there, wires[0]!))
  assert.equal(heard(there, wires[0]!), undefined)
  for (const wire of wires.slice(2)) assert.ok(heard(there, wire))
  assert.equal(heard(there, wires[1]!), undefined, 'it was never heard, but that cannot be known any more')
  assert.deepEqual(there.refusals, { unauthentic: 0, replayed: 2 })
  const control = here.protectControl(bytes('80c90001cafebabe'))
  assert.ok(there.unprotectControl(control.slice()))
  assert.equal(there.unprotectControl(control.slice()), undefined)
  assert.equal(there.refusals.replayed, 3)
})

void test('another key, any changed bit, any length and plain packets are refused, and move nothing', () => {
  const [here, there] = pair()
  assert.ok(heard(there, sent(here, 10)))
  const stranger = new SrtpSession({ suite: SUITE, sendKey: Buffer.alloc(30, 9).toString('base64'), receiveKey: other })
  assert.equal(heard(there, sent(stranger, 40_000)), undefined)
  const wire = sent(here, 11)
  for (let bit = 0; bit < wire.length * 8; bit += 1) {
    const damaged = wire.slice()
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(heard(there, damaged), undefined, `bit ${bit}`)
  }
  for (let length = 0; length < wire.length; length += 1) assert.equal(heard(there, wire.subarray(0, length)), undefined)
  assert.equal(heard(there, packet(12).subarray(0, RTP_HEADER_BYTES + 160)), undefined)
  const random = seededRandom(11)
  for (let round = 0; round < 5_000; round += 1) {
    const garbage = Uint8Array.from({ length: Math.floor(random() * 80) }, () => random() * 256)
    assert.equal(there.unprotect(garbage.slice()), undefined)
    assert.equal(there.unprotectControl(garbage), undefined)
  }
  assert.equal(there.refusals.replayed, 0)
  assert.ok(there.refusals.unauthentic > 10_000)
  assert.equal(heard(there, wire), plain(11))
})

void test('several sources under one key each have their own count', () => {
  const [here, there] = pair()
  for (let i = 0; i < 100; i += 1) {
    for (const [ssrc, first] of [[1, 65_500], [2, 100]] as const) assert.equal(heard(there, sent(here, first + i, ssrc)), plain(first + i, ssrc))
  }
})

void test('a direction whose key stays goes on where it was when the other one gets a new key', () => {
  const [here, there] = pair()
  for (let sequence = 65_500; sequence < 65_600; sequence += 1) assert.ok(heard(there, sent(here, sequence)))
  const next = new SrtpSession({ ...here.keys, receiveKey: Buffer.alloc(30, 3).toString('base64') })
  next.continue(here)
  assert.equal(heard(there, sent(next, 65_600)), plain(65_600), 'the roll-over counter is kept')
  const fresh = new SrtpSession({ ...there.keys, sendKey: Buffer.alloc(30, 3).toString('base64') })
  fresh.continue(there)
  assert.equal(heard(fresh, sent(here, 65_599)), undefined, 'what was heard before is still known')
  assert.ok(next.unprotect(sent(fresh, 5)))
})
