// Checks when speech begins and ends, and what is no speech, on recordings and synthesised line sounds. Does not touch words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ } from './frame.ts'
import { decodeAlaw, encodeAlaw } from './g711.ts'
import { framesOf, speechFixture, speechFixtures } from '../speech/asr/builtin/fixtures.ts'
import { EnergyVad, readVoice, VOICE_FIELDS, writeVoice, type VadFrame } from './vad.ts'

/** What a telephone line makes of a signal. */
function line(seconds: number, sample: (i: number) => number): Int16Array {
  const linear = Int16Array.from({ length: seconds * SAMPLE_RATE_HZ }, (_, i) => Math.max(-32_768, Math.min(32_767, Math.round(sample(i)))))
  return decodeAlaw(encodeAlaw(linear))
}

const sine = (hz: number, i: number) => Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE_HZ)

/** Repeatable noise of unit RMS; colour 0 is white, towards 1 low-pass. */
function noise(colour = 0): () => number {
  let seed = 1
  let state = 0
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    state = colour * state + (seed / 2 ** 31 - 1) * Math.sqrt(3 * (1 - colour * colour))
    return state
  }
}

const detect = (pcm: Int16Array, vad = new EnergyVad()): VadFrame[] => framesOf(pcm).map((frame) => vad.push(frame))
const onsets = (frames: readonly VadFrame[]) => new Set(frames.filter(({ speech }) => speech).map(({ onsetIndex }) => onsetIndex)).size
const speechShare = (frames: readonly VadFrame[]) => frames.filter(({ speech }) => speech).length / frames.length

