import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SequenceTracker } from './sequence.ts'

void test('counts missing numbers across the wrap', () => {
  const tracker = new SequenceTracker()
  for (const sequence of [65_533, 65_534, 1, 2]) assert.equal(tracker.accept(sequence), 'new')
  assert.equal(tracker.received, 4)
  assert.equal(tracker.lost, 2)
})

void test('a reordered packet is not lost, and not new twice', () => {
  const tracker = new SequenceTracker()
  assert.deepEqual([10, 12, 11, 11, 12].map((sequence) => tracker.accept(sequence)), ['new', 'new', 'new', 'duplicate', 'duplicate'])
  assert.equal(tracker.lost, 0)
})

void test('a packet from before the first one is taken', () => {
  const tracker = new SequenceTracker()
  assert.deepEqual([0, 65_535, 1].map((sequence) => tracker.accept(sequence)), ['new', 'new', 'new'])
  assert.equal(tracker.lost, 0)
})

void test('one far-away number is a stray, two in a row are a restart, and neither is loss', () => {
  const tracker = new SequenceTracker()
  assert.deepEqual([100, 101, 30_000, 102, 40_000, 40_001, 40_002].map((sequence) => tracker.accept(sequence)), ['new', 'new', 'stray', 'new', 'stray', 'restarted', 'new'])
  assert.equal(tracker.lost, 0)
  assert.equal(tracker.received, 5)
})

void test('keeps the losses of earlier streams', () => {
  const tracker = new SequenceTracker()
  tracker.accept(1)
  tracker.accept(4)
  tracker.restart()
  assert.equal(tracker.accept(1), 'new')
  assert.equal(tracker.lost, 2)
})

void test('knows what RTCP reports of the numbering now: wraps, expected, received', () => {
  const tracker = new SequenceTracker()
  assert.deepEqual(tracker.here, { highest: 0, expected: 0, received: 0 })
  for (const sequence of [65_534, 65_535, 1, 1]) tracker.accept(sequence)
  assert.deepEqual(tracker.here, { highest: 0x1_0001, expected: 4, received: 3 })
  tracker.restart()
  tracker.accept(7)
  assert.deepEqual(tracker.here, { highest: 7, expected: 1, received: 1 })
})
