import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Concealment, CONCEALMENT_HISTORY_SAMPLES } from './concealment.ts'

const begin = CONCEALMENT_HISTORY_SAMPLES
const lineOf = (soundAt: (i: number) => number) => Int16Array.from({ length: begin + 800 }, (_, i) => (i < begin ? soundAt(i) : 0))

void test('repeats the pitch period it finds', () => {
  // 100 Hz with harmonics: only a lag of 80 samples fits.
  const voice = (i: number) => Math.round(4_000 * Math.sin((2 * Math.PI * i) / 80) + 3_000 * Math.sin((2 * Math.PI * 3 * i) / 80 + 1))
  const line = lineOf(voice)
  new Concealment().fill(line, begin, begin + 80)
  for (let i = begin; i < begin + 80; i += 1) assert.ok(Math.abs(line[i]! - voice(i)) < 2, `${i}`)
})

void test('is silent after 60 ms, whatever the pieces it is asked in', () => {
  const whole = lineOf(() => 8_000)
  const pieces = lineOf(() => 8_000)
  new Concealment().fill(whole, begin, begin + 800)
  const concealment = new Concealment()
  for (let i = begin; i < begin + 800; i += 50) concealment.fill(pieces, i, i + 50)
  assert.deepEqual(pieces, whole)
  assert.ok(whole.subarray(begin + 480).every((sample) => sample === 0))
  assert.ok(whole[begin + 479]! > 0)
})

void test('leaves the first sound after silence as it is', () => {
  const line = lineOf(() => 0)
  const concealment = new Concealment()
  concealment.fill(line, begin, begin + 160)
  line.fill(1_000, begin + 160, begin + 320)
  concealment.resume(line, begin + 160, begin + 320)
  assert.ok(line.subarray(begin + 160, begin + 320).every((sample) => sample === 1_000))
})
