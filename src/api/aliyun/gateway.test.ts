import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { SingleCalls } from '../../dialer/single-calls.ts'
import { ManualClock, MemoryCalls } from '../testing.ts'
import { Gateway, type GatewayRequest } from './gateway.ts'
import { operation } from './operation.ts'
import { flag, integer, jsonTexts, needed, repeated, text } from './parameters.ts'
import type { Signing } from './signed-request.ts'
import { MemoryNonces, memoryKeys, memorySounds, memoryTemplates, signedV1, signedV3, temporaryKey, testKey } from './testing.ts'

function world() {
  const clock = new ManualClock()
  const done: unknown[] = []
  const logged: string[] = []
  const Try = operation({
    summary: 'remembers what it was given',
    perSecondMax: 3,
    parameters: {
      Number: needed(text({ rule: '' })),
      Pause: integer({ min: 300, max: 1_200, or: 800, outside: 800, rule: '' }),
      Times: integer({ min: 1, max: 3, or: 3, outside: 'refused', rule: '' }),
      Break: flag({ or: true, rule: '' }),
      Values: jsonTexts({ rule: '' }),
      Menu: repeated({ countMax: 2, fields: { Key: needed(text({ rule: '' })), Code: text({ rule: '' }) }, rule: '' }),
    },
    answers: {},
    async handle(params, { accountId }) {
      if (params.Number === 'boom') throw new Error('a secret of ours')
      done.push({ ...params, Values: { ...params.Values }, accountId })
      return Promise.resolve({ CallId: '1^2' })
    },
  })
  const calls = new MemoryCalls()
  const gateway = new Gateway({
    calls, singleCalls: new SingleCalls({ calls, templates: memoryTemplates, sounds: memorySounds }), operations: { Try }, keys: memoryKeys(), nonces: new MemoryNonces(), clock,
    log: pino({ level: 'error' }, { write: (line: string) => void logged.push(line) }),
  })
  const ask = async (request: GatewayRequest) => {
    const answer = await gateway.answer(request)
    const json = answer.type.startsWith('application/json') ? (JSON.parse(answer.body) as Record<string, string>) : {}
    return { ...answer, json, code: json['Code'] }
  }
  const base = { action: 'Try', params: { Number: '139' } }
  return { clock, done, logged, ask, v1: (more: Partial<Signing> = {}) => signedV1({ ...base, ...more, params: { ...base.params, ...more.params } }), v3: (more: Partial<Signing> = {}) => signedV3({ ...base, ...more, params: { ...base.params, ...more.params } }) }
}

