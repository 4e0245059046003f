// Knows how tasks, their calls and robots are written into `Data`: published names, misspellings included. Does not know where they are kept.
// Numbers are texts in lists of calls, as the newer published samples have them, and numbers elsewhere.
import type { CallRecord } from '../../../dialer/call-service.ts'
import type { ScriptSummary } from '../../../dialer/script-desk.ts'
import type { TaskCall, TaskRecord } from '../../../dialer/tasks/task-desk.ts'
import type { TaskTalk } from '../../../dialer/tasks/task-talks.ts'
import type { CallEvent } from '../../../events.ts'
import type { Script } from '../../../robot/script/schema.ts'
import { chinaTime, dottedChinaTime, javaDate } from '../china-time.ts'
import { hangupDirectionOf, statusOf } from '../status-codes.ts'
import { wireStatusOf } from './task-status.ts'
import { countTurns } from './turn-counts.ts'

/** What a task remembers of the request that made it. */
export type RememberedTask = {
  robot?: number
  robotName?: string
  corpName?: string
  caller?: string
  earlyMedia?: boolean
  retryType?: number
  recallStateCodes?: string
  recallTimes?: number
  recallInterval?: number
}

/** One entry of QueryRobotTaskList. */
export function taskListEntry(task: TaskRecord): Record<string, unknown> {
  const { robot, robotName } = task.remembered as RememberedTask
  const { counts } = task
  return {
    id: Number(task.id),
    taskName: task.name,
    robotId: robot ?? '',
    robotName: robotName ?? task.script,
    status: wireStatusOf(task.status),
    scheduleType: scheduleTypeOf(task),
    createTime: dottedChinaTime(task.createdAt),
    completeTime: dottedChinaTime(task.finishedAt),
    fireTime: dottedChinaTime(task.startedAt ?? task.scheduleAt),
    totalCount: counts.total,
    finishCount: counts.done + counts.refused + counts.takenBack,
  }
}

/** Data of QueryRobotTaskDetail. Numbers come as lists, never as files. */
export function taskDetail(task: TaskRecord): Record<string, unknown> {
  const { robot, robotName, corpName, caller, earlyMedia, retryType, recallStateCodes, recallTimes, recallInterval } = task.remembered as RememberedTask
  return {
    id: Number(task.id),
    taskName: task.name,
    robotId: robot ?? '',
    robotName: robotName ?? task.script,
    corpName: corpName ?? '',
    caller: caller ?? task.plan.callers.join(','),
    numberStatusIdent: earlyMedia ?? false,
    status: wireStatusOf(task.status),
    scheduleType: scheduleTypeOf(task),
    retryType: retryType ?? (task.plan.retry.rules.length > 0 ? 1 : 0),
    recallStateCodes: recallStateCodes ?? '',
    recallTimes: recallTimes ?? 0,
    recallInterval: recallInterval ?? 0,
    createTime: chinaTime(task.createdAt),
    fireTime: chinaTime(task.startedAt ?? task.scheduleAt),
    completeTime: chinaTime(task.finishedAt),
    called: [],
  }
}

function scheduleTypeOf({ scheduleAt }: TaskRecord): 'SINGLE' | 'ORDER' {
  return scheduleAt === undefined ? 'SINGLE' : 'ORDER'
}

/** What is told of one call. */
export type ToldCall = { call: TaskCall; talk: TaskTalk; task: TaskRecord; script: Script | undefined }

/** One entry of QueryRobotTaskCallList. */
export function callListEntry({ call, talk, task, script }: ToldCall): Record<string, string> {
  const { dialogCount, ...counts } = countTurns(eventsOf(talk), script)
  const { transferResult, transferNumber, transferFailReason } = transferOf(talk)
  const texts = {
    taskId: task.id,
    caller: call.callerId ?? '',
    called: call.phoneAsGiven,
    duration: secondsOf(call),
    label: call.judgement?.grade.letter ?? '',
    dialogCount,
    callResult: call.reason === undefined ? '' : statusOf(call.reason, call.conversation).text,
    hangupDirection: directionOf(call) ?? '',
    transferResult,
    transferNumber,
    transferFailReason,
    callId: talk.wireId ?? '',
    recallCurTimes: talk.attempt - 1,
    callStartTime: dottedChinaTime(call.answeredAt ?? call.dialingAt),
    callEndTime: dottedChinaTime(call.endedAt),
    ...counts,
  }
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, String(value)]))
}

