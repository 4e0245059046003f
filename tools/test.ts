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
failures += run(`tests (${chosen.length} files)`, ['--test', '--test-concurrency=2', '--test-timeout=300000', ...flags, ...chosen]) === 0 ? 0 : 1
const { stopTestServer } = await import('../src/db/testing.ts')
await stopTestServer()
process.exit(failures === 0 ? 0 : 1)
