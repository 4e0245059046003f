// Knows how results look on a page: every run with its checks, its words and its sound. Does not know how they came about.
import { checkTitles } from './checks.ts'
import { failed, type Run, type Summary } from './evaluate.ts'
import { pacingOf } from './pacing.ts'
import { nameOf, share, xml } from './report-text.ts'

const style = `
:root{color-scheme:light dark;--line:#8884;--bad:#c62828;--good:#2e7d32;--soft:#b26a00}
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.4rem .9rem}summary{cursor:pointer}
.bad{color:var(--bad)}.good{color:var(--good)}.soft{color:var(--soft)}.muted{opacity:.65}
.talk{margin:.6rem 0}.talk p{margin:.15rem 0}.callee{padding-left:3rem}.cut::after{content:" ——";opacity:.6}
audio{width:100%;margin:.4rem 0}code{font-size:90%}`

/** `recordings`: the path of a run's sound, relative to the page. */
export function html(runs: readonly Run[], summary: Summary, p: { what: string; wallMs: number; recordingOf: (run: Run) => string | undefined }): string {
  const pacing = pacingOf(runs)
  const rows = [...summary.checks].map(([check, { hard, passed, failed: lost }]) => `<tr><td class="${lost === 0 ? 'good' : hard ? 'bad' : 'soft'}">${lost === 0 ? '✓' : hard ? '✗' : '△'} <code>${check}</code></td><td>${hard ? '硬 hard' : '软 soft'}</td><td>${passed}/${passed + lost}</td><td>${share(passed, lost)}</td><td>${xml(checkTitles[check])}</td></tr>`)
  const ordered = runs.toSorted((a, b) => Number(failed(b)) - Number(failed(a)))
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>waihu eval</title><style>${style}</style></head><body>
<h1>通话评测 Evaluation</h1>
<p>${xml(p.what)}</p>
<p><strong class="${summary.failedRuns === 0 ? 'good' : 'bad'}">${summary.runs - summary.failedRuns}/${summary.runs}</strong> 个场景通过 runs passed · 硬性检查 hard checks ${share(summary.hard.passed, summary.hard.failed)} · 软性 soft ${share(summary.soft.passed, summary.soft.failed)} · ${(p.wallMs / 1_000).toFixed(1)} s</p>
${pacing === undefined ? '' : `<p>发包误差 pacing error, p95 of each call: p50 ${pacing.p50.toFixed(1)} ms, p95 ${pacing.p95.toFixed(1)} ms, 最差 worst ${pacing.worst.toFixed(1)} ms · 丢包 lost ${pacing.lost} · 应答 answers p50 ${Math.round(pacing.answerP50)} ms, p95 ${Math.round(pacing.answerP95)} ms · 同时 at once ${pacing.atOnceMax}</p>`}
<table><thead><tr><th>检查 check</th><th></th><th></th><th></th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>
<h2>场景 Scenarios</h2>
${ordered.map((run) => section(run, p.recordingOf(run))).join('\n')}
</body></html>
`
}

function section(run: Run, recording: string | undefined): string {
  const { scenario, record, results } = run
  const bad = failed(run)
  const wrong = results.filter(({ ok }) => !ok).map(({ check, hard, why }) => `<p class="${hard ? 'bad' : 'soft'}">${hard ? '✗' : '△'} <code>${check}</code> ${why.map(xml).join('<br>')}</p>`)
  const talk = record.lines.map((line) => {
    const at = `<span class="muted">${(line.beginAtMs / 1_000).toFixed(1)} s</span>`
    return line.by === 'callee' ? `<p class="callee">${at} 被叫：${xml(line.said || '（不说话）')}</p>` : `<p class="${line.cut ? 'cut' : ''}">${at} 机器人：${xml(line.heard)}</p>`
  })
  const recognised = record.audio && record.audio.recognised.length > 0 ? `<p class="muted">识别到 recognised: ${record.audio.recognised.map(xml).join(' · ')}</p>` : ''
  return `<details${bad ? ' open' : ''}><summary><span class="${bad ? 'bad' : 'good'}">${bad ? '✗' : '✓'}</span> ${xml(nameOf(run))} — ${xml(scenario.title)} <span class="muted">${xml(record.outcome ?? '')} ${(record.endAtMs / 1_000).toFixed(1)} s</span></summary>
<p class="muted">${xml(scenario.requirement)}<br>被叫 callee: ${xml(scenario.callee.persona)}</p>
${wrong.join('\n')}
${recording === undefined ? '' : `<audio controls preload="none" src="${xml(recording)}"></audio>`}
<div class="talk">${talk.join('')}</div>${recognised}
<p class="muted">通过 passed: ${results.filter(({ ok }) => ok).map(({ check }) => check).join(', ')}</p></details>`
}
