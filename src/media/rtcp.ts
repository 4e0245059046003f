// Knows the bytes of RTCP packets (RFC 3550 §6.4 … §6.6). Does not know when they are sent or what the figures mean for a call.

/** Packet types, RFC 3550 §12.1. */
const SENDER_REPORT = 200
const RECEIVER_REPORT = 201
const SOURCE_DESCRIPTION = 202
const BYE = 203
const CNAME = 1
const BLOCK_BYTES = 24
const TEXT_BYTES_MAX = 255

/** What a receiver says of one source it hears. */
export type ReportBlock = {
  /** The source this is about. */
  ssrc: number
  /** Since the report before, in 1/256. */
  fractionLost: number
  /** Since the beginning; duplicates can make it negative. Signed, 24 bits. */
  packetsLost: number
  /** Number of wraps (upper 16 bits) and highest sequence number. */
  highestSequence: number
  /** In units of the RTP clock. */
  jitter: number
  /** Middle 32 bits of the NTP time of the last sender report from that source; 0 for none. */
  lastReport: number
  /** Since that report came, in 1/65536 s. */
  sinceLastReport: number
}

export type SenderInfo = {
  /** Seconds since 1900 and 1/2^32 of them. */
  ntpSeconds: number
  ntpFraction: number
  /** The same moment on the clock of our packets. */
  rtpTimestamp: number
  packets: number
  octets: number
}

export type RtcpPacket =
  | { type: 'report'; ssrc: number; sender?: SenderInfo; blocks: ReportBlock[] }
  | { type: 'description'; ssrc: number; cname: string }
  | { type: 'bye'; sources: number[] }

/** RTCP packet types 192..223 seen where RTP has marker and payload type (RFC 5761 §4): tells the two apart on one port. */
export function isRtcp(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0]! >> 6 === 2 && bytes[1]! >= 192 && bytes[1]! <= 223
}

/**
 * The packets of one datagram that we know; others (APP, feedback, extended reports) are skipped.
 * Each: 0: V(2)=2 P(1) count(5)   1: type   2-3: length in words − 1.
 * Errors: none; a datagram whose lengths do not add up is `undefined` as a whole (RFC 3550 A.2). A first packet that is
 * no report is taken too: reduced-size RTCP (RFC 5506) is in use.
 */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const packets: RtcpPacket[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 4 > bytes.length || bytes[at]! >> 6 !== 2) return undefined
    const next = at + (view.getUint16(at + 2) + 1) * 4
    if (next > bytes.length) return undefined
    let end = next
    if (bytes[at]! & 0x20) {
      // Padding: in the last packet only, its last byte says how much.
      const padding = bytes[next - 1]!
      if (next !== bytes.length || padding === 0 || next - padding < at + 4) return undefined
      end = next - padding
    }
    const packet = parseOne(view, at, end)
    if (packet === 'malformed') return undefined
    if (packet !== undefined) packets.push(packet)
    at = next
  }
  return at === 0 ? undefined : packets
}

function parseOne(view: DataView, at: number, end: number): RtcpPacket | 'malformed' | undefined {
  const count = view.getUint8(at) & 0x1f
  switch (view.getUint8(at + 1)) {
    case SENDER_REPORT:
      return parseReport(view, at + 4, end, count, true)
    case RECEIVER_REPORT:
      return parseReport(view, at + 4, end, count, false)
    case SOURCE_DESCRIPTION:
      return parseDescription(view, at + 4, end, count)
    case BYE: {
      if (at + 4 + count * 4 > end) return 'malformed'
      return { type: 'bye', sources: Array.from({ length: count }, (_, i) => view.getUint32(at + 4 + i * 4)) }
    }
    default:
      return undefined
  }
}

