// Knows how damaged RTP, RTCP, key presses and other protocols' packets go through a port, and what a port may make of them. Does not know SIP.
import assert from 'node:assert/strict'
import { codecs } from '../../src/media/codecs.ts'
import type { RemoteMedia } from '../../src/media/engine.ts'
import { FRAME_SAMPLES } from '../../src/media/frame.ts'
import { Outbox } from '../../src/media/outbox.ts'
import { Port } from '../../src/media/port.ts'
import { RtcpSession } from '../../src/media/rtcp-session.ts'
import { parseRtcp, writeRtcp, type ReportBlock, type RtcpPacket } from '../../src/media/rtcp.ts'
import { parseRtp, writeRtpHeader } from '../../src/media/rtp.ts'
import { SRTP_OVERHEAD_BYTES, SrtpSession } from '../../src/media/srtp.ts'
import { RUN_FIELDS } from '../../src/media/worker-messages.ts'
import type { Dice, FuzzCase, FuzzKind, Probe, Step } from './fuzz-kind.ts'

const BEGIN_MS = 1_700_000_000_000
const TICK_MS = 5
const remote: RemoteMedia = { address: '192.0.2.1', port: 4_000, codec: 'PCMA', payloadType: 8, eventPayloadType: 97, ptimeMs: 20, send: true, inbandDigits: 'always' }
const payloadTypes = [8, 8, 8, 8, 0, 9, 13, 97, 97, 101, 18, 96, 127, 72, 76]

/** A stream as far ends send it, with its numbers jumping as they do not. */
class DamagedStream {
  #sequence: number
  #timestamp: number
  #ssrc: number

  constructor(dice: Dice) {
    this.#sequence = dice.below(65_536)
    this.#timestamp = dice.below(2 ** 32)
    this.#ssrc = dice.below(2 ** 32)
  }

