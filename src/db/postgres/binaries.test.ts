import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { copyBinaries, findBinaries, repairLinks } from './binaries.ts'
import { canRun } from './run-as.ts'

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'waihu-binaries-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('the programs of this platform are found', async () => {
  const binaries = await findBinaries()
  assert.equal(binaries.major, 18)
  assert((await lstat(binaries.postgres)).isFile())
})

test('a platform without programs is refused and pointed to DATABASE_URL', async () => {
  await assert.rejects(findBinaries('win32-x64'), { code: 'postgres-missing', message: /win32-x64.*DATABASE_URL/ })
})

test('a platform whose package was not installed is refused with both ways out', async () => {
  const absent = process.platform === 'darwin' ? 'linux-arm64' : 'darwin-arm64'
  await assert.rejects(findBinaries(absent), { code: 'postgres-missing', message: /npm ci.*DATABASE_URL/ })
})

test('missing links are made once, relative to their folder, and present ones are left alone', async () => {
  await using folder = await temporaryFolder()
  const lib = join(folder.path, 'native', 'lib')
  await mkdir(lib, { recursive: true })
  await writeFile(join(lib, 'libpq.so.5.18'), '')
  await writeFile(join(lib, 'libz.so'), 'a file of its own')
  const links = [
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libz.so' },
  ]
  await writeFile(join(folder.path, 'native', 'pg-symlinks.json'), JSON.stringify(links))
  const made = await Promise.all([repairLinks(folder.path), repairLinks(folder.path)])
  assert.equal(made[0]! + made[1]!, 2)
  assert.equal(await readlink(join(lib, 'libpq.so')), 'libpq.so.5.18')
  assert((await lstat(join(lib, 'libz.so'))).isFile())
  assert.equal(await repairLinks(folder.path), 0)
})

test('a copy runs, and a half-made one is made again', async () => {
  await using folder = await temporaryFolder()
  const binaries = await findBinaries()
  await mkdir(join(folder.path, `native-${binaries.version}.new`, 'native', 'bin'), { recursive: true })
  const copy = await copyBinaries(binaries, folder.path)
  assert.deepEqual(await canRun({ how: 'direct' }, copy.postgres), { ok: true })
  assert.deepEqual(await readdir(folder.path), [`native-${binaries.version}`])
  const { ino } = await lstat(copy.root)
  assert.equal((await lstat((await copyBinaries(binaries, folder.path)).root)).ino, ino)
})
