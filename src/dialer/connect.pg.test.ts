// Calls that connect two people: what the rules say about the second, whose phone is a leg of the first one's call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LegRoom } from '../call/controls.ts'
import { addDoNotCall } from '../db/do-not-call.ts'
import { AppError } from '../errors.ts'
import { isConnect } from '../robot/connect.ts'
import { createRobotMaker } from '../robot/index.ts'
import { log } from '../log.ts'
import type { PlaceRequest } from './call-service.ts'
import { dialerWorld, noonMs, realLine, type Script, type World, type WorldOptions } from './testing.ts'

log.level = 'silent'

const hour = 3_600_000
const robots = createRobotMaker({ kind: 'rules', log })
const a = '13800138000'
const b = '13900139000'
const connect = { toAsGiven: b, recorded: false, transcribed: false }

/** On a real line; each call has its second phone rung when the first has answered, and ends when that is over. */
function world(options: WorldOptions = {}, admitted: unknown[] = []): Promise<World> {
  const script: Script = async (call) => {
    call.answer()
    try {
      const room = await call.hooks.legs!.admit(`+86${b}`, { callerId: undefined })
      admitted.push(room)
      room.giveBack()
    } catch (error) {
      admitted.push(error)
    }
    return { talkMs: 5_000 }
  }
  return dialerWorld({ lines: [realLine], robots, script, ...options })
}
const request = (w: World, more: Partial<PlaceRequest> = {}): PlaceRequest => ({ accountId: w.accountId, source: 'aliyun', phones: a, userRequirement: '接通', connect, ...more })
const codeOf = (placing: Promise<unknown>): Promise<string> => placing.then(() => 'placed', (error: unknown) => (error instanceof AppError ? error.code : String(error)))

test('the rules hold for the second, too: whoever may not be called is not, and the first is not rung either', async () => {
  await using w = await world({ started: false })
  const to = (toAsGiven: string, more: Partial<PlaceRequest> = {}) => codeOf(w.service.place(request(w, { connect: { ...connect, toAsGiven }, ...more })))
  await addDoNotCall(w.db.sql, { accountId: w.accountId, phone: '+8613700000001', source: 'account', evidence: '' }, new Date(noonMs))
  assert.equal(await to('110'), 'never-dial')
  assert.equal(await to('95588'), 'never-dial')
  assert.equal(await to('1390013900x'), 'invalid-input')
  assert.equal(await to(`${b},13900139001`), 'invalid-input')
  assert.equal(await to(''), 'invalid-input')
  assert.equal(await to(`+86 ${a}`), 'invalid-input', 'nobody is connected with themselves')
  assert.equal(await to('13700000001'), 'do-not-call')
  assert.equal(await to(b, { phones: `${a},13800138001` }), 'invalid-input')
  w.clock.nowMs = noonMs + 11 * hour
  assert.equal(await to(b), 'calling-hours')
  assert.deepEqual(await w.db.sql.selectFrom('calls').select('id').execute(), [])
  await w.assertLedger()
})

test('the plan is stored with the call, and the record tells whom it connects', async () => {
  const rooms: unknown[] = []
  await using w = await world({}, rooms)
  const { callIds } = await w.service.place(request(w, { connect: { ...connect, toAsGiven: '139 0013 9000', callerId: '02160001000' } }))
  await w.ended(callIds[0]!)
  const row = await w.db.sql.selectFrom('calls').select('robot').where('id', '=', callIds[0]!).executeTakeFirstOrThrow()
  assert.ok(isConnect(row.robot))
  assert.deepEqual(row.robot.plan, { toAsGiven: '139 0013 9000', callerId: '02160001000', recorded: false, transcribed: false, to: `+86${b}` })
  assert.deepEqual((await w.service.lookUp(w.accountId, callIds[0]!)).connects, { phoneAsGiven: '139 0013 9000', callerId: '02160001000' })
  assert.equal((rooms[0] as LegRoom).callerId, '02160001000')
  await w.assertLedger()
})

test('two shown numbers are numbers of one trunk, or nobody is called', async () => {
  await using w = await world({ started: false, terms: { callers: [{ number: '02160001000' }, { number: '02160002000' }] } })
  const shown = (first: string, second: string) => codeOf(w.service.place(request(w, { callerIfReal: first, connect: { ...connect, callerId: second } })))
  assert.equal(await shown('02160001000', '02160002000'), 'placed')
  assert.equal(await shown('02160001000', '02160003000'), 'invalid-input')
  assert.equal(await shown('02160003000', '02160002000'), 'invalid-input')
})

test('the phone of the second counts as called: frequency holds over all accounts, when placed and again before it rings', async () => {
  const rooms: unknown[] = []
  await using w = await world({ settings: { frequency: [{ count: 1, windowMs: hour }] } }, rooms)
  const first = await w.service.place(request(w))
  await w.ended(first.callIds[0]!)
  assert.equal(typeof (rooms[0] as LegRoom).giveBack, 'function')
  // Placed anew it is refused, by whomever it is called.
  assert.equal(await codeOf(w.service.place(request(w, { phones: '13800138002' }))), 'frequency')
  assert.equal(await codeOf(w.service.place({ accountId: w.accountId, source: 'stepone', phones: b, userRequirement: '通知您开会' })), 'frequency')
  // One that was accepted before is asked again at the moment of the leg.
  w.clock.nowMs = noonMs + 2 * hour
  const second = await w.service.place(request(w, { phones: '13800138003' }))
  await w.ended(second.callIds[0]!)
  const rung = await w.db.sql.selectFrom('call_legs').select(['phone', 'is_attempt']).execute()
  assert.deepEqual(rung, [{ phone: `+86${b}`, is_attempt: true }, { phone: `+86${b}`, is_attempt: true }])
})

test('a second whose hours are over by the time the first has answered is not rung', async () => {
  const rooms: unknown[] = []
  await using w = await world({
    script: async (call) => {
      call.answer()
      w.clock.nowMs = noonMs + 11 * hour
      rooms.push(await call.hooks.legs!.admit(`+86${b}`, { callerId: undefined }).catch((error: unknown) => error))
      // A colleague is not protected by the hours: that is their work.
      rooms.push(await call.hooks.legs!.admit(`+86${b}`).catch((error: unknown) => error))
      return { talkMs: 1_000 }
    },
  })
  const { callIds } = await w.service.place(request(w))
  await w.ended(callIds[0]!)
  assert.equal((rooms[0] as AppError).code, 'calling-hours')
  assert.equal(typeof (rooms[1] as LegRoom).giveBack, 'function')
})
