import assert from 'node:assert/strict'
import { test } from 'node:test'
import { balanceOf } from '../account/ledger.ts'
import { dialerWorld, reason, until, type ScriptedCall, type Script } from './testing.ts'

/** Talks second by second on its own clock and asks each second whether it may go on, as the real call does. */
const talks =
  (secondsMax: number, each?: (call: ScriptedCall, second: number) => Promise<void> | void): Script =>
  async (call) => {
    call.answer()
    let talkMs = 0
    while (talkMs < secondsMax * 1_000) {
      talkMs += 1_000
      await each?.(call, talkMs / 1_000)
      if (call.hooks.mayContinue(talkMs) === 'end') {
        call.emit({ type: 'out-of-money' })
        // The goodbye.
        talkMs += 5_000
        break
      }
      // Lets an extension come through between two seconds.
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    call.talkMs = talkMs
    return { talkMs, reason: reason('answered') }
  }

void test('a long talk is paid for minute by minute, ahead of time', async () => {
  await using world = await dialerWorld({ script: talks(170) })
  const id = await world.place()
  const rows = await world.ended(id)
  assert.deepEqual(rows.flatMap((row) => (row.event.type === 'hold-extended' ? [row.event.heldLi] : [])), [300, 450, 600])
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.talkMs, record.billedSec, record.costLi], [170_000, 180, 450])
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 10_000 - 450, heldLi: 0 })
  await world.assertLedger()
})

void test('when the money runs out the call says goodbye within what is paid', async () => {
  await using world = await dialerWorld({ creditLi: 350, script: talks(600) })
  const id = await world.place()
  const rows = await world.ended(id)
  assert.equal(rows.filter((row) => row.event.type === 'out-of-money').length, 1)
  const record = await world.service.lookUp(world.accountId, id)
  assert.ok(record.talkMs! > 110_000 && record.talkMs! <= 120_000, `${record.talkMs} ms`)
  assert.equal(record.costLi, 300)
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 50, heldLi: 0 })
  await world.assertLedger()
})

void test('money that covers less than the usual step is still used', async () => {
  await using world = await dialerWorld({ creditLi: 165, script: talks(600), defaultPrice: { priceLiPerMin: 150, initialBlockSec: 60, incrementSec: 6 } })
  const id = await world.place()
  await world.ended(id)
  const record = await world.service.lookUp(world.accountId, id)
  assert.equal(record.costLi, 165)
  assert.ok(record.talkMs! <= 66_000 && record.talkMs! > 57_000, `${record.talkMs} ms`)
  await world.assertLedger()
})

void test('two calls of one account never hold more than it has', async () => {
  await using world = await dialerWorld({ creditLi: 500, script: talks(600) })
  const ids = await Promise.all([world.place('13800138000'), world.place('13800138001')])
  for (const id of ids) await world.ended(id)
  const costs = await Promise.all(ids.map(async (id) => (await world.service.lookUp(world.accountId, id)).costLi!))
  assert.equal(costs[0]! + costs[1]!, 450)
  await world.assertLedger()
})

void test('a free account talks as long as the line allows', async () => {
  await using world = await dialerWorld({ creditLi: 0, script: talks(200), defaultPrice: { priceLiPerMin: 0, initialBlockSec: 60, incrementSec: 60 } })
  const id = await world.place()
  await world.ended(id)
  assert.deepEqual([(await world.service.lookUp(world.accountId, id)).talkMs, (await world.service.lookUp(world.accountId, id)).costLi], [200_000, 0])
})

void test('a database that is away while money is needed ends the call politely, not in silence', async () => {
  await using world = await dialerWorld({ started: false })
  const severed = await world.severed()
  const service = world.another({ db: severed.db, script: talks(600, (_call, second) => (second === 30 ? severed.down() : undefined)) })
  await service.start()
  const id = await world.place()
  await until('the call is out of money', () => world.invited[0] !== undefined && world.invited[0].talkMs > 0)
  severed.up()
  await world.ended(id)
  const record = await world.service.lookUp(world.accountId, id)
  assert.ok(record.talkMs! <= 60_000, `${record.talkMs} ms`)
  assert.equal(record.costLi, 150)
  await world.assertLedger()
})
