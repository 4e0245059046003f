import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallEventRow } from '../events.ts'
import { Followers } from './follow.ts'
import { dialerWorld, noonMs, until, type World } from './testing.ts'

/** A call that is driven by hand: `say` writes the next row as its owner does. */
async function spoken(world: World): Promise<{ id: string; say: (count?: number) => Promise<void>; end: () => Promise<void> }> {
  const id = await world.place()
  let hangUp = (): void => undefined
  const hungUp = new Promise<void>((resolve) => (hangUp = resolve))
  world.scripts.set('+8613800138000', async (call) => {
    call.answer()
    await hungUp
    return { talkMs: 1_000 }
  })
  await world.service.start()
  const call = await until('it talks', () => world.invited[0])
  let turn = 0
  return {
    id,
    async say(count = 1) {
      for (let i = 0; i < count; i += 1) call.say(`第${(turn += 1)}句`, turn)
      await world.service.live.eventLog.idle()
    },
    async end() {
      hangUp()
      await world.ended(id)
    },
  }
}

async function collect(rows: AsyncIterable<CallEventRow>, into: CallEventRow[] = []): Promise<CallEventRow[]> {
  for await (const row of rows) into.push(row)
  return into
}

const inOrder = (rows: readonly CallEventRow[], from = 1): void =>
  assert.deepEqual(rows.map((row) => row.seq), rows.map((_, index) => index + from))

void test('early and late followers of one call all see every row once, on any process', async () => {
  await using world = await dialerWorld({ started: false })
  const call = await spoken(world)
  const other = world.another()
  await other.followers.start()
  const follow = (service = world.service): Promise<CallEventRow[]> => collect(service.follow(world.accountId, call.id, 0, AbortSignal.timeout(10_000)))
  const followers = [follow(), follow(other)]
  for (let i = 0; i < 20; i += 1) {
    await call.say(3)
    if (i % 5 === 0) followers.push(follow(), follow(other))
  }
  await call.end()
  followers.push(follow(), follow(other))
  const seen = await Promise.all(followers)
  for (const rows of seen) {
    inOrder(rows)
    assert.equal(rows.length, seen[0]!.length)
    assert.equal(rows.at(-1)!.event.type, 'ended')
  }
  assert.equal(seen[0]!.length, 64)
})

void test('a follower that is cut at every row and resumes after the last one it saw misses and repeats nothing', async () => {
  await using world = await dialerWorld({ started: false })
  const call = await spoken(world)
  const seen: CallEventRow[] = []
  const resuming = (async () => {
    while (seen.at(-1)?.event.type !== 'ended') {
      for await (const row of world.service.follow(world.accountId, call.id, seen.length, AbortSignal.timeout(10_000))) {
        seen.push(row)
        break
      }
    }
  })()
  for (let i = 0; i < 30; i += 1) await call.say()
  await call.end()
  await resuming
  inOrder(seen)
  assert.equal(world.service.followers.count, 0)
})

void test('following after the end replays and ends; after the last row there is nothing', async () => {
  await using world = await dialerWorld()
  const id = await world.place()
  const rows = await world.ended(id)
  const from = await collect(world.service.follow(world.accountId, id, 4, AbortSignal.timeout(5_000)))
  inOrder(from, 5)
  assert.equal(from.length, rows.length - 4)
  assert.deepEqual(await collect(world.service.follow(world.accountId, id, rows.length, AbortSignal.timeout(5_000))), [])
  assert.deepEqual(await collect(world.service.follow(world.accountId, id, 9_999, AbortSignal.timeout(5_000))), [])
})

void test('an abort ends following at once, even while nothing happens', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  const stop = new AbortController()
  const rows: CallEventRow[] = []
  const following = collect(world.service.follow(world.accountId, id, 0, stop.signal), rows)
  await until('the first row came', () => rows.length === 1)
  stop.abort()
  await following
  assert.equal(world.service.followers.count, 0)
})

void test('rows arrive when every notification is lost', async () => {
  await using world = await dialerWorld({ started: false })
  const call = await spoken(world)
  // Never started: hears nothing, has only what it is told to read.
  const deaf = new Followers(
    new Proxy(world.db, { get: (db, name) => (name === 'listen' ? async () => async () => undefined : Reflect.get(db, name)) }),
    { followersMax: 10, followPollMs: 20 },
  )
  await deaf.start()
  const rows: CallEventRow[] = []
  const following = collect(deaf.follow(call.id, 0, AbortSignal.timeout(10_000)), rows)
  await call.say(5)
  await until('the poll found them', () => rows.length === 8)
  await call.end()
  await following
  inOrder(rows)
  await deaf.stop()
})

void test('a connection that is lost and found again leaves no gap', async () => {
  await using world = await dialerWorld({ started: false, settings: { followPollMs: 60_000 } })
  const call = await spoken(world)
  const severed = await world.severed()
  const followers = new Followers(severed.db, { followersMax: 10, followPollMs: 60_000 })
  await followers.start()
  const rows: CallEventRow[] = []
  const following = collect(followers.follow(call.id, 0, AbortSignal.timeout(10_000)), rows)
  await until('it follows', () => rows.length >= 3)
  severed.down()
  await call.say(5)
  severed.up()
  await until('it caught up', () => rows.length === 8)
  await call.end()
  await following
  inOrder(rows)
  await followers.stop()
})

void test('many followers of a call share one query per wake', async () => {
  await using world = await dialerWorld({ started: false, settings: { followPollMs: 60_000 } })
  const call = await spoken(world)
  const followers = new Followers(world.db, { followersMax: 1_000, followPollMs: 60_000 })
  await followers.start()
  const all = Array.from({ length: 200 }, () => collect(followers.follow(call.id, 0, AbortSignal.timeout(10_000))))
  await until('all follow', () => followers.count === 200)
  const before = followers.stats.queries
  for (let i = 0; i < 10; i += 1) await call.say()
  await call.end()
  for (const rows of await Promise.all(all)) inOrder(rows)
  assert.ok(followers.stats.queries - before <= 14, `${followers.stats.queries - before} queries`)
  await followers.stop()
})

void test('more followers than the limit are turned away', async () => {
  await using world = await dialerWorld({ started: false, settings: { followersMax: 2 } })
  const id = await world.place()
  const stop = new AbortController()
  const rows: CallEventRow[] = []
  const two = [0, 0].map(() => collect(world.service.follow(world.accountId, id, 0, stop.signal), rows))
  await until('both follow', () => rows.length === 2)
  await assert.rejects(collect(world.service.follow(world.accountId, id, 0, stop.signal)), { code: 'overloaded' })
  stop.abort()
  await Promise.all(two)
})

void test('a log longer than one page is read whole', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await world.place()
  const rows = Array.from({ length: 1_300 }, (_, i) => ({ call_id: id, seq: i + 2, at: new Date(noonMs), event: JSON.stringify({ type: 'silence', count: i }) }))
  await world.db.sql.insertInto('call_events').values(rows).execute()
  await world.service.stop(world.accountId, id, 'cancel')
  const seen = await collect(world.service.follow(world.accountId, id, 0, AbortSignal.timeout(5_000)))
  inOrder(seen)
  assert.equal(seen.length, 1_302)
})
