import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioReceiver } from './audio-receiver.ts'
import type { Encoder } from './codecs.ts'
import { JitterBuffer } from './jitter-buffer.ts'
import { opusDecoder, opusEncoder } from './opus.ts'
import { seededRandom } from './seeded-random.ts'

/** Something like a voice: a gliding pitch with overtones, in syllables. */
function voice(ms: number): Int16Array {
  let phase = 0
  return Int16Array.from({ length: ms * 8 }, (_, i) => {
    phase += (2 * Math.PI * (140 + 30 * Math.sin(i / 2_500))) / 8_000
    const syllable = 0.4 + 0.6 * Math.max(0, Math.sin((2 * Math.PI * i) / 2_400))
    let sum = 0
    for (let overtone = 1; overtone <= 12; overtone += 1) sum += Math.sin(phase * overtone) / (1 + Math.abs(overtone - 5) / 2)
    return Math.round(2_500 * syllable * sum)
  })
}

async function whenLoaded<T>(attempt: () => T, done: (result: T) => boolean): Promise<T> {
  for (;;) {
    const result = attempt()
    if (done(result)) return result
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

async function loadedEncoder(inbandFec = true, bitrateMax?: number): Promise<Encoder> {
  const encoder = opusEncoder({ inbandFec, bitrateMax })
  await whenLoaded(() => encoder.silence(160, new Uint8Array(480), 0), (length) => length > 0)
  return encoder
}

async function loadedDecoder() {
  const decoder = opusDecoder()
  const packet = new Uint8Array(480)
  const length = (await loadedEncoder()).silence(160, packet, 0)
  await whenLoaded(() => decoder.decode(packet.subarray(0, length)), (pcm) => pcm.length > 0)
  return decoder
}

function packetsOf(encoder: Encoder, pcm: Int16Array, samples = 160): Uint8Array[] {
  const packets: Uint8Array[] = []
  for (let at = 0; at + samples <= pcm.length; at += samples) {
    const out = new Uint8Array(500)
    packets.push(out.slice(20, 20 + encoder.encode(pcm.subarray(at, at + samples), out, 20)))
  }
  return packets
}

/** Correlation of two signals, at the delay up to 10 ms where it is best. */
function likeness(a: Int16Array, b: Int16Array, from: number, to: number): number {
  let best = -1
  for (let delay = 0; delay <= 80; delay += 1) {
    let [ab, aa, bb] = [0, 1, 1]
    for (let i = from; i < to; i += 1) {
      ab += a[i - delay]! * b[i]!
      aa += a[i - delay]! ** 2
      bb += b[i]! ** 2
    }
    best = Math.max(best, ab / Math.sqrt(aa * bb))
  }
  return best
}

const joined = (parts: readonly Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]))

void test('until the library is loaded nothing is encoded or decoded; then a voice comes through, in packets of 10 to 60 ms', async () => {
  const [encoder, decoder] = [opusEncoder({ inbandFec: false }), opusDecoder()]
  assert.equal(encoder.encode(voice(20), new Uint8Array(480), 0), 0)
  assert.equal(decoder.decode(Uint8Array.of(0x08)).length, 0)
  const spoken = voice(2_400)
  for (const samples of [80, 160, 320, 480]) {
    const packets = packetsOf(await loadedEncoder(false), spoken, samples)
    const fresh = await loadedDecoder()
    const heard = joined(packets.map((packet) => fresh.decode(packet)))
    assert.equal(heard.length, spoken.length)
    const like = likeness(spoken, heard, 800, heard.length)
    assert.ok(like > 0.85, `packets of ${samples} samples: ${like}`)
    const kbit = (packets.reduce((sum, packet) => sum + packet.length, 0) * 8) / 2_400
    assert.ok(kbit > 6 && kbit < 24, `${kbit} kbit/s`)
  }
})

void test('the bit rate that the far end allows is kept', async () => {
  const bytes = packetsOf(await loadedEncoder(false, 8_000), voice(2_000)).reduce((sum, packet) => sum + packet.length, 0)
  assert.ok((bytes * 8) / 2 < 10_000, `${(bytes * 8) / 2} bit/s`)
})

void test('a lost packet is told by the one after it: closer to what was said than making it up', async () => {
  const spoken = voice(4_000)
  const made = async (inbandFec: boolean) => {
    const packets = packetsOf(await loadedEncoder(inbandFec), spoken)
    const decoder = await loadedDecoder()
    const heard: Int16Array[] = []
    const holes: number[] = []
    for (let i = 0; i < packets.length; i += 1) {
      if (i % 7 === 3 && i + 1 < packets.length) {
        heard.push(decoder.recover!(packets[i + 1]!, 160))
        holes.push(i)
      } else {
        heard.push(decoder.decode(packets[i]!))
      }
    }
    const whole = joined(heard)
    return holes.slice(2).reduce((sum, hole) => sum + likeness(spoken, whole, hole * 160, hole * 160 + 160), 0) / (holes.length - 2)
  }
  const [told, guessed] = [await made(true), await made(false)]
  assert.ok(told > guessed + 0.1, `told ${told}, guessed ${guessed}`)
})

void test('bytes that are no packet give no audio and no error', async () => {
  const decoder = await loadedDecoder()
  const random = seededRandom(5)
  for (let round = 0; round < 3_000; round += 1) {
    const garbage = Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256)
    assert.ok(decoder.decode(garbage).length <= 960)
    assert.ok(decoder.recover!(garbage, 160).length <= 160)
  }
  decoder.free!()
  assert.equal(decoder.decode(Uint8Array.of(0x08, 1, 2)).length, 0, 'nor after it was freed')
})

void test('packets on the 48 kHz clock, lost, doubled, out of order and across the wrap, become a steady row of frames', async () => {
  const spoken = voice(3_000)
  const packets = packetsOf(await loadedEncoder(), spoken)
  const buffer = new JitterBuffer()
  const receiver = new AudioReceiver(buffer)
  receiver.prepare('opus')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const first = { sequence: 65_500, timestamp: 0xffff_ffff - 30_000 }
  const at = (i: number) => ({ marker: false, payloadType: 111, ssrc: 5, sequence: (first.sequence + i) & 0xffff, timestamp: (first.timestamp + i * 960) >>> 0, payload: packets[i]! })
  const order = packets.map((_, i) => i).filter((i) => i % 10 !== 4)
  for (let i = 20; i + 1 < order.length; i += 15) [order[i], order[i + 1]] = [order[i + 1]!, order[i]!]
  const heard: Int16Array[] = []
  let arrived = 0
  for (let ms = 0; ms < 3_000; ms += 20) {
    while (arrived < order.length && order[arrived]! * 20 <= ms) {
      receiver.receive(at(order[arrived]!), 'opus', ms)
      if (arrived % 25 === 0) receiver.receive(at(order[arrived]!), 'opus', ms)
      arrived += 1
    }
    const frame = buffer.pop(ms)
    if (frame !== undefined) heard.push(frame.slice())
  }
  const whole = joined(heard)
  // 40 ms of delay in the jitter buffer.
  const shifted = new Int16Array(whole.length)
  shifted.set(whole.subarray(320))
  const like = likeness(spoken, shifted, 1_600, 22_000)
  assert.ok(like > 0.8, `${like}`)
  const { packetsLost, packetsDuplicate, concealedSamples } = buffer.stats
  assert.ok(packetsLost >= 14 && packetsLost <= 16 && packetsDuplicate >= 5, JSON.stringify(buffer.stats))
  assert.ok(concealedSamples < 1_600, `${concealedSamples} samples were made up outside the codec`)
})
