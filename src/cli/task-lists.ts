// The commands about lists of numbers for tasks: import with progress, preview, results, templates. Does not know the database.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from 'citty'
import { DiskFile } from '../tables/table-file.ts'
import { CliError, type ApiClient } from './api-client.ts'
import { repeated, varsOf } from './call.ts'
import { cliClient, cliConfig } from './context.ts'

const id = { type: 'positional', required: true, description: '任务编号 task_id' } as const
const client = (): ApiClient => cliClient(cliConfig())

/** One part of a file: far below what a request may take, even over slow lines. */
const partBytes = 4 * 1024 * 1024
const pollMs = 300

type Import = { import_id: string; status: string; bytes: number; progress: number; seconds_left: number | null; row: number; added: number; refused: number; why: string | null }
type Preview = { kind: string; read: Record<string, unknown>; columns: { column: string; header: string; becomes: string | null }[]; rows: { row: number; phone: string; vars: Record<string, string>; refused: string | null }[] }

/** What a terminal shows of an import, in one line. */
export function importLine({ status, progress, seconds_left: left, row, added, refused }: Import): string {
  const rest = left === null ? '' : `  还要 ${left} 秒 ${left} s left`
  return `${status}  ${(progress * 100).toFixed(1)}%  第 ${row} 行 row ${row}  已添加 added ${added}  未添加 refused ${refused}${rest}`
}

export function previewText({ kind, read, columns, rows }: Preview): string {
  const how = kind === 'csv' ? `CSV ${String(read['encoding'])}，分隔符 separator ${JSON.stringify(read['separator'])}` : `Excel 工作表 sheet ${String(read['sheet'])}`
  return [
    how,
    ...columns.map(({ column, header, becomes }) => `  ${column}  ${header || '（无表头 no header）'} → ${becomes ?? '不用 not used'}`),
    ...rows.map(({ row, phone, vars, refused }) => `第 ${row} 行 row ${row}: ${phone}  ${Object.entries(vars).map(([name, value]) => `${name}=${value}`).join(' ')}${refused === null ? '' : `  ✗ ${refused}`}`),
  ].join('\n')
}

/** Sends a file from where the server has it, again when a connection breaks. */
async function upload(api: ApiClient, importId: string, name: string): Promise<void> {
  await using file = await DiskFile.open(name).catch((error: Error) => {
    throw new CliError(`读不到 ${name}。 ${name} cannot be read: ${error.message}`)
  })
  let failures = 0
  for (let at = 0; at < file.sizeBytes; ) {
    const part: Uint8Array[] = []
    for await (const piece of file.read(at, at + partBytes)) part.push(piece)
    try {
      at = Number((await api.putBytes(`/api/v1/task_imports/${importId}/file?start=${at}`, Buffer.concat(part)))['bytes'])
    } catch (error) {
      failures += 1
      if (failures > 3) throw error
      at = Number((await api.get(`/api/v1/task_imports/${importId}`))['bytes'])
    }
  }
}

async function follow(api: ApiClient, importId: string): Promise<Import> {
  const live = process.stderr.isTTY
  let shownAt = 0
  for (;;) {
    const now = (await api.get(`/api/v1/task_imports/${importId}`)) as unknown as Import
    const over = !['waiting', 'running'].includes(now.status)
    // Where lines cannot be written over, one every few seconds is enough.
    if (live) process.stderr.write(`\r\u001b[K${importLine(now)}${over ? '\n' : ''}`)
    else if (over || Date.now() - shownAt > 3_000) {
      shownAt = Date.now()
      console.error(importLine(now))
    }
    if (over) return now
    await sleep(pollMs)
  }
}

export const importList = defineCommand({
  meta: { name: 'import', description: '导入 CSV 或 .xlsx 名单：表头自动识别，逐行说明没有添加的原因。 Import a CSV or .xlsx list; every row that is not added is told with its reason.' },
  args: {
    id,
    file: { type: 'positional', required: true, description: '名单文件 list of numbers' },
    map: { type: 'string', description: '列的对应，可写多次：--map phone=手机号 --map name=C（表头或列字母） which column is what, as often as needed' },
    value: { type: 'string', description: '对所有号码相同的变量，可写多次：--value org=阳光物业 a variable that is the same for all' },
    sheet: { type: 'string', description: '工作表 sheet, by name or number' },
    encoding: { type: 'string', description: 'CSV 的编码，一般不用填 encoding of a CSV' },
    separator: { type: 'string', description: 'CSV 的分隔符，一般不用填 separator of a CSV' },
    preview: { type: 'boolean', default: false, description: '只看前几行会变成什么，不添加 only show what the first rows would become' },
    refused: { type: 'string', description: '没有添加的行写到这个文件，默认 <文件>.refused.csv where refused rows are written' },
  },
  async run({ args, rawArgs }) {
    if (!existsSync(args.file)) throw new CliError(`没有文件 ${args.file}。 There is no file ${args.file}.`)
    const api = client()
    const wish = { map: varsOf(repeated(rawArgs, '--map')), values: varsOf(repeated(rawArgs, '--value')), sheet: args.sheet, encoding: args.encoding, separator: args.separator }
    const { import_id: importId } = (await api.post(`/api/v1/tasks/${args.id}/imports`, { file_name: path.basename(args.file) })) as unknown as Import
    try {
      await upload(api, importId, args.file)
      if (args.preview) console.log(previewText((await api.post(`/api/v1/task_imports/${importId}/preview`, wish)) as unknown as Preview))
      else await api.post(`/api/v1/task_imports/${importId}/start`, wish)
    } catch (error) {
      await api.delete(`/api/v1/task_imports/${importId}`).catch(() => {})
      throw error
    }
    if (args.preview) {
      await api.delete(`/api/v1/task_imports/${importId}`)
      return
    }
    const over = await follow(api, importId)
    if (over.refused > 0) {
      const file = args.refused ?? `${args.file}.refused.csv`
      await writeFile(file, api.download(`/api/v1/task_imports/${importId}/refused`))
      console.log(`没有添加的 ${over.refused} 行及原因：${file} refused rows and why`)
    }
    if (over.status !== 'done') throw new CliError(`导入没有完成：${over.why ?? over.status}。已添加 ${over.added} 个。 The import did not finish; what was added stays.`)
  },
})

/** To a file, or to the output. */
async function save(bytes: AsyncIterable<Uint8Array>, file: string | undefined): Promise<void> {
  if (file === undefined) {
    for await (const some of bytes) if (!process.stdout.write(some)) await once(process.stdout, 'drain')
    return
  }
  await writeFile(file, bytes)
  console.log(`已写入 written ${file}`)
}

export const exportResults = defineCommand({
  meta: { name: 'export', description: '导出所有号码和呼叫结果（CSV）。 All numbers with what became of them, as CSV.' },
  args: { id, file: { type: 'positional', required: false, description: '写到这个文件 to this file; left out: to the output' } },
  run: ({ args }) => save(client().download(`/api/v1/tasks/${args.id}/results`), args.file),
})

export const listTemplate = defineCommand({
  meta: { name: 'template', description: '话术的名单模板（.xlsx 或 .csv）。 An empty list for a script.' },
  args: {
    script: { type: 'positional', required: true, description: '话术编号 script id' },
    file: { type: 'positional', required: false, description: '默认 <话术>.xlsx by default <script>.xlsx' },
  },
  async run({ args }) {
    const file = args.file ?? `${args.script}.xlsx`
    await save(client().download(`/api/v1/list_templates/${encodeURIComponent(args.script)}?format=${file.toLowerCase().endsWith('.csv') ? 'csv' : 'xlsx'}`), file)
  },
})
