import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PortStats, RemoteMedia } from './engine.ts'
import { decodeAlaw, encodeAlaw } from './g711.ts'
import { G722Encoder } from './g722.ts'
import { Outbox } from './outbox.ts'
import { Port } from './port.ts'
import { parseRtcp, writeRtcp, type RtcpPacket } from './rtcp.ts'
import { parseRtp, writeRtpHeader, type RtpPacket } from './rtp.ts'
import { parseTelephoneEvent } from './telephone-event.ts'
import { RUN_FIELDS, type PortEvent } from './worker-messages.ts'

const BEGIN_MS = 1_700_000_000_000
const remote: RemoteMedia = { address: '192.0.2.1', port: 4_000, codec: 'PCMA', payloadType: 8, eventPayloadType: 97, ptimeMs: 20, send: true }

/** A port on a clock of its own; `sent` are its packets with the time they left. */
class Rig {
  nowMs = BEGIN_MS
  readonly sent: (RtpPacket & { atMs: number })[] = []
  readonly control: { packets: RtcpPacket[]; atMs: number }[] = []
  readonly events: PortEvent[] = []
  readonly heard: number[] = []
  readonly frameTimes: number[] = []
  recorded: number[] = []
  stats: PortStats | undefined
  unlatched = 0
  readonly #outbox = new Outbox()
  readonly port: Port
  #sequence = 0

  constructor({ recording = false } = {}) {
    this.port = new Port({ id: 1, phaseMs: 5, recording, outbox: this.#outbox, now: () => this.nowMs })
    this.port.attach({
      aim: () => {},
      unlatch: () => {
        this.unlatched += 1
      },
      send: (bytes) => this.sent.push({ ...parseRtp(bytes.slice())!, atMs: this.nowMs - BEGIN_MS }),
      sendControl: (bytes) => this.control.push({ packets: parseRtcp(bytes)!, atMs: this.nowMs - BEGIN_MS }),
      close: () => {},
    })
  }

  /** Time passes, in ticks of `tickMs`. */
  run(ms: number, tickMs = 5): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += tickMs
      this.port.tick(this.nowMs)
      this.#collect()
    }
  }

  receive(payloadType: number, payload: Uint8Array): void {
    const bytes = new Uint8Array(12 + payload.length)
    writeRtpHeader(bytes, { marker: false, payloadType, sequence: this.#sequence, timestamp: this.#sequence * 160, ssrc: 9 })
    bytes.set(payload, 12)
    this.#sequence += 1
    this.port.receive(bytes)
  }

  /** A packet of the far end that does not come. */
  lose(): void {
    this.#sequence += 1
  }

  close(): void {
    this.port.close()
    this.#collect()
  }

  #collect(): void {
    const message = this.#outbox.take()?.message
    if (message === undefined) return
    this.heard.push(...message.samples)
    for (let run = 0; run < message.runs.length; run += RUN_FIELDS) {
      for (let frame = 0; frame < message.runs[run + 2]!; frame += 1) this.frameTimes.push(message.runs[run + 1]! + frame * 20 - BEGIN_MS)
    }
    this.stats ??= message.closed[0]?.stats
    for (const { event } of message.events) this.events.push(event)
    for (const { block } of message.recorded) this.recorded.push(...decodeAlaw(block))
  }
}

const sound = (ms: number) => Int16Array.from({ length: ms * 8 }, (_, i) => 1_000 + i)
const isSilence = (packet: RtpPacket) => packet.payload.every((byte) => byte === 0xd5)
const steps = (values: readonly number[]) => values.slice(1).map((value, i) => value - values[i]!)
const timestampSteps = (packets: readonly RtpPacket[]) => steps(packets.map((packet) => packet.timestamp)).map((step) => step >>> 0)
const sequenceSteps = (packets: readonly RtpPacket[]) => steps(packets.map((packet) => packet.sequence)).map((step) => step & 0xffff)

void test('nothing is sent before connecting; then a packet every packet time in the phase of the port', () => {
  const rig = new Rig()
  rig.run(100)
  assert.equal(rig.sent.length, 0)
  rig.port.connect(remote, rig.nowMs)
  rig.run(100)
  assert.deepEqual(rig.sent.map((packet) => packet.atMs), [105, 125, 145, 165, 185])
  assert.ok(rig.sent.every(isSilence))
})

void test('after a short stall all packets are sent and the audio has no gap', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.port.play(1, sound(400), true)
  rig.run(100)
  rig.run(90, 90)
  rig.run(300)
  const loud = rig.sent.filter((packet) => !isSilence(packet))
  assert.deepEqual(loud.map((packet) => packet.marker), [true, ...Array<boolean>(19).fill(false)])
  assert.ok(timestampSteps(rig.sent).every((step) => step === 160))
  assert.deepEqual(loud.flatMap((packet) => [...packet.payload]), [...encodeAlaw(sound(400))])
})

