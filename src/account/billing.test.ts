import assert from 'node:assert/strict'
import { test } from 'node:test'
import { costOf, coverMs, type Price } from './billing.ts'

const perMinute: Price = { priceLiPerMin: 150, initialBlockSec: 60, incrementSec: 60 }
const perSixSeconds: Price = { priceLiPerMin: 150, initialBlockSec: 30, incrementSec: 6 }

test('a minute that was begun is charged', () => {
  assert.deepEqual(costOf(20_000, perMinute), { billedSec: 60, costLi: 150 })
  assert.deepEqual(costOf(60_000, perMinute), { billedSec: 60, costLi: 150 })
  assert.deepEqual(costOf(60_001, perMinute), { billedSec: 120, costLi: 300 })
  assert.deepEqual(costOf(61_000, perMinute), { billedSec: 120, costLi: 300 })
})

test('a call without talking time costs nothing', () => {
  assert.deepEqual(costOf(0, perMinute), { billedSec: 0, costLi: 0 })
})

test('after the first block, each increment that was begun is charged', () => {
  assert.deepEqual(costOf(1, perSixSeconds), { billedSec: 30, costLi: 75 })
  assert.deepEqual(costOf(30_000, perSixSeconds), { billedSec: 30, costLi: 75 })
  assert.deepEqual(costOf(31_000, perSixSeconds), { billedSec: 36, costLi: 90 })
  assert.deepEqual(costOf(36_001, perSixSeconds), { billedSec: 42, costLi: 105 })
})

test('increments follow the first block also when it is no multiple of them', () => {
  assert.deepEqual(costOf(11_000, { priceLiPerMin: 60, initialBlockSec: 10, incrementSec: 7 }), { billedSec: 17, costLi: 17 })
})

test('the sum is rounded up to a whole 厘, once', () => {
  assert.equal(costOf(1, { priceLiPerMin: 145, initialBlockSec: 6, incrementSec: 6 }).costLi, 15) // 14.5
  assert.equal(costOf(12_000, { priceLiPerMin: 145, initialBlockSec: 6, incrementSec: 6 }).costLi, 29) // not 2 × 15
})

test('money covers whole blocks only', () => {
  assert.equal(coverMs(149, perMinute), 0)
  assert.equal(coverMs(150, perMinute), 60_000)
  assert.equal(coverMs(299, perMinute), 60_000)
  assert.equal(coverMs(300, perMinute), 120_000)
  assert.equal(coverMs(90, perSixSeconds), 36_000)
})

test('free calls cost nothing and are covered for ever', () => {
  const free: Price = { priceLiPerMin: 0, initialBlockSec: 60, incrementSec: 60 }
  assert.equal(costOf(3_600_000, free).costLi, 0)
  assert.equal(coverMs(0, free), Infinity)
})

test('what is covered is affordable, and one millisecond more is not', () => {
  for (const priceLiPerMin of [1, 7, 59, 60, 61, 145, 150, 999]) {
    for (const [initialBlockSec, incrementSec] of [[60, 60], [6, 6], [30, 6], [1, 1], [10, 7]] as const) {
      const price = { priceLiPerMin, initialBlockSec, incrementSec }
      for (let heldLi = 0; heldLi < 1_200; heldLi += 13) {
        const coveredMs = coverMs(heldLi, price)
        assert(costOf(coveredMs, price).costLi <= heldLi, `${heldLi} at ${JSON.stringify(price)}`)
        assert(costOf(coveredMs + 1, price).costLi > heldLi, `${heldLi} + 1 ms at ${JSON.stringify(price)}`)
      }
    }
  }
})

test('a price that is no price is refused', () => {
  assert.throws(() => costOf(1, { ...perMinute, priceLiPerMin: 1.5 }), /whole 厘/)
  assert.throws(() => costOf(1, { ...perMinute, incrementSec: 0 }), /increment/)
  assert.throws(() => costOf(Number.NaN, perMinute), /a time/)
})
