import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { openDatabase, type Database } from './connection.ts'
import { migrate } from './migrations.ts'
import { emptyDatabase, testDatabase } from './testing.ts'

const log = pino({ level: 'silent' })

async function sqlFolder(): Promise<AsyncDisposable & { path: string; write(name: string, text: string): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'waihu-sql-'))
  return { path, write: (name, text) => writeFile(join(path, name), text), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function rowsOf(db: Database, text: string): Promise<unknown[]> {
  return (await db.pool.query(text)).rows
}

test('files are applied once each, in order, and later ones on top', async () => {
  await using t = await emptyDatabase()
  await using sql = await sqlFolder()
  await sql.write('0001-table.sql', 'create table steps (n integer); insert into steps values (1);')
  await sql.write('0002-row.sql', 'insert into steps values (2);')
  assert.deepEqual(await migrate(t.db, { log, folder: sql.path }), ['0001-table.sql', '0002-row.sql'])
  assert.deepEqual(await migrate(t.db, { log, folder: sql.path }), [])
  await sql.write('0003-row.sql', 'insert into steps values (3);')
  assert.deepEqual(await migrate(t.db, { log, folder: sql.path }), ['0003-row.sql'])
  assert.deepEqual(await rowsOf(t.db, 'select n from steps order by n'), [{ n: 1 }, { n: 2 }, { n: 3 }])
})

test('processes that start at once apply each file once', async () => {
  await using t = await emptyDatabase()
  await using sql = await sqlFolder()
  await sql.write('0001-table.sql', 'create table steps (n integer); select pg_sleep(0.1); insert into steps values (1);')
  const processes = Array.from({ length: 5 }, () => openDatabase({ config: t.config, log }))
  const done = await Promise.all(processes.map((db) => migrate(db, { log, folder: sql.path })))
  assert.deepEqual(done.flat(), ['0001-table.sql'])
  assert.deepEqual(await rowsOf(t.db, 'select n from steps'), [{ n: 1 }])
  await Promise.all(processes.map((db) => db.close()))
})

test('a file that fails leaves nothing behind, names itself, and can be corrected', async () => {
  await using t = await emptyDatabase()
  await using sql = await sqlFolder()
  await sql.write('0001-good.sql', 'create table good ();')
  await sql.write('0002-bad.sql', 'create table half (); create tabel bad ();')
  await assert.rejects(migrate(t.db, { log, folder: sql.path }), { code: 'migration-failed', message: /0002-bad\.sql.*syntax error/ })
  assert.deepEqual(await rowsOf(t.db, `select to_regclass('good') is not null as good, to_regclass('half') is null as clean`), [{ good: true, clean: true }])
  await sql.write('0002-bad.sql', 'create table half ();')
  assert.deepEqual(await migrate(t.db, { log, folder: sql.path }), ['0002-bad.sql'])
})

test('a file that was changed after it was applied is refused before anything is applied', async () => {
  await using t = await emptyDatabase()
  await using sql = await sqlFolder()
  await sql.write('0001-a.sql', 'create table a ();')
  await migrate(t.db, { log, folder: sql.path })
  await sql.write('0001-a.sql', 'create table a (id integer);')
  await sql.write('0002-b.sql', 'create table b ();')
  await assert.rejects(migrate(t.db, { log, folder: sql.path }), { code: 'migration-changed' })
  assert.deepEqual(await rowsOf(t.db, `select to_regclass('b') as b`), [{ b: null }])
})

test('a test database has all files of this release applied', async () => {
  await using t = await testDatabase()
  assert.deepEqual(await migrate(t.db, { log }), [])
})
