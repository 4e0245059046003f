import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { PortRange } from './port-range.ts'

function range(portMin: number, portMax: number, restMs = 5_000, random = () => 0) {
  const clock = { nowMs: 1_000 }
  return { clock, range: new PortRange({ portMin, portMax, restMs, now: () => clock.nowMs, random }) }
}

const takeAll = (range: PortRange) => {
  const taken: number[] = []
  for (let port = range.take(); port !== undefined; port = range.take()) taken.push(port)
  return taken
}

void test('gives even ports whose odd neighbour is in the range too', () => {
  assert.deepEqual(takeAll(range(20_001, 20_006).range), [20_002, 20_004])
  assert.deepEqual(takeAll(range(20_000, 20_005).range), [20_000, 20_002, 20_004])
})

void test('a port given back rests before it is given again, the longest rested first', () => {
  const { clock, range: ports } = range(20_000, 20_005)
  takeAll(ports)
  ports.giveBack(20_004)
  clock.nowMs += 1_000
  ports.giveBack(20_000)
  assert.equal(ports.take(), undefined)
  clock.nowMs += 4_000
  assert.equal(ports.take(), 20_004)
  assert.equal(ports.take(), undefined)
  clock.nowMs += 1_000
  assert.equal(ports.take(), 20_000)
})

void test('begins anywhere in the range, so that two programs on it seldom meet', () => {
  assert.deepEqual(takeAll(range(20_000, 20_005, 0, () => 0.5).range), [20_002, 20_004, 20_000])
})

void test('refuses ranges without a pair, privileged ones and those the kernel gives out itself', () => {
  for (const [portMin, portMax] of [[20_001, 20_001], [20_000, 20_000], [20_010, 20_000], [1_000, 2_000], [30_000, 32_768], [20_000.5, 20_010], [20_000, Number.NaN]] as const) {
    assert.throws(() => range(portMin, portMax), InvalidInputError, `${portMin}..${portMax}`)
  }
})
