// QueryRobotTaskDetail: one task. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { taskDetail } from './task-data.ts'
import { robotTasksOf, taskId } from './task-parameters.ts'

export const QueryRobotTaskDetail = operation({
  summary: '查询一个任务',
  perSecondMax: 100,
  parameters: { Id: needed(taskId) },
  answers: { Data: 'JSON 对象：id、taskName、robotId、robotName、corpName、caller、numberStatusIdent、status、scheduleType、retryType、recallStateCodes、recallTimes、recallInterval、createTime、fireTime、completeTime、called' },
  notes: ['called 总是空数组：号码以列表添加，没有文件。'],
  async handle({ Id }, context) {
    return { Data: JSON.stringify(taskDetail(await robotTasksOf(context).tasks.detail(context.accountId, Id))) }
  },
})
