// Knows Opus (RFC 6716, RFC 7587) as a port uses it: 8 kHz mono to and from packets, by libopus as WebAssembly. Does not know packets' order or calls.
import type * as Library from 'libopus-wasm'
import type { OpusDecoderHandle, OpusEncoderHandle } from 'libopus-wasm'
import type { Decoder, Encoder } from './codecs.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'

/** Narrow-band speech at its best; more buys nothing at 8 kHz. Less when the far end says so. */
const BITRATE = 20_000
const BITRATE_MIN = 6_000
/** 0..10. Above it costs twice and is not heard at this rate. */
const COMPLEXITY = 5
/** How much of the bit rate goes into describing the packet before once more, when the far end can use it. */
const LOSS_PERCENT_EXPECTED = 8
const PACKET_MS_MAX = 120

const nothing = new Int16Array(0)

/** What the far end's SDP says about the packets that it wants (RFC 7587 §6.1). */
export type OpusWishes = { inbandFec: boolean; bitrateMax?: number | undefined }

/**
 * A codec of the library, which a thread loads with its first Opus call: until then (some 30 ms, once) `ready` is undefined.
 * Errors: `ready` throws what kept it from loading.
 */
class Lazy<Handle extends { free(): void }> {
  #handle: Handle | undefined
  #failed: Error | undefined
  #freed = false

  constructor(create: (library: typeof Library) => Promise<Handle>) {
    import('libopus-wasm').then(create).then(
      (handle) => {
        if (this.#freed) handle.free()
        else this.#handle = handle
      },
      (error: unknown) => (this.#failed = new Error('Opus cannot be used: libopus does not load', { cause: error })),
    )
  }

  get ready(): Handle | undefined {
    if (this.#failed !== undefined) throw this.#failed
    return this.#handle
  }

  /** Its memory lies outside the reach of the garbage collector. */
  free(): void {
    this.#freed = true
    this.#handle?.free()
    this.#handle = undefined
  }
}

export function opusEncoder({ inbandFec, bitrateMax = BITRATE }: OpusWishes): Encoder {
  const encoder = new Lazy<OpusEncoderHandle>((library) =>
    library.createEncoder({
      sampleRate: SAMPLE_RATE_HZ,
      channels: 1,
      application: library.Application.Voip,
      signal: library.Signal.Voice,
      bitrate: Math.max(BITRATE_MIN, Math.min(BITRATE, bitrateMax)),
      complexity: COMPLEXITY,
      fec: inbandFec,
      packetLossPercent: inbandFec ? LOSS_PERCENT_EXPECTED : 0,
    }),
  )
  const encode: Encoder['encode'] = (pcm, out, at) => {
    const packet = encoder.ready?.encode(pcm, { frameSize: pcm.length, maxPacketBytes: out.length - at })
    if (packet === undefined) return 0
    out.set(packet, at)
    return packet.length
  }
  // No fixed bytes: the codec must go quiet from wherever it is.
  return { encode, silence: (samples, out, at) => encode(new Int16Array(samples), out, at), free: () => encoder.free() }
}

export function opusDecoder(): Decoder {
  const decoder = new Lazy<OpusDecoderHandle>((library) => library.createDecoder({ sampleRate: SAMPLE_RATE_HZ, channels: 1 }))
  const attempt = (decode: (handle: OpusDecoderHandle) => Int16Array): Int16Array => {
    const handle = decoder.ready
    if (handle === undefined) return nothing
    try {
      return decode(handle)
    } catch {
      // Not every row of bytes is a packet; what cannot be read is a lost one.
      return nothing
    }
  }
  return {
    decode: (payload) => (payload.length === 0 ? nothing : attempt((handle) => handle.decode(payload, { maxFrameSize: (PACKET_MS_MAX * SAMPLE_RATE_HZ) / 1_000 }))),
    // The copy inside the packet after a lost one where there is one, else what the decoder makes up.
    recover: (next, samples) => (next.length === 0 ? nothing : attempt((handle) => handle.decode(next, { decodeFec: true, frameSize: samples }))),
    free: () => decoder.free(),
  }
}
