// Checks the noise estimate on sequences of levels. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NoiseFloor } from './noise-floor.ts'

const options = { startDbfs: -54, dbfsMin: -59 }
/** Levels of speech: syllables with gaps between them. */
const speechLevel = (frame: number) => (frame % 12 < 9 ? -22 - (frame % 5) : -40)

function after(floor: NoiseFloor, frames: number, level: (frame: number) => number, speech: boolean): number {
  for (let frame = 0; frame < frames; frame++) floor.push(level(frame), speech)
  return floor.dbfs
}

test('falls to the level of the line at once, but not below its minimum', () => {
  assert.ok(after(new NoiseFloor(options), 20, () => -57, false) < -56)
  assert.equal(after(new NoiseFloor(options), 20, () => -90, false), -59)
})

test('does not rise with speech that begins the call', () => {
  assert.equal(after(new NoiseFloor(options), 100, speechLevel, true), -54)
})

test('rises slowly while somebody speaks, and falls in the first pause', () => {
  const floor = new NoiseFloor(options)
  const dbfs = after(floor, 500, speechLevel, true)
  assert.ok(dbfs > -54 && dbfs < -40, String(dbfs))
  assert.ok(after(floor, 20, () => -57, true) < -54)
})

test('a level that stays even is noise, sooner when it is very even', () => {
  const even = new NoiseFloor(options)
  after(even, 200, () => -57, false)
  assert.ok(after(even, 25, () => -30, true) < -50)
  assert.ok(after(even, 10, () => -30, true) > -31)
  const uneven = new NoiseFloor(options)
  after(uneven, 200, () => -57, false)
  const wavering = (frame: number) => -30 + (frame % 2 === 0 ? 1.5 : -1.5)
  assert.ok(after(uneven, 50, wavering, true) < -45)
  assert.ok(after(uneven, 15, wavering, true) > -32)
})

test('follows noise that rises by little while nobody speaks', () => {
  const floor = new NoiseFloor(options)
  after(floor, 200, () => -57, false)
  const dbfs = after(floor, 200, (frame) => -52 + 4 * Math.sin(frame), false)
  assert.ok(dbfs > -57 && dbfs < -50, String(dbfs))
})
