import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { seededRandom } from './seeded-random.ts'
import { resample, Resampler } from './resample.ts'

const AMPLITUDE = 10_000
const sine = (hz: number, rateHz: number, ms = 1_000) => Int16Array.from({ length: (rateHz * ms) / 1_000 }, (_, i) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rateHz)))

/** Level of `hz` in the middle of `pcm`, in dB relative to a full sine of AMPLITUDE. */
function levelDb(pcm: Int16Array, hz: number, rateHz: number): number {
  const middle = pcm.subarray(pcm.length / 4, (pcm.length * 3) / 4)
  let re = 0
  let im = 0
  for (let i = 0; i < middle.length; i += 1) {
    // Hann window: nothing of other frequencies leaks in.
    const weight = 1 - Math.cos((2 * Math.PI * i) / middle.length)
    re += middle[i]! * weight * Math.cos((2 * Math.PI * hz * i) / rateHz)
    im += middle[i]! * weight * Math.sin((2 * Math.PI * hz * i) / rateHz)
  }
  return 20 * Math.log10(Math.max(1e-9, (2 * Math.hypot(re, im)) / middle.length / AMPLITUDE))
}

const downFrom = [48_000, 24_000, 22_050, 16_000]

void test('keeps telephone speech: hardly half a dB is lost up to 3.4 kHz', () => {
  for (const fromHz of downFrom) {
    for (const hz of [300, 1_000, 2_000, 3_000, 3_400]) {
      const level = levelDb(resample(sine(hz, fromHz), fromHz, 8_000), hz, 8_000)
      assert.ok(Math.abs(level) < 0.6, `${fromHz} Hz: ${hz} Hz at ${level.toFixed(2)} dB`)
    }
  }
})

void test('keeps out what 8 kHz cannot hold: above 5 kHz nothing folds back', () => {
  for (const fromHz of downFrom) {
    for (const hz of [5_000, 5_500, 6_000, 7_000, 7_900]) {
      const level = levelDb(resample(sine(hz, fromHz), fromHz, 8_000), 8_000 - hz, 8_000)
      assert.ok(level < -62, `${fromHz} Hz: ${hz} Hz folds at ${level.toFixed(1)} dB`)
    }
  }
})

void test('adds no image when it goes up', () => {
  const up = resample(sine(3_000, 8_000), 8_000, 16_000)
  assert.ok(Math.abs(levelDb(up, 3_000, 16_000)) < 0.2)
  assert.ok(levelDb(up, 5_000, 16_000) < -62)
})

void test('does not shift or stretch: a sine stays on its samples', () => {
  for (const [fromHz, toHz] of [[22_050, 8_000], [48_000, 8_000], [24_000, 8_000], [16_000, 8_000], [8_000, 16_000]] as const) {
    const expected = sine(700, toHz)
    const out = resample(sine(700, fromHz), fromHz, toHz)
    assert.equal(out.length, expected.length)
    for (let i = 200; i < out.length - 200; i += 1) assert.ok(Math.abs(out[i]! - expected[i]!) < 20, `${fromHz} to ${toHz}, ${i}: ${out[i]} instead of ${expected[i]}`)
  }
})

void test('gives the same in blocks of any length, and again after a flush', () => {
  const random = seededRandom(7)
  const input = Int16Array.from({ length: 10_000 }, () => (random() - 0.5) * 20_000)
  for (const [fromHz, toHz] of [[22_050, 8_000], [48_000, 8_000], [8_000, 16_000]] as const) {
    const whole = resample(input, fromHz, toHz)
    const resampler = new Resampler(fromHz, toHz)
    for (let round = 0; round < 2; round += 1) {
      const out: number[] = []
      for (let at = 0; at < input.length; ) {
        const length = Math.floor(random() * 700)
        out.push(...resampler.push(input.subarray(at, at + length)))
        at += length
      }
      out.push(...resampler.flush())
      assert.deepEqual(Int16Array.from(out), whole)
    }
  }
})

void test('clips instead of wrapping', () => {
  const square = Int16Array.from({ length: 4_800 }, (_, i) => (i % 200 < 100 ? 32_767 : -32_768))
  const out = resample(square, 24_000, 8_000)
  for (let i = 40; i < out.length - 40; i += 1) assert.ok(Math.abs(out[i]! - out[i - 1]!) < 65_000)
  assert.ok(Math.max(...out) === 32_767 && Math.min(...out) === -32_768)
})

void test('one rate to itself changes nothing, and nothing comes from nothing', () => {
  assert.deepEqual(resample(sine(500, 8_000), 8_000, 8_000), sine(500, 8_000))
  assert.equal(resample(new Int16Array(0), 22_050, 8_000).length, 0)
  assert.equal(resample(new Int16Array(1), 48_000, 8_000).length, 0)
})

void test('refuses rates it cannot bring together', () => {
  for (const [fromHz, toHz] of [[0, 8_000], [8_000, -1], [8_000.5, 8_000], [8_001, 16_000], [Number.NaN, 8_000]] as const) {
    assert.throws(() => new Resampler(fromHz, toHz), InvalidInputError, `${fromHz} to ${toHz}`)
  }
})
