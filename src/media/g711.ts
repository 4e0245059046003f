// Knows G.711: one byte per 8 kHz sample, A-law and µ-law. Does not know packets or calls.

/** The byte that decodes to (nearly) zero: what is sent when there is nothing to say. */
export const ALAW_SILENCE = 0xd5
export const ULAW_SILENCE = 0xff

// ITU-T G.711 table 1a; even bits are inverted on the wire (the 0x55).
function alawToLinear(byte: number): number {
  const bits = byte ^ 0x55
  const segment = (bits >> 4) & 7
  const step = bits & 0x0f
  const magnitude = segment === 0 ? (step << 4) + 8 : ((step << 4) + 0x108) << (segment - 1)
  return bits & 0x80 ? magnitude : -magnitude
}

function linearToAlaw(sample: number): number {
  // 12-bit magnitude; ones' complement keeps the two signs symmetrical.
  let magnitude = (sample < 0 ? ~sample : sample) >> 4
  let segment = 0
  if (magnitude > 15) {
    segment = 1
    while (magnitude > 31) {
      magnitude >>= 1
      segment += 1
    }
    magnitude -= 16
  }
  return ((segment << 4) | magnitude | (sample >= 0 ? 0x80 : 0)) ^ 0x55
}

// ITU-T G.711 table 2a; all bits are inverted on the wire. 33 is the bias in 14-bit steps.
function ulawToLinear(byte: number): number {
  const bits = ~byte & 0xff
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84
  return bits & 0x80 ? -magnitude : magnitude
}

function linearToUlaw(sample: number): number {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff)
  let segment = 0
  while (magnitude >> (segment + 6) > 0) segment += 1
  const step = (magnitude >> (segment + 1)) & 0x0f
  return ~((segment << 4) | step | (sample < 0 ? 0x80 : 0)) & 0xff
}

const alawDecode = Int16Array.from({ length: 256 }, (_, byte) => alawToLinear(byte))
const ulawDecode = Int16Array.from({ length: 256 }, (_, byte) => ulawToLinear(byte))
/** Indexed by the sample as an unsigned 16-bit number. */
const alawEncode = Uint8Array.from({ length: 65_536 }, (_, bits) => linearToAlaw((bits << 16) >> 16))
const ulawEncode = Uint8Array.from({ length: 65_536 }, (_, bits) => linearToUlaw((bits << 16) >> 16))

function decode(table: Int16Array, payload: Uint8Array, pcm: Int16Array): Int16Array {
  for (let i = 0; i < payload.length; i += 1) pcm[i] = table[payload[i]!]!
  return pcm
}

function encode(table: Uint8Array, pcm: Int16Array, out: Uint8Array, at: number): Uint8Array {
  for (let i = 0; i < pcm.length; i += 1) out[at + i] = table[pcm[i]! & 0xffff]!
  return out
}

/** Shape: 1 byte per sample in, signed 16-bit out: into `out` when given, which is then as long, else into a new array. Errors: none, any byte is valid. */
export function decodeAlaw(payload: Uint8Array, out: Int16Array = new Int16Array(payload.length)): Int16Array {
  return decode(alawDecode, payload, out)
}

export function decodeUlaw(payload: Uint8Array, out: Int16Array = new Int16Array(payload.length)): Int16Array {
  return decode(ulawDecode, payload, out)
}

/** One sample, signed 16-bit, as its A-law byte. */
export function alawByte(sample: number): number {
  return alawEncode[sample & 0xffff]!
}

/** Writes into `out` from `at` when given, else into a new array. Returns the array written to. */
export function encodeAlaw(pcm: Int16Array, out: Uint8Array = new Uint8Array(pcm.length), at = 0): Uint8Array {
  return encode(alawEncode, pcm, out, at)
}

export function encodeUlaw(pcm: Int16Array, out: Uint8Array = new Uint8Array(pcm.length), at = 0): Uint8Array {
  return encode(ulawEncode, pcm, out, at)
}

export type G711 = {
  silence: number
  /** RFC 3551 §6 static payload type. */
  staticPayloadType: number
  decode(payload: Uint8Array): Int16Array
  encode(pcm: Int16Array, out?: Uint8Array, at?: number): Uint8Array
}

export const g711 = {
  PCMA: { silence: ALAW_SILENCE, staticPayloadType: 8, decode: decodeAlaw, encode: encodeAlaw },
  PCMU: { silence: ULAW_SILENCE, staticPayloadType: 0, decode: decodeUlaw, encode: encodeUlaw },
} as const satisfies Record<string, G711>
