// Knows the bytes of a capture file (libpcap format, IPv4, IPv6, UDP). Does not know SIP.
import { isIPv6 } from 'node:net'
import { maskPhones } from './trace-mask.ts'
import type { TracedMessage } from './trace.ts'

// File header (pcap(5)):  0: magic 0xa1b2c3d4   4: version 2.4   8: zone 0   12: 0   16: snaplen   20: link type
// Packet header:          0: seconds   4: microseconds   8: bytes kept   12: bytes on the wire
const FILE_HEADER_BYTES = 24
const PACKET_HEADER_BYTES = 16
/** LINKTYPE_RAW: the packet begins with its IPv4 or IPv6 header. */
const LINK_RAW = 101
const SNAP_BYTES = 65_535
const UDP_HEADER_BYTES = 8
const UDP = 17

export function writePcap(messages: readonly TracedMessage[], options: { maskPhones: boolean }): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER_BYTES)
  header.writeUInt32BE(0xa1b2c3d4, 0)
  header.writeUInt16BE(2, 4)
  header.writeUInt16BE(4, 6)
  header.writeUInt32BE(SNAP_BYTES, 16)
  header.writeUInt32BE(LINK_RAW, 20)
  return Buffer.concat([
    header,
    ...messages.flatMap((message) => {
      const payload = options.maskPhones ? Buffer.from(maskPhones(Buffer.from(message.bytes).toString('latin1')), 'latin1') : Buffer.from(message.bytes)
      const [from, to] = message.sent ? [message.us, message.them] : [message.them, message.us]
      const packet = isIPv6(from.address) && isIPv6(to.address) ? ipv6Packet(from, to, payload) : ipv4Packet(from, to, payload)
      const head = Buffer.alloc(PACKET_HEADER_BYTES)
      head.writeUInt32BE(Math.floor(message.atMs / 1_000), 0)
      head.writeUInt32BE(Math.floor((message.atMs % 1_000) * 1_000), 4)
      head.writeUInt32BE(packet.length, 8)
      head.writeUInt32BE(packet.length, 12)
      return [head, packet]
    }),
  ])
}

type Endpoint = { address: string; port: number }

// RFC 791 §3.1    0: version 4, 5 words   2: length   6: don't fragment   8: hops   9: protocol   10: checksum   12: source   16: destination
function ipv4Packet(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const data = payload.subarray(0, SNAP_BYTES - 20 - UDP_HEADER_BYTES)
  const packet = Buffer.alloc(20 + UDP_HEADER_BYTES + data.length)
  packet[0] = 0x45
  packet.writeUInt16BE(packet.length, 2)
  packet[6] = 0x40
  packet[8] = 64
  packet[9] = UDP
  packet.set(ipv4Bytes(from.address), 12)
  packet.set(ipv4Bytes(to.address), 16)
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10)
  // A UDP checksum of 0 means none over IPv4 (RFC 768).
  writeUdp(packet, 20, from, to, data)
  return packet
}

// RFC 8200 §3    0: version 6   4: payload length   6: next header   7: hops   8: source   24: destination
function ipv6Packet(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const data = payload.subarray(0, SNAP_BYTES - 40 - UDP_HEADER_BYTES)
  const packet = Buffer.alloc(40 + UDP_HEADER_BYTES + data.length)
  packet[0] = 0x60
  packet.writeUInt16BE(UDP_HEADER_BYTES + data.length, 4)
  packet[6] = UDP
  packet[7] = 64
  packet.set(ipv6Bytes(from.address), 8)
  packet.set(ipv6Bytes(to.address), 24)
  writeUdp(packet, 40, from, to, data)
  // RFC 8200 §8.1: here it is obligatory, over a pseudo header of addresses, length and protocol.
  const pseudo = Buffer.alloc(8)
  pseudo.writeUInt32BE(UDP_HEADER_BYTES + data.length, 0)
  pseudo[7] = UDP
  packet.writeUInt16BE(checksum(Buffer.concat([packet.subarray(8, 40), pseudo, packet.subarray(40)])) || 0xffff, 46)
  return packet
}

function writeUdp(packet: Buffer, at: number, from: Endpoint, to: Endpoint, data: Buffer): void {
  packet.writeUInt16BE(from.port, at)
  packet.writeUInt16BE(to.port, at + 2)
  packet.writeUInt16BE(UDP_HEADER_BYTES + data.length, at + 4)
  packet.set(data, at + UDP_HEADER_BYTES)
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** Zeros for what is no IPv4 address: a mixed pair cannot be shown any better. */
function ipv4Bytes(address: string): number[] {
  const bytes = address.replace(/^::ffff:/i, '').split('.').map(Number)
  return bytes.length === 4 && bytes.every((byte) => byte >= 0 && byte <= 255) ? bytes : [0, 0, 0, 0]
}

function ipv6Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16)
  // The last 32 bits may be written as an IPv4 address.
  const bare = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a: string, b: string, c: string, d: string) =>
    `${((Number(a) << 8) | Number(b)).toString(16)}:${((Number(c) << 8) | Number(d)).toString(16)}`,
  )
  const [front = '', back] = bare.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [left, right] = [groups(front), groups(back ?? '')]
  const all = back === undefined ? left : [...left, ...Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right]
  for (const [index, group] of all.slice(0, 8).entries()) {
    bytes[2 * index] = group >>> 8
    bytes[2 * index + 1] = group & 0xff
  }
  return bytes
}
