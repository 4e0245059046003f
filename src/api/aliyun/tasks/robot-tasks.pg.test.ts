// Checks robot tasks with the vendors' own clients, unmodified, on the real tasks, scripts, dialer and database; only what callees do follows a script.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { createAccount } from '../../../account/accounts.ts'
import { DoNotCallDesk } from '../../../dialer/do-not-call-desk.ts'
import { receiptFacts } from '../../../dialer/receipt-facts.ts'
import { reason, until } from '../../../dialer/testing.ts'
import { receiptRenderer } from '../receipts.ts'
import { clients, type Answer, type Client, type Key } from '../vendor-clients.ts'
import { company, isBusy, morningMs, robotWorld, shown } from './testing.ts'

const [popGet, popPost, teaV3] = clients as [Client, Client, Client]
const tasksClients = clients.filter(({ placesOnly }) => !placesOnly)
const phone = (i: number): string => `139${String(i).padStart(8, '0')}`
const nameOf = (i: number): string => `王${'一二三四五六七八九十'[Math.floor(i / 100) % 10]}${'一二三四五六七八九十'[Math.floor(i / 10) % 10]}${'一二三四五六七八九十'[i % 10]}`

function batchOf(count: number, from = 0, more: Record<string, unknown> = {}): Record<string, unknown> {
  const numbers = Array.from({ length: count }, (_, i) => i + from)
  return {
    CalledNumber: numbers.map(phone).join(','), CalledShowNumber: shown, TaskName: '停水通知', CorpName: company,
    TtsParamHead: '["name","content"]', TtsParam: JSON.stringify(numbers.map((i) => ({ number: phone(i), params: [nameOf(i), `${i + 1}号楼明天停水`] }))), ...more,
  }
}
const dataOf = (answer: Answer): never => JSON.parse(String(answer['Data'])) as never
type World = Awaited<ReturnType<typeof robotWorld>>
const finished = (w: World, TaskId: unknown): Promise<unknown> => until('the task to end', async () => (await w.desk.detail(w.dialer.accountId, String(TaskId))).status === 'finished', 300_000)
/** Some clients throw for a business error, others hand its answer back. */
const codeOf = async (client: Client, w: World, action: string, params: Record<string, unknown>, key: Key = w.key): Promise<string> => {
  try {
    return String((await client.call(w.base, key, action, params))['Code'])
  } catch (error) {
    return client.codeOf(error)
  }
}
const refused = async (client: Client, w: World, action: string, params: Record<string, unknown>, code: string, key?: Key): Promise<void> => {
  assert.equal(await codeOf(client, w, action, params, key), code, `${client.name} ${action} ${JSON.stringify(params).slice(0, 300)}`)
}

