// Shows results: a table for people, JSON for programs. Does not know how they came about.
import type { Result, Verdict } from './case.ts'

const marks: Readonly<Record<Verdict, string>> = { pass: '✔ pass', fail: '✖ FAIL', 'not supported': '– not supported', 'not run': '· not run' }
export const verdicts = Object.keys(marks) as readonly Verdict[]

export type Count = Readonly<Record<Verdict, number>>

export function countOf(results: readonly Result[]): Count {
  return Object.fromEntries(verdicts.map((verdict) => [verdict, results.filter((result) => result.verdict === verdict).length])) as Count
}

/** Four columns: case with its source page, expected, got, verdict. Each page is told once, above its cases. */
export function table(results: readonly Result[]): string {
  const cells = results.map(({ id, expected, got, verdict }) => [id, short(expected.join(' or ')), short(got), marks[verdict]])
  const heading = ['case', 'expected', 'got', 'verdict']
  const widths = heading.map((title, column) => Math.max(widthOf(title), ...cells.map((row) => widthOf(row[column]!))))
  const line = (row: readonly string[]): string => row.map((cell, column) => cell + ' '.repeat(widths[column]! - widthOf(cell))).join('  ').trimEnd()
  const lines: string[] = []
  let page = ''
  for (const [i, { page: { title, segment } }] of results.entries()) {
    if (segment !== page) lines.push('', `${title} (${segment})`, line(heading), line(widths.map((width) => '-'.repeat(width))))
    page = segment
    lines.push(line(cells[i]!))
  }
  return lines.join('\n').trimStart()
}

export function summary(results: readonly Result[]): string {
  const count = countOf(results)
  return `${results.length} cases: ${verdicts.map((verdict) => `${count[verdict]} ${verdict}`).join(', ')}`
}

export function json(endpoint: string, results: readonly Result[]): string {
  return JSON.stringify({ endpoint, count: countOf(results), results }, null, 2)
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text).replaceAll(/\s+/g, ' ')
/** Columns on a terminal: Chinese takes two. */
const widthOf = (text: string): number => Array.from(text).reduce((sum, char) => sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(char) ? 2 : 1), 0)