test('both signatures, by GET and POST, in query, form and both, with lasting and temporary keys, are believed', async () => {
  const { clock, done, ask, v1, v3 } = world()
  for (const key of [testKey, temporaryKey]) {
    for (const request of [
      v1({ key }), v1({ key, method: 'GET' }), v1({ key, place: 'query' }), v1({ key, place: 'both' }),
      v3({ key }), v3({ key, method: 'GET' }), v3({ key, place: 'form' }),
    ]) {
      clock.advance(1_000)
      // The clocks of requests stand at 0, well within what is allowed.
      const { status, json } = await ask(request)
      assert.deepEqual([status, json['Code'], json['Message'], json['CallId']], [200, 'OK', 'OK', '1^2'])
      assert.match(json['RequestId']!, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
    }
  }
  assert.equal(done.length, 14)
  assert.deepEqual(done[0], { Number: '139', Pause: 800, Times: 3, Break: true, Values: {}, Menu: [], accountId: 'acc_one' })
})

test('each way of not being believed has its own published code, and nothing is done', async () => {
  const { done, ask, v1, v3 } = world()
  const wrongSecret = { ...testKey, secret: 'wrong' }
  const cases: [string, number, GatewayRequest][] = [
    ['InvalidAccessKeyId.NotFound', 404, v1({ key: { id: 'nobody', secret: 'x' } })],
    ['InvalidAccessKeyId.NotFound', 404, v3({ key: { id: 'nobody', secret: 'x' } })],
    ['InvalidAccessKeyId.Inactive', 400, v1({ key: { ...testKey, id: 'disabledid' } })],
    ['SignatureDoesNotMatch', 400, v1({ key: wrongSecret })],
    ['SignatureDoesNotMatch', 400, v3({ key: wrongSecret })],
    ['SignatureDoesNotMatch', 400, v1({ params: { Signature: 'eA==' } })],
    ['MissingSignature', 400, v1({ params: { Signature: '' } })],
    ['MissingAction', 400, v1({ params: { Action: '' } })],
    ['MissingAccessKeyId', 400, v1({ params: { AccessKeyId: '' } })],
    ['MissingSignatureNonce', 400, v1({ params: { SignatureNonce: '' } })],
    ['MissingTimestamp', 400, v1({ params: { Timestamp: '' } })],
    ['InvalidSignatureMethod', 400, v1({ params: { SignatureMethod: 'HMAC-MD5' } })],
    ['IncompleteSignature', 400, v1({ params: { SignatureVersion: '2.0' } })],
    ['InvalidVersion', 400, v1({ params: { Version: '2017-05-26' } })],
    ['InvalidAction.NotFound', 404, v1({ action: 'Nothing' })],
    ['InvalidAction.NotFound', 404, v1({ action: 'constructor' })],
    ['InvalidAction.NotFound', 404, v3({ action: '__proto__' })],
    ['InvalidTimeStamp.Format', 400, v1({ params: { Timestamp: '2024-01-02 03:04:05' } })],
    ['InvalidTimeStamp.Format', 400, v1({ params: { Timestamp: '2024-13-02T03:04:05Z' } })],
    ['InvalidTimeStamp.Expired', 400, v1({ nowMs: 16 * 60_000 })],
    ['InvalidTimeStamp.Expired', 400, v3({ nowMs: -16 * 60_000 })],
    ['InvalidSecurityToken.Expired', 400, v1({ key: { ...temporaryKey, token: 'old-token' } })],
    ['InvalidSecurityToken.Malformed', 400, v3({ key: { ...temporaryKey, token: 'junk' } })],
    ['InvalidSecurityToken.MismatchWithAccessKey', 400, v1({ key: { ...temporaryKey, token: 'other-token' } })],
    ['InvalidSecurityToken.MismatchWithAccessKey', 400, v1({ key: { ...testKey, token: 'good-token' } })],
    ['MissingSecurityToken', 400, v1({ key: { id: temporaryKey.id, secret: temporaryKey.secret } })],
    ['UnsupportedHTTPMethod', 400, v1({ method: 'PUT' })],
    ['IncompleteSignature', 400, { ...v3(), headers: { ...v3().headers, authorization: 'ACS3-HMAC-SHA256 Credential=testid' } }],
    ['InvalidSignatureMethod', 400, { ...v3(), headers: { ...v3().headers, authorization: 'ACS3-RSA-SHA256 Credential=testid' } }],
    ['Missingx-acs-action', 400, v3({ headers: { 'x-acs-action': '' } })],
    ['InvalidParameter.Format', 400, v1({ params: { Format: 'YAML' } })],
  ]
  for (const [code, status, request] of cases) {
    const answer = await ask(request)
    assert.deepEqual([answer.code, answer.status], [code, status], JSON.stringify(answer.json))
    assert.equal(answer.json['HostId'], '127.0.0.1:8080')
    assert.equal(answer.accountId, undefined)
  }
  assert.deepEqual(done, [])
})

test('what was signed is what is done: any change on the way is noticed', async () => {
  const { done, ask, v1, v3 } = world()
  const posted = v1()
  assert.equal((await ask({ ...posted, body: Buffer.from(posted.body.toString().replace('Number=139', 'Number=138')) })).code, 'SignatureDoesNotMatch')
  assert.equal((await ask({ ...posted, url: '/?Extra=1' })).code, 'SignatureDoesNotMatch')
  const got = v3({ place: 'form' })
  assert.equal((await ask({ ...got, body: Buffer.from('Number=138') })).code, 'SignatureDoesNotMatch')
  assert.equal((await ask({ ...got, url: '/?Extra=1' })).code, 'SignatureDoesNotMatch')
  for (const name of ['x-acs-action', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version', 'x-acs-content-sha256']) {
    const request = v3()
    const authorization = String(request.headers['authorization']).replace(new RegExp(`${name};|;${name}(?=,)`), '')
    assert.equal((await ask({ ...request, headers: { ...request.headers, authorization } })).code, 'IncompleteSignature', name)
  }
  assert.deepEqual(done, [])
})

test('a name with two values is refused: what is signed and what is done could differ; the same value twice is one', async () => {
  const { done, ask, v1 } = world()
  const both = v1({ place: 'both' })
  assert.equal((await ask({ ...both, url: `${both.url}&Number=138` })).code, 'InvalidNumber')
  assert.deepEqual(done, [])
  assert.equal((await ask({ ...both, url: `${both.url}&Number=139` })).code, 'OK')
  done.length = 0
  assert.deepEqual(done, [])
})

test('a nonce is good for once; the clock may be off by a quarter of an hour, and may have milliseconds', async () => {
  const { clock, done, ask, v1, v3 } = world()
  clock.advance(15 * 60_000)
  for (const request of [v1(), v3(), v1({ params: { Timestamp: '1970-01-01T00:29:59.708Z' } })]) assert.equal((await ask(request)).code, 'OK')
  clock.advance(1_000)
  const again = v1({ nowMs: clock.nowMs() })
  assert.equal((await ask(again)).code, 'OK')
  const repeated = await ask(again)
  assert.deepEqual([repeated.code, repeated.status], ['SignatureNonceUsed', 400])
  assert.equal(done.length, 3 + 1)
})

test('the client sees what it should have signed, which is what tells a wrong secret from a wrong encoding', async () => {
  const { ask, v1 } = world()
  const { json } = await ask(v1({ key: { ...testKey, secret: 'wrong' } }))
  assert.match(json['Message']!, /^Specified signature is not matched with our calculation\. server string to sign is:POST&%2F&AccessKeyId%3Dtestid/)
})

test('each account has its share of a second for each operation', async () => {
  const { clock, done, ask, v1 } = world()
  clock.advance(300)
  const answers = []
  for (let i = 0; i < 5; i += 1) answers.push(await ask(v1()))
  assert.deepEqual(answers.map(({ code }) => code), ['OK', 'OK', 'OK', 'Throttling.User', 'Throttling.User'])
  assert.deepEqual(answers.map(({ headers }) => headers?.['x-acs-retry-after']), [undefined, undefined, undefined, '700', '700'], 'as the clients read it, in milliseconds')
  clock.advance(700)
  assert.equal((await ask(v1())).code, 'OK')
  assert.equal(done.length, 4)
})

test('a stranger who guesses is slowed down, and others at the same time are not', async () => {
  const { clock, ask, v1 } = world()
  const guess = () => v1({ key: { id: 'nobody', secret: 'x' } })
  for (let i = 0; i < 100; i += 1) assert.equal((await ask(guess())).code, 'InvalidAccessKeyId.NotFound')
  assert.equal((await ask(guess())).code, 'Throttling')
  assert.equal((await ask({ ...v1(), address: '10.0.0.2' })).code, 'OK')
  clock.advance(1_000)
  assert.equal((await ask(v1())).code, 'OK')
})

test('parameters: ranges, kinds, JSON and lists are read as the table says', async () => {
  const { clock, done, ask, v1 } = world()
  const given = async (params: Record<string, string>) => {
    clock.advance(1_000)
    return (await ask(v1({ params, nowMs: clock.nowMs() }))).code
  }
  assert.equal(await given({ Pause: '299', Times: '1', Break: 'FALSE', Values: '{"a":"喂","b":1}', 'Menu.1.Key': '1', 'Menu.2.Key': '2', 'Menu.2.Code': 'x', Unknown: 'y', RegionId: 'cn-hangzhou' }), 'OK')
  assert.deepEqual(done.pop(), { Number: '139', Pause: 800, Times: 1, Break: false, Values: { a: '喂', b: '1' }, Menu: [{ Key: '1', Code: undefined }, { Key: '2', Code: 'x' }], accountId: 'acc_one' })
  assert.equal(await given({ Values: '{"__proto__":"x"}' }), 'OK')
  assert.equal(({} as { x?: unknown }).x, undefined)
  done.length = 0
  for (const [params, code] of [
    [{ Number: '' }, 'MissingNumber'],
    [{ Pause: 'soon' }, 'InvalidPause'],
    [{ Pause: '1e9' }, 'InvalidPause'],
    [{ Times: '4' }, 'isv.INVALID_PARAMETERS'],
    [{ Break: 'maybe' }, 'InvalidBreak'],
    [{ Number: 'a\u0000b' }, 'InvalidNumber'],
    [{ Number: 'x'.repeat(4_001) }, 'isv.PARAM_LENGTH_LIMIT'],
    [{ Values: '{' }, 'isv.INVALID_JSON_PARAM'],
    [{ Values: '[]' }, 'isv.INVALID_JSON_PARAM'],
    [{ Values: '{"a":{}}' }, 'isv.INVALID_JSON_PARAM'],
    [{ 'Menu.1.Code': 'x' }, 'MissingMenu.1.Key'],
    [{ 'Menu.1.Key': '1', 'Menu.2.Key': '2', 'Menu.3.Key': '3' }, 'isv.INVALID_PARAMETERS'],
  ] as const) assert.equal(await given(params), code)
  assert.deepEqual(done, [])
})

test('XML where it is asked for, and for V1 clients that ask for nothing', async () => {
  const { ask, v1, v3 } = world()
  const asked = await ask(v1({ params: { Format: 'xml' } }))
  assert.equal(asked.type, 'text/xml;charset=utf-8')
  assert.match(asked.body, /^<\?xml version='1\.0' encoding='UTF-8'\?><TryResponse><Code>OK<\/Code><Message>OK<\/Message><RequestId>[0-9A-F-]{36}<\/RequestId><CallId>1\^2<\/CallId><\/TryResponse>$/)
  const silent = await ask(v1({ params: { Format: undefined }, key: { id: 'no<b>dy', secret: 'x' } }))
  assert.match(silent.body, /^<\?xml[^>]+><Error><RequestId>[0-9A-F-]{36}<\/RequestId><HostId>127\.0\.0\.1:8080<\/HostId><Code>InvalidAccessKeyId\.NotFound<\/Code>/)
  assert.match((await ask(v1({ params: { Format: '', Number: '<&>' }, key: { ...testKey, secret: 'x' } }))).body, /is:POST&amp;%2F&amp;.*%26Number%3D%253C%2526%253E%26/)
  assert.equal((await ask(v3())).type, 'application/json;charset=utf-8')
})

test('a fault of ours tells nothing but its number, and is logged whole', async () => {
  const { logged, ask, v1 } = world()
  const { status, json } = await ask(v1({ params: { Number: 'boom' } }))
  assert.deepEqual([status, json['Code']], [500, 'InternalError'])
  assert.ok(!JSON.stringify(json).includes('secret'))
  assert.ok(logged.some((line) => line.includes('a secret of ours') && line.includes(json['RequestId']!)))
})
