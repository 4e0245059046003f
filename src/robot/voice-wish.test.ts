import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelOfPercent, levelOfStep, speedOf, wishOfTts } from './voice-wish.ts'

void test('a step of playback volume rises with its number, 0 is as it is, and beyond the range the nearest counts', () => {
  const levels = [-9, -4, -3, -2, -1, 0, 1, 2, 3, 4, 9].map(levelOfStep)
  assert.deepEqual(levels, [0.2, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 2.3, 3.3, 4.3, 4.3])
})

void test('per cent of volume and speeds are kept within their range', () => {
  assert.deepEqual([-1, 0, 50, 100, 101].map(levelOfPercent), [0, 0, 0.5, 1, 1])
  assert.deepEqual([-900, -500, 0, 120, 900].map(speedOf), [-500, -500, 0, 120, 500])
})

void test('style, volume and speed of synthesis count only when they are switched on', () => {
  assert.deepEqual(wishOfTts({ style: 'xiaoyun', volume: 80, speed: 100 }), {})
  assert.deepEqual(wishOfTts({ conf: false, style: 'xiaoyun' }), {})
  assert.deepEqual(wishOfTts({ conf: true, style: 'xiaoyun', volume: 80, speed: 100 }), { name: 'xiaoyun', volume: 80, speed: 100 })
  assert.deepEqual(wishOfTts({ conf: true, style: '', volume: 0, speed: 900 }), { speed: 200 })
  assert.deepEqual(wishOfTts({ conf: true }), {})
})