function concatenate(...parts: Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const recordings = speechFixtures()

for (const { name, pcm, speechBeginMs, speechEndMs } of recordings) {
  test(`finds the beginning and the end of "${name}"`, () => {
    const frames = detect(pcm)
    const sure = frames.find(({ speech }) => speech)
    assert.ok(sure?.onsetIndex !== undefined)
    const onsetDelayMs = sure.onsetIndex * FRAME_MS - speechBeginMs
    assert.ok(onsetDelayMs >= -20 && onsetDelayMs <= 60, `onset ${onsetDelayMs} ms late`)
    const sureDelayMs = (sure.index + 1) * FRAME_MS - speechBeginMs
    assert.ok(sureDelayMs <= 120, `sure after ${sureDelayMs} ms`)
    const endDelayMs = (frames.at(-1)!.lastVoicedIndex! + 1) * FRAME_MS - speechEndMs
    assert.ok(Math.abs(endDelayMs) <= 40, `end ${endDelayMs} ms late`)
    const lastSpeech = frames.findLast(({ speech }) => speech)!
    assert.equal((lastSpeech.index - lastSpeech.lastVoicedIndex!) * FRAME_MS, 100, 'speech holds for 120 ms')
  })
}

test('most of a recording is speech, and nothing before or after it is', () => {
  for (const { pcm, speechBeginMs, speechEndMs } of recordings) {
    const frames = detect(pcm)
    const atMs = ({ index }: VadFrame) => index * FRAME_MS
    const inside = frames.filter((frame) => atMs(frame) >= speechBeginMs && atMs(frame) < speechEndMs)
    assert.ok(speechShare(inside) >= 0.8)
    const outside = frames.filter((frame) => atMs(frame) < speechBeginMs - 20 || atMs(frame) > speechEndMs + 160)
    assert.equal(speechShare(outside), 0)
  }
})

test('counts the voiced time of the speech that goes on', () => {
  const { pcm } = speechFixture('number')
  const voiced = detect(pcm).filter(({ voiced }) => voiced).length * FRAME_MS
  assert.equal(detect(pcm).at(-1)!.voicedMs, voiced)
})

for (const snrDb of [30, 20, 15]) {
  test(`finds speech ${snrDb} dB above steady noise`, () => {
    const { pcm, speechBeginMs, speechEndMs } = speechFixture('tomorrow')
    const energy = pcm.reduce((sum, sample) => sum + sample * sample, 0) / ((speechEndMs - speechBeginMs) * 8)
    const rms = Math.sqrt(energy) * 10 ** (-snrDb / 20)
    const source = noise(0.5)
    const vad = new EnergyVad()
    detect(line(4, () => rms * source()), vad)
    const frames = detect(line(pcm.length / SAMPLE_RATE_HZ, (i) => pcm[i]! + rms * source()), vad)
    const base = frames[0]!.index
    const sure = frames.find(({ speech }) => speech)!
    assert.ok((sure.onsetIndex! - base) * FRAME_MS - speechBeginMs <= 120)
    const endDelayMs = (frames.at(-1)!.lastVoicedIndex! + 1 - base) * FRAME_MS - speechEndMs
    assert.ok(Math.abs(endDelayMs) <= 80, `end ${endDelayMs} ms late`)
  })
}

test('half a minute of fluent speech never counts as noise', () => {
  const { pcm, speechBeginMs, speechEndMs } = speechFixture('number')
  const words = pcm.subarray(speechBeginMs * 8, speechEndMs * 8)
  const frames = detect(concatenate(...Array.from({ length: 18 }, () => words)))
  assert.ok(speechShare(frames.slice(-500)) > 0.9)
})

test('a loud first word at once is speech, and later quiet speech too', () => {
  const vad = new EnergyVad()
  const first = detect(speechFixture('immediate').pcm, vad)
  assert.equal(first.find(({ speech }) => speech)?.onsetIndex, 0)
  const later = detect(speechFixture('quiet').pcm, vad)
  assert.ok(speechShare(later) > 0.4)
})

const white = noise()
const low = noise(0.9)
const silentSounds: Record<string, Int16Array> = {
  'digital silence': line(5, () => 0),
  'comfort noise after digital silence': line(10, (i) => (i < 24_000 ? 0 : 60 * white())),
  'quiet noise from the first frame': line(5, () => 80 * white()),
  'ring-back tone (450 Hz, 1 s on, 4 s off)': line(15, (i) => (i % 40_000 < 8000 ? 6000 * sine(450, i) : 0)),
  'busy tone (450 Hz, 0.35 s)': line(10, (i) => (i % 5600 < 2800 ? 6000 * sine(450, i) : 0)),
  'busy tone on a noisy line': line(10, (i) => (i % 5600 < 2800 ? 6000 * sine(450, i) : 0) + 100 * white()),
  'a quiet busy tone': line(10, (i) => (i % 5600 < 2800 ? 300 * sine(450, i) : 0)),
  'key presses of 50 ms': line(10, (i) => (i % 800 < 400 ? 4000 * (sine(941, i) + sine(1477, i)) : 0)),
  'key presses of 100 ms': line(10, (i) => (i % 1600 < 800 ? 4000 * (sine(770, i) + sine(1336, i)) : 0)),
  'fax tone': line(5, (i) => 6000 * sine(2100, i)),
  'special information tones': line(6, (i) => 4000 * (i % 16_000 < 2640 ? sine(950, i) : i % 16_000 < 5280 ? sine(1400, i) : i % 16_000 < 7920 ? sine(1800, i) : 0)),
  'voicemail beep': line(3, (i) => (i > 8000 && i < 11_200 ? 8000 * sine(1000, i) : 0)),
  'clicks of 2 ms': line(10, (i) => (i % 1600 < 16 ? (i % 2 ? 12_000 : -12_000) : 20 * white())),
  'clicks that ring': line(10, (i) => 15_000 * Math.exp(-(i % 1600) / 12) * sine(1200, i % 1600) + 20 * white()),
}

for (const [name, pcm] of Object.entries(silentSounds)) {
  test(`there is no speech in ${name}`, () => {
    assert.equal(speechShare(detect(pcm)), 0)
  })
}

test('every key press of every length and phase is no speech', () => {
  for (const row of [697, 770, 852, 941]) {
    for (const column of [1209, 1336, 1477, 1633]) {
      for (const [onMs, offset] of [[50, 0], [70, 53], [100, 110], [200, 17]] as const) {
        const pcm = line(1.5, (i) => (i >= offset && (i - offset) % 1200 < onMs * 8 ? 4000 * (sine(row, i) + 0.8 * sine(column, i)) : 0))
        assert.equal(speechShare(detect(pcm)), 0, `${row}+${column} Hz, ${onMs} ms, offset ${offset}`)
      }
    }
  }
})

for (const [name, sound, silentAfterMs] of [
  ['loud white noise', line(6, () => 1000 * white()), 800],
  ['loud low noise', line(6, () => 1500 * low()), 1500],
  ['mains hum', line(6, (i) => 800 * (sine(50, i) + sine(150, i) / 2 + sine(250, i) / 4)), 1500],
] as const) {
  test(`${name} is speech once at most, and not for long`, () => {
    const frames = detect(sound)
    assert.ok(onsets(frames) <= 1)
    assert.equal(speechShare(frames.slice(silentAfterMs / FRAME_MS)), 0)
  })

  test(`${name} that sets in during a call is speech once at most, and not for long`, () => {
    const frames = detect(concatenate(line(6, () => 30 * white()), sound)).slice((6 * SAMPLE_RATE_HZ) / FRAME_SAMPLES)
    assert.ok(onsets(frames) <= 1)
    assert.equal(speechShare(frames.slice(silentAfterMs / FRAME_MS)), 0)
  })
}

test('after noise becomes quieter, quiet speech is found at once', () => {
  const vad = new EnergyVad()
  detect(line(6, () => 1000 * white()), vad)
  detect(line(0.5, () => 20 * white()), vad)
  const { pcm, speechBeginMs } = speechFixture('quiet')
  const frames = detect(pcm, vad)
  const sure = frames.find(({ speech }) => speech)!
  assert.ok((sure.index - frames[0]!.index) * FRAME_MS - speechBeginMs <= 140)
})

test('speech over a tone is speech', () => {
  const { pcm } = speechFixture('tomorrow')
  const frames = detect(line(pcm.length / SAMPLE_RATE_HZ, (i) => pcm[i]! + 800 * sine(450, i)))
  assert.ok(frames.filter(({ speech }) => speech).length > 40)
})

test('a tone right after a word does not prolong it', () => {
  const { pcm, speechEndMs } = speechFixture('yes')
  const frames = detect(concatenate(pcm.subarray(0, speechEndMs * 8), line(2, (i) => 6000 * sine(450, i))))
  const endDelayMs = (frames.at(-1)!.lastVoicedIndex! + 1) * FRAME_MS - speechEndMs
  assert.ok(endDelayMs <= 80, `end ${endDelayMs} ms late`)
})

test('before any speech there is no onset', () => {
  const { onsetIndex, lastVoicedIndex, voicedMs, index } = new EnergyVad().push(new Int16Array(FRAME_SAMPLES))
  assert.deepEqual({ onsetIndex, lastVoicedIndex, voicedMs, index }, { onsetIndex: undefined, lastVoicedIndex: undefined, voicedMs: 0, index: 0 })
})

test('what is known of a frame is the same on the other side of a thread', () => {
  const voices = detect(speechFixture('yes').pcm)
  const numbers = new Float32Array(voices.length * VOICE_FIELDS)
  voices.forEach((voice, i) => writeVoice(voice, numbers, i * VOICE_FIELDS))
  const read = voices.map((_, i) => readVoice(numbers, i * VOICE_FIELDS))
  const exact = ({ index, speech, voiced, onsetIndex, lastVoicedIndex, voicedMs }: VadFrame) => ({ index, speech, voiced, onsetIndex, lastVoicedIndex, voicedMs })
  assert.deepEqual(read.map(exact), voices.map(exact))
  assert.ok(read.every((voice, i) => Math.abs(voice.levelDbfs - voices[i]!.levelDbfs) < 0.001 && Math.abs(voice.noiseDbfs - voices[i]!.noiseDbfs) < 0.001))
  assert.ok(read.some(({ speech }) => speech) && read.some(({ onsetIndex }) => onsetIndex === undefined))
})