void test('after a long stall the time is skipped, not the audio, and a new talk spurt is marked', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.port.play(1, sound(400), true)
  rig.run(100)
  const before = rig.sent.length
  rig.run(500, 500)
  assert.equal(rig.sent.length, before + 1, 'no burst')
  rig.run(400)
  const loud = rig.sent.filter((packet) => !isSilence(packet))
  assert.deepEqual(loud.flatMap((packet) => [...packet.payload]), [...encodeAlaw(sound(400))])
  assert.equal(rig.sent[before]!.marker, true)
  assert.equal((rig.sent[before]!.timestamp - rig.sent[before - 1]!.timestamp) >>> 0, 500 * 8)
  assert.ok(sequenceSteps(rig.sent).every((step) => step === 1))
})

void test('frames keep their beat through a stall', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  for (let i = 0; i < 10; i += 1) {
    rig.receive(8, encodeAlaw(sound(20)))
    rig.run(20)
  }
  for (let i = 0; i < 15; i += 1) rig.receive(8, encodeAlaw(sound(20)))
  rig.run(300, 300)
  assert.deepEqual(new Set(steps(rig.frameTimes)), new Set([20]))
  assert.equal(rig.frameTimes.length, 25)
})

void test('keys take the place of audio, and the playout goes on where it was', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.port.play(1, sound(200), true)
  rig.run(60)
  rig.port.sendDigits('5')
  rig.run(600)
  const events = rig.sent.filter((packet) => packet.payloadType === 97)
  assert.deepEqual(events.map((packet) => packet.marker), [true, false, false, false, false, false, false])
  assert.ok(events.every((packet) => parseTelephoneEvent(packet.payload)?.key === '5'))
  const audio = rig.sent.filter((packet) => packet.payloadType === 8 && !isSilence(packet))
  assert.deepEqual(audio.flatMap((packet) => [...packet.payload]), [...encodeAlaw(sound(200))])
  assert.ok(sequenceSteps(rig.sent).every((step) => step === 1))
})

void test('hears other codecs under their static types, keys under the usual type, and nothing in unknown types', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.receive(101, Uint8Array.of(7, 0, 0, 160))
  rig.receive(0, new Uint8Array(160).fill(0x80))
  rig.receive(9, new G722Encoder().encode(sound(40)))
  rig.receive(18, new Uint8Array(20).fill(1))
  rig.run(200)
  assert.deepEqual(rig.events.map((event) => event.type), ['first-packet', 'digit'])
  assert.ok(rig.heard.includes(32_124))
})

void test('tells dead air once per gap and lets the far end move', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.run(3_000)
  assert.deepEqual(rig.events, [{ type: 'dead-air', atMs: BEGIN_MS + 1_005, sinceMs: BEGIN_MS }])
  assert.equal(rig.unlatched, 1)
  rig.receive(8, encodeAlaw(sound(20)))
  rig.run(3_000)
  assert.deepEqual(rig.events.map((event) => event.type), ['dead-air', 'first-packet', 'dead-air'])
  rig.port.connect({ ...remote, port: 5_000 }, rig.nowMs)
  rig.run(1_100)
  assert.equal(rig.events.length, 4, 'a new far end has its own gap')
})

