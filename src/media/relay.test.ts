import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Relay } from './relay.ts'

const frame = (value: number) => new Int16Array(160).fill(value)

void test('gives what it was given, in packets of another size, and nothing while it is not enough', () => {
  const relay = new Relay()
  const out = new Int16Array(240)
  relay.push(frame(1))
  assert.equal(relay.mixInto(out), false)
  relay.push(frame(2))
  assert.equal(relay.mixInto(out), true)
  assert.deepEqual([...out], [...Array<number>(160).fill(1), ...Array<number>(80).fill(2)])
  assert.equal(relay.mixInto(out), false)
})

void test('adds to what is there, and clips', () => {
  const relay = new Relay()
  relay.push(frame(30_000))
  const out = frame(5_000)
  assert.equal(relay.mixInto(out), true)
  assert.ok(out.every((sample) => sample === 32_767))
})

void test('drops the oldest when more than 80 ms wait', () => {
  const relay = new Relay()
  for (let n = 1; n <= 6; n += 1) relay.push(frame(n))
  const heard = Array.from({ length: 5 }, () => {
    const out = frame(0)
    return relay.mixInto(out) ? out[0] : undefined
  })
  assert.deepEqual(heard, [3, 4, 5, 6, undefined])
})
