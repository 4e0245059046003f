// Runs everything that must be green before a change lands: type check, lint, tests. `npm test -- <words>` runs only test files whose path contains a word.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
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

// What the parts log while tests break them on purpose would drown the report.
process.env['LOG_LEVEL'] ??= 'error'

const isWholeSystem = (file: string) => file.startsWith('test')
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
// Whole-system tests carry many calls at once and have the machine to themselves; the others share it.
const parts = { 'unit tests': chosen.filter((file) => !isWholeSystem(file)), 'whole-system tests': chosen.filter(isWholeSystem) }
for (const [title, some] of Object.entries(parts)) {
  if (some.length === 0) continue
  const concurrency = title === 'unit tests' ? 2 : 1
  failures += run(`${title} (${some.length} files)`, ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=400000', ...flags, ...some]) === 0 ? 0 : 1
}
const { stopTestServer } = await import('../src/db/testing.ts')
await stopTestServer()
process.exit(failures === 0 ? 0 : 1)
