import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_SAMPLES } from './frame.ts'
import { JitterBuffer } from './jitter-buffer.ts'
import { seededRandom } from './seeded-random.ts'

type Arrival = { atMs: number; sequence: number; timestamp: number; ssrc: number; pcm: Int16Array | 'silence' }

/** Loud sound that is different at every sample for three seconds, so that what comes out tells where it came from. */
const soundAt = (sample: number) => 5_000 + (sample % 27_000)
const quietAt = (sample: number) => sample % 50

/** Packets as sent: one per `ptimeMs` from time 0, delayed by `delayMs(n)`; undefined is lost. */
function stream(packets: number, delayMs: (n: number) => number | undefined, more: { ptimeMs?: number; timestamp?: number; sequence?: number; ssrc?: number; fromMs?: number; at?: (sample: number) => number } = {}): Arrival[] {
  const { ptimeMs = 20, timestamp = 0, sequence = 0, ssrc = 1, fromMs = 0, at = soundAt } = more
  const samples = ptimeMs * 8
  const arrivals: Arrival[] = []
  for (let n = 0; n < packets; n += 1) {
    const delay = delayMs(n)
    if (delay === undefined) continue
    const pcm = Int16Array.from({ length: samples }, (_, i) => at(n * samples + i))
    arrivals.push({ atMs: fromMs + n * ptimeMs + delay, sequence: (sequence + n) & 0xffff, timestamp: (timestamp + n * samples) >>> 0, ssrc, pcm })
  }
  return arrivals
}

/** Feeds the arrivals in order of time and pops every 20 ms, 7 ms off the sender's beat. */
function play(buffer: JitterBuffer, arrivals: readonly Arrival[], untilMs: number): Int16Array {
  const inOrder = [...arrivals].sort((a, b) => a.atMs - b.atMs)
  const out: number[] = []
  let next = 0
  for (let popMs = 7; popMs < untilMs; popMs += 20) {
    for (; next < inOrder.length && inOrder[next]!.atMs <= popMs; next += 1) {
      const { atMs, pcm, ...header } = inOrder[next]!
      const packet = { ...header, marker: false, payloadType: 8 }
      if (pcm === 'silence') buffer.pushSilence(packet, atMs)
      else buffer.push(packet, pcm, atMs)
    }
    const frame = buffer.pop(popMs)
    if (frame !== undefined) {
      assert.equal(frame.length, FRAME_SAMPLES)
      out.push(...frame)
    }
  }
  return Int16Array.from(out)
}

/** Where `sound` begins in `out`, as a whole and unchanged; -1 when it is not there. */
function findSound(out: Int16Array, begin: number, samples: number): number {
  for (let at = 0; at + samples <= out.length; at += 1) {
    let i = 0
    while (i < samples && out[at + i] === soundAt(begin + i)) i += 1
    if (i === samples) return at
  }
  return -1
}

void test('gives nothing before the first packet and a frame every time from then on', () => {
  const buffer = new JitterBuffer()
  assert.equal(buffer.pop(0), undefined)
  const out = play(buffer, stream(5, () => 0, { fromMs: 100 }), 1_000)
  assert.equal(out.length, 45 * FRAME_SAMPLES)
})

void test('plays a steady stream whole and unchanged, within 40 to 60 ms of the first packet', () => {
  const out = play(new JitterBuffer(), stream(100, () => 0), 2_200)
  const begin = findSound(out, 0, 16_000)
  assert.ok(begin >= 320 - 160 && begin <= 480, `${begin}`)
})

void test('plays any packet time, also one that does not fit frames', () => {
  for (const ptimeMs of [5, 10, 12.5, 15, 30, 35, 40, 60, 100]) {
    const buffer = new JitterBuffer()
    const out = play(buffer, stream(Math.floor(2_000 / ptimeMs), () => 0, { ptimeMs }), 2_200)
    assert.ok(findSound(out, 0, 15_000) >= 0, `${ptimeMs} ms`)
    assert.equal(buffer.stats.packetsLost, 0)
  }
})

