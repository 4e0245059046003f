// Knows how an MP3 file becomes sound for a call: one channel at 8 kHz. Does not know files or who plays it.
import { setImmediate as breathe } from 'node:timers/promises'
import { InvalidInputError } from '../errors.ts'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { Resampler } from './resample.ts'

/** About a second of music at 128 kbit/s, 10 ms of work: between two pieces others have their turn. */
const PIECE_BYTES = 16_384

/** An MPEG audio frame begins with eleven set bits and a layer that is one; tags may come before it. */
export function looksLikeMp3(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x49 && bytes[1] === 0x44 && bytes[2] === 0x33) || (bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0 && (bytes[1]! & 0x06) !== 0)
}

/**
 * Any rate and bit rate of MPEG 1, 2 and 2.5, layers I to III; two channels are mixed. What is damaged is left out.
 * Source: ISO/IEC 11172-3, 13818-3, by mpg123 compiled to WebAssembly, loaded with the first file.
 * Errors: InvalidInputError for what holds no audio, and for more than `msMax` of it.
 */
export async function readMp3(bytes: Uint8Array, msMax: number): Promise<Int16Array> {
  const { MPEGDecoder } = await import('mpg123-decoder')
  const decoder = new MPEGDecoder()
  await decoder.ready
  try {
    const pieces: Int16Array[] = []
    let samples = 0
    let resampler: { rateHz: number; of: Resampler } | undefined
    const keep = (pcm: Int16Array): void => {
      pieces.push(pcm)
      samples += pcm.length
      if ((samples / SAMPLE_RATE_HZ) * 1_000 > msMax) throw new InvalidInputError('file', `超过 ${msMax / 60_000} 分钟`)
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const { channelData, sampleRate } = decoder.decode(bytes.subarray(at, at + PIECE_BYTES))
      const mono = mixed(channelData)
      if (mono.length > 0 && resampler?.rateHz !== sampleRate) {
        if (resampler) keep(resampler.of.flush())
        resampler = { rateHz: sampleRate, of: new Resampler(sampleRate, SAMPLE_RATE_HZ) }
      }
      if (mono.length > 0) keep(resampler!.of.push(mono))
      await breathe()
    }
    if (!resampler) throw new InvalidInputError('file', '里没有声音')
    keep(resampler.of.flush())
    return joined(pieces, samples)
  } finally {
    decoder.free()
  }
}

function mixed(channels: readonly Float32Array[]): Int16Array {
  const pcm = new Int16Array(channels[0]?.length ?? 0)
  for (let i = 0; i < pcm.length; i += 1) {
    let sum = 0
    for (const channel of channels) sum += channel[i]!
    pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round((sum / channels.length) * 32_767)))
  }
  return pcm
}

function joined(pieces: readonly Int16Array[], samples: number): Int16Array {
  const pcm = new Int16Array(samples)
  let at = 0
  for (const piece of pieces) {
    pcm.set(piece, at)
    at += piece.length
  }
  return pcm
}
