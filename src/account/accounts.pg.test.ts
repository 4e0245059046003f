import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { AccountDesk } from './account-desk.ts'
import { createAccount, getAccount, listAccounts, priceOf, setWebhook, updateSettings } from './accounts.ts'
import { ApiKeys } from './api-keys.ts'
import { balanceOf, verifyLedger } from './ledger.ts'

const open = { privateAllowed: false }

test('a new account starts with 10.00 RMB, booked as a credit', async () => {
  await using t = await testDatabase()
  const account = await createAccount(t.db, { name: ' 某某公司 ', organisation: '某某公司' })
  assert.match(account.id, /^acc_[0-9A-Za-z]+$/)
  assert.equal(account.name, '某某公司')
  assert.deepEqual(await balanceOf(t.db.sql, account.id), { balanceLi: 10_000, heldLi: 0 })
  const { rows } = await t.db.pool.query('select kind, reference, balance_delta_li from ledger_entries')
  assert.deepEqual(rows, [{ kind: 'credit', reference: 'welcome', balance_delta_li: 10_000 }])
  assert.deepEqual(await verifyLedger(t.db.sql), { wallets: [], stranded: [] })
  assert.deepEqual((await listAccounts(t.db.sql, 10)).map(({ id }) => id), [account.id])
})

test('an account may start without credit', async () => {
  await using t = await testDatabase()
  const account = await createAccount(t.db, { name: 'a', creditLi: 0 })
  assert.deepEqual(await balanceOf(t.db.sql, account.id), { balanceLi: 0, heldLi: 0 })
})

test('settings that are named change, others stay', async () => {
  await using t = await testDatabase()
  const { id } = await createAccount(t.db, { name: 'a', organisation: '甲' })
  await updateSettings(t.db.sql, id, { price: { priceLiPerMin: 100, initialBlockSec: 6, incrementSec: 6 } })
  assert.equal((await getAccount(t.db.sql, id)).organisation, '甲')
  const changed = await updateSettings(t.db.sql, id, { organisation: undefined, name: 'b' })
  assert.deepEqual([changed.name, changed.organisation, changed.priceLiPerMin], ['b', undefined, 100])
  await assert.rejects(updateSettings(t.db.sql, 'acc_nobody', { name: 'x' }), NotFoundError)
  await assert.rejects(updateSettings(t.db.sql, 'acc_nobody', {}), NotFoundError)
})

test('an account without terms of its own pays the default price', () => {
  const defaults = { priceLiPerMin: 150, initialBlockSec: 60, incrementSec: 60 }
  assert.deepEqual(priceOf({ priceLiPerMin: undefined, initialBlockSec: undefined, incrementSec: undefined }, defaults), defaults)
  assert.deepEqual(priceOf({ priceLiPerMin: 0, initialBlockSec: 6, incrementSec: undefined }, defaults), { priceLiPerMin: 0, initialBlockSec: 6, incrementSec: 60 })
})

test('names and organisations that cannot be shown or spoken are refused', async () => {
  await using t = await testDatabase()
  for (const bad of [{ name: ' ' }, { name: 'x'.repeat(101) }, { name: 'a', organisation: '甲'.repeat(61) }, { name: 'a', organisation: '甲\n乙' }]) {
    await assert.rejects(createAccount(t.db, bad), InvalidInputError)
  }
  assert.equal((await listAccounts(t.db.sql, 10)).length, 0)
})

test('a new webhook address gets a new secret, the same address keeps it, and none removes both', async () => {
  await using t = await testDatabase()
  const { id } = await createAccount(t.db, { name: 'a' })
  const first = await setWebhook(t.db, id, 'https://example.com/calls', open)
  assert.match(first.secret ?? '', /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.deepEqual(await setWebhook(t.db, id, 'https://example.com/calls', open), { url: 'https://example.com/calls', secret: undefined })
  assert.equal((await getAccount(t.db.sql, id)).webhookSecret, first.secret)
  const second = await setWebhook(t.db, id, 'https://example.com/other', open)
  assert.notEqual(second.secret, first.secret)
  await setWebhook(t.db, id, undefined, open)
  const { webhookUrl, webhookSecret } = await getAccount(t.db.sql, id)
  assert.deepEqual([webhookUrl, webhookSecret], [undefined, undefined])
  await assert.rejects(setWebhook(t.db, 'acc_nobody', 'https://example.com', open), NotFoundError)
})

test('the desk answers what the HTTP faces ask', async () => {
  await using t = await testDatabase()
  const { id } = await createAccount(t.db, { name: 'a' })
  const keys = new ApiKeys(t.db)
  const desk = new AccountDesk(t.db, keys, open)
  const { key } = await keys.create(id)
  assert.deepEqual(await desk.authenticate(key), { accountId: id, admin: false })
  assert.deepEqual(await desk.balance(id), { balanceLi: 10_000, heldLi: 0 })
  assert.deepEqual(await desk.webhook(id), { url: undefined })
  await assert.rejects(desk.setWebhook(id, 'http://127.0.0.1/'), InvalidInputError)
  await desk.setWebhook(id, 'https://example.com/')
  assert.deepEqual(await desk.webhook(id), { url: 'https://example.com/' })
})
