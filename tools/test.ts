// Runs everything that must be green before a change lands: type check, lint, tests. `npm test -- <words>` runs only test files whose path contains a word.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

function run(title: string, args: string[]): number {
  const startedAt = performance.now()
  console.log(`── ${title}`)
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  console.log(`── ${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return status ?? 1
}

/** Calls go in real time: a machine that looks away for a second can fail a test. So few are run once more, alone, and named at the end. */
const SECOND_TRIES_MAX = 3

function test(title: string, some: readonly string[], concurrency: number): number {
  const list = path.join(mkdtempSync(path.join(tmpdir(), 'waihu-tests-')), 'failed')
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=./tools/failed-files.ts', `--test-reporter-destination=${list}`]
  const args = (how: number) => ['--test', `--test-concurrency=${how}`, '--test-timeout=400000', ...flags]
  const status = run(`${title} (${some.length} files)`, [...args(concurrency), ...reporters, ...some])
  const failed = readFileSync(list, 'utf8').split('\n').filter(Boolean).map((file) => path.relative(root, file))
  rmSync(path.dirname(list), { recursive: true })
  if (status === 0 || failed.length === 0 || failed.length > SECOND_TRIES_MAX) return status
  const again = run(`${title}, once more: ${failed.join(', ')}`, [...args(1), ...failed])
  if (again === 0) secondTries.push(...failed)
  return again
}

// What the parts log while tests break them on purpose would drown the report.
process.env['LOG_LEVEL'] ??= 'error'

const isWholeSystem = (file: string) => file.startsWith('test')
/** Its first comment says that it has the machine to itself, because it carries many calls at once or measures what is heard when. */
const runsAlone = (file: string) => isWholeSystem(file) && /^(?:\/\/.*\n)*\/\/ Runs alone: /.test(readFileSync(file, 'utf8'))
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'))
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts']).sort()
const chosen = words.length === 0 ? files : files.filter((file) => words.some((word) => file.includes(word)))
if (chosen.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`)
  process.exit(2)
}
let failures = 0
if (words.length === 0) {
  failures += run('type check', ['node_modules/typescript/bin/tsc', '--noEmit']) === 0 ? 0 : 1
  failures += run('lint', ['tools/lint.ts']) === 0 ? 0 : 1
}
const parts: readonly { title: string; some: readonly string[]; concurrency: number }[] = [
  { title: 'unit tests', some: chosen.filter((file) => !isWholeSystem(file)), concurrency: 2 },
  // Mostly they wait for people to finish their sentences.
  { title: 'whole-system tests', some: chosen.filter((file) => isWholeSystem(file) && !runsAlone(file)), concurrency: 2 },
  { title: 'whole-system tests that run alone', some: chosen.filter(runsAlone), concurrency: 1 },
]
const secondTries: string[] = []
for (const { title, some, concurrency } of parts) if (some.length > 0) failures += test(title, some, concurrency) === 0 ? 0 : 1
if (secondTries.length > 0) console.log(`── passed only when they had the machine to themselves: ${secondTries.join(', ')}`)
const { stopTestServer } = await import('../src/db/testing.ts')
await stopTestServer()
process.exit(failures === 0 ? 0 : 1)