function parseReport(view: DataView, begin: number, end: number, count: number, fromSender: boolean): RtcpPacket | 'malformed' {
  let at = begin + 4 + (fromSender ? 20 : 0)
  if (at + count * BLOCK_BYTES > end) return 'malformed'
  const blocks: ReportBlock[] = []
  for (let block = 0; block < count; block += 1, at += BLOCK_BYTES) {
    const lost = view.getUint32(at + 4)
    blocks.push({
      ssrc: view.getUint32(at),
      fractionLost: lost >>> 24,
      packetsLost: (lost << 8) >> 8,
      highestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastReport: view.getUint32(at + 16),
      sinceLastReport: view.getUint32(at + 20),
    })
  }
  const ssrc = view.getUint32(begin)
  if (!fromSender) return { type: 'report', ssrc, blocks }
  const sender: SenderInfo = {
    ntpSeconds: view.getUint32(begin + 4),
    ntpFraction: view.getUint32(begin + 8),
    rtpTimestamp: view.getUint32(begin + 12),
    packets: view.getUint32(begin + 16),
    octets: view.getUint32(begin + 20),
  }
  return { type: 'report', ssrc, sender, blocks }
}

/** The name of the first chunk; a point to point call has no other. */
function parseDescription(view: DataView, begin: number, end: number, count: number): RtcpPacket | 'malformed' | undefined {
  if (count === 0) return undefined
  if (begin + 4 > end) return 'malformed'
  let at = begin + 4
  while (at < end && view.getUint8(at) !== 0) {
    if (at + 2 > end) return 'malformed'
    const length = view.getUint8(at + 1)
    if (at + 2 + length > end) return 'malformed'
    if (view.getUint8(at) === CNAME) {
      const text = new Uint8Array(view.buffer, view.byteOffset + at + 2, length)
      return { type: 'description', ssrc: view.getUint32(begin), cname: Buffer.from(text).toString('utf8') }
    }
    at += 2 + length
  }
  return undefined
}

/** One compound datagram, in the order given; RFC 3550 §6.1 wants a report first and a description in each. */
export function writeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  return Buffer.concat(packets.map(writeOne))
}

function writeOne(packet: RtcpPacket): Buffer {
  switch (packet.type) {
    case 'report':
      return writeReport(packet.ssrc, packet.sender, packet.blocks)
    case 'description': {
      const name = Buffer.from(packet.cname, 'utf8').subarray(0, TEXT_BYTES_MAX)
      // The list of items ends with at least one zero byte, and on a word.
      const out = frame(SOURCE_DESCRIPTION, 1, 4 + (Math.floor((2 + name.length) / 4) + 1) * 4)
      out.writeUInt32BE(packet.ssrc, 4)
      out[8] = CNAME
      out[9] = name.length
      name.copy(out, 10)
      return out
    }
    case 'bye': {
      const out = frame(BYE, packet.sources.length, packet.sources.length * 4)
      packet.sources.forEach((ssrc, i) => out.writeUInt32BE(ssrc, 4 + i * 4))
      return out
    }
    default:
      return packet satisfies never
  }
}

function writeReport(ssrc: number, sender: SenderInfo | undefined, blocks: readonly ReportBlock[]): Buffer {
  const out = frame(sender === undefined ? RECEIVER_REPORT : SENDER_REPORT, blocks.length, 4 + (sender === undefined ? 0 : 20) + blocks.length * BLOCK_BYTES)
  let at = out.writeUInt32BE(ssrc, 4)
  if (sender !== undefined) for (const word of [sender.ntpSeconds, sender.ntpFraction, sender.rtpTimestamp, sender.packets, sender.octets]) at = out.writeUInt32BE(word >>> 0, at)
  for (const block of blocks) {
    at = out.writeUInt32BE(block.ssrc, at)
    at = out.writeUInt8(block.fractionLost, at)
    at = out.writeIntBE(block.packetsLost, at, 3)
    for (const word of [block.highestSequence, block.jitter, block.lastReport, block.sinceLastReport]) at = out.writeUInt32BE(word >>> 0, at)
  }
  return out
}

function frame(type: number, count: number, bodyBytes: number): Buffer {
  const out = Buffer.alloc(4 + bodyBytes)
  out[0] = 0x80 | count
  out[1] = type
  out.writeUInt16BE(bodyBytes / 4, 2)
  return out
}
