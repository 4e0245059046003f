// Knows what people do with lists of numbers for a task: upload, look at, start, watch, fetch what was refused. Does not know HTTP or how rows are added.
import { findAccount } from '../../db/accounts.ts'
import type { Database } from '../../db/connection.ts'
import { appendPiece, countOpenImports, endImport, findImport, importsOfTask, insertImport, queueImport, refusalsOf, type ImportRow } from '../../db/task-imports.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../../errors.ts'
import { parsePhone } from '../../numbering/phone.ts'
import type { Script } from '../../robot/script/schema.ts'
import { acceptValues } from '../../robot/script/variables.ts'
import { csvLine, csvStart } from '../../tables/csv-writer.ts'
import { encodings, type Encoding } from '../../tables/encoding.ts'
import { firstRows, openTable } from '../../tables/read-table.ts'
import type { Table, TableRow } from '../../tables/table.ts'
import { writeXlsx } from '../../tables/xlsx-writer.ts'
import { newImportId } from '../call-id.ts'
import type { TaskDesk, TaskRecord } from '../tasks/task-desk.ts'
import { turnstile } from '../../turnstile.ts'
import { exportResults, templateRows } from './export.ts'
import { mapColumns, type KnownVariable, type Mapping, type MappingWish } from './mapping.ts'
import { readRow, type ReadRow } from './rows.ts'
import { StoredFile } from './stored-file.ts'

export const importLimits = {
  fileBytesMax: 200 * 1024 * 1024,
  /** One piece as it is kept. */
  pieceBytes: 1024 * 1024,
  /** Files of one account that are uploaded or read at once. */
  openPerAccountMax: 10,
  nameCharsMax: 200,
  /** Rows that columns are recognised by. */
  sampleRows: 200,
  previewRows: 20,
  listedMax: 100,
} as const

/** How a file is to be read; what is left out is found out. */
export type ImportWish = {
  map?: MappingWish | undefined
  /** Values of variables that are the same for all numbers. */
  values?: Readonly<Record<string, string>> | undefined
  encoding?: string | undefined
  separator?: string | undefined
  sheet?: string | undefined
}
/** As it was found out, kept with the import so that it is read the same after a crash. */
export type ImportPlan = { encoding?: Encoding | undefined; separator?: string | undefined; sheet?: string | undefined; mapping: Mapping; fixed: Readonly<Record<string, string>> }

export type ImportRecord = Omit<ImportRow, 'wish' | 'taskId'> & { taskId: string; secondsLeft: number | undefined }

export type ImportPreview = {
  /** `csv` in an encoding with a separator, or a sheet of those there are. */
  kind: 'csv' | 'xlsx'
  read: Table['read']
  /** Each column with its header and what it becomes: `phone`, a variable, or nothing. */
  columns: { column: string; header: string; becomes: string | undefined }[]
  rows: { row: number; phone: string; vars: Record<string, string>; refused: string | undefined }[]
}

/** The script of a task, whose variables columns are recognised by. */
export interface ListScripts {
  version(accountId: string, id: string, version: number): Promise<Pick<Script, 'vars'>>
  published(accountId: string, id: string): Promise<{ script: Pick<Script, 'vars'> }>
}

/** Errors of all: NotFoundError 'task' or 'import' (also for another account's); OverloadedError when the database is away. */
export class ImportDesk {
  readonly #db: Database
  readonly #tasks: Pick<TaskDesk, 'detail'>
  readonly #scripts: ListScripts
  readonly #now: () => number
  /** Looking into a large workbook takes memory: one at a time. */
  readonly #oneAtATime = turnstile(1)

  constructor(deps: { db: Database; tasks: Pick<TaskDesk, 'detail'>; scripts: ListScripts; now?: (() => number) | undefined }) {
    this.#db = deps.db
    this.#tasks = deps.tasks
    this.#scripts = deps.scripts
    this.#now = deps.now ?? Date.now
  }

