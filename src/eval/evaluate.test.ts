// Checks how scenarios are run side by side, what the results come to, and how they look to machines.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTitles } from './checks.ts'
import { evaluate, failed, summarise } from './evaluate.ts'
import { LoopbackModel, mannersOf } from './loopback-model.ts'
import { pacingOf, percentile } from './pacing.ts'
import { html } from './report-html.ts'
import { describeSummary, junit } from './report-text.ts'
import { recordOf, scenarioOf } from './testing.ts'
import { variationOf } from './variation.ts'

const scenario = { ...scenarioOf('title: 好 & <坏>\nexpect: { outcome: confirmed, facts: any }'), id: 'notice/one' }
const good = () => recordOf(['R 您好，AI合成语音。', 'C 好', 'R 再见。'])

test('runs come back in order whatever ends first, no more than allowed at once, and a run that breaks is a failed one', async () => {
  let live = 0
  let most = 0
  const runs = await evaluate({
    scenarios: ['a', 'b', 'c', 'd'].map((id) => ({ ...scenario, id })), repeat: 2, jobs: 3,
    hold: async ({ id }, repeat) => {
      most = Math.max(most, (live += 1))
      for (let i = id === 'a' ? 9 : 1; i > 0; i -= 1) await new Promise((resolve) => setImmediate(resolve))
      live -= 1
      if (id === 'c' && repeat === 1) throw new Error('the line is gone')
      return good()
    },
  })
  assert.equal(most, 3)
  assert.deepEqual(runs.map(({ scenario: { id }, repeat }) => `${id}${repeat}`), ['a0', 'a1', 'b0', 'b1', 'c0', 'c1', 'd0', 'd1'])
  assert.deepEqual(runs.filter(failed).map(({ scenario: { id }, record }) => [id, record.faults]), [['c', ['the line is gone']]])
  const summary = summarise(runs)
  assert.deepEqual([summary.runs, summary.failedRuns, summary.checks.get('no-faults')], [8, 1, { passed: 7, failed: 1, hard: true }])
  assert.deepEqual([...summary.checks.keys()], Object.keys(checkTitles).filter((name) => summary.checks.has(name as never)), 'in the order of the table')
})

test('nothing new is begun once it is broken off', async () => {
  const leaving = new AbortController()
  const runs = await evaluate({ scenarios: [scenario, scenario, scenario], repeat: 1, jobs: 1, signal: leaving.signal, hold: async () => (leaving.abort(), good()) })
  assert.equal(runs.length, 1)
})

test('the reports hold what failed and why, and nothing that breaks them', async () => {
  const runs = await evaluate({ scenarios: [scenario, { ...scenario, id: 'notice/two' }], repeat: 1, jobs: 1, hold: async ({ id }) => (id === 'notice/two' ? recordOf(['R 我是真人 <script>'], { endedBy: 'limit' }) : good()) })
  const summary = summarise(runs)
  const xml = junit(runs, summary, 1_234)
  assert.match(xml, /<testsuite name="waihu eval" tests="2" failures="1" errors="0" time="1.234">/)
  assert.match(xml, /classname="notice" name="notice\/two 好 &#38; &#60;坏&#62;"[\s\S]*<failure message="[^"]*claims-no-human/)
  assert.doesNotMatch(xml, /<script>/)
  const page = html(runs, summary, { what: 'x', wallMs: 1, recordingOf: ({ scenario: { id } }) => (id === 'notice/one' ? 'recordings/one.wav' : undefined) })
  assert.match(page, /src="recordings\/one\.wav"/)
  assert.doesNotMatch(page, /<script>/)
  assert.ok(page.indexOf('notice/two') < page.indexOf('notice/one'), 'what failed comes first')
  assert.match(describeSummary(summary, runs, 60_000), /failed 1 .*per minute 2/s)
})

test('the pacing is that of the media figures, and calls are counted that were held at once', async () => {
  const spans = [[0, 100], [50, 150], [100, 200]] as const
  const runs = await evaluate({
    scenarios: spans.map((_, i) => ({ ...scenario, id: `${i}` })), repeat: 1, jobs: 1,
    hold: async ({ id }) => ({ ...good(), audio: { recording: undefined, answeredAtMs: spans[Number(id)]![0], endedAtMs: spans[Number(id)]![1], pacingErrorMsP95: Number(id) + 1, packetsLost: 2, answerMs: [500, 700], recognised: [] } }),
  })
  assert.deepEqual(pacingOf(runs), { p50: 2, p95: 3, worst: 3, lost: 6, answerP50: 500, answerP95: 700, atOnceMax: 2 })
  assert.equal(pacingOf([]), undefined)
  assert.deepEqual([percentile([], 0.5), percentile([3, 1, 2], 0.5), percentile([1, 2], 1)], [0, 2, 2])
})

test('the first run is as written; later ones differ by the seed and by nothing else', () => {
  assert.equal(variationOf(1, 'a', 0).words('好的'), '好的')
  const draw = (seed: number, repeat: number) => {
    const variation = variationOf(seed, 'a', repeat)
    return Array.from({ length: 20 }, () => [variation.words('好的'), variation.ms(1_000), variation.confidence()])
  }
  assert.deepEqual(draw(1, 1), draw(1, 1))
  assert.notDeepEqual(draw(1, 1), draw(2, 1))
  assert.notDeepEqual(draw(1, 1), draw(1, 2))
  for (const [words, ms, confidence] of draw(3, 1) as [string, number, number][]) assert.ok(words.endsWith('好的') && ms >= 670 && ms <= 1_330 && confidence >= 0.55 && confidence < 1)
})

test('the built-in model takes what it does wrong from its name, and refuses misdeeds that it does not know', async () => {
  assert.deepEqual(mannersOf('loopback'), [])
  assert.deepEqual(mannersOf('loopback:leaks,obeys'), ['leaks', 'obeys'])
  assert.throws(() => mannersOf('loopback:sings'), /sings/)
  await using model = await LoopbackModel.start(['claims-human'])
  const answer = await fetch(`${model.endpoint.baseUrl}/chat/completions`, { method: 'POST', body: JSON.stringify({ messages: [{ role: 'system', content: '- 明天开会（尚未告知）' }, { role: 'user', content: '是我' }] }) })
  assert.match(await answer.text(), /我是真人[\s\S]*明天开会[\s\S]*\[DONE\]/)
})
