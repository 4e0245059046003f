// Access keys over HTTP, on a real database: what is shown, what works at the gateway, and that nobody touches those of others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessKeys } from '../account/access-keys.ts'
import { createAccount } from '../account/accounts.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { testDatabase } from '../db/testing.ts'
import { SecretBox } from '../secret-box.ts'
import type { ClientKey } from './aliyun/signed-request.ts'
import { memorySounds, signedV1 } from './aliyun/testing.ts'
import { apiLimits } from './limits.ts'
import { memoryAccounts, testApi } from './testing.ts'

test('a key is made, works, is disabled, works again and is removed, by its own account only', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const ids = new Map([['sk_one', one.id], ['sk_two', two.id]])
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  await using api = await testApi({
    accounts: { ...memoryAccounts(), authenticate: async (key) => Promise.resolve(ids.has(key) ? { accountId: ids.get(key)!, admin: false } : undefined) },
    aliyun: { keys, nonces: new NonceBook(db), templates: new TtsTemplates(db), sounds: memorySounds },
  })
  const ask = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, key = 'sk_one') => {
    const answer = await api.app.inject({ method, url: `/api/v1/account/access_keys${path}`, headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) }, ...(body && { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, text: answer.body, body: answer.json<Record<string, unknown>>() }
  }
  const signs = async (key: ClientKey) => {
    const { url, headers, body } = signedV1({ action: 'CancelCall', params: { CallId: '116012854210^102814270000' }, key, nowMs: api.clock.nowMs() })
    return (await api.app.inject({ method: 'POST', url, headers: headers as Record<string, string>, payload: body })).json<{ Code: string }>().Code
  }
  const made = await ask('POST', '', { label: 'crm' })
  const key = { id: String(made.body['access_key_id']), secret: String(made.body['access_key_secret']) }
  // Believed: there is only no such call.
  assert.equal(await signs(key), 'isv.INVALID_PARAMETERS')
  const listed = await ask('GET', '')
  assert.ok(listed.text.includes(key.id) && listed.text.includes('crm') && !listed.text.includes(key.secret))
  assert.deepEqual((await ask('GET', '', undefined, 'sk_two')).body['access_keys'], [])
  for (const [method, path, body] of [['PUT', `/${key.id}`, { enabled: false }], ['DELETE', `/${key.id}`, undefined], ['POST', `/${key.id}/temporary`, { seconds: 900 }]] as const) assert.equal((await ask(method, path, body, 'sk_two')).status, 404)

  const sts = (await ask('POST', `/${key.id}/temporary`, { seconds: 900 })).body
  const temporary = { id: String(sts['access_key_id']), secret: String(sts['access_key_secret']), token: String(sts['security_token']) }
  assert.equal(await signs(temporary), 'isv.INVALID_PARAMETERS')
  assert.equal((await ask('POST', `/${key.id}/temporary`, { seconds: 10 })).status, 400)

  assert.equal((await ask('PUT', `/${key.id}`, { enabled: false })).status, 200)
  assert.deepEqual([await signs(key), await signs(temporary)], ['InvalidAccessKeyId.Inactive', 'InvalidAccessKeyId.Inactive'])
  assert.equal((await ask('PUT', `/${key.id}`, { enabled: true })).status, 200)
  assert.equal(await signs(key), 'isv.INVALID_PARAMETERS')
  assert.equal((await ask('DELETE', `/${key.id}`)).status, 200)
  assert.deepEqual([await signs(key), await signs(temporary)], ['InvalidAccessKeyId.NotFound', 'InvalidAccessKeyId.NotFound'])
  assert.equal((await ask('DELETE', `/${key.id}`)).status, 404)
})

test('a visitor of / gets the page, a client its kind of answer, and bytes that are no form an error of theirs', async () => {
  await using database = await testDatabase()
  const keys = new AccessKeys(database.db, new SecretBox(Buffer.alloc(32, 7)))
  await using api = await testApi({ aliyun: { keys, nonces: new NonceBook(database.db), templates: new TtsTemplates(database.db), sounds: memorySounds } })
  const page = await api.app.inject({ method: 'GET', url: '/' })
  assert.deepEqual([page.statusCode, page.headers['content-type']], [200, 'text/plain; charset=utf-8'])
  const unsigned = await api.app.inject({ method: 'GET', url: '/?Action=CancelCall' })
  assert.deepEqual([unsigned.statusCode, unsigned.headers['content-type']], [400, 'text/xml;charset=utf-8'])
  assert.match(unsigned.body, /<Code>MissingVersion<\/Code>/)
  const json = await api.app.inject({ method: 'POST', url: '/?Format=JSON', headers: { 'content-type': 'application/json' }, payload: '{"Action":"CancelCall"}' })
  assert.equal(json.json<{ Code: string }>().Code, 'MissingAction')
  const huge = await api.app.inject({ method: 'POST', url: '/', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: `a=${'x'.repeat(apiLimits.rpcBodyBytesMax)}` })
  assert.deepEqual([huge.statusCode, huge.json<{ Code: string }>().Code], [413, 'InvalidParameter'])
  assert.equal((await api.app.inject({ method: 'DELETE', url: '/?Format=JSON' })).json<{ Code: string }>().Code, 'UnsupportedHTTPMethod')
})
