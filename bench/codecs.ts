// Measures what each codec and encryption cost per second of a call, both directions, against A-law in the same run. Prints JSON.
//
//   node bench/codecs.ts [seconds of audio per round] [rounds]
//
// CPU time of one thread, without sockets and jitter buffer; rounds take turns, and the median counts, so that other load on the
// machine changes little. The speech is that of a test fixture, over and over; half of the time nothing is said, as in a call.
import { randomBytes } from 'node:crypto'
import { codecs } from '../src/media/codecs.ts'
import type { CodecName, SrtpSuite } from '../src/media/engine.ts'
import { FRAME_SAMPLES } from '../src/media/frame.ts'
import { RTP_HEADER_BYTES, writeRtpHeader } from '../src/media/rtp.ts'
import { SRTP_OVERHEAD_BYTES, SrtpSession } from '../src/media/srtp.ts'
import { speechFixture } from '../src/speech/asr/builtin/fixtures.ts'
import { percentile, round } from './figures.ts'

const [seconds = '20', rounds = '7'] = process.argv.slice(2)
const frameCount = Number(seconds) * 50
const speech = speechFixture('tomorrow').pcm
const frames = Array.from({ length: frameCount }, (_, i) => {
  const at = (i * FRAME_SAMPLES) % (speech.length * 2)
  return at + FRAME_SAMPLES <= speech.length ? speech.subarray(at, at + FRAME_SAMPLES) : undefined
})

type Work = { name: string; run: () => number }

async function codecWork(codec: CodecName): Promise<Work> {
  const encoder = codecs[codec].encoder({ opus: { inbandFec: true } })
  const decoder = codecs[codec].decoder()
  const out = new Uint8Array(RTP_HEADER_BYTES + 480)
  const silent = new Int16Array(FRAME_SAMPLES)
  // One that loads its library first says so by giving nothing.
  for (let tries = 0; tries < 500; tries += 1) {
    const length = encoder.encode(silent, out, 0)
    if (length > 0 && decoder.decode(out.subarray(0, length)).length > 0) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return {
    name: codec,
    run() {
      let bytes = 0
      for (const frame of frames) {
        const length = frame === undefined ? encoder.silence(FRAME_SAMPLES, out, 0) : encoder.encode(frame, out, 0)
        if (decoder.decode(out.subarray(0, length)).length !== FRAME_SAMPLES) throw new Error(`${codec} lost audio`)
        bytes += length
      }
      return bytes
    },
  }
}

function srtpWork(suite: SrtpSuite): Work {
  const keys = [randomBytes(30).toString('base64'), randomBytes(30).toString('base64')] as const
  const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES + SRTP_OVERHEAD_BYTES)
  return {
    name: `SRTP ${suite}`,
    run() {
      const [here, there] = [new SrtpSession({ suite, sendKey: keys[0], receiveKey: keys[1] }), new SrtpSession({ suite, sendKey: keys[1], receiveKey: keys[0] })]
      let bytes = 0
      for (let n = 0; n < frameCount; n += 1) {
        writeRtpHeader(packet, { marker: false, payloadType: 8, sequence: n & 0xffff, timestamp: n * FRAME_SAMPLES, ssrc: 1 })
        const length = here.protect(packet, RTP_HEADER_BYTES + FRAME_SAMPLES)
        bytes += length - RTP_HEADER_BYTES
        if (there.unprotect(packet.slice(0, length)) === undefined) throw new Error('a packet was refused')
      }
      return bytes
    },
  }
}

const works = [...(await Promise.all((Object.keys(codecs) as CodecName[]).map(codecWork))), srtpWork('AES_CM_128_HMAC_SHA1_80'), srtpWork('AES_CM_128_HMAC_SHA1_32')]
const measured = works.map(() => ({ cpuMs: [] as number[], bytes: 0 }))
for (let turn = -1; turn < Number(rounds); turn += 1) {
  for (const [i, work] of works.entries()) {
    const before = process.cpuUsage()
    const bytes = work.run()
    const used = process.cpuUsage(before)
    // The first turn warms up.
    if (turn >= 0) measured[i]!.cpuMs.push((used.user + used.system) / 1_000 / Number(seconds))
    measured[i]!.bytes = bytes
  }
}
const alaw = percentile(measured[0]!.cpuMs, 0.5)
const results = works.map(({ name }, i) => {
  const cpuMs = percentile(measured[i]!.cpuMs, 0.5)
  return { name, cpuMsPerCallSecond: round(cpuMs), timesAlaw: round(cpuMs / alaw), kbitPerSecond: round((measured[i]!.bytes * 8) / 1_000 / Number(seconds)) }
})
console.log(JSON.stringify({ bench: 'codecs', node: process.version, seconds: Number(seconds), rounds: Number(rounds), results }, undefined, 2))
