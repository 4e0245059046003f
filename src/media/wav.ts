// Knows WAV files: 16-bit PCM, A-law and µ-law, any number of channels. Does not know calls or disks.
import { ProtocolError } from '../errors.ts'
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts'

export type WavEncoding = 'pcm16' | 'alaw' | 'ulaw'

export type WavFormat = { encoding: WavEncoding; sampleRateHz: number; channels: number }

/** WAVE format tags, RFC 2361. */
const tags = { pcm16: 1, alaw: 6, ulaw: 7 } as const satisfies Record<WavEncoding, number>
const EXTENSIBLE = 0xfffe

const bytesPerSample = { pcm16: 2, alaw: 1, ulaw: 1 } as const satisfies Record<WavEncoding, number>

/** A chunk that players skip. `id` is four characters. */
export type WavChunk = { id: string; body: Uint8Array }

/** Bytes before the samples in what `wavHeader` makes without further chunks. */
export const WAV_HEADER_BYTES = 58
/** Where the further chunks begin, or else the data chunk. */
const FIXED_BYTES = 50

/**
 * 0: RIFF size(4) WAVE   12: 'fmt ' 18 tag(2) channels(2) rate(4) bytes/s(4) block(2) bits(2) extra(2)=0
 * 38: 'fact' 4 samples per channel(4)   50: `chunks`, then 'data' size(4). `dataBytes` 0 while the length is not known yet.
 */
export function wavHeader(format: WavFormat, dataBytes: number, chunks: readonly WavChunk[] = []): Buffer {
  const sampleBytes = bytesPerSample[format.encoding]
  const blockBytes = sampleBytes * format.channels
  const more = Buffer.concat(chunks.map(chunkBytes))
  const header = Buffer.alloc(WAV_HEADER_BYTES + more.length)
  header.write('RIFF', 0, 'latin1')
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(18, 16)
  header.writeUInt16LE(tags[format.encoding], 20)
  header.writeUInt16LE(format.channels, 22)
  header.writeUInt32LE(format.sampleRateHz, 24)
  header.writeUInt32LE(format.sampleRateHz * blockBytes, 28)
  header.writeUInt16LE(blockBytes, 32)
  header.writeUInt16LE(sampleBytes * 8, 34)
  header.write('fact', 38, 'latin1')
  header.writeUInt32LE(4, 42)
  header.set(more, FIXED_BYTES)
  header.write('data', FIXED_BYTES + more.length, 'latin1')
  return withWavSizes(header, blockBytes, dataBytes)
}

/** The header (all bytes before the samples, as `wavHeader` makes it) with the sizes of `dataBytes` written into it. */
export function withWavSizes(header: Uint8Array, blockBytes: number, dataBytes: number): Buffer {
  const sized = Buffer.from(header)
  sized.writeUInt32LE(header.length - 8 + dataBytes + (dataBytes % 2), 4)
  sized.writeUInt32LE(Math.floor(dataBytes / blockBytes), 46)
  sized.writeUInt32LE(dataBytes, header.length - 4)
  return sized
}

function chunkBytes({ id, body }: WavChunk): Buffer {
  const bytes = Buffer.alloc(8 + body.length + (body.length % 2))
  bytes.write(id, 0, 4, 'latin1')
  bytes.writeUInt32LE(body.length, 4)
  bytes.set(body, 8)
  return bytes
}

/** Shape: one array per channel, all of the same length. */
export function writeWav(format: Pick<WavFormat, 'encoding' | 'sampleRateHz'>, channels: readonly Int16Array[]): Uint8Array {
  const samples = channels[0]?.length ?? 0
  const interleaved = new Int16Array(samples * channels.length)
  channels.forEach((channel, c) => {
    for (let i = 0; i < samples; i += 1) interleaved[i * channels.length + c] = channel[i] ?? 0
  })
  const data = encodeSamples(format.encoding, interleaved)
  const padding = Buffer.alloc(data.length % 2)
  return Buffer.concat([wavHeader({ ...format, channels: channels.length }, data.length), data, padding])
}