void test('the recording holds both directions from the first connect to the close', () => {
  const rig = new Rig({ recording: true })
  rig.run(500)
  rig.port.connect(remote, rig.nowMs)
  rig.run(1_000)
  rig.port.play(1, sound(100), true)
  rig.run(2_000)
  rig.port.connect({ ...remote, send: false }, rig.nowMs)
  rig.run(500)
  rig.close()
  const us = rig.recorded.filter((_, i) => i % 2 === 1)
  assert.equal(us.length, 3_500 * 8)
  const at = us.findIndex((sample) => sample > 900)
  assert.equal(at, 1_005 * 8)
  assert.deepEqual(us.slice(at, at + 800), [...decodeAlaw(encodeAlaw(sound(100)))])
  assert.ok(us.slice(at + 800).every((sample) => sample === 8))
})

void test('figures at the end tell pacing errors, losses and counts', () => {
  const rig = new Rig()
  const closed: unknown[] = []
  const outbox = new Outbox()
  const port = new Port({ id: 2, phaseMs: 0, recording: false, outbox, now: () => rig.nowMs })
  port.attach({ aim: () => {}, unlatch: () => {}, send: () => {}, sendControl: () => {}, close: () => {} })
  port.connect(remote, rig.nowMs)
  for (let n = 1; n <= 100; n += 1) {
    rig.nowMs = BEGIN_MS + n * 20 + (n === 50 ? 7 : 1)
    port.tick(rig.nowMs)
  }
  port.close('why')
  for (const { port, stats, failed } of outbox.take()!.message.closed) closed.push(port, stats, failed)
  assert.deepEqual(closed, [
    2,
    { packetsSent: 100, packetsReceived: 0, packetsLost: 0, packetsLate: 0, pacingErrorMsP95: 1.25, pacingErrorMsP99: 1.25, pacingErrorMsMax: 7, jitterMs: 0 },
    'why',
  ])
})

void test('reports to the far end while it talks and on hold, and says goodbye at the end', () => {
  const rig = new Rig()
  rig.run(10_000)
  assert.equal(rig.control.length, 0, 'nobody to report to')
  rig.port.connect(remote, rig.nowMs)
  for (let i = 0; i < 500; i += 1) {
    if (i % 4 > 0) rig.receive(8, encodeAlaw(sound(20)))
    else rig.lose()
    rig.run(20)
  }
  const reports = rig.control.map(({ packets }) => packets[0]!)
  assert.ok(reports.length >= 2 && reports.length <= 5, `${reports.length}`)
  const last = reports.at(-1)
  assert.ok(last?.type === 'report' && last.sender !== undefined)
  assert.ok(Math.abs(last.blocks[0]!.fractionLost - 64) <= 2, `${last.blocks[0]!.fractionLost}`)
  assert.equal(last.blocks[0]!.ssrc, 9)
  const before = rig.sent.filter((packet) => packet.atMs <= rig.control.at(-1)!.atMs)
  assert.deepEqual([last.sender.packets, last.sender.octets], [before.length, before.length * 160])
  // Both clocks stand for one moment: the next packet is due within 20 ms of it.
  const ahead = (before.at(-1)!.timestamp + 160 - last.sender.rtpTimestamp) | 0
  assert.ok(ahead >= 0 && ahead <= 160, `${ahead}`)
  rig.port.connect({ ...remote, send: false }, rig.nowMs)
  rig.run(20_000)
  assert.ok(!('sender' in rig.control.at(-1)!.packets[0]!), 'who sends nothing reports as a receiver')
  rig.close()
  assert.deepEqual(rig.control.at(-1)!.packets.map((packet) => packet.type), ['report', 'description', 'bye'])
})

void test('control packets on the audio port are no audio: no first packet, no end of dead air, no frames', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  const report = writeRtcp([{ type: 'report', ssrc: 9, blocks: [{ ssrc: 1, fractionLost: 26, packetsLost: 3, highestSequence: 1, jitter: 16, lastReport: 0, sinceLastReport: 0 }] }])
  for (let i = 0; i < 100; i += 1) {
    if (i === 50) assert.equal(rig.port.receive(report), false)
    rig.run(20)
  }
  assert.deepEqual(rig.events.map((event) => event.type), ['dead-air'])
  assert.equal(rig.heard.length, 0)
  rig.close()
  assert.equal(rig.stats?.farEnd, undefined, 'it was about another source')
})

