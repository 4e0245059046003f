import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { createAccount } from './accounts.ts'
import { CallbackServers, type CallbackServerSettings } from './callback-servers.ts'

const rules = { privateAllowed: false, phoneOf: (text: string) => (/^\+?86571\d{8}$/.test(text) ? `+${text.replace('+', '')}` : undefined) }
const settings: CallbackServerSettings = {
  url: 'https://example.com/call/ai?tenant=7', parameters: 'form', timeoutMs: 5_000, retriesMax: 0, waiting: '请您稍等。', fallback: '请您再说一遍。', closing: '再见。', saysSynthetic: false, callCentres: { 客服: '+8657112345678' },
}

test('an account has one callback server, its own, replaced and removed', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const servers = new CallbackServers(db, rules)
  assert.equal(await servers.find(one.id), undefined)
  assert.deepEqual(await servers.put(one.id, { ...settings, callCentres: { 客服: '8657112345678' } }), settings)
  assert.deepEqual(await servers.find(one.id), settings)
  assert.equal(await servers.find(two.id), undefined)
  const other: CallbackServerSettings = { ...settings, parameters: 'query', timeoutMs: 800, retriesMax: 2, fallback: '', saysSynthetic: true, callCentres: {} }
  await servers.put(one.id, other)
  assert.deepEqual(await servers.find(one.id), other)
  await assert.rejects(servers.put('acc_none', settings), NotFoundError)
  await assert.rejects(servers.remove(two.id), NotFoundError)
  await servers.remove(one.id)
  assert.equal(await servers.find(one.id), undefined)
})

test('each setting that cannot be is named', async () => {
  await using database = await testDatabase()
  const { id } = await createAccount(database.db, { name: 'one' })
  const servers = new CallbackServers(database.db, rules)
  const table: [Partial<CallbackServerSettings>, string][] = [
    [{ url: 'http://127.0.0.1:9000/' }, 'callback_url'],
    [{ url: 'ftp://example.com/' }, 'callback_url'],
    [{ timeoutMs: 499 }, 'timeout'],
    [{ timeoutMs: 20_001 }, 'timeout'],
    [{ timeoutMs: Number.NaN }, 'timeout'],
    [{ retriesMax: 6 }, 'retries'],
    [{ retriesMax: 0.5 }, 'retries'],
    [{ waiting: '长'.repeat(201) }, 'waiting'],
    [{ closing: 'a\nb' }, 'closing'],
    [{ callCentres: { 'a b': '+8657112345678' } }, 'call-centre'],
    [{ callCentres: { a: '0571' } }, 'call-centre'],
  ]
  for (const [more, field] of table) await assert.rejects(servers.put(id, { ...settings, ...more }), (error) => error instanceof InvalidInputError && error.field === field, field)
  assert.equal(await servers.find(id), undefined)
})
