// Counters of tasks equal their rows whoever writes those: by statements of any shape, in any order, copied in, or deleted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { createAccount } from '../../account/accounts.ts'
import { testDatabase } from '../../db/testing.ts'
import { counterDifferences } from '../../db/tasks.ts'

void test('counters follow inserts, updates and deletes of many tasks in one statement', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { id: accountId } = await createAccount(db, { name: 'counters' })
  await sql`insert into tasks (account_id, name, script_id, script_version, source, plan) select ${accountId}, 't', 's', 1, 'api', '{}' from generate_series(1, 3)`.execute(db.sql)
  const ids = (await sql<{ id: number }>`select id from tasks order by id`.execute(db.sql)).rows.map(({ id }) => id)
  assert.equal(String(ids[0]).length, 10)
  await sql`
    insert into task_numbers (task_id, phone, phone_as_given, vars) select t, '+86138' || t || n, 'x', '{}'
    from unnest(${ids}::bigint[]) as t, generate_series(1, 50) as n`.execute(db.sql)
  const states = ['waiting', 'calling', 'done', 'refused', 'taken-back']
  // A fixed sequence of pseudo-random statements over rows of all tasks.
  for (let step = 1; step <= 40; step += 1) {
    const state = states[(step * 7) % 5]!
    await sql`
      update task_numbers set state = ${state}, waiting_for = ${step % 3 === 0 ? 'retry' : step % 3 === 1 ? 'frequency' : null}, answered = ${step % 4 === 0},
        attempts = attempts + ${step % 2}, talk_ms = ${step * 100}, cost_li = cost_li + ${step % 5}
      where (seq * ${step} + ${step}) % 11 < 4`.execute(db.sql)
    if (step % 10 === 0) await sql`delete from task_numbers where (seq + ${step}) % 13 = 0`.execute(db.sql)
    assert.deepEqual(await counterDifferences(db.sql), [])
  }
  // The check itself sees a wrong counter.
  await sql`update tasks set waiting = waiting + 1 where id = ${ids[1]}`.execute(db.sql)
  assert.deepEqual((await counterDifferences(db.sql)).map(({ id }) => id), [ids[1]])
})

void test('a write that is rolled back moves no counter', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { id: accountId } = await createAccount(db, { name: 'counters' })
  await sql`insert into tasks (account_id, name, script_id, script_version, source, plan) values (${accountId}, 't', 's', 1, 'api', '{}')`.execute(db.sql)
  await assert.rejects(db.transaction(async (tx) => {
    await sql`insert into task_numbers (task_id, phone, phone_as_given, vars) select id, '+8613800138000', 'x', '{}' from tasks`.execute(tx)
    throw new Error('no')
  }))
  assert.equal((await sql<{ total: number }>`select total from tasks`.execute(db.sql)).rows[0]!.total, 0)
})
