// QueryRobotInfoList: the robots (scripts) of an account, by the state of their review. Translates only.
import { businessError } from '../errors.ts'
import { operation } from '../operation.ts'
import { text } from '../parameters.ts'
import { auditStatuses, auditStatusOf, robotInfo } from './task-data.ts'
import { robotTasksOf } from './task-parameters.ts'

export const QueryRobotInfoList = operation({
  summary: '查询机器人（话术）列表',
  perSecondMax: 100,
  parameters: { AuditStatus: text({ rule: `审核状态：${auditStatuses.join('、')}；不填：全部`, bytesMax: 40 }) },
  answers: { Data: 'JSON 数组：id（即 DialogId）、robotName、robotType、auditStatus、gmtCreate、gmtModified、partnerId、asrId、asrType、remark' },
  notes: ['已有发布版本的话术总是 AUDITPASS，即使正在修改。内置话术也在其中。AUDITFAIL 的 remark 是驳回原因。'],
  async handle({ AuditStatus }, context) {
    const wanted = auditStatuses.find((status) => status === AuditStatus)
    if (AuditStatus !== undefined && wanted === undefined) throw businessError('isv.INVALID_PARAMETERS', `AuditStatus 只能是 ${auditStatuses.join('、')}`)
    const robots = await robotTasksOf(context).robots(context.accountId)
    return { Data: JSON.stringify(robots.filter((robot) => wanted === undefined || auditStatusOf(robot) === wanted).map((robot) => robotInfo(robot, context.accountId))) }
  },
})
