import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { testDatabase } from '../db/testing.ts'
import { trunksChannel } from '../db/trunks.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import { SecretBox } from '../secret-box.ts'
import { passwordMask, TrunkStore } from './trunk-store.ts'

const carrier = {
  name: 'telecom-sh',
  targets: ['192.0.2.10'],
  registration: { username: '+862160001000', password: 'pass-of-registration' },
  credentials: { username: '1001', password: 'pass-of-invite' },
  callers: [{ number: '02160001000' }],
}

async function stage(): Promise<{ store: TrunkStore; box: SecretBox } & AsyncDisposable & { test: Awaited<ReturnType<typeof testDatabase>> }> {
  const test = await testDatabase()
  const box = new SecretBox(randomBytes(32))
  return { store: new TrunkStore(test.db, box), box, test, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
}

const isConflict = (error: unknown): boolean => error instanceof RefusedError && error.code === 'version-conflict'

void test('a trunk comes back whole, with its defaults, and is shown without passwords', async () => {
  await using s = await stage()
  const added = await s.store.add(carrier)
  assert.equal(added.config?.registration?.password, 'pass-of-registration')
  assert.equal(added.config?.concurrencyMax, 30)
  const [listed] = await s.store.list()
  assert.deepEqual(listed, added)
  assert.deepEqual([listed?.shown['registration'], listed?.shown['credentials']], [{ username: '+862160001000', expiresSec: 3_600, password: passwordMask }, { username: '1001', password: passwordMask }])
  assert.doesNotMatch(JSON.stringify(listed?.shown), /pass-of/)
})

void test('no password is in the database in the clear, in whatever column', async () => {
  await using s = await stage()
  await s.store.add(carrier)
  await s.store.replace('telecom-sh', { ...carrier, weight: 7 }, (await s.store.get('telecom-sh')).version)
  const { rows } = await sql<{ whole: string; secrets: Buffer }>`select t::text as whole, secrets from trunks t`.execute(s.test.db.sql)
  assert.doesNotMatch(rows[0]!.whole, /pass-of/)
  assert.ok(!rows[0]!.secrets.includes(Buffer.from('pass-of')))
  assert.doesNotMatch(rows[0]!.whole, new RegExp(Buffer.from('pass-of').toString('hex')))
})

void test('wrong configurations, reserved names and masks without a password behind them are refused by field', async () => {
  await using s = await stage()
  for (const [input, field] of [
    [{ ...carrier, name: 'Telecom SH' }, 'name'],
    [{ ...carrier, name: 'trunk' }, 'name'],
    [{ ...carrier, name: 'simulated' }, 'name'],
    [{ ...carrier, targets: [] }, 'targets'],
    [{ ...carrier, callers: [] }, 'callers'],
    [{ ...carrier, cps: 0 }, 'cps'],
    [{ ...carrier, concurency: 5 }, 'concurency'],
    [{ ...carrier, registration: { username: 'u', password: passwordMask } }, 'registration.password'],
    [{ ...carrier, credentials: { username: 'u' } }, 'credentials.password'],
    [null, 'trunk'],
    ['telecom', 'trunk'],
    [[carrier], 'trunk'],
  ] as const) {
    await assert.rejects(s.store.add(input), (error) => error instanceof InvalidInputError && error.field === field && !error.message.includes('pass-of'), JSON.stringify(input))
  }
  assert.deepEqual(await s.store.list(), [])
})

void test('two editors do not overwrite each other, and a trunk that was removed and added again has another version', async () => {
  await using s = await stage()
  const { version } = await s.store.add(carrier)
  await assert.rejects(s.store.add(carrier), isConflict)
  const both = await Promise.allSettled([1, 2].map((weight) => s.store.replace('telecom-sh', { ...carrier, weight }, version)))
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await assert.rejects(s.store.remove('telecom-sh', version), isConflict)
  await s.store.remove('telecom-sh')
  await assert.rejects(s.store.get('telecom-sh'), NotFoundError)
  await assert.rejects(s.store.replace('telecom-sh', carrier, version), NotFoundError)
  await s.store.add(carrier)
  await assert.rejects(s.store.replace('telecom-sh', carrier, version), isConflict)
})

void test('a password that is masked or left out stays; a new one replaces it; a section that is left out goes', async () => {
  await using s = await stage()
  let { version, shown } = await s.store.add(carrier)
  let after = await s.store.replace('telecom-sh', { ...shown, weight: 3, credentials: { username: '1002' } }, version)
  assert.deepEqual([after.config?.registration?.password, after.config?.credentials], ['pass-of-registration', { username: '1002', password: 'pass-of-invite' }])
  ;({ version, shown } = after)
  const { credentials: _gone, ...rest } = shown
  after = await s.store.replace('telecom-sh', { ...rest, registration: { username: 'new', password: 'fresh' } }, version)
  assert.deepEqual([after.config?.registration?.password, after.config?.credentials, after.config?.weight], ['fresh', undefined, 3])
  await assert.rejects(s.store.replace('telecom-sh', { ...after.shown, name: 'other' }, after.version), InvalidInputError)
  await assert.rejects(s.store.replace('telecom-sh', { ...after.shown, credentials: { username: '1', password: passwordMask } }, after.version), InvalidInputError)
})

void test('with another key a trunk is listed with its problem, can be disabled, and takes new passwords', async () => {
  await using s = await stage()
  await s.store.add(carrier)
  const other = new TrunkStore(s.test.db, new SecretBox(randomBytes(32)))
  const [found] = await other.list()
  assert.deepEqual([found?.config, found?.enabled], [undefined, true])
  assert.match(found?.problem ?? '', /SECRET_KEY/)
  const disabled = await other.setEnabled('telecom-sh', false)
  assert.equal(disabled.enabled, false)
  await assert.rejects(other.replace('telecom-sh', { ...disabled.shown, weight: 2 }, disabled.version), /SECRET_KEY/)
  const mended = await other.replace('telecom-sh', { ...carrier, enabled: true }, disabled.version)
  assert.deepEqual([mended.problem, mended.config?.enabled, mended.config?.registration?.password], [undefined, true, 'pass-of-registration'])
})

void test('secrets moved from one trunk to another do not open', async () => {
  await using s = await stage()
  await s.store.add(carrier)
  await s.store.add({ ...carrier, name: 'copy' })
  await sql`update trunks set secrets = (select secrets from trunks where name = 'telecom-sh') where name = 'copy'`.execute(s.test.db.sql)
  assert.match((await s.store.get('copy')).problem ?? '', /belongs to something else/)
})

void test('every change is told to whoever listens', async () => {
  await using s = await stage()
  let told = 0
  const unlisten = await s.test.db.listen(trunksChannel, { onNotify: () => (told += 1), onReconnect: () => undefined })
  const { version } = await s.store.add(carrier)
  await s.store.replace('telecom-sh', carrier, version)
  await s.store.setEnabled('telecom-sh', false)
  await s.store.remove('telecom-sh')
  // Notifications of earlier transactions come before this one's.
  const last = Promise.withResolvers<void>()
  const unlistenLast = await s.test.db.listen('last', { onNotify: () => last.resolve(), onReconnect: () => undefined })
  await sql`select pg_notify('last', '')`.execute(s.test.db.sql)
  await last.promise
  assert.equal(told, 4)
  await Promise.all([unlisten(), unlistenLast()])
})
