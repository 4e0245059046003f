// Knows what talking time costs and how far money reaches. Pure. Does not know wallets or calls.
import assert from 'node:assert/strict'

/** A price per minute, charged in blocks: the first of `initialBlockSec`, each further one of `incrementSec`. */
export type Price = { priceLiPerMin: number; initialBlockSec: number; incrementSec: number }

export const billingDefaults = { initialBlockSec: 60, incrementSec: 60 } as const

/**
 * What a call costs. A block that was begun is charged; the sum is rounded up to a whole 厘 once.
 * At 60/60: 20 s is one minute, 61 s are two, and 0 ms (nobody answered) costs nothing.
 */
export function costOf(talkMs: number, price: Price): { billedSec: number; costLi: number } {
  check(price)
  assert(talkMs >= 0 && Number.isFinite(talkMs), 'talking time is a time')
  if (talkMs === 0) return { billedSec: 0, costLi: 0 }
  const beyondFirstMs = Math.max(0, talkMs - price.initialBlockSec * 1_000)
  const billedSec = price.initialBlockSec + Math.ceil(beyondFirstMs / (price.incrementSec * 1_000)) * price.incrementSec
  return { billedSec, costLi: Math.ceil((price.priceLiPerMin * billedSec) / 60) }
}

/** The longest talking time that costs no more than `heldLi`: whole blocks. Infinity when talking is free, 0 when the first block is not covered. */
export function coverMs(heldLi: number, price: Price): number {
  check(price)
  assert(heldLi >= 0, 'what is held is not negative')
  if (price.priceLiPerMin === 0) return Infinity
  const coveredSec = Math.floor((heldLi * 60) / price.priceLiPerMin)
  if (coveredSec < price.initialBlockSec) return 0
  const increments = Math.floor((coveredSec - price.initialBlockSec) / price.incrementSec)
  return (price.initialBlockSec + increments * price.incrementSec) * 1_000
}

function check(price: Price): void {
  assert(Number.isInteger(price.priceLiPerMin) && price.priceLiPerMin >= 0, 'the price is whole 厘')
  assert(Number.isInteger(price.initialBlockSec) && price.initialBlockSec > 0, 'the first block is whole seconds')
  assert(Number.isInteger(price.incrementSec) && price.incrementSec > 0, 'the increment is whole seconds')
}
