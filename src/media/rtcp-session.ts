// Knows what one call reports by RTCP, when (RFC 3550 §6.2, §6.3), and what the far end reported. Does not know sockets or audio.
import { randomBytes } from 'node:crypto'
import type { FarEndReport } from './engine.ts'
import { parseRtcp, writeRtcp, type ReportBlock, type RtcpPacket } from './rtcp.ts'

/** RFC 3550 §6.2: at least this long between reports on average, half of it before the first. */
const INTERVAL_MS_MIN = 5_000
/** 5 % of the 80 kbit/s that G.711 takes with its RTP, UDP and IP headers. */
const CONTROL_BYTES_PER_SECOND = 500
const SENDER_SHARE = 0.25
/** Makes up for timers converging below their aim: e − 3/2 (RFC 3550 §6.3.1). */
const COMPENSATION = Math.E - 1.5
/** UDP and IP headers count as control traffic too. */
const LOWER_HEADER_BYTES = 28
/** What is read of the far end's control packets a second; the rest is dropped unseen. A call has one every few seconds. */
const READ_PER_SECOND_MAX = 20
/** Our sender reports that an answer may refer to. */
const REPORTS_KNOWN = 4
const SECONDS_1900_TO_1970 = 2_208_988_800
const UNITS_PER_MS = 65.536
const LOST_MAX = 0x7f_ffff

/** What the port knows when a report is due. */
export type SessionFigures = {
  /** The same moment as `nowMs` on the clock of our packets. */
  rtpTimestamp: number
  packetsSent: number
  octetsSent: number
  /** What is heard, when something was. */
  heard: HeardFigures | undefined
}

export type HeardFigures = {
  ssrc: number
  /** Of this source: highest sequence number with its wraps, packets that should have come and that came. */
  highestSequence: number
  expected: number
  received: number
  jitterMs: number
}

/** Draws the time to the next report. `averageBytes` is that of control packets seen, headers of UDP and IP included. */
export function reportIntervalMs(of: { members: number; senders: number; weSend: boolean; averageBytes: number; first: boolean }, random: () => number): number {
  const { members, senders, weSend, averageBytes, first } = of
  let bytesPerSecond = CONTROL_BYTES_PER_SECOND
  let sharers = members
  // Few senders among many share a quarter of it, the others the rest.
  if (senders > 0 && senders <= members * SENDER_SHARE) {
    bytesPerSecond *= weSend ? SENDER_SHARE : 1 - SENDER_SHARE
    sharers = weSend ? senders : members - senders
  }
  const leastMs = first ? INTERVAL_MS_MIN / 2 : INTERVAL_MS_MIN
  return (Math.max(leastMs, (sharers * averageBytes * 1_000) / bytesPerSecond) * (0.5 + random())) / COMPENSATION
}

export class RtcpSession {
  readonly #ssrc: number
  readonly #unitsPerMs: number
  readonly #random: () => number
  /** RFC 7022 §4.2: names nobody, is never the same for two calls. */
  readonly #cname = randomBytes(12).toString('base64')
  #dueMs = Infinity
  #averageBytes = 0
  #reported = false
  #packetsSentBefore = 0
  /** Middle NTP words of our last sender reports. */
  readonly #sentReports: number[] = []
  #heardBefore: Pick<HeardFigures, 'ssrc' | 'expected' | 'received'> | undefined
  #senderReport: { ssrc: number; ntpMiddle: number; atMs: number } | undefined
  #windowMs = -Infinity
  #readInWindow = 0
  #farEnd: FarEndReport | undefined

  /** `rtpUnitsPerMs` is the clock of both sides' timestamps. */
  constructor(ssrc: number, random: () => number = () => Math.random(), rtpUnitsPerMs = 8) {
    this.#ssrc = ssrc
    this.#unitsPerMs = rtpUnitsPerMs
    this.#random = random
  }

  /** Undefined until the far end reported on us. */
  get farEnd(): FarEndReport | undefined {
    return this.#farEnd
  }

