import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gainToTarget, Limiter } from './loudness.ts'
import { toSpeechParts } from './spelling.ts'
import { SilenceTrimmer } from './trim.ts'
import { rateWpm, variantOf, volumeGain } from './voices.ts'

function tone(samples: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * 300 * i) / 8_000)))
}

function silence(samples: number): Int16Array {
  return new Int16Array(samples)
}

function concat(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => Array.from(part)))
}

function inBlocks(pcm: Int16Array, size: number, push: (block: Int16Array) => Int16Array, flush: () => Int16Array): Int16Array {
  const out: Int16Array[] = []
  for (let at = 0; at < pcm.length; at += size) out.push(push(pcm.subarray(at, at + size)))
  return concat(...out, flush())
}

void test('trims silence at both ends and keeps it inside, whatever the block size', () => {
  const pcm = concat(silence(1_000), tone(800, 8_000), silence(900), tone(800, 8_000), silence(2_000))
  for (const size of [1, 7, 160, 5_000]) {
    const trimmer = new SilenceTrimmer()
    const out = inBlocks(pcm, size, (block) => trimmer.push(block), () => trimmer.flush())
    assert.ok(out.length >= 2_500 && out.length <= 2_500 + 160 + 160, `${size}: ${out.length}`)
  }
})

void test('gives nothing for silence and begins anew after it', () => {
  const trimmer = new SilenceTrimmer()
  assert.equal(inBlocks(silence(4_000), 100, (block) => trimmer.push(block), () => trimmer.flush()).length, 0)
  assert.ok(inBlocks(tone(400, 8_000), 100, (block) => trimmer.push(block), () => trimmer.flush()).length > 380)
})

void test('fades in a sound that starts at full strength', () => {
  const trimmer = new SilenceTrimmer()
  const out = trimmer.push(Int16Array.from({ length: 400 }, () => 10_000))
  assert.ok(Math.abs(out[0]!) < 500)
  assert.equal(out[100], 10_000)
})

void test('brings quiet and loud voices to the same level', () => {
  const levels = [500, 4_000, 30_000].map((amplitude) => amplitude * gainToTarget(concat(tone(4_000, amplitude), silence(4_000))))
  for (const level of levels) assert.ok(Math.abs(level - levels[0]!) / levels[0]! < 0.02)
  assert.equal(gainToTarget(silence(1_000)), 1)
})

void test('limits peaks without clipping and delays nothing in the end', () => {
  for (const size of [1, 13, 160, 4_000]) {
    const limiter = new Limiter(4)
    const input = concat(tone(1_000, 2_000), tone(1_000, 30_000), tone(1_000, 2_000))
    const out = inBlocks(input, size, (block) => limiter.push(block), () => limiter.flush())
    assert.equal(out.length, input.length)
    assert.ok(out.every((sample) => Math.abs(sample) <= 29_206), 'above the ceiling')
    assert.equal(out[107], 4 * input[107]!, 'quiet parts get the full gain')
  }
})

void test('limits audio shorter than its look-ahead', () => {
  const limiter = new Limiter(1)
  const out = inBlocks(Int16Array.from([1, 2, 3]), 1, (block) => limiter.push(block), () => limiter.flush())
  assert.deepEqual(Array.from(out), [1, 2, 3])
  assert.equal(limiter.flush().length, 0)
})

void test('maps speed and volume, clamped to their ranges', () => {
  assert.deepEqual([-500, 0, 500, -9_999].map(rateWpm), [120, 240, 450, 120])
  assert.deepEqual([0, 50, 100, 500, -5].map(volumeGain), [0, 1, 2, 2, 0])
})

void test('knows its voices and no other', () => {
  for (const name of ['', 'f1', 'm8', 'Annie']) assert.equal(variantOf({ name, speed: 0, volume: 50 }), name)
  for (const name of ['F1', 'zhitian_emo', '../../etc/passwd', 'f1 ', '__proto__']) assert.equal(variantOf({ name, speed: 0, volume: 50 }), undefined)
})

void test('spells syllables as the voice understands them', () => {
  const parts = toSpeechParts(['xiong1', 'qiong2', 'jiong3', 'lv4', 'en4'].map((pinyin) => ({ type: 'syllable', pinyin })), 1)
  assert.deepEqual(parts, [{ language: 'pinyin', text: 'xong1 qong2 jong3 lv4 en4', pauseMs: 0 }])
})

void test('splits at pauses, at changes of language and where a part would be too long', () => {
  const parts = toSpeechParts(
    [{ type: 'syllable', pinyin: 'hao3' }, { type: 'pause', ms: 200 }, { type: 'syllable', pinyin: 'fa1' }, { type: 'word', english: 'email' }, { type: 'syllable', pinyin: 'ma5' }],
    2,
  )
  assert.deepEqual(parts.map((part) => [part.language, part.text]), [['pinyin', 'hao3'], ['pinyin', 'fa1'], ['english', 'email'], ['pinyin', 'ma5']])
  assert.equal(parts[0]!.pauseMs, 100)
  const long = toSpeechParts(Array.from({ length: 100 }, () => ({ type: 'syllable', pinyin: 'a1' })), 1)
  assert.ok(long.length >= 3 && long.every((part) => part.text.split(' ').length <= 32))
})
