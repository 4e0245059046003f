// Measures how long the whole program takes to import a list of numbers with three variables into a task, and what memory it needs for it.
// Prints JSON. Judges: within 60 s and 300 MB above the idle server for a million rows; every row is added or refused, each refused row told.
//
//   node bench/task-import.ts [rows] [csv|gbk|xlsx]
//
// Server, database (on the disk, with fsync) and client share this machine. The time runs from the first byte of the upload to the last row
// added; memory is the server process's own, PostgreSQL's beside it. One row in a hundred is bad: wrong numbers, hotlines, values that cannot
// be said, numbers that came before. Nothing is dialled.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWriteStream } from 'node:fs'
import { createAccount } from '../src/account/accounts.ts'
import { ApiKeys } from '../src/account/api-keys.ts'
import { ApiClient } from '../src/cli/api-client.ts'
import { withDatabase } from '../src/cli/database.ts'
import { readConfig } from '../src/config.ts'
import { counterDifferences } from '../src/db/tasks.ts'
import { DiskFile } from '../src/tables/table-file.ts'
import { writeXlsx } from '../src/tables/xlsx-writer.ts'
import { ServerProcess } from '../test/world/server-process.ts'
import { percentile, round, usageOfTree } from './figures.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const format = process.argv[3] ?? 'csv'
const SECONDS_MAX = 60 * Math.max(1, rows / 1_000_000)
const MB_MAX = 300
const PART_BYTES = 4 * 1024 * 1024

const header = ['手机号', '姓名', '通知内容', '时间']
const surnames = '赵钱孙李周吴郑王'

/** The nth row: as good as any, or bad in one of four ways. */
function rowOf(nth: number): string[] {
  const phone = `1${39 - (nth % 3)}${String(10_000_000 + Math.floor(nth / 3)).padStart(8, '0').slice(-8)}`
  const row = [phone, `${surnames[nth % 8]}先生`, `小区${nth % 40}号楼明天停水`, '2027-03-05 14:05']
  if (nth % 100 !== 99) return row
  const bad = [['1234567', ...row.slice(1)], ['10086', ...row.slice(1)], [row[0]!, '张<三>', ...row.slice(2)], rowOf(nth - 50)]
  return bad[Math.floor(nth / 100) % 4]!
}

