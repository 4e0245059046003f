// Holds that starters that find nothing installed install once between them, and that one that was killed does not keep the next waiting. npm is played by a script.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../src/config.ts'

/** A checkout with nothing installed, whose npm takes `installMs`, empties node_modules first as `npm ci` does, and keeps a list of its runs. */
async function bareCheckout(installMs: number): Promise<AsyncDisposable & { path: string; start(): ChildProcess; installs(): Promise<number> }> {
  const root = await mkdtemp(path.join(tmpdir(), 'waihu-bare-'))
  await cp(path.join(programRoot, 'tools/bootstrap.mjs'), path.join(root, 'tools/bootstrap.mjs'), { recursive: true })
  await writeFile(path.join(root, 'package-lock.json'), '{}')
  await writeFile(path.join(root, 'program.mjs'), `import 'dependency'; console.log('running')`)
  const npm = `
    const fs = require('node:fs')
    fs.appendFileSync('installs', 'x')
    fs.rmSync('node_modules', { recursive: true, force: true })
    setTimeout(() => {
      fs.mkdirSync('node_modules/node/bin', { recursive: true })
      fs.symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/node/bin/node')
      fs.writeFileSync('node_modules/node/package.json', JSON.stringify({ version: process.versions.node }))
      fs.mkdirSync('node_modules/dependency')
      fs.writeFileSync('node_modules/dependency/index.js', '')
    }, ${installMs})`
  await writeFile(path.join(root, 'npm.cjs'), npm)
  return {
    path: root,
    start: () => spawn(process.execPath, ['tools/bootstrap.mjs', 'program.mjs'], { cwd: root, env: { ...process.env, npm_execpath: path.join(root, 'npm.cjs'), npm_lifecycle_event: '' } }),
    installs: async () => (await readFile(path.join(root, 'installs'), 'utf8')).length,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function saying(child: ChildProcess): Promise<{ code: number | null; out: string; said: string }> {
  let out = ''
  let said = ''
  child.stdout!.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr!.on('data', (bytes: Buffer) => (said += bytes.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, said })))
}

void describe('the starter', () => {
  void test('installs once when several are started together, and all of them run', async () => {
    await using checkout = await bareCheckout(700)
    const runs = await Promise.all(Array.from({ length: 6 }, () => saying(checkout.start())))
    for (const run of runs) assert.deepEqual([run.code, run.out.trim()], [0, 'running'], run.said)
    assert.equal(await checkout.installs(), 1)
    assert.equal(runs.filter((run) => /waiting for it/.test(run.said)).length, 5, 'those that wait say so')
  })

  void test('does not wait for an installation that was killed', async () => {
    await using checkout = await bareCheckout(60_000)
    const killed = checkout.start()
    const end = saying(killed)
    while ((await readFile(path.join(checkout.path, '.installing/pid'), 'utf8').catch(() => '')) === '' || !(await checkout.installs().catch(() => 0))) await sleep(10)
    process.kill(Number(await readFile(path.join(checkout.path, '.installing/pid'), 'utf8')), 'SIGKILL')
    killed.kill('SIGKILL')
    await end
    await writeFile(path.join(checkout.path, 'npm.cjs'), (await readFile(path.join(checkout.path, 'npm.cjs'), 'utf8')).replace('60000', '10'))
    // As it is left when the machine goes down at that moment.
    await mkdir(path.join(checkout.path, '.installing'), { recursive: true })
    const next = await saying(checkout.start())
    assert.deepEqual([next.code, next.out.trim()], [0, 'running'], next.said)
  })
})
