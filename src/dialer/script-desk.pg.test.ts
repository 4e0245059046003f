import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { createAccount } from '../account/accounts.ts'
import { sql } from 'kysely'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import { soundScript } from '../robot/script/script.test-data.ts'
import { StoredScripts } from './script-desk.ts'
import { librarySources, publishLibrary } from './script-library.ts'
import { ScriptShelf } from './script-shelf.ts'

const at = new Date('2026-11-20T12:00:00+08:00')
const hasRecording = async (accountId: string, file: string) => Promise.resolve(accountId !== '' && file === 'bye.wav')

async function world() {
  const database = await testDatabase()
  const { db } = database
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const desk = new StoredScripts(db, new ScriptShelf(db), { now: () => at, hasRecording })
  return { db, desk, one: one.id, two: two.id, another: () => new StoredScripts(db, new ScriptShelf(db), { now: () => at, hasRecording }), [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

const refusedAs = (code: string) => (error: unknown) => error instanceof RefusedError && error.code === code
const greets = (words: string): string => soundScript.replace('好的，到时见，再见。', words)

test('a draft is reviewed and published, the next one gets the next number, and an older one comes back', async () => {
  await using w = await world()
  const { desk, one } = w
  const { script, problems } = await desk.put(one, `# 备注\n${soundScript}`)
  assert.deepEqual([problems, script.draft?.state, script.draft?.revision, script.published], [[], 'draft', 1, undefined])
  await assert.rejects(desk.published(one, 'visit'), refusedAs('not-possible'))
  await assert.rejects(desk.publish(one, 'visit'), refusedAs('not-possible'))
  await desk.submit(one, 'visit')
  assert.deepEqual((await desk.refuse(one, 'visit', '开场太长')).draft, { revision: 1, state: 'refused', why: '开场太长', at })
  await assert.rejects(desk.publish(one, 'visit'), refusedAs('not-possible'))
  await desk.submit(one, 'visit')
  const first = await desk.publish(one, 'visit')
  assert.deepEqual([first.published?.version, first.draft], [1, undefined])
  assert.match(await desk.source(one, 'visit', 1), /^# 备注/u)

  await desk.put(one, greets('到时见，再见。'))
  assert.equal((await desk.published(one, 'visit')).version, 1, 'a draft changes nothing for calls')
  await desk.submit(one, 'visit')
  assert.equal((await desk.publish(one, 'visit')).published?.version, 2)
  const said = async (version: number) => (await desk.version(one, 'visit', version)).nodes['good']!.say![0]!.parts[0]!.text
  assert.deepEqual([await said(1), await said(2)], ['好的，到时见，再见。', '到时见，再见。'])
  assert.equal((await desk.published(one, 'visit')).script.version, 2)

  assert.equal((await desk.rollback(one, 'visit', 1)).published?.version, 1)
  assert.deepEqual((await desk.versions(one, 'visit')).map(({ version, published }) => [version, published]), [[2, false], [1, true]])
  await assert.rejects(desk.rollback(one, 'visit', 3), NotFoundError)
  await desk.put(one, greets('再见。'))
  await desk.submit(one, 'visit')
  assert.equal((await desk.publish(one, 'visit')).published?.version, 3, 'numbers are not used twice')
})

test('only what passes the check is submitted, and only what was reviewed is published', async () => {
  await using w = await world()
  const { desk, one, two } = w
  const { problems } = await desk.put(one, soundScript.replace('deny: when', 'deny: nowhere'))
  assert.deepEqual(problems.map(({ code }) => code), ['no-target'])
  await assert.rejects(desk.submit(one, 'visit'), (error) => error instanceof InvalidInputError && error.items.length === 1 && /visit:27: nodes\.tell\.on\.deny: .*nowhere/u.test(error.message))
  await desk.put(one, soundScript)
  await desk.submit(one, 'visit', 2)
  await assert.rejects(desk.publish(one, 'visit', 1), refusedAs('version-conflict'))
  // What is changed after it was submitted has to be submitted again.
  await desk.put(one, greets('再见。'))
  await assert.rejects(desk.publish(one, 'visit'), refusedAs('not-possible'))
  for (const source of ['', '- a', 'id: [', 'id: Visit', 'title: x', 'a: &a [*a, *a]']) await assert.rejects(desk.put(one, source), InvalidInputError, source)
  await assert.rejects(desk.put('acc_nobody', soundScript), NotFoundError)
  const doings = [() => desk.submit(two, 'visit'), () => desk.find(two, 'visit'), () => desk.published(two, 'visit'), () => desk.source(two, 'visit', 'draft'), () => desk.version(two, 'visit', 1), () => desk.retire(two, 'visit')]
  for (const doing of doings) await assert.rejects(doing, NotFoundError)
  await assert.rejects(desk.refuse(one, 'visit', ' '), InvalidInputError)
})

test('two who publish at once publish once', async () => {
  await using w = await world()
  const { desk, one } = w
  await desk.put(one, soundScript)
  await desk.submit(one, 'visit')
  const results = await Promise.allSettled([desk.publish(one, 'visit'), w.another().publish(one, 'visit')])
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  assert.deepEqual((await desk.versions(one, 'visit')).map(({ version }) => version), [1])
})

test('a version that was published once cannot be changed or removed, also where it is retired', async () => {
  await using w = await world()
  const { db, desk, one } = w
  await desk.put(one, soundScript)
  await desk.submit(one, 'visit')
  await desk.publish(one, 'visit')
  const { retiredAt, published } = await desk.retire(one, 'visit')
  assert.deepEqual([retiredAt, published], [at, undefined])
  await assert.rejects(desk.published(one, 'visit'), refusedAs('not-possible'))
  await assert.rejects(desk.discard(one, 'visit'), refusedAs('not-possible'))
  assert.equal((await w.another().version(one, 'visit', 1)).id, 'visit')
  for (const statement of [sql`update script_versions set source = ''`, sql`delete from script_versions`, sql`truncate script_versions cascade`]) await assert.rejects(statement.execute(db.sql), /append-only/u)
  await assert.rejects(sql`delete from scripts`.execute(db.sql))
  assert.equal((await desk.rollback(one, 'visit', 1)).published?.version, 1)
})

test('a draft of which nothing was published goes away with its script', async () => {
  await using w = await world()
  const { desk, one } = w
  await desk.put(one, soundScript)
  await desk.discard(one, 'visit')
  await assert.rejects(desk.find(one, 'visit'), NotFoundError)
})

test('every account has the scripts of the library, and its own in their place once it is published', async () => {
  await using w = await world()
  const { db, desk, one, two } = w
  await publishLibrary(db)
  await publishLibrary(db)
  const ids = [...(await librarySources()).keys()].map((file) => file.replace('.yaml', ''))
  assert.deepEqual((await desk.list(one)).map(({ id, own, published }) => [id, own, published?.version]), ids.map((id) => [id, false, 1]))
  await assert.rejects(desk.retire(one, 'notice'), refusedAs('not-possible'))

  const notice = await desk.source(one, 'notice', 'published')
  await desk.put(one, notice.replace('title: 通知', 'title: 我们的通知'))
  const title = async (accountId: string) => (await desk.published(accountId, 'notice')).script.title
  assert.equal(await title(one), '通知', 'a draft hides nothing')
  assert.equal((await desk.find(one, 'notice')).published?.version, 1)
  await desk.submit(one, 'notice')
  assert.equal((await desk.publish(one, 'notice')).published?.version, 2)
  assert.deepEqual([await title(one), await title(two)], ['我们的通知', '通知'])
  assert.equal((await desk.version(one, 'notice', 1)).title, '通知', 'a call that named the library goes on with it')

  // The next program brings another text: it is another version, and no number has two meanings.
  await publishLibrary(db, { sources: new Map([['notice.yaml', notice.replace('title: 通知', 'title: 新通知')]]) })
  assert.deepEqual([await title(one), await title(two)], ['我们的通知', '新通知'])
  assert.deepEqual((await desk.versions(two, 'notice')).map(({ version }) => version), [2, 1])
  await publishLibrary(db)
  assert.equal(await title(two), '新通知', 'an older program that starts later takes nothing back')
  await desk.retire(one, 'notice')
  await assert.rejects(desk.published(one, 'notice'), refusedAs('not-possible'))
})

test('what a call says is fixed when it is accepted, and values that are missing or cannot be told are named', async () => {
  await using w = await world()
  const { db, desk, one } = w
  await publishLibrary(db)
  const fixed = await desk.accept(one, { script: 'notice', vars: { name: '张伟', content: '小区东门明天封闭维修', time: '明天上午9点' } }, { acceptedAt: at, organisation: '阳光物业', handover: '+8613900000001' })
  assert.deepEqual(fixed.spec, { kind: 'script', accountId: one, script: 'notice', version: 1, vars: { org: '阳光物业', name: '张伟', content: '小区东门明天封闭维修', time: '明天上午9点' }, acceptedAt: at.toISOString(), handover: '+8613900000001' })
  assert.equal(fixed.expiresAt?.toISOString(), '2026-11-21T01:00:00.000Z')
  assert.match(fixed.told, /^话术“通知”（notice v1）name=张伟，content=/u)
  const wrong = desk.accept(one, { script: 'notice', vars: { name: '张伟', nmae: 'x', time: '昨天' } }, { acceptedAt: at, organisation: undefined })
  await assert.rejects(wrong, (error) => error instanceof InvalidInputError && error.field === 'vars' && ['nmae', 'org', 'content', 'time'].every((name) => error.items.some(({ value }) => value === name)))
  await assert.rejects(desk.accept(one, { script: 'nothing', vars: {} }, { acceptedAt: at, organisation: undefined }), NotFoundError)
})

test('JSON stays JSON when it is published', async () => {
  await using w = await world()
  const { desk, one } = w
  await desk.put(one, JSON.stringify({ ...parse(soundScript) as object, version: 9 }))
  await desk.submit(one, 'visit')
  await desk.publish(one, 'visit')
  assert.equal((JSON.parse(await desk.source(one, 'visit', 'published')) as { version: number }).version, 1)
})

test('a recording that the account does not have is named before anybody hears of it', async () => {
  await using w = await world()
  const { desk, one } = w
  const recorded = (file: string): string => soundScript.replace('say: 好的，到时见，再见。', `say: { parts: [{ file: ${file}, words: 好的， }, { text: "再见。" }] }`)
  await desk.put(one, recorded('lost.wav'))
  await assert.rejects(desk.submit(one, 'visit'), (error) => error instanceof InvalidInputError && error.items[0]?.value === 'lost.wav')
  await desk.put(one, recorded('bye.wav'))
  assert.equal((await desk.submit(one, 'visit')).draft?.state, 'submitted')
})

test('a draft is talked with before it is published, as far as it is fit', async () => {
  await using w = await world()
  const { desk, one } = w
  const vars = { name: '张伟', time: '明天下午3点' }
  await desk.put(one, soundScript)
  const { script, values } = await desk.tryOut(one, 'visit', 'draft', vars, at)
  assert.deepEqual([script.id, values], ['visit', { org: '某公司', ...vars }])
  await assert.rejects(desk.tryOut(one, 'visit', 'draft', { name: '张伟' }, at), (error) => error instanceof InvalidInputError && error.field === 'vars')
  await desk.put(one, soundScript.replace('deny: when', 'deny: nowhere'))
  await assert.rejects(desk.tryOut(one, 'visit', 'draft', vars, at), InvalidInputError)
  await assert.rejects(desk.tryOut(one, 'visit', 'published', vars, at), refusedAs('not-possible'))
})
