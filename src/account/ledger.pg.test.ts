import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '../db/connection.ts'
import { entriesOfCalls, latestEntries } from '../db/ledger.ts'
import { testDatabase } from '../db/testing.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { createAccount } from './accounts.ts'
import { balanceOf, credit, decideSettlement, extend, hold, holdAll, release, settle, verifyLedger } from './ledger.ts'

const clean = { wallets: [], stranded: [] }

async function accountWith(db: Database, creditLi: number): Promise<string> {
  return (await createAccount(db, { name: 'test', creditLi })).id
}

function isNoBalance(error: unknown): boolean {
  return error instanceof RefusedError && error.code === 'no-balance' && /请充值/.test(error.message)
}

test('a call is held, extended and settled, and the rest comes back', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 10_000)
  await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 150 }))
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 10_000, heldLi: 150 })
  await t.db.transaction((tx) => extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 300 }))
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 10_000, heldLi: 450 })
  assert.deepEqual(await t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 300 })), { chargedLi: 300, shortLi: 0 })
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 9_700, heldLi: 0 })
  assert.deepEqual(await verifyLedger(t.db.sql), clean)
})

test('an unanswered call costs nothing', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 150 }))
  await t.db.transaction((tx) => release(tx, { accountId, callId: 'c1' }))
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 1_000, heldLi: 0 })
  assert.deepEqual(await verifyLedger(t.db.sql), clean)
})

test('every operation takes effect once, however often it is asked', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  for (let times = 0; times < 3; times += 1) {
    await t.db.transaction((tx) => credit(tx, { accountId, amountLi: 500, reference: 'top-up 1' }))
    await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 150 }))
    await t.db.transaction((tx) => extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 150 }))
  }
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 1_500, heldLi: 300 })
  for (let times = 0; times < 3; times += 1) {
    assert.deepEqual(await t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 200 })), { chargedLi: 200, shortLi: 0 })
    await t.db.transaction((tx) => release(tx, { accountId, callId: 'c1' }))
    await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 150 }))
    await t.db.transaction((tx) => extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 150 }))
  }
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 1_300, heldLi: 0 })
  assert.deepEqual((await entriesOfCalls(t.db.sql, ['c1'])).map(({ kind }) => kind), ['hold', 'extend', 'settle'])
})

test('the same operation asked by many at once takes effect once', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  const many = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 20 }, work))
  await many(() => t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 150 })))
  assert.equal((await balanceOf(t.db.sql, accountId)).heldLi, 150)
  const charges = await many(() => t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 100 })))
  assert(charges.every(({ chargedLi }) => chargedLi === 100))
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 900, heldLi: 0 })
})

test('of 200 holds at once on a small balance, exactly the affordable number succeed', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  const results = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => t.db.transaction((tx) => hold(tx, { accountId, callId: `c${index}`, amountLi: 150 }))))
  const refused = results.filter((result) => result.status === 'rejected')
  assert.equal(results.length - refused.length, 6)
  assert(refused.every(({ reason }) => isNoBalance(reason)))
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 1_000, heldLi: 900 })
  assert.deepEqual(await verifyLedger(t.db.sql), clean)
})

test('a batch of calls is held for all of them or none', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 500)
  await assert.rejects(t.db.transaction((tx) => holdAll(tx, { accountId, callIds: ['a', 'b', 'c', 'd'], amountLi: 150 })), isNoBalance)
  assert.equal((await balanceOf(t.db.sql, accountId)).heldLi, 0)
  await t.db.transaction((tx) => holdAll(tx, { accountId, callIds: ['a', 'b', 'a'], amountLi: 150 }))
  assert.equal((await balanceOf(t.db.sql, accountId)).heldLi, 300)
  await t.db.transaction((tx) => holdAll(tx, { accountId, callIds: ['a', 'b', 'c'], amountLi: 150 }))
  assert.equal((await balanceOf(t.db.sql, accountId)).heldLi, 450)
})

