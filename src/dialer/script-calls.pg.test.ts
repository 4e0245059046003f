// Checks that a call may name a script: what is stored with it, what is dialled, and what happens when the script cannot be had.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCall } from '../db/calls.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { createRobotMaker } from '../robot/index.ts'
import type { ScriptRef } from '../robot/script/spec.ts'
import type { PlaceDeps } from './place.ts'
import { StoredScripts } from './script-desk.ts'
import { publishLibrary } from './script-library.ts'
import { ScriptShelf } from './script-shelf.ts'
import { dialerWorld, noonMs, realLine, type WorldOptions } from './testing.ts'

async function scriptWorld(options: WorldOptions = {}) {
  let shelf: ScriptShelf | undefined
  let desk: StoredScripts | undefined
  const bodies = { prepare: async (ref: ScriptRef) => await shelf!.prepare(ref), at: (ref: ScriptRef) => shelf!.at(ref) }
  const robots = createRobotMaker({ kind: 'rules', scripts: { bodies, soundName: (_account, file) => file }, now: () => new Date(noonMs), log })
  const scripts: PlaceDeps['scripts'] = { accept: async (...given) => await desk!.accept(...given) }
  const w = await dialerWorld({ robots, scripts, ...options })
  shelf = new ScriptShelf(w.db)
  desk = new StoredScripts(w.db, shelf, { now: () => new Date(noonMs) })
  await publishLibrary(w.db)
  const place = (script: { id: string; version?: number; vars: Record<string, string> }, more: { idempotencyKey?: string } = {}) => w.service.place({ accountId: w.accountId, source: 'stepone', phones: '13800138000', userRequirement: '', script, ...more })
  return { ...w, desk, place, [Symbol.asyncDispose]: () => w[Symbol.asyncDispose](), forget: () => { shelf = new ScriptShelf(w.db) } }
}

const vars = { org: '阳光物业', name: '张伟', content: '小区东门封闭维修', time: '明天上午9点' }

test('a call by a script stores which script and version, is told in words, and is judged as the script says', async () => {
  await using w = await scriptWorld({
    script: async (call) => {
      assert.equal(call.request.robot.kind, 'script')
      call.ring()
      call.answer()
      call.note({ identity: 'yes', intent: 'affirm' })
      call.note({ outcome: 'confirmed', summary: '通知，内容已告知。' })
      return { talkMs: 20_000, conversation: 'confirmed' }
    },
  })
  const { callIds } = await w.place({ id: 'notice', vars })
  await w.ended(callIds[0]!)
  const row = (await findCall(w.db.sql, w.accountId, callIds[0]!))!
  assert.deepEqual(row.robot, { kind: 'script', accountId: w.accountId, script: 'notice', version: 1, vars, acceptedAt: new Date(noonMs).toISOString() })
  assert.match(row.userRequirement, /^话术“通知”（notice v1）name=张伟/u)
  assert.deepEqual([row.judgement?.grade.letter, row.judgement?.grade.reason.slice(0, 3)], ['B', '已听清'])
  assert.equal(row.summary, '通知，内容已告知。')
  await w.assertLedger()
})

test('nothing is called for a script that is not there, not published, or lacks a value', async () => {
  await using w = await scriptWorld()
  await assert.rejects(w.place({ id: 'nothing', vars }), NotFoundError)
  await assert.rejects(w.place({ id: 'notice', version: 7, vars }), NotFoundError)
  await assert.rejects(w.place({ id: 'notice', vars: { name: '张伟', plce: 'x' } }), (error) => error instanceof InvalidInputError && ['org', 'content', 'plce'].every((name) => error.message.includes(name)))
  await w.desk.put(w.accountId, (await w.desk.source(w.accountId, 'notice', 'published')).replace('id: notice', 'id: mine'))
  await assert.rejects(w.place({ id: 'mine', vars }), RefusedError)
  assert.equal(w.invited.length, 0)
})

test('a request that is sent again places no second call, and one with other values is refused', async () => {
  await using w = await scriptWorld()
  const first = await w.place({ id: 'notice', vars }, { idempotencyKey: 'k' })
  assert.deepEqual(await w.place({ id: 'notice', vars }, { idempotencyKey: 'k' }), { callIds: first.callIds, replayed: true })
  await assert.rejects(w.place({ id: 'notice', vars: { ...vars, name: '李四' } }, { idempotencyKey: 'k' }), RefusedError)
})

test('a script that may be called at certain hours only is called within them, and not later that day', async () => {
  await using w = await scriptWorld({ started: false, lines: [realLine] })
  const debt = { id: 'payment-reminder', vars: { org: '测试小贷', name: '张伟', bill: '十一月的分期账单', amount: '1280', due: '2026年12月25日' } }
  const { callIds } = await w.place(debt)
  const row = (await findCall(w.db.sql, w.accountId, callIds[0]!))!
  assert.ok(row.expiresAt.getTime() <= Date.parse('2026-11-20T20:00:00+08:00'))
  for (const [at, waitsMs] of [['2026-11-20T20:00:00+08:00', 13 * 3_600_000], ['2026-11-20T08:30:00+08:00', 1_800_000]] as const) {
    w.clock.nowMs = Date.parse(at)
    await assert.rejects(w.place(debt), (error) => error instanceof RefusedError && error.code === 'calling-hours' && error.retryAfterMs === waitsMs)
  }
})

test('a script that cannot be had when it is dialled rings at nobody, and says why', async () => {
  await using w = await scriptWorld({ started: false })
  const { callIds } = await w.place({ id: 'notice', vars })
  // As if the database had lost it; no program of ours can do that.
  await w.db.sql.updateTable('calls').set({ robot: JSON.stringify({ kind: 'script', accountId: w.accountId, script: 'notice', version: 9, vars }) }).execute()
  await w.service.start()
  const rows = await w.ended(callIds[0]!)
  const end = rows.at(-1)!.event
  assert.ok(end.type === 'ended')
  assert.deepEqual([end.reason.detail, end.reason.by, end.talkMs], ['no-script', 'platform', 0])
  assert.match(end.reason.evidence.error ?? '', /notice 没有版本 9/u)
  assert.equal(w.invited.length, 0)
  await w.assertLedger()
})
