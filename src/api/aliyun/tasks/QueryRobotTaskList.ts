// QueryRobotTaskList: the tasks of an account, newest first. Translates only.
import { businessError } from '../errors.ts'
import { day } from '../china-time.ts'
import { operation } from '../operation.ts'
import { text } from '../parameters.ts'
import { taskListEntry } from './task-data.ts'
import { pageAnswer, pageAnswers, pageOf, pageParameters, robotTasksOf } from './task-parameters.ts'
import { statusOfWire, wireStatuses } from './task-status.ts'

export const QueryRobotTaskList = operation({
  summary: '查询任务列表',
  perSecondMax: 100,
  parameters: {
    TaskName: text({ rule: '名称中的一部分', bytesMax: 120 }),
    Status: text({ rule: `任务状态：${wireStatuses.join('、')}（EXCUTING 为公布的拼写）`, bytesMax: 40 }),
    Time: day('创建日期 yyyy-MM-dd，北京时间'),
    ...pageParameters,
  },
  answers: { Data: 'JSON 数组：id、taskName、robotId、robotName、status、scheduleType、createTime、completeTime、fireTime、totalCount、finishCount', ...pageAnswers },
  notes: ['没有任务处于 DISPATCH 或 SYSTEM_CANCEL。'],
  async handle({ TaskName, Status, Time, ...page }, context) {
    const wire = wireStatuses.find((status) => status === Status)
    if (Status !== undefined && wire === undefined) throw businessError('isv.INVALID_PARAMETERS', `Status 只能是 ${wireStatuses.join('、')}`)
    const status = wire && statusOfWire(wire)
    const filter = { name: TaskName, createdFrom: Time?.from, createdBefore: Time?.before, ...(wire !== undefined && { status: status === undefined ? [] : [status] }) }
    const { total, items } = await robotTasksOf(context).tasks.list(context.accountId, filter, pageOf(page))
    return { Data: JSON.stringify(items.map(taskListEntry)), ...pageAnswer(page, total) }
  },
})
