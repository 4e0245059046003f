// Knows which call of a task a client asks about by callee and day. Does not know how it is told.
import { chinaDayStart } from '../../../dialer/tasks/windows.ts'
import type { Context } from '../operation.ts'
import type { ToldCall } from './task-data.ts'
import { robotTasksOf } from './task-parameters.ts'

/** The last call to the callee, of those since the beginning of the day that holds `since`. Undefined: none yet. Errors: those of TaskDesk. */
export async function lastCallTo(context: Context, p: { taskId: string; callee: string; sinceMs: number }): Promise<{ told: ToldCall; recordFile: string | undefined } | undefined> {
  const { accountId } = context
  const tasks = robotTasksOf(context)
  const task = await tasks.tasks.detail(accountId, p.taskId)
  const [call] = (await tasks.tasks.calls(accountId, p.taskId, { phone: p.callee }, { limit: 1 })).items
  if (call === undefined || call.createdAt.getTime() < chinaDayStart(p.sinceMs)) return undefined
  const [talks, script] = await Promise.all([tasks.talks([call], 'words'), tasks.scriptOf(task)])
  const recordFile = context.recordFile?.({ accountId, callId: call.id, recording: call.recording }, context.origin)
  return { told: { call, talk: talks.get(call.id)!, task, script }, recordFile }
}
