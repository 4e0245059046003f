import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pendingMigrations, readMigrations, type Migration } from './migrations.ts'

async function folderOf(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'waihu-sql-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const file = (number: number, sha256 = `sum ${number}`): Migration => ({ name: `000${number}-step.sql`, number, sql: '', sha256 })
const applied = (number: number, sha256 = `sum ${number}`): { name: string; sha256: string } => ({ name: `000${number}-step.sql`, sha256 })

test('what is not applied yet is pending, in order', () => {
  assert.deepEqual(pendingMigrations([file(1), file(2), file(3)], [applied(1)]), [file(2), file(3)])
  assert.deepEqual(pendingMigrations([file(1)], [applied(1)]), [])
})

test('a changed, a missing and a late file are refused by name', () => {
  assert.throws(() => pendingMigrations([file(1, 'other')], [applied(1)]), { code: 'migration-changed', message: /0001-step\.sql/ })
  assert.throws(() => pendingMigrations([file(2)], [applied(1), applied(2)]), { code: 'migration-missing', message: /0001-step\.sql/ })
  assert.throws(() => pendingMigrations([file(1), file(2), file(3)], [applied(1), applied(3)]), { code: 'migration-order', message: /0002-step\.sql/ })
})

test('a database of a newer release is refused as such', () => {
  assert.throws(() => pendingMigrations([file(1)], [applied(1), applied(2)]), { code: 'migration-newer', message: /newer release.*0002-step\.sql/ })
})

test('a badly named file and a number used twice are refused', async () => {
  await using bad = await folderOf({ 'step.sql': '' })
  await assert.rejects(readMigrations(bad.path), { code: 'migration-name' })
  await using twice = await folderOf({ '0001-a.sql': '', '0001-b.sql': '' })
  await assert.rejects(readMigrations(twice.path), { code: 'migration-name', message: /same number/ })
})

test('line ends do not change a file, other files in the folder are not read', async () => {
  await using unix = await folderOf({ '0001-a.sql': 'select 1;\nselect 2;\n', 'README.md': 'x' })
  await using windows = await folderOf({ '0001-a.sql': 'select 1;\r\nselect 2;\r\n' })
  assert.equal((await readMigrations(unix.path))[0]!.sha256, (await readMigrations(windows.path))[0]!.sha256)
})

test('the files of this release are in order', async () => {
  const migrations = await readMigrations()
  assert.deepEqual(migrations.map(({ number }) => number), migrations.map((_, index) => index + 1))
})
