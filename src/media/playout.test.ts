import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlayoutQueue, type PlayoutChange } from './playout.ts'

const PACKET = 160
const sound = (samples: number, value = 1) => new Int16Array(samples).fill(value)

/** Pulls packets; returns their audio run-length coded and the changes with the packet they came with. */
function pull(queue: PlayoutQueue, packets: number): { out: Int16Array; changes: [number, PlayoutChange][] } {
  const out = new Int16Array(packets * PACKET)
  const changes: [number, PlayoutChange][] = []
  for (let n = 0; n < packets; n += 1) {
    queue.pull(out.subarray(n * PACKET, (n + 1) * PACKET))
    for (const change of queue.takeChanges()) changes.push([n, change])
  }
  return { out, changes }
}

void test('plays playouts in order, each padded to whole packets', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(200, 1), true)
  queue.append(2, sound(100, 2), true)
  const { out, changes } = pull(queue, 4)
  assert.deepEqual([...out], [...sound(200, 1), ...sound(120, 0), ...sound(100, 2), ...sound(220, 0)])
  assert.deepEqual(changes, [
    [0, { type: 'playout-started', playout: 1 }],
    [1, { type: 'playout-ended', playout: 1, heardMs: 25, cut: false }],
    [2, { type: 'playout-started', playout: 2 }],
    [2, { type: 'playout-ended', playout: 2, heardMs: 12.5, cut: false }],
  ])
})

void test('joins the pieces of a stream without a seam and waits when they run out', () => {
  const queue = new PlayoutQueue()
  for (let piece = 0; piece < 10; piece += 1) queue.append(1, sound(33, piece + 1), false)
  const first = pull(queue, 3)
  assert.deepEqual([...first.out], [...Array.from({ length: 320 }, (_, i) => Math.floor(i / 33) + 1), ...sound(160, 0)])
  queue.append(1, sound(10, 11), true)
  const second = pull(queue, 1)
  assert.deepEqual([...second.out], [...sound(10, 10), ...sound(10, 11), ...sound(140, 0)])
  assert.deepEqual(second.changes, [[0, { type: 'playout-ended', playout: 1, heardMs: 42.5, cut: false }]])
})

void test('audio that comes late for an earlier playout still goes before the next one', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(160, 1), false)
  queue.append(2, sound(160, 2), true)
  queue.append(1, sound(160, 3), true)
  assert.deepEqual([...pull(queue, 3).out], [...sound(160, 1), ...sound(160, 3), ...sound(160, 2)])
})

void test('a flush ends every unfinished playout as cut, with what was heard of it', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(1_600, 1), true)
  queue.append(2, sound(1_600, 2), false)
  pull(queue, 3)
  queue.flush()
  assert.deepEqual(queue.takeChanges(), [
    { type: 'playout-ended', playout: 1, heardMs: 60, cut: true },
    { type: 'playout-ended', playout: 2, heardMs: 0, cut: true },
  ])
  queue.append(2, sound(1_600, 2), true)
  queue.append(1, sound(160, 1), true)
  const { out, changes } = pull(queue, 2)
  assert.deepEqual([changes, out.subarray(80)], [[], sound(240, 0)], 'after 10 ms it is quiet')
  queue.append(3, sound(160, 3), true)
  assert.deepEqual([...pull(queue, 1).out], [...sound(160, 3)])
})

/** The largest step from one sample to the next. */
const edge = (pcm: Int16Array) => pcm.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (i === 0 ? sample : pcm[i - 1]!))), 0)

void test('what a flush cuts fades out, also into what is played next; what was heard does not count it', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(1_600, 8_000), true)
  const before = pull(queue, 2).out
  queue.flush()
  assert.deepEqual(queue.takeChanges(), [{ type: 'playout-ended', playout: 1, heardMs: 40, cut: true }])
  queue.append(2, Int16Array.from({ length: 160 }, (_, i) => i * 10), true)
  const after = pull(queue, 1).out
  assert.ok(edge(Int16Array.of(...before, ...after)) <= 120, `an edge of ${edge(Int16Array.of(...before, ...after))}`)
  assert.equal(after[159], 1_590)
})

void test('a flush with the loudest sound before and after it does not overflow', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(320, 32_767), true)
  pull(queue, 1)
  queue.flush()
  queue.append(2, sound(160, 32_767), true)
  assert.ok(pull(queue, 1).out.every((sample) => sample === 32_767))
})

void test('a flush before the first packet, or after the last, leaves nothing behind', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(160, 8_000), true)
  queue.flush()
  assert.equal(queue.pull(new Int16Array(PACKET)), 0)
  queue.append(2, sound(160, 8_000), false)
  pull(queue, 1)
  queue.flush()
  assert.equal(queue.pull(new Int16Array(PACKET)), 0)
})

void test('the level goes down and up again without an edge, and stays where it was told to', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(16_000, 10_000), true)
  queue.setLevel(0.25, 40)
  const down = pull(queue, 4).out
  assert.equal(down.at(-1), 2_500)
  assert.ok(down[0]! > 9_900 && edge(down) <= 25, `from ${down[0]}, by ${edge(down)}`)
  queue.setLevel(1, 20)
  const up = pull(queue, 2).out
  assert.ok(edge(up) <= 60)
  assert.equal(up.at(-1), 10_000)
})

void test('a level set while nothing is played holds from the first sample of what comes', () => {
  const queue = new PlayoutQueue()
  queue.setLevel(0.5, 100)
  pull(queue, 1)
  queue.append(1, sound(160, 1_000), true)
  assert.deepEqual([...pull(queue, 1).out], [...sound(160, 500)])
})

void test('a playout without audio ends without having started', () => {
  const queue = new PlayoutQueue()
  queue.append(1, new Int16Array(0), true)
  queue.append(2, sound(160, 2), true)
  assert.deepEqual(pull(queue, 1).changes.map(([, change]) => change), [
    { type: 'playout-ended', playout: 1, heardMs: 0, cut: false },
    { type: 'playout-started', playout: 2 },
    { type: 'playout-ended', playout: 2, heardMs: 20, cut: false },
  ])
})

void test('a playout completed after its last audio was sent ends with the next packet', () => {
  const queue = new PlayoutQueue()
  queue.append(1, sound(160), false)
  pull(queue, 2)
  queue.append(1, new Int16Array(0), true)
  assert.deepEqual(pull(queue, 1).changes, [[0, { type: 'playout-ended', playout: 1, heardMs: 20, cut: false }]])
})

void test('drops audio beyond ten minutes and says so at the end of the playout', () => {
  const queue = new PlayoutQueue()
  const minute = sound(60 * 8_000)
  for (let i = 0; i < 12; i += 1) queue.append(1, minute, i === 11)
  const { changes } = pull(queue, 12 * 3_000)
  assert.deepEqual(changes.at(-1)?.[1], { type: 'playout-ended', playout: 1, heardMs: 600_000, cut: true })
})

void test('a level above one is cut off at full scale, and does not wrap around', () => {
  const queue = new PlayoutQueue()
  queue.setLevel(4.3, 0)
  queue.append(1, Int16Array.from({ length: 160 }, (_, i) => (i % 2 === 0 ? 20_000 : -20_000)), true)
  assert.deepEqual([...new Set(pull(queue, 1).out)], [32_767, -32_768])
})
