// waihu report: figures over the calls of the account, as a table, JSON or CSV.
import { defineCommand } from 'citty'
import { reports } from '../reports/index.ts'
import type { Report } from '../reports/report.ts'
import { reportCsv, shown, type ReportAnswer } from '../reports/run-report.ts'
import { cliClient, cliConfig } from './context.ts'

const names = Object.keys(reports)

export const report = defineCommand({
  meta: { name: 'report', description: `报表：${names.join('、')}。 Figures over the calls of the account; without a name, what there is.` },
  args: {
    name: { type: 'positional', required: false, description: '报表 which report' },
    from: { type: 'string', description: '从这一天（北京时间），如 2026-03-01 from this day' },
    to: { type: 'string', description: '到这一天（含） to this day, included' },
    task: { type: 'string', description: '只看这个任务 this task only' },
    script: { type: 'string', description: '只看这个话术 this script only' },
    as: { type: 'enum', options: ['table', 'csv', 'json'], default: 'table', description: '输出形式 how it is shown' },
    explain: { type: 'boolean', default: false, description: '列出各列的口径和分母 what each column counts' },
  },
  async run({ args }) {
    if (args.name === undefined) {
      for (const [name, { title, about }] of Object.entries<Report>(reports)) console.log(`${name.padEnd(14)}${title.zh} ${title.en}\n${' '.repeat(14)}${about}`)
      return
    }
    const query = new URLSearchParams(Object.entries({ from: args.from, to: args.to, task: args.task, script: args.script }).filter((entry): entry is [string, string] => entry[1] !== undefined))
    const answer = (await cliClient(cliConfig()).get(`/api/v1/reports/${encodeURIComponent(args.name)}?${query.toString()}`)) as unknown as ReportAnswer
    if (args.as === 'json') console.log(JSON.stringify(answer, null, 2))
    else if (args.as === 'csv') process.stdout.write(reportCsv(answer))
    else print(answer, args.explain)
  },
})

function print({ title, about, from, to, columns, rows, cut }: ReportAnswer, helps: boolean): void {
  console.log(`${title.zh} ${title.en}${from ? `  ${from} – ${to}` : ''}\n${about}\n`)
  if (helps) for (const { title: heading, name, help } of columns) console.log(`${heading} ${name}: ${help}`)
  const lines = [columns.map(({ title: heading }) => heading), ...rows.map((row) => columns.map((column) => shown(column, row[column.name] ?? null)))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i]!))))
  for (const line of lines) console.log(line.map((cell, i) => cell + ' '.repeat(widths[i]! - widthOf(cell))).join('  ').trimEnd())
  if (rows.length === 0) console.log('（这段时间没有通话 no calls in this time）')
  if (cut) console.log('…（还有更多行，请缩短时间 there are more rows: ask for fewer days）')
}

/** Chinese characters take two columns of a terminal. */
function widthOf(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(char) ? 2 : 1), 0)
}
