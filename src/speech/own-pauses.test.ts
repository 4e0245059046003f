// Checks that callees are waited for as long as they use to pause, within limits. Pure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Completeness } from './completeness.ts'
import { endpointingDefaults } from './endpointing.ts'
import { delayMs, noPauses, withPause, type OwnPauses } from './own-pauses.ts'

const ranges = endpointingDefaults.silenceMs
const kinds = Object.keys(ranges) as Completeness[]
const heard = (kind: Completeness, ...pauses: number[]): OwnPauses => pauses.reduce((own, ms) => withPause(own, kind, ms), noPauses)

test('of somebody who never paused nothing is known', () => {
  for (const kind of kinds) assert.equal(delayMs(noPauses, kind, ranges[kind]), ranges[kind].usualMs)
})

test('who pauses long is given time, for the kind of words after which they paused', () => {
  const slow = heard('neutral', 700, 750)
  assert.ok(delayMs(slow, 'neutral', ranges.neutral) > 850)
  assert.equal(delayMs(slow, 'complete', ranges.complete), ranges.complete.usualMs)
})

test('who tells a number in quick groups is answered sooner, from the second pause on', () => {
  assert.equal(delayMs(heard('digits', 400), 'digits', ranges.digits), 1_800)
  assert.equal(delayMs(heard('digits', 400, 420), 'digits', ranges.digits), 1_000)
  assert.ok(delayMs(heard('digits', 900, 900), 'digits', ranges.digits) > 1_250)
})

test('closures and breaks are no pauses', () => {
  assert.equal(heard('neutral', 180), noPauses)
  assert.equal(heard('neutral', 3_001), noPauses)
})

test('a delay stays in its range, and is longer than pauses that somebody always makes, up to the most', () => {
  for (const kind of kinds) {
    for (let pauseMs = 0; pauseMs <= 3_200; pauseMs += 50) {
      for (const times of [1, 2, 3, 10]) {
        const ms = delayMs(heard(kind, ...Array.from({ length: times }, () => pauseMs)), kind, ranges[kind])
        assert.ok(ms >= ranges[kind].leastMs && ms <= ranges[kind].mostMs)
        if (pauseMs >= 200 && pauseMs <= 3_000) assert.ok(ms > pauseMs || ms === ranges[kind].mostMs, `${kind}: ${ms} ms for pauses of ${pauseMs}`)
      }
    }
  }
})

test('longer pauses never make the wait shorter, in whatever order they come', () => {
  const lengths = [200, 350, 700, 1_200, 2_400]
  for (const kind of kinds) {
    for (const first of lengths) for (const second of lengths) for (const third of lengths) {
      const own = [first, second, third]
      for (let which = 0; which < 3; which++) {
        const longer = own.with(which, own[which]! + 150)
        assert.ok(delayMs(heard(kind, ...longer), kind, ranges[kind]) >= delayMs(heard(kind, ...own), kind, ranges[kind]))
      }
    }
  }
})
