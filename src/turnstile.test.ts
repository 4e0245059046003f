import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnstile } from './turnstile.ts'

void test('lets no more in than it may, in order, and survives failures', async () => {
  const enter = turnstile(2)
  const order: number[] = []
  let inside = 0
  let insideMax = 0
  const work = (n: number) => async (): Promise<number> => {
    order.push(n)
    inside += 1
    insideMax = Math.max(insideMax, inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
    if (n === 3) throw new Error('three')
    return n
  }
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => enter(work(n))))
  assert.deepEqual(order, [1, 2, 3, 4, 5, 6])
  assert.equal(insideMax, 2)
  assert.deepEqual(results.map((result) => result.status), ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  assert.equal(await enter(async () => 7), 7)
})
