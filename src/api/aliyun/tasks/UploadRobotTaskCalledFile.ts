// UploadRobotTaskCalledFile: adds numbers with their variables to a task. Translates only.
import { operation } from '../operation.ts'
import { needed } from '../parameters.ts'
import { calledNumbers, inItsState, robotTasksOf, taskId } from './task-parameters.ts'
import { numberRows, ttsParam, ttsParamHead } from './tts-values.ts'

export const UploadRobotTaskCalledFile = operation({
  summary: '向任务添加号码和变量',
  perSecondMax: 100,
  parameters: {
    Id: needed(taskId),
    CalledNumber: calledNumbers({ countMax: 50_000, tooMany: 'isv.MOBILE_COUNT_OVER_LIMIT', rule: '中国大陆号码，以逗号分隔；一次最多 50000 个、请求最大 1 MB，一个任务可分多次共 300000 个；已在任务里的不重复添加' }),
    TtsParamHead: ttsParamHead,
    TtsParam: ttsParam,
  },
  answers: { Data: '任务编号，文字' },
  notes: ['运行中的任务也可以添加。任何一个号码或变量有误时返回错误，其余有效的号码已经加入；改正后重发不会重复。'],
  async handle({ Id, CalledNumber, TtsParamHead, TtsParam }, context) {
    await inItsState(robotTasksOf(context).add(context.accountId, Id, numberRows(CalledNumber, TtsParamHead, TtsParam)))
    return { Data: Id }
  },
})
