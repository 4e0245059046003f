import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Background } from './background.ts'

const add = (background: Background, above: Int16Array): Int16Array => {
  background.addTo(above)
  return above
}

void test('goes round and round under what is said, without an edge at the seam', () => {
  const background = new Background(new Int16Array(1_000).fill(8_000), 0.25)
  const heard = Int16Array.from(Array.from({ length: 50 }, () => [...add(background, new Int16Array(160).fill(100))]).flat())
  assert.equal(heard.length, 8_000)
  assert.deepEqual([...new Set(heard.subarray(200, 700))], [2_100])
  assert.equal(heard[0], 100, 'it comes in from nothing')
  assert.equal(heard[1_500], 2_100, 'the second round')
  for (let i = 1; i < heard.length; i += 1) assert.ok(Math.abs(heard[i]! - heard[i - 1]!) <= 13, `edge at ${i}`)
})

void test('is cut off at full scale together with what is above', () => {
  const loud = add(new Background(new Int16Array(4_000).fill(32_000), 1), new Int16Array(800).fill(30_000))
  assert.equal(loud[700], 32_767)
  const low = add(new Background(new Int16Array(4_000).fill(-32_000), 1), new Int16Array(800).fill(-30_000))
  assert.equal(low[700], -32_768)
})
