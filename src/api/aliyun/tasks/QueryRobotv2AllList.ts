// QueryRobotv2AllList: the robots (scripts) that calls can use. Translates only.
import { operation } from '../operation.ts'
import { robotTasksOf } from './task-parameters.ts'

export const QueryRobotv2AllList = operation({
  summary: '查询全部可用的机器人（话术）',
  perSecondMax: 100,
  parameters: {},
  answers: { Data: 'JSON 数组：id（即 DialogId）、robotName、robotType' },
  notes: ['只含已发布的话术。'],
  async handle(_parameters, context) {
    const robots = await robotTasksOf(context).robots(context.accountId)
    return { Data: JSON.stringify(robots.filter(({ published }) => published !== undefined).map(({ number, title }) => ({ id: number, robotName: title, robotType: 'CUSTOM' }))) }
  },
})
