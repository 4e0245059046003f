// QueryRobotTaskCallList: the calls of a task, latest first. Translates only.
import { businessError } from '../errors.ts'
import { operation } from '../operation.ts'
import { integer, needed, text } from '../parameters.ts'
import { outcomesOf } from '../status-codes.ts'
import { callListEntry } from './task-data.ts'
import { pageAnswer, pageAnswers, pageOf, pageParameters, robotTasksOf, taskIdText } from './task-parameters.ts'

const callResults = ['200002', '200005', '200010', '200011', '200012'] as const
const count = (rule: string) => integer({ min: 0, max: 1_000_000, or: undefined, outside: 'refused', rule })

export const QueryRobotTaskCallList = operation({
  summary: '查询任务的通话列表，一次呼叫一条',
  perSecondMax: 100,
  parameters: {
    TaskId: needed(taskIdText),
    Called: text({ rule: '被叫号码', bytesMax: 64 }),
    CallResult: text({ rule: `呼叫结果：${callResults.join('、')}`, bytesMax: 10 }),
    DialogCountFrom: count('对话轮次不少于'),
    DialogCountTo: count('对话轮次不多于'),
    DurationFrom: count('通话秒数不少于'),
    DurationTo: count('通话秒数不多于'),
    HangupDirection: integer({ min: 0, max: 1, or: undefined, outside: 'refused', rule: '挂机方：0 被叫，1 机器人' }),
    ...pageParameters,
  },
  answers: {
    Data: 'JSON 数组，值都是文字：taskId、caller、called、duration、label、dialogCount、callResult、hangupDirection、transferResult、transferNumber、transferFailReason、callId、recallCurTimes、callStartTime、callEndTime、sureCount、denyCount、rejectCount、customCount、knowledgeCount、defaultCount、knowledgeBusinessCount、knowledgeCommonCount',
    ...pageAnswers,
  },
  notes: ['只含已经结束的呼叫；同一号码的每次重呼各一条，recallCurTimes 为第几次重呼（首次为 0）。'],
  async handle({ TaskId, Called, CallResult, DialogCountFrom, DialogCountTo, DurationFrom, DurationTo, HangupDirection, ...page }, context) {
    if (CallResult !== undefined && !callResults.some((code) => code === CallResult)) throw businessError('isv.INVALID_PARAMETERS', `CallResult 只能是 ${callResults.join('、')}`)
    const { accountId } = context
    const tasks = robotTasksOf(context)
    const task = await tasks.tasks.detail(accountId, TaskId)
    const { total, items } = await tasks.tasks.calls(accountId, TaskId, {
      ended: true,
      phone: Called,
      outcome: CallResult === undefined ? undefined : outcomesOf(CallResult),
      turnsMin: DialogCountFrom,
      turnsMax: DialogCountTo,
      // Seconds that have begun count, as they are told.
      talkMsMin: DurationFrom === undefined || DurationFrom === 0 ? undefined : (DurationFrom - 1) * 1_000 + 1,
      talkMsMax: DurationTo === undefined ? undefined : DurationTo * 1_000,
      endedBy: HangupDirection === undefined ? undefined : HangupDirection === 0 ? ['callee', 'network'] : ['robot', 'user', 'platform', 'colleague'],
    }, pageOf(page))
    const [talks, script] = await Promise.all([tasks.talks(items, 'counts'), tasks.scriptOf(task)])
    return { Data: JSON.stringify(items.map((call) => callListEntry({ call, talk: talks.get(call.id)!, task, script }))), ...pageAnswer(page, total) }
  },
})
