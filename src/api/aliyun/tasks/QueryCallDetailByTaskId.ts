// QueryCallDetailByTaskId: the record of the last call of a task to a callee. Translates only.
import { epochMs } from '../china-time.ts'
import { operation } from '../operation.ts'
import { needed, text } from '../parameters.ts'
import { callDetailByTask } from './task-data.ts'
import { taskIdText } from './task-parameters.ts'
import { lastCallTo } from './told-call.ts'

export const QueryCallDetailByTaskId = operation({
  summary: '查询任务里一个号码的话单和对话',
  perSecondMax: 100,
  parameters: {
    TaskId: needed(taskIdText),
    Callee: needed(text({ rule: '一个被叫号码', bytesMax: 64 })),
    QueryDate: needed(epochMs('任务开始的毫秒时间戳：查找该时刻所在日（北京时间）零点以后的呼叫')),
  },
  answers: {
    Data: 'JSON 对象：callId、callee、calleeShowNumber、startDate、endDate、gmtCreate、duration、state（同 statusCode）、stateDesc、hangupDirection、tags、dialogCount、sureCount、denyCount、rejectCount、customCount、knowledgeCount、defaultCount、knowledgeCommonCount、knowledgeBusinessCount、recordStatus、recordFile、dialogDetail（role、content、startTime，同 time）；没有呼叫时为空串',
  },
  notes: ['有多次呼叫时为最后一次；正在进行的呼叫 state 为空串。tags 是话术给这通电话的标签，以逗号分隔。recordFile 48 小时内有效。'],
  async handle({ TaskId, Callee, QueryDate }, context) {
    const found = await lastCallTo(context, { taskId: TaskId, callee: Callee, sinceMs: QueryDate })
    return { Data: found === undefined ? '' : JSON.stringify(callDetailByTask(found.told, found.recordFile)) }
  },
})
