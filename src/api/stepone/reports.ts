// GET reports and reports/:name: figures over the calls of an account, as JSON or CSV. Translates only; src/reports decides what is counted.
import { z } from 'zod'
import { reports } from '../../reports/index.ts'
import type { Report } from '../../reports/report.ts'
import { reportCsv, reportLimits, type ReportDesk, type ReportWish } from '../../reports/run-report.ts'
import { action, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = '/api/v1/reports'
const needs = { key: true, version: false } as const
const title = z.object({ zh: z.string(), en: z.string() })
const column = z.object({
  name: z.string(),
  title: z.string(),
  kind: z.enum(['text', 'count', 'share', 'seconds', 'li']).meta({ description: 'share：0–1；li：厘（0.001 元）' }),
  help: z.string().meta({ description: '口径：统计什么、分母是什么' }),
})

function deskOf({ reports: desk }: StepOne): ReportDesk {
  if (desk === undefined) throw new HttpError(404, 'path-not-found', '此服务没有报表')
  return desk
}

export const list_reports = action({
  method: 'GET',
  path,
  tag: '报表',
  summary: '有哪些报表',
  description: '每个报表的列都写明口径和分母。',
  needs,
  answer: z.object({ success: z.literal(true), reports: z.array(z.object({ name: z.string(), title, about: z.string(), columns: z.array(column) })) }),
  handle(_input, stepone) {
    deskOf(stepone)
    return Promise.resolve({ success: true as const, reports: Object.entries<Report>(reports).map(([name, report]) => ({ name, title: report.title, about: report.about, columns: report.columns.map((one) => ({ ...one })) })) })
  },
})

export const report = action({
  method: 'GET',
  path: `${path}/:name`,
  tag: '报表',
  summary: '查看报表',
  description: `按北京时间的日期，默认最近 ${reportLimits.daysByDefault} 天，一次最多 ${reportLimits.daysMax} 天；指明任务时默认是任务的全部时间。format=csv 下载表格。`,
  needs,
  params: z.object({ name: z.string().max(40).meta({ description: Object.keys(reports).join('、') }) }),
  query: z.object({
    from: z.string().max(20).optional().meta({ description: '从这一天，如 2026-03-01' }),
    to: z.string().max(20).optional().meta({ description: '到这一天（含）' }),
    task: z.string().max(20).optional().meta({ description: '只看这个任务的通话' }),
    script: z.string().max(60).optional().meta({ description: '只看用这个话术的通话' }),
    format: z.enum(['json', 'csv'], { error: 'format 应为 json 或 csv' }).default('json'),
  }),
  answer: z.object({
    success: z.literal(true),
    name: z.string(),
    title,
    about: z.string(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    columns: z.array(column),
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
    cut: z.boolean().meta({ description: '还有更多行没有返回' }),
  }),
  async handle({ accountId, request, reply }, stepone) {
    const { name } = request.params as { name: string }
    const { format, ...wish } = request.query as ReportWish & { format: 'json' | 'csv' }
    const answer = await deskOf(stepone).run(accountId, name, wish)
    if (format === 'csv') return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`).send(reportCsv(answer))
    return { success: true as const, ...answer, from: answer.from ?? null, to: answer.to ?? null, columns: answer.columns.map((one) => ({ ...one })) }
  },
})
