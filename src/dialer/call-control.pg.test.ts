// Wishes about running calls over two processes on one database, and the more phones that calls ring.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { CallCommand, CommandResult } from '../call/controls.ts'
import { NotFoundError, OverloadedError, RefusedError } from '../errors.ts'
import { dialerWorld, type Script, type ScriptedCall, type World, type WorldOptions } from './testing.ts'

type Obey = (command: CallCommand, call: ScriptedCall) => Promise<CommandResult> | CommandResult
const did: CommandResult = { ok: true, state: 'talking' }
const refusedWith = (code: string) => (error: unknown) => error instanceof RefusedError && error.code === code

/** Talks until it is stopped, and does what `obey` says. */
const talks = (obey: Obey = () => did): Script => async (call) => {
  call.answer()
  call.hooks.onControls!({ command: async (command) => await obey(command, call) })
  await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** A world with one talking call. */
async function talking(options: WorldOptions & { obey?: Obey } = {}): Promise<World & { callId: string }> {
  const { obey, ...more } = options
  const world = await dialerWorld({ script: talks(obey), ...more })
  const callId = await world.place()
  await talkingNow(world, callId)
  return Object.assign(world, { callId })
}

async function talkingNow({ service, accountId }: World, callId: string): Promise<void> {
  for await (const { event } of service.follow(accountId, callId, 0, AbortSignal.timeout(10_000))) if (event.type === 'answered') return
}

const hold = { type: 'hold' } as const
const to = (phone: string): CallCommand => ({ type: 'transfer', phone })

void test('a wish sent to any process reaches the one that has the call, in order, and what it did comes back', async () => {
  const obeyed: CallCommand[] = []
  await using world = await talking({
    async obey(command) {
      // The first one takes longer than the second.
      if (obeyed.length === 0) await new Promise((resolve) => setTimeout(resolve, 60))
      obeyed.push(command)
      return command.type === 'hold' ? { ok: true, state: 'held' } : did
    },
  })
  const other = world.another()
  await other.start()
  const first = other.control(world.accountId, world.callId, hold)
  // Two processes write over connections of their own: which wish is the first is known once it is written.
  while ((await sql`select 1 from call_commands`.execute(world.db.sql)).rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  const second = world.service.control(world.accountId, world.callId, to('139 0013 9000'))
  assert.deepEqual(await Promise.all([first, second]), [{ state: 'held' }, { state: 'talking' }])
  assert.deepEqual(obeyed, [hold, to('+8613900139000')], 'phones are written as E.164')
})

void test('what the call cannot do is refused with its words', async () => {
  await using world = await talking({ obey: () => ({ ok: false, code: 'not-possible', message: '通话正在保持中' }) })
  await assert.rejects(world.service.control(world.accountId, world.callId, hold), (error) => refusedWith('not-possible')(error) && (error as Error).message === '通话正在保持中')
})

void test('nothing is done in a call that nobody talks in, or that is somebody else\'s', async () => {
  await using world = await talking()
  const { service, accountId } = world
  await assert.rejects(service.control('acc_other', world.callId, hold), NotFoundError)
  await assert.rejects(service.control(accountId, 'call_none', hold), NotFoundError)
  await service.stop(accountId, world.callId, 'hang-up')
  await world.ended(world.callId)
  await assert.rejects(service.control(accountId, world.callId, hold), refusedWith('not-live'))

  world.scripts.set('+8613800138001', async (call) => {
    call.hooks.onEvent({ type: 'ringing', sipStatus: 180, earlyMedia: false })
    await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve(), { once: true }))
  })
  const ringing = await world.place('13800138001')
  for await (const { event } of service.follow(accountId, ringing, 0, AbortSignal.timeout(10_000))) if (event.type === 'ringing') break
  await assert.rejects(service.control(accountId, ringing, hold), refusedWith('not-live'))
})

void test('nobody who may not be dialled is asked for: the call never hears of it', async () => {
  const obeyed: CallCommand[] = []
  await using world = await talking({ obey: (command) => (obeyed.push(command), did) })
  await world.db.sql.insertInto('do_not_call').values({ phone: '+8613900139001', account_id: null, source: 'operator' }).execute()
  const ask = (command: CallCommand) => world.service.control(world.accountId, world.callId, command)
  await assert.rejects(ask(to('110')), refusedWith('never-dial'))
  await assert.rejects(ask({ type: 'listen', phone: '12345' }), refusedWith('never-dial'))
  await assert.rejects(ask({ type: 'parallel-transfer', phone: '13900139001', join: 'by-itself' }), refusedWith('do-not-call'))
  await assert.rejects(ask(to('hello')), /号码有误/)
  assert.deepEqual(obeyed, [])
})

void test('a wish that no process begins in time is taken back, and is not done later', async () => {
  const obeyed: CallCommand[] = []
  // It hears no notification and has no heartbeat.
  await using world = await talking({ obey: (command) => (obeyed.push(command), did), commandLimits: { takenMsMax: 150, lookAgainMs: 30 }, settings: { leaseMs: 600_000, heartbeatMs: 200_000, takeoverMs: 600_000 } })
  await world.db.sql.updateTable('calls').set({ lease_owner: 'own_gone' }).where('id', '=', world.callId).execute()
  await assert.rejects(world.service.control(world.accountId, world.callId, hold), OverloadedError)
  await world.db.sql.updateTable('calls').set({ lease_until: new Date(0) }).where('id', '=', world.callId).execute()
  await assert.rejects(world.service.control(world.accountId, world.callId, hold), refusedWith('no-owner'))
  await world.db.sql.updateTable('calls').set({ lease_owner: world.service.live.owner, lease_until: new Date(Date.now() + 600_000) }).where('id', '=', world.callId).execute()
  await world.service.live.heartbeat()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(obeyed, [])
  // And now it is heard of again.
  assert.deepEqual(await world.service.control(world.accountId, world.callId, hold), { state: 'talking' })
})

