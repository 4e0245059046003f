// Numbers of accounts over HTTP, on a real database: an admin gives and takes them, an account sees its own, and clients are told the published code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessKeys } from '../account/access-keys.ts'
import { AccountNumbers } from '../account/account-numbers.ts'
import { createAccount } from '../account/accounts.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { dialerWorld } from '../dialer/testing.ts'
import { SecretBox } from '../secret-box.ts'
import { memorySounds, signedV1 } from './aliyun/testing.ts'
import { memoryAccounts, testApi } from './testing.ts'

test('an admin gives an account its numbers; others\' are refused to clients by the published code', async () => {
  await using dialer = await dialerWorld({ started: false })
  const { db, accountId: one } = dialer
  const two = (await createAccount(db, { name: 'two' })).id
  const ids = new Map([['sk_one', { accountId: one, admin: false }], ['sk_two', { accountId: two, admin: false }], ['sk_admin', { accountId: two, admin: true }]])
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  const key = await keys.create(one)
  const templates = new TtsTemplates(db)
  await templates.put(one, { code: 'TTS_1', text: '您好。' })
  await using api = await testApi({
    calls: dialer.service,
    accounts: { ...memoryAccounts(), authenticate: async (given) => Promise.resolve(ids.get(given)) },
    numbers: new AccountNumbers(db),
    aliyun: { keys, nonces: new NonceBook(db), templates, sounds: memorySounds },
  })
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', url: string, as = 'sk_admin') => {
    const answer = await api.app.inject({ method, url: `/api/v1/${url}`, headers: { 'x-api-key': as } })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  const call = async (CalledShowNumber: string) => {
    const { url, headers, body } = signedV1({ action: 'SingleCallByTts', params: { CalledNumber: '13800138000', CalledShowNumber, TtsCode: 'TTS_1' }, key, nowMs: api.clock.nowMs() })
    return (await api.app.inject({ method: 'POST', url, headers: headers as Record<string, string>, payload: body })).json<{ Code: string }>().Code
  }
  assert.deepEqual((await ask('GET', 'account/numbers', 'sk_one')).body, { success: true, numbers: [] })
  assert.equal(await call('05710000000'), 'OK')
  assert.deepEqual((await ask('PUT', `accounts/${two}/numbers/0571-0000000`)).body, { success: true, number: '05710000000' })
  assert.equal(await call('05710000000'), 'isv.BILLID_NOT_EXIST')
  assert.equal(await call('0571 0000000'), 'isv.BILLID_NOT_EXIST')
  assert.equal(await call('my number'), 'isv.DISPLAY_NUMBER_ILLEGAL')
  assert.equal(await call('05712222222'), 'OK')
  assert.equal((await ask('PUT', `accounts/${one}/numbers/05711111111`)).status, 200)
  assert.equal(await call('05711111111'), 'OK')
  assert.equal(await call('05712222222'), 'isv.BILLID_NOT_EXIST')
  assert.deepEqual((await ask('GET', 'account/numbers', 'sk_one')).body['numbers'], ['05711111111'])
  assert.deepEqual((await ask('GET', `accounts/${two}/numbers`)).body['numbers'], ['05710000000'])

  for (const [method, url] of [['GET', `accounts/${one}/numbers`], ['PUT', `accounts/${one}/numbers/05713333333`], ['DELETE', `accounts/${one}/numbers/05711111111`]] as const) assert.equal((await ask(method, url, 'sk_one')).status, 403, method)
  assert.equal((await ask('GET', 'account/numbers', 'sk_none')).status, 401)
  assert.equal((await ask('PUT', `accounts/${one}/numbers/hello`)).status, 400)
  assert.equal((await ask('PUT', 'accounts/acc_nobody/numbers/05713333333')).status, 404)
  assert.equal((await ask('DELETE', `accounts/${one}/numbers/05713333333`)).status, 404)
  assert.equal((await ask('DELETE', `accounts/${one}/numbers/05711111111`)).status, 200)
  assert.equal(await call('05712222222'), 'OK')
})
