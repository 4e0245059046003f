// The program that decodes one MP3 file: bytes on stdin, one channel of 16 bit samples at 8 kHz on stdout. Shares no memory with the server: mpg123 is LGPL-2.1.
import { writeSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { MPEGDecoder } from 'mpg123-decoder'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { exitOf } from './mp3.ts'
import { Resampler } from './resample.ts'

const PIECE_BYTES = 16_384

// Ctrl-C and the stop of a service manager reach the whole group; the server is who decides.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const msMax = Number(process.argv[2])
const bytes = await buffer(process.stdin)
const decoder = new MPEGDecoder()
await decoder.ready
let samples = 0
let resampler: { rateHz: number; of: Resampler } | undefined
for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
  const { channelData, sampleRate } = decoder.decode(bytes.subarray(at, at + PIECE_BYTES))
  const mono = mixed(channelData)
  if (mono.length === 0) continue
  if (resampler?.rateHz !== sampleRate) {
    if (resampler) send(resampler.of.flush())
    resampler = { rateHz: sampleRate, of: new Resampler(sampleRate, SAMPLE_RATE_HZ) }
  }
  send(resampler.of.push(mono))
}
if (!resampler) process.exit(exitOf.nothing)
send(resampler.of.flush())
process.exit(0)

function send(pcm: Int16Array): void {
  samples += pcm.length
  if ((samples / SAMPLE_RATE_HZ) * 1_000 > msMax) process.exit(exitOf.tooLong)
  const out = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  for (let at = 0; at < out.length; ) at += writeSync(1, out, at)
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
