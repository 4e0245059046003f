// Knows how results look in a terminal and in JUnit's XML. Does not know how they came about.
import { checkTitles } from './checks.ts'
import { failed, type Run, type Summary } from './evaluate.ts'
import { pacingOf } from './pacing.ts'
import type { RecordLine } from './record.ts'

/** `notice/meeting #2`: the name of one run. */
export function nameOf({ scenario, repeat }: Pick<Run, 'scenario' | 'repeat'>): string {
  return repeat === 0 ? scenario.id : `${scenario.id} #${repeat + 1}`
}

/** One line per failed check, under the run; passed runs are one line when `verbose`. */
export function describeRun(run: Run, verbose: boolean): string {
  const wrong = run.results.filter(({ ok }) => !ok)
  const bad = failed(run)
  if (!bad && !verbose) return ''
  const head = `${bad ? '✗' : '✓'} ${nameOf(run)}  ${run.scenario.title}  (${(run.record.endAtMs / 1_000).toFixed(1)} s)`
  const why = wrong.map(({ check, hard, why: reasons }) => `    ${hard ? '✗' : '△'} ${check}: ${reasons.join('; ')}`)
  return [head, ...why, ...(bad ? run.record.lines.map((line) => `      ${describeLine(line)}`) : [])].join('\n')
}

export function describeLine(line: RecordLine): string {
  const at = `${(line.beginAtMs / 1_000).toFixed(1).padStart(5)} s`
  return line.by === 'callee' ? `${at}  被叫 ${line.said || '（不说话）'}` : `${at}  机器人 ${line.heard}${line.cut ? '——（被打断）' : ''}`
}

/** The table of all checks, then what it comes to. */
export function describeSummary(summary: Summary, runs: readonly Run[], wallMs: number): string {
  const rows = [...summary.checks].map(([check, { hard, passed, failed: lost }]) => ({ check, kind: hard ? '硬 hard' : '软 soft', passed, lost, share: share(passed, lost), title: checkTitles[check] }))
  const width = Math.max(...rows.map(({ check }) => check.length))
  const table = rows.map(({ check, kind, passed, lost, share: percent, title }) => `${lost > 0 ? (kind.startsWith('硬') ? '✗' : '△') : '✓'} ${check.padEnd(width)}  ${kind}  ${String(passed).padStart(5)}/${String(passed + lost).padEnd(5)} ${percent.padStart(7)}  ${title}`)
  const perMinute = wallMs > 0 ? Math.round((summary.runs * 60_000) / wallMs) : 0
  const pacing = pacingOf(runs)
  return [
    ...table,
    '',
    `场景 runs ${summary.runs}，未通过 failed ${summary.failedRuns}    硬性检查 hard checks ${share(summary.hard.passed, summary.hard.failed)} (${summary.hard.passed}/${summary.hard.passed + summary.hard.failed})    软性 soft ${share(summary.soft.passed, summary.soft.failed)}    ${(wallMs / 1_000).toFixed(1)} s（每分钟 per minute ${perMinute}）`,
    ...(pacing === undefined ? [] : [`发包误差 pacing error, p95 of each call: p50 ${pacing.p50.toFixed(1)} ms, p95 ${pacing.p95.toFixed(1)} ms, 最差 worst ${pacing.worst.toFixed(1)} ms    丢包 lost ${pacing.lost}    应答 answers p50 ${Math.round(pacing.answerP50)} ms, p95 ${Math.round(pacing.answerP95)} ms    同时 at once ${pacing.atOnceMax}`]),
  ].join('\n')
}

/** JUnit XML: a suite of runs, one case each; soft findings are its output. */
export function junit(runs: readonly Run[], summary: Summary, wallMs: number): string {
  const cases = runs.map((run) => {
    const hard = run.results.filter((one) => one.hard && !one.ok)
    const soft = run.results.filter((one) => !one.hard && !one.ok)
    const folder = run.scenario.id.includes('/') ? run.scenario.id.slice(0, run.scenario.id.lastIndexOf('/')).replaceAll('/', '.') : 'scenarios'
    const body = [
      ...(hard.length > 0 ? [`      <failure message="${xml(hard.map(({ check }) => check).join(', '))}">${xml([...hard.flatMap(({ check, why }) => why.map((one) => `${check}: ${one}`)), '', ...run.record.lines.map(describeLine)].join('\n'))}</failure>`] : []),
      ...(soft.length > 0 ? [`      <system-out>${xml(soft.flatMap(({ check, why }) => why.map((one) => `${check}: ${one}`)).join('\n'))}</system-out>`] : []),
    ]
    const open = `    <testcase classname="${xml(folder)}" name="${xml(`${nameOf(run)} ${run.scenario.title}`)}" time="${(run.wallMs / 1_000).toFixed(3)}"`
    return body.length === 0 ? `${open}/>` : [`${open}>`, ...body, '    </testcase>'].join('\n')
  })
  const counts = `tests="${summary.runs}" failures="${summary.failedRuns}" errors="0" time="${(wallMs / 1_000).toFixed(3)}"`
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${counts}>`, `  <testsuite name="waihu eval" ${counts}>`, ...cases, '  </testsuite>', '</testsuites>', ''].join('\n')
}

export function share(passed: number, lost: number): string {
  return passed + lost === 0 ? '—' : `${((100 * passed) / (passed + lost)).toFixed(lost === 0 ? 0 : 1)} %`
}

/** Text for XML 1.0 and HTML: its five signs escaped, characters that XML cannot hold left out. */
export function xml(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, '').replace(/[&<>"']/gu, (sign) => `&#${sign.codePointAt(0)};`)
}
