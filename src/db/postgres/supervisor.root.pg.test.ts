import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { findBinaries } from './binaries.ts'
import { canRun, findNobody, namespacesWork } from './run-as.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './supervisor.ts'
import { dataFolder, ended, otherStarter, quiet } from './testing.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const nobody = await findNobody()
const skip = isRoot && nobody ? false : 'needs root and a user "nobody"'
const skipNamespace = skip || ((await namespacesWork(nobody!.uid)) ? false : 'this kernel or container forbids user namespaces')
/** As that user; undefined where the checkout lies in a folder that only root may enter. */
const otherUserReads = !skip && (await canRun({ how: 'user', ...nobody! }, (await findBinaries()).postgres)).ok && (await canRun({ how: 'user', ...nobody! }, process.execPath)).ok
const skipOtherUser = skip || (otherUserReads ? false : 'the checkout is closed to other users')

const start = (dataDir: string, rootMode?: 'namespace' | 'user'): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dataDir, log: quiet, durable: false, rootMode })

async function ownerOf(path: string): Promise<number> {
  return (await lstat(path)).uid
}

test('root runs the server in a user namespace, also in a folder that nobody else may enter', { skip: skipNamespace }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o700)
  await using server = await start(folder.path)
  assert.equal(await ownerOf(join(folder.path, 'postgres', 'cluster')), 0)
  assert.match(await readFile(`/proc/${server.pid}/uid_map`, 'utf8'), new RegExp(`^\\s*${nobody!.uid}\\s+0\\s+1\\s*$`))
})

test('where namespaces are forbidden, root runs the server as nobody, who owns the files', { skip }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o711)
  await using server = await start(folder.path, 'user')
  assert.equal(await ownerOf(join(folder.path, 'postgres', 'cluster')), nobody!.uid)
  assert.match((await run('ps', ['-o', 'uid=', '-p', String(server.pid)])).stdout, new RegExp(`^\\s*${nobody!.uid}\\s*$`))
})

test('a cluster of root is given to nobody when namespaces are no longer to be had, and stays with him', { skip: skipNamespace }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o711)
  await (await start(folder.path, 'namespace')).stop()
  await (await start(folder.path, 'user')).stop()
  assert.equal(await ownerOf(join(folder.path, 'postgres', 'cluster', 'base')), nobody!.uid)
  await using server = await start(folder.path, 'namespace')
  assert.equal(await ownerOf(join(folder.path, 'postgres', 'cluster')), nobody!.uid)
  assert(server.pid)
})

test('a folder that nobody cannot reach is refused with advice and is not given away', { skip: skipNamespace }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o700)
  const dataDir = join(folder.path, 'data')
  await (await start(dataDir, 'namespace')).stop()
  await assert.rejects(start(dataDir, 'user'), { code: 'data-folder', message: /cannot enter .*ordinary user.*DATA_DIR/ })
  assert.equal(await ownerOf(join(dataDir, 'postgres', 'cluster')), 0)
})

test('an ordinary user runs the server as himself; root then runs it as that user and leaves it usable for him', { skip: skipOtherUser }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o777)
  const dataDir = join(folder.path, 'data')
  const startAsUser = async (): Promise<void> => {
    const { child, said } = otherStarter(dataDir, nobody!)
    const answer = await said
    assert('pid' in answer, JSON.stringify(answer))
    child.stdin!.end()
    await ended(child)
  }
  await startAsUser()
  await (await start(dataDir)).stop()
  await startAsUser()
})

test('a user is refused the folder of another, and a folder without the right to write', { skip: skipOtherUser }, async () => {
  await using folder = await dataFolder()
  await chmod(folder.path, 0o755)
  await mkdir(join(folder.path, 'postgres'), { mode: 0o755 })
  const other = otherStarter(folder.path, nobody!)
  const refusal = await other.said
  assert('code' in refusal)
  assert.equal(refusal.code, 'data-folder')
  assert.match(refusal.message, /belongs to user id 0/)
  const closed = await otherStarter(join(folder.path, 'new'), nobody!).said
  assert('code' in closed)
  assert.equal(closed.code, 'data-folder')
  assert.match(closed.message, /cannot be written \(EACCES\).*DATA_DIR/)
})

test('a full disk is named as such', { skip: isRoot ? false : 'needs root to mount a small disk' }, async (t) => {
  await using folder = await dataFolder()
  const small = join(folder.path, 'small')
  await mkdir(small)
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', small]).then(() => true, () => false)
  if (!mounted) return t.skip('mounting is forbidden here')
  try {
    await assert.rejects(start(small), { code: 'disk-full', message: /is full: free some space/ })
    await run('mount', ['-o', 'remount,size=200m', small])
    await (await start(small)).stop()
  } finally {
    await run('umount', [small])
  }
})
