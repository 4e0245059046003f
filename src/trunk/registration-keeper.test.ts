// Registration against registrars that are played, on a clock that only moves when told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverloadedError } from '../errors.ts'
import { FakeClock } from '../sip/fake-clock.ts'
import type { RegisterOptions, RegistrationState } from '../sip/registration.ts'
import type { Peer } from '../sip/transport.ts'
import { RegistrationKeeper } from './registration-keeper.ts'

const first: Peer = { address: '192.0.2.1', port: 5_060 }
const second: Peer = { address: '192.0.2.2', port: 5_060 }

type Answer = RegistrationState | 'throws'

function stage(peers: Peer[], answer: (peer: Peer) => Answer) {
  const clock = new FakeClock()
  const world = { peers, answer, asked: [] as string[], closed: [] as string[], changes: 0, tell: undefined as ((state: RegistrationState) => void) | undefined, lookups: 0 }
  const keeper = new RegistrationKeeper({
    aor: 'sip:+862160001000@ims.example',
    credentials: { username: 'u', password: 'p' },
    expiresSec: 3_600,
    addresses: () => {
      world.lookups += 1
      return Promise.resolve(world.peers)
    },
    register: (options: RegisterOptions) => {
      const { registrar } = options
      world.asked.push(registrar.address)
      const state = world.answer(registrar)
      if (state === 'throws') throw new OverloadedError('closing', 1)
      world.tell = (state) => options.onState(state)
      clock.after(20, () => options.onState(state))
      return { state: undefined, close: () => Promise.resolve(void world.closed.push(registrar.address)) }
    },
    clock,
    wallMs: () => clock.nowMs(),
    dice: () => 1,
    onChange: () => (world.changes += 1),
  })
  return { clock, world, keeper }
}

const granted = { kind: 'registered', expiresSeconds: 600 } as const
const silent = { kind: 'failed', status: 408, retryMs: 30_000 } as const

test('registers at the first address and says until when', async () => {
  const { clock, world, keeper } = stage([first, second], () => granted)
  assert.deepEqual(keeper.status, { kind: 'registering' })
  keeper.start()
  await clock.advance(100)
  assert.deepEqual(keeper.status, { kind: 'registered', registrar: '192.0.2.1:5060', sinceMs: 20, untilMs: 600_020 })
  assert.deepEqual([world.asked, world.changes], [['192.0.2.1'], 1])
})

test('goes on to the next address when one is silent, and looks names up again after a pause when all are', async () => {
  const { clock, world, keeper } = stage([first, second], (peer) => (peer === second ? granted : silent))
  keeper.start()
  await clock.advance(100)
  assert.equal(keeper.status.kind, 'registered')
  assert.deepEqual([world.asked, world.closed], [['192.0.2.1', '192.0.2.2'], ['192.0.2.1']])

  const dead = stage([first, second], () => silent)
  dead.keeper.start()
  await dead.clock.advance(100)
  assert.deepEqual(dead.keeper.status, { kind: 'failed', status: 408, reason: undefined, sinceMs: 40, retryAtMs: 30_040, registrar: '192.0.2.2:5060' })
  dead.world.answer = () => granted
  await dead.clock.advance(30_000)
  assert.deepEqual([dead.world.lookups, dead.keeper.status.kind], [2, 'registered'])
})

test('a carrier that says no is told with its words, and the client keeps asking by itself', async () => {
  const { clock, world, keeper } = stage([first, second], () => ({ kind: 'failed', status: 403, reason: 'Not your number', retryMs: 45_000 }))
  keeper.start()
  await clock.advance(100)
  assert.deepEqual(keeper.status, { kind: 'failed', status: 403, reason: 'Not your number', sinceMs: 20, retryAtMs: 45_020, registrar: '192.0.2.1:5060' })
  assert.deepEqual([world.asked, world.closed], [['192.0.2.1'], []], 'another address of the same carrier would say the same')
  world.tell!(granted)
  assert.equal(keeper.status.kind, 'registered')
})

test('what was granted holds until it runs out, although the registrar has gone silent', async () => {
  const { clock, world, keeper } = stage([first], () => granted)
  keeper.start()
  await clock.advance(480_000)
  world.answer = () => silent
  world.tell!(silent)
  const kinds: string[] = []
  for (const ms of [119_000, 2_000]) {
    await clock.advance(ms)
    kinds.push(keeper.status.kind)
  }
  world.answer = () => granted
  await clock.advance(400_000)
  assert.deepEqual([...kinds, keeper.status.kind], ['registered', 'failed', 'registered'])
})

test('pauses grow while nothing works, and a name without addresses is a failure of its own', async () => {
  const { clock, world, keeper } = stage([], () => granted)
  keeper.start()
  await clock.advance(10)
  assert.deepEqual(keeper.status, { kind: 'failed', status: 0, reason: undefined, sinceMs: 0, retryAtMs: 30_000 })
  await clock.advance(400_000)
  assert.equal(world.lookups, 4, 'after 30, 90 and 210 s')
})

test('an agent that cannot register is a failure and no crash', async () => {
  const { clock, world, keeper } = stage([first, second], () => 'throws')
  keeper.start()
  await clock.advance(10)
  assert.deepEqual([keeper.status.kind, world.asked.length], ['failed', 2])
})

test('closing unregisters, waits three seconds at most, and leaves nothing planned', async () => {
  const { clock, world, keeper } = stage([first], () => granted)
  keeper.start()
  await clock.advance(100)
  await keeper.close()
  assert.deepEqual(world.closed, ['192.0.2.1'])
  world.tell!(silent)
  await clock.advance(1_000_000)
  assert.deepEqual([world.asked.length, clock.planned], [1, 0])
})
