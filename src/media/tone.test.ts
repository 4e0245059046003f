import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ToneGenerator, tones } from './tone.ts'

const take = (generator: ToneGenerator, ms: number) => generator.next(ms * 8)

/** Milliseconds in which anything sounds, as [begin, end) runs. */
function sounding(pcm: Int16Array): [number, number][] {
  const runs: [number, number][] = []
  for (let ms = 0; ms * 8 < pcm.length; ms += 1) {
    if (!pcm.subarray(ms * 8, ms * 8 + 8).some((sample) => Math.abs(sample) > 50)) continue
    const last = runs.at(-1)
    if (last?.[1] === ms) last[1] = ms + 1
    else runs.push([ms, ms + 1])
  }
  return runs
}

void test('keeps the cadence of every tone', () => {
  assert.deepEqual(sounding(take(new ToneGenerator(tones.busy), 1_400)), [[0, 350], [700, 1_050]])
  assert.deepEqual(sounding(take(new ToneGenerator(tones.ringback), 6_000)), [[0, 1_000], [5_000, 6_000]])
  assert.deepEqual(sounding(take(new ToneGenerator(tones.vacantNumber), 1_500)), [[0, 100], [200, 300], [400, 500], [600, 1_000], [1_400, 1_500]])
})

void test('is 450 Hz at -10 dBm0', () => {
  const pcm = take(new ToneGenerator(tones.dial), 2_000).subarray(8_000)
  let crossings = 0
  for (let i = 1; i < pcm.length; i += 1) if (pcm[i - 1]! < 0 && pcm[i]! >= 0) crossings += 1
  assert.ok(Math.abs(crossings - 450) <= 1)
  const rms = Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length)
  const level = 20 * Math.log10((rms * Math.SQRT2) / 32_767) + 3.14
  assert.ok(Math.abs(level + 10) < 0.1, `${level}`)
})

void test('never clicks: no step is steeper than the tone itself', () => {
  const pcm = take(new ToneGenerator(tones.vacantNumber), 3_000)
  const amplitude = 32_767 * 10 ** (-13.14 / 20)
  for (let i = 1; i < pcm.length; i += 1) assert.ok(Math.abs(pcm[i]! - pcm[i - 1]!) <= amplitude * ((2 * Math.PI * 450) / 8_000) * 1.1, `${i}`)
})

void test('sounds the same in pieces', () => {
  const whole = take(new ToneGenerator(tones.congestion), 2_000)
  const generator = new ToneGenerator(tones.congestion)
  const pieces = Array.from({ length: 100 }, () => [...take(generator, 20)]).flat()
  assert.deepEqual(Int16Array.from(pieces), whole)
})
