// Checks which frames are machine tones. Does not touch levels or turns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SAMPLE_RATE_HZ } from './frame.ts'
import { framesOf, speechFixtures } from '../speech/asr/builtin/fixtures.ts'
import { ToneGate } from './tone-gate.ts'

const sine = (hz: number, i: number) => Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ)
const frames = (sample: (i: number) => number, seconds = 0.4) => framesOf(Int16Array.from({ length: seconds * SAMPLE_RATE_HZ }, (_, i) => Math.round(sample(i))))

test('one steady sine wave is a tone from its first full frame on, at any frequency of the band', () => {
  for (let hz = 260; hz <= 3000; hz += 77) {
    const gate = new ToneGate()
    assert.deepEqual(frames((i) => 5000 * sine(hz, i + 31)).map((frame) => gate.isTone(frame)), Array.from({ length: 20 }, () => true), `${hz} Hz`)
  }
})

test('two sine waves of unequal strength are a tone', () => {
  for (const [low, high] of [[697, 1209], [941, 1633], [852, 1336], [350, 620]] as const) {
    const gate = new ToneGate()
    assert.ok(frames((i) => 5000 * sine(low, i) + 2500 * sine(high, i)).every((frame) => gate.isTone(frame)), `${low}+${high} Hz`)
  }
})

test('the end of a burst within a frame still belongs to the tone', () => {
  const gate = new ToneGate()
  const burst = frames((i) => (i < 560 ? 5000 * sine(450, i) : 0), 0.08)
  assert.deepEqual(burst.map((frame) => gate.isTone(frame)), [true, true, true, true])
})

test('silence, noise and chords of three are no tones', () => {
  let seed = 1
  const noise = () => ((seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 31 - 1) * 3000
  for (const sample of [() => 0, noise, (i: number) => 3000 * (sine(500, i) + sine(900, i) + sine(1700, i))]) {
    const gate = new ToneGate()
    assert.ok(!frames(sample).some((frame) => gate.isTone(frame)))
  }
})

test('of loud speech less than one frame in twenty looks like a tone', () => {
  let loud = 0
  let tones = 0
  for (const { pcm } of speechFixtures()) {
    const gate = new ToneGate()
    for (const frame of framesOf(pcm)) {
      if (Math.sqrt(frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length) < 300) gate.skip()
      else {
        loud++
        if (gate.isTone(frame)) tones++
      }
    }
  }
  assert.ok(loud > 500 && tones / loud < 0.05, `${tones} of ${loud}`)
})
