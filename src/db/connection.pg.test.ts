import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { openDatabase, parseInt8, type Database } from './connection.ts'
import { startEmbeddedPostgres } from './postgres/supervisor.ts'
import { dataFolder } from './postgres/testing.ts'
import { testDatabase } from './testing.ts'

const log = pino({ level: 'silent' })

async function firstRow(db: Database, text: string): Promise<unknown> {
  return (await db.pool.query(text)).rows[0]
}

test('bigint is a number, a day is text, and a moment is a Date', async () => {
  await using t = await testDatabase()
  assert.deepEqual(await firstRow(t.db, `select 9007199254740991::bigint as big, count(*) as n, date '2026-02-28' as day, timestamptz '2026-01-01T00:00:00+08:00' as moment`), {
    big: Number.MAX_SAFE_INTEGER,
    n: 1,
    day: '2026-02-28',
    moment: new Date('2025-12-31T16:00:00Z'),
  })
})

test('a bigint that would be rounded is an error', async () => {
  await using t = await testDatabase()
  await assert.rejects(t.db.pool.query('select 9007199254740993::bigint'), RangeError)
  assert.deepEqual(await firstRow(t.db, 'select 1 as one'), { one: 1 })
  assert.throws(() => parseInt8('-9223372036854775808'), RangeError)
})

test('a transaction takes effect as a whole or not at all', async () => {
  await using t = await testDatabase()
  const insert = (id: string, fails: boolean): Promise<void> =>
    t.db.transaction(async (tx) => {
      await tx.insertInto('accounts').values({ id, name: id }).execute()
      if (fails) throw new Error('after the insert')
    })
  await insert('acc_1', false)
  await assert.rejects(insert('acc_2', true), /after the insert/)
  assert.deepEqual(await t.db.sql.selectFrom('accounts').select('id').execute(), [{ id: 'acc_1' }])
})

test('a statement, a lock and an idle transaction have limits', async () => {
  await using t = await testDatabase()
  const shown = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`
  assert.deepEqual(await firstRow(t.db, shown), { statement: '30s', lock: '10s', idle: '30s' })
  const session = await t.db.openSession()
  assert.deepEqual((await session.query(shown)).rows[0], { statement: '0', lock: '0', idle: '0' })
  await session.end()
})

test('retried work survives a killed server; idempotent work takes effect once', { timeout: 60_000 }, async () => {
  await using folder = await dataFolder()
  await using server = await startEmbeddedPostgres({ dataDir: folder.path, log })
  await using db = openDatabase({ config: server.connectionConfig, log, poolMax: 4 })
  await db.pool.query('create table done (id integer primary key)')
  const write = (id: number): Promise<unknown> => db.retry('write', () => db.pool.query('insert into done values ($1) on conflict do nothing', [id]), { withinMs: 30_000 })
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let index = 0; index < 50; index += 1) {
      await write(writer * 50 + index)
      if (writer === 0 && index === 10) process.kill(server.pid!, 'SIGKILL')
    }
  })
  await Promise.all(writers)
  assert.deepEqual(await firstRow(db, 'select count(*) as n from done'), { n: 200 })
})

test('a retry that cannot succeed ends within its limit with an error that says so', async () => {
  await using db = openDatabase({ config: { host: '/nowhere', port: 5432, user: 'waihu', database: 'waihu' }, log })
  await assert.rejects(db.retry('place a call', () => db.pool.query('select 1'), { withinMs: 50 }), { name: 'OverloadedError', message: /place a call.*try again/, code: 'overloaded' })
})

test('notifications arrive in order on their own channel until the listener leaves', async () => {
  await using t = await testDatabase()
  const heard: string[] = []
  const other: string[] = []
  const leave = await t.db.listen('calls', { onNotify: (payload) => heard.push(payload), onReconnect: () => {} })
  const leaveOther = await t.db.listen('calls', { onNotify: (payload) => other.push(payload), onReconnect: () => {} })
  for (const payload of ['1', '2', '3']) await t.db.pool.query(`select pg_notify('calls', $1)`, [payload])
  await t.db.pool.query(`select pg_notify('elsewhere', 'x')`)
  await until(() => heard.length === 3 && other.length === 3)
  assert.deepEqual(heard, ['1', '2', '3'])
  await leave()
  await t.db.pool.query(`select pg_notify('calls', '4')`)
  await until(() => other.length === 4)
  assert.equal(heard.length, 3)
  await leaveOther()
})

test('a listener that lost its connection listens again on every channel and says that it missed something', async () => {
  await using t = await testDatabase()
  const heard: string[] = []
  let reconnects = 0
  const subscription = { onNotify: (payload: string) => heard.push(payload), onReconnect: () => (reconnects += 1) }
  await t.db.listen('calls', subscription)
  await t.db.listen('settings', subscription)
  await t.db.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'waihu listener' and datname = current_database()`)
  await until(() => reconnects === 2)
  await t.db.pool.query(`select pg_notify('calls', 'a'), pg_notify('settings', 'b')`)
  await until(() => heard.length === 2)
  assert.deepEqual(heard, ['a', 'b'])
})

test('a listener outlives a killed server', { timeout: 60_000 }, async () => {
  await using folder = await dataFolder()
  await using server = await startEmbeddedPostgres({ dataDir: folder.path, log, durable: false })
  await using db = openDatabase({ config: server.connectionConfig, log })
  const heard: string[] = []
  const reconnected = new Promise<void>((resolve) => {
    void db.listen('calls', { onNotify: (payload) => heard.push(payload), onReconnect: resolve }).then(() => process.kill(server.pid!, 'SIGKILL'))
  })
  await reconnected
  await db.retry('notify', () => db.pool.query(`select pg_notify('calls', 'again')`))
  await until(() => heard.length === 1)
})

test('a channel whose name needs quoting is a broken assumption', async () => {
  await using t = await testDatabase()
  await assert.rejects(t.db.listen('calls; drop table calls', { onNotify: () => {}, onReconnect: () => {} }), /plain lower-case name/)
})

test('a closed database holds no connection, however it was used', async () => {
  await using t = await testDatabase()
  const count = `select count(*) as n from pg_stat_activity where datname = current_database() and application_name like 'waihu%' and pid <> pg_backend_pid()`
  for (const use of [
    (db: Database) => db.pool.query('select 1'),
    (db: Database) => db.sql.selectFrom('accounts').select('id').execute(),
    (db: Database) => db.listen('calls', { onNotify: () => {}, onReconnect: () => {} }),
    () => Promise.resolve(),
  ]) {
    const db = openDatabase({ config: t.config, log })
    await use(db)
    await db.close()
    await assert.rejects(db.pool.query('select 1'), /end on the pool/)
  }
  await until(async () => ((await firstRow(t.db, count)) as { n: number }).n === 0)
})

test('a server that accepts and then says nothing does not hold a query for ever', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  const db = openDatabase({ url: `postgres://waihu@127.0.0.1:${port}/waihu`, log, connectMsMax: 100 })
  await assert.rejects(db.pool.query('select 1'), /timeout/)
  await db.close()
  for (const socket of sockets) socket.destroy()
  silent.close()
})

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 20_000; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 2))) {
    assert(performance.now() < deadline, 'it happens in time')
  }
}
