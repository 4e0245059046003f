import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MicroBatch } from './micro-batch.ts'

function rig(options: { itemsMax?: number; waitingMax?: number; tripsMax?: number } = {}) {
  const trips: { items: readonly number[]; come: PromiseWithResolvers<void> }[] = []
  const batch = new MicroBatch<number, string>({
    itemsMax: 3,
    waitingMax: 5,
    ...options,
    async trip(items) {
      const come = Promise.withResolvers<void>()
      trips.push({ items, come })
      await come.promise
      return items.map((item) => () => {
        if (item < 0) throw new RangeError(`${item}`)
        return `=${item}`
      })
    },
  })
  const until = async (count: number): Promise<void> => {
    while (trips.length < count) await new Promise(setImmediate)
  }
  return { batch, trips, until }
}

test('those that arrive together go together, those that come meanwhile go next, at most so many at once', async () => {
  const { batch, trips, until } = rig()
  const early = [batch.add(1), batch.add(2)]
  await until(1)
  const late = [3, 4, 5, 6].map((item) => batch.add(item))
  trips[0]!.come.resolve()
  assert.deepEqual(await Promise.all(early), ['=1', '=2'])
  await until(2)
  trips[1]!.come.resolve()
  await until(3)
  trips[2]!.come.resolve()
  assert.deepEqual(await Promise.all(late), ['=3', '=4', '=5', '=6'])
  assert.deepEqual(trips.map(({ items }) => items), [[1, 2], [3, 4, 5], [6]])
})

test('an item that fails is alone in it; a trip that fails is everybody’s, and the next one goes all the same', async () => {
  const { batch, trips, until } = rig()
  const mixed = Promise.allSettled([batch.add(1), batch.add(-2), batch.add(3)])
  await until(1)
  trips[0]!.come.resolve()
  assert.deepEqual((await mixed).map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
  const lost = Promise.allSettled([batch.add(4), batch.add(5)])
  await until(2)
  const after = batch.add(6)
  trips[1]!.come.reject(new Error('severed'))
  assert.deepEqual((await lost).map((one) => one.status === 'rejected' && String(one.reason)), ['Error: severed', 'Error: severed'])
  await until(3)
  trips[2]!.come.resolve()
  assert.equal(await after, '=6')
})

test('more than may wait are refused at once, and what waited is served', async () => {
  const { batch, trips, until } = rig()
  const first = batch.add(0)
  await until(1)
  const waiting = [1, 2, 3, 4, 5].map((item) => batch.add(item))
  await assert.rejects(batch.add(6), { code: 'overloaded' })
  for (const nth of [0, 1, 2]) {
    await until(nth + 1)
    trips[nth]!.come.resolve()
  }
  assert.deepEqual(await Promise.all([first, ...waiting]), ['=0', '=1', '=2', '=3', '=4', '=5'])
})

test('with several trips the next batch does not wait for the one before; idle waits for all', async () => {
  const { batch, trips, until } = rig({ tripsMax: 2 })
  const one = batch.add(1)
  await until(1)
  const two = batch.add(2)
  await until(2)
  trips[1]!.come.resolve()
  assert.equal(await two, '=2')
  let idle = false
  const done = batch.idle().then(() => (idle = true))
  await new Promise(setImmediate)
  assert.equal(idle, false)
  trips[0]!.come.resolve()
  assert.equal(await one, '=1')
  await done
})

test('an item that was answered and comes back at once is served', async () => {
  const { batch, trips, until } = rig()
  const again = batch.add(1).then(() => batch.add(2))
  await until(1)
  trips[0]!.come.resolve()
  await until(2)
  trips[1]!.come.resolve()
  assert.equal(await again, '=2')
})