void test('puts reordered packets in order and drops duplicates', () => {
  const arrivals = stream(100, (n) => (n % 5 === 2 ? 25 : 0))
  const buffer = new JitterBuffer()
  const out = play(buffer, [...arrivals, ...arrivals.map((one) => ({ ...one, atMs: one.atMs + 5 }))], 2_200)
  assert.ok(findSound(out, 0, 16_000) >= 0)
  assert.deepEqual([buffer.stats.packetsReceived, buffer.stats.packetsLost, buffer.stats.packetsDuplicate], [100, 0, 100])
})

void test('crosses the wrap of sequence number and timestamp', () => {
  const buffer = new JitterBuffer()
  const out = play(buffer, stream(100, () => 0, { sequence: 65_500, timestamp: 0xffff_f000 }), 2_200)
  assert.ok(findSound(out, 0, 16_000) >= 0)
  assert.equal(buffer.stats.packetsLost, 0)
})

void test('counts a lost packet, fills its place and keeps everything after it in time', () => {
  const buffer = new JitterBuffer()
  const out = play(buffer, stream(100, (n) => (n === 50 ? undefined : 0)), 2_200)
  assert.equal(buffer.stats.packetsLost, 1)
  const before = findSound(out, 0, 50 * 160)
  const after = findSound(out, 51 * 160 + 32, 49 * 160 - 32)
  assert.equal(after - before, 51 * 160 + 32)
  const filled = out.subarray(before + 50 * 160, before + 51 * 160)
  assert.ok(filled.every((sample) => sample !== 0), 'the hole is not empty')
})

void test('continues a voiced sound over a hole without a jump, and fades when the hole is long', () => {
  const voiced = (sample: number) => Math.round(8_000 * Math.sin((2 * Math.PI * sample) / 64))
  const one = play(new JitterBuffer(), stream(100, (n) => (n === 50 ? undefined : 0), { at: voiced }), 2_200)
  const steepest = 8_000 * ((2 * Math.PI) / 64) * 1.5
  const begin = one.findIndex((sample) => sample !== 0)
  for (let i = begin + 1; i < begin + 15_000; i += 1) assert.ok(Math.abs(one[i]! - one[i - 1]!) < steepest, `jump at ${i - begin}`)
  const many = play(new JitterBuffer(), stream(100, (n) => (n >= 50 && n < 60 ? undefined : 0), { at: voiced }), 2_200)
  const hole = many.subarray(begin + 50 * 160, begin + 60 * 160)
  assert.ok(Math.max(...hole.subarray(0, 80)) > 7_000)
  // The rest of the hole may be shortened: it is a good moment to cut surplus delay.
  assert.ok(hole.subarray(480, 1_000).every((sample) => sample === 0))
})

void test('grows its delay on a line with jitter: hardly a packet is late after the first second', () => {
  const random = seededRandom(4)
  const at = (sample: number) => (sample % 8_000 < 4_000 ? soundAt(sample) : quietAt(sample)) // half a second of speech, half of quiet
  const arrivals = stream(1_000, () => random() * 80, { at })
  const buffer = new JitterBuffer()
  const counts: number[] = []
  let next = 0
  const inOrder = arrivals.sort((a, b) => a.atMs - b.atMs)
  for (let popMs = 7; popMs < 20_000; popMs += 20) {
    for (; next < inOrder.length && inOrder[next]!.atMs <= popMs; next += 1) {
      const { atMs, pcm, ...header } = inOrder[next]!
      buffer.push({ ...header, marker: false, payloadType: 8 }, pcm as Int16Array, atMs)
    }
    buffer.pop(popMs)
    if (popMs % 1_000 < 20) counts.push(buffer.stats.packetsLate)
  }
  assert.ok(counts.at(-1)! - counts[1]! <= 20, counts.join(' '))
  assert.equal(buffer.stats.packetsLost, 0)
})

