// Trunks of a process against a user agent that is played, on a clock that only moves when told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { FakeClock } from '../sip/fake-clock.ts'
import type { RegisterOptions, RegistrationState } from '../sip/registration.ts'
import type { NameResolver } from '../sip/resolve.ts'
import type { Peer } from '../sip/transport.ts'
import type { SipUserAgent } from '../sip/user-agent.ts'
import { parseTrunkConfig, type TrunkConfigInput } from './trunk-config.ts'
import { Trunks } from './trunks.ts'

const configOf = (more: Partial<TrunkConfigInput> = {}) => parseTrunkConfig({ name: 'telecom', targets: ['192.0.2.1', '192.0.2.2:5070'], callers: [{ number: '02160001000' }], ...more })

function stage() {
  const clock = new FakeClock()
  const world = {
    pings: [] as string[],
    registers: [] as string[],
    farewells: [] as string[],
    silent: new Set<string>(),
    registration: { kind: 'registered', expiresSeconds: 3_600 } as RegistrationState,
    gateway: [] as Peer[],
    names: new Map<string, string[]>(),
    farewell: Promise.resolve(),
  }
  const userAgent = {
    ports: { UDP: 5_060, TCP: 5_060 },
    ping: ({ address }: Peer) => {
      world.pings.push(address)
      return world.silent.has(address) ? new Promise<number>(() => {}) : Promise.resolve(200)
    },
    register: (options: RegisterOptions) => {
      const { aor, registrar } = options
      world.registers.push(`${aor} at ${registrar.address}`)
      clock.after(1, () => options.onState(world.registration))
      return { state: undefined, close: async () => {
        world.farewells.push(aor)
        await world.farewell
      } }
    },
  }
  const resolver: NameResolver = { naptr: () => Promise.resolve([]), srv: () => Promise.resolve([]), addresses: (name) => Promise.resolve(world.names.get(name) ?? []) }
  const trunks = new Trunks({ userAgent: userAgent as unknown as SipUserAgent, mediaAddress: '198.51.100.7', gatewayAt: () => world.gateway, log: pino({ level: 'silent' }), resolver, clock, wallMs: () => clock.nowMs(), dice: () => 0.5 })
  const changes: string[] = []
  trunks.onChange(({ name, up, down }) => changes.push(`${name} ${up ? 'up' : down}`))
  /** Name look-ups take more turns than the clock waits for. */
  const advance = async (ms: number) => {
    for (let turn = 0; turn < 4; turn += 1) await clock.advance(0)
    await clock.advance(ms)
    for (let turn = 0; turn < 4; turn += 1) await clock.advance(0)
  }
  return { clock, world, trunks, changes, advance }
}

test('a trunk can be dialled as soon as it is set: targets, identities, and the wishes of its configuration', async () => {
  const { trunks, advance } = stage()
  assert.equal(trunks.get('telecom'), undefined)
  trunks.set([configOf({ headers: { preset: 'gateway' }, numbers: { out: [{ preset: 'national' }, { prefix: '9' }] }, credentials: { username: 'u', password: 'p' }, ptimeMs: 30, reliableProvisionals: false, sessionTimerSec: 0, trace: true })])
  const trunk = trunks.get('telecom')!
  assert.deepEqual(await trunk.targets(), [{ address: '192.0.2.1', port: 5_060, protocol: 'UDP' }, { address: '192.0.2.2', port: 5_070, protocol: 'UDP' }])
  assert.deepEqual(trunk.invitation('+8613800138000', '02160001000'), {
    requestUri: 'sip:913800138000@192.0.2.1', from: '<sip:02160001000@192.0.2.1>', to: '<sip:913800138000@192.0.2.1>', contactUser: '02160001000',
    headers: [['Remote-Party-ID', '<sip:02160001000@192.0.2.1>;party=calling;privacy=off;screen=yes']],
  })
  assert.deepEqual([trunk.credentials, trunk.ptimeMs, trunk.reliableProvisionals, trunk.sessionSeconds, trunk.trace, trunk.mediaAddress], [{ username: 'u', password: 'p' }, 30, false, 0, true, '198.51.100.7'])
  await advance(100)
  assert.deepEqual(trunks.states().map(({ name, up, targets }) => [name, up, targets.length]), [['telecom', true, 2]])
})

