import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeyShape } from './engine.ts'
import type { RtpPacket } from './rtp.ts'
import { seededRandom } from './seeded-random.ts'
import { isKeys, parseTelephoneEvent, TelephoneEventReceiver, TelephoneEventSender } from './telephone-event.ts'

type Sent = { packet: RtpPacket; atMs: number }

/** What a sender puts on the wire for `keys`, one step per packet time. */
function spell(keys: string, ptimeMs = 20, as?: KeyShape): Sent[] {
  const sender = new TelephoneEventSender()
  sender.queue(keys, as)
  const sent: Sent[] = []
  let sequence = 0
  for (let atMs = 0; ; atMs += ptimeMs) {
    const step = sender.next((atMs * 8 + 0xffff_f000) >>> 0, ptimeMs)
    if (step === undefined) return sent
    if (step.type === 'pause') continue
    sent.push({ atMs, packet: { marker: step.marker, payloadType: 101, sequence, timestamp: step.timestamp, ssrc: 1, payload: step.payload } })
    sequence += 1
  }
}

function hear(sent: readonly Sent[]): string {
  const receiver = new TelephoneEventReceiver()
  return sent.map(({ packet, atMs }) => receiver.accept(packet, atMs) ?? '').join('')
}

void test('spells a key as growing durations of one timestamp, marked at the start and ended three times', () => {
  const sent = spell('5')
  assert.deepEqual(
    sent.map(({ packet }) => [packet.marker, parseTelephoneEvent(packet.payload)]),
    [160, 320, 480, 640, 800, 800, 800].map((durationSamples, i) => [i === 0, { key: '5', ended: i >= 4, durationSamples }]),
  )
  assert.equal(new Set(sent.map(({ packet }) => packet.timestamp)).size, 1)
})

void test('holds a key for as long and as loud as asked, in whole packets, and ends it three times at any packet time', () => {
  for (const ptimeMs of [10, 20, 30, 60]) {
    for (const toneMs of [40, 250, 5_000]) {
      const sent = spell('#', ptimeMs, { toneMs, levelDbm0: -7 }).map(({ packet }) => packet.payload)
      const ends = sent.filter((payload) => (payload[1]! & 0x80) !== 0)
      assert.equal(ends.length, 3)
      assert.ok(sent.every((payload) => (payload[1]! & 0x3f) === 7))
      const durations = new Set(ends.map((payload) => (payload[2]! << 8) | payload[3]!))
      assert.deepEqual([...durations], [Math.ceil(toneMs / ptimeMs) * ptimeMs * 8])
    }
  }
})

void test('hears every key once, the same key twice in a row too', () => {
  for (const ptimeMs of [10, 20, 30, 60]) assert.equal(hear(spell('11*0#AD99', ptimeMs)), '11*0#AD99')
})

void test('hears every key once whatever single packets are lost, doubled or swapped', () => {
  const random = seededRandom(2)
  const sent = spell('1123')
  for (let round = 0; round < 500; round += 1) {
    const mangled: Sent[] = []
    let lostInARow = 0
    for (const one of sent) {
      if (random() < 0.3 && lostInARow < 2) {
        lostInARow += 1
        continue
      }
      lostInARow = 0
      mangled.push(one)
      if (random() < 0.2) mangled.push(one)
    }
    for (let i = 1; i < mangled.length; i += 1) {
      const [a, b] = [mangled[i - 1]!, mangled[i]!]
      if (random() < 0.2 && b.atMs - a.atMs <= 20) [mangled[i - 1], mangled[i]] = [b, a]
    }
    assert.equal(hear(mangled), '1123')
  }
})

void test('hears one key when a gateway moves the timestamp with every packet', () => {
  const sent = spell('7').map(({ packet, atMs }) => ({ atMs, packet: { ...packet, timestamp: packet.timestamp + atMs * 8 } }))
  assert.equal(hear(sent), '7')
})

void test('hears one key when it is held for longer than one event can last', () => {
  const press = (timestamp: number, durationSamples: number, ended: boolean, atMs: number): Sent => ({
    atMs,
    packet: { marker: atMs === 0, payloadType: 101, sequence: 0, timestamp, ssrc: 1, payload: Uint8Array.of(3, ended ? 0x80 : 0, durationSamples >> 8, durationSamples & 255) },
  })
  assert.equal(hear([press(0, 160, false, 0), press(0, 65_535, false, 100), press(65_535, 160, false, 120), press(65_535, 320, true, 140)]), '3')
})

void test('hears a key again after the sender restarted its clock', () => {
  const later = spell('1').map(({ packet, atMs }) => ({ atMs: atMs + 5_000, packet: { ...packet, timestamp: packet.timestamp - 100_000 } }))
  assert.equal(hear([...spell('1'), ...later]), '11')
})

void test('ignores what is no key: hook flash and short payloads', () => {
  assert.equal(parseTelephoneEvent(Uint8Array.of(16, 0, 0, 160)), undefined)
  assert.equal(parseTelephoneEvent(Uint8Array.of(1, 0, 0)), undefined)
})

void test('knows what can be keyed in', () => {
  for (const good of ['0', '*#', '123ABCD']) assert.equal(isKeys(good), true)
  for (const bad of ['', '1 2', 'a', '１', '1'.repeat(65), '1\n']) assert.equal(isKeys(bad), false, bad)
})

void test('drops keys beyond 64 waiting', () => {
  const sender = new TelephoneEventSender()
  sender.queue('1'.repeat(100))
  let marks = 0
  for (let atMs = 0; ; atMs += 20) {
    const step = sender.next(atMs * 8, 20)
    if (step === undefined) break
    if (step.type === 'event' && step.marker) marks += 1
  }
  assert.equal(marks, 64)
})
