// Knows the codecs as a port uses them: 8 kHz samples to and from the bytes of a packet. Does not know packets or calls.
import type { CodecName } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, g711 } from './g711.ts'
import { G722Decoder, G722Encoder } from './g722.ts'
import { Resampler } from './resample.ts'

/**
 * One direction each of one stream. Every codec here makes one byte per 8 kHz sample and counts time in those
 * (G.722 too: RFC 3551 §4.5.2), so packet lengths and timestamps are the same for all of them.
 */
export type Encoder = {
  /** Writes `pcm.length` bytes into `out` from `at`. */
  encode(pcm: Int16Array, out: Uint8Array, at: number): void
  /** The same for silence, `samples` long. */
  silence(samples: number, out: Uint8Array, at: number): void
}

/** Errors: none, any byte is valid. */
export type Decoder = { decode(payload: Uint8Array): Int16Array }

type Codec = {
  /** RFC 3551 §6 */
  staticPayloadType: number
  encoder(): Encoder
  decoder(): Decoder
}

export const codecs = {
  PCMA: {
    staticPayloadType: g711.PCMA.staticPayloadType,
    encoder: () => ({ encode: encodeAlaw, silence: (samples, out, at) => out.fill(g711.PCMA.silence, at, at + samples) }),
    decoder: () => ({ decode: decodeAlaw }),
  },
  PCMU: {
    staticPayloadType: g711.PCMU.staticPayloadType,
    encoder: () => ({ encode: encodeUlaw, silence: (samples, out, at) => out.fill(g711.PCMU.silence, at, at + samples) }),
    decoder: () => ({ decode: decodeUlaw }),
  },
  G722: { staticPayloadType: 9, encoder: g722Encoder, decoder: g722Decoder },
} as const satisfies Record<CodecName, Codec>

function g722Encoder(): Encoder {
  const encoder = new G722Encoder()
  const up = new Resampler(SAMPLE_RATE_HZ, 16_000)
  const encode: Encoder['encode'] = (pcm, out, at) => void encoder.encode(ofLength(pcm.length * 2, up.push(pcm)), out, at)
  // No fixed bytes: the codec must go quiet from wherever it is.
  return { encode, silence: (samples, out, at) => encode(new Int16Array(samples), out, at) }
}

function g722Decoder(): Decoder {
  const decoder = new G722Decoder()
  const down = new Resampler(16_000, SAMPLE_RATE_HZ)
  return { decode: (payload) => ofLength(payload.length, down.push(decoder.decode(payload))) }
}

/** The first block of a resampler lacks the filter's delay; the rest is whole. Silence before it keeps packets whole. */
function ofLength(samples: number, pcm: Int16Array): Int16Array {
  if (pcm.length >= samples) return pcm
  const whole = new Int16Array(samples)
  whole.set(pcm, samples - pcm.length)
  return whole
}

const byStaticType = new Map<number, CodecName>((Object.keys(codecs) as CodecName[]).map((name) => [codecs[name].staticPayloadType, name]))

/** The codec that a packet is in: the negotiated one, or one that needs no negotiation; undefined for none of ours. */
export function codecOfType(payloadType: number, negotiated: { codec: CodecName; payloadType: number }): CodecName | undefined {
  return payloadType === negotiated.payloadType ? negotiated.codec : byStaticType.get(payloadType)
}
