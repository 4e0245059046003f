import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeAlaw, encodeAlaw } from './g711.ts'
import { InbandDigitReceiver } from './inband-digits.ts'
import { seededRandom } from './seeded-random.ts'
import { ToneGenerator, tones } from './tone.ts'
import { readWav } from './wav.ts'

const ROWS = [697, 770, 852, 941]
const COLUMNS = [1_209, 1_336, 1_477, 1_633]
const KEYS = '123A456B789C*0#D'
const SPEECH = new URL('../speech/asr/builtin/fixtures/', import.meta.url)

type Shape = { onMs?: number; offMs?: number; rowAmplitude?: number; columnAmplitude?: number; off?: number; noise?: number; seed?: number }

/** Keys as tones, over A-law; `off` is the share by which both frequencies are off. */
function keyed(keys: string, { onMs = 60, offMs = 60, rowAmplitude = 4_000, columnAmplitude = 4_000, off = 0, noise = 0, seed = 1 }: Shape = {}): Int16Array {
  const random = seededRandom(seed)
  const out: number[] = Array.from({ length: Math.floor(random() * 160) }, () => 0)
  for (const key of keys) {
    const at = KEYS.indexOf(key)
    const [row, column] = [ROWS[at >> 2]! * (1 + off), COLUMNS[at & 3]! * (1 + off)]
    for (let i = 0; i < onMs * 8; i += 1) out.push(rowAmplitude * Math.sin((2 * Math.PI * row * i) / 8_000) + columnAmplitude * Math.sin((2 * Math.PI * column * i) / 8_000))
    for (let i = 0; i < offMs * 8; i += 1) out.push(0)
  }
  return decodeAlaw(encodeAlaw(Int16Array.from(out, (sample) => sample + (random() - 0.5) * 2 * noise)))
}

function hear(pcm: Int16Array, piece = 160): string {
  const receiver = new InbandDigitReceiver()
  let keys = ''
  for (let at = 0; at < pcm.length; at += piece) keys += receiver.push(pcm.subarray(at, at + piece))
  return keys
}

void test('hears every key once, however long it is held and in whatever pieces it comes', () => {
  for (const onMs of [40, 50, 100, 1_000]) for (const piece of [160, 77, 8_000]) assert.equal(hear(keyed(KEYS, { onMs }), piece), KEYS, `${onMs} ms`)
})

void test('hears the shortest valid keys wherever they begin: 40 ms of tone, 40 ms of pause', () => {
  for (let seed = 0; seed < 40; seed += 1) assert.equal(hear(keyed('11955#', { onMs: 40, offMs: 40, seed })), '11955#', `${seed}`)
})

void test('hears keys that are off by 1.5 %, faint, uneven or in noise', () => {
  for (const shape of [{ off: 0.015 }, { off: -0.015 }, { rowAmplitude: 600, columnAmplitude: 600 }, { rowAmplitude: 8_000, columnAmplitude: 4_000 }, { rowAmplitude: 4_000, columnAmplitude: 5_500 }, { noise: 1_200 }]) {
    assert.equal(hear(keyed(KEYS, shape)), KEYS, JSON.stringify(shape))
  }
})

void test('ignores what is no key: too short, one tone alone, too uneven, too far off, too faint', () => {
  for (const shape of [{ onMs: 12 }, { columnAmplitude: 0 }, { rowAmplitude: 0 }, { rowAmplitude: 8_000, columnAmplitude: 1_000 }, { rowAmplitude: 1_000, columnAmplitude: 8_000 }, { off: 0.035 }, { off: -0.035 }, { rowAmplitude: 60, columnAmplitude: 60 }]) {
    assert.equal(hear(keyed(KEYS, shape)), '', JSON.stringify(shape))
  }
})

void test('a short dropout within a key does not make it two', () => {
  const pcm = keyed('7', { onMs: 200 })
  pcm.fill(0, 800, 860)
  assert.equal(hear(pcm), '7')
})

void test('speech never sounds like a key, at any loudness and pitch', () => {
  let seconds = 0
  for (const name of readdirSync(SPEECH).filter((file) => file.endsWith('.wav'))) {
    const pcm = readWav(readFileSync(new URL(name, SPEECH))).channels[0]!
    for (const gain of [0.3, 1, 3]) {
      for (const speed of [0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4]) {
        const said = Int16Array.from({ length: Math.floor(pcm.length / speed) }, (_, i) => Math.max(-32_768, Math.min(32_767, pcm[Math.floor(i * speed)]! * gain)))
        seconds += said.length / 8_000
        assert.equal(hear(said), '', `${name} × ${gain} at ${speed}`)
      }
    }
  }
  assert.ok(seconds > 300, `${seconds}`)
})

void test('noise and tones of the network never sound like a key, a steady sung vowel hardly ever', () => {
  let sung = 0
  const random = seededRandom(9)
  for (let round = 0; round < 300; round += 1) {
    const pitchHz = 80 + random() * 400
    const formants = [300 + random() * 600, 900 + random() * 1_500]
    const phases = Array.from({ length: 20 }, () => random() * 7)
    const vowel = Int16Array.from({ length: 1_600 }, (_, i) => {
      let sum = 0
      for (let k = 1; k * pitchHz < 3_600 && k <= 20; k += 1) {
        const level = formants.reduce((most, hz) => Math.max(most, 1 / (1 + ((k * pitchHz - hz) / 90) ** 2)), 0.02)
        sum += level * Math.sin((2 * Math.PI * k * pitchHz * i) / 8_000 + phases[k - 1]!)
      }
      return sum * 6_000
    })
    sung += hear(vowel).length
    assert.equal(hear(Int16Array.from({ length: 4_000 }, () => (random() - 0.5) * 30_000)), '')
  }
  // Where two overtones, and no others, lie within 2 % of a pair for 40 ms, there is nothing left to tell by.
  assert.ok(sung <= 3, `${sung} of 300`)
  for (const tone of Object.values(tones)) assert.equal(hear(new ToneGenerator(tone).next(24_000)), '')
})
