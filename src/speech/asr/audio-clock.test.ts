// Checks the times of an utterance over gaps and jitter. Does not use audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioClock } from './audio-clock.ts'

const FRAME = 160

test('continuous frames count from the first one, jitter ignored', () => {
  const clock = new AudioClock()
  for (const [i, jitterMs] of [0, 3, -8, 15, 0].entries()) clock.push(FRAME, 1000 + 20 * i + jitterMs)
  assert.equal(clock.lengthMs, 100)
  assert.equal(clock.at(0), 1000)
  assert.equal(clock.at(70), 1070)
})

test('a gap moves what follows, not what came before', () => {
  const clock = new AudioClock()
  clock.push(FRAME, 1000)
  clock.push(FRAME, 1020)
  assert.equal(clock.gapMs(5000), 3960)
  clock.push(FRAME, 5000)
  assert.equal(clock.at(30), 1030)
  assert.equal(clock.at(50), 5010)
  assert.equal(clock.gapMs(5020), 0)
})

test('a clock that drifts away is followed', () => {
  const clock = new AudioClock()
  for (let i = 0; i < 5000; i++) clock.push(FRAME, 20.2 * i)
  assert.ok(Math.abs(clock.at(clock.lengthMs) - 20.2 * 5000) <= 40)
})

test('the next utterance begins at its own first frame', () => {
  const clock = new AudioClock()
  clock.push(FRAME, 1000)
  clock.reset()
  assert.throws(() => clock.at(0), /no audio/)
  clock.push(FRAME, 9000)
  assert.equal(clock.at(10), 9010)
})

test('thousands of gaps keep the first and the latest times', () => {
  const clock = new AudioClock()
  for (let i = 0; i < 3000; i++) clock.push(FRAME, 1000 * i)
  assert.equal(clock.at(0), 0)
  assert.equal(clock.at(clock.lengthMs - 20), 2_999_000)
})
