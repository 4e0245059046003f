import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { parseTrunkConfig, trunkConfigSchema, trunkFields } from './trunk-config.ts'

const least = { name: 'telecom-sh', targets: ['192.0.2.10'], callers: [{ number: '02160001000' }] }

function refusal(input: unknown): InvalidInputError {
  try {
    parseTrunkConfig(input)
  } catch (error) {
    assert.ok(error instanceof InvalidInputError)
    return error
  }
  throw new assert.AssertionError({ message: `taken: ${JSON.stringify(input)}` })
}

test('a name, a target and a caller number are enough; everything else has a default', () => {
  const trunk = parseTrunkConfig(least)
  assert.equal(trunk.enabled, true)
  assert.deepEqual(trunk.numbers, { out: [{ preset: 'national' }], in: [] })
  assert.deepEqual(trunk.headers, { preset: 'plain', extra: [] })
  assert.deepEqual(trunk.codecs, ['PCMA', 'PCMU'])
  assert.deepEqual([trunk.srtp, trunk.ptimeMs, trunk.reliableProvisionals, trunk.sessionTimerSec, trunk.trace], ['off', 20, true, 1_800, false])
  assert.deepEqual([trunk.latch, trunk.inbandDigits], ['address', 'auto'])
  assert.deepEqual([trunk.concurrencyMax, trunk.cps, trunk.priority, trunk.weight, trunk.ringMsMax, trunk.healthCheckSec], [30, 5, 10, 1, 60_000, 30])
  assert.deepEqual(trunk.outcomes, [])
})

test('what was parsed parses again as itself: what the database holds can be read back', () => {
  const trunk = parseTrunkConfig({
    ...least,
    targets: ['sip:a.example;transport=tls', '192.0.2.10:5070', '[2001:db8::1]:5060'],
    registration: { username: '+862160001000', authUsername: '+862160001000@ims.example', password: 'pässwörd 1' },
    credentials: { username: 'u', password: 'p' },
    domain: 'ims.example',
    callers: [{ number: '02160001000', concurrencyMax: 3 }, { number: '4001234567' }],
    numbers: { out: [{ preset: 'zero-for-other-cities', areaCode: '021' }, { prefix: '9', when: '^0' }], in: [{ preset: 'local', areaCode: '021' }] },
    headers: { preset: 'ims', extra: [{ name: 'X-A', value: '{caller}' }] },
    codecs: ['opus', 'PCMA'],
    outcomes: [{ sip: 480, text: 'off', outcome: 'powered-off' }, { q850: 20, outcome: 'unreachable' }],
  })
  assert.deepEqual(parseTrunkConfig(JSON.parse(JSON.stringify(trunk))), trunk)
})

test('every mistake is named by its field and says what to write', () => {
  const table: [unknown, field: string, message: RegExp][] = [
    [undefined, 'trunk', /expected: an object such as/],
    [{}, 'name', /name: is missing; expected: 1 to 32 .*and 2 more: targets, callers/],
    [{ ...least, name: 'Telecom SH' }, 'name', /lower-case letters/],
    [{ ...least, targets: [] }, 'targets', /a list of host/],
    [{ ...least, targets: ['tel:110'] }, 'targets[0]', /host:port or a sip address/],
    [{ ...least, targets: ['a', 'a'] }, 'targets', /names one entry twice/],
    [{ ...least, targets: ['registered'] }, 'gateway', /give the username and password/],
    [{ ...least, gateway: { username: '1001', password: 'secret-1' } }, 'targets', /add "registered"/],
    [{ ...least, targets: ['registered'], gateway: { username: '1001', password: 'short' } }, 'gateway.password', /at least 8 characters/],
    [{ ...least, targets: ['registered'], gateway: { username: '1001', password: 'long-enough' }, registration: { username: 'u', password: 'p' } }, 'registration', /needs "registrar"/],
    [{ ...least, registration: { username: 'a b', password: 'p' } }, 'registration.username', /spaces/],
    [{ ...least, registration: { username: 'a', password: 'p', expiresSec: 5 } }, 'registration.expiresSec', /60 to 86400/],
    [{ ...least, domain: 'sip:a.example' }, 'domain', /without sip:/],
    [{ ...least, domain: 'a.example:5060' }, 'domain', /without a port/],
    [{ ...least, callers: [] }, 'callers', /at least one number that is yours/],
    [{ ...least, callers: [{ number: '021 6000 1000' }] }, 'callers[0].number', /digits as the carrier/],
    [{ ...least, callers: [{ number: '02160001000' }, { number: '02160001000' }] }, 'callers', /names one number twice/],
    [{ ...least, numbers: { out: [{ prefx: '9' }] } }, 'numbers.out[0]', /must be one of \{"preset":"national"\}/],
    [{ ...least, numbers: { out: [{ replace: '(a*)*', with: '' }] } }, 'numbers.out[0].replace', /not repeated/],
    [{ ...least, numbers: { out: [{ preset: 'zero-for-other-cities' }] } }, 'numbers.out[0]', /"areaCode":"021"/],
    [{ ...least, numbers: { out: [{ preset: 'national' }, { prefix: '110' }] } }, 'numbers.out', /make 13800138000 into 11013800138000/],
    [{ ...least, numbers: { out: [{ preset: 'national' }, { strip: '021' }] } }, 'numbers.out', /make 02158881234 into 58881234/],
    [{ ...least, headers: { fro: 'x' } }, 'headers.fro', /there are preset, requestUri, from/],
    [{ ...least, codecs: ['G729'] }, 'codecs[0]', /PCMA, PCMU, G722, opus/],
    [{ ...least, codecs: [] }, 'codecs', /best first/],
    [{ ...least, ptimeMs: 25 }, 'ptimeMs', /10, 20, 30/],
    [{ ...least, srtp: 'yes' }, 'srtp', /off, optional or required/],
    [{ ...least, latch: 'all' }, 'latch', /strict .* any/],
    [{ ...least, sessionTimerSec: 30 }, 'sessionTimerSec', /0 asks for none/],
    [{ ...least, concurrencyMax: 0 }, 'concurrencyMax', /1 to 100000/],
    [{ ...least, cps: 0 }, 'cps', /0\.1 to 1000/],
    [{ ...least, healthCheckSec: 1 }, 'healthCheckSec', /0 never asks/],
    [{ ...least, outcomes: [{ outcome: 'busy' }] }, 'outcomes[0]', /at least one of sip, q850 and text/],
    [{ ...least, outcomes: [{ sip: 480, outcome: 'sleeping' }] }, 'outcomes[0].outcome', /expected: /],
    [{ ...least, concurency: 3 }, 'concurency', /there is no such field; there are name, enabled/],
  ]
  for (const [input, field, message] of table) {
    const error = refusal(input)
    assert.equal(error.field, field, JSON.stringify(input))
    assert.match(error.message, message)
    assert.equal(error.items.length > 0, true)
  }
})

test('no refusal repeats a password', () => {
  const secret = 'hunter2-hunter2'
  for (const input of [
    { ...least, registration: { username: 'a b', password: secret, extra: secret } },
    { ...least, registration: { username: 'a', password: `${secret}\n` } },
    { ...least, targets: ['registered'], gateway: { username: '<', password: secret } },
    { ...least, credentials: { username: 'a', password: [secret] } },
  ]) {
    const error = refusal(input)
    assert.doesNotMatch(error.message + JSON.stringify(error.items), /hunter2/)
  }
})

test('every field has its line of help', () => {
  for (const field of Object.keys(trunkConfigSchema.shape)) assert.ok(Object.hasOwn(trunkFields, field), field)
})
