// Knows how tasks, their numbers and their progress look on the wire. Does not know requests.
import { z } from 'zod'
import { outcomes } from '../../call/end-reason.ts'
import type { Progress } from '../../dialer/tasks/estimate.ts'
import { taskStatuses } from '../../dialer/tasks/life-cycle.ts'
import type { TaskPlan } from '../../dialer/tasks/plan.ts'
import type { AddedNumbers, NumberRecord, TaskCall, TaskCounts, TaskRecord } from '../../dialer/tasks/task-desk.ts'
import { readable } from './wire.ts'

const success = z.literal(true)
const waitings = ['window', 'line', 'balance', 'budget', 'concurrency', 'not-due'] as const
const zCounts = z.object({
  total: z.int(),
  waiting: z.int(),
  waiting_retry: z.int().meta({ description: '其中等待重拨的' }),
  waiting_frequency: z.int().meta({ description: '其中因拨打过频而等待的' }),
  calling: z.int(),
  done: z.int(),
  refused: z.int(),
  taken_back: z.int(),
  answered: z.int().meta({ description: '接通过的号码' }),
  attempts: z.int().meta({ description: '拨出的通话' }),
  talk_seconds: z.number(),
  cost: z.number().meta({ description: '元' }),
})
const zTaskPlan = z.object({
  windows: z.object({ week: z.array(z.object({ days: z.array(z.int()), hours: z.string() })), holidays: z.enum(['china', 'none']), closed_on: z.array(z.string()), open_on: z.array(z.string()) }).nullable(),
  retry: z.object({ attempts_max: z.int(), rules: z.array(z.object({ outcomes: z.array(z.enum(outcomes)), times: z.int(), gap_minutes: z.number(), other: z.enum(['caller']).nullable() })) }),
  concurrency_max: z.int().nullable(),
  priority: z.int(),
  line: z.string().nullable(),
  callers: z.array(z.string()),
  people: z.object({ at_once: z.int(), abandoned_share_max: z.number() }).nullable(),
  local_callers: z.boolean(),
  blind_areas: z.array(z.string()),
  budget: z.number().nullable(),
  failures: z.object({ share_max: z.number(), attempts_min: z.int() }).nullable(),
  keeps_open: z.boolean(),
})
export const zTask = z.object({
  task_id: z.string(),
  name: z.string(),
  script: z.string(),
  script_version: z.int(),
  status: z.enum(taskStatuses),
  why: z.string().nullable().meta({ description: '被系统停止的原因' }),
  why_detail: z.string().nullable(),
  waiting_for: z.enum(waitings).nullable().meta({ description: '运行中却没有拨打的原因' }),
  schedule_at: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  counts: zCounts,
  plan: zTaskPlan,
})

export function taskOnWire(task: TaskRecord): z.infer<typeof zTask> {
  return {
    task_id: task.id,
    name: readable(task.name),
    script: task.script,
    script_version: task.scriptVersion,
    status: task.status,
    why: task.why ?? null,
    why_detail: task.whyDetail ?? null,
    waiting_for: task.waitingFor ?? null,
    schedule_at: task.scheduleAt?.toISOString() ?? null,
    created_at: task.createdAt.toISOString(),
    started_at: task.startedAt?.toISOString() ?? null,
    finished_at: task.finishedAt?.toISOString() ?? null,
    counts: countsOnWire(task.counts),
    plan: planOnWire(task.plan),
  }
}

function countsOnWire(counts: TaskCounts): z.infer<typeof zCounts> {
  const { total, waiting, waitingRetry, waitingFrequency, calling, done, refused, takenBack, answered, attempts, talkMs, costLi } = counts
  return { total, waiting, waiting_retry: waitingRetry, waiting_frequency: waitingFrequency, calling, done, refused, taken_back: takenBack, answered, attempts, talk_seconds: Math.round(talkMs / 1_000), cost: costLi / 1_000 }
}

function planOnWire(plan: TaskPlan): z.infer<typeof zTaskPlan> {
  const { windows, retry, failures } = plan
  return {
    windows: windows === undefined ? null : { week: windows.week.map(({ days, hours }) => ({ days: [...days], hours: hours.map(({ openMinute, closeMinute }) => `${clock(openMinute)}-${clock(closeMinute)}`).join(',') })), holidays: windows.holidays, closed_on: [...windows.closedOn], open_on: [...windows.openOn] },
    retry: { attempts_max: retry.attemptsMax, rules: retry.rules.map((rule) => ({ outcomes: [...rule.outcomes], times: rule.times, gap_minutes: rule.gapMs / 60_000, other: rule.other ?? null })) },
    concurrency_max: plan.concurrencyMax ?? null,
    priority: plan.priority,
    line: plan.line ?? null,
    callers: [...plan.callers],
    people: plan.people ? { at_once: plan.people.people, abandoned_share_max: plan.people.abandonedShareMax } : null,
    local_callers: plan.localCallers ?? false,
    blind_areas: [...(plan.blindAreas ?? [])],
    budget: plan.budgetLi === undefined ? null : plan.budgetLi / 1_000,
    failures: failures ? { share_max: failures.shareMax, attempts_min: failures.attemptsMin } : null,
    keeps_open: plan.keepsOpen,
  }
}

