import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { dialerWorld, reason, type Script } from './testing.ts'

/** A small generator, so that a failing run can be repeated by its seed. Source: mulberry32. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

for (const seed of [1, 2, 3]) {
  void test(`after a random run (${seed}) every call is over once, every log is whole and the ledger adds up`, async () => {
    const chance = random(seed)
    const script: Script = async (call) => {
      const fate = chance()
      await pause(chance() * 20)
      if (fate < 0.2) return { reason: reason('busy', { by: 'callee', stage: 'dialing' }) }
      call.ring()
      if (fate < 0.35) return { reason: reason('no-answer', { by: 'network', stage: 'ringing' }) }
      call.answer()
      const seconds = Math.floor(chance() * 200)
      let talkMs = 0
      for (let second = 1; second <= seconds && !call.signal.aborted; second += 1) {
        talkMs = second * 1_000
        if (second % 7 === 0) call.say('嗯', second)
        if (call.hooks.mayContinue(talkMs) === 'end') break
        if (second % 20 === 0) await pause(1)
      }
      if (fate > 0.97) throw new Error('the call program broke')
      return { talkMs }
    }
    await using world = await dialerWorld({ started: false, creditLi: 20_000, terms: { concurrencyMax: 12 }, settings: { leaseMs: 600 } })
    const severed = await world.severed()
    const [steady, shaky] = [world.another({ script }), world.another({ db: severed.db, script })]
    await Promise.all([steady.start(), shaky.start()])
    const ids: string[] = []
    for (let i = 0; i < 60; i += 1) {
      ids.push(await world.place(`138001380${String(i % 100).padStart(2, '0')}`))
      if (chance() < 0.1) await world.service.stop(world.accountId, ids[Math.floor(chance() * ids.length)]!, 'hang-up')
      if (chance() < 0.08) severed.down()
      else severed.up()
      if (chance() < 0.05) severed.loseCommits(2)
      await pause(chance() * 10)
    }
    severed.up()
    for (const id of ids) {
      const rows = await world.ended(id)
      assert.deepEqual(rows.map((row) => row.seq), rows.map((_, index) => index + 1))
      assert.equal(rows.filter((row) => row.event.type === 'ended').length, 1)
      assert.ok(rows.filter((row) => row.event.type === 'dialing').length <= 1)
    }
    await world.assertLedger()
    const dialled = world.invited.map((call) => call.request.id)
    assert.equal(new Set(dialled).size, dialled.length)
    const { rows } = await sql<{ charged: number; cost: number }>`
      select (select -coalesce(sum(balance_delta_li), 0) from ledger_entries where kind = 'settle')::bigint as charged,
             (select sum(cost_li) from calls)::bigint as cost`.execute(world.db.sql)
    assert.equal(rows[0]!.charged, rows[0]!.cost)
  })
}
