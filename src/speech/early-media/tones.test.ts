import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, SAMPLE_RATE_HZ } from '../../media/frame.ts'
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from '../../media/g711.ts'
import { seededRandom } from '../../media/seeded-random.ts'
import { framesOf, speechFixtures } from '../asr/builtin/fixtures.ts'
import { melody } from './colour-ring.test-data.ts'
import { noises, rmsOf, withNoise } from './noise.test-data.ts'
import { ToneDetector, type ProgressTone } from './tones.ts'

const samplesOf = (ms: number): number => Math.round((ms * SAMPLE_RATE_HZ) / 1_000)

/** One stretch: sounds of these frequencies together, or silence. */
type Part = { hz: readonly number[]; ms: number }
const on = (ms: number, ...hz: number[]): Part => ({ hz, ms })
const off = (ms: number): Part => ({ hz: [], ms })

/** The parts over and over, for `ms`; 5 ms ramps, so that nothing clicks. `hzOff` is added to every frequency, `factor` stretches every part. */
function signal(parts: readonly Part[], ms: number, { dbm0 = -10, hzOff = 0, factor = 1, leadMs = 0 } = {}): Int16Array {
  const pcm = new Int16Array(samplesOf(leadMs + ms))
  const ramp = samplesOf(5)
  for (let at = samplesOf(leadMs), part = 0; at < pcm.length; part += 1) {
    const { hz, ms: partMs } = parts[part % parts.length]!
    const length = samplesOf(partMs * factor)
    const steady = parts.length === 1
    for (let i = 0; i < length && at + i < pcm.length; i += 1) {
      const gain = steady ? 1 : Math.min(1, i / ramp, (length - i) / ramp)
      const wave = hz.reduce((sum, one) => sum + Math.sin((2 * Math.PI * (one + hzOff) * (steady ? at + i : i)) / SAMPLE_RATE_HZ), 0)
      pcm[at + i] = Math.round((gain * rmsOf(dbm0) * Math.SQRT2 * wave) / Math.max(1, hz.length))
    }
    at += length
  }
  return pcm
}

const lines = { alaw: (pcm: Int16Array) => decodeAlaw(encodeAlaw(pcm)), ulaw: (pcm: Int16Array) => decodeUlaw(encodeUlaw(pcm)), clean: (pcm: Int16Array) => pcm } as const
const lineNames = ['alaw', 'ulaw', 'clean'] as const

function heard(pcm: Int16Array): { tone: ProgressTone; atMs: number }[] {
  const detector = new ToneDetector()
  return framesOf(pcm).flatMap((frame, index) => {
    const told = detector.push(frame)
    return told === undefined ? [] : [{ tone: told, atMs: (index + 1) * FRAME_MS }]
  })
}
const tonesIn = (pcm: Int16Array): ProgressTone[] => heard(pcm).map(({ tone }) => tone)

/** What networks play, for how long it is listened to, and by when it must be known. */
const family: readonly { tone: ProgressTone; parts: readonly Part[]; listenMs: number; knownMs: number }[] = [
  { tone: 'dial', parts: [on(1_000, 450)], listenMs: 8_000, knownMs: 2_100 },
  { tone: 'ring-back', parts: [on(1_000, 450), off(4_000)], listenMs: 12_000, knownMs: 2_600 },
  { tone: 'busy', parts: [on(350, 450), off(350)], listenMs: 8_000, knownMs: 2_200 },
  { tone: 'congestion', parts: [on(700, 450), off(700)], listenMs: 8_000, knownMs: 2_900 },
  { tone: 'vacant-number', parts: [on(100, 450), off(100), on(100, 450), off(100), on(100, 450), off(100), on(400, 450), off(400)], listenMs: 8_000, knownMs: 1_500 },
  { tone: 'call-waiting', parts: [on(400, 450), off(4_000)], listenMs: 12_000, knownMs: 5_800 },
  { tone: 'trunk-notice', parts: [on(200, 450), off(200), on(200, 450), off(600)], listenMs: 8_000, knownMs: 2_500 },
]
const others: typeof family = [
  { tone: 'sit', parts: [on(330, 950), on(330, 1_400), on(330, 1_800), off(1_000)], listenMs: 6_000, knownMs: 1_000 },
  { tone: 'fax-cng', parts: [on(500, 1_100), off(3_000)], listenMs: 9_000, knownMs: 4_200 },
  { tone: 'fax-ced', parts: [on(3_300, 2_100), off(9_000)], listenMs: 6_000, knownMs: 1_300 },
  { tone: 'howler', parts: [on(1_000, 950)], listenMs: 6_000, knownMs: 1_600 },
  { tone: 'monitor', parts: [on(400, 1_400), off(10_000)], listenMs: 22_000, knownMs: 11_000 },
]