test('a thousand callees with their own words are taken, to be called at once or at a set time, and whoever was called is told as it was', async () => {
  await using w = await robotWorld()
  const { dialer, base, key, robot } = w
  for (let i = 0; i < 2_000; i += 1) {
    if (i % 10 === 0) dialer.scripts.set(`+86${phone(i)}`, isBusy)
    if (i % 10 === 1) dialer.scripts.set(`+86${phone(i)}`, async () => Promise.resolve({ reason: reason('powered-off', { by: 'network', stage: 'ringing', detail: 'announced' }) }))
  }
  // The generated SDKs send it all in the query.
  const atOnce = await teaV3.call(base, key, 'BatchRobotSmartCall', batchOf(1_000, 0, { DialogId: robot }))
  assert.equal(atOnce['Code'], 'OK')
  assert.match(String(atOnce['TaskId']), /^\d{10}$/)
  const atMs = morningMs + 4.5 * 3_600_000
  const later = await popPost.call(base, key, 'BatchRobotSmartCall', batchOf(1_000, 1_000, { DialogId: robot, ScheduleCall: true, ScheduleTime: atMs }))
  /** Enough of them to see; the rest is taken back at once. */
  const calledSome = async (TaskId: unknown, count: number): Promise<void> => {
    const counts = async () => (await w.desk.detail(dialer.accountId, String(TaskId))).counts
    assert.equal((await counts()).total, 1_000)
    await until(`${count} to be called`, async () => (await counts()).done >= count, 200_000)
    assert.equal((await popPost.call(base, key, 'CancelRobotTask', { TaskId }))['Data'], 'true')
    await until('the calls under way to end', async () => (await counts()).calling === 0, 60_000)
  }
  await calledSome(atOnce['TaskId'], 120)

  const scheduled = dataOf(await popGet.call(base, key, 'QueryRobotTaskDetail', { Id: later['TaskId'] })) as Answer
  assert.deepEqual([scheduled['status'], scheduled['scheduleType'], scheduled['fireTime']], ['READY', 'ORDER', '2026-11-20 14:30:00'])
  assert.ok(dialer.invited.every(({ request }) => Number(request.phone.slice(6)) < 1_000), 'nobody of the second task was called before its time')
  dialer.clock.nowMs = atMs
  await calledSome(later['TaskId'], 30)

  for (const [TaskId, from] of [[atOnce['TaskId'], 0], [later['TaskId'], 1_000]] as const) {
    const { done } = (await w.desk.detail(dialer.accountId, String(TaskId))).counts
    assert.ok(done < 1_000, 'cancelling took the rest back')
    const told = new Map<string, Answer>()
    for (let PageNo = 1; PageNo <= Math.ceil(done / 100); PageNo += 1) {
      const page = await tasksClients[PageNo % tasksClients.length]!.call(base, key, 'QueryRobotTaskCallList', { TaskId, PageNo, PageSize: 100 })
      assert.deepEqual([page['PageNo'], page['PageSize'], page['TotalCount']], [String(PageNo), '100', String(done)])
      for (const call of dataOf(page) as Answer[]) told.set(String(call['called']), call)
    }
    assert.equal(told.size, done)
    for (const called of told.keys()) {
      const i = Number(called.slice(3))
      assert.ok(i >= from && i < from + 1_000)
      const call = told.get(phone(i))!
      const [result, duration, turns] = i % 10 === 0 ? ['用户占线', '0', '0'] : i % 10 === 1 ? ['用户关机', '0', '0'] : ['用户听完', '13', '2']
      assert.deepEqual([call['callResult'], call['duration'], call['dialogCount'], call['sureCount'], call['recallCurTimes'], call['taskId'], call['caller']], [result, duration, turns, turns, '0', TaskId, shown], phone(i))
      assert.match(String(call['callId']), new RegExp(`^${String(TaskId)}\\^\\d{12}$`))
    }
    assert.equal(new Set([...told.values()].map((call) => call['callId'])).size, done)
    const i = from + 17
    for (const client of tasksClients) {
      const detail = dataOf(await client.call(base, key, 'QueryCallDetailByTaskId', { TaskId, Callee: phone(i), QueryDate: from === 0 ? morningMs : atMs })) as Answer & { dialogDetail: Answer[] }
      assert.deepEqual([detail['state'], detail['duration'], detail['hangupDirection'], detail['dialogCount'], detail['sureCount'], detail['recordStatus'], detail['tags']], ['200000', 13, 1, 2, 2, 1, 'told'], client.name)
      assert.deepEqual(detail.dialogDetail.map(({ role }) => role), ['robot', 'custom', 'robot', 'robot', 'custom', 'robot'])
      const words = detail.dialogDetail.map(({ content }) => String(content)).join('')
      for (const own of [company, nameOf(i), `${i + 1}号楼明天停水`]) assert.ok(words.includes(own), `${own} in ${words}`)
      assert.equal(detail.dialogDetail[0]!['startTime'], 'Fri Nov 20 10:00:05 CST 2026')
      assert.equal((await fetch(String(detail['recordFile']))).status, 200)
    }
    const byId = await popGet.call(base, key, 'QueryCallDetailByCallId', { CallId: told.get(phone(i))!['callId'], ProdId: '11030000180001', QueryDate: dialer.clock.nowMs })
    assert.equal((dataOf(byId) as Answer)['callee'], phone(i))
  }
  await dialer.assertLedger()
})