void test('a wish that was begun and takes long is pending; the call goes on with it', async () => {
  const slow = Promise.withResolvers<CommandResult>()
  await using world = await talking({ obey: () => slow.promise, commandLimits: { takenMsMax: 300, doneMsMax: 100, lookAgainMs: 30 } })
  assert.deepEqual(await world.service.control(world.accountId, world.callId, hold), { state: 'pending' })
  slow.resolve(did)
})

void test('a lost notification costs a beat, not the wish', async () => {
  await using world = await talking({ settings: { heartbeatMs: 50 } })
  const { callId, db } = world
  await db.sql.insertInto('call_commands').values({ id: 'cmd_x', call_id: callId, command: JSON.stringify(hold), expires_at: new Date(Date.now() + 60_000) }).execute()
  for (let tries = 0; tries < 100; tries += 1) {
    const row = await db.sql.selectFrom('call_commands').select('result').where('id', '=', 'cmd_x').executeTakeFirstOrThrow()
    if (row.result !== null) return assert.deepEqual(row.result, did)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail('the command was never done')
})

void test('old wishes are dropped', async () => {
  await using world = await talking()
  await world.service.control(world.accountId, world.callId, hold)
  await world.db.sql.updateTable('call_commands').set({ created_at: new Date(Date.now() - 7_200_000) }).execute()
  await world.service.forgetOldRequests()
  assert.equal((await world.db.sql.selectFrom('call_commands').select('id').execute()).length, 0)
})

// ── More phones ─────────────────────────────────────────────────────────────────

void test('one more phone takes a channel of the trunk over all processes, and gives it back', async () => {
  await using world = await talking({ terms: { concurrencyMax: 2, cps: 100 } })
  const { legs } = world.invited[0]!.hooks
  const room = await legs!.admit('+8613900139000')
  assert.match(room.callerId, /^\d+$/)
  await assert.rejects(legs!.admit('+8613700137000'), OverloadedError)
  // The next call waits for the same channel.
  const waiting = await world.place('13800138009')
  await new Promise((resolve) => setTimeout(resolve, 200))
  const record = await world.service.lookUp(world.accountId, waiting)
  assert.deepEqual([record.status, record.waitingBecause?.why], ['queued', 'full'])
  room.giveBack()
  await talkingNow(world, waiting)
})

void test('a phone is not dialled when its number may not be, or when the call is being ended', async () => {
  await using world = await talking()
  const call = world.invited[0]!
  const { legs } = call.hooks
  await world.db.sql.insertInto('do_not_call').values({ phone: '+8613900139001', account_id: world.accountId, source: 'account' }).execute()
  await assert.rejects(legs!.admit('+8613900139001'), refusedWith('do-not-call'))
  await assert.rejects(legs!.admit('+86110'), refusedWith('never-dial'))
  assert.throws(() => legs!.beforeInvite('+86110'), refusedWith('never-dial'))
  await world.service.stop(world.accountId, world.callId, 'hang-up')
  await world.ended(world.callId)
  await assert.rejects(legs!.admit('+8613900139000'), refusedWith('not-allowed'))
})

void test('a phone that a dead process had called stops counting when its call is closed', async () => {
  await using world = await talking({ terms: { concurrencyMax: 2, cps: 100 } })
  await world.invited[0]!.hooks.legs!.admit('+8613900139000')
  await world.service.stop(world.accountId, world.callId, 'hang-up')
  await world.ended(world.callId)
  const [one, two] = [await world.place('13800138011'), await world.place('13800138012')]
  await Promise.all([talkingNow(world, one), talkingNow(world, two)])
})

void test('the dialogs of all legs are handed to whoever takes the call over', async () => {
  const orphans: [string, unknown][] = []
  await using world = await talking({ onOrphan: (id, dialog) => orphans.push([id, dialog]), settings: { leaseMs: 600_000, takeoverMs: 600_000, heartbeatMs: 200_000 } })
  const { legs } = world.invited[0]!.hooks
  legs!.onDialogs([{ callId: 'a' }, { callId: 'b' }])
  legs!.onDialogs([{ callId: 'a' }, { callId: 'c' }])
  const stored = async () => (await world.db.sql.selectFrom('calls').select('dialog').where('id', '=', world.callId).executeTakeFirstOrThrow()).dialog
  for (let tries = 0; tries < 100 && JSON.stringify(await stored()) !== '[{"callId":"a"},{"callId":"c"}]'; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(await stored(), [{ callId: 'a' }, { callId: 'c' }], 'the newest is stored')
  await world.db.sql.updateTable('calls').set({ lease_until: new Date(0) }).where('id', '=', world.callId).execute()
  const other = world.another({ script: talks() })
  await other.live.sweep()
  assert.deepEqual(orphans, [[world.callId, { callId: 'a' }], [world.callId, { callId: 'c' }]])
})
