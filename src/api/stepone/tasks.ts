// Tasks over HTTP: create, fill, start, stop, watch. Translates only; the task desk decides.
import { z } from 'zod'
import { outcomes } from '../../call/end-reason.ts'
import { parseHours } from '../../dialer/admission/calling-hours.ts'
import { taskStatuses } from '../../dialer/tasks/life-cycle.ts'
import { windowPresets, type PlanWish } from '../../dialer/tasks/plan.ts'
import type { NumberRow, TaskDesk } from '../../dialer/tasks/task-desk.ts'
import { taskDefaults } from '../../dialer/tasks/task-settings.ts'
import type { WeekDay } from '../../dialer/tasks/windows.ts'
import { InvalidInputError } from '../../errors.ts'
import { action, jsonObject, requiredText, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'
import { addedOnWire, callOnWire, numberOnWire, progressOnWire, taskOnWire, zAdded, zCall, zNumber, zProgress, zTask } from './task-wire.ts'

const path = '/api/v1/tasks'
const one = `${path}/:task_id`
const needs = { key: true, version: false } as const
const params = z.object({ task_id: z.string().regex(/^\d{1,15}$/, { error: 'task_id 应为任务编号' }) })
const page = { offset: z.coerce.number({ error: 'offset 应为数字' }).int().min(0).default(0), limit: z.coerce.number({ error: 'limit 应为 1–1000' }).int().min(1).max(1_000).default(100) }
const success = z.literal(true)
const ok = { success: true as const }

function deskOf({ tasks }: StepOne): TaskDesk {
  if (tasks === undefined) throw new HttpError(404, 'path-not-found', '此服务没有任务')
  return tasks
}

const idOf = (request: { params: unknown }): string => (request.params as z.infer<typeof params>).task_id

const whole = (name: string, what: string) => z.number({ error: `${name} 应为数字` }).int({ error: `${name} 应为整数` }).optional().meta({ description: what })
const days = z.array(z.string({ error: '日期应为字符串' })).max(400).default([])
const daysSaid = 'days 为 1（星期一）到 7（星期日）'
const zWindows = jsonObject({
  week: z.array(z.object({ days: z.array(z.int({ error: daysSaid }).min(1, { error: daysSaid }).max(7, { error: daysSaid }), { error: daysSaid }), hours: z.string({ error: 'hours 写成 09:00-12:00,14:00-20:00' }).meta({ examples: ['09:00-12:00,14:00-20:00'] }) })).min(1, { error: 'week 至少写一项' }),
  holidays: z.enum(['china', 'none'], { error: 'holidays 为 china 或 none' }).default('none').meta({ description: 'china：法定节假日不拨打，调休上班的日子照星期一' }),
  closed_on: days.meta({ description: '另外不拨打的日期', examples: [['2026-12-31']] }),
  open_on: days.meta({ description: '另外照星期一拨打的日期' }),
})
const zRetry = jsonObject({
  attempts_max: z.int({ error: 'attempts_max 应为整数' }).meta({ description: '每个号码最多拨打几次，含第一次' }),
  rules: z.array(z.object({ outcomes: z.array(z.enum(outcomes, { error: 'outcomes 中有未知的呼叫结果' })), times: z.int(), gap_minutes: z.number(), other: z.enum(['caller']).optional().meta({ description: 'caller：换一个主叫号码' }) })).max(20),
})
const zPlan = jsonObject({
  preset: z.enum(Object.keys(windowPresets) as [keyof typeof windowPresets], { error: `preset 可用 ${Object.keys(windowPresets).join('、')}` }).optional().meta({ description: '平台的时段方案，代替 windows' }),
  windows: zWindows.optional().meta({ description: '可拨时段，按北京时间；真实线路不填为每天 09:00–12:00、14:00–20:00' }),
  retry: zRetry.optional().meta({ description: '重拨计划' }),
  concurrency_max: whole('concurrency_max', '同时进行的通话'),
  priority: whole('priority', '1–10：争用线路时的份额'),
  line: z.string().max(40).optional().meta({ description: '只走这条线路' }),
  callers: z.array(z.string().max(40)).max(100).optional().meta({ description: '轮流显示的主叫号码' }),
  people: z.object({ at_once: z.int({ error: 'at_once 应为整数' }), abandoned_share_max: z.number().default(0.03) }).optional().meta({ description: '接通后转给人工：同时能接的人数，以及接通却无人可接的比例上限；按最近的接通率决定同时拨多少' }),
  local_callers: z.boolean().optional().meta({ description: '优先显示与被叫同城、其次同省的主叫号码；手机归属需要 ATTRIBUTION_FILE' }),
  blind_areas: z.array(z.string().max(20)).max(400).optional().meta({ description: '不拨打的地区：区号、城市或省份' }),
  budget: z.number({ error: 'budget 应为金额' }).positive().optional().meta({ description: '最多花费，元' }),
  failures: z.object({ share_max: z.number(), attempts_min: z.int() }).nullable().optional().meta({ description: '失败率过高时自动停止；null：不停止' }),
  keeps_open: z.boolean().optional().meta({ description: '拨完后继续等待新号码' }),
})

function planOf(wire: z.output<typeof zPlan>): PlanWish {
  const { preset, windows, retry, line, callers, failures } = wire
  return {
    preset,
    windows: windows && { week: windows.week.map(({ days: on, hours }) => ({ days: on as WeekDay[], hours: hoursOf(hours) })), holidays: windows.holidays, closedOn: windows.closed_on, openOn: windows.open_on },
    retry: retry && { attemptsMax: retry.attempts_max, rules: retry.rules.map(({ outcomes: of, times, gap_minutes: gap, other }) => ({ outcomes: of, times, gapMs: gap * 60_000, other })) },
    concurrencyMax: wire.concurrency_max,
    priority: wire.priority,
    line,
    callers,
    people: wire.people && { people: wire.people.at_once, abandonedShareMax: wire.people.abandoned_share_max },
    localCallers: wire.local_callers,
    blindAreas: wire.blind_areas,
    budgetLi: wire.budget === undefined ? undefined : Math.round(wire.budget * 1_000),
    failures: failures && { shareMax: failures.share_max, attemptsMin: failures.attempts_min },
    keepsOpen: wire.keeps_open,
  }
}

function hoursOf(text: string): ReturnType<typeof parseHours> {
  try {
    return parseHours(text)
  } catch {
    throw new InvalidInputError('plan.windows', `时段 '${text.slice(0, 60)}' 有误：写成 09:00-12:00,14:00-20:00，在 08:00–22:00 之内`)
  }
}

export const create_task = action({
  method: 'POST',
  path,
  tag: '任务',
  summary: '新建外呼任务',
  description: '一个已发布的话术和一份计划。之后添加号码、启动。',
  needs,
  body: jsonObject({
    name: requiredText('name', '任务名称', taskDefaults.nameCharsMax),
    script: requiredText('script', '话术编号', 60).meta({ examples: ['notice'] }),
    script_version: whole('script_version', '话术版本，默认已发布的'),
    plan: zPlan.optional(),
  }),
  answer: z.object({ success, task: zTask }),
  async handle({ accountId, body }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).create(accountId, { name: body.name, script: body.script, version: body.script_version, plan: body.plan && planOf(body.plan) })) }
  },
})

