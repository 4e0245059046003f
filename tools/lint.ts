// Runs the linter with type information. The import directions of the folders are `no-restricted-imports` rules in .oxlintrc.json.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const { status } = spawnSync(process.execPath, ['node_modules/oxlint/bin/oxlint', '--type-aware', 'src', 'test', 'tools', 'bench', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
