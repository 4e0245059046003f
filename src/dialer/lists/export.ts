// Knows how a task's numbers and what became of them become a table, and what an empty list for a script looks like. Does not know HTTP or storage.
import type { Queryable } from '../../db/connection.ts'
import { resultsAfter, type TaskResult } from '../../db/task-results.ts'
import type { Outcome } from '../../call/end-reason.ts'
import type { Script } from '../../robot/script/schema.ts'
import { isoInChina } from '../../robot/china-time.ts'
import { csvLine, csvStart } from '../../tables/csv-writer.ts'
import { outcomeWords } from '../explain-words.ts'
import type { NumberState, TaskRecord } from '../tasks/task-desk.ts'

const stateWords: Record<NumberState, string> = { waiting: '等待', calling: '呼叫中', done: '已完成', refused: '不能拨打', 'taken-back': '已撤回' }

const pageRows = 1_000

/**
 * All numbers of a task in the order of adding, as CSV in pieces: what was handed in (under the names by which it can be handed in again) and
 * what became of it. Memory: one page, however many there are.
 */
export async function* exportResults(db: Queryable, task: Pick<TaskRecord, 'id'>, script: Pick<Script, 'vars'>): AsyncGenerator<string> {
  const names = Object.keys(script.vars)
  yield csvStart + csvLine(['手机号', ...names, '状态', '结果', '结果代码', '对话结果', '意向', '呼叫次数', '接通', '通话秒数', '费用（元）', '最近拨打', '收集信息', '小结', '通话编号'])
  for (let after = 0; ; ) {
    const rows = await resultsAfter(db, Number(task.id), after, pageRows)
    if (rows.length === 0) return
    yield rows.map((row) => line(row, names)).join('')
    after = rows.at(-1)!.seq
  }
}

function line(row: TaskResult, names: readonly string[]): string {
  const words = row.outcome === null ? '' : (outcomeWords[row.outcome as Outcome]?.zh ?? row.outcome)
  return csvLine([
    row.phoneAsGiven,
    ...names.map((name) => row.vars[name] ?? ''),
    stateWords[row.state as NumberState] + (row.state === 'waiting' && row.attempts > 0 ? '重拨' : ''),
    words,
    row.outcome,
    row.conversation,
    row.label,
    row.attempts,
    row.answered ? '是' : '否',
    Math.round(row.talkMs / 1_000),
    (row.costLi / 1_000).toFixed(3),
    row.dialedAt ? isoInChina(row.dialedAt).slice(0, 16).replace('T', ' ') : '',
    Object.entries(row.slots ?? {}).map(([name, value]) => `${name}：${value}`).join('；'),
    row.summary,
    row.lastCallId,
  ])
}

/** What a value of each kind looks like. */
const examples: Readonly<Record<Script['vars'][string]['say'], string>> = { text: '示例', name: '张三', money: '1280.50', date: '2027-03-05 14:05', digits: '8812', phone: '02158881234', number: '3' }

/** Rows of a list for a script: the header, and one example whose number is refused when somebody leaves it in. Variables that must be there come first. */
export function templateRows(script: Pick<Script, 'vars'>): string[][] {
  const vars = Object.entries(script.vars).sort(([, a], [, b]) => Number(b.required) - Number(a.required))
  const example = ({ say, about, default: fallback }: Script['vars'][string]): string => fallback ?? /如\s*([^，。；]+)/u.exec(about ?? '')?.[1]?.trim() ?? examples[say]
  return [['手机号', ...vars.map(([name]) => name)], ['示例 13800138000（请删除本行）', ...vars.map(([, variable]) => example(variable))]]
}