  /** Reports are due from now on. Once. */
  start(nowMs: number): void {
    if (this.#dueMs === Infinity) this.#dueMs = nowMs + this.#intervalMs(false)
  }

  /** The datagram to send when one is due at `nowMs`. */
  report(nowMs: number, figures: () => SessionFigures): Uint8Array | undefined {
    if (nowMs < this.#dueMs) return undefined
    const known = figures()
    const weSend = known.packetsSent > this.#packetsSentBefore
    const bytes = writeRtcp(this.#compound(nowMs, known, weSend))
    this.#packetsSentBefore = known.packetsSent
    this.#reported = true
    this.#seeSize(bytes.length)
    // From now on, not from when it was due: a stalled thread does not make up for reports.
    this.#dueMs = nowMs + this.#intervalMs(weSend)
    return bytes
  }

  /** The last datagram. Undefined when nothing was ever sent: then nobody is to be told (RFC 3550 §6.3.7). */
  bye(nowMs: number, figures: () => SessionFigures): Uint8Array | undefined {
    if (this.#dueMs === Infinity) return undefined
    const known = figures()
    if (known.packetsSent === 0 && !this.#reported) return undefined
    this.#dueMs = Infinity
    return writeRtcp([...this.#compound(nowMs, known, known.packetsSent > this.#packetsSentBefore), { type: 'bye', sources: [this.#ssrc] }])
  }

  /** One control datagram of the far end; false when it is none, or more than a far end has reason to send. */
  receive(bytes: Uint8Array, nowMs: number): boolean {
    if (nowMs - this.#windowMs >= 1_000) {
      this.#windowMs = nowMs
      this.#readInWindow = 0
    }
    this.#readInWindow += 1
    if (this.#readInWindow > READ_PER_SECOND_MAX) return false
    const packets = parseRtcp(bytes)
    if (packets === undefined) return false
    this.#seeSize(bytes.length)
    for (const packet of packets) {
      // A description needs no answer, and a far end that says goodbye may still talk: the signalling ends a call.
      if (packet.type !== 'report') continue
      if (packet.sender !== undefined) this.#senderReport = { ssrc: packet.ssrc, ntpMiddle: middle(packet.sender.ntpSeconds, packet.sender.ntpFraction), atMs: nowMs }
      for (const block of packet.blocks) if (block.ssrc === this.#ssrc) this.#heed(block, nowMs)
    }
    return true
  }

  #heed(block: ReportBlock, nowMs: number): void {
    const lossShare = block.fractionLost / 256
    const roundTripMs = this.#roundTripMs(block, nowMs) ?? this.#farEnd?.roundTripMs
    this.#farEnd = {
      packetsLost: block.packetsLost,
      lossShare,
      lossShareMax: Math.max(lossShare, this.#farEnd?.lossShareMax ?? 0),
      jitterMs: block.jitter / this.#unitsPerMs,
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
    }
  }

  /** RFC 3550 §6.4.1, figure 2; only for reports that we did send. */
  #roundTripMs(block: ReportBlock, nowMs: number): number | undefined {
    if (!this.#sentReports.includes(block.lastReport)) return undefined
    const units = (ntpMiddle(nowMs) - block.lastReport - block.sinceLastReport) | 0
    // A far end that rounds its delay up must not get a negative time.
    return Math.max(0, units / UNITS_PER_MS)
  }

  #compound(nowMs: number, figures: SessionFigures, weSend: boolean): RtcpPacket[] {
    const blocks = figures.heard === undefined ? [] : [this.#blockOn(figures.heard, nowMs)]
    const description: RtcpPacket = { type: 'description', ssrc: this.#ssrc, cname: this.#cname }
    if (!weSend) return [{ type: 'report', ssrc: this.#ssrc, blocks }, description]
    const ntp = ntpOf(nowMs)
    this.#sentReports.push(middle(ntp.ntpSeconds, ntp.ntpFraction))
    if (this.#sentReports.length > REPORTS_KNOWN) this.#sentReports.shift()
    const sender = { ...ntp, rtpTimestamp: figures.rtpTimestamp, packets: figures.packetsSent, octets: figures.octetsSent }
    return [{ type: 'report', ssrc: this.#ssrc, sender, blocks }, description]
  }

  #blockOn(heard: HeardFigures, nowMs: number): ReportBlock {
    const before = this.#heardBefore?.ssrc === heard.ssrc ? this.#heardBefore : { expected: 0, received: 0 }
    const expected = heard.expected - before.expected
    const lost = expected - (heard.received - before.received)
    this.#heardBefore = { ssrc: heard.ssrc, expected: heard.expected, received: heard.received }
    const report = this.#senderReport?.ssrc === heard.ssrc ? this.#senderReport : undefined
    return {
      ssrc: heard.ssrc,
      // RFC 3550 A.3
      fractionLost: expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected)),
      packetsLost: Math.min(LOST_MAX, Math.max(0, heard.expected - heard.received)),
      highestSequence: heard.highestSequence,
      jitter: Math.min(0xffff_ffff, Math.round(heard.jitterMs * this.#unitsPerMs)),
      lastReport: report?.ntpMiddle ?? 0,
      sinceLastReport: report === undefined ? 0 : Math.min(0xffff_ffff, Math.round((nowMs - report.atMs) * UNITS_PER_MS)),
    }
  }

  #intervalMs(weSend: boolean): number {
    return reportIntervalMs({ members: 2, senders: weSend ? 2 : 1, weSend, averageBytes: this.#averageBytes, first: !this.#reported }, this.#random)
  }

  #seeSize(bytes: number): void {
    const whole = bytes + LOWER_HEADER_BYTES
    this.#averageBytes = this.#averageBytes === 0 ? whole : whole / 16 + (this.#averageBytes * 15) / 16
  }
}

function ntpOf(nowMs: number): { ntpSeconds: number; ntpFraction: number } {
  const seconds = Math.floor(nowMs / 1_000)
  return {
    ntpSeconds: (seconds + SECONDS_1900_TO_1970) % 0x1_0000_0000,
    ntpFraction: Math.min(0xffff_ffff, Math.floor((nowMs / 1_000 - seconds) * 0x1_0000_0000)),
  }
}

function middle(ntpSeconds: number, ntpFraction: number): number {
  return (((ntpSeconds & 0xffff) << 16) | (ntpFraction >>> 16)) >>> 0
}

function ntpMiddle(nowMs: number): number {
  const { ntpSeconds, ntpFraction } = ntpOf(nowMs)
  return middle(ntpSeconds, ntpFraction)
}
