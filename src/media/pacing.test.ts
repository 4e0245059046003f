import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BeatLateness, nextDue, PacingHistogram, startTicks, TICK_MS } from './pacing.ts'
import { nowMs } from './frame.ts'

void test('finds the next time in phase', () => {
  assert.equal(nextDue(100, 20, 5), 105)
  assert.equal(nextDue(105, 20, 5), 125)
  assert.equal(nextDue(1_700_000_000_003.5, 20, 15), 1_700_000_000_015)
})

void test('tells quantiles to a quarter of a millisecond, and the exact worst', () => {
  const histogram = new PacingHistogram()
  assert.equal(histogram.quantileMs(0.95), 0)
  for (let i = 1; i <= 100; i += 1) histogram.add(i % 2 === 0 ? i / 10 : -i / 10)
  assert.equal(histogram.quantileMs(0.95), 9.75)
  histogram.add(-1_234.5)
  assert.equal(histogram.maxMs, 1_234.5)
  assert.equal(histogram.quantileMs(1), 1_234.5)
})

void test('ticks once per beat, and one late tick stands for all beats missed by a blocked thread', async () => {
  const ticks: number[] = []
  const dues: number[] = []
  const stop = startTicks(nowMs, (tickMs, dueMs) => {
    ticks.push(tickMs)
    dues.push(dueMs)
    if (ticks.length === 3) for (const begin = nowMs(); nowMs() - begin < 60; );
  })
  const begin = nowMs()
  while (ticks.length < 10) await new Promise((resolve) => setTimeout(resolve, 5))
  stop()
  const count = ticks.length
  const beats = ticks.map((tickMs) => Math.floor((tickMs + 0.5) / TICK_MS))
  assert.equal(new Set(beats).size, beats.length, 'a beat came twice')
  assert.ok(count <= (nowMs() - begin - 60) / TICK_MS + 2, `${count} ticks`)
  assert.ok(beats[3]! - beats[2]! >= 12)
  for (let i = 1; i < beats.length; i += 1) assert.equal(dues[i], (beats[i - 1]! + 1) * TICK_MS, 'each tick begins where the one before ended')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(ticks.length, count, 'it ticks after the stop')
})

void test('beats that were missed count as late, each by its own time; every report begins anew', () => {
  const lateness = new BeatLateness()
  assert.equal(lateness.takeMsP99(), 0)
  for (let beat = 1; beat <= 196; beat += 1) lateness.add(beat * TICK_MS - 0.4, beat * TICK_MS)
  // One stall of 20 ms: beats 20, 15, 10, 5 and 0 ms late.
  lateness.add(201 * TICK_MS, 197 * TICK_MS)
  assert.equal(lateness.takeMsP99(), 10.25)
  lateness.add(202 * TICK_MS + 1, 202 * TICK_MS)
  assert.equal(lateness.takeMsP99(), 1)
})
