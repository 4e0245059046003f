// The commands about tasks (外呼任务), over HTTP like any customer's. Does not know the database.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import type { ApiClient } from './api-client.ts'
import { CliError } from './api-client.ts'
import { repeated, varsOf } from './call.ts'
import { cliClient, cliConfig } from './context.ts'
import { exportResults, importList, listTemplate } from './task-lists.ts'

const path = '/api/v1/tasks'
const id = { type: 'positional', required: true, description: '任务编号 task_id' } as const
const client = (): ApiClient => cliClient(cliConfig())

type Counts = { total: number; waiting: number; waiting_retry: number; waiting_frequency: number; calling: number; done: number; refused: number; taken_back: number; answered: number; attempts: number; cost: number }
type Task = { task_id: string; name: string; script: string; script_version: number; status: string; why_detail: string | null; waiting_for: string | null; schedule_at: string | null; created_at: string; counts: Counts; plan: unknown }
type Progress = { status: string; counts: Counts; share: number; waiting: Record<string, number>; per_minute: number | null; expected_end: string | null }

/** One line that tells where a task stands. */
export function taskLine(task: Task): string {
  const { counts } = task
  const why = task.why_detail ?? (task.waiting_for === null ? '' : `等待 waits: ${task.waiting_for}`)
  return `${task.task_id}  ${task.status}  ${counts.done + counts.refused + counts.taken_back}/${counts.total}  接通 answered ${counts.answered}  ${task.name}${why === '' ? '' : `  ${why}`}`
}

export function progressLine({ status, counts, share, waiting, per_minute: rate, expected_end: end }: Progress): string {
  const reasons = Object.entries(waiting).filter(([, count]) => count > 0).map(([why, count]) => `${why} ${count}`)
  const parts = [status, `${(share * 100).toFixed(1)}%`, `完成 done ${counts.done}`, `通话中 calling ${counts.calling}`, `接通 answered ${counts.answered}`, `等待 waiting ${counts.waiting}${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`, `${counts.cost.toFixed(2)} 元`]
  return [...parts, ...(rate === null ? [] : [`${rate.toFixed(1)}/min`]), ...(end === null ? [] : [`预计完成 ends ${end}`])].join('  ')
}

const create = defineCommand({
  meta: { name: 'create', description: '新建任务：一个已发布的话术。 A task with a published script.' },
  args: {
    name: { type: 'positional', required: true, description: '名称 name' },
    script: { type: 'string', required: true, description: '话术编号 script id (waihu script list)' },
    preset: { type: 'string', description: '时段方案 hours by name: workdays, batch, aliyun, tencent, baidu, collection' },
    hours: { type: 'string', description: '每天的可拨时段 hours of every day, e.g. 09:00-12:00,14:00-20:00' },
    concurrency: { type: 'string', description: '同时进行的通话 calls at once' },
    budget: { type: 'string', description: '最多花费，元 most that it may cost' },
    line: { type: 'string', description: '只走这条线路 over this trunk only' },
    callers: { type: 'string', description: '主叫号码，逗号分隔 numbers to show' },
    plan: { type: 'string', description: '文件：完整的计划，JSON file with a whole plan' },
  },
  async run({ args }) {
    const number = (text: string | undefined, flag: string): number | undefined => {
      const value = text === undefined ? undefined : Number(text)
      if (Number.isNaN(value)) throw new CliError(`--${flag} 应为数字。 --${flag} is a number.`)
      return value
    }
    const hours = args.hours === undefined ? {} : { windows: { week: [{ days: [1, 2, 3, 4, 5, 6, 7], hours: args.hours }] } }
    const whole = args.plan === undefined ? {} : (JSON.parse(await readFile(args.plan, 'utf8')) as object)
    const plan = { ...whole, preset: args.preset, ...hours, concurrency_max: number(args.concurrency, 'concurrency'), budget: number(args.budget, 'budget'), line: args.line, callers: args.callers?.split(',').map((each) => each.trim()) }
    const { task } = await client().post(path, { name: args.name, script: args.script, plan })
    console.log(taskLine(task as Task))
  },
})

