// Knows the codecs as a port uses them: 8 kHz samples to and from the bytes of a packet. Does not know packets or calls.
import type { CodecName, RemoteMedia } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, g711 } from './g711.ts'
import { G722Decoder, G722Encoder } from './g722.ts'
import { opusDecoder, opusEncoder } from './opus.ts'
import { Resampler } from './resample.ts'

/** One direction of one stream. Lengths in bytes come back: 0 when there is nothing to send (yet). */
export type Encoder = {
  /** Writes the bytes of one packet into `out` from `at`. */
  encode(pcm: Int16Array, out: Uint8Array, at: number): number
  /** The same for silence, `samples` long. */
  silence(samples: number, out: Uint8Array, at: number): number
  /** Where the garbage collector does not do it. */
  free?(): void
}

/** One direction of one stream. Errors: none; bytes that cannot be read are no samples. */
export type Decoder = {
  /** The samples hold until the next call. */
  decode(payload: Uint8Array): Int16Array
  /**
   * What was lost right before the packet `next`, `samples` long, to be called before that one is decoded.
   * A codec that has it minds the order of packets: those out of order are not to be decoded.
   */
  recover?(next: Uint8Array, samples: number): Int16Array
  free?(): void
}

type Codec = {
  /** RFC 3551 §6; undefined where SDP must give one. */
  staticPayloadType: number | undefined
  /** Of RTP timestamps: RFC 3551 §4.5.2 (8000 for G.722 although it samples at 16000), RFC 7587 §4.1. */
  clockRateHz: number
  encoder(wishes: Pick<RemoteMedia, 'opus'>): Encoder
  decoder(): Decoder
}

export const codecs: Readonly<Record<CodecName, Codec>> = {
  PCMA: { staticPayloadType: g711.PCMA.staticPayloadType, clockRateHz: 8_000, encoder: () => sampleEncoder(encodeAlaw, g711.PCMA.silence), decoder: () => sampleDecoder(decodeAlaw) },
  PCMU: { staticPayloadType: g711.PCMU.staticPayloadType, clockRateHz: 8_000, encoder: () => sampleEncoder(encodeUlaw, g711.PCMU.silence), decoder: () => sampleDecoder(decodeUlaw) },
  G722: { staticPayloadType: 9, clockRateHz: 8_000, encoder: g722Encoder, decoder: g722Decoder },
  opus: { staticPayloadType: undefined, clockRateHz: 48_000, encoder: ({ opus }) => opusEncoder(opus ?? { inbandFec: false }), decoder: opusDecoder },
}

/** One byte per sample, whatever was before it. */
function sampleDecoder(decode: (payload: Uint8Array, out: Int16Array) => Int16Array): Decoder {
  let pcm = new Int16Array(0)
  return {
    decode(payload) {
      if (pcm.length !== payload.length) pcm = new Int16Array(payload.length)
      return decode(payload, pcm)
    },
  }
}

function sampleEncoder(encode: (pcm: Int16Array, out: Uint8Array, at: number) => unknown, silence: number): Encoder {
  return {
    encode: (pcm, out, at) => {
      encode(pcm, out, at)
      return pcm.length
    },
    silence: (samples, out, at) => {
      out.fill(silence, at, at + samples)
      return samples
    },
  }
}

function g722Encoder(): Encoder {
  const encoder = new G722Encoder()
  const up = new Resampler(SAMPLE_RATE_HZ, 16_000)
  const encode: Encoder['encode'] = (pcm, out, at) => {
    encoder.encode(ofLength(pcm.length * 2, up.push(pcm)), out, at)
    return pcm.length
  }
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

const byStaticType = new Map<number | undefined, CodecName>((Object.keys(codecs) as CodecName[]).map((name) => [codecs[name].staticPayloadType, name]))

/** The codec that a packet is in: the negotiated one, or one that needs no negotiation; undefined for none of ours. */
export function codecOfType(payloadType: number, negotiated: { codec: CodecName; payloadType: number }): CodecName | undefined {
  return payloadType === negotiated.payloadType ? negotiated.codec : byStaticType.get(payloadType)
}
