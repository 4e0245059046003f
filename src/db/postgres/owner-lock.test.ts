import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lastOwner, OwnerLock } from './owner-lock.ts'

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'waihu-lock-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('a lock has one holder at a time, and can be released twice', async () => {
  await using folder = await temporaryFolder()
  const first = await OwnerLock.take(folder.path)
  assert(first)
  assert.equal(await OwnerLock.take(folder.path), undefined)
  first.release()
  first.release()
  using second = await OwnerLock.take(folder.path)
  assert(second)
  assert.equal((await lastOwner(folder.path))?.pid, process.pid)
})

test('a process that is killed loses its lock', async () => {
  await using folder = await temporaryFolder()
  const program = `
    const { OwnerLock } = await import(${JSON.stringify(new URL('owner-lock.ts', import.meta.url).href)})
    globalThis.lock = await OwnerLock.take(${JSON.stringify(folder.path)})
    console.log('held')
    setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  assert.equal(await OwnerLock.take(folder.path), undefined)
  assert.equal((await lastOwner(folder.path))?.pid, child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  using lock = await OwnerLock.take(folder.path)
  assert(lock)
})

test('of many that ask at once, one gets it', async () => {
  await using folder = await temporaryFolder()
  const locks = await Promise.all(Array.from({ length: 20 }, () => OwnerLock.take(folder.path)))
  const held = locks.filter((lock) => lock !== undefined)
  assert.equal(held.length, 1)
  held[0]!.release()
})