void test('figures at the end tell what the far end reported', () => {
  const rig = new Rig()
  rig.port.connect(remote, rig.nowMs)
  rig.run(5_000)
  const sender = rig.control.at(-1)!.packets[0]!
  assert.ok(sender.type === 'report' && sender.sender !== undefined)
  const lastReport = (((sender.sender.ntpSeconds & 0xffff) << 16) | (sender.sender.ntpFraction >>> 16)) >>> 0
  const agoMs = rig.nowMs - BEGIN_MS - rig.control.at(-1)!.atMs
  const block = { ssrc: sender.ssrc, fractionLost: 26, packetsLost: 3, highestSequence: 1, jitter: 16, lastReport, sinceLastReport: 0 }
  rig.port.receive(writeRtcp([{ type: 'report', ssrc: 9, blocks: [block] }]))
  rig.close()
  const { roundTripMs, ...rest } = rig.stats!.farEnd!
  assert.deepEqual(rest, { packetsLost: 3, lossShare: 26 / 256, lossShareMax: 26 / 256, jitterMs: 2 })
  assert.ok(Math.abs(roundTripMs! - agoMs) < 0.1)
})

/** 20 ms pieces of the tones of key 5. */
const five = (piece: number) => Int16Array.from({ length: 160 }, (_, i) => {
  const second = (piece * 160 + i) / 8_000
  return 4_000 * Math.sin(2 * Math.PI * 770 * second) + 4_000 * Math.sin(2 * Math.PI * 1_336 * second)
})

void test('hears keys as tones where told to or no events are agreed, and no more once the far end sends events', () => {
  for (const [inbandDigits, agreed, listens] of [['auto', true, false], ['auto', false, true], ['always', true, true], ['never', false, false]] as const) {
    const rig = new Rig()
    rig.port.connect({ ...remote, inbandDigits, eventPayloadType: agreed ? 97 : undefined }, rig.nowMs)
    const press = () => {
      for (let piece = 0; piece < 15; piece += 1) {
        rig.receive(8, encodeAlaw(piece < 5 ? five(piece) : new Int16Array(160)))
        rig.run(20)
      }
    }
    press()
    press()
    const digits = () => rig.events.filter((event) => event.type === 'digit').length
    assert.equal(digits(), listens ? 2 : 0)
    assert.ok(rig.events.every((event) => event.type !== 'digit' || event.path === 'tone'))
    rig.receive(101, Uint8Array.of(5, 10, 0, 160))
    assert.equal((rig.run(20), digits()), listens ? 2 : 1, 'the tone was this key')
    press()
    assert.equal(digits(), listens ? 2 : 1)
    rig.port.connect({ ...remote, inbandDigits, eventPayloadType: undefined }, rig.nowMs)
    press()
    assert.equal(digits(), listens ? 2 : 1, 'nor after a new description')
  }
})

void test('on a bridge the recordings of both ports hold both talkers, at another packet time and in another codec too', () => {
  const [callee, agent] = [new Rig({ recording: true }), new Rig({ recording: true })]
  callee.port.connect(remote, callee.nowMs)
  agent.port.connect({ ...remote, codec: 'PCMU', payloadType: 0, ptimeMs: 30 }, agent.nowMs)
  callee.port.bridge(agent.port)
  for (let n = 0; n < 150; n += 1) {
    callee.receive(8, encodeAlaw(new Int16Array(160).fill(n < 100 ? 4_000 : 0)))
    agent.receive(8, encodeAlaw(new Int16Array(160).fill(n < 100 ? -6_000 : 0)))
    callee.run(20)
    agent.run(20)
  }
  callee.close()
  agent.close()
  for (const [rig, them, us] of [[callee, 4_000, -6_000], [agent, -6_000, 4_000]] as const) {
    const near = (channel: number, value: number) => rig.recorded.filter((sample, i) => i % 2 === channel && Math.abs(sample - value) < 300).length / 8
    assert.ok(near(0, them) > 1_900 && near(1, us) > 1_900, `${near(0, them)} ${near(1, us)}`)
  }
  assert.ok(agent.sent.every((packet) => packet.payload.length === 240))
})
