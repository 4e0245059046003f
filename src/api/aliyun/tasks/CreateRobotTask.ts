// CreateRobotTask: a task of a robot, without numbers yet. Translates only.
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { readRecall, recallParameters, retryOf } from './recall.ts'
import type { RememberedTask } from './task-data.ts'
import { checkedName, companyOf, companyParameters, dialogId, inItsState, robotTasksOf, showNumbers, taskName } from './task-parameters.ts'

export const CreateRobotTask = operation({
  summary: '创建机器人外呼任务',
  perSecondMax: 100,
  parameters: {
    TaskName: taskName,
    DialogId: dialogId,
    Caller: showNumbers,
    NumberStatusIdent: flag({ or: false, does: 'differs', rule: '默认 false；true：回执带 early_media_code。提示音总会被识别并用于判断结果' }),
    ...recallParameters,
    ...companyParameters,
  },
  answers: { Data: '任务编号，文字' },
  notes: ['任务一创建就定下话术的当前发布版本；之后发布的版本用于新的任务。', '之后用 UploadRobotTaskCalledFile 添加号码，用 StartRobotTask 启动。'],
  async handle(p, context) {
    const recall = readRecall(p)
    const remembered: RememberedTask = {
      corpName: p.CorpName ?? '', caller: p.Caller.join(','), retryType: recall === undefined ? 0 : 1,
      ...(recall && { recallStateCodes: recall.codes.join(','), recallTimes: recall.times, recallInterval: recall.intervalMin }),
    }
    const order = { name: checkedName(p.TaskName), robot: p.DialogId, company: companyOf(p), callers: p.Caller, retry: retryOf(recall), earlyMedia: p.NumberStatusIdent, remembered }
    return { Data: (await inItsState(robotTasksOf(context).create(context.accountId, order))).id }
  },
})
