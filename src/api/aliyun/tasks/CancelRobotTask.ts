// CancelRobotTask: ends a task for good. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { inItsState, robotTasksOf, taskId } from './task-parameters.ts'

export const CancelRobotTask = operation({
  summary: '取消任务，不能再启动',
  perSecondMax: 100,
  parameters: { TaskId: needed(taskId) },
  answers: { Data: '文字 true' },
  notes: ['返回后不再拨打新的号码，进行中的通话继续到结束。任务已结束时返回 isv.INVALID_PARAMETERS。'],
  async handle({ TaskId }, context) {
    await inItsState(robotTasksOf(context).tasks.cancel(context.accountId, TaskId))
    return { Data: 'true' }
  },
})
