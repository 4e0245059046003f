import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { EndReason } from '../../../call/end-reason.ts'
import { planDefaults } from '../../../dialer/tasks/plan.ts'
import type { TaskCall, TaskRecord } from '../../../dialer/tasks/task-desk.ts'
import { ticketOfAttempt } from '../../../dialer/tasks/task-tickets.ts'
import type { CallEvent } from '../../../events.ts'
import { scriptOf } from '../../../robot/script/read-script.ts'
import { auditStatusOf, callDetailByTask, callListEntry, taskCallDetail, taskDetail, taskListEntry, type ToldCall } from './task-data.ts'

const noon = Date.parse('2026-11-20T12:00:00+08:00')
const at = (sec: number): Date => new Date(noon + sec * 1_000)
const script = scriptOf(readFileSync(new URL('../../../../scripts-library/notice.yaml', import.meta.url), 'utf8'), 'notice.yaml')

const task: TaskRecord = {
  id: '4001112222', accountId: 'acc_1', name: '通知', script: 'notice', scriptVersion: 1, source: 'aliyun', plan: planDefaults, status: 'running',
  remembered: { robot: 100_000_004, robotName: '通知', corpName: '阳光物业', caller: '057100000000', earlyMedia: true, retryType: 1, recallStateCodes: '200002,200010', recallTimes: 2, recallInterval: 5 },
  why: undefined, whyDetail: undefined, waitingFor: undefined, scheduleAt: undefined, createdAt: at(0), startedAt: at(60), finishedAt: undefined,
  counts: { total: 1_000, waiting: 900, waitingRetry: 1, waitingFrequency: 0, calling: 10, done: 85, refused: 4, takenBack: 1, answered: 60, attempts: 90, talkMs: 1, costLi: 1 },
}

const hungUp: EndReason = { outcome: 'answered', by: 'callee', stage: 'talking', detail: 'callee-hung-up', evidence: {} }
function told(change: Partial<TaskCall> = {}, events: readonly CallEvent[] = spoken, attempt = 2): ToldCall {
  const call: TaskCall = {
    id: 'call_1', seq: 7, phone: '+8613800138000', phoneAsGiven: '13800138000', userRequirement: '通知', status: 'ended', waitingFor: undefined, callerId: '057100000000',
    createdAt: at(100), dialingAt: at(101), ringingAt: at(103), answeredAt: at(110), endedAt: at(130), reason: hungUp, conversation: 'unconfirmed', talkMs: 19_400, billedSec: 60, costLi: 150,
    summary: undefined, slots: undefined, recording: '/r/call_1.wav', ...change,
  }
  const { wireId } = ticketOfAttempt({ taskId: task.id, seq: 7, attempt })
  return { call, talk: { wireId, attempt, rows: events.map((event, i) => ({ seq: i + 1, at: at(110 + i), event })) }, task, script }
}
const robot = (text: string, sec: number): CallEvent => ({ type: 'robot-said', turn: 1, text, cut: false, beginAtMs: noon + sec * 1_000, endAtMs: noon + sec * 1_000 + 900 })
const callee = (text: string, sec: number, intent: string): CallEvent[] => [
  { type: 'callee-said', turn: 2, text, beginAtMs: noon + sec * 1_000, endAtMs: noon + sec * 1_000 + 500, confidence: 1, bargeIn: false },
  { type: 'noted', note: { intent } },
]
const spoken: readonly CallEvent[] = [
  { type: 'noted', note: { step: 'hello' } }, robot('请问是张伟吗？', 110), ...callee('是我', 113, 'affirm'), { type: 'noted', note: { step: 'tell', tags: ['told'] } }, robot('明天停水。', 115), robot('', 116),
  { type: 'noted', note: { step: 'details' } }, ...callee('怎么联系你们', 118, 'contact'), ...callee('听清楚了', 120, 'affirm'),
]

test('a task of the list has the published names', () => {
  assert.deepEqual(taskListEntry(task), {
    id: 4_001_112_222, taskName: '通知', robotId: 100_000_004, robotName: '通知', status: 'EXCUTING', scheduleType: 'SINGLE',
    createTime: '2026.11.20 12:00:00', completeTime: '', fireTime: '2026.11.20 12:01:00', totalCount: 1_000, finishCount: 90,
  })
  const scheduled = taskListEntry({ ...task, status: 'scheduled', startedAt: undefined, scheduleAt: at(3_600) })
  assert.deepEqual([scheduled['status'], scheduled['scheduleType'], scheduled['fireTime']], ['READY', 'ORDER', '2026.11.20 13:00:00'])
})

test('the detail of a task gives back what it was made with', () => {
  assert.deepEqual(taskDetail({ ...task, status: 'finished', finishedAt: at(7_200) }), {
    id: 4_001_112_222, taskName: '通知', robotId: 100_000_004, robotName: '通知', corpName: '阳光物业', caller: '057100000000', numberStatusIdent: true, status: 'FINISH', scheduleType: 'SINGLE',
    retryType: 1, recallStateCodes: '200002,200010', recallTimes: 2, recallInterval: 5,
    createTime: '2026-11-20 12:00:00', fireTime: '2026-11-20 12:01:00', completeTime: '2026-11-20 14:00:00', called: [],
  })
  // A task that our own API made.
  const plain = taskDetail({ ...task, remembered: {}, plan: { ...planDefaults, callers: ['02160001000'] } })
  assert.deepEqual([plain['robotName'], plain['caller'], plain['retryType']], ['notice', '02160001000', 1])
})

