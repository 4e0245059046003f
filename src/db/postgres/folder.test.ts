import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { giveFolder, logSince, openFolder, openLog, socketDirFor } from './folder.ts'
import { failureOf, folderError } from './start-error.ts'

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'waihu-folder-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('the socket lies beside the data while its path is short enough', () => {
  assert.equal(socketDirFor('/data/postgres', 1, '/tmp'), '/data/postgres/socket')
  const deep = `/${'d'.repeat(90)}`
  const elsewhere = socketDirFor(deep, 1, '/tmp')
  assert.match(elsewhere, /^\/tmp\/waihu-1-[0-9a-f]{16}$/)
  assert.equal(socketDirFor(deep, 1, '/tmp'), elsewhere)
  assert.notEqual(socketDirFor(`${deep}2`, 1, '/tmp'), elsewhere)
  // Two bytes to a letter: the limit counts bytes.
  assert.match(socketDirFor(`/${'é'.repeat(45)}`, 1, '/tmp'), /^\/tmp\/waihu/)
})

test('a socket folder that is a link put there by somebody is refused', async () => {
  await using folder = await temporaryFolder()
  const opened = await openFolder(folder.path)
  await mkdir(join(folder.path, 'trap'))
  await symlink(join(folder.path, 'trap'), opened.socketDir)
  await assert.rejects(giveFolder(opened, { how: 'direct' }), { code: 'data-folder', message: /belongs to somebody else/ })
})

test('a long log is moved aside and the new one read from its beginning', async () => {
  await using folder = await temporaryFolder()
  const opened = await openFolder(folder.path)
  await writeFile(opened.log, 'x'.repeat(10_000_001))
  const log = await openLog(opened, { how: 'direct' })
  await log.close()
  assert.equal(log.sizeBefore, 0)
  await writeFile(opened.log, 'FATAL:  it hurts\n')
  assert.equal(await logSince(opened, log.sizeBefore), 'FATAL:  it hurts\n')
})

test('what the file system and PostgreSQL say becomes advice', () => {
  const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code })
  const codeOf = (value: unknown): unknown => (value as { code: string }).code
  assert.equal(codeOf(folderError(error('ENOSPC'), '/data')), 'disk-full')
  assert.equal(codeOf(folderError(error('EROFS'), '/data')), 'data-folder')
  assert.equal(codeOf(folderError(error('EMFILE'), '/data')), 'EMFILE')
  assert.equal(codeOf(failureOf('postgres', 'LOG: starting\nFATAL:  could not write lock file "postmaster.pid": No space left on device', '/data')), 'disk-full')
  assert.equal(codeOf(failureOf('initdb', 'initdb: error: could not create directory "x": Permission denied', '/data')), 'data-folder')
  const failure = failureOf('postgres', 'LOG:  starting\nFATAL:  bogus data in lock file\nLOG:  done', '/data')
  assert.equal(failure.code, 'postgres-failed')
  assert.match(failure.message, /gave up on \/data: FATAL: {2}bogus data in lock file\. .*DATABASE_URL/)
})
