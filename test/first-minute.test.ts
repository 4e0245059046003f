// Holds the first minute of a newcomer: one start, one call, two instances, the demo. The real program, as processes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../src/config.ts'
import { assertNothingLeft, assertNoTrace, BUSY, findOtherNode, installedCheckout, keptKey, newcomer, place, post, ranWith, STOP_MS_MAX, stopped, untilStatus, UP_MS_MAX } from './world/newcomer.ts'
import { canSeeProcesses, processesWith, untilNone } from './world/processes.ts'
import { DataFolder, serverCommand, ServerProcess } from './world/server-process.ts'

const skip = !canSeeProcesses && 'needs /proc'

void describe('the server on a fresh checkout', { skip }, () => {
  void test('comes up with address and key in both languages, keeps the key to its owner, and stops in the middle of a call', async (t) => {
    await using folder = await DataFolder.make()
    const { home, dataDir, env } = await newcomer(folder)
    const first = new ServerProcess({ env })
    const base = await first.up(UP_MS_MAX)
    assert.equal((await fetch(`${base}/healthz`)).status, 200)
    t.diagnostic(JSON.stringify({ firstStartMs: Math.round(performance.now() - first.startedAtMs) }))
    assert.match(first.stdout, /外呼已启动 waihu is up +http:\/\/127\.0\.0\.1:\d+/)
    assert.match(first.stdout, /演示账户密钥 Demo key +sk_\w+/)
    assert.match(first.stdout, /试一试 Try .*scripts\/callout\.sh 13800138000/)

    const kept = await keptKey(dataDir)
    assert.ok(first.stdout.includes(kept.api_key))
    assert.equal((await stat(path.join(dataDir, 'demo-account.json'))).mode & 0o777, 0o600)
    for (const name of ['recordings', 'postgres']) assert.equal((await stat(path.join(dataDir, name))).mode & 0o777, 0o700, `${name} is for its owner only`)
    assert.equal(kept.base_url, base)
    assert.ok(!first.stderr.includes(kept.api_key), 'the key is not in the log')

    const ended = await place(base, kept.api_key, BUSY)
    assert.equal((await untilStatus(base, kept.api_key, ended, 'ended'))['outcome'], 'busy')

    // Somebody talks, somebody waits for a number that rings for long, somebody watches.
    const talking = await place(base, kept.api_key, '13800138000')
    const ringing = await place(base, kept.api_key, '13800138002')
    await untilStatus(base, kept.api_key, talking, 'talking')
    const watched = await fetch(`${base}/api/v1/callinfo/stream_chat_history`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': kept.api_key, 'X-Skill-Version': '1.0.0' },
      body: JSON.stringify({ call_id: ringing }),
    })
    const watching = watched.text().catch(() => '')
    t.diagnostic(JSON.stringify({ stopInCallMs: await stopped(first) }))
    await watching
    await assertNothingLeft(folder)

    const second = new ServerProcess({ env })
    const again = await second.up(UP_MS_MAX)
    t.diagnostic(JSON.stringify({ secondStartMs: Math.round(performance.now() - second.startedAtMs) }))
    assert.doesNotMatch(second.stdout, /sk_/, 'a key is shown once')
    assert.match(second.stdout, /演示账户密钥 Demo key +\S+demo-account\.json/)
    const keptAgain = await keptKey(dataDir)
    assert.deepEqual({ ...keptAgain, base_url: '' }, { ...kept, base_url: '' }, 'the account and its key stay')
    assert.equal(keptAgain.base_url, again)
    for (const call of [ended, talking, ringing]) assert.equal((await post(again, kept.api_key, 'search_callinfo', { call_id: call }))['status'], 'ended')
    assert.equal((await post(again, kept.api_key, 'search_callinfo', { call_id: ringing }))['cost'], 0)
    t.diagnostic(JSON.stringify({ stopIdleMs: await stopped(second, 'SIGINT') }))
    await assertNothingLeft(folder)
    assert.deepEqual(await readdir(home), [], 'nothing is written to the home folder')
  })

  void test('runs beside another one, and refuses a folder or a port that is taken with advice', async () => {
    await using folder = await DataFolder.make()
    const [one, two, three] = [await newcomer(folder, 'one'), await newcomer(folder, 'two'), await newcomer(folder, 'three')]
    const first = new ServerProcess({ env: one.env })
    const second = new ServerProcess({ env: two.env })
    const bases = await Promise.all([first.up(UP_MS_MAX), second.up(UP_MS_MAX)])

    const sameFolder = await ranWith({ env: { ...one.env } })
    assert.equal(sameFolder.exit?.code, 1)
    assert.match(sameFolder.stderr, /in use by another server \(process \d+.*DATA_DIR/)
    const samePort = await ranWith({ env: { ...three.env, PORT: new URL(bases[0]).port } })
    assert.equal(samePort.exit?.code, 1)
    assert.match(samePort.stderr, /端口已被占用.*PORT/)
    assertNoTrace(samePort.stderr)
    assert.deepEqual(await untilNone(() => processesWith(three.dataDir), 3_000), [], 'a refused start leaves nothing behind')

    await Promise.all(
      [one, two].map(async ({ dataDir }, index) => {
        const { api_key: key } = await keptKey(dataDir)
        const call = await place(bases[index]!, key, BUSY)
        assert.equal((await untilStatus(bases[index]!, key, call, 'ended'))['outcome'], 'busy')
        const other = await fetch(`${bases[1 - index]!}/api/v1/account/balance`, { headers: { 'X-API-Key': key } })
        assert.equal(other.status, 401, 'a key is good for its own instance only')
      }),
    )
    await Promise.all([stopped(first), stopped(second)])
    await assertNothingLeft(folder)
  })

  const otherNode = findOtherNode()
  const needsNpm = { skip: (otherNode === undefined && 'needs a Node of another version') || (spawnSync('npm', ['--version']).status !== 0 && 'needs npm') }
  void test('starts with npm start, and ends with Ctrl-C or when npm alone is told to stop', needsNpm, async () => {
    await using checkout = await installedCheckout()
    const stops: { [how: string]: (pid: number) => void } = {
      'Ctrl-C': (pid) => process.kill(-pid, 'SIGINT'),
      'kill of npm': (pid) => process.kill(pid, 'SIGTERM'),
    }
    for (const [how, stop] of Object.entries(stops)) {
      await using folder = await DataFolder.make()
      const { env } = await newcomer(folder, how)
      const run = new ServerProcess({ env: { ...env, npm_config_update_notifier: 'false', PATH: `${path.dirname(otherNode!)}:${process.env['PATH']}` }, command: ['npm', 'start'], cwd: checkout.path, detached: true })
      const base = await run.up(UP_MS_MAX)
      assert.equal((await fetch(`${base}/healthz`)).status, 200)
      stop(run.pid)
      await run.ended(STOP_MS_MAX)
      assert.deepEqual(await untilNone(() => processesWith(folder.path), STOP_MS_MAX), [], how)
      await assertNothingLeft(folder)
    }
  })
})