void test('goes back to a short delay when the line becomes steady', () => {
  const random = seededRandom(5)
  const buffer = new JitterBuffer()
  const shaky = stream(250, () => random() * 100, { at: quietAt })
  const steady = stream(1_000, () => 0, { at: quietAt, sequence: 250, timestamp: 40_000, fromMs: 5_000 })
  // The pulse at the end of the quiet shows the delay.
  const pulse = stream(50, () => 0, { sequence: 1_250, timestamp: 200_000, fromMs: 25_000 })
  const out = play(buffer, [...shaky, ...steady, ...pulse], 26_200)
  assert.equal(buffer.stats.delayMs, 20)
  const atMs = out.findIndex((sample) => sample > 4_000) / 8
  assert.ok(atMs - 25_000 < 60, `${atMs - 25_000} ms`)
})

void test('follows a sender whose clock is 0.1 % fast or slow without growing late or long', () => {
  for (const rate of [1.001, 0.999]) {
    const buffer = new JitterBuffer()
    const at = (sample: number) => (sample % 8_000 < 4_000 ? soundAt(sample) : quietAt(sample)) // half a second of speech, half of quiet
    const arrivals = stream(3_000, (n) => n * 20 * (1 / rate - 1) + 100, { at })
    const pulse = stream(20, () => 0, { sequence: 3_000, timestamp: 480_000, fromMs: 60_000 / rate + 100, at: () => 32_000 })
    const out = play(buffer, [...arrivals, ...pulse], 61_000)
    // The first frame comes out at 107 ms, the pulse goes in at 60 s of the sender's clock.
    const delayMs = out.indexOf(32_000) / 8 + 107 - (60_000 / rate + 100)
    assert.ok(delayMs > 0 && delayMs < 80, `${rate}: ${delayMs} ms`)
    assert.ok(buffer.stats.packetsLate < 10, `${rate}: ${buffer.stats.packetsLate} late`)
  }
})

void test('plays on at once after the sender jumps its timestamps either way', () => {
  for (const jump of [1_000_000, -1_000_000, 0x8000_0000]) {
    const first = stream(50, () => 0)
    const second = stream(50, () => 0, { fromMs: 1_000, sequence: 50, timestamp: (8_000 + jump) >>> 0 })
    const out = play(new JitterBuffer(), [...first, ...second], 2_200)
    assert.ok(findSound(out.subarray(8_000), 32, 7_000) >= 0, `${jump}`)
  }
})

void test('plays on when the sender stood still without moving its timestamps', () => {
  const first = stream(50, () => 0)
  const second = stream(100, () => 0, { fromMs: 1_600, sequence: 50, timestamp: 8_000 })
  const buffer = new JitterBuffer()
  const out = play(buffer, [...first, ...second], 4_000)
  assert.ok(findSound(out.subarray(8_000), 1_600, 14_000) >= 0)
  assert.ok(buffer.stats.packetsLate <= 8, `${buffer.stats.packetsLate}`)
})

void test('switches to a new source at once, and its strays do not switch back', () => {
  const first = stream(100, () => 0)
  const second = stream(100, () => 3, { fromMs: 1_000, ssrc: 2, timestamp: 777, sequence: 9 })
  const buffer = new JitterBuffer()
  const out = play(buffer, [...first, ...second], 3_200)
  assert.ok(findSound(out.subarray(8_000), 32, 15_000) >= 0)
  assert.equal(buffer.stats.packetsLost, 0)
})

void test('comfort noise and events are silence, not loss to be filled', () => {
  const voiced = () => 8_000
  const first = stream(50, () => 0, { at: voiced })
  const silence: Arrival = { atMs: 1_000, sequence: 50, timestamp: 8_000, ssrc: 1, pcm: 'silence' }
  const later = stream(50, () => 0, { at: voiced, fromMs: 2_000, sequence: 51, timestamp: 16_000 })
  const buffer = new JitterBuffer()
  const out = play(buffer, [...first, silence, ...later], 3_200)
  const begin = out.indexOf(8_000)
  assert.ok(out.subarray(begin, begin + 8_000).every((sample) => sample === 8_000))
  const rest = out.subarray(begin + 8_000)
  const resumed = rest.indexOf(8_000)
  assert.ok(Math.abs(resumed - 8_000) <= 160, `${resumed}`)
  assert.ok(rest.subarray(0, resumed).every((sample) => sample === 0))
  assert.equal(buffer.stats.packetsLost, 0)
})

