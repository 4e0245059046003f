import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { openFolder } from './folder.ts'
import { readPidFile } from './postmaster.ts'
import { restartDelayMs, startEmbeddedPostgres, type EmbeddedPostgres } from './supervisor.ts'
import { dataFolder, ended, otherStarter, quiet } from './testing.ts'

async function query(server: EmbeddedPostgres, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(server.connectionConfig)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

const start = (dataDir: string, more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir, log: quiet, durable: false, ...more })

test('a first start makes a durable UTF-8 cluster that listens on a private socket only, and data outlives a stop', async () => {
  await using folder = await dataFolder()
  const first = await startEmbeddedPostgres({ dataDir: folder.path, log: quiet })
  const settings = await query(
    first,
    `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages,
            current_setting('listen_addresses') as addresses, current_setting('data_checksums') as checksums, current_setting('max_connections') as connections, current_database() as database`,
  )
  assert.deepEqual(settings, [{ encoding: 'UTF8', fsync: 'on', commit: 'on', pages: 'on', addresses: '', checksums: 'on', connections: '60', database: 'waihu' }])
  assert.equal((await stat(first.connectionConfig.host)).mode & 0o777, 0o700)
  assert.equal((await stat(join(folder.path, 'postgres'))).mode & 0o777, 0o700)
  await query(first, `create table kept (name text); insert into kept values ('张总')`)
  await first.stop()
  assert.equal(await readPidFile(await openFolder(folder.path)), undefined)
  await using second = await start(folder.path)
  assert.equal(second.adopted, false)
  assert.deepEqual(await query(second, 'select * from kept'), [{ name: '张总' }])
})

test('a server that is killed is restarted, says so, and keeps what it acknowledged', async () => {
  await using folder = await dataFolder()
  await using server = await start(folder.path, { durable: true })
  await query(server, 'create table kept as select 1 as one')
  const told: string[] = []
  server.onDown((why) => told.push(why))
  const up = new Promise<void>((resolve) => void server.onUp(resolve))
  const pidBefore = server.pid!
  process.kill(pidBefore, 'SIGKILL')
  await up
  assert.deepEqual(told, ['its process is gone'])
  assert.notEqual(server.pid, pidBefore)
  assert.deepEqual(await query(server, 'select * from kept'), [{ one: 1 }])
})

