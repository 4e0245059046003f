// Knows the states of a task and which wish leads where, as a table. Does not know storage or who wishes.
import { RefusedError } from '../../errors.ts'

export const taskStatuses = ['draft', 'scheduled', 'running', 'paused', 'stopped-by-system', 'out-of-money', 'cancelled', 'finished'] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** `add`, `remove`, `take-back` change no state; they are asked here whether they may be done. */
export type TaskWish = 'start' | 'schedule' | 'cancel-schedule' | 'pause' | 'resume' | 'cancel' | 'add' | 'take-back' | 'remove' | 'stop-by-system' | 'run-out-of-money' | 'finish'

const steps: Record<TaskStatus, Partial<Record<TaskWish, TaskStatus>>> = {
  draft: { start: 'running', schedule: 'scheduled', cancel: 'cancelled', add: 'draft', 'take-back': 'draft', remove: 'draft' },
  scheduled: { start: 'running', schedule: 'scheduled', 'cancel-schedule': 'draft', cancel: 'cancelled', add: 'scheduled', 'take-back': 'scheduled' },
  running: { pause: 'paused', cancel: 'cancelled', add: 'running', 'take-back': 'running', 'stop-by-system': 'stopped-by-system', 'run-out-of-money': 'out-of-money', finish: 'finished' },
  paused: { start: 'running', resume: 'running', schedule: 'scheduled', cancel: 'cancelled', add: 'paused', 'take-back': 'paused' },
  'stopped-by-system': { start: 'running', resume: 'running', schedule: 'scheduled', cancel: 'cancelled', add: 'stopped-by-system', 'take-back': 'stopped-by-system' },
  'out-of-money': { start: 'running', resume: 'running', pause: 'paused', cancel: 'cancelled', add: 'out-of-money', 'take-back': 'out-of-money', finish: 'finished' },
  cancelled: { remove: 'cancelled' },
  finished: { remove: 'finished' },
}

/** Undefined: not possible from there. */
export function taskStep(from: TaskStatus, wish: TaskWish): TaskStatus | undefined {
  return steps[from][wish]
}

/** In which states a wish can be met. */
export function statusesFor(wish: TaskWish): TaskStatus[] {
  return taskStatuses.filter((status) => steps[status][wish] !== undefined)
}

/** Errors: RefusedError 'not-possible' saying in which states it is. */
export function requireStep(from: TaskStatus, wish: TaskWish): TaskStatus {
  const to = taskStep(from, wish)
  if (to !== undefined) return to
  throw new RefusedError('not-possible', `任务现在是“${statusWords[from]}”，不能${wishWords[wish]}：只有“${statusesFor(wish).map((status) => statusWords[status]).join('、')}”的任务可以`)
}

export const statusWords: Record<TaskStatus, string> = {
  draft: '未启动',
  scheduled: '已定时',
  running: '进行中',
  paused: '已暂停',
  'stopped-by-system': '被系统停止',
  'out-of-money': '欠费停止',
  cancelled: '已取消',
  finished: '已完成',
}

const wishWords: Record<TaskWish, string> = {
  start: '启动',
  schedule: '定时启动',
  'cancel-schedule': '取消定时',
  pause: '暂停',
  resume: '继续',
  cancel: '取消',
  add: '添加号码',
  'take-back': '撤回号码',
  remove: '删除',
  'stop-by-system': '停止',
  'run-out-of-money': '停止',
  finish: '结束',
}