test('what is wrong with a batch has its published code with each client, and nobody is called', async () => {
  await using w = await robotWorld()
  const good = batchOf(2, 0, { DialogId: w.robot })
  const faults: readonly [Record<string, unknown>, string][] = [
    [batchOf(1_001, 0, { DialogId: w.robot, TtsParam: '[]' }), 'isv.VOICE_ROBOT_CALLEE_LIMIT'],
    [{ ...good, TtsParam: '[{"number":' }, 'isv.INVALID_JSON_PARAM'],
    [{ ...good, TtsParamHead: 'name' }, 'isv.INVALID_JSON_PARAM'],
    [{ ...good, TtsParam: '[]' }, 'isv.TEMPLATE_MISSING_PARAMETERS'],
    [{ ...good, TtsParam: `[{"number":"${phone(0)}","params":["王一","停水"]}]` }, 'isv.TEMPLATE_MISSING_PARAMETERS'],
    [{ ...good, TtsParam: `[{"number":"all","params":["王一"]}]` }, 'isv.TEMPLATE_MISSING_PARAMETERS'],
    [{ ...good, TtsParam: `[{"number":"all","params":["${'长'.repeat(30)}","停水"]}]` }, 'isv.TEMPLATE_PARAMS_ILLEGAL'],
    [{ ...good, DialogId: 99 }, 'isv.INVALID_PARAMETERS'],
    [{ ...good, DialogId: 'notice' }, 'InvalidDialogId'],
    [{ ...good, CalledShowNumber: '02199990000' }, 'isv.BILLID_NOT_EXIST'],
    [{ ...good, CalledShowNumber: `${shown},02199990000` }, 'isv.BILLID_NOT_EXIST'],
    [{ ...good, CalledShowNumber: 'abc' }, 'isv.DISPLAY_NUMBER_ILLEGAL'],
    [{ ...good, CalledNumber: `${phone(0)},12345x` }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ ...good, CalledNumber: `${phone(0)},110` }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ ...good, CorpName: '别的公司' }, 'isv.INVALID_PARAMETERS'],
    [{ ...good, CorpName: '' }, 'MissingCorpName'],
    [{ ...good, TaskName: '名'.repeat(31) }, 'isv.PARAM_LENGTH_LIMIT'],
    [{ ...good, TaskName: '' }, 'MissingTaskName'],
    [{ ...good, ScheduleCall: true }, 'MissingScheduleTime'],
    [{ ...good, ScheduleCall: true, ScheduleTime: morningMs - 3_600_000 }, 'InvalidParameter.date'],
    [{ ...good, ScheduleCall: true, ScheduleTime: morningMs + 12 * 3_600_000 }, 'isv.VOICE_ROBOT_NOT_PERIOD'],
  ]
  for (const [i, [params, code]] of faults.entries()) for (const client of i < 6 ? tasksClients : [tasksClients[i % tasksClients.length]!]) await refused(client, w, 'BatchRobotSmartCall', params, code)
  assert.deepEqual(w.dialer.invited, [])
  assert.equal((await popGet.call(w.base, w.key, 'QueryRobotTaskList', {}))['TotalCount'], '0', 'no task is left behind')
  // With a line of one's own the name is not looked at.
  const own = await popPost.call(w.base, w.key, 'BatchRobotSmartCall', { ...good, CorpName: '', IsSelfLine: true })
  await finished(w, own['TaskId'])
  await w.dialer.assertLedger()
})

