import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ComfortNoise, parseComfortNoise } from './comfort-noise.ts'

function levelDbov(dbov: number | undefined): number {
  const noise = new ComfortNoise()
  noise.levelDbov = dbov
  const line = new Int16Array(16_000)
  noise.write(line, 0, line.length)
  return 10 * Math.log10(line.reduce((sum, sample) => sum + sample * sample, 0) / line.length / 32_124 ** 2)
}

void test('the noise has the level the far end told', () => {
  for (const dbov of [-35, -45, -60, -70]) assert.ok(Math.abs(levelDbov(dbov) - dbov) < 0.5, `${dbov}: ${levelDbov(dbov)}`)
})

void test('a level that is no comfort is lowered, and one below hearing is silence', () => {
  assert.ok(Math.abs(levelDbov(0) + 30) < 0.5)
  for (const dbov of [-127, undefined]) assert.equal(levelDbov(dbov), -Infinity)
})

void test('the noise is white: no sample tells the next', () => {
  const noise = new ComfortNoise(7)
  noise.levelDbov = -40
  const line = new Int16Array(16_000)
  noise.write(line, 0, line.length)
  const product = (lag: number) => line.subarray(lag).reduce((sum, sample, i) => sum + sample * line[i]!, 0)
  for (const lag of [1, 2, 3, 10, 160]) assert.ok(Math.abs(product(lag) / product(0)) < 0.05, `${lag}`)
})

void test('reads the level, whatever follows it', () => {
  assert.equal(parseComfortNoise(Uint8Array.of(60)), -60)
  assert.equal(parseComfortNoise(Uint8Array.of(0x80 | 50, 127, 0)), -50)
  assert.equal(parseComfortNoise(new Uint8Array(0)), undefined)
})
