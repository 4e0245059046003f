// Knows the published names of the states a task can be in, and which of our own each stands for. Does not know what moves a task from one to the next.
import type { TaskStatus } from '../../../dialer/tasks/life-cycle.ts'

/** Spelt as published. DISPATCH and SYSTEM_CANCEL are states that no task of ours is ever in. */
export const wireStatuses = ['INIT', 'READY', 'DISPATCH', 'EXCUTING', 'MANUAL_STOP', 'SYSTEM_STOP', 'ARREARS_STOP', 'CANCEL', 'SYSTEM_CANCEL', 'FINISH'] as const
export type WireStatus = (typeof wireStatuses)[number]

const byStatus = {
  draft: 'INIT',
  scheduled: 'READY',
  running: 'EXCUTING',
  paused: 'MANUAL_STOP',
  'stopped-by-system': 'SYSTEM_STOP',
  'out-of-money': 'ARREARS_STOP',
  cancelled: 'CANCEL',
  finished: 'FINISH',
} as const satisfies Record<TaskStatus, WireStatus>

export function wireStatusOf(status: TaskStatus): WireStatus {
  return byStatus[status]
}

/** Undefined: no task is ever in it. */
export function statusOfWire(wire: WireStatus): TaskStatus | undefined {
  return (Object.keys(byStatus) as TaskStatus[]).find((status) => byStatus[status] === wire)
}