test('a task is made, filled, started, stopped, gone on with and deleted, and what its state does not allow is refused', async () => {
  await using w = await robotWorld()
  const { base, key, dialer, robot } = w
  const ask = async (action: string, params: Record<string, unknown>): Promise<unknown> => (await popPost.call(base, key, action, params))['Data']
  const detail = async (Id: unknown): Promise<Answer> => dataOf(await teaV3.call(base, key, 'QueryRobotTaskDetail', { Id })) as Answer
  const make = { TaskName: '任务', DialogId: robot, Caller: shown, NumberStatusIdent: true, RetryType: 1, RecallStateCodes: '200002,200010', RecallTimes: 1, RecallInterval: 2, CorpName: company }
  for (const [change, code] of [
    [{ RecallStateCodes: '200004' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallInterval: 31 }, 'isv.INVALID_PARAMETERS'],
    [{ RecallTimes: '' }, 'MissingRecallTimes'],
    [{ Caller: '02199990000' }, 'isv.BILLID_NOT_EXIST'],
    [{ DialogId: 99 }, 'isv.INVALID_PARAMETERS'],
    [{ CorpName: '别的公司' }, 'isv.INVALID_PARAMETERS'],
  ] as const) await refused(popPost, w, 'CreateRobotTask', { ...make, ...change }, code)

  await dialer.db.sql.insertInto('receipt_targets').values({ account_id: dialer.accountId, kind: 'report', url: 'https://receiver.example/' }).execute()
  const TaskId = await ask('CreateRobotTask', make)
  assert.deepEqual((({ status, corpName, caller, retryType, recallStateCodes, recallTimes, recallInterval, robotName }) => ({ status, corpName, caller, retryType, recallStateCodes, recallTimes, recallInterval, robotName }))(await detail(TaskId)), {
    status: 'INIT', corpName: company, caller: shown, retryType: 1, recallStateCodes: '200002,200010', recallTimes: 1, recallInterval: 2, robotName: '通知',
  })
  await refused(popPost, w, 'StartRobotTask', { TaskId }, 'isv.INVALID_PARAMETERS')
  const upload = { Id: TaskId, CalledNumber: [0, 1, 2].map(phone).join(','), TtsParamHead: '["name","content"]', TtsParam: JSON.stringify([{ number: 'all', params: ['业主', '明天停水'] }, { number: phone(2), params: ['王二', '明天停电'] }]) }
  assert.equal(await ask('UploadRobotTaskCalledFile', upload), TaskId)
  assert.equal(await ask('UploadRobotTaskCalledFile', upload), TaskId, 'the same ones again change nothing')
  await refused(popPost, w, 'UploadRobotTaskCalledFile', { ...upload, CalledNumber: `${phone(3)},110` }, 'isv.MOBILE_NUMBER_ILLEGAL')
  assert.equal((await w.desk.detail(dialer.accountId, String(TaskId))).counts.total, 4, 'the good one stays')

  for (const action of ['StopRobotTask', 'CancelOrderRobotTask']) await refused(popPost, w, action, { TaskId }, 'isv.INVALID_PARAMETERS')
  assert.equal(await ask('StartRobotTask', { TaskId, ScheduleTime: '2026-11-20 15:00:00' }), 'true')
  assert.equal((await detail(TaskId))['status'], 'READY')
  await refused(popPost, w, 'DeleteRobotTask', { TaskId }, 'isv.INVALID_PARAMETERS')
  await refused(popPost, w, 'StartRobotTask', { TaskId, ScheduleTime: '2026-11-20 23:00:00' }, 'isv.VOICE_ROBOT_NOT_PERIOD')
  await refused(popPost, w, 'StartRobotTask', { TaskId, ScheduleTime: '2026/11/20 15:00' }, 'InvalidParameter.date')
  assert.equal(await ask('CancelOrderRobotTask', { TaskId }), 'true')
  assert.equal((await detail(TaskId))['status'], 'INIT')

  dialer.scripts.set(`+86${phone(0)}`, isBusy)
  dialer.scripts.set(`+86${phone(1)}`, async () => Promise.resolve({ reason: reason('invalid-number', { by: 'network', stage: 'dialing' }) }))
  assert.equal(await ask('StartRobotTask', { TaskId }), 'true')
  await refused(popPost, w, 'StartRobotTask', { TaskId }, 'isv.VOICE_CALL_FAIL')
  await until('every number to be called once', () => dialer.invited.length === 4)
  await until('the busy one to wait', async () => (await w.desk.detail(dialer.accountId, String(TaskId))).counts.waitingRetry === 1)
  assert.equal(await ask('StopRobotTask', { TaskId }), 'true')
  assert.equal((await detail(TaskId))['status'], 'MANUAL_STOP')
  dialer.clock.nowMs += 120_000
  assert.equal(await ask('StartRobotTask', { TaskId }), 'true')
  await finished(w, TaskId)
  assert.deepEqual([dialer.invited.length, dialer.invited.at(-1)!.request.phone], [5, `+86${phone(0)}`], 'only the busy one was called again')

  const list = async (more: Record<string, unknown>): Promise<Answer[]> => dataOf(await popPost.call(base, key, 'QueryRobotTaskCallList', { TaskId, ...more }))
  assert.deepEqual((await list({ Called: phone(0) })).map(({ callResult, recallCurTimes }) => [callResult, recallCurTimes]), [['用户占线', '1'], ['用户占线', '0']])
  assert.equal((await list({ CallResult: '200002' })).length, 2)
  assert.equal((await list({ DialogCountFrom: 2, DialogCountTo: 2 })).length, 2)
  assert.equal((await list({ DialogCountTo: 0 })).length, 3)
  assert.deepEqual([(await list({ DurationFrom: 13, DurationTo: 13 })).length, (await list({ DurationFrom: 14 })).length, (await list({ DurationTo: 12 })).length], [2, 0, 3])
  assert.equal((await list({ HangupDirection: 1 })).length, 2)
  assert.equal((await list({ HangupDirection: 0 })).length, 3)
  for (const [params, code] of [[{ CallResult: '200000' }, 'isv.INVALID_PARAMETERS'], [{ PageSize: 101 }, 'isv.INVALID_PARAMETERS'], [{ HangupDirection: 2 }, 'isv.INVALID_PARAMETERS'], [{ TaskId: 'x' }, 'isv.INVALID_PARAMETERS'], [{ TaskId: '1' }, 'isv.INVALID_PARAMETERS']] as const) await refused(popPost, w, 'QueryRobotTaskCallList', { TaskId, ...params }, code)
  const told = dataOf(await popPost.call(base, key, 'QueryRobotTaskCallDetail', { TaskId, Callee: phone(2), QueryDate: morningMs })) as Answer & { dialogDetail: Answer[] }
  assert.ok(told.dialogDetail.some(({ content }) => String(content).includes('明天停电')))
  assert.deepEqual([told['recordStatus'], told['duration']], ['1', '13'])
  assert.equal(await ask('QueryCallDetailByTaskId', { TaskId, Callee: phone(2), QueryDate: morningMs + 86_400_000 }), '', 'not since that day')
  assert.equal(await ask('QueryCallDetailByTaskId', { TaskId, Callee: phone(77), QueryDate: morningMs }), '')

  const { rows: owed } = await sql<{ callId: string; kind: 'report'; moment: string; seq: number }>`select call_id as "callId", kind, moment, seq from receipts`.execute(dialer.db.sql)
  const facts = await receiptFacts(dialer.db.sql, owed)
  const reports = facts.map((one) => receiptRenderer({ recordingLink: () => '' })(one!))
  const mine = reports.filter(({ callee }) => callee === phone(0)).sort((a, b) => (String(a['call_id']) < String(b['call_id']) ? -1 : 1))
  assert.deepEqual(mine.map(({ out_id, dialog_id, status_code, early_media_code }) => [out_id, dialog_id, status_code, early_media_code]), [1, 2].map((n) => [`ALICOM_SMART_SAAS^${String(TaskId)}^${n}`, String(robot), '200002', '']))
  assert.equal(reports.length, 5)

  for (const action of ['StopRobotTask', 'CancelRobotTask', 'CancelOrderRobotTask', 'UploadRobotTaskCalledFile']) await refused(popPost, w, action, { ...upload, TaskId }, 'isv.INVALID_PARAMETERS')
  await refused(popPost, w, 'StartRobotTask', { TaskId }, 'isv.VOICE_CALL_FAIL')
  assert.equal(await ask('DeleteRobotTask', { TaskId }), 'true')
  await refused(popPost, w, 'QueryRobotTaskDetail', { Id: TaskId }, 'isv.INVALID_PARAMETERS')
  await dialer.assertLedger()
})