/** Data of QueryRobotTaskCallDetail. */
export function taskCallDetail(told: ToldCall, recordFile: string | undefined): Record<string, unknown> {
  return { ...callListEntry(told), ...recordOf(recordFile, String), dialogDetail: spokenIn(told).map(({ role, content, at }) => ({ role, content, speakTime: dottedChinaTime(at) })) }
}

/** Data of QueryCallDetailByTaskId. */
export function callDetailByTask(told: ToldCall, recordFile: string | undefined): Record<string, unknown> {
  const { call, talk, script } = told
  const status = call.reason && statusOf(call.reason, call.conversation)
  return {
    callId: talk.wireId ?? '',
    callee: call.phoneAsGiven,
    calleeShowNumber: call.callerId ?? '',
    startDate: chinaTime(call.answeredAt),
    endDate: chinaTime(call.endedAt),
    gmtCreate: chinaTime(call.createdAt),
    duration: secondsOf(call),
    state: status?.code ?? '',
    statusCode: status?.code ?? '',
    stateDesc: status?.text ?? '',
    hangupDirection: directionOf(call),
    tags: [...new Set(eventsOf(talk).flatMap((event) => (event.type === 'noted' ? (event.note.tags ?? []) : [])))].join(','),
    ...countTurns(eventsOf(talk), script),
    ...recordOf(recordFile, (code) => code),
    dialogDetail: spokenIn(told).map(({ role, content, at }) => ({ role, content, startTime: javaDate(at), time: javaDate(at) })),
  }
}

/** One entry of QueryRobotInfoList. */
export function robotInfo(script: ScriptSummary, partnerId: string): Record<string, unknown> {
  return {
    id: script.number,
    robotName: script.title,
    robotType: 'CUSTOM',
    auditStatus: auditStatusOf(script),
    gmtCreate: chinaTime(script.createdAt),
    gmtModified: chinaTime(script.draft?.at ?? script.retiredAt ?? script.published?.at ?? script.createdAt),
    partnerId,
    asrId: '',
    asrType: '',
    remark: script.draft?.why ?? '',
  }
}

export const auditStatuses = ['CONFIGURABLE', 'AUDITING', 'AUDITPASS', 'AUDITFAIL'] as const

/** A robot that calls can use is AUDITPASS, whatever is being written to follow it. */
export function auditStatusOf({ published, draft }: Pick<ScriptSummary, 'published' | 'draft'>): (typeof auditStatuses)[number] {
  if (published !== undefined) return 'AUDITPASS'
  if (draft?.state === 'submitted') return 'AUDITING'
  return draft?.state === 'refused' ? 'AUDITFAIL' : 'CONFIGURABLE'
}

function eventsOf({ rows }: TaskTalk): CallEvent[] {
  return rows.map(({ event }) => event)
}

function secondsOf({ talkMs }: CallRecord): number {
  return Math.ceil((talkMs ?? 0) / 1_000)
}

/** 0: the called party, 1: the robot. Undefined while it goes on. */
function directionOf({ reason }: CallRecord): 0 | 1 | undefined {
  return reason && (hangupDirectionOf(reason) === '用户' ? 0 : 1)
}

function recordOf<T>(recordFile: string | undefined, write: (code: number) => T): { recordStatus: T; recordFile: string } {
  return { recordStatus: write(recordFile === undefined ? 2 : 1), recordFile: recordFile ?? '' }
}

/** Of the last human who was called. */
function transferOf(talk: TaskTalk): { transferResult: 0 | 1 | 3; transferNumber: string; transferFailReason: string } {
  const last = eventsOf(talk).findLast((event) => event.type === 'transfer')
  if (last === undefined) return { transferResult: 3, transferNumber: '', transferFailReason: '' }
  const joined = eventsOf(talk).some((event) => event.type === 'transfer' && event.state === 'joined' && event.phone === last.phone)
  return { transferResult: joined ? 1 : 0, transferNumber: last.phone.replace(/^\+86/, ''), transferFailReason: joined ? '' : (last.why ?? '') }
}

/** What either side said, in order; of the robot what was heard of it. */
function spokenIn({ talk }: ToldCall): { role: 'robot' | 'custom'; content: string; at: Date }[] {
  return talk.rows.flatMap(({ event }) => {
    if (event.type !== 'robot-said' && event.type !== 'callee-said') return []
    if (event.text === '') return []
    return [{ role: event.type === 'robot-said' ? 'robot' as const : 'custom' as const, content: event.text, at: new Date(event.beginAtMs) }]
  }).sort((a, b) => a.at.getTime() - b.at.getTime())
}
