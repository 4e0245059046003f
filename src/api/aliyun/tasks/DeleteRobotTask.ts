// DeleteRobotTask: takes a task off the list. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { inItsState, robotTasksOf, taskId } from './task-parameters.ts'

export const DeleteRobotTask = operation({
  summary: '删除未启动、已完成或已取消的任务',
  perSecondMax: 100,
  parameters: { TaskId: needed(taskId) },
  answers: { Data: '文字 true' },
  notes: ['其他状态的任务返回 isv.INVALID_PARAMETERS。已有的通话记录仍可用 QueryCallDetailByCallId 查询。'],
  async handle({ TaskId }, context) {
    await inItsState(robotTasksOf(context).tasks.remove(context.accountId, TaskId))
    return { Data: 'true' }
  },
})