async function writeList(file: string): Promise<void> {
  if (format === 'xlsx') {
    await writeFile(file, writeXlsx({ sheet: '名单', rows: [header, ...Array.from({ length: rows }, (_, nth) => rowOf(nth))] }))
    return
  }
  // Every character of the list in GBK, which Node decodes and does not encode.
  const gbk = new Map([...Array(0x7e).keys()].flatMap((high) => [...Array(0xbf).keys()].map((low) => Buffer.from([high + 0x81, low + 0x40]))).map((bytes) => [new TextDecoder('gbk').decode(bytes), bytes]))
  const encode = (text: string): Buffer => (format === 'gbk' ? Buffer.concat(Array.from(text, (char) => (char < '\u0080' ? Buffer.from(char) : gbk.get(char)!))) : Buffer.from(text))
  const out = createWriteStream(file)
  out.write(encode(`${header.join(',')}\r\n`))
  for (let nth = 0; nth < rows; nth += 1_000) {
    const some = Array.from({ length: Math.min(1_000, rows - nth) }, (_, i) => `${rowOf(nth + i).join(',')}\r\n`).join('')
    if (!out.write(encode(some))) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

const rssMb = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_000

const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-import-'))
const list = path.join(dataDir, `list.${format === 'xlsx' ? 'xlsx' : 'csv'}`)
await writeList(list)
const env = { DATA_DIR: dataDir, PORT: '0', CALLS_MAX: '0', HOME: dataDir, LOG_LEVEL: 'warn', SIMULATOR_LOAD: 'on' }
const server = new ServerProcess({ env })
try {
  const base = await server.up(120_000)
  const config = readConfig(env)
  const key = await withDatabase(config, async (db) => {
    const { id } = await createAccount(db, { name: 'import', organisation: '阳光物业' })
    return (await new ApiKeys(db).create(id)).key
  }, { migrates: false })
  const api = new ApiClient(base, key)
  const { task } = (await api.post('/api/v1/tasks', { name: '导入', script: 'notice' })) as { task: { task_id: string } }
  // The built-in voices practise after a start.
  await sleep(15_000)
  const idle = { rssMb: rssMb(server.pid), cpuSec: usageOfTree(server.pid).cpuSec }
  const memory: number[] = []
  const sampler = setInterval(() => memory.push(rssMb(server.pid)), 100)

  const startedMs = performance.now()
  const { import_id: id } = (await api.post(`/api/v1/tasks/${task.task_id}/imports`, { file_name: path.basename(list) })) as { import_id: string }
  await using file = await DiskFile.open(list)
  for (let at = 0; at < file.sizeBytes; at += PART_BYTES) {
    const part: Uint8Array[] = []
    for await (const piece of file.read(at, at + PART_BYTES)) part.push(piece)
    await api.putBytes(`/api/v1/task_imports/${id}/file?start=${at}`, Buffer.concat(part))
  }
  const uploadedMs = performance.now()
  await api.post(`/api/v1/task_imports/${id}/start`, {})
  type Told = { status: string; progress: number; added: number; refused: number; seconds_left: number | null }
  let told: Told
  const progress = new Set<number>()
  const answersMs: number[] = []
  do {
    const askedMs = performance.now()
    told = (await api.get(`/api/v1/task_imports/${id}`)) as unknown as Told
    answersMs.push(performance.now() - askedMs)
    progress.add(told.progress)
    await sleep(100)
  } while (told.status === 'waiting' || told.status === 'running')
  const overMs = performance.now()
  clearInterval(sampler)

  let refusedLines = -1
  let rest = ''
  for await (const some of api.download(`/api/v1/task_imports/${id}/refused`)) {
    const lines = (rest + Buffer.from(some).toString('latin1')).split('\r\n')
    rest = lines.pop()!
    refusedLines += lines.length
  }
  const { task: after } = (await api.get(`/api/v1/tasks/${task.task_id}`)) as { task: { counts: { total: number; waiting: number } } }
  const wrong = await withDatabase(config, (db) => counterDifferences(db.sql), { migrates: false })
  const seconds = (overMs - startedMs) / 1_000
  const quarter = Math.floor(memory.length / 4)
  const figures = {
    rows, format, fileMb: round(file.sizeBytes / 1e6), seconds: round(seconds), uploadSec: round((uploadedMs - startedMs) / 1_000), rowsPerSec: round(rows / seconds),
    added: told.added, refused: told.refused,
    memory: { idleMb: round(idle.rssMb), peakMb: round(Math.max(...memory)), aboveIdleMb: round(Math.max(...memory) - idle.rssMb), quarterMeansMb: [0, 1, 2, 3].map((nth) => round(mean(memory.slice(nth * quarter, (nth + 1) * quarter)))) },
    cpuSecAllProcesses: round(usageOfTree(server.pid).cpuSec - idle.cpuSec), progressSteps: progress.size, progressAnswerMs: { p50: round(percentile(answersMs, 0.5)), p99: round(percentile(answersMs, 0.99)) },
    loadAverage: round(loadavg()[0]!),
  }
  const checks = {
    done: told.status === 'done',
    everyRow: told.added + told.refused === rows && refusedLines === told.refused && after.counts.total === told.added && wrong.length === 0,
    inTime: seconds <= SECONDS_MAX,
    inMemory: figures.memory.aboveIdleMb <= MB_MAX,
    progressShown: progress.size >= Math.min(10, rows / 10_000),
  }
  console.log(JSON.stringify({ ...figures, checks }, null, 2))
  if (Object.values(checks).includes(false)) process.exitCode = 1
} finally {
  server.kill('SIGTERM')
  await server.ended(60_000)
  await rm(dataDir, { recursive: true, force: true })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
