// Knows how the packets of one call become audio in its jitter buffer: which decoder, on which clock, what was lost between. Does not know sockets.
import { codecs, type Decoder } from './codecs.ts'
import type { CodecName } from './engine.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import type { JitterBuffer } from './jitter-buffer.ts'
import { timestampDistance, type RtpPacket } from './rtp.ts'

/** A longer hole is not worth making up. */
const RECOVERED_SAMPLES_MAX = 480
/** Codecs make up pieces of 2.5 ms. */
const RECOVERED_SAMPLES_STEP = 20
/** Sequence numbers further apart than this are a sender that began anew. */
const SEQUENCE_JUMP = 100
const nothing = new Int16Array(0)

export class AudioReceiver {
  readonly #buffer: JitterBuffer
  /** Made when first needed; kept, so that a packet in another codec between does not reset them. */
  readonly #decoders = new Map<CodecName, Decoder>()
  readonly #clock = new StreamClock()
  /** The newest packet that a codec with a memory decoded. */
  #last: { ssrc: number; sequence: number; codec: CodecName; endTimestamp: number } | undefined

  constructor(buffer: JitterBuffer) {
    this.#buffer = buffer
  }

  /** Makes the decoder now, so that one that takes time to load is there when audio comes. */
  prepare(codec: CodecName): void {
    this.#decoderOf(codec)
  }

  receive(packet: RtpPacket, codec: CodecName, nowMs: number): void {
    const timestamp = this.#clock.samplesOf(packet, codecs[codec].clockRateHz)
    const decoder = this.#decoderOf(codec)
    if (decoder.recover === undefined) return this.#buffer.push(timestamp === packet.timestamp ? packet : { ...packet, timestamp }, decoder.decode(packet.payload), nowMs)
    const last = this.#last?.ssrc === packet.ssrc && this.#last.codec === codec ? this.#last : undefined
    const ahead = last === undefined ? 1 : ((packet.sequence - last.sequence) << 16) >> 16
    // Its place was made up for when the one after it came, and decoding it now would spoil what follows.
    if (ahead <= 0 && ahead > -SEQUENCE_JUMP) return this.#buffer.push({ ...packet, timestamp }, nothing, nowMs)
    const missing = last !== undefined && ahead > 1 && ahead < SEQUENCE_JUMP ? timestampDistance(timestamp, last.endTimestamp) : 0
    const recoverable = missing > 0 && missing <= RECOVERED_SAMPLES_MAX && missing % RECOVERED_SAMPLES_STEP === 0
    const recovered = recoverable ? decoder.recover(packet.payload, missing) : nothing
    const pcm = decoder.decode(packet.payload)
    this.#buffer.push({ ...packet, timestamp }, pcm, nowMs)
    if (recovered.length > 0) this.#buffer.patch(last!.endTimestamp, recovered)
    this.#last = { ssrc: packet.ssrc, sequence: packet.sequence, codec, endTimestamp: (timestamp + pcm.length) >>> 0 }
  }

  /** A packet that says "no audio from here", in a stream of `codec`. */
  receiveSilence(packet: RtpPacket, codec: CodecName, nowMs: number, noiseDbov?: number): void {
    this.#buffer.pushSilence({ ...packet, timestamp: this.#clock.samplesOf(packet, codecs[codec].clockRateHz) }, nowMs, noiseDbov)
  }

  free(): void {
    for (const decoder of this.#decoders.values()) decoder.free?.()
    this.#decoders.clear()
  }

  #decoderOf(codec: CodecName): Decoder {
    let decoder = this.#decoders.get(codec)
    if (decoder === undefined) this.#decoders.set(codec, (decoder = codecs[codec].decoder()))
    return decoder
  }
}

/** Timestamps of any clock as those of our samples, right across the wrap at 2^32. */
class StreamClock {
  #ssrc: number | undefined
  #lastTimestamp = 0
  /** The timestamp with its wraps. */
  #extended = 0

  samplesOf({ ssrc, timestamp }: RtpPacket, clockRateHz: number): number {
    if (clockRateHz === SAMPLE_RATE_HZ) return timestamp
    if (ssrc !== this.#ssrc) {
      this.#ssrc = ssrc
      // One turn up, so that packets before the first stay positive.
      this.#extended = timestamp + 0x1_0000_0000
    } else {
      this.#extended += timestampDistance(timestamp, this.#lastTimestamp)
    }
    this.#lastTimestamp = timestamp
    return Math.floor((this.#extended * SAMPLE_RATE_HZ) / clockRateHz) % 0x1_0000_0000
  }
}
