import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomHex } from './random-text.ts'

void test('texts have their length and are all different, over many fillings of the pool', () => {
  const seen = new Set<string>()
  for (let count = 0; count < 20_000; count += 1) {
    const bytes = 8 + (count % 9)
    const text = randomHex(bytes)
    assert.match(text, /^[0-9a-f]+$/)
    assert.equal(text.length, 2 * bytes)
    seen.add(text)
  }
  assert.equal(seen.size, 20_000)
  assert.equal(randomHex(64).length, 128)
})