test('a number that is none of the trunk is never shown, and 110 is never dialled', () => {
  const { trunks } = stage()
  trunks.set([configOf()])
  const trunk = trunks.get('telecom')!
  assert.throws(() => trunk.invitation('+8613800138000', '02160009999'), (error) => error instanceof InvalidInputError && error.field === 'callerId')
  assert.throws(() => trunk.invitation('110', '02160001000'), (error) => error instanceof RefusedError && error.code === 'never-dial')
})

test('a dead target is asked for last, and a trunk is down only when all are dead', async () => {
  const { world, trunks, changes, advance } = stage()
  trunks.set([configOf()])
  await advance(100)
  world.silent.add('192.0.2.1')
  await advance(60_000)
  assert.deepEqual((await trunks.get('telecom')!.targets()).map(({ address }) => address), ['192.0.2.2', '192.0.2.1'])
  assert.equal(trunks.state('telecom')?.up, true)
  world.silent.add('192.0.2.2')
  await advance(90_000)
  assert.deepEqual([trunks.state('telecom')?.up, trunks.state('telecom')?.down], [false, 'no-answer'])
  assert.equal((await trunks.get('telecom')!.targets()).length, 2, 'there is still where to try')
  world.silent.clear()
  await advance(31_000)
  assert.equal(trunks.state('telecom')?.up, true)
  assert.deepEqual(changes.filter((change, at) => change !== changes[at - 1]), ['telecom up', 'telecom no-answer', 'telecom up'])
})

test('a trunk that registers is up once it is registered, in its own name and domain', async () => {
  const { world, trunks, advance } = stage()
  world.names.set('pcscf.example', ['192.0.2.9'])
  world.registration = { kind: 'failed', status: 403, reason: 'Forbidden', retryMs: 60_000 }
  trunks.set([configOf({ domain: 'sh.ims.example', registration: { username: '+862160001000', authUsername: '+862160001000@sh.ims.example', password: 'p', registrar: 'pcscf.example' } })])
  assert.equal(trunks.state('telecom')?.down, 'not-registered')
  await advance(100)
  assert.deepEqual(world.registers, ['sip:+862160001000@sh.ims.example at 192.0.2.9'])
  const { registration } = trunks.state('telecom')!
  assert.ok(registration?.kind === 'failed' && registration.status === 403 && registration.reason === 'Forbidden')
  assert.deepEqual(trunks.get('telecom')?.credentials, { username: '+862160001000@sh.ims.example', password: 'p' })
})

test('a change of the line starts it anew after its farewell; other changes leave it undisturbed', async () => {
  const { world, trunks, advance } = stage()
  const registration = { username: '1001', password: 'p' }
  trunks.set([configOf({ registration })])
  await advance(100)
  const held = trunks.get('telecom')!
  trunks.set([configOf({ registration, headers: { preset: 'ims' }, callers: [{ number: '02160002000' }] })])
  await advance(100)
  assert.deepEqual([world.registers.length, world.farewells.length], [1, 0])
  assert.equal(trunks.get('telecom')!.invitation('+8613800138000', '02160002000').requestUri, 'sip:13800138000@192.0.2.1;user=phone')
  assert.equal(held.invitation('+8613800138000', '02160001000').requestUri, 'sip:13800138000@192.0.2.1', 'a call under way keeps what it began with')

  const slow = Promise.withResolvers<void>()
  world.farewell = slow.promise
  trunks.set([configOf({ registration: { ...registration, password: 'new' } })])
  await advance(10)
  assert.deepEqual([world.registers.length, world.farewells.length], [1, 1], 'the new one waits')
  slow.resolve()
  await advance(10)
  assert.equal(world.registers.length, 2)
})

