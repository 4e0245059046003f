import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrunkConfig } from '../trunk/trunk-config.ts'
import { CliError } from './api-client.ts'
import { withFlags } from './trunk-flags.ts'

test('the common flags make a whole configuration', () => {
  const config = withFlags({ name: 'a' }, {}, { target: '192.0.2.10, sip:b.example;transport=tls', caller: '02160001000:5,02160001001', register: '+862160001000', 'auth-user': 'u@ims', numbers: 'zero-for-other-cities:021', headers: 'ims', codecs: 'PCMA,G722', concurrency: '100', cps: '2.5', priority: '1', weight: '3', trace: 'on' }, 'secret')
  const { targets, callers, registration, numbers, headers, codecs, concurrencyMax, cps, priority, weight, trace } = parseTrunkConfig(config)
  assert.deepEqual(targets, ['192.0.2.10', 'sip:b.example;transport=tls'])
  assert.deepEqual(callers, [{ number: '02160001000', concurrencyMax: 5 }, { number: '02160001001' }])
  assert.deepEqual(registration, { username: '+862160001000', authUsername: 'u@ims', password: 'secret', expiresSec: 3_600 })
  assert.deepEqual(numbers.out, [{ preset: 'zero-for-other-cities', areaCode: '021', unknown: 'zero', dropAreaCode: false }])
  assert.deepEqual([headers.preset, codecs, concurrencyMax, cps, priority, weight, trace], ['ims', ['PCMA', 'G722'], 100, 2.5, 1, 3, true])
})

test('a gateway that registers to us needs no target', () => {
  const config = parseTrunkConfig(withFlags({ name: 'goip' }, {}, { gateway: 'goip1', caller: '13800000000' }, 'long enough'))
  assert.deepEqual([config.targets, config.gateway], [['registered'], { username: 'goip1', password: 'long enough' }])
})

test('flags go over --json, and --json goes over what was there; null takes a field away', () => {
  const before = { name: 'a', weight: 1, domain: 'old.example', credentials: { username: 'u', password: '********' } }
  assert.deepEqual(withFlags(before, { weight: 2, priority: 5, domain: null }, { weight: '3' }, undefined), { name: 'a', weight: 3, priority: 5, credentials: { username: 'u', password: '********' } })
})

test('a password goes to the section that is named, else to those that there are', () => {
  const before = { registration: { username: 'r', password: 'x' }, credentials: { username: 'c', password: 'y' } }
  assert.deepEqual(withFlags(before, {}, { username: 'c2' }, 'p'), { ...before, credentials: { username: 'c2', password: 'p' } })
  assert.deepEqual(withFlags(before, {}, {}, 'p'), { registration: { username: 'r', password: 'p' }, credentials: { username: 'c', password: 'p' } })
  assert.throws(() => withFlags({}, {}, {}, 'p'), CliError)
})

test('flags that cannot be meant are refused by name', () => {
  for (const flags of [{ cps: 'fast' }, { concurrency: '' }, { trace: 'yes' }, { caller: '1:2:3' }, { caller: '021:x' }]) assert.throws(() => withFlags({}, {}, flags, undefined), CliError, JSON.stringify(flags))
})