void describe('progress tones', () => {
  for (const { tone: name, parts, listenMs, knownMs } of [...family, ...others]) {
    const isOfFamily = family.some(({ tone }) => tone === name)
    // The others are told by their frequency; their standards allow 38 Hz at most, and 15 Hz for 2100 Hz.
    const hzOffMax = isOfFamily ? 25 : 15

    const only = (pcm: Int16Array, what: string, leadMs = 0, slack = 1): void => {
      const told = heard(pcm)
      assert.deepEqual(told.map((one) => one.tone), [name], what)
      assert.ok(told[0]!.atMs - leadMs <= knownMs * slack + FRAME_MS, `${what}: known after ${told[0]!.atMs - leadMs} ms`)
    }

    void test(`${name} is known by its cadence, wherever its frames begin`, () => {
      for (let leadMs = 0; leadMs < 20; leadMs += 3) only(lines.alaw(signal(parts, listenMs, { leadMs })), `lead ${leadMs}`, leadMs)
    })

    void test(`${name} is known in any noise 15 dB below it, at any level from -10 to -30 dBm0, off frequency and off time, on A-law, µ-law and clean lines`, () => {
      // Every noise with every line, the rest by lot; the outermost values among them.
      const random = seededRandom(knownMs)
      const pick = (values: readonly number[]): number => values[Math.floor(random() * values.length)]!
      for (const noise of noises) {
        for (const line of lineNames) {
          for (let seed = 1; seed <= 2; seed += 1) {
            const [dbm0, hzOff, factor] = [pick([-10, -15, -20, -25, -30]), pick([-1, -0.5, 0, 0.5, 1]) * hzOffMax, pick([0.91, 1, 1.09])]
            const leadMs = 40 + Math.floor(random() * 20)
            const pcm = withNoise(signal(parts, listenMs * factor, { dbm0, hzOff, factor, leadMs }), noise, dbm0 - 15, seed)
            only(lines[line](pcm), `${noise} on ${line}, ${dbm0} dBm0, ${hzOff} Hz off, times ${factor}, seed ${seed}`, leadMs, Math.max(1, factor) + 0.03)
          }
        }
      }
    })

    void test(`${name} is known when loud or very quiet`, () => {
      for (const dbm0 of [-3, -35]) only(lines.alaw(signal(parts, listenMs, { dbm0 })), `${dbm0} dBm0`)
    })
  }

  void test('that were joined in the middle are known one period later', () => {
    const busy = signal([on(350, 450), off(350)], 8_000)
    for (const cutMs of [90, 240, 500]) assert.deepEqual(tonesIn(busy.subarray(samplesOf(cutMs))), ['busy'])
    assert.deepEqual(tonesIn(signal([on(1_000, 450), off(4_000)], 12_000).subarray(samplesOf(600))), ['ring-back'])
  })

  void test('survive single lost or spoilt frames', () => {
    const pcm = signal([on(350, 450), off(350)], 8_000)
    for (const atMs of [140, 840, 1_540, 2_240]) pcm.fill(0, samplesOf(atMs), samplesOf(atMs + FRAME_MS))
    assert.deepEqual(tonesIn(pcm), ['busy'])
    const fax = signal([on(3_300, 2_100), off(9_000)], 6_000)
    // The answering tone of modems turns its phase every 450 ms (ITU-T V.8).
    for (let atMs = 450; atMs < 3_300; atMs += 900) for (let i = samplesOf(atMs); i < samplesOf(atMs + 450); i += 1) fax[i] = -fax[i]!
    assert.deepEqual(tonesIn(fax), ['fax-ced'])
  })

  void test('follow one another: ringing, then busy', () => {
    const pcm = new Int16Array(samplesOf(14_000))
    pcm.set(signal([on(1_000, 450), off(4_000)], 10_000))
    pcm.set(signal([on(350, 450), off(350)], 4_000), samplesOf(10_000))
    assert.deepEqual(tonesIn(pcm), ['ring-back', 'busy'])
  })

  void test('of other zones are not taken for ours', () => {
    const zones: Readonly<Record<string, readonly Part[]>> = {
      'Hong Kong ringing': [on(400, 440, 480), off(200), on(400, 440, 480), off(3_000)],
      'Hong Kong busy': [on(500, 480, 620), off(500)],
      'Taiwan ringing': [on(1_000, 440, 480), off(2_000)],
      'North American ringing': [on(2_000, 440, 480), off(4_000)],
      'North American busy': [on(500, 480, 620), off(500)],
      'North American reorder': [on(250, 480, 620), off(250)],
      'British ringing': [on(400, 400, 450), off(200), on(400, 400, 450), off(2_000)],
      'French ringing': [on(1_500, 440), off(3_500)],
      'German busy': [on(480, 425), off(480)],
    }
    for (const [zone, parts] of Object.entries(zones)) {
      for (const line of lineNames) {
        for (const noisy of [false, true]) {
          const pcm = signal(parts, 15_000)
          const told = tonesIn(lines[line](noisy ? withNoise(pcm, 'white', -25, 1) : pcm))
          // 425 Hz is within our band and half a second within our busy tone: it means the same there.
          assert.deepEqual(told, zone === 'German busy' ? ['busy'] : [], `${zone} on ${line}`)
        }
      }
    }
  })

  void test('are not heard in speech', () => {
    for (const fixture of speechFixtures()) {
      for (const gain of [0.1, 0.3, 1, 2]) assert.deepEqual(tonesIn(fixture.pcm.map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)))), [], fixture.name)
      for (const line of ['alaw', 'ulaw'] as const) for (const noise of noises) assert.deepEqual(tonesIn(lines[line](withNoise(fixture.pcm, noise, -40, 3))), [], `${fixture.name} in ${noise}`)
    }
    const endless = speechFixtures().map(({ pcm }) => pcm)
    const all = new Int16Array(endless.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const pcm of endless) {
      all.set(pcm, at)
      at += pcm.length
    }
    assert.deepEqual(tonesIn(all), [])
  })

  void test('are not heard in colour rings, with and without overtones, tuned to 440 Hz', () => {
    for (let seed = 1; seed <= 24; seed += 1) assert.deepEqual(tonesIn(lines[seed % 2 ? 'alaw' : 'ulaw'](melody(seed, 20_000))), [], `melody ${seed}`)
  })

  void test('are not heard in noise, silence or other tones', () => {
    for (const noise of noises) for (const dbm0 of [-45, -30, -15]) assert.deepEqual(tonesIn(withNoise(new Int16Array(samplesOf(10_000)), noise, dbm0, 2)), [], `${noise} ${dbm0}`)
    assert.deepEqual(tonesIn(new Int16Array(samplesOf(10_000))), [])
    for (const hz of [350, 400, 500, 950, 1_100, 1_400]) assert.deepEqual(tonesIn(signal([on(350, hz), off(350)], 6_000)), [], `${hz} Hz`)
    assert.deepEqual(tonesIn(signal([on(350, 450), off(350)], 6_000, { dbm0: -45 })), [])
    // A beep of an answering machine, whatever its pitch.
    for (const hz of [425, 440, 850, 1_000, 1_100, 1_400, 2_000]) assert.deepEqual(tonesIn(signal([off(500), on(500, hz), off(9_000)], 9_900)), [], `beep of ${hz} Hz`)
    // Falling instead of rising, and with pauses.
    assert.deepEqual(tonesIn(signal([on(330, 1_800), on(330, 1_400), on(330, 950), off(1_000)], 6_000)), [])
    assert.deepEqual(tonesIn(signal([on(330, 950), off(300), on(330, 1_400), off(300), on(330, 1_800), off(1_000)], 6_000)), [])
  })

  void test('cost little', () => {
    const detector = new ToneDetector()
    const frames = framesOf(signal([on(350, 450), off(350)], 60_000))
    const beginMs = performance.now()
    for (const frame of frames) detector.push(frame)
    const usPerFrame = ((performance.now() - beginMs) * 1_000) / frames.length
    // About 15 µs; a fifth of a millisecond would still be 1 % of the time.
    assert.ok(usPerFrame < 200, `${usPerFrame.toFixed(1)} µs per frame`)
  })
})
