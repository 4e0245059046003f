// QueryRobotTaskCallDetail: the last call of a task to a callee, with what was said. Translates only.
import { epochMs } from '../china-time.ts'
import { operation } from '../operation.ts'
import { needed, text } from '../parameters.ts'
import { taskCallDetail } from './task-data.ts'
import { taskId } from './task-parameters.ts'
import { lastCallTo } from './told-call.ts'

export const QueryRobotTaskCallDetail = operation({
  summary: '查询任务里一个号码的通话和对话',
  perSecondMax: 100,
  parameters: {
    TaskId: needed(taskId),
    Callee: needed(text({ rule: '被叫号码', bytesMax: 64 })),
    QueryDate: needed(epochMs('毫秒时间戳：查找该时刻所在日（北京时间）零点以后的呼叫')),
  },
  answers: { Data: 'JSON 对象：QueryRobotTaskCallList 的各项，加 recordStatus（1 有录音，2 没有）、recordFile、dialogDetail（role：robot 或 custom、content、speakTime）；没有呼叫时为空串' },
  notes: ['有多次呼叫时为最后一次。recordFile 48 小时内有效。'],
  async handle({ TaskId, Callee, QueryDate }, context) {
    const found = await lastCallTo(context, { taskId: TaskId, callee: Callee, sinceMs: QueryDate })
    return { Data: found === undefined ? '' : JSON.stringify(taskCallDetail(found.told, found.recordFile)) }
  },
})