  /** Begins an upload. Errors: RefusedError 'not-possible' for a task that takes no numbers any more, or too many files at once; InvalidInputError. */
  async create(accountId: string, taskId: string, fileName: string): Promise<ImportRecord> {
    const task = await this.#tasks.detail(accountId, taskId)
    if (task.status === 'cancelled' || task.status === 'finished') throw new RefusedError('not-possible', '任务已经结束，不能再添加号码：请新建任务。 The task is over: create another one.')
    if ((await countOpenImports(this.#db.sql, accountId)) >= importLimits.openPerAccountMax) throw new RefusedError('not-possible', `同时最多导入 ${importLimits.openPerAccountMax} 个文件：请等其中一个完成，或取消它。 Too many files at once.`)
    const id = newImportId(this.#now())
    await insertImport(this.#db.sql, { id, accountId, taskId: Number(task.id), fileName: fileName.slice(0, importLimits.nameCharsMax), wish: {}, now: new Date(this.#now()) })
    return this.detail(accountId, id)
  }

  /**
   * Appends bytes at `start`, which must be where the file ends so far; what was taken before a connection broke stays, and goes on from there.
   * Answers how long the file is now. Errors: RefusedError 'version-conflict' when it is longer or shorter, or complete already; InvalidInputError when too long.
   */
  async append(accountId: string, id: string, start: number, bytes: AsyncIterable<Uint8Array>): Promise<{ bytes: number }> {
    let at = start
    let gathered: Uint8Array[] = []
    let length = 0
    await this.#at(await this.#find(accountId, id), start)
    const store = async (): Promise<void> => {
      const piece = Buffer.concat(gathered)
      gathered = []
      length = 0
      if (at + piece.length > importLimits.fileBytesMax) throw new InvalidInputError('file', `文件超过 ${importLimits.fileBytesMax / 1024 / 1024} MB：请拆成几个文件。 The file is too large: split it.`)
      if (piece.length > 0 && !(await this.#db.transaction((tx) => appendPiece(tx, id, at, piece)))) await this.#at(await this.#find(accountId, id), at)
      at += piece.length
    }
    for await (const some of bytes) {
      gathered.push(some)
      length += some.length
      if (length >= importLimits.pieceBytes) await store()
    }
    await store()
    return { bytes: at }
  }

  async #at(row: ImportRow, start: number): Promise<void> {
    if (row.status !== 'uploading') throw new RefusedError('version-conflict', '文件已经上传完，不能再追加。 The file is complete already.')
    if (row.bytes !== start) throw new RefusedError('version-conflict', `已经收到 ${row.bytes} 字节：请从那里继续。 ${row.bytes} bytes are here: go on from there.`)
    return Promise.resolve()
  }

  /** What the first rows would become. Nothing is added. Errors: InvalidInputError for a file or columns that cannot be read. */
  async preview(accountId: string, id: string, wish: ImportWish = {}): Promise<ImportPreview> {
    const row = await this.#uploaded(accountId, id)
    const task = await this.#tasks.detail(accountId, String(row.taskId))
    const script = await scriptOf(this.#scripts, task)
    return this.#oneAtATime(async () => {
      const { table, plan, sample, organisation } = await this.#plan(row, wish, script)
      const { mapping } = plan
      const ours: Record<string, string> = organisation !== undefined && script.vars['org'] !== undefined ? { org: organisation } : {}
      const names = sample[mapping.skip - 1]?.cells ?? []
      const becomes = new Map<number, string>([[mapping.phone, 'phone'], ...Object.entries(mapping.vars).map(([name, column]) => [column, name] as const)])
      const width = Math.max(0, ...sample.map(({ cells }) => cells.length))
      return {
        kind: table.kind,
        read: table.read,
        columns: Array.from({ length: width }, (_, i) => ({ column: letterOf(i), header: names[i]?.trim() ?? '', becomes: becomes.get(i) })),
        rows: sample.slice(mapping.skip, mapping.skip + importLimits.previewRows).map((cells) => judged(readRow(cells, plan), script, ours, new Date(this.#now()))),
      }
    })
  }

  /** The file is complete: reads it from now on, in any process. Errors: as of preview; RefusedError 'not-possible' when it was started before. */
  async start(accountId: string, id: string, wish: ImportWish = {}): Promise<ImportRecord> {
    const row = await this.#uploaded(accountId, id)
    const script = await scriptOf(this.#scripts, await this.#tasks.detail(accountId, String(row.taskId)))
    const { plan } = await this.#oneAtATime(() => this.#plan(row, wish, script))
    if (!(await this.#db.transaction((tx) => queueImport(tx, id, plan, new Date(this.#now()))))) throw alreadyStarted()
    return this.detail(accountId, id)
  }

  /** What was added stays added. Errors: RefusedError 'not-possible' when it is over. */
  async cancel(accountId: string, id: string): Promise<ImportRecord> {
    await this.#find(accountId, id)
    const ended = await this.#db.transaction((tx) => endImport(tx, id, { status: 'cancelled', now: new Date(this.#now()) }))
    if (!ended) throw new RefusedError('not-possible', '导入已经结束。 The import is over.')
    return this.detail(accountId, id)
  }

  async detail(accountId: string, id: string): Promise<ImportRecord> {
    return this.#record(await this.#find(accountId, id))
  }

  /** Newest first. */
  async list(accountId: string, taskId: string): Promise<ImportRecord[]> {
    const task = await this.#tasks.detail(accountId, taskId)
    return (await importsOfTask(this.#db.sql, accountId, Number(task.id), importLimits.listedMax)).map((row) => this.#record(row))
  }

  /** CSV of the rows that were not added: row, number as written, code, reason. Complete when the import is over. Errors before its first piece only. */
  async refused(accountId: string, id: string): Promise<AsyncGenerator<string>> {
    await this.#find(accountId, id)
    const db = this.#db.sql
    return (async function* () {
      yield csvStart + csvLine(['行 row', '号码 phone', '代码 code', '原因 reason'])
      for (let after = 0; ; ) {
        const refusals = await refusalsOf(db, id, after, 2_000)
        if (refusals.length === 0) return
        yield refusals.map(({ row, phone, code, reason }) => csvLine([row, phone, code, reason])).join('')
        after = refusals.at(-1)!.row
      }
    })()
  }

  /** All numbers of a task with what became of them, as CSV. Errors before its first piece only. */
  async results(accountId: string, taskId: string): Promise<AsyncGenerator<string>> {
    const task = await this.#tasks.detail(accountId, taskId)
    return exportResults(this.#db.sql, task, await scriptOf(this.#scripts, task))
  }

  /** An empty list for a published script. Errors: NotFoundError 'script'; RefusedError 'not-possible' when nothing of it is published. */
  async template(accountId: string, script: string, format: 'csv' | 'xlsx'): Promise<Buffer> {
    const rows = templateRows((await this.#scripts.published(accountId, script)).script)
    return format === 'xlsx' ? writeXlsx({ sheet: '号码名单', rows }) : Buffer.from(csvStart + rows.map((row) => csvLine(row)).join(''))
  }

  async #find(accountId: string, id: string): Promise<ImportRow> {
    const row = await findImport(this.#db.sql, accountId, id)
    if (row === undefined) throw new NotFoundError('import', '没有这次导入。 There is no such import.')
    return row
  }

  async #uploaded(accountId: string, id: string): Promise<ImportRow> {
    const row = await this.#find(accountId, id)
    if (row.status !== 'uploading') throw alreadyStarted()
    return row
  }

  async #plan(row: ImportRow, wish: ImportWish, { vars }: Pick<Script, 'vars'>): Promise<{ table: Table; plan: ImportPlan; sample: TableRow[]; organisation: string | undefined }> {
    const encoding = encodings.find((known) => known === wish.encoding?.toLowerCase().replace(/^(?:gbk|gb2312)$/, 'gb18030').replace(/^utf-?8$/, 'utf-8'))
    if (wish.encoding !== undefined && encoding === undefined) throw new InvalidInputError('encoding', `encoding 应为 ${encodings.join('、')} 之一。 It is one of those.`)
    if (wish.separator !== undefined && !/^[^"\r\n]$/u.test(wish.separator)) throw new InvalidInputError('separator', 'separator 应为一个字符，如 , 或 ;。 It is one character.')
    const organisation = (await findAccount(this.#db.sql, row.accountId))?.organisation ?? undefined
    const table = await openTable(new StoredFile(this.#db, row.id, row.bytes), { encoding, separator: wish.separator, sheet: wish.sheet })
    const sample = await firstRows(table, importLimits.sampleRows)
    if (sample.length === 0) throw new InvalidInputError('file', '表格是空的。 The table is empty.')
    const given = wish.values ?? {}
    const variables: KnownVariable[] = Object.entries(vars)
      .filter(([name]) => given[name] === undefined)
      // Who calls is known of the account, where the list does not say.
      .map(([name, { say, required, default: fallback, about }]) => ({ name, say, required: required && fallback === undefined && !(name === 'org' && organisation !== undefined), about }))
    const mapping = mapColumns(sample.map(({ cells }) => cells), variables, wish.map)
    const unknown = Object.keys(given).find((name) => vars[name] === undefined)
    if (unknown !== undefined) throw new InvalidInputError('values', `话术没有变量“${unknown}”。 The script has no such variable.`)
    return { table, sample, organisation, plan: 'sheet' in table.read ? { sheet: table.read.sheet, mapping, fixed: given } : { encoding: table.read.encoding as Encoding, separator: table.read.separator, mapping, fixed: given } }
  }

  #record(row: ImportRow): ImportRecord {
    const spentMs = this.#now() - (row.startedAt?.getTime() ?? this.#now())
    const secondsLeft = row.status === 'running' && row.share > 0.01 ? Math.max(0, Math.round((spentMs / row.share) * (1 - row.share) / 1_000)) : undefined
    return { ...row, taskId: String(row.taskId), secondsLeft }
  }
}

/** The variables of a task's script. */
function scriptOf(scripts: ListScripts, { accountId, script, scriptVersion }: TaskRecord): Promise<Pick<Script, 'vars'>> {
  return scripts.version(accountId, script, scriptVersion)
}

/** As it will be judged when it is added. */
function judged(read: ReadRow, script: Pick<Script, 'vars'>, ours: Readonly<Record<string, string>>, now: Date): ImportPreview['rows'][number] {
  const { row, phone } = read
  if ('reason' in read) return { row, phone, vars: {}, refused: read.reason }
  const parsed = parsePhone(phone)
  const { problems } = acceptValues(script, { ...ours, ...read.vars }, now)
  const refused = parsed.ok ? problems.map(({ variable, message }) => `${variable}：${message}`).join('；') : parsed.bad.reason
  return { row, phone: parsed.ok ? parsed.phone.phone : phone, vars: read.vars, refused: refused === '' ? undefined : refused }
}

function alreadyStarted(): RefusedError {
  return new RefusedError('not-possible', '这个文件已经开始导入，或已取消。 This file was started or cancelled already.')
}

/** 0 is A. */
function letterOf(column: number): string {
  return column < 26 ? String.fromCharCode(65 + column) : letterOf(Math.floor(column / 26) - 1) + letterOf(column % 26)
}
