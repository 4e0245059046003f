import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JitterBuffer } from './jitter-buffer.ts'
import { trace, type TraceName } from './jitter-traces.ts'

const CALL_MS = 60_000
/** A second and a half of sound, then 0.7 s of quiet: how people talk. */
const SPURT_SAMPLES = 12_000
const CYCLE_SAMPLES = 17_600
/** Loud samples tell where they come from, to within 27 000 of them. */
const POSITIONS = 27_000
const isSpeech = (sample: number) => sample % CYCLE_SAMPLES < SPURT_SAMPLES
const soundAt = (sample: number) => (isSpeech(sample) ? 5_000 + (sample % POSITIONS) : sample % 40)

type Outcome = {
  lateShare: number
  lostShare: number
  /** From the sender's microphone to our frame, less the packet time and the fastest way. */
  delayMs: { median: number; p95: number; max: number }
  /** Where timing changed within speech without a packet missing there. */
  breaks: number
  /** Target delays seen each second. */
  targets: number[]
}

function simulate(name: TraceName, seed: number): Outcome {
  const delayOf = trace(name, seed)
  const arrivals: { atMs: number; n: number }[] = []
  for (let n = 0; n * 20 < CALL_MS; n += 1) {
    const delay = delayOf(n * 20)
    if (delay !== undefined) arrivals.push({ atMs: n * 20 + 20 + delay, n })
  }
  const fastestMs = Math.min(...arrivals.map(({ atMs, n }) => atMs - n * 20))
  arrivals.sort((a, b) => a.atMs - b.atMs)
  const buffer = new JitterBuffer()
  const delays: number[] = []
  const targets: number[] = []
  let breaks = 0
  let before = -1
  let next = 0
  for (let popMs = 7; popMs < CALL_MS + 200; popMs += 20) {
    for (; next < arrivals.length && arrivals[next]!.atMs <= popMs; next += 1) {
      const { atMs, n } = arrivals[next]!
      buffer.push({ sequence: n & 0xffff, timestamp: n * 160, ssrc: 1, marker: false, payloadType: 8 }, Int16Array.from({ length: 160 }, (_, i) => soundAt(n * 160 + i)), atMs)
    }
    if (popMs % 1_000 < 20) targets.push(buffer.stats.delayMs)
    const made = buffer.stats.concealedSamples
    const frame = buffer.pop(popMs)
    if (frame === undefined) continue
    const whole = buffer.stats.concealedSamples === made
    for (const [i, sample] of frame.entries()) {
      const position = whole && sample >= 5_000 ? sample - 5_000 : -1
      // Blends after a hole are at most 32 samples; only steps between neighbours that are both real count.
      if (position >= 0 && before >= 0 && i > 32 && position !== (before + 1) % POSITIONS) breaks += 1
      before = position
    }
    const first = frame[100]!
    if (whole && first >= 5_000) {
      const cycleMs = POSITIONS / 8
      delays.push(((((popMs - (first - 5_000 - 100) / 8 - fastestMs) % cycleMs) + cycleMs) % cycleMs))
    }
  }
  delays.sort((a, b) => a - b)
  const { packetsReceived, packetsLate, packetsLost } = buffer.stats
  return {
    lateShare: packetsLate / packetsReceived,
    lostShare: packetsLost / packetsReceived,
    delayMs: { median: delays[delays.length >> 1]!, p95: delays[Math.floor(delays.length * 0.95)]!, max: delays.at(-1)! },
    breaks,
    targets,
  }
}

/** What each kind of line may cost at most: share of packets that come too late, median and greatest delay. */
const limits = {
  fibre: { lateShare: 0, medianMs: 30, maxMs: 60 },
  pairs: { lateShare: 0, medianMs: 45, maxMs: 70 },
  mobile: { lateShare: 0.005, medianMs: 40, maxMs: 60 },
  wifi: { lateShare: 0.008, medianMs: 75, maxMs: 100 },
  congested: { lateShare: 0.001, medianMs: 100, maxMs: 140 },
  rerouted: { lateShare: 0.004, medianMs: 60, maxMs: 100 },
} as const satisfies Record<TraceName, object>

for (const name of Object.keys(limits) as TraceName[]) {
  void test(`on a line of the kind ${name} little is late, the delay is short, and speech is never stretched or cut`, () => {
    const { lateShare, medianMs, maxMs } = limits[name]
    for (const seed of [1, 2, 3, 4, 5]) {
      const outcome = simulate(name, seed)
      const told = `seed ${seed}: ${JSON.stringify(outcome)}`
      assert.ok(outcome.lateShare <= lateShare, told)
      assert.ok(outcome.delayMs.median <= medianMs && outcome.delayMs.max <= maxMs, told)
      assert.equal(outcome.breaks, 0, told)
      assert.ok(outcome.targets.every((target) => target >= 20 && target <= 120), told)
    }
  })
}

void test('the delay rises within a second of trouble and falls slowly after it, so that it does not swing with every burst', () => {
  const { targets } = simulate('rerouted', 1)
  assert.ok(targets[19]! <= 25, targets.join(' '))
  // On the way back the fast packets of the new route and the slow ones of the old are both in memory: that looks like jitter.
  assert.ok(Math.max(...targets.slice(40, 43)) > 60, targets.join(' '))
  assert.ok(targets[60]! <= 40, targets.join(' '))
  for (const name of ['mobile', 'wifi', 'congested'] as const) {
    const { targets: seen } = simulate(name, 1)
    for (let second = 1; second < seen.length; second += 1) assert.ok(seen[second - 1]! - seen[second]! <= 8.1, `${name}: ${seen.join(' ')}`)
  }
})