  next(dice: Dice): Buffer {
    this.#sequence = (this.#sequence + (dice.chance(0.8) ? 1 : dice.pick([0, -1, 2, 100, 3_000, 32_767, 32_768, dice.below(65_536)]))) & 0xffff
    this.#timestamp = (this.#timestamp + (dice.chance(0.8) ? 160 : dice.pick([0, -160, 1, 8_000, 2 ** 31, 2 ** 31 - 1, dice.below(2 ** 32)]))) >>> 0
    if (dice.chance(0.03)) this.#ssrc = dice.below(2 ** 32)
    const payloadType = dice.pick(payloadTypes)
    const isEvent = payloadType === 97 || payloadType === 101
    const length = dice.chance(0.7) ? (isEvent ? 4 : 160) : dice.size(1_500)
    const bytes = Buffer.alloc(12 + length)
    writeRtpHeader(bytes, { marker: dice.chance(0.1), payloadType, sequence: this.#sequence, timestamp: this.#timestamp, ssrc: this.#ssrc })
    if (isEvent && length >= 4) bytes.set([dice.chance(0.8) ? dice.below(16) : dice.below(256), dice.chance(0.5) ? 0x8a : dice.below(256), dice.below(256), dice.below(256)], 12)
    else for (let at = 12; at < bytes.length; at += 1) bytes[at] = dice.below(256)
    return dice.chance(0.5) ? bytes : damaged(bytes, dice)
  }
}

/** Version, padding, extension and source count at random; lengths that do not add up; bytes lost, added, changed. */
function damaged(bytes: Buffer, dice: Dice): Buffer {
  let it = Buffer.from(bytes)
  for (let count = 1 + dice.below(4); count > 0; count -= 1) {
    const at = dice.below(Math.max(1, it.length))
    switch (dice.below(8)) {
      case 0:
        if (it.length > 0) it[at] = dice.below(256)
        break
      case 1:
        it = it.subarray(0, at)
        break
      case 2:
        it = Buffer.concat([it.subarray(0, at), Buffer.alloc(dice.size(400), dice.below(256)), it.subarray(at)])
        break
      case 3:
        if (it.length > 0) it[0] = dice.below(256)
        break
      case 4:
        if (it.length > 0) it[it.length - 1] = dice.pick([0, 1, 4, 160, 172, 255])
        break
      case 5:
        if (it.length > 15) it.writeUInt16BE(dice.pick([0, 1, 40, 0x7fff, 0xffff]), 14)
        break
      case 6:
        if (it.length > 3) it.writeUInt16BE(dice.pick([0, 1, 6, 40, 0xffff]), 2)
        break
      default:
        if (it.length > 0) it[at]! ^= 1 << dice.below(8)
    }
  }
  return it
}

/** STUN (RFC 5389), DTLS, TURN channel data, ZRTP, SIP and plain noise: what RFC 7983 tells apart by the first byte. */
function foreign(dice: Dice): Buffer {
  const noise = Buffer.from(Array.from({ length: dice.size(600) }, () => dice.below(256)))
  switch (dice.below(6)) {
    case 0:
      return damaged(Buffer.concat([Buffer.from([0, dice.pick([1, 0x11]), 0, noise.length & 0xfc, 0x21, 0x12, 0xa4, 0x42]), noise]), dice)
    case 1:
      return Buffer.concat([Buffer.from([20 + dice.below(44), 0xfe, 0xfd]), noise])
    case 2:
      return Buffer.concat([Buffer.from([64 + dice.below(16), 0, 0, 4]), noise])
    case 3:
      return Buffer.concat([Buffer.from([0x10, 0, 0, 1, 0x5a, 0x52, 0x54, 0x50]), noise])
    case 4:
      return Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n'.slice(0, dice.below(30)))
    default:
      return noise
  }
}

function drawRtcp(dice: Dice): Buffer {
  const word = (): number => (dice.chance(0.3) ? dice.pick([0, 1, 2 ** 31, 2 ** 32 - 1]) : dice.below(2 ** 32))
  const block = (): ReportBlock => ({ ssrc: word(), fractionLost: dice.below(256), packetsLost: dice.pick([0, 1, -1, 0x7f_ffff, -0x80_0000]), highestSequence: word(), jitter: word(), lastReport: word(), sinceLastReport: word() })
  const packet = (): RtcpPacket => {
    switch (dice.below(3)) {
      case 0:
        return { type: 'report', ssrc: word(), ...(dice.chance(0.5) ? { sender: { ntpSeconds: word(), ntpFraction: word(), rtpTimestamp: word(), packets: word(), octets: word() } } : {}), blocks: Array.from({ length: dice.below(4) }, block) }
      case 1:
        return { type: 'description', ssrc: word(), cname: 'x'.repeat(dice.size(255)) }
      default:
        return { type: 'bye', sources: Array.from({ length: dice.below(4) }, () => word()) }
    }
  }
  const whole = Buffer.from(writeRtcp(Array.from({ length: 1 + dice.below(3) }, packet)))
  return dice.chance(0.2) ? whole : damaged(whole, dice)
}

/** The RTCP reader, and a session that answers what it read. */
export const rtcp: FuzzKind = {
  draw: (dice) => Array.from({ length: 20 }, (): Step => ({ bytes: dice.chance(0.9) ? drawRtcp(dice) : foreign(dice), waitMs: dice.size(6_000) })),
  play(steps, probe) {
    let nowMs = BEGIN_MS
    const session = new RtcpSession(7, () => 0.5)
    session.start(nowMs)
    const figures = () => ({ rtpTimestamp: 1, packetsSent: 100, octetsSent: 16_000, heard: { ssrc: 3, highestSequence: 100, expected: 100, received: 90, jitterMs: 2 } })
    for (const { bytes, waitMs } of steps) {
      probe.input(bytes, () => {
        const packets = parseRtcp(bytes)
        // What was read can be written, unless it holds more than one packet can.
        if (packets !== undefined && packets.length > 0) assert.ok(parseRtcp(writeRtcp(packets)))
        session.receive(bytes, nowMs)
      })
      nowMs += waitMs
      const report = session.report(nowMs, figures)
      if (report !== undefined) assert.ok(parseRtcp(report), 'our report cannot be read')
      const { farEnd } = session
      if (farEnd !== undefined) for (const figure of Object.values(farEnd)) assert.ok(Number.isFinite(figure), JSON.stringify(farEnd))
    }
  },
}

const srtpKey = (byte: number): string => Buffer.alloc(30, byte).toString('base64')

/** Encrypted packets, damaged, twice, and in any order: nothing but what was sent comes out, and each at most once. */
export const srtp: FuzzKind = {
  draw(dice) {
    const stream = new DamagedStream(dice)
    return Array.from({ length: 60 }, (): Step => ({ bytes: dice.chance(0.9) ? stream.next(dice) : drawRtcp(dice), waitMs: 0, way: dice.pick(['as it is', 'as it is', 'damaged', 'twice', 'late', 'plain', 'control']) }))
  },
  play(steps, probe) {
    const suite = 'AES_CM_128_HMAC_SHA1_80'
    const far = new SrtpSession({ suite, sendKey: srtpKey(1), receiveKey: srtpKey(2) })
    const near = new SrtpSession({ suite, sendKey: srtpKey(2), receiveKey: srtpKey(1) })
    const genuine = new Map<string, number>()
    const late: Buffer[] = []
    const take = (bytes: Uint8Array): void => {
      const copy = Buffer.from(bytes)
      const clear = probe.input(copy, () => near.unprotect(copy))
      if (clear === undefined) return
      const text = Buffer.from(clear).toString('latin1')
      const left = genuine.get(text) ?? 0
      assert.ok(left > 0, 'a packet came out that was not sent, or came out twice')
      genuine.set(text, left - 1)
    }
    steps.forEach(({ bytes, way }, nth) => {
      if (way === 'control') return void probe.input(bytes, () => near.unprotectControl(Buffer.from(bytes)))
      if (way === 'plain' || !parseRtp(bytes)) return take(bytes)
      const packet = Buffer.concat([bytes, Buffer.alloc(SRTP_OVERHEAD_BYTES)])
      const whole = packet.subarray(0, far.protect(packet, bytes.length))
      genuine.set(Buffer.from(bytes).toString('latin1'), (genuine.get(Buffer.from(bytes).toString('latin1')) ?? 0) + 1)
      if (way === 'late') return void late.push(Buffer.from(whole))
      if (way === 'damaged') {
        const broken = Buffer.from(whole)
        broken[nth % broken.length]! ^= 1 << (nth % 8)
        return take(broken)
      }
      take(whole)
      if (way === 'twice') take(whole)
    })
    late.forEach(take)
  },
}

/** Packets of the codecs that keep a state, good and bad ones mixed: whatever they hold, what comes out is sound of a packet's length or nothing. */
export const decoders: FuzzKind = {
  draw: (dice) => {
    const codec = dice.pick(['opus', 'G722'])
    return Array.from({ length: 50 }, (): Step => ({ bytes: Buffer.from(Array.from({ length: dice.size(dice.chance(0.9) ? 200 : 1_500) }, (_, at) => (at === 0 && dice.chance(0.7) ? dice.pick([0x08, 0x18, 0x48, 0x78, 0x4b, 0xfc]) : dice.below(256)))), waitMs: 0, way: `${codec}${dice.chance(0.1) ? ' lost' : ''}` }))
  },
  async play(steps, probe) {
    const codec = steps[0]?.way?.startsWith('opus') === true ? 'opus' : 'G722'
    const decoder = codecs[codec].decoder()
    // libopus loads with the first use of it.
    if (codec === 'opus') for (let turn = 0; turn < 200 && decoder.decode(Buffer.from([0xfc, 0xff, 0xfe])).length === 0; turn += 1) await new Promise((resolve) => setTimeout(resolve, turn < 20 ? 0 : 10))
    try {
      for (const { bytes, way } of steps) {
        const samples = probe.input(bytes, () => {
          if (way?.endsWith('lost') === true) decoder.recover?.(bytes, 160)
          return decoder.decode(bytes)
        })
        assert.ok(samples.length <= (codec === 'opus' ? 960 : bytes.length), `${samples.length} samples of ${bytes.length} bytes`)
      }
    } finally {
      decoder.free?.()
    }
  },
}

/** A port in a call, in its own time. */
export const port: FuzzKind = {
  draw(dice) {
    const stream = new DamagedStream(dice)
    return Array.from({ length: 100 }, (): Step => {
      const kind = dice.below(20)
      const bytes = kind < 17 ? stream.next(dice) : kind < 18 ? foreign(dice) : drawRtcp(dice)
      return { bytes, waitMs: dice.chance(0.9) ? dice.below(8) * TICK_MS : dice.below(300) * TICK_MS, way: dice.chance(0.9) ? 'rtp' : 'control' }
    })
  },
  play: playPort,
}

function playPort(steps: FuzzCase, probe: Probe): void {
  let nowMs = BEGIN_MS
  const outbox = new Outbox()
  let packets = 0
  const port = new Port({
    id: 1,
    phaseMs: 5,
    recording: true,
    outbox,
    now: () => nowMs,
  })
  port.attach({
    aim: () => {},
    unlatch: () => {},
    send(bytes) {
      packets += 1
      assert.ok(bytes.length <= 12 + 480 && parseRtp(bytes), 'we sent something that is no RTP')
    },
    sendControl: (bytes) => assert.ok(parseRtcp(bytes), 'we sent something that is no RTCP'),
    close: () => {},
  })
  port.connect(remote, nowMs)
  let frames = 0
  let recorded = 0
  const collect = (): void => {
    const message = outbox.take()?.message
    if (message === undefined) return
    for (let run = 0; run < message.runs.length; run += RUN_FIELDS) frames += message.runs[run + 2]!
    assert.equal(message.samples.length % FRAME_SAMPLES, 0)
    for (const { event } of message.events) if (event.type === 'digit') assert.match(event.digit, /^[0-9*#A-D]$/)
    for (const { block } of message.recorded) recorded += block.length
    for (const { stats } of message.closed) for (const [name, figure] of Object.entries(stats)) if (typeof figure === 'number') assert.ok(Number.isFinite(figure) && figure >= 0, `${name} is ${figure}`)
  }
  for (const { bytes, waitMs, way } of steps) {
    probe.input(bytes, () => (way === 'control' ? port.receiveControl(bytes) : port.receive(bytes)))
    for (const endMs = nowMs + waitMs; nowMs < endMs; ) {
      nowMs += TICK_MS
      port.tick(nowMs)
      collect()
    }
  }
  port.close()
  collect()
  // Time decides how much is played, sent and kept, not what came in.
  const elapsedMs = nowMs - BEGIN_MS
  assert.ok(frames <= elapsedMs / 20 + 2, `${frames} frames in ${elapsedMs} ms`)
  assert.ok(Math.abs(packets - elapsedMs / 20) <= 2, `${packets} packets in ${elapsedMs} ms`)
  assert.ok(recorded <= 16 * elapsedMs + 32_000, `${recorded} bytes recorded in ${elapsedMs} ms`)
}
