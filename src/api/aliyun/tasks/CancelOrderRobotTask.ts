// CancelOrderRobotTask: takes back a start that was set for later. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { inItsState, robotTasksOf, taskId } from './task-parameters.ts'

export const CancelOrderRobotTask = operation({
  summary: '取消定时，任务回到未启动',
  perSecondMax: 100,
  parameters: { TaskId: needed(taskId) },
  answers: { Data: '文字 true' },
  notes: ['任务没有定时时返回 isv.INVALID_PARAMETERS。'],
  async handle({ TaskId }, context) {
    await inItsState(robotTasksOf(context).tasks.cancelSchedule(context.accountId, TaskId))
    return { Data: 'true' }
  },
})