test('tasks are listed by name, state and day, robots by their review, and each account sees its own only', async () => {
  await using w = await robotWorld()
  const { base, key, dialer } = w
  const make = (TaskName: string): Promise<Answer> => popPost.call(base, key, 'CreateRobotTask', { TaskName, DialogId: w.robot, Caller: shown, NumberStatusIdent: false, RetryType: 0, IsSelfLine: true })
  const first = (await make('停水一'))['Data']
  dialer.clock.nowMs += 86_400_000
  await make('停水二')
  const list = async (more: Record<string, unknown>, by: Key = key): Promise<unknown[]> => (dataOf(await teaV3.call(base, by, 'QueryRobotTaskList', more)) as Answer[]).map(({ taskName }) => taskName)
  assert.deepEqual(await list({}), ['停水二', '停水一'])
  assert.deepEqual([await list({ TaskName: '一' }), await list({ Time: '2026-11-21' }), await list({ Time: '2026-11-22' })], [['停水一'], ['停水二'], []])
  assert.deepEqual([await list({ Status: 'INIT' }), await list({ Status: 'EXCUTING' }), await list({ Status: 'DISPATCH' })], [['停水二', '停水一'], [], []])
  await refused(popPost, w, 'QueryRobotTaskList', { Status: 'EXECUTING' }, 'isv.INVALID_PARAMETERS')
  const page = await popPost.call(base, key, 'QueryRobotTaskList', { PageNo: 2, PageSize: 1 })
  assert.deepEqual([page['TotalCount'], page['PageNo'], page['PageSize'], (dataOf(page) as Answer[])[0]!['taskName']], ['2', '2', '1', '停水一'])

  await w.scripts.put(dialer.accountId, (await w.scripts.source(dialer.accountId, 'notice', 'published')).replace('id: notice', 'id: mine').replace('title: 通知', 'title: 我的'))
  const robots = async (more: Record<string, unknown>): Promise<Answer[]> => dataOf(await popPost.call(base, key, 'QueryRobotInfoList', more))
  assert.equal((await robots({})).length, 7)
  assert.deepEqual((await robots({ AuditStatus: 'CONFIGURABLE' })).map(({ robotName, robotType }) => [robotName, robotType]), [['我的', 'CUSTOM']])
  await w.scripts.submit(dialer.accountId, 'mine')
  assert.deepEqual((await robots({ AuditStatus: 'AUDITING' })).map(({ robotName }) => robotName), ['我的'])
  const usable = dataOf(await popPost.call(base, key, 'QueryRobotv2AllList', {})) as Answer[]
  assert.deepEqual([usable.length, usable.some(({ id }) => id === w.robot)], [6, true])
  await refused(popPost, w, 'QueryRobotInfoList', { AuditStatus: 'PASS' }, 'isv.INVALID_PARAMETERS')
  // A draft is no robot that can call.
  const mine = (await w.scripts.find(dialer.accountId, 'mine')).number
  await refused(popPost, w, 'CreateRobotTask', { TaskName: 'x', DialogId: mine, Caller: shown, NumberStatusIdent: false, RetryType: 0, IsSelfLine: true }, 'isv.INVALID_PARAMETERS')

  const stranger = await w.keys.create((await createAccount(dialer.db, { name: 'other' })).id)
  assert.deepEqual(await list({}, stranger), [])
  for (const action of ['QueryRobotTaskDetail', 'StartRobotTask', 'StopRobotTask', 'CancelRobotTask', 'DeleteRobotTask', 'QueryRobotTaskCallList']) await refused(popPost, w, action, { Id: first, TaskId: first }, 'isv.INVALID_PARAMETERS', stranger)
  await refused(popPost, w, 'CreateRobotTask', { TaskName: 'x', DialogId: mine, Caller: shown, NumberStatusIdent: false, RetryType: 0, IsSelfLine: true }, 'isv.INVALID_PARAMETERS', stranger)
})

test('callees on the do-not-call list are left out of a batch; with nobody left there is none', async () => {
  await using w = await robotWorld()
  await new DoNotCallDesk(w.dialer.db).add(w.dialer.accountId, phone(0))
  await refused(popPost, w, 'BatchRobotSmartCall', batchOf(1, 0, { DialogId: w.robot }), 'isv.COMPLAINT_REJECT')
  const { TaskId } = await popPost.call(w.base, w.key, 'BatchRobotSmartCall', batchOf(2, 0, { DialogId: w.robot }))
  await finished(w, TaskId)
  assert.deepEqual(w.dialer.invited.map(({ request }) => request.phone), [`+86${phone(1)}`])
})
