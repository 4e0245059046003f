// What a call came to is stored with it, told to look-up and report, and acted on: the do-not-call list, and the call back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../log.ts'
import { createRobotMaker } from '../robot/index.ts'
import { dialerWorld, noonMs, type Script, type WorldOptions } from './testing.ts'

const robots = createRobotMaker({ kind: 'rules', log, now: () => new Date(noonMs) })
const world = (options: WorldOptions = {}) => dialerWorld({ robots, ...options })

const conversation = (lines: readonly string[], note: Parameters<Parameters<Script>[0]['note']>[0]): Script => async (call) => {
  call.ring()
  call.answer()
  for (const [i, line] of lines.entries()) {
    const text = line.slice(2)
    if (line.startsWith('R')) call.say(text, i + 1)
    else call.emit({ type: 'callee-said', turn: i + 1, text, beginAtMs: i * 1_000, endAtMs: i * 1_000 + 500, confidence: 0.9, bargeIn: false })
  }
  call.note({ identity: 'yes' })
  call.note(note)
  return { talkMs: 20_000, conversation: note.outcome }
}
const asking = ['R 请问是张总吗？', 'C 是我', 'R 想请问您：明天能不能来公司？']

void test('answers are stored with their proof, and a contradiction asks for a human', async () => {
  await using run = await world({ webhookUrl: 'http://192.0.2.1/' })
  run.scripts.set('+8613800138000', conversation([...asking, 'C 能来', 'R 好的，都记下了。'], { outcome: 'confirmed', slots: { 明天能不能来公司: '能来' }, summary: '对方回答能来。' }))
  run.scripts.set('+8613900139000', conversation([...asking, 'C 能来', 'R 好的，都记下了。', 'C 不对，明天我来不了'], { outcome: 'confirmed', summary: '对方回答能来。' }))
  const plain = await run.place('13800138000', '问张总明天能不能来公司')
  const twisted = await run.place('13900139000', '问张总明天能不能来公司')
  await run.ended(plain)
  await run.ended(twisted)
  const first = await run.service.lookUp(run.accountId, plain)
  assert.deepEqual(first.judgement?.answers, [{ id: 'q1', question: '明天能不能来公司', kind: 'yes-no', value: 'yes', words: '能来', turns: [4], sure: true }])
  assert.deepEqual(first.judgement.review, [])
  const second = await run.service.lookUp(run.accountId, twisted)
  assert.equal(second.judgement?.answers[0]?.sure, false)
  assert.equal(second.judgement.review[0]?.why, 'answer-contradicted')
  assert.match(second.summary!, /请人工核对/)
  const reports = await run.db.sql.selectFrom('webhook_deliveries').select('payload').execute()
  const told = reports.map(({ payload }) => (payload as { data: { call_id: string; needs_review: boolean; answers: unknown[] } }).data)
  assert.deepEqual(Object.fromEntries(told.map(({ call_id, needs_review }) => [call_id, needs_review])), { [plain]: false, [twisted]: true })
  assert.ok(told.every(({ answers }) => answers.length === 1))
})

void test('a wish not to be called that came with the goodbye lists the number', async () => {
  await using run = await world({ script: conversation([...asking, 'C 能来', 'R 好的，再见。', 'C 以后别再打给我了'], { outcome: 'confirmed' }) })
  const id = await run.place('13800138000', '问张总明天能不能来公司')
  await run.ended(id)
  await assert.rejects(run.place('13800138000', '问张总明天能不能来公司'), { code: 'do-not-call' })
})

const busy = conversation(['R 请问是张总吗？', 'C 在开会，下午三点再打', 'R 好的，我们到时候再联系您，再见。'], { outcome: 'busy-call-back', callBackAt: '2026-07-01T15:00:00+08:00', slots: { 回电时间: '在开会，下午三点再打' } })
/** The same wish, three hours from the clock of the tests. */
const busyAt = (at: string): Script => conversation(['R 请问是张总吗？', 'C 在开会，下午三点再打', 'R 好的，再见。'], { outcome: 'busy-call-back', callBackAt: at, slots: { 回电时间: '在开会，下午三点再打' } })
const threeHoursOn = new Date(noonMs + 3 * 3_600_000)

void test('a callee who names a time is called back then, once, and the money is held', async () => {
  await using run = await world({ script: busyAt(threeHoursOn.toISOString()) })
  const id = await run.place('13800138000', '通知张总后天上午9点开会', { callsBack: true })
  await run.ended(id)
  const { judgement } = await run.service.lookUp(run.accountId, id)
  const again = judgement?.callBack?.callId
  assert.ok(again, JSON.stringify(judgement))
  const queued = await run.service.lookUp(run.accountId, again)
  assert.equal(queued.status, 'queued')
  assert.equal(queued.callBackOf, id)
  assert.equal(run.invited.length, 1)
  await run.assertLedger()
  run.clock.nowMs = threeHoursOn.getTime() + 1_000
  run.service.live.wake()
  await run.ended(again)
  assert.equal(run.invited.length, 2)
  const second = await run.service.lookUp(run.accountId, again)
  assert.equal(second.judgement?.callBack?.why, 'once-only')
  await run.assertLedger()
})

void test('a call back that nobody wants, that comes too late or at night, or that nobody can pay is only recorded', async () => {
  const cases: [string, WorldOptions, string, boolean][] = [
    ['not-wanted', { script: busyAt(threeHoursOn.toISOString()) }, '通知张总后天上午9点开会', false],
    ['too-late', { script: busyAt(new Date(noonMs + 2 * 24 * 3_600_000).toISOString()) }, '通知张总明天上午9点开会', true],
    ['outside-hours', { script: busyAt(new Date(noonMs + 11 * 3_600_000).toISOString()) }, '通知张总后天上午9点开会', true],
    ['no-balance', { script: busyAt(threeHoursOn.toISOString()), creditLi: 150 }, '通知张总后天上午9点开会', true],
    ['past', { script: busy }, '通知张总后天上午9点开会', true],
  ]
  for (const [why, options, requirement, callsBack] of cases) {
    await using run = await world(options)
    const id = await run.place('13800138000', requirement, { callsBack })
    await run.ended(id)
    const { judgement } = await run.service.lookUp(run.accountId, id)
    assert.equal(judgement?.callBack?.why, why)
    assert.equal(judgement.callBack.callId, undefined)
    await run.assertLedger()
  }
})
