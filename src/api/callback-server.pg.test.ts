// The callback server of an account over HTTP, on a real database: what is set is what SmartCall uses, for its own account only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessKeys } from '../account/access-keys.ts'
import { createAccount } from '../account/accounts.ts'
import { CallbackServers } from '../account/callback-servers.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { testDatabase } from '../db/testing.ts'
import { SecretBox } from '../secret-box.ts'
import { memorySounds, signedV1, signedV3 } from './aliyun/testing.ts'
import { memoryAccounts, testApi } from './testing.ts'

test('a callback server is set, shown, used by SmartCall and removed, by its own account only', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const ids = new Map([['sk_one', one.id], ['sk_two', two.id]])
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  const callbackServers = new CallbackServers(db, { privateAllowed: false, phoneOf: (text) => (/^057112345678$/.test(text) ? '+8657112345678' : undefined) })
  await using api = await testApi({
    accounts: { ...memoryAccounts(), authenticate: async (key) => Promise.resolve(ids.has(key) ? { accountId: ids.get(key)!, admin: false } : undefined) },
    aliyun: { keys, nonces: new NonceBook(db), templates: new TtsTemplates(db), callbackServers, sounds: memorySounds },
  })
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', body?: object, key = 'sk_one') => {
    const answer = await api.app.inject({ method, url: '/api/v1/account/callback_server', headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) }, ...(body && { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  const key = await keys.create(one.id)
  const smartCall = async (sign: typeof signedV1) => {
    const { url, headers, body } = sign({ action: 'SmartCall', params: { CalledNumber: '13800138000', CalledShowNumber: '057100000000', VoiceCode: '$name$', VoiceCodeParam: '{"name":"喂,你好"}' }, key, nowMs: api.clock.nowMs() })
    return (await api.app.inject({ method: 'POST', url, headers: headers as Record<string, string>, payload: body })).json<{ Code: string; CallId?: string }>()
  }
  assert.equal((await ask('GET')).body['callback_server'], null)
  assert.equal((await smartCall(signedV1)).Code, 'isv.PRODUCT_UNSUBSCRIBE')
  const bad = [{}, { url: 'nonsense' }, { url: 'http://127.0.0.1:9000/' }, { url: 'https://example.com/', timeout_ms: 100 }, { url: 'https://example.com/', parameters: 'both' }, { url: 'https://example.com/', call_centres: { a: '110' } }]
  for (const body of bad) assert.equal((await ask('PUT', body)).status, 400, JSON.stringify(body))
  const set = await ask('PUT', { url: 'https://example.com/call/ai', parameters: 'query', call_centres: { sales: '057112345678' } })
  assert.equal(set.status, 200)
  assert.deepEqual((await ask('GET')).body, set.body)
  const { url, parameters, timeout_ms: timeoutMs, call_centres: callCentres } = set.body['callback_server'] as Record<string, unknown>
  assert.deepEqual([url, parameters, timeoutMs, callCentres], ['https://example.com/call/ai', 'query', 5_000, { sales: '+8657112345678' }])
  for (const sign of [signedV1, signedV3]) {
    const placed = await smartCall(sign)
    assert.equal(placed.Code, 'OK')
    assert.match(placed.CallId!, /^1\d{11}\^\d{12}$/)
  }
  assert.equal((await ask('GET', undefined, 'sk_two')).body['callback_server'], null)
  assert.equal((await ask('DELETE', undefined, 'sk_two')).status, 404)
  assert.equal((await ask('DELETE')).status, 200)
  assert.equal((await ask('DELETE')).status, 404)
  assert.equal((await smartCall(signedV1)).Code, 'isv.PRODUCT_UNSUBSCRIBE')
})