void describe('the demo', { skip }, () => {
  const demoCommand = [process.execPath, path.join(programRoot, 'src/cli/waihu.ts'), 'demo'] as const

  async function assertShowsACall(run: ServerProcess, dataDir: string): Promise<void> {
    assert.equal(run.exit?.code, 0, run.lastWords)
    assert.ok((run.stdout.match(/🤖/g)?.length ?? 0) >= 2, run.stdout)
    assert.ok((run.stdout.match(/👤/g)?.length ?? 0) >= 2, run.stdout)
    assert.match(run.stdout, /🤖.*AI/, 'the robot says what it is')
    assert.match(run.stdout, /🤖.*9点|🤖.*九点/, 'the message is delivered')
    assert.match(run.stdout, /结果 outcome +answered/)
    assert.match(run.stdout, /费用 cost +0\.\d+ RMB/)
    assert.match(run.stdout, /哪些是模拟的 What is simulated/)
    const recording = /录音 recording +(\S+)/.exec(run.stdout)?.[1]
    assert.ok(recording, run.stdout)
    const recordings = path.join(dataDir, 'recordings')
    const [file] = await readdir(recordings)
    assert.ok(file && (await stat(path.join(recordings, file))).size > 10_000)
  }

  void test('shows a whole call, its cost, its recording and what is simulated, with a server of its own', async (t) => {
    await using folder = await DataFolder.make()
    const { dataDir, env } = await newcomer(folder)
    const run = await ranWith({ env, command: demoCommand }, 180_000)
    t.diagnostic(JSON.stringify({ demoMs: Math.round(run.exit!.atMs - run.startedAtMs) }))
    await assertShowsACall(run, dataDir)
    await assertNothingLeft(folder)
  })

  void test('uses the server that is running', async () => {
    await using folder = await DataFolder.make()
    const { dataDir, env } = await newcomer(folder)
    const server = new ServerProcess({ env })
    await server.up(UP_MS_MAX)
    const run = await ranWith({ env, command: demoCommand }, 180_000)
    assert.doesNotMatch(run.stdout, /Starting the server/)
    await assertShowsACall(run, dataDir)
    assert.equal(server.exit, undefined)
    await stopped(server)
    await assertNothingLeft(folder)
  })

  void test('leaves nothing running when it is interrupted, while starting or in the middle of the call', async () => {
    await using folder = await DataFolder.make()
    const { env } = await newcomer(folder)
    for (const moment of [/Starting the server/, /🤖/]) {
      const run = new ServerProcess({ env, command: demoCommand, detached: true })
      for (const deadline = performance.now() + UP_MS_MAX; !moment.test(run.stdout); await sleep(20)) assert.ok(performance.now() < deadline && !run.exit, run.lastWords)
      await sleep(200)
      process.kill(-run.pid, 'SIGINT')
      assert.notEqual((await run.ended(STOP_MS_MAX)).code, 0)
      assertNoTrace(run.stderr)
      await assertNothingLeft(folder)
    }
  })
})

