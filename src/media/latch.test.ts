import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import type { LatchPolicy } from './engine.ts'
import { Latch, type Source } from './latch.ts'
import { RtpSocket } from './rtp-socket.ts'
import { parseRtp, writeRtpHeader } from './rtp.ts'

const told: Source = { address: '10.0.0.1', port: 4_000 }
const moved: Source = { address: '10.0.0.1', port: 4_100 }
const outer: Source = { address: '203.0.113.7', port: 9_000 }
const stranger: Source = { address: '198.51.100.9', port: 6_666 }

function rtp(sequence: number, { ssrc = 1, payloadType = 8 } = {}): Uint8Array {
  const bytes = new Uint8Array(172)
  writeRtpHeader(bytes, { marker: false, payloadType, sequence, timestamp: sequence * 160, ssrc })
  return bytes
}

/** What a port does with a genuine packet; true when it was looked at. */
function take(latch: Latch, from: Source, bytes: Uint8Array): boolean {
  if (!latch.admits(from, bytes)) return false
  latch.won(from)
  return true
}

const latchOf = (policy: LatchPolicy) => {
  const latch = new Latch()
  assert.equal(latch.admits(told, rtp(1)), false, 'nobody before there is a description')
  latch.signal(told, { payloadType: 8, policy })
  return latch
}

void test('strict: only the address and port of the SDP', () => {
  const latch = latchOf('strict')
  assert.equal(take(latch, moved, rtp(1)), false)
  assert.equal(take(latch, told, rtp(1)), true)
  latch.unlatch()
  assert.equal(take(latch, moved, rtp(2)), false)
})

void test('address: the first port of that address, another one only after dead air, another address never', () => {
  const latch = latchOf('address')
  for (let n = 0; n < 50; n += 1) assert.equal(take(latch, stranger, rtp(n)), false)
  assert.equal(take(latch, moved, rtp(1)), true)
  assert.deepEqual(latch.target, moved)
  assert.equal(take(latch, told, rtp(2)), false)
  latch.unlatch()
  assert.deepEqual(latch.target, moved, 'sending goes on to the last one')
  assert.equal(take(latch, stranger, rtp(3)), false)
  assert.equal(take(latch, told, rtp(4)), true)
  assert.deepEqual(latch.target, told)
})

void test('any: another source wins with its fifth packet of one agreed stream, and then is the only one', () => {
  const latch = latchOf('any')
  const admitted = Array.from({ length: 7 }, (_, n) => take(latch, outer, rtp(65_533 + n)))
  assert.deepEqual(admitted, [false, false, false, false, true, true, true])
  assert.deepEqual(latch.target, outer)
  assert.equal(latch.isFinal, false)
  for (let n = 0; n < 50; n += 1) assert.equal(take(latch, stranger, rtp(n)), false, 'a running stream is not stolen')
  assert.equal(take(latch, { ...outer, port: 9_001 }, rtp(8)), false)
})

void test('any: what is not one stream wins nothing', () => {
  for (const packets of [
    (n: number) => rtp(n, { ssrc: n }),
    (n: number) => rtp(n * 10),
    () => rtp(7),
    (n: number) => rtp(100 - n),
    (n: number) => rtp(n, { payloadType: 18 }),
    () => new Uint8Array(172),
  ]) {
    const latch = latchOf('any')
    for (let n = 0; n < 100; n += 1) assert.equal(take(latch, stranger, packets(n)), false)
    assert.deepEqual(latch.target, told)
  }
  const latch = latchOf('any')
  for (let n = 0; n < 1_000; n += 1) take(latch, { ...stranger, port: 1_024 + (n % 500) }, rtp(Math.floor(n / 500)))
  assert.deepEqual(latch.target, told, 'a spray from many ports neither')
})

void test('any: the address of the SDP takes the stream back at once, for good', () => {
  const latch = latchOf('any')
  for (let n = 0; n < 6; n += 1) take(latch, stranger, rtp(n))
  assert.deepEqual(latch.target, stranger)
  assert.equal(take(latch, moved, rtp(1)), true)
  assert.deepEqual([latch.target, latch.isFinal], [moved, true])
  for (let n = 6; n < 60; n += 1) assert.equal(take(latch, stranger, rtp(n)), false)
  latch.unlatch()
  for (let n = 60; n < 90; n += 1) assert.equal(take(latch, stranger, rtp(n)), false, 'nor in dead air')
})

void test('any: after dead air the winner may come from another port, a stranger only after a new description', () => {
  const latch = latchOf('any')
  for (let n = 0; n < 6; n += 1) take(latch, outer, rtp(n))
  latch.unlatch()
  for (let n = 0; n < 20; n += 1) assert.equal(take(latch, stranger, rtp(n)), false)
  assert.equal(take(latch, { ...outer, port: 9_001 }, rtp(7)), true)
  assert.equal(latch.target?.port, 9_001)
  assert.equal(latch.signal(told, { payloadType: 8, policy: 'any' }), false, 'the same description again changes nothing')
  assert.equal(latch.target?.port, 9_001)
  assert.equal(latch.signal({ ...told, port: 4_200 }, { payloadType: 8, policy: 'any' }), true)
  for (let n = 0; n < 6; n += 1) take(latch, stranger, rtp(n))
  assert.deepEqual(latch.target, stranger)
})

void test('on sockets: a far end behind a NAT is followed, an attacker who floods a running stream is not heard', async () => {
  const open = async (address: string): Promise<Socket & { got: number }> => {
    const socket = Object.assign(createSocket('udp4').bind(0, address), { got: 0 })
    await once(socket, 'listening')
    socket.on('message', () => (socket.got += 1))
    return socket
  }
  const [inner, nat, attacker] = await Promise.all([open('127.0.0.2'), open('127.0.0.3'), open('127.0.0.4')])
  const heard: number[] = []
  const here = await RtpSocket.bind('127.0.0.1', 21_998, (bytes) => (heard.push(parseRtp(bytes)!.ssrc), true))
  const until = async (condition: () => boolean) => {
    for (const limit = performance.now() + 3_000; !condition(); ) {
      assert.ok(performance.now() < limit, 'waited too long')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  try {
    here.aim('127.0.0.2', inner.address().port, { payloadType: 8, policy: 'any' })
    for (let n = 0; n < 10; n += 1) nat.send(rtp(n, { ssrc: 3 }), 21_998, '127.0.0.1')
    await until(() => heard.length >= 6)
    for (let n = 0; n < 200; n += 1) attacker.send(rtp(n, { ssrc: 4 }), 21_998, '127.0.0.1')
    for (let n = 10; n < 20; n += 1) nat.send(rtp(n, { ssrc: 3 }), 21_998, '127.0.0.1')
    here.send(rtp(0))
    await until(() => nat.got === 1 && heard.length >= 16)
    assert.equal(heard.filter((ssrc) => ssrc !== 3).length, 0)
    inner.send(rtp(1, { ssrc: 2 }), 21_998, '127.0.0.1')
    await until(() => heard.includes(2))
    here.send(rtp(0))
    await until(() => inner.got === 1)
    assert.deepEqual([nat.got, attacker.got], [1, 0])
  } finally {
    for (const socket of [inner, nat, attacker, here]) socket.close()
  }
})
