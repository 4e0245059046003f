import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecOfType, codecs, type Decoder, type Encoder } from './codecs.ts'
import type { CodecName } from './engine.ts'

const sine = (hz: number, samples: number) => Int16Array.from({ length: samples }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000)))

/** Level in dB of the tone of `hz` in what comes out, and of everything else, against 8000. */
function through(codec: CodecName, hz: number, packet: number): { toneDb: number; restDb: number } {
  const [encoder, decoder]: [Encoder, Decoder] = [codecs[codec].encoder({}), codecs[codec].decoder()]
  const sent = sine(hz, 16_000)
  const from = 1_600
  let [real, imaginary, energy, samples] = [0, 0, 0, 0]
  for (let at = 0; at + packet <= sent.length; at += packet) {
    const bytes = new Uint8Array(12 + packet)
    assert.equal(encoder.encode(sent.subarray(at, at + packet), bytes, 12), packet)
    const heard = decoder.decode(bytes.subarray(12))
    assert.equal(heard.length, packet)
    for (let i = 0; i < packet; i += 1) {
      if (at + i < from) continue
      const angle = (2 * Math.PI * hz * (at + i)) / 8_000
      real += heard[i]! * Math.cos(angle)
      imaginary += heard[i]! * Math.sin(angle)
      energy += heard[i]! ** 2
      samples += 1
    }
  }
  const tone = (2 * (real ** 2 + imaginary ** 2)) / samples
  const full = (8_000 ** 2 / 2) * samples
  return { toneDb: 10 * Math.log10(tone / full), restDb: 10 * Math.log10((energy - tone) / full) }
}

// Opus keeps no waveform; its own tests say what it does keep.
for (const codec of ['PCMA', 'PCMU', 'G722'] as const satisfies CodecName[]) {
  void test(`${codec} carries the telephone band level and clean, in packets of any size`, () => {
    for (const packet of [80, 160, 280, 480]) {
      for (const hz of [300, 1_000, 2_000, 3_300]) {
        const { toneDb, restDb } = through(codec, hz, packet)
        assert.ok(Math.abs(toneDb) < 0.3 && restDb < -33, `${hz} Hz in packets of ${packet}: ${toneDb} dB, the rest ${restDb} dB`)
      }
    }
  })

  void test(`${codec} goes silent after a loud sound`, () => {
    const [encoder, decoder]: [Encoder, Decoder] = [codecs[codec].encoder({}), codecs[codec].decoder()]
    const bytes = new Uint8Array(160)
    encoder.encode(sine(500, 160), bytes, 0)
    decoder.decode(bytes)
    let heard = new Int16Array(0)
    for (let n = 0; n < 25; n += 1) {
      encoder.silence(160, bytes, 0)
      heard = Int16Array.from(decoder.decode(bytes))
    }
    assert.ok(heard.every((sample) => Math.abs(sample) <= 8))
  })
}

void test('knows the codec of a packet: the negotiated type first, then the static ones', () => {
  const negotiated = { codec: 'G722', payloadType: 98 } as const
  assert.deepEqual([98, 8, 0, 9, 18, 101].map((type) => codecOfType(type, negotiated)), ['G722', 'PCMA', 'PCMU', 'G722', undefined, undefined])
  assert.deepEqual([111, 8, 98].map((type) => codecOfType(type, { codec: 'opus', payloadType: 111 })), ['opus', 'PCMA', undefined])
  // RFC 3264: what a number means is what the two agreed on.
  assert.equal(codecOfType(8, { codec: 'PCMU', payloadType: 8 }), 'PCMU')
})
