import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { closeAccount, createAccount } from './accounts.ts'
import { apiKeyDefaults, ApiKeys, newApiKey } from './api-keys.ts'

test('a key is sk_ and 43 letters or digits that hold all 256 random bits', () => {
  assert.match(newApiKey(), /^sk_[0-9A-Za-z]{43}$/)
  assert.equal(newApiKey(Buffer.alloc(32, 0)), `sk_${'0'.repeat(43)}`)
  assert.equal(newApiKey(Buffer.alloc(32, 255)).length, 46)
  assert.notEqual(newApiKey(Buffer.alloc(32, 255)), newApiKey(Buffer.concat([Buffer.alloc(31, 255), Buffer.alloc(1, 254)])))
})

test('a key opens its account and only its digest is stored', async () => {
  await using t = await testDatabase()
  const account = await createAccount(t.db, { name: 'a' })
  const keys = new ApiKeys(t.db)
  const { key, prefix } = await keys.create(account.id, 'laptop')
  assert.deepEqual(await keys.authenticate(key), { accountId: account.id, admin: false })
  assert(key.startsWith(prefix))
  const { rows } = await t.db.pool.query<{ row: string }>('select k::text as row from api_keys k')
  assert(!rows[0]!.row.includes(key.slice(prefix.length)))
})

test('malformed and unknown keys open nothing', async () => {
  await using t = await testDatabase()
  const keys = new ApiKeys(t.db)
  for (const key of ['', 'sk_', 'sk_short', newApiKey(), `${newApiKey()}x`, `${newApiKey().slice(0, -1)}'`, 'x'.repeat(100_000)]) {
    assert.equal(await keys.authenticate(key), undefined)
  }
})

test('a revoked key opens nothing, at once here and soon in other processes', async () => {
  await using t = await testDatabase()
  let now = 1_000_000
  const account = await createAccount(t.db, { name: 'a' })
  const here = new ApiKeys(t.db, () => now)
  const elsewhere = new ApiKeys(t.db, () => now)
  const { key, id } = await here.create(account.id)
  assert(await here.authenticate(key))
  assert(await elsewhere.authenticate(key))
  await here.revoke(account.id, id)
  assert.equal(await here.authenticate(key), undefined)
  now += apiKeyDefaults.cacheMs
  assert.equal(await elsewhere.authenticate(key), undefined)
  assert(((await here.list(account.id))[0]?.revokedAt?.getTime() ?? 0) > 0)
})

test('the keys of a closed account open nothing', async () => {
  await using t = await testDatabase()
  let now = 1_000_000
  const account = await createAccount(t.db, { name: 'a' })
  const keys = new ApiKeys(t.db, () => now)
  const { key } = await keys.create(account.id)
  assert(await keys.authenticate(key))
  await closeAccount(t.db.sql, account.id, new Date())
  now += apiKeyDefaults.cacheMs
  assert.equal(await keys.authenticate(key), undefined)
})

test('a known key is not looked up again until its time in the cache is over', async () => {
  await using t = await testDatabase()
  let now = 1_000_000
  const account = await createAccount(t.db, { name: 'a' })
  const keys = new ApiKeys(t.db, () => now)
  const { key } = await keys.create(account.id)
  await keys.authenticate(key)
  await t.db.pool.query('update api_keys set revoked_at = now()')
  now += apiKeyDefaults.cacheMs - 1
  assert.deepEqual(await keys.authenticate(key), { accountId: account.id, admin: false })
  now += 1
  assert.equal(await keys.authenticate(key), undefined)
})

test('when a key was last used is noted to the minute', async () => {
  await using t = await testDatabase()
  let now = Date.UTC(2026, 0, 1)
  const account = await createAccount(t.db, { name: 'a' })
  const keys = new ApiKeys(t.db, () => now)
  const { key } = await keys.create(account.id)
  const lastUsedMs = async (): Promise<number | undefined> => (await keys.list(account.id))[0]?.lastUsedAt?.getTime()
  assert.equal(await lastUsedMs(), undefined)
  await keys.authenticate(key)
  assert.equal(await lastUsedMs(), now)
  const first = now
  now += apiKeyDefaults.lastUsedMs - 1
  await keys.authenticate(key)
  assert.equal(await lastUsedMs(), first)
  now += apiKeyDefaults.cacheMs
  await keys.authenticate(key)
  assert.equal(await lastUsedMs(), now)
})

test('keys are listed for their own account, newest first, and only it can revoke them', async () => {
  await using t = await testDatabase()
  const mine = await createAccount(t.db, { name: 'mine' })
  const other = await createAccount(t.db, { name: 'other' })
  const keys = new ApiKeys(t.db)
  const { id } = await keys.create(mine.id, 'first')
  await keys.create(mine.id, 'second')
  await keys.create(other.id, 'third')
  assert.deepEqual((await keys.list(mine.id)).map(({ label }) => label), ['second', 'first'])
  await assert.rejects(keys.revoke(other.id, id), NotFoundError)
  await keys.revoke(mine.id, id)
  await keys.revoke(mine.id, id)
})

test('a key needs an account that exists and a label of sensible length', async () => {
  await using t = await testDatabase()
  const keys = new ApiKeys(t.db)
  await assert.rejects(keys.create('acc_nobody'), NotFoundError)
  await assert.rejects(keys.create('acc_nobody', 'x'.repeat(101)), InvalidInputError)
})

test('an admin’s key is told apart, and an ordinary one can be made one', async () => {
  await using test = await testDatabase()
  const account = await createAccount(test.db, { name: 'a' })
  const keys = new ApiKeys(test.db)
  const { key: admin } = await keys.create(account.id, 'admin', { admin: true })
  const { key: plain } = await keys.create(account.id, 'plain')
  assert.deepEqual([(await keys.authenticate(admin))?.admin, (await keys.authenticate(plain))?.admin], [true, false])
  await keys.makeAdmin(plain)
  assert.equal((await keys.authenticate(plain))?.admin, true)
  assert.deepEqual((await keys.list(account.id)).map(({ label, admin: is }) => [label, is]), [['plain', true], ['admin', true]])
  await assert.rejects(keys.makeAdmin(newApiKey()), NotFoundError)
})