test('a refusal leaves the transaction usable', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 400)
  await t.db.transaction(async (tx) => {
    await hold(tx, { accountId, callId: 'c1', amountLi: 300 })
    await assert.rejects(extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 300 }), isNoBalance)
    await extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 100 })
  })
  assert.equal((await balanceOf(t.db.sql, accountId)).heldLi, 400)
})

test('money moves with the rest of the transaction or not at all', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 400)
  await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 300 }))
  await assert.rejects(
    t.db.transaction(async (tx) => {
      await settle(tx, { accountId, callId: 'c1', costLi: 300 })
      throw new Error('the record could not be written')
    }),
    /record/,
  )
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 400, heldLi: 300 })
})

test('a settlement never fails for want of money and never touches the holds of other calls', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 500)
  await t.db.transaction((tx) => holdAll(tx, { accountId, callIds: ['c1', 'c2'], amountLi: 200 }))
  assert.deepEqual(await t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 900 })), { chargedLi: 300, shortLi: 600 })
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 200, heldLi: 200 })
  assert.deepEqual(await t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 900 })), { chargedLi: 300, shortLi: 600 })
})

test('what a settlement can charge is its own hold and what is free', () => {
  const held = [{ kind: 'hold', callId: 'c', step: 0, reference: null, balanceDeltaLi: 0, heldDeltaLi: 200 } as const]
  assert.deepEqual(decideSettlement({ balanceLi: 1_000, heldLi: 200 }, held, 150), { chargedLi: 150, heldLi: 200 })
  assert.deepEqual(decideSettlement({ balanceLi: 1_000, heldLi: 200 }, held, 250), { chargedLi: 250, heldLi: 200 })
  assert.deepEqual(decideSettlement({ balanceLi: 1_000, heldLi: 950 }, held, 400), { chargedLi: 250, heldLi: 200 })
  assert.deepEqual(decideSettlement({ balanceLi: 1_000, heldLi: 1_000 }, [], 400), { chargedLi: 0, heldLi: 0 })
})

test('a call is neither held or extended after it is over, nor extended without a hold, nor paid by another account', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  const other = await accountWith(t.db, 1_000)
  await t.db.transaction((tx) => hold(tx, { accountId, callId: 'c1', amountLi: 100 }))
  await assert.rejects(t.db.transaction((tx) => settle(tx, { accountId: other, callId: 'c1', costLi: 100 })), /own account/)
  await t.db.transaction((tx) => settle(tx, { accountId, callId: 'c1', costLi: 100 }))
  await assert.rejects(t.db.transaction((tx) => extend(tx, { accountId, callId: 'c1', step: 1, amountLi: 100 })), /open hold/)
  await assert.rejects(t.db.transaction((tx) => extend(tx, { accountId, callId: 'c2', step: 1, amountLi: 100 })), /open hold/)
  await t.db.transaction((tx) => settle(tx, { accountId, callId: 'never held', costLi: 10 }))
  await assert.rejects(t.db.transaction((tx) => hold(tx, { accountId, callId: 'never held', amountLi: 100 })), /is over/)
})

test('a credit with the reference of another amount is refused, and amounts are whole 厘', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 0)
  await t.db.transaction((tx) => credit(tx, { accountId, amountLi: 500, reference: 'r' }))
  await assert.rejects(t.db.transaction((tx) => credit(tx, { accountId, amountLi: 501, reference: 'r' })), { code: 'idempotency-conflict' })
  await assert.rejects(t.db.transaction((tx) => credit(tx, { accountId, amountLi: 0.5, reference: 's' })), /whole 厘/)
  await assert.rejects(t.db.transaction((tx) => hold(tx, { accountId, callId: 'c', amountLi: -1 })), /not negative/)
  assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: 500, heldLi: 0 })
})

test('an account that does not exist has no money', async () => {
  await using t = await testDatabase()
  await assert.rejects(balanceOf(t.db.sql, 'acc_nobody'), NotFoundError)
  await assert.rejects(t.db.transaction((tx) => hold(tx, { accountId: 'acc_nobody', callId: 'c', amountLi: 0 })), NotFoundError)
})