void test('comfort noise is heard at its level until the sound goes on, and follows a new level', () => {
  const voiced = () => 8_000
  const buffer = new JitterBuffer()
  const header = { ssrc: 1, marker: false, payloadType: 13 }
  const rms = (out: Int16Array) => Math.sqrt(out.reduce((sum, sample) => sum + sample * sample, 0) / out.length)
  const expected = (dbov: number) => 32_124 * 10 ** (dbov / 20)
  play(buffer, stream(50, () => 0, { at: voiced }), 1_000)
  const concealed = buffer.stats.concealedSamples
  buffer.pushSilence({ ...header, sequence: 50, timestamp: 8_000 }, 1_000, -50)
  const later = Array.from({ length: 40 }, (_, i) => buffer.pop(1_007 + i * 20)!.slice())
  const first = Int16Array.from(later.slice(10).flatMap((frame) => [...frame]))
  assert.ok(Math.abs(20 * Math.log10(rms(first) / expected(-50))) < 1)
  buffer.pushSilence({ ...header, sequence: 51, timestamp: 14_400 }, 1_800, -60)
  const next = Int16Array.from(Array.from({ length: 20 }, (_, i) => [...buffer.pop(1_807 + i * 20)!]).flat())
  assert.ok(Math.abs(20 * Math.log10(rms(next) / expected(-60))) < 1)
  assert.equal(buffer.stats.concealedSamples, concealed, 'silence is not loss')
  buffer.push({ ...header, sequence: 52, timestamp: 17_600, payloadType: 8 }, new Int16Array(800).fill(8_000), 2_200)
  const resumed = Int16Array.from(Array.from({ length: 8 }, (_, i) => [...buffer.pop(2_207 + i * 20)!]).flat())
  assert.ok(resumed.filter((sample) => sample === 8_000).length >= 800)
})

void test('whatever arrives, every pop is a whole frame and the counts add up', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(seed)
    const loss = random() * 0.3
    const jitterMs = random() * 300
    const firstSequence = Math.floor(random() * 65_536)
    const arrivals = stream(300, () => (random() < loss ? undefined : random() * jitterMs), {
      ptimeMs: [10, 20, 30, 60][seed % 4]!,
      sequence: firstSequence,
      timestamp: Math.floor(random() * 0x1_0000_0000),
    })
    const doubled = arrivals.filter(() => random() < 0.1).map((one) => ({ ...one, atMs: one.atMs + random() * 50 }))
    const wild = arrivals.filter(() => random() < 0.02).map((one) => ({ ...one, sequence: Math.floor(random() * 65_536), timestamp: Math.floor(random() * 0x1_0000_0000) }))
    const buffer = new JitterBuffer()
    play(buffer, [...arrivals, ...doubled], 20_000)
    const { packetsReceived, packetsLost, packetsDuplicate } = buffer.stats
    assert.equal(packetsReceived, arrivals.length)
    assert.equal(packetsDuplicate, doubled.length)
    // Losses before the first and after the last arrival cannot be known.
    const numbers = arrivals.map((one) => (one.sequence - firstSequence) & 0xffff)
    assert.equal(packetsLost, Math.max(...numbers) - Math.min(...numbers) + 1 - arrivals.length)
    play(new JitterBuffer(), [...arrivals, ...doubled, ...wild], 20_000)
  }
})

void test('an endless packet is cut, not trusted', () => {
  const buffer = new JitterBuffer()
  buffer.push({ sequence: 0, timestamp: 0, ssrc: 1, marker: false, payloadType: 8 }, new Int16Array(65_000).fill(9), 0)
  let heard = 0
  for (let popMs = 0; popMs < 2_000; popMs += 20) heard += buffer.pop(popMs)!.filter((sample) => sample === 9).length
  assert.ok(heard <= 1_600 + 480, `${heard}`)
})
