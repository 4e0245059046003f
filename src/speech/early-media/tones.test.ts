import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { decodeAlaw, encodeAlaw } from '../../media/g711.ts'
import { seededRandom } from '../../media/seeded-random.ts'
import { ToneGenerator } from '../../media/tone.ts'
import { framesOf, speechFixtures } from '../asr/builtin/fixtures.ts'
import { melody } from './colour-ring.test-data.ts'
import { ToneDetector, type ProgressTone } from './tones.ts'

const samplesOf = (ms: number): number => Math.round((ms * SAMPLE_RATE_HZ) / 1_000)

function tone(cadenceMs: readonly number[], ms: number, { hz = 450, dbm0 = -10, leadMs = 0 } = {}): Int16Array {
  const pcm = new Int16Array(samplesOf(leadMs + ms))
  pcm.set(new ToneGenerator({ frequencyHz: hz, cadenceMs }, dbm0).next(samplesOf(ms)), samplesOf(leadMs))
  return pcm
}

/** White noise so many dB below the level of a tone. */
function withNoise(pcm: Int16Array, snrDb: number, dbm0 = -10, seed = 1): Int16Array {
  const random = seededRandom(seed)
  const rms = (32_767 / Math.SQRT2) * 10 ** ((dbm0 - 3.14 - snrDb) / 20)
  // Uniform noise of ±a has the power a²/3.
  return pcm.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample + rms * Math.sqrt(3) * (2 * random() - 1)))))
}

const alawLine = (pcm: Int16Array): Int16Array => decodeAlaw(encodeAlaw(pcm))

function heard(pcm: Int16Array): { tone: ProgressTone; atMs: number }[] {
  const detector = new ToneDetector()
  return framesOf(pcm).flatMap((frame, index) => {
    const told = detector.push(frame)
    return told === undefined ? [] : [{ tone: told, atMs: (index + 1) * FRAME_MS }]
  })
}

/** What networks play, and by when it must be known. */
const cadences: readonly { tone: ProgressTone; cadenceMs: readonly number[]; knownMs: number }[] = [
  { tone: 'dial', cadenceMs: [1_000], knownMs: 2_100 },
  { tone: 'ring-back', cadenceMs: [1_000, 4_000], knownMs: 2_600 },
  { tone: 'busy', cadenceMs: [350, 350], knownMs: 2_200 },
  { tone: 'congestion', cadenceMs: [700, 700], knownMs: 2_900 },
  { tone: 'vacant-number', cadenceMs: [100, 100, 100, 100, 100, 100, 400, 400], knownMs: 1_500 },
  { tone: 'call-waiting', cadenceMs: [400, 4_000], knownMs: 5_800 },
  { tone: 'trunk-notice', cadenceMs: [200, 200, 200, 600], knownMs: 2_500 },
]

void describe('progress tones', () => {
  for (const { tone: name, cadenceMs, knownMs } of cadences) {
    const only = (pcm: Int16Array, leadMs = 0, slack = 1): void => {
      const told = heard(pcm)
      assert.deepEqual(told.map((one) => one.tone), [name])
      assert.ok(told[0]!.atMs - leadMs <= knownMs * slack + FRAME_MS, `known after ${told[0]!.atMs - leadMs} ms`)
    }
    void test(`${name} is known by its cadence, on A-law, wherever its frames begin`, () => {
      for (let leadMs = 0; leadMs < 20; leadMs += 3) only(alawLine(tone(cadenceMs, 12_000, { leadMs })), leadMs)
    })
    void test(`${name} is known in noise of 15 dB`, () => {
      for (let seed = 1; seed <= 5; seed += 1) only(alawLine(withNoise(tone(cadenceMs, 12_000, { leadMs: 7 }), 15, -10, seed)), 7)
    })
    void test(`${name} is known at 425 and 475 Hz, quiet, and with lengths 10 % off`, () => {
      for (const hz of [425, 440, 462, 475]) only(alawLine(tone(cadenceMs, 12_000, { hz })))
      for (const dbm0 of [-3, -25, -35]) only(alawLine(tone(cadenceMs, 12_000, { dbm0 })))
      for (const factor of [0.91, 1.09]) only(tone(cadenceMs.map((ms) => ms * factor), 13_000), 0, 1.1)
    })
  }

  void test('that were joined in the middle are known one period later', () => {
    for (const cutMs of [90, 240, 500]) assert.deepEqual(heard(tone([350, 350], 8_000).subarray(samplesOf(cutMs))).map((one) => one.tone), ['busy'])
    assert.deepEqual(heard(tone([1_000, 4_000], 12_000).subarray(samplesOf(600))).map((one) => one.tone), ['ring-back'])
  })

  void test('survive single lost or spoilt frames', () => {
    const pcm = tone([350, 350], 8_000)
    for (const atMs of [140, 840, 1_540, 2_240]) pcm.fill(0, samplesOf(atMs), samplesOf(atMs + FRAME_MS))
    assert.deepEqual(heard(pcm).map((one) => one.tone), ['busy'])
  })

  void test('follow one another: ringing, then busy', () => {
    const pcm = new Int16Array(samplesOf(14_000))
    pcm.set(tone([1_000, 4_000], 10_000))
    pcm.set(tone([350, 350], 4_000), samplesOf(10_000))
    assert.deepEqual(heard(pcm).map((one) => one.tone), ['ring-back', 'busy'])
  })

  void test('are not heard in speech', () => {
    for (const fixture of speechFixtures()) {
      for (const gain of [0.3, 1, 2]) assert.deepEqual(heard(fixture.pcm.map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)))), [], fixture.name)
    }
    const endless = speechFixtures().map(({ pcm }) => pcm)
    const all = new Int16Array(endless.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const pcm of endless) {
      all.set(pcm, at)
      at += pcm.length
    }
    assert.deepEqual(heard(all), [])
  })

  void test('are not heard in music, with and without overtones, tuned to 440 Hz', () => {
    for (let seed = 1; seed <= 12; seed += 1) assert.deepEqual(heard(alawLine(melody(seed, 20_000))), [], `melody ${seed}`)
  })

  void test('are not heard in noise, silence, other tones or a voice-band key press', () => {
    assert.deepEqual(heard(withNoise(new Int16Array(samplesOf(10_000)), 0)), [])
    assert.deepEqual(heard(new Int16Array(samplesOf(10_000))), [])
    for (const hz of [350, 400, 500, 950, 1_100, 1_400]) assert.deepEqual(heard(tone([350, 350], 6_000, { hz })), [], `${hz} Hz`)
    assert.deepEqual(heard(tone([350, 350], 6_000, { dbm0: -45 })), [])
    const dual = tone([400, 200], 6_000, { hz: 440 })
    const second = tone([400, 200], 6_000, { hz: 480 })
    assert.deepEqual(heard(dual.map((sample, i) => sample + second[i]!)), [])
  })

  void test('cost little', () => {
    const detector = new ToneDetector()
    const frames = framesOf(tone([350, 350], 60_000))
    const beginMs = performance.now()
    for (const frame of frames) detector.push(frame)
    const usPerFrame = ((performance.now() - beginMs) * 1_000) / frames.length
    // About 6 µs; a tenth of a millisecond would still be 0.5 % of the time.
    assert.ok(usPerFrame < 100, `${usPerFrame.toFixed(1)} µs per frame`)
  })
})