export const add_task_numbers = action({
  method: 'POST',
  path: `${one}/numbers`,
  tag: '任务',
  summary: '添加号码',
  description: `每一行单独接受或拒绝，并逐行说明原因。一次最多 ${taskDefaults.rowsPerAddMax} 行，可多次添加，任务运行中也可以。带 Idempotency-Key 原样重发不会重复添加。`,
  needs,
  params,
  bodyBytesMax: 8 * 1024 * 1024,
  body: jsonObject({
    numbers: z
      .array(z.object({ phone: z.string({ error: 'phone 应为字符串' }).max(200), vars: z.record(z.string().max(60), z.string({ error: 'vars 的值应为字符串' }).max(2_000)).optional() }, { error: 'numbers 的每一项应为 {phone, vars}' }), { error: 'numbers 应为数组' })
      .min(1, { error: 'numbers 不能为空' })
      .max(taskDefaults.rowsPerAddMax, { error: `numbers 一次最多 ${taskDefaults.rowsPerAddMax} 行` })
      .meta({ examples: [[{ phone: '13800138000', vars: { name: '张伟' } }]] }),
  }),
  answer: zAdded,
  async handle({ accountId, body, request }, stepone) {
    const key = request.headers['idempotency-key']
    if (key !== undefined && (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))) throw new InvalidInputError('Idempotency-Key', '幂等键只能包含可见的 ASCII 字符，最多 255 个')
    return addedOnWire(await deskOf(stepone).addNumbers(accountId, idOf(request), body.numbers as NumberRow[], key))
  },
})

export const take_back_task_numbers = action({
  method: 'POST',
  path: `${one}/take_back`,
  tag: '任务',
  summary: '撤回号码',
  description: '还在等待的号码不再拨打；进行中和已完成的不受影响。',
  needs,
  params,
  body: jsonObject({ phones: requiredText('phones', '号码，多个用逗号分隔', 4_000) }),
  answer: z.object({ success, taken_back: z.int() }),
  async handle({ accountId, body, request }, stepone) {
    return { ...ok, taken_back: (await deskOf(stepone).takeBackNumbers(accountId, idOf(request), body.phones)).takenBack }
  },
})

const answer = z.object({ success, task: zTask })

export const start_task = action({
  method: 'POST',
  path: `${one}/start`,
  tag: '任务',
  summary: '启动任务',
  description: '立即或在 at 启动；暂停或停止的任务从原处继续。',
  needs,
  params,
  body: jsonObject({ at: z.iso.datetime({ offset: true, error: 'at 应为 ISO 8601 时间，如 2027-01-01T09:00:00+08:00' }).optional() }).nullish(),
  answer,
  async handle({ accountId, body, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).start(accountId, idOf(request), body?.at === undefined ? undefined : new Date(body.at))) }
  },
})

