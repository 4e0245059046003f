// Checks the numbers by which clients of another face name scripts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount } from '../account/accounts.ts'
import { testDatabase } from '../db/testing.ts'
import { NotFoundError } from '../errors.ts'
import { soundScript } from '../robot/script/script.test-data.ts'
import { StoredScripts } from './script-desk.ts'
import { publishLibrary } from './script-library.ts'
import { ScriptShelf } from './script-shelf.ts'

test('a script keeps its number, which means it to its account and to nobody else; those of the library are for all', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [one, two] = [(await createAccount(db, { name: 'one' })).id, (await createAccount(db, { name: 'two' })).id]
  const desk = new StoredScripts(db, new ScriptShelf(db))
  await publishLibrary(db)
  const { script } = await desk.put(one, soundScript)
  assert.ok(Number.isSafeInteger(script.number) && script.number > 100_000_000)
  await desk.put(one, `${soundScript}\n# 改`)
  assert.deepEqual([(await desk.find(one, 'visit')).number, (await desk.findByNumber(one, script.number)).id], [script.number, 'visit'])
  for (const number of [script.number, 1, -1, 1.5, Number.NaN, 2 ** 60]) await assert.rejects(desk.findByNumber(two, number), NotFoundError, String(number))

  const notice = await desk.find(two, 'notice')
  assert.equal((await desk.findByNumber(one, notice.number)).id, 'notice')
  // An own script of that id hides it, and has a number of its own; the old one still means the id.
  await desk.put(one, (await desk.source(one, 'notice', 'published')).replace('title: 通知', 'title: 我的通知'))
  await desk.submit(one, 'notice')
  await desk.publish(one, 'notice')
  const own = await desk.find(one, 'notice')
  assert.notEqual(own.number, notice.number)
  for (const number of [own.number, notice.number]) assert.equal((await desk.findByNumber(one, number)).title, '我的通知')
  assert.equal((await desk.findByNumber(two, notice.number)).title, '通知')
  const numbers = (await desk.list(one)).map(({ number }) => number)
  assert.equal(new Set(numbers).size, numbers.length)
})