const add = defineCommand({
  meta: { name: 'add', description: '添加号码；变量对所有号码相同。大批号码用导入。 Add numbers with the same values; import files of many.' },
  args: {
    id,
    phones: { type: 'positional', required: true, description: '号码，逗号分隔 numbers, comma separated' },
    var: { type: 'string', description: '话术的变量，可写多次：--var name=张伟 a variable of the script, as often as needed' },
  },
  async run({ args, rawArgs }) {
    const vars = varsOf(repeated(rawArgs, '--var'))
    const numbers = args.phones.split(/[,，、;；\n]/u).map((phone) => phone.trim()).filter((phone) => phone !== '').map((phone) => ({ phone, vars }))
    const { added, refused } = (await client().post(`${path}/${args.id}/numbers`, { numbers }, { 'Idempotency-Key': randomUUID() })) as { added: number; refused: { row: number; phone: string; reason: string }[] }
    console.log(`已添加 added ${added}`)
    for (const { row, phone, reason } of refused) console.error(`第 ${row} 行 row ${row}: ${phone} ${reason}`)
    if (refused.length > 0) process.exitCode = 1
  },
})

const start = defineCommand({
  meta: { name: 'start', description: '启动，或从停下的地方继续。 Start, or go on where it stopped.' },
  args: { id, at: { type: 'string', description: '定时启动，如 2027-01-01T09:00:00+08:00 start then' } },
  async run({ args }) {
    const { task } = await client().post(`${path}/${args.id}/start`, { at: args.at })
    console.log(taskLine(task as Task))
  },
})

/** Wishes that only differ in their name. */
const simple = (name: string, description: string, hangUp: boolean) =>
  defineCommand({
    meta: { name, description },
    args: { id, ...(hangUp ? { 'hang-up': { type: 'boolean', default: false, description: '同时挂断进行中的通话 hang up calls in progress as well' } as const } : {}) },
    async run({ args }) {
      const { task } = await client().post(`${path}/${args.id}/${name}`, (args as { 'hang-up'?: boolean })['hang-up'] ? { hang_up: true } : {})
      console.log(taskLine(task as Task))
    },
  })

const list = defineCommand({
  meta: { name: 'list', description: '任务列表，新的在前。 Tasks, newest first.' },
  args: { status: { type: 'string', description: '只看这种状态 only of this status' }, limit: { type: 'string', default: '50', description: '最多几个 at most' } },
  async run({ args }) {
    const query = new URLSearchParams({ limit: args.limit, ...(args.status !== undefined && { status: args.status }) })
    const { tasks, total } = (await client().get(`${path}?${query.toString()}`)) as { tasks: Task[]; total: number }
    for (const task of tasks) console.log(taskLine(task))
    if (total > tasks.length) console.log(`共 ${total} 个 in all`)
  },
})

const show = defineCommand({
  meta: { name: 'show', description: '任务的状态、计数和计划。 State, counters and plan of a task.' },
  args: { id },
  async run({ args }) {
    const { task } = (await client().get(`${path}/${args.id}`)) as { task: Task }
    console.log(taskLine(task))
    console.log(progressLine((await client().get(`${path}/${args.id}/progress`)) as Progress))
    console.log(JSON.stringify(task.plan, undefined, 2))
  },
})

const restsMs = 2_000

const watch = defineCommand({
  meta: { name: 'watch', description: '跟着进度直到任务停下。 Follow the progress until the task stops.' },
  args: { id },
  async run({ args }) {
    const api = client()
    for (let last = ''; ;) {
      const progress = (await api.get(`${path}/${args.id}/progress`)) as Progress
      const line = progressLine(progress)
      if (line !== last) console.log(line)
      last = line
      if (!['scheduled', 'running', 'out-of-money'].includes(progress.status)) return
      await sleep(restsMs)
    }
  },
})

export const task = defineCommand({
  meta: { name: 'task', description: '外呼任务：create、add、import、start、pause、resume、cancel、list、show、watch、export、template。 Call many numbers with a script.' },
  subCommands: {
    create,
    add,
    import: importList,
    start,
    pause: simple('pause', '暂停：命令返回后不再拨出。 Nothing is dialled after this.', true),
    resume: simple('resume', '继续。 Go on.', false),
    cancel: simple('cancel', '取消，不能恢复。 For good.', true),
    list,
    show,
    watch,
    export: exportResults,
    template: listTemplate,
  },
})
