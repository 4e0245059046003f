// Health of addresses against a far end that is played, on a clock that only moves when told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../sip/fake-clock.ts'
import type { Peer } from '../sip/transport.ts'
import { MISSES_MAX, TargetHealth } from './target-health.ts'

const first: Peer = { address: '192.0.2.1', port: 5_060 }
const second: Peer = { address: '192.0.2.2', port: 5_060 }

function stage(options: { intervalMs?: number; peers?: Peer[]; answer?: (peer: Peer) => number | 'silent' } = {}) {
  const clock = new FakeClock()
  const world = { peers: options.peers ?? [first, second], answer: options.answer ?? (() => 200 as number | 'silent'), pings: [] as [atMs: number, address: string][], changes: 0 }
  const health = new TargetHealth({
    intervalMs: options.intervalMs ?? 30_000,
    addresses: () => Promise.resolve(world.peers),
    ping: (peer) => {
      world.pings.push([clock.nowMs(), peer.address])
      const status = world.answer(peer)
      return new Promise((resolve) => {
        if (status !== 'silent') clock.after(12, () => resolve(status))
      })
    },
    protocol: 'UDP',
    clock,
    wallMs: () => 1_000_000 + clock.nowMs(),
    dice: () => 0.5,
    onChange: () => (world.changes += 1),
  })
  const alive = (): (boolean | undefined)[] => health.states().map((state) => state.alive)
  return { clock, world, health, alive }
}

test('asks every address at each interval and tells how long the answer took', async () => {
  const { clock, world, health, alive } = stage()
  assert.equal(health.resolved, false)
  health.start()
  await clock.advance(5)
  assert.deepEqual(alive(), [undefined, undefined])
  await clock.advance(95)
  assert.deepEqual(alive(), [true, true])
  assert.deepEqual(health.states()[0], { address: '192.0.2.1:5060', protocol: 'UDP', alive: true, sinceMs: 1_000_012, missed: 0, rttMs: 12, status: 200, lastAnswerMs: 1_000_012 })
  await clock.advance(30_000)
  assert.deepEqual(world.pings.map(([atMs]) => atMs), [0, 0, 30_012, 30_012])
})

test('an address is dead after three misses in a row, is asked last then, and is back with one answer', async () => {
  const { clock, world, health, alive } = stage()
  health.start()
  await clock.advance(1_000)
  world.answer = (peer) => (peer === first ? 'silent' : 200)
  await clock.advance(30_000 + 5_000)
  assert.deepEqual([alive(), health.states()[0]?.missed], [[true, true], 1], 'one miss is a lost packet')
  // Asked again 5 s after each miss, and not only at the next interval.
  await clock.advance(10_000)
  assert.deepEqual([alive(), health.states()[0]?.missed], [[true, true], 2])
  await clock.advance(10_000)
  assert.deepEqual([alive(), health.states()[0]?.missed], [[false, true], MISSES_MAX])
  assert.deepEqual(health.best([first, second]), [second, first])
  const changesBefore = world.changes
  world.answer = () => 200
  await clock.advance(30_100)
  assert.deepEqual(alive(), [true, true])
  assert.deepEqual(health.best([first, second]), [first, second])
  assert.equal(world.changes, changesBefore + 1)
})

test('any answer but 408 and 503 is a sign of life, whatever it says', async () => {
  for (const status of [200, 401, 403, 404, 405, 481, 500, 501]) {
    const { clock, health, alive } = stage({ peers: [first], answer: () => status })
    health.start()
    await clock.advance(100)
    assert.deepEqual([alive(), health.states()[0]?.status], [[true], status])
  }
  for (const status of [408, 503]) {
    const { clock, health, alive } = stage({ peers: [first], answer: () => status })
    health.start()
    await clock.advance(60_000)
    assert.deepEqual(alive(), [false], `${status}`)
  }
})

test('addresses come and go with the names; what is gone is forgotten', async () => {
  const { clock, world, health } = stage({ peers: [first] })
  health.start()
  await clock.advance(100)
  world.peers = [second]
  await clock.advance(31_000)
  assert.deepEqual(health.states().map(({ address, alive }) => [address, alive]), [['192.0.2.2:5060', true]])
  world.peers = []
  await clock.advance(31_000)
  assert.deepEqual([health.resolved, health.states()], [true, []])
})

test('with an interval of 0 nobody is asked, addresses are still known', async () => {
  const { clock, world, health, alive } = stage({ intervalMs: 0 })
  health.start()
  await clock.advance(200_000)
  assert.deepEqual([world.pings.length, alive()], [0, [undefined, undefined]])
})

test('asked to look again it does so at once; stopped it never asks again', async () => {
  const { clock, world, health } = stage({ peers: [first] })
  health.start()
  await clock.advance(1_000)
  health.again()
  await clock.advance(10)
  assert.equal(world.pings.length, 2)
  // A round that was interrupted by the wish to look again leaves no second rhythm behind.
  health.again()
  await clock.advance(1)
  await clock.advance(60_100)
  assert.ok(world.pings.length <= 6, `${world.pings.length}`)
  const { length } = world.pings
  health.stop()
  health.again()
  await clock.advance(300_000)
  assert.equal(world.pings.length, length)
  assert.equal(clock.planned, 0)
})