export type Wav = { format: WavFormat; channels: Int16Array[] }

/**
 * Reads a whole file. A data chunk of size 0 or longer than the file (a recording cut by a crash) reads to the end of it.
 * Errors: ProtocolError when it is not a WAV file or not one of the encodings above.
 */
export function readWav(bytes: Uint8Array): Wav {
  const { format, dataBegin, dataEnd } = findWavData(bytes)
  const interleaved = decodeSamples(format.encoding, bytes.subarray(dataBegin, dataEnd))
  const samples = Math.floor(interleaved.length / format.channels)
  const channels = Array.from({ length: format.channels }, (_, c) => {
    const channel = new Int16Array(samples)
    for (let i = 0; i < samples; i += 1) channel[i] = interleaved[i * format.channels + c]!
    return channel
  })
  return { format, channels }
}

/** Every chunk in order; of the last one only the head need be in `bytes`. Errors: ProtocolError when it is not a WAV file. */
export function* wavChunks(bytes: Uint8Array): Generator<{ id: string; begin: number; size: number }, void, undefined> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new ProtocolError('wav', 'not a RIFF/WAVE file')
  }
  for (let at = 12; at + 8 <= file.length; ) {
    const size = file.readUInt32LE(at + 4)
    yield { id: file.toString('latin1', at, at + 4), begin: at + 8, size }
    at += 8 + size + (size % 2)
  }
}

function findWavData(bytes: Uint8Array): { format: WavFormat; dataBegin: number; dataEnd: number } {
  let format: WavFormat | undefined
  for (const { id, begin, size } of wavChunks(bytes)) {
    if (id === 'fmt ') format = parseFormat(Buffer.from(bytes.subarray(begin, begin + size)))
    if (id === 'data') {
      if (format === undefined) throw new ProtocolError('wav', 'the data chunk comes before the format')
      const dataEnd = size === 0 || begin + size > bytes.length ? bytes.length : begin + size
      return { format, dataBegin: begin, dataEnd }
    }
  }
  throw new ProtocolError('wav', 'no data chunk')
}

function parseFormat(chunk: Buffer): WavFormat {
  if (chunk.length < 16) throw new ProtocolError('wav', 'the format chunk is too short')
  let tag = chunk.readUInt16LE(0)
  // The true tag opens the sub-format GUID.
  if (tag === EXTENSIBLE && chunk.length >= 26) tag = chunk.readUInt16LE(24)
  const channels = chunk.readUInt16LE(2)
  const bits = chunk.readUInt16LE(14)
  const encoding = (Object.keys(tags) as WavEncoding[]).find((name) => tags[name] === tag)
  if (encoding === undefined || bits !== bytesPerSample[encoding] * 8) {
    throw new ProtocolError('wav', `format ${tag} with ${bits} bits is not 16-bit PCM, A-law or µ-law`)
  }
  if (channels === 0) throw new ProtocolError('wav', 'no channels')
  return { encoding, sampleRateHz: chunk.readUInt32LE(4), channels }
}

function encodeSamples(encoding: WavEncoding, pcm: Int16Array): Uint8Array {
  if (encoding === 'alaw') return encodeAlaw(pcm)
  if (encoding === 'ulaw') return encodeUlaw(pcm)
  const bytes = Buffer.alloc(pcm.length * 2)
  for (let i = 0; i < pcm.length; i += 1) bytes.writeInt16LE(pcm[i]!, i * 2)
  return bytes
}

function decodeSamples(encoding: WavEncoding, data: Uint8Array): Int16Array {
  if (encoding === 'alaw') return decodeAlaw(data)
  if (encoding === 'ulaw') return decodeUlaw(data)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const pcm = new Int16Array(data.length >> 1)
  for (let i = 0; i < pcm.length; i += 1) pcm[i] = view.getInt16(i * 2, true)
  return pcm
}