test('the database itself refuses an uncovered hold and a changed entry', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 100)
  await assert.rejects(t.db.pool.query('update wallets set held_li = 101 where account_id = $1', [accountId]), /check constraint/)
  await assert.rejects(t.db.pool.query('update ledger_entries set balance_delta_li = 1'), /append-only/)
  await assert.rejects(t.db.pool.query('delete from ledger_entries'), /append-only/)
  await assert.rejects(t.db.pool.query('truncate ledger_entries'), /append-only/)
})

test('verification names a wallet that is not the sum of its entries and a hold that nobody will give back', async () => {
  await using t = await testDatabase()
  const accountId = await accountWith(t.db, 1_000)
  await t.db.transaction((tx) => holdAll(tx, { accountId, callIds: ['running', 'gone'], amountLi: 100 }))
  await t.db.pool.query(
    `insert into calls (id, account_id, source, phone, phone_as_given, user_requirement, robot, line, expires_at, price_li_per_min, initial_block_sec, increment_sec,
                        status, ended_at, outcome, end_reason, talk_ms, cost_li)
     select id, $1, 'stepone', '+8613800138000', '13800138000', '', '{}', 'l', now(), 0, 60, 60, status, ended_at, outcome, reason, talk_ms, cost
     from (values ('running', 'talking', null::timestamptz, null, null::jsonb, null::integer, null::bigint), ('gone', 'ended', now(), 'busy', '{}', 0, 0))
          as v (id, status, ended_at, outcome, reason, talk_ms, cost)`,
    [accountId],
  )
  await t.db.pool.query('update wallets set balance_li = balance_li + 7')
  assert.deepEqual(await verifyLedger(t.db.sql), {
    wallets: [{ accountId, balanceLi: 1_007, ledgerBalanceLi: 1_000, heldLi: 200, ledgerHeldLi: 200 }],
    stranded: [{ accountId, callId: 'gone', heldLi: 100 }],
  })
})

/** A fixed sequence for a seed: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test('after any mix of operations, repeated and at once, the ledger adds up and no wallet is overdrawn', async () => {
  await using t = await testDatabase()
  for (const seed of [1, 2, 3]) {
    const random = randomFrom(seed)
    const pick = (below: number): number => Math.floor(random() * below)
    const accounts = await Promise.all([accountWith(t.db, 2_000), accountWith(t.db, 300)])
    const operations = Array.from({ length: 300 }, () => {
      const number = pick(30)
      const accountId = accounts[number % 2]!
      const callId = `s${seed}c${number}`
      const amountLi = pick(200)
      const step = 1 + pick(3)
      return [
        () => t.db.transaction((tx) => hold(tx, { accountId, callId, amountLi })),
        () => t.db.transaction((tx) => hold(tx, { accountId, callId, amountLi })),
        () => t.db.transaction((tx) => extend(tx, { accountId, callId, step, amountLi })),
        () => t.db.transaction((tx) => settle(tx, { accountId, callId, costLi: amountLi })),
        () => t.db.transaction((tx) => release(tx, { accountId, callId })),
        () => t.db.transaction((tx) => credit(tx, { accountId, amountLi, reference: `${amountLi}` })),
      ][pick(6)]!
    })
    for (let from = 0; from < operations.length; from += 20) {
      const results = await Promise.allSettled(operations.slice(from, from + 20).map((operation) => operation()))
      for (const result of results) {
        if (result.status === 'rejected') assert(isNoBalance(result.reason) || /open hold|is over/.test(String(result.reason)), String(result.reason))
      }
      assert.deepEqual(await verifyLedger(t.db.sql), clean, `seed ${seed} after ${from + 20}`)
    }
    for (const accountId of accounts) {
      // Going through the entries one by one, no moment was overdrawn.
      let [balance, held] = [0, 0]
      for (const entry of (await latestEntries(t.db.sql, accountId, 1_000)).reverse()) {
        balance += entry.balanceDeltaLi
        held += entry.heldDeltaLi
        assert(held >= 0 && balance - held >= 0, `seed ${seed}`)
      }
      assert.deepEqual(await balanceOf(t.db.sql, accountId), { balanceLi: balance, heldLi: held })
    }
  }
})
