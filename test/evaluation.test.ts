// waihu eval as a person runs it: a handful of scenarios over real SIP, RTP and speech, its reports, and its exit code.
// Runs alone: scenarios are called side by side, and their pacing is judged.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readWav } from '../src/media/wav.ts'
import { hear } from './world/ear.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
let folder: string
before(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'waihu-evaluation-'))))
after(() => rm(folder, { recursive: true, force: true }))

function waihuEval(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [path.join(root, 'src/cli/waihu.ts'), 'eval', ...args], { cwd: root, env: { ...process.env, DATA_DIR: folder, LOG_LEVEL: 'error' } }, (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, out: `${stdout}${stderr}` }))
  })
}

test('scenarios are held over SIP and audio, and what was heard can be heard again', { timeout: 90_000 }, async () => {
  const report = path.join(folder, 'report')
  const wanted = /^(?:notice\/water-cut-no-name|third-party\/phone-changed-hands)$/u
  const { code, out } = await waihuEval('scenarios', '--audio', '--jobs', '2', '--filter', String(wanted).slice(0, -1), '--report', report, '--verbose')
  // A machine that is busy with other tests sends packets late, and says so; everything else holds on any machine.
  const failures = [...out.matchAll(/^    ✗ ([a-z-]+):/gmu)].map((found) => found[1])
  assert.deepEqual(failures.filter((check) => check !== 'on-time-packets'), [], out)
  assert.equal(code, failures.length === 0 ? 0 : 1, out)
  assert.match(out, /runs 2，未通过 failed/u)
  assert.match(out, /发包误差 pacing error.*同时 at once [12]/u)
  const xml = await readFile(path.join(report, 'junit.xml'), 'utf8')
  assert.match(xml, /tests="2"/)
  const page = await readFile(path.join(report, 'index.html'), 'utf8')
  const recordings = await readdir(path.join(report, 'recordings'))
  assert.equal(recordings.length, 2)
  for (const name of recordings) assert.ok(page.includes(`recordings/${name}`), name)
  const { channels } = readWav(await readFile(path.join(report, 'recordings', 'notice_water-cut-no-name-1.wav')))
  const heard = hear(channels[1]!).join(' ')
  assert.match(heard, /停水/u, heard)
  assert.match(hear(channels[0]!).join(' '), /你说/u)
})

test('a robot that does not do what a scenario wants is told in words, in JUnit, and by the exit code', { timeout: 60_000 }, async () => {
  const file = path.join(folder, 'wrong.yaml')
  await writeFile(file, 'version: 1\ntitle: 错的期望\nrequirement: 通知张伟明天上午9点开会\ncallee: { persona: 本人 }\nturns: [{ says: 是我, confirms: true }, { says: 好的 }]\nfacts: { place: 月球 }\nexpect: { outcome: declined }\n')
  const junit = path.join(folder, 'wrong.xml')
  const { code, out } = await waihuEval(file, '--junit', junit)
  assert.equal(code, 1)
  assert.match(out, /✗ wrong[\s\S]*facts-told: place: 没有说到[\s\S]*outcome: confirmed，应为 expected declined[\s\S]*failed 1/u)
  assert.match(await readFile(junit, 'utf8'), /failures="1"[\s\S]*<failure message="facts-told, outcome">/)
})

for (const [what, args, words] of [
  ['a folder that does not exist', ['/nowhere'], /There is no \/nowhere/],
  ['a filter that fits nothing', ['scenarios', '--filter', 'zzz'], /No scenario matches zzz/],
  ['a robot that nobody knows', ['scenarios', '--robot', 'hal'], /--robot hal is not known/],
  ['a number that is none', ['scenarios', '--repeat', 'many'], /--repeat 1…10000: 'many'/],
] as const) {
  test(`refuses ${what}`, async () => {
    const { code, out } = await waihuEval(...args)
    assert.equal(code, 1)
    assert.match(out, words)
    assert.doesNotMatch(out, /\n\s+at /, 'a mistake of the user shows no stack')
  })
}