test('a killed session makes the server end all others and recover; it is told and not started twice', async () => {
  await using folder = await dataFolder()
  await using server = await start(folder.path)
  const told: string[] = []
  server.onDown((why) => told.push(why))
  const up = new Promise<void>((resolve) => void server.onUp(resolve))
  const pidBefore = server.pid
  const client = new Client(server.connectionConfig)
  client.on('error', () => {})
  await client.connect()
  process.kill((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid, 'SIGKILL')
  await up
  assert.deepEqual(told, ['it ended all its sessions'])
  assert.equal(server.pid, pidBefore)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('a server whose owner was killed runs on and is adopted by the next owner, who watches over it too', async () => {
  await using folder = await dataFolder()
  const { child, said } = otherStarter(folder.path)
  const before = await said
  assert('pid' in before)
  child.kill('SIGKILL')
  await ended(child)
  await using server = await start(folder.path)
  assert.equal(server.adopted, true)
  assert.equal(server.pid, before.pid)
  const up = new Promise<void>((resolve) => void server.onUp(resolve))
  process.kill(server.pid, 'SIGKILL')
  await up
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('when owner and server are both killed, the next start recovers', async () => {
  await using folder = await dataFolder()
  const { child, said } = otherStarter(folder.path)
  const before = await said
  assert('pid' in before)
  child.kill('SIGKILL')
  process.kill(before.pid, 'SIGKILL')
  await ended(child)
  await using server = await start(folder.path)
  assert.equal(server.adopted, false)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('a second server on the same folder is refused and told who owns it, until the owner stops', async () => {
  await using folder = await dataFolder()
  const owner = await start(folder.path)
  const { said } = otherStarter(folder.path)
  const refusal = await said
  assert('code' in refusal)
  assert.equal(refusal.code, 'data-in-use')
  assert.match(refusal.message, new RegExp(`process ${process.pid}\\b.*DATA_DIR`))
  await assert.rejects(start(folder.path), { code: 'data-in-use' })
  assert.deepEqual(await query(owner, 'select 1 as one'), [{ one: 1 }])
  await owner.stop()
  await using next = await start(folder.path)
  assert.deepEqual(await query(next, 'select 1 as one'), [{ one: 1 }])
})

test('of several owners starting at once on an empty folder, exactly one gets it', async () => {
  await using folder = await dataFolder()
  const starters = [1, 2, 3].map(() => otherStarter(folder.path))
  const said = await Promise.all(starters.map((starter) => starter.said))
  assert.equal(said.filter((each) => 'pid' in each).length, 1)
  assert.deepEqual(said.flatMap((each) => ('code' in each ? [each.code] : [])), ['data-in-use', 'data-in-use'])
  for (const { child } of starters) child.stdin!.end()
  await Promise.all(starters.map(({ child }) => ended(child)))
})

test('processes that share a server and start at once get the same one, and it outlives each of them', async () => {
  await using folder = await dataFolder()
  const starters = [1, 2, 3].map(() => otherStarter(folder.path, { shared: true }))
  const said = await Promise.all(starters.map((starter) => starter.said))
  const pids = said.map((each) => ('pid' in each ? each.pid : each.message))
  assert.deepEqual(pids, [pids[0], pids[0], pids[0]])
  assert.equal(said.filter((each) => 'pid' in each && !each.adopted).length, 1)
  for (const { child } of starters) child.kill('SIGKILL')
  await Promise.all(starters.map(({ child }) => ended(child)))
  await using server = await start(folder.path, { shared: true })
  assert.equal(server.pid, pids[0])
})

test('a folder of another major version is refused with both versions and advice, and stays untouched', async () => {
  await using folder = await dataFolder()
  const cluster = join(folder.path, 'postgres', 'cluster')
  await mkdir(cluster, { recursive: true })
  await writeFile(join(cluster, 'PG_VERSION'), '16\n')
  await assert.rejects(start(folder.path), { code: 'data-version', message: /PostgreSQL 16.*PostgreSQL 18.*DATABASE_URL/s })
  assert.deepEqual(await readdir(cluster), ['PG_VERSION'])
})

test('a folder that holds something else is refused and stays untouched', async () => {
  await using folder = await dataFolder()
  const cluster = join(folder.path, 'postgres', 'cluster')
  await mkdir(cluster, { recursive: true })
  await writeFile(join(cluster, 'letter.txt'), 'dear')
  await assert.rejects(start(folder.path), { code: 'data-folder', message: /not a PostgreSQL data directory/ })
  assert.deepEqual(await readdir(cluster), ['letter.txt'])
})

test('a file where the data folder should be is refused', async () => {
  await using folder = await dataFolder()
  await writeFile(join(folder.path, 'file'), '')
  await assert.rejects(start(join(folder.path, 'file')), { code: 'data-folder', message: /not a folder/ })
})

test('what a killed start left half-made is made again', async () => {
  await using folder = await dataFolder()
  const unfinished = join(folder.path, 'postgres', 'cluster.new-1234')
  await mkdir(unfinished, { recursive: true })
  await writeFile(join(unfinished, 'PG_VERSION'), '18\n')
  await using server = await start(folder.path)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('a stale process id that now belongs to another program does not stop a start', async () => {
  await using folder = await dataFolder()
  await (await start(folder.path)).stop()
  const pidFile = join(folder.path, 'postgres', 'cluster', 'postmaster.pid')
  const socket = join(folder.path, 'postgres', 'socket')
  await writeFile(pidFile, [process.pid, join(folder.path, 'postgres', 'cluster'), 1, 5432, socket, '', '  12345  1', 'ready   ', ''].join('\n'))
  await writeFile(join(socket, '.s.PGSQL.5432.lock'), `${process.pid}\n`)
  await using server = await start(folder.path)
  assert.equal(server.adopted, false)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('a server that is just stopping is waited for and then started anew', async () => {
  await using folder = await dataFolder()
  const before = await start(folder.path)
  const pid = before.pid!
  const client = new Client(before.connectionConfig)
  await client.connect()
  await before.leave()
  process.kill(pid, 'SIGTERM') // a smart shutdown: it waits for our session
  const folderOf = await openFolder(folder.path)
  while ((await readPidFile(folderOf))?.status !== 'stopping') await new Promise((resolve) => setImmediate(resolve))
  const starting = start(folder.path)
  await client.end()
  await using server = await starting
  assert.equal(server.adopted, false)
  assert.notEqual(server.pid, pid)
})

test('a data folder too deep for a socket path gets its socket in a private temporary folder', async () => {
  await using folder = await dataFolder()
  const deep = join(folder.path, 'a'.repeat(100))
  const server = await start(deep)
  const { host } = server.connectionConfig
  assert(!host.startsWith(folder.path))
  assert(`${host}/.s.PGSQL.5432`.length <= 103)
  assert.equal((await stat(host)).mode & 0o777, 0o700)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
  await server.stop()
  await assert.rejects(stat(host), { code: 'ENOENT' })
})

test('a data folder may have spaces, commas, quotes and Chinese in its name', async () => {
  await using folder = await dataFolder()
  await using server = await start(join(folder.path, '外呼, "a" \'b\' $c'))
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('text is compared by code point and folded beyond ASCII, on every operating system', async () => {
  await using folder = await dataFolder()
  await using server = await start(folder.path)
  assert.deepEqual(await query(server, `select 'Z' < 'a' as code_point, lower('É') as lower`), [{ code_point: true, lower: 'é' }])
})

test('values of failed statements do not reach the server log', async () => {
  await using folder = await dataFolder()
  await using server = await start(folder.path)
  await query(server, `create table callees (phone text primary key, seen integer); insert into callees values ('+8613800138000')`)
  await assert.rejects(query(server, `insert into callees values ('+8613800138000')`), /duplicate key/)
  await assert.rejects(query(server, `select 'x13800138000'::integer`), /invalid input syntax/)
  assert.doesNotMatch(await readFile(join(folder.path, 'postgres', 'postgres.log'), 'utf8'), /13800138000/)
})

test('an aborted start leaves nothing running, and a later abort stops the server', async () => {
  await using folder = await dataFolder()
  const early = new AbortController()
  const starting = start(folder.path, { signal: early.signal })
  early.abort()
  await assert.rejects(starting, { name: 'AbortError' })
  assert.equal(await readPidFile(await openFolder(folder.path)), undefined)
  const later = new AbortController()
  const server = await start(folder.path, { signal: later.signal })
  later.abort()
  await server.stop()
  assert.equal(await readPidFile(await openFolder(folder.path)), undefined)
})

test('an abort while the cluster is being made leaves nothing that could be taken for one', async () => {
  await using folder = await dataFolder()
  const controller = new AbortController()
  const starting = start(folder.path, { signal: controller.signal })
  const isBeingMade = async (): Promise<boolean> => (await readdir(join(folder.path, 'postgres')).catch(() => [])).some((name) => name.startsWith('cluster.new'))
  while (!(await isBeingMade())) await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await assert.rejects(starting, { name: 'AbortError' })
  assert.equal(await isBeingMade(), false)
  await using server = await start(folder.path)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('settings of PostgreSQL in our environment do not reach it', async () => {
  await using folder = await dataFolder()
  process.env['PGDATA'] = '/nowhere'
  process.env['PGPORT'] = '1'
  try {
    await using server = await start(folder.path)
    assert.deepEqual(await query(server, `select current_setting('port') as port`), [{ port: '5432' }])
  } finally {
    delete process.env['PGDATA']
    delete process.env['PGPORT']
  }
})

test('nothing of the supervisor keeps a process alive after it stopped or left', async () => {
  await using folder = await dataFolder()
  const { child, said } = otherStarter(folder.path)
  await said
  child.stdin!.end()
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0)
})

test('the pause before a restart doubles up to a ceiling', () => {
  assert.deepEqual([1, 2, 3, 8, 9, 1_000].map(restartDelayMs), [100, 200, 400, 10_000, 10_000, 10_000])
})
