// StopRobotTask: pauses a task; StartRobotTask goes on with it. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { inItsState, robotTasksOf, taskId } from './task-parameters.ts'

export const StopRobotTask = operation({
  summary: '暂停任务',
  perSecondMax: 100,
  parameters: { TaskId: needed(taskId) },
  answers: { Data: '文字 true' },
  notes: ['返回后不再拨打新的号码，进行中的通话继续到结束。任务不在运行时返回 isv.INVALID_PARAMETERS。'],
  async handle({ TaskId }, context) {
    await inItsState(robotTasksOf(context).tasks.pause(context.accountId, TaskId))
    return { Data: 'true' }
  },
})