const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

export const zAdded = z.object({
  success,
  added: z.int(),
  refused: z.array(z.object({ row: z.int().meta({ description: 'numbers 中的第几项，从 1 起' }), phone: z.string(), code: z.enum(['bad-number', 'never-dial', 'duplicate', 'do-not-call', 'variable-missing', 'bad-variable', 'expired']), reason: z.string() })),
  replayed: z.boolean().meta({ description: '同一幂等键已添加过，这次没有再添加' }),
})

export function addedOnWire({ added, refused, replayed }: AddedNumbers): z.infer<typeof zAdded> {
  return { success: true, added, refused: refused.map(({ row, phone, code, reason }) => ({ row: row + 1, phone: readable(phone), code, reason: readable(reason) })), replayed }
}

const zWaiting = z.object({ turn: z.int(), retry: z.int(), frequency: z.int(), window: z.int(), line: z.int(), balance: z.int(), budget: z.int(), concurrency: z.int(), 'not-due': z.int(), stopped: z.int() })
export const zProgress = z.object({
  success,
  status: z.enum(taskStatuses),
  counts: zCounts,
  share: z.number().meta({ description: '完成的比例，0–1' }),
  waiting: zWaiting.meta({ description: '等待的号码，按原因' }),
  per_minute: z.number().nullable().meta({ description: '最近每分钟拨出' }),
  expected_end: z.string().nullable().meta({ description: '预计完成' }),
})

export function progressOnWire(progress: Progress): z.infer<typeof zProgress> {
  const { status, counts, share, waiting, perMinute, expectedEnd } = progress
  return { success: true, status, counts: countsOnWire(counts), share, waiting, per_minute: perMinute ?? null, expected_end: expectedEnd?.toISOString() ?? null }
}

export const zNumber = z.object({
  phone: z.string(),
  phone_as_given: z.string(),
  vars: z.record(z.string(), z.string()),
  state: z.enum(['waiting', 'calling', 'done', 'refused', 'taken-back']),
  due_at: z.string().nullable(),
  waiting_for: z.enum(['retry', 'frequency']).nullable(),
  attempts: z.int(),
  past: z.array(z.enum(outcomes)).meta({ description: '每次拨打的结果' }),
  last_call_id: z.string().nullable(),
  outcome: z.enum(outcomes).nullable(),
  conversation: z.string().nullable(),
  label: z.string().nullable().meta({ description: '意向等级 A–F' }),
  answered: z.boolean(),
  talk_seconds: z.number(),
  cost: z.number(),
})

export function numberOnWire(number: NumberRecord): z.infer<typeof zNumber> {
  return {
    phone: number.phone,
    phone_as_given: readable(number.phoneAsGiven),
    vars: Object.fromEntries(Object.entries(number.vars).map(([name, value]) => [readable(name), readable(value)])),
    state: number.state,
    due_at: number.state === 'waiting' ? number.dueAt.toISOString() : null,
    waiting_for: number.waitingFor ?? null,
    attempts: number.attempts,
    past: [...number.past],
    last_call_id: number.lastCallId ?? null,
    outcome: number.outcome ?? null,
    conversation: number.conversation ?? null,
    label: number.label ?? null,
    answered: number.answered,
    talk_seconds: Math.round(number.talkMs / 1_000),
    cost: number.costLi / 1_000,
  }
}

export const zCall = z.object({ call_id: z.string(), phone: z.string(), status: z.string(), outcome: z.enum(outcomes).nullable(), conversation: z.string().nullable(), label: z.string().nullable(), created_at: z.string(), answered_at: z.string().nullable(), ended_at: z.string().nullable(), talk_seconds: z.number().nullable(), cost: z.number(), line: z.string().nullable(), caller: z.string().nullable() })

export function callOnWire(call: TaskCall): z.infer<typeof zCall> {
  return {
    call_id: call.id,
    phone: call.phone,
    status: call.status,
    outcome: call.reason?.outcome ?? null,
    conversation: call.conversation ?? null,
    label: call.judgement?.grade.letter ?? null,
    created_at: call.createdAt.toISOString(),
    answered_at: call.answeredAt?.toISOString() ?? null,
    ended_at: call.endedAt?.toISOString() ?? null,
    talk_seconds: call.talkMs === undefined ? null : Math.round(call.talkMs / 1_000),
    cost: (call.costLi ?? 0) / 1_000,
    line: call.trunk ?? null,
    caller: call.callerId ?? null,
  }
}
