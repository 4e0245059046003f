import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { SecretBox } from '../secret-box.ts'
import { AccessKeys } from './access-keys.ts'
import { closeAccount, createAccount } from './accounts.ts'
import { NonceBook, nonceDefaults } from './nonce-book.ts'

async function world() {
  const test = await testDatabase()
  const account = await createAccount(test.db, { name: 'test' })
  const clock = { nowMs: Date.parse('2026-11-20T12:00:00Z') }
  const box = new SecretBox(Buffer.alloc(32, 7))
  return { db: test.db, account, clock, box, keys: new AccessKeys(test.db, box, () => clock.nowMs), another: () => new AccessKeys(test.db, box, () => clock.nowMs), [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
}

test('a key opens its account with the secret that was shown once, and the database holds no secret', async () => {
  await using w = await world()
  const { id, secret } = await w.keys.create(w.account.id, 'crm')
  assert.match(id, /^WHAK[0-9A-Za-z]{20}$/)
  assert.match(secret, /^[0-9A-Za-z]{30}$/)
  const found = await w.another().find(id)
  assert.deepEqual([found?.accountId, found?.secret, found?.enabled], [w.account.id, secret, true])
  const { rows } = await w.db.pool.query<{ secret: Buffer }>('select secret from access_keys')
  assert.ok(!rows[0]!.secret.includes(Buffer.from(secret)))
  const [listed] = await w.keys.list(w.account.id)
  assert.deepEqual([listed?.id, listed?.label, listed?.lastUsedAt?.getTime()], [id, 'crm', w.clock.nowMs])
  assert.ok(!JSON.stringify(listed).includes(secret))
})

test('a disabled key is known as such, a removed one is not, in other processes after five seconds', async () => {
  await using w = await world()
  const { id } = await w.keys.create(w.account.id)
  const other = w.another()
  assert.equal((await other.find(id))?.enabled, true)
  await w.keys.change(w.account.id, id, { enabled: false })
  assert.equal((await w.keys.find(id))?.enabled, false)
  w.clock.nowMs += 5_001
  assert.equal((await other.find(id))?.enabled, false)
  await w.keys.change(w.account.id, id, { removed: true })
  w.clock.nowMs += 5_001
  assert.equal(await other.find(id), undefined)
  await assert.rejects(w.keys.change(w.account.id, id, { enabled: true }), NotFoundError)
})

test('nobody changes the key of another account, and the keys of a closed account open nothing', async () => {
  await using w = await world()
  const stranger = await createAccount(w.db, { name: 'other' })
  const { id } = await w.keys.create(w.account.id)
  await assert.rejects(w.keys.change(stranger.id, id, { removed: true }), NotFoundError)
  await assert.rejects(w.keys.temporary(stranger.id, id, 900), NotFoundError)
  await closeAccount(w.db.sql, w.account.id, new Date())
  assert.equal(await w.another().find(id), undefined)
  for (const odd of ['', 'x', `${id}x'`, '\u0000'.repeat(20), 'é'.repeat(20)]) assert.equal(await w.keys.find(odd), undefined)
  await assert.rejects(w.keys.create('acc_none'), NotFoundError)
  await assert.rejects(w.keys.create(w.account.id, 'x'.repeat(101)), InvalidInputError)
})

test('a temporary key works with its token until it ends, and ends with its parent', async () => {
  await using w = await world()
  const { id: parent } = await w.keys.create(w.account.id)
  const { id, secret, securityToken } = await w.keys.temporary(w.account.id, parent, 900)
  assert.ok(w.keys.isTemporary(id))
  assert.ok(!w.keys.isTemporary(parent))
  const found = await w.another().findTemporary(id, securityToken)
  assert.ok(typeof found === 'object')
  assert.deepEqual([found.accountId, found.secret, found.enabled], [w.account.id, secret, true])
  const second = await w.keys.temporary(w.account.id, parent, 900)
  assert.equal(await w.keys.findTemporary(second.id, securityToken), 'mismatch')
  for (const junk of ['', 'x', securityToken.slice(4), 'A'.repeat(5_000), Buffer.from(securityToken, 'base64').fill(0, 40).toString('base64')]) assert.equal(await w.keys.findTemporary(id, junk), 'malformed')
  await w.keys.change(w.account.id, parent, { enabled: false })
  const disabled = await w.keys.findTemporary(id, securityToken)
  assert.ok(typeof disabled === 'object' && !disabled.enabled)
  await w.keys.change(w.account.id, parent, { removed: true })
  assert.equal(await w.keys.findTemporary(id, securityToken), undefined)
  w.clock.nowMs += 900_000
  assert.equal(await w.keys.findTemporary(id, securityToken), 'expired')
  for (const seconds of [899, 43_201, Number.NaN]) await assert.rejects(w.keys.temporary(w.account.id, parent, seconds), InvalidInputError)
})

test('of many requests with one nonce exactly one has it, over two processes and within one batch', async () => {
  await using w = await world()
  const books = [new NonceBook(w.db), new NonceBook(w.db)]
  const tries = Array.from({ length: 40 }, (_, i) => books[i % 2]!.use('key', `nonce-${i % 4}`, randomUUID()))
  const won = await Promise.all(tries)
  assert.equal(won.filter(Boolean).length, 4)
  for (let nonce = 0; nonce < 4; nonce += 1) assert.equal(won.filter((one, i) => one && i % 4 === nonce).length, 1)
  assert.equal(await books[0]!.use('another key', 'nonce-0', randomUUID()), true)
  // A commit whose answer was lost is tried again with the same id, which still has its nonce.
  const requestId = randomUUID().toUpperCase()
  assert.deepEqual([await books[0]!.use('key', 'again', requestId), await books[1]!.use('key', 'again', requestId)], [true, true])
})

test('nonces are forgotten when no clock allows them any more, and not before', async () => {
  await using w = await world()
  const book = new NonceBook(w.db, () => w.clock.nowMs)
  assert.equal(await book.use('key', 'n', randomUUID()), true)
  w.clock.nowMs += nonceDefaults.keptMs
  await book.forget()
  assert.equal(await book.use('key', 'n', randomUUID()), false)
  w.clock.nowMs += 1
  await book.forget()
  assert.equal(await book.use('key', 'n', randomUUID()), true)
})
