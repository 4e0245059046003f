import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { stopTestServer, testDatabase, type TestDatabase } from './testing.ts'

async function namesOf(t: TestDatabase): Promise<string[]> {
  const { rows } = await t.db.pool.query<{ datname: string }>('select datname from pg_database')
  return rows.map(({ datname }) => datname)
}

test('two test databases know nothing of each other and are gone after use', async () => {
  await using first = await testDatabase()
  let name: string
  {
    await using second = await testDatabase()
    name = second.config.database
    await second.db.sql.insertInto('accounts').values({ id: 'acc_1', name: 'x' }).execute()
    assert.deepEqual(await first.db.sql.selectFrom('accounts').select('id').execute(), [])
    assert((await namesOf(first)).includes(name))
  }
  assert(!(await namesOf(first)).includes(name))
})

test('test databases are made at once by several tests', async () => {
  const made = await Promise.all(Array.from({ length: 4 }, () => testDatabase()))
  assert.equal(new Set(made.map(({ config }) => config.database)).size, 4)
  await Promise.all(made.map((each) => each[Symbol.asyncDispose]()))
})

test('stopping leaves the server to others who test with it, and removes what killed tests left', async () => {
  await using t = await testDatabase()
  const left = 't_999999999_left'
  const client = new Client({ ...t.config, database: 'waihu' })
  await client.connect()
  await client.query(`drop database if exists ${left}`)
  await client.query(`create database ${left}`)
  await client.end()
  await stopTestServer()
  const names = await namesOf(t)
  assert(names.includes(t.config.database))
  assert(!names.includes(left))
})
