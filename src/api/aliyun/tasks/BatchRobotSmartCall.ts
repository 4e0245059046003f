// BatchRobotSmartCall: a robot calls up to a thousand callees, now or at a set time. Translates only.
import { missing } from '../errors.ts'
import { epochMs } from '../china-time.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { retryOf } from './recall.ts'
import type { RememberedTask } from './task-data.ts'
import { calledNumbers, checkedName, companyOf, companyParameters, dialogId, inItsState, robotTasksOf, showNumbers, taskName } from './task-parameters.ts'
import { numberRows, ttsParam, ttsParamHead } from './tts-values.ts'

export const BatchRobotSmartCall = operation({
  summary: '机器人向最多 1000 个号码外呼，立即或定时',
  perSecondMax: 100,
  parameters: {
    CalledNumber: calledNumbers({ countMax: 1_000, tooMany: 'isv.VOICE_ROBOT_CALLEE_LIMIT', rule: '1–1000 个中国大陆号码，以逗号分隔；重复的只呼一次' }),
    CalledShowNumber: showNumbers,
    DialogId: { ...dialogId, type: 'String' },
    TaskName: taskName,
    ...companyParameters,
    EarlyMediaAsr: flag({ or: false, does: 'differs', rule: '默认 false；true：回执带 early_media_code。提示音总会被识别并用于判断结果' }),
    ScheduleCall: flag({ or: false, rule: '默认 false；true：按 ScheduleTime 定时' }),
    ScheduleTime: epochMs('毫秒时间戳；ScheduleCall 为 true 时必填，须在可呼时段内'),
    TtsParamHead: ttsParamHead,
    TtsParam: ttsParam,
  },
  answers: { TaskId: '任务编号' },
  notes: [
    '全部接受或全部拒绝：任何一个号码或变量有误时什么也不会拨打。在免打扰名单中的号码不拨打，其余照常。',
    'TtsParamHead 里的名称是话术的变量名；话术的变量 org 未给出时为账户登记的公司名称。',
    '不重呼。结果用 QueryRobotTaskCallList、QueryCallDetailByTaskId 查询。',
  ],
  async handle(p, context) {
    const rows = numberRows(p.CalledNumber, p.TtsParamHead, p.TtsParam)
    if (p.ScheduleCall && p.ScheduleTime === undefined) throw missing('ScheduleTime')
    const company = companyOf(p)
    const remembered: RememberedTask = { corpName: p.CorpName ?? '', caller: p.CalledShowNumber.join(','), retryType: 0 }
    const order = { name: checkedName(p.TaskName), robot: p.DialogId, company, callers: p.CalledShowNumber, retry: retryOf(undefined), earlyMedia: p.EarlyMediaAsr, remembered }
    const { id } = await inItsState(robotTasksOf(context).batch(context.accountId, order, rows, p.ScheduleCall ? new Date(p.ScheduleTime!) : undefined))
    return { TaskId: id }
  },
})