test('a registrar that does not answer the farewell holds the new one up for three seconds only', async () => {
  const { world, trunks, advance } = stage()
  trunks.set([configOf({ registration: { username: '1001', password: 'p' } })])
  await advance(100)
  world.farewell = new Promise(() => {})
  trunks.set([configOf({ registration: { username: '1001', password: 'q' } })])
  await advance(3_100)
  assert.equal(world.registers.length, 2)
})

test('trunks that are taken out or switched off stop asking; their calls keep what they have', async () => {
  const { world, trunks, advance } = stage()
  trunks.set([configOf(), configOf({ name: 'other', targets: ['192.0.2.8'] })])
  await advance(100)
  const held = trunks.get('telecom')!
  trunks.set([configOf({ name: 'other', targets: ['192.0.2.8'], enabled: false })])
  await advance(100)
  world.pings.length = 0
  await advance(200_000)
  assert.deepEqual(world.pings, [])
  assert.equal(trunks.get('telecom'), undefined)
  assert.deepEqual(trunks.states().map(({ name, down }) => [name, down]), [['other', 'disabled']])
  assert.equal((await held.targets()).length, 2)
})

test('a gateway that registers to us is where it says, and gone when it is gone', async () => {
  const { world, trunks, changes, advance } = stage()
  trunks.set([configOf({ targets: ['registered'], gateway: { username: 'goip-1', password: 'long-enough' } })])
  assert.deepEqual([trunks.gatewayPassword('goip-1'), trunks.gatewayPassword('goip-2')], ['long-enough', undefined])
  await advance(100)
  assert.deepEqual([trunks.state('telecom')?.down, await trunks.get('telecom')!.targets()], ['gateway-away', []])
  world.gateway = [{ address: '203.0.113.5', port: 40_001, protocol: 'UDP' }]
  trunks.gatewayChanged('goip-1')
  await advance(100)
  assert.deepEqual([trunks.state('telecom')?.up, trunks.state('telecom')?.targets[0]?.address], [true, '203.0.113.5:40001'])
  assert.deepEqual(await trunks.get('telecom')!.targets(), world.gateway)
  assert.equal(trunks.get('telecom')!.invitation('+8613800138000', '02160001000').requestUri, 'sip:13800138000@203.0.113.5')
  world.gateway = []
  trunks.gatewayChanged('goip-1')
  await advance(100)
  assert.equal(trunks.state('telecom')?.down, 'gateway-away')
  assert.deepEqual(changes.filter((change, at) => change !== changes[at - 1]), ['telecom gateway-away', 'telecom up', 'telecom gateway-away'])
})

test('a name that is not there makes the trunk down, and up when it is', async () => {
  const { world, trunks, advance } = stage()
  trunks.set([configOf({ targets: ['sbc.example'] })])
  await advance(100)
  assert.equal(trunks.state('telecom')?.down, 'no-address')
  world.names.set('sbc.example', ['192.0.2.3'])
  await advance(34_000)
  assert.equal(trunks.state('telecom')?.up, true)
})

test('a target over a transport that we do not have is left out', async () => {
  const { trunks } = stage()
  trunks.set([configOf({ targets: ['sip:192.0.2.3;transport=tls', 'sip:192.0.2.4;transport=tcp'] })])
  assert.deepEqual(await trunks.get('telecom')!.targets(), [{ address: '192.0.2.4', port: 5_060, protocol: 'TCP' }])
})

test('closing says farewell everywhere, and nothing is planned after it', async () => {
  const { clock, world, trunks, advance } = stage()
  trunks.set([configOf({ registration: { username: '1001', password: 'p' } }), configOf({ name: 'other', registration: { username: '1002', password: 'p' } })])
  await advance(100)
  const closing = trunks.close()
  await advance(10)
  await closing
  assert.equal(world.farewells.length, 2)
  trunks.set([configOf()])
  await advance(10_000)
  assert.equal(clock.planned, 0)
})
