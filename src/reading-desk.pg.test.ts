// The readings of words on a real database: who sets them, and by which ones a call speaks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount } from './account/accounts.ts'
import type { CallRequest } from './call/call.ts'
import type { Database } from './db/connection.ts'
import { testDatabase } from './db/testing.ts'
import { dialerWorld } from './dialer/testing.ts'
import { ReadingBook } from './reading-book.ts'
import { ReadingDesk } from './reading-desk.ts'
import { ReadingDictionary } from './speech/text/reading-dictionary.ts'

async function stage(): Promise<{ desk: ReadingDesk; book: ReadingBook; clock: { nowMs: number }; one: string; two: string; db: Database } & AsyncDisposable> {
  const test = await testDatabase()
  const { db } = test
  const clock = { nowMs: 1_000_000 }
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  return { db, clock, one: one.id, two: two.id, desk: new ReadingDesk(db, () => clock.nowMs), book: new ReadingBook(db, () => clock.nowMs), [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
}

void test('an account reads by its own words first, then by everybody\'s, and never by those of another', async () => {
  await using s = await stage()
  await s.desk.set(undefined, { word: '乐天', pinyin: 'lè tiān' })
  await s.desk.set(undefined, { word: '3M', say: '三M' })
  await s.desk.set(s.one, { word: '乐天', pinyin: 'yue4 tian1' })
  const [one, two] = [await s.book.of(s.one), await s.book.of(s.two)]
  assert.equal(one!.sound('乐天'), '{yue4 tian1}')
  assert.equal(two!.sound('乐天'), '{le4 tian1}')
  assert.equal(one!.spoken('3M'), '三M')
  assert.deepEqual((await s.desk.list(s.one)).map(({ scope, word }) => [scope, word]), [['everybody', '3M'], ['everybody', '乐天'], ['account', '乐天']])
  assert.deepEqual((await s.desk.list(undefined)).map(({ word }) => word), ['3M', '乐天'])
})

void test('a word set again has the new reading; one taken away has none', async () => {
  await using s = await stage()
  await s.desk.set(s.one, { word: '乐天', pinyin: 'yue4 tian1' })
  await s.desk.set(s.one, { word: '乐天', say: '乐天公司' })
  assert.deepEqual((await s.desk.list(s.one)).map(({ pinyin, say }) => [pinyin, say]), [[null, '乐天公司']])
  await assert.rejects(s.desk.remove(s.two, '乐天'), { name: 'NotFoundError' })
  await s.desk.remove(s.one, '乐天')
  await assert.rejects(s.desk.remove(s.one, '乐天'), { name: 'NotFoundError' })
  assert.equal(await s.book.of(s.one), undefined)
})

void test('what is wrong is refused and leaves nothing', async () => {
  await using s = await stage()
  await assert.rejects(s.desk.set(s.one, { word: '乐天', pinyin: 'yue4' }), { name: 'InvalidInputError', field: 'pinyin' })
  await assert.rejects(s.desk.set('acc_nobody', { word: '乐天', say: '甲' }), { name: 'NotFoundError' })
  assert.deepEqual(await s.desk.list(s.one), [])
})

void test('a change is heard by calls a few seconds later, and an outage changes nothing', async () => {
  await using s = await stage()
  await s.desk.set(s.one, { word: '乐天', pinyin: 'yue4 tian1' })
  assert.equal((await s.book.of(s.one))!.sound('乐天'), '{yue4 tian1}')
  await s.desk.set(s.one, { word: '乐天', pinyin: 'le4 tian1' })
  assert.equal((await s.book.of(s.one))!.sound('乐天'), '{yue4 tian1}')
  s.clock.nowMs += 5_000
  assert.equal((await s.book.of(s.one))!.sound('乐天'), '{le4 tian1}')
  await s.db.pool.query('alter table word_readings rename to word_readings_away')
  s.clock.nowMs += 5_000
  assert.equal((await s.book.of(s.one))!.sound('乐天'), '{le4 tian1}')
})

void test('a call is run with the readings of its account', async () => {
  let asked: string | undefined
  const seen: CallRequest['readings'][] = []
  const dictionary = new ReadingDictionary([{ word: '乐天', pinyin: 'yue4 tian1' }])
  await using world = await dialerWorld({
    readings: async (accountId) => {
      asked = accountId
      return dictionary
    },
    script: async ({ request }) => void seen.push(request.readings),
  })
  await world.ended(await world.place())
  assert.deepEqual([asked, seen], [world.accountId, [dictionary]])
})
