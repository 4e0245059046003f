// StartRobotTask: starts a task now or at a set time, or goes on with one that was stopped. Translates only.
import { moment } from '../china-time.ts'
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { inItsState, robotTasksOf, taskId } from './task-parameters.ts'

export const StartRobotTask = operation({
  summary: '启动任务，立即或定时；也用于继续已停止的任务',
  perSecondMax: 100,
  parameters: {
    TaskId: needed(taskId),
    ScheduleTime: moment('yyyy-MM-dd HH:mm:ss，北京时间，须在可呼时段内；不填：立即'),
  },
  answers: { Data: '文字 true' },
  notes: ['任务已在运行、已取消或已完成时返回 isv.VOICE_CALL_FAIL；还没有号码时返回 isv.INVALID_PARAMETERS。立即启动而不在可呼时段时，任务等到时段开始。'],
  async handle({ TaskId, ScheduleTime }, context) {
    await inItsState(robotTasksOf(context).start(context.accountId, TaskId, ScheduleTime), 'isv.VOICE_CALL_FAIL')
    return { Data: 'true' }
  },
})