test('each published state is spelt as published', () => {
  const spelt = (['draft', 'scheduled', 'running', 'paused', 'stopped-by-system', 'out-of-money', 'cancelled', 'finished'] as const).map((status) => taskListEntry({ ...task, status })['status'])
  assert.deepEqual(spelt, ['INIT', 'READY', 'EXCUTING', 'MANUAL_STOP', 'SYSTEM_STOP', 'ARREARS_STOP', 'CANCEL', 'FINISH'])
})

test('a call of the list is texts only', () => {
  const entry = callListEntry(told())
  assert.deepEqual(entry, {
    taskId: '4001112222', caller: '057100000000', called: '13800138000', duration: '20', label: '', dialogCount: '3', callResult: '用户提前挂断', hangupDirection: '0',
    transferResult: '3', transferNumber: '', transferFailReason: '', callId: '4001112222^000000000702', recallCurTimes: '1', callStartTime: '2026.11.20 12:01:50', callEndTime: '2026.11.20 12:02:10',
    sureCount: '2', denyCount: '0', rejectCount: '0', customCount: '0', knowledgeCount: '1', defaultCount: '0', knowledgeBusinessCount: '1', knowledgeCommonCount: '0',
  })
})

test('the detail of a call has what was said, by whom and when', () => {
  const detail = taskCallDetail(told(), 'https://x/r.wav')
  assert.deepEqual([detail['recordStatus'], detail['recordFile']], ['1', 'https://x/r.wav'])
  assert.deepEqual((detail['dialogDetail'] as unknown[]).slice(0, 3), [
    { role: 'robot', content: '请问是张伟吗？', speakTime: '2026.11.20 12:01:50' },
    { role: 'custom', content: '是我', speakTime: '2026.11.20 12:01:53' },
    { role: 'robot', content: '明天停水。', speakTime: '2026.11.20 12:01:55' },
  ])
  const byTask = callDetailByTask(told(), undefined)
  assert.deepEqual({ ...byTask, dialogDetail: (byTask['dialogDetail'] as unknown[]).slice(-1) }, {
    callId: '4001112222^000000000702', callee: '13800138000', calleeShowNumber: '057100000000', startDate: '2026-11-20 12:01:50', endDate: '2026-11-20 12:02:10', gmtCreate: '2026-11-20 12:01:40',
    duration: 20, state: '200001', statusCode: '200001', stateDesc: '用户提前挂断', hangupDirection: 0, tags: 'told',
    dialogCount: 3, sureCount: 2, denyCount: 0, rejectCount: 0, customCount: 0, knowledgeCount: 1, defaultCount: 0, knowledgeBusinessCount: 1, knowledgeCommonCount: 0,
    recordStatus: 2, recordFile: '', dialogDetail: [{ role: 'custom', content: '听清楚了', startTime: 'Fri Nov 20 12:02:00 CST 2026', time: 'Fri Nov 20 12:02:00 CST 2026' }],
  })
})

test('a call that nobody answered has its code and nothing said; one that goes on has no state', () => {
  const busy = callDetailByTask(told({ reason: { outcome: 'busy', by: 'callee', stage: 'dialing', detail: 'final-response', evidence: { sipStatus: 486 } }, conversation: undefined, answeredAt: undefined, talkMs: 0, recording: undefined }, [], 1), undefined)
  assert.deepEqual([busy['state'], busy['stateDesc'], busy['duration'], busy['startDate'], busy['dialogDetail'], busy['dialogCount']], ['200002', '用户占线', 0, '', [], 0])
  const going = callListEntry(told({ status: 'talking', reason: undefined, endedAt: undefined, talkMs: undefined }))
  assert.deepEqual([going['callResult'], going['hangupDirection'], going['callEndTime']], ['', '', ''])
})

test('a transfer is told with its number, and why it failed', () => {
  const transfer = (state: 'calling' | 'joined' | 'failed', why?: 'busy'): CallEvent => ({ type: 'transfer', how: 'bridge', state, phone: '+8613900139000', why })
  const of = (events: CallEvent[]) => {
    const { transferResult, transferNumber, transferFailReason } = callListEntry(told({}, events))
    return [transferResult, transferNumber, transferFailReason]
  }
  assert.deepEqual(of([transfer('calling'), transfer('joined')]), ['1', '13900139000', ''])
  assert.deepEqual(of([transfer('calling'), transfer('failed', 'busy')]), ['0', '13900139000', 'busy'])
})

test('a robot that calls can use has passed, whatever is being written to follow it', () => {
  const published = { version: 1, at: at(0) }
  const draft = (state: 'draft' | 'submitted' | 'refused') => ({ revision: 1, state, why: '', at: at(0) })
  assert.equal(auditStatusOf({ published, draft: draft('refused') }), 'AUDITPASS')
  assert.deepEqual((['draft', 'submitted', 'refused'] as const).map((state) => auditStatusOf({ published: undefined, draft: draft(state) })), ['CONFIGURABLE', 'AUDITING', 'AUDITFAIL'])
})
