// Lists of numbers for tasks over HTTP: upload in parts, preview, start, progress, refused rows, results, templates. Translates only; the import desk decides.
import { Readable } from 'node:stream'
import { z } from 'zod'
import { importLimits, type ImportDesk, type ImportRecord, type ImportWish } from '../../dialer/lists/import-desk.ts'
import { encodings } from '../../tables/encoding.ts'
import { action, jsonObject, requiredText, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const ofTask = '/api/v1/tasks/:task_id'
const one = '/api/v1/task_imports/:import_id'
const needs = { key: true, version: false } as const
const taskParams = z.object({ task_id: z.string().regex(/^\d{1,15}$/, { error: 'task_id 应为任务编号' }) })
const importParams = z.object({ import_id: z.string().regex(/^imp_[0-9a-z]{1,40}$/, { error: 'import_id 格式不对' }) })
const success = z.literal(true)

function deskOf({ imports }: StepOne): ImportDesk {
  if (imports === undefined) throw new HttpError(404, 'path-not-found', '此服务不导入号码')
  return imports
}

const importShape = z.object({
  import_id: z.string(),
  task_id: z.string(),
  file_name: z.string(),
  status: z.enum(['uploading', 'waiting', 'running', 'done', 'failed', 'cancelled']),
  bytes: z.int().meta({ description: '已收到的文件字节数；从这里继续上传' }),
  progress: z.number().meta({ description: '已读完文件的比例，0–1' }),
  seconds_left: z.int().nullable(),
  row: z.int().meta({ description: '已处理到第几行' }),
  added: z.int(),
  refused: z.int().meta({ description: '没有添加的行数，逐行原因见 /refused' }),
  why: z.string().nullable().meta({ description: '失败的原因' }),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
})

function shown(record: ImportRecord): z.infer<typeof importShape> {
  return {
    import_id: record.id, task_id: record.taskId, file_name: record.fileName, status: record.status, bytes: record.bytes, progress: Math.round(record.share * 1_000) / 1_000, seconds_left: record.secondsLeft ?? null,
    row: record.rowDone, added: record.added, refused: record.refused, why: record.why, created_at: record.createdAt.toISOString(), started_at: record.startedAt?.toISOString() ?? null, finished_at: record.finishedAt?.toISOString() ?? null,
  }
}

const columnOrVariable = z.record(z.string().max(60), z.string().max(500))
const wish = jsonObject({
  map: columnOrVariable.optional().meta({ description: '列的对应：phone 或变量名 → 表头，或列字母（B）。不填则按表头识别；空串表示没有这一列', examples: [{ phone: '手机号', name: 'C' }] }),
  values: columnOrVariable.optional().meta({ description: '对所有号码都一样的变量', examples: [{ org: '阳光物业' }] }),
  encoding: z.string().max(20).optional().meta({ description: `CSV 的编码，不填则自动识别：${encodings.join('、')}` }),
  separator: z.string().max(2).optional().meta({ description: 'CSV 的分隔符，不填则自动识别' }),
  sheet: z.string().max(60).optional().meta({ description: 'Excel 的工作表名或序号，默认第一个' }),
})

export const create_task_import = action({
  method: 'POST',
  path: `${ofTask}/imports`,
  tag: '任务',
  summary: '新建号码导入',
  description: '之后用 PUT …/file 上传 CSV 或 .xlsx，再预览、开始。任务运行中也可以追加号码。',
  needs,
  params: taskParams,
  body: jsonObject({ file_name: requiredText('file_name', '文件名，只用于显示', importLimits.nameCharsMax) }),
  answer: importShape.extend({ success }),
  async handle({ accountId, body, request }, stepone) {
    const { task_id: task } = request.params as z.infer<typeof taskParams>
    return { success: true as const, ...shown(await deskOf(stepone).create(accountId, task, body.file_name)) }
  },
})

export const upload_task_import = action({
  method: 'PUT',
  path: `${one}/file`,
  tag: '任务',
  summary: '上传文件（可分段）',
  description: `请求体是文件的原始字节，接在已有的 start 个字节之后；一次请求须在 15 秒内发完，大文件分段上传（每段几 MB），断线后从回答或查询到的 bytes 继续。文件最大 ${importLimits.fileBytesMax / 1024 / 1024} MB。`,
  needs,
  params: importParams,
  query: z.object({ start: z.coerce.number({ error: 'start 应为数字' }).int().min(0).max(importLimits.fileBytesMax).default(0).meta({ description: '这一段从文件的第几个字节开始' }) }),
  bytes: true,
  bodyBytesMax: importLimits.fileBytesMax,
  answer: z.object({ success, bytes: z.int().meta({ description: '文件现在有多少字节' }) }),
  async handle({ accountId, request }, stepone) {
    const { import_id: id } = request.params as z.infer<typeof importParams>
    const body = request.body as AsyncIterable<Uint8Array> | undefined
    return { success: true as const, ...(await deskOf(stepone).append(accountId, id, (request.query as { start: number }).start, body ?? Readable.from([]))) }
  },
})

export const preview_task_import = action({
  method: 'POST',
  path: `${one}/preview`,
  tag: '任务',
  summary: '预览前几行',
  description: '各列会成为什么、前几行会变成什么号码和变量，不添加任何号码。',
  needs,
  params: importParams,
  body: wish,
  answer: z.object({
    success,
    kind: z.enum(['csv', 'xlsx']),
    read: z.record(z.string(), z.unknown()).meta({ description: 'CSV：encoding、separator；Excel：sheet、sheets' }),
    columns: z.array(z.object({ column: z.string(), header: z.string(), becomes: z.string().nullable() })),
    rows: z.array(z.object({ row: z.int(), phone: z.string(), vars: z.record(z.string(), z.string()), refused: z.string().nullable() })),
  }),
  async handle({ accountId, body, request }, stepone) {
    const { import_id: id } = request.params as z.infer<typeof importParams>
    const preview = await deskOf(stepone).preview(accountId, id, body satisfies ImportWish)
    return {
      success: true as const, ...preview, read: { ...preview.read },
      columns: preview.columns.map((column) => ({ ...column, becomes: column.becomes ?? null })), rows: preview.rows.map((row) => ({ ...row, refused: row.refused ?? null })),
    }
  },
})

export const start_task_import = action({
  method: 'POST',
  path: `${one}/start`,
  tag: '任务',
  summary: '开始导入',
  description: '文件已传完，开始逐行添加。进度用 GET 查询；服务重启后自动从断点继续，不会重复添加。',
  needs,
  params: importParams,
  body: wish,
  answer: importShape.extend({ success }),
  async handle({ accountId, body, request }, stepone) {
    const { import_id: id } = request.params as z.infer<typeof importParams>
    return { success: true as const, ...shown(await deskOf(stepone).start(accountId, id, body satisfies ImportWish)) }
  },
})

export const task_import = action({
  method: 'GET',
  path: one,
  tag: '任务',
  summary: '导入的进度',
  needs,
  params: importParams,
  answer: importShape.extend({ success }),
  async handle({ accountId, request }, stepone) {
    return { success: true as const, ...shown(await deskOf(stepone).detail(accountId, (request.params as z.infer<typeof importParams>).import_id)) }
  },
})

export const cancel_task_import = action({
  method: 'DELETE',
  path: one,
  tag: '任务',
  summary: '取消导入',
  description: '已经添加的号码保留。',
  needs,
  params: importParams,
  answer: importShape.extend({ success }),
  async handle({ accountId, request }, stepone) {
    return { success: true as const, ...shown(await deskOf(stepone).cancel(accountId, (request.params as z.infer<typeof importParams>).import_id)) }
  },
})

export const list_task_imports = action({
  method: 'GET',
  path: `${ofTask}/imports`,
  tag: '任务',
  summary: '任务的导入记录',
  needs,
  params: taskParams,
  answer: z.object({ success, imports: z.array(importShape) }),
  async handle({ accountId, request }, stepone) {
    return { success: true as const, imports: (await deskOf(stepone).list(accountId, (request.params as z.infer<typeof taskParams>).task_id)).map(shown) }
  },
})

export const task_import_refused = action({
  method: 'GET',
  path: `${one}/refused`,
  tag: '任务',
  summary: '没有添加的行',
  description: '每行：行号、号码、代码、原因。改好后可以再导入一次：已添加的号码不会重复。',
  needs,
  params: importParams,
  writes: 'text/csv',
  async handle({ accountId, request, reply }, stepone) {
    const { import_id: id } = request.params as z.infer<typeof importParams>
    const csv = await deskOf(stepone).refused(accountId, id)
    return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${id}-refused.csv"`).send(Readable.from(csv))
  },
})

export const task_results = action({
  method: 'GET',
  path: `${ofTask}/results`,
  tag: '任务',
  summary: '导出任务结果',
  description: '所有号码、变量和呼叫结果，CSV。',
  needs,
  params: taskParams,
  writes: 'text/csv',
  async handle({ accountId, request, reply }, stepone) {
    const { task_id: task } = request.params as z.infer<typeof taskParams>
    const csv = await deskOf(stepone).results(accountId, task)
    return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="task-${task}.csv"`).send(Readable.from(csv))
  },
})

export const list_template = action({
  method: 'GET',
  path: '/api/v1/list_templates/:script',
  tag: '任务',
  summary: '下载名单模板',
  description: '话术需要的列都在表头里；.xlsx 的单元格都是文本格式，号码不会被改写。',
  needs,
  params: z.object({ script: z.string().regex(/^[a-z][a-z0-9-]{1,59}$/, { error: 'script 应为话术编号' }) }),
  query: z.object({ format: z.enum(['xlsx', 'csv'], { error: 'format 应为 xlsx 或 csv' }).default('xlsx') }),
  writes: 'application/octet-stream',
  async handle({ accountId, request, reply }, stepone) {
    const { script } = request.params as { script: string }
    const { format } = request.query as { format: 'xlsx' | 'csv' }
    const bytes = await deskOf(stepone).template(accountId, script, format)
    const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
    return reply.type(type).header('content-disposition', `attachment; filename="${script}.${format}"`).send(bytes)
  },
})
