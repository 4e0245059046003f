// Running trunks against carriers that sipp plays over real UDP. Runs when `sipp` is on PATH; with REQUIRE_INTEROP=1 its absence fails.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { freePort } from '../../test/world/free-port.ts'
import { Sipp, withoutSipp as skip } from '../../test/world/sipp.ts'
import { systemClock, type Clock } from '../sip/clock.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { parseTrunkConfig, type TrunkConfigInput } from './trunk-config.ts'
import type { TrunkState } from './trunk-state.ts'
import { Trunks } from './trunks.ts'

const log = pino({ level: 'silent' })
const configOf = (more: Partial<TrunkConfigInput>) => parseTrunkConfig({ name: 'telecom', targets: ['127.0.0.1'], callers: [{ number: '02160001000' }], ...more })

/** Intervals and limits of trunks pass ten times as fast; SIP itself keeps real time. */
const hurried: Clock = { nowMs: () => systemClock.nowMs() * 10, after: (ms, run) => systemClock.after(ms / 10, run) }

async function stage() {
  const stack = new AsyncDisposableStack()
  const userAgent = stack.use(await SipUserAgent.open({ address: '127.0.0.1', port: 0, log, limits: { closeMsMax: 100 } }))
  const trunks = stack.use(new Trunks({ userAgent, mediaAddress: '127.0.0.1', log, clock: hurried }))
  /** Resolves with the first state, of now or later, that is as wished. */
  const until = (wish: (state: TrunkState) => boolean): Promise<TrunkState> =>
    new Promise((resolve) => {
      const look = (state: TrunkState) => wish(state) && resolve(state)
      trunks.onChange(look)
      trunks.states().forEach(look)
    })
  return { userAgent, trunks, until, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('a running trunk', { skip, timeout: 60_000 }, () => {
  void test('asks real targets with OPTIONS and knows which one answers, and how fast (uas-options)', async () => {
    await using sipp = await Sipp.start('uas-options')
    await using s = await stage()
    const silent = await freePort()
    s.trunks.set([configOf({ targets: [`127.0.0.1:${silent}`, `127.0.0.1:${sipp.port}`], healthCheckSec: 5 })])
    const state = await s.until(({ targets }) => targets.some(({ alive }) => alive === true) && targets.some(({ alive }) => alive === false))
    assert.equal(state.up, true)
    const [dead, living] = state.targets
    assert.deepEqual([dead?.alive, dead?.missed, dead?.status], [false, 3, undefined])
    assert.deepEqual([living?.alive, living?.status], [true, 200])
    assert.ok(living!.rttMs! > 0 && living!.rttMs! < 5_000, `${living?.rttMs} ms`)
    assert.deepEqual((await s.trunks.get('telecom')!.targets()).map(({ port }) => port), [sipp.port, silent])
    sipp.stop()
    await sipp.finished
    const down = await s.until(({ up }) => !up)
    assert.equal(down.down, 'no-answer')
  })

  void test('is up once the carrier has accepted its digest (uas-registrar)', async () => {
    await using sipp = await Sipp.start('uas-registrar', { calls: 1 })
    await using s = await stage()
    const targets = [`127.0.0.1:${sipp.port}`]
    s.trunks.set([configOf({ targets, domain: 'carrier.example', registration: { username: '1001', password: 'secret' }, healthCheckSec: 0 })])
    assert.equal(s.trunks.state('telecom')?.down, 'not-registered')
    const { registration } = await s.until(({ up }) => up)
    assert.ok(registration?.kind === 'registered')
    assert.equal(registration.registrar, `127.0.0.1:${sipp.port}`)
    assert.ok(Math.abs(registration.untilMs - Date.now() - 60_000) < 5_000)
  })

  void test('tells why the carrier refuses it: a wrong password (uas-registrar)', async () => {
    await using sipp = await Sipp.start('uas-registrar', { calls: 1 })
    await using s = await stage()
    s.trunks.set([configOf({ targets: [`127.0.0.1:${sipp.port}`], domain: 'carrier.example', registration: { username: '1001', password: 'wrong' }, healthCheckSec: 0 })])
    const { up, down, registration } = await s.until(({ registration }) => registration?.kind === 'failed')
    assert.deepEqual([up, down], [false, 'not-registered'])
    assert.ok(registration?.kind === 'failed' && registration.status === 403 && registration.reason === 'Forbidden')
  })

  void test('registers elsewhere once its configuration says where (uas-registrar)', async () => {
    await using sipp = await Sipp.start('uas-registrar', { calls: 1 })
    await using s = await stage()
    const registration = { username: '1001', password: 'secret' }
    s.trunks.set([configOf({ domain: 'carrier.example', registration: { ...registration, registrar: 'registrar.invalid' }, healthCheckSec: 0 })])
    const failed = await s.until((state) => state.registration?.kind === 'failed')
    assert.ok(failed.registration?.kind === 'failed' && failed.registration.status === 0, 'a name that does not resolve is told as such')
    s.trunks.set([configOf({ targets: [`127.0.0.1:${sipp.port}`], domain: 'carrier.example', registration, healthCheckSec: 0 })])
    assert.equal((await s.until(({ up }) => up)).registration?.kind, 'registered')
  })
})
