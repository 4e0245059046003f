// Knows the bytes of an RTP packet (RFC 3550 §5.1). Does not know sockets, codecs or time.

export const RTP_HEADER_BYTES = 12

/** `payload` is a view of the parsed bytes, not a copy. */
export type RtpPacket = {
  marker: boolean
  payloadType: number
  sequence: number
  timestamp: number
  ssrc: number
  payload: Uint8Array
}

/**
 * 0: V(2)=2 P(1) X(1) CC(4)   1: M(1) PT(7)   2-3: sequence   4-7: timestamp   8-11: SSRC   12…: CC × CSRC, extension, payload, padding
 * Errors: none; anything that is not a whole RTP packet is `undefined` (RTCP on the RTP port and STUN included).
 */
export function parseRtp(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < RTP_HEADER_BYTES) return undefined
  const first = bytes[0]!
  if (first >> 6 !== 2) return undefined
  // RTCP packet types 192..223 seen as marker + payload type (RFC 5761 §4).
  if (bytes[1]! >= 192 && bytes[1]! <= 223) return undefined
  let begin = RTP_HEADER_BYTES + (first & 0x0f) * 4
  let end = bytes.length
  if (first & 0x10) {
    // Extension: 2 bytes of profile, 2 bytes of length in words, then the words.
    if (begin + 4 > end) return undefined
    begin += 4 + ((bytes[begin + 2]! << 8) | bytes[begin + 3]!) * 4
  }
  if (first & 0x20) {
    const padding = bytes[end - 1]!
    if (padding === 0) return undefined
    end -= padding
  }
  if (begin > end) return undefined
  return {
    marker: (bytes[1]! & 0x80) !== 0,
    payloadType: bytes[1]! & 0x7f,
    sequence: (bytes[2]! << 8) | bytes[3]!,
    timestamp: ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) >>> 0,
    ssrc: ((bytes[8]! << 24) | (bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!) >>> 0,
    payload: bytes.subarray(begin, end),
  }
}

/** Writes the fixed header of a packet without CSRCs, extension or padding. `sequence` and `timestamp` wrap. */
export function writeRtpHeader(out: Uint8Array, header: Omit<RtpPacket, 'payload'>): void {
  out[0] = 0x80
  out[1] = (header.marker ? 0x80 : 0) | header.payloadType
  out[2] = header.sequence >> 8
  out[3] = header.sequence
  out[4] = header.timestamp >>> 24
  out[5] = header.timestamp >>> 16
  out[6] = header.timestamp >>> 8
  out[7] = header.timestamp
  out[8] = header.ssrc >>> 24
  out[9] = header.ssrc >>> 16
  out[10] = header.ssrc >>> 8
  out[11] = header.ssrc
}

/** Signed distance from timestamp `b` to `a`, right across the wrap at 2^32. */
export function timestampDistance(a: number, b: number): number {
  return (a - b) | 0
}