void describe('an ordinary user', { skip }, () => {
  void test('starts and stops it when root installed it', { skip: (process.getuid?.() !== 0 && 'needs root') || (spawnSync('setpriv', ['--version']).status !== 0 && 'needs setpriv') }, async (t) => {
    const [uid, gid] = ['-u', '-g'].map((which) => Number(spawnSync('id', [which, 'nobody'], { encoding: 'utf8' }).stdout.trim())) as [number, number]
    const asNobody = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'] as const
    if (spawnSync(asNobody[0], [...asNobody.slice(1), 'test', '-r', path.join(programRoot, 'src/main.ts')]).status !== 0) return t.skip('others may not read this checkout')
    await using folder = await DataFolder.make()
    await chmod(folder.path, 0o755)
    const { home, dataDir, env } = await newcomer(folder)
    await mkdir(dataDir, { mode: 0o700 })
    for (const dir of [home, dataDir]) await chown(dir, uid, gid)
    const server = new ServerProcess({ env, command: [...asNobody, ...serverCommand] })
    const base = await server.up(UP_MS_MAX)
    const { api_key: key } = await keptKey(dataDir)
    const call = await place(base, key, BUSY)
    assert.equal((await untilStatus(base, key, call, 'ended'))['outcome'], 'busy')
    const owners = await Promise.all(['demo-account.json', 'recordings', 'postgres/cluster'].map(async (name) => (await stat(path.join(dataDir, name))).uid))
    assert.deepEqual(owners, [uid, uid, uid])
    await stopped(server)
    await assertNothingLeft(folder)
    assert.deepEqual(await readdir(home), [])
  })
})