const stopBody = jsonObject({ hang_up: z.boolean({ error: 'hang_up 应为布尔' }).optional().meta({ description: '同时挂断进行中的通话；默认让它们打完' }) }).nullish()

export const pause_task = action({
  method: 'POST',
  path: `${one}/pause`,
  tag: '任务',
  summary: '暂停任务',
  description: '回答之后不再拨出任何号码；已排队未拨出的回到任务中。',
  needs,
  params,
  body: stopBody,
  answer,
  async handle({ accountId, body, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).pause(accountId, idOf(request), { hangUp: body?.hang_up })) }
  },
})

export const resume_task = action({
  method: 'POST',
  path: `${one}/resume`,
  tag: '任务',
  summary: '继续任务',
  needs,
  params,
  answer,
  async handle({ accountId, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).resume(accountId, idOf(request))) }
  },
})

export const cancel_task = action({
  method: 'POST',
  path: `${one}/cancel`,
  tag: '任务',
  summary: '取消任务',
  description: '不能恢复；回答之后不再拨出任何号码。',
  needs,
  params,
  body: stopBody,
  answer,
  async handle({ accountId, body, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).cancel(accountId, idOf(request), { hangUp: body?.hang_up })) }
  },
})

export const cancel_task_schedule = action({
  method: 'POST',
  path: `${one}/cancel_schedule`,
  tag: '任务',
  summary: '取消定时启动',
  needs,
  params,
  answer,
  async handle({ accountId, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).cancelSchedule(accountId, idOf(request))) }
  },
})

export const remove_task = action({
  method: 'DELETE',
  path: one,
  tag: '任务',
  summary: '删除任务',
  description: '只能删除未启动、已完成或已取消的任务；通话记录保留。',
  needs,
  params,
  answer: z.object({ success }),
  async handle({ accountId, request }, stepone) {
    await deskOf(stepone).remove(accountId, idOf(request))
    return ok
  },
})

export const list_tasks = action({
  method: 'GET',
  path,
  tag: '任务',
  summary: '任务列表',
  description: '新的在前。',
  needs,
  query: z.object({ status: z.enum(taskStatuses).optional(), name: z.string().max(100).optional().meta({ description: '名称中含有' }), ...page }),
  answer: z.object({ success, total: z.int(), tasks: z.array(zTask) }),
  async handle({ accountId, request }, stepone) {
    const { status, name, ...which } = request.query as { status?: (typeof taskStatuses)[number]; name?: string; offset: number; limit: number }
    const { total, items } = await deskOf(stepone).list(accountId, { status: status && [status], name }, which)
    return { ...ok, total, tasks: items.map(taskOnWire) }
  },
})

export const get_task = action({
  method: 'GET',
  path: one,
  tag: '任务',
  summary: '任务详情',
  needs,
  params,
  answer,
  async handle({ accountId, request }, stepone) {
    return { ...ok, task: taskOnWire(await deskOf(stepone).detail(accountId, idOf(request))) }
  },
})

export const task_progress = action({
  method: 'GET',
  path: `${one}/progress`,
  tag: '任务',
  summary: '任务进度',
  description: '计数、为什么在等、每分钟拨出多少、预计何时完成。',
  needs,
  params,
  answer: zProgress,
  async handle({ accountId, request }, stepone) {
    return progressOnWire(await deskOf(stepone).progress(accountId, idOf(request)))
  },
})

export const list_task_numbers = action({
  method: 'GET',
  path: `${one}/numbers`,
  tag: '任务',
  summary: '任务的号码',
  description: '按添加的先后。',
  needs,
  params,
  query: z.object({ state: z.enum(['waiting', 'calling', 'done', 'refused', 'taken-back']).optional(), outcome: z.enum(outcomes).optional(), phone: z.string().max(40).optional(), label: z.string().max(1).optional(), ...page }),
  answer: z.object({ success, total: z.int(), numbers: z.array(zNumber) }),
  async handle({ accountId, request }, stepone) {
    const { state, outcome, phone, label, ...which } = request.query as { state?: 'waiting'; outcome?: (typeof outcomes)[number]; phone?: string; label?: string; offset: number; limit: number }
    const { total, items } = await deskOf(stepone).numbers(accountId, idOf(request), { state: state && [state], outcome: outcome && [outcome], phone, label }, which)
    return { ...ok, total, numbers: items.map(numberOnWire) }
  },
})

export const list_task_calls = action({
  method: 'GET',
  path: `${one}/calls`,
  tag: '任务',
  summary: '任务的通话',
  description: '每次拨打一条，新的在前；详情用 search_callinfo。',
  needs,
  params,
  query: z.object({ phone: z.string().max(40).optional(), outcome: z.enum(outcomes).optional(), ...page }),
  answer: z.object({ success, total: z.int(), calls: z.array(zCall) }),
  async handle({ accountId, request }, stepone) {
    const { phone, outcome, ...which } = request.query as { phone?: string; outcome?: (typeof outcomes)[number]; offset: number; limit: number }
    const { total, items } = await deskOf(stepone).calls(accountId, idOf(request), { phone, outcome: outcome && [outcome] }, which)
    return { ...ok, total, calls: items.map(callOnWire) }
  },
})
