// Holds the first minute of a newcomer, and the ways in which he stops, starts again and mistypes. The real program, as processes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../src/config.ts'
import { canSeeProcesses, killNow, processesWith, untilNone } from './world/processes.ts'
import { DataFolder, serverCommand, ServerProcess, type StartOptions } from './world/server-process.ts'

const UP_MS_MAX = 60_000
/** Calls in progress get ten seconds to end by themselves. */
const STOP_MS_MAX = 40_000
const skip = !canSeeProcesses && 'needs /proc'
const BUSY = '13800138001'
const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

type Newcomer = { home: string; dataDir: string; env: { [name: string]: string } }

/** An empty home and a data folder that does not exist yet. */
async function newcomer(folder: DataFolder, name = 'data'): Promise<Newcomer> {
  const home = path.join(folder.path, `home-${name}`)
  await mkdir(home)
  const dataDir = path.join(folder.path, name)
  return { home, dataDir, env: { HOME: home, DATA_DIR: dataDir, PORT: '0' } }
}

async function keptKey(dataDir: string): Promise<{ account_id: string; api_key: string; base_url: string }> {
  return JSON.parse(await readFile(path.join(dataDir, 'demo-account.json'), 'utf8')) as { account_id: string; api_key: string; base_url: string }
}

async function post(base: string, apiKey: string, action: string, body: unknown): Promise<{ [key: string]: unknown }> {
  const response = await fetch(`${base}/api/v1/callinfo/${action}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': apiKey, 'X-Skill-Version': '1.0.0' },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as { [key: string]: unknown }
  assert.ok(response.ok, `${action}: ${JSON.stringify(answer)}`)
  return answer
}

async function place(base: string, apiKey: string, phone: string): Promise<string> {
  return ((await post(base, apiKey, 'initiate_call', { phones: phone, user_requirement: REQUIREMENT }))['call_ids'] as string[])[0]!
}

async function untilStatus(base: string, apiKey: string, callId: string, wanted: string): Promise<{ [key: string]: unknown }> {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const info = await post(base, apiKey, 'search_callinfo', { call_id: callId })
    if (info['status'] === wanted) return info
    assert.ok(performance.now() < deadline, `the call is ${String(info['status'])} and not ${wanted}`)
  }
}

async function assertNothingLeft(folder: DataFolder): Promise<void> {
  assert.deepEqual(await untilNone(() => processesWith(folder.path), 3_000), [], 'no process is left behind')
}

async function stopped(server: ServerProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
  const askedAtMs = performance.now()
  server.kill(signal)
  const exit = await server.ended(STOP_MS_MAX)
  assert.equal(exit.code, 0, server.lastWords)
  return Math.round(exit.atMs - askedAtMs)
}

/** Runs to its end. */
async function ranWith(options: StartOptions, withinMs = UP_MS_MAX): Promise<ServerProcess> {
  const run = new ServerProcess(options)
  await run.ended(withinMs)
  return run
}

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

  void test('stops cleanly whenever it is asked to while it is starting', async () => {
    await using folder = await DataFolder.make()
    const delaysMs = [300, 600, 900, 1_300, 1_800, 2_500]
    for (const [index, delayMs] of delaysMs.entries()) {
      const { env } = await newcomer(folder, `start-${index}`)
      const server = new ServerProcess({ env, detached: true })
      await sleep(delayMs)
      const signal = (['SIGTERM', 'SIGINT', 'SIGHUP'] as const)[index % 3]!
      // As a terminal or a service manager does it: to the whole group.
      process.kill(-server.pid, signal)
      const { code, signal: endedBy } = await server.ended(STOP_MS_MAX)
      // Before the program is loaded nobody listens, and nothing has been started.
      assert.ok(code === 0 || endedBy === signal, `${delayMs} ms: ${endedBy ?? code}\n${server.lastWords}`)
      await assertNothingLeft(folder)
    }
  })

  void test('lets a call end by itself when the whole group is told to stop', async () => {
    await using folder = await DataFolder.make()
    const { dataDir, env } = await newcomer(folder)
    const server = new ServerProcess({ env, detached: true })
    const base = await server.up(UP_MS_MAX)
    const { api_key: key } = await keptKey(dataDir)
    // Picks up, says that it is the wrong number, and is over within the time that calls get.
    const call = await place(base, key, '13800138008')
    await untilStatus(base, key, call, 'talking')
    await sleep(500)
    process.kill(-server.pid, 'SIGTERM')
    assert.equal((await server.ended(STOP_MS_MAX)).code, 0)
    await assertNothingLeft(folder)
    assert.doesNotMatch(server.stderr, /starting it again|will be replaced/, 'carrier and voice stay until the calls are over')
    const again = new ServerProcess({ env })
    const info = await post(await again.up(UP_MS_MAX), key, 'search_callinfo', { call_id: call })
    assert.equal(info['status'], 'ended')
    assert.equal(info['outcome'], 'answered')
    await stopped(again)
  })

  void test('opens one account also when the first start was killed in between', async () => {
    await using folder = await DataFolder.make()
    const { dataDir, env } = await newcomer(folder)
    for (const delayMs of [900, 1_500, 2_100]) {
      const server = new ServerProcess({ env })
      await sleep(delayMs)
      server.kill('SIGKILL')
      await server.ended(5_000)
    }
    const server = new ServerProcess({ env })
    const base = await server.up(UP_MS_MAX)
    const { api_key: key } = await keptKey(dataDir)
    const balance = (await (await fetch(`${base}/api/v1/account/balance`, { headers: { 'X-API-Key': key } })).json()) as { balance: number }
    assert.equal(balance.balance, 10)
    await stopped(server)
    await assertNothingLeft(folder)
  })

  void test('names the variable that is wrong, without a stack trace, and leaves nothing running', async (t) => {
    await using folder = await DataFolder.make()
    const { env } = await newcomer(folder)
    const file = path.join(folder.path, 'a-file')
    await writeFile(file, '')
    const taken = createSocket('udp4')
    await new Promise<void>((resolve) => taken.bind({ address: '127.0.0.1', port: 0 }, resolve))
    t.after(() => taken.close())
    const wrong: [name: string, value: string][] = [
      ['PORT', 'abc'],
      ['PORT', '70000'],
      ['RECORD', 'maybe'],
      ['DATABASE_URL', 'nonsense'],
      ['ASR', 'nonsense'],
      ['TTS', 'nonsense'],
      ['CALLING_HOURS', '25:00-26:00'],
      ['TEST_NUMBERS', '12'],
      ['SIP_TRUNK', 'a b'],
      ['HOST', '203.0.113.1'],
      ['SIP_PORT', String(taken.address().port)],
      ['DATA_DIR', path.join(file, 'below')],
      ['DATABASE_URL', 'postgres://nobody@127.0.0.1:9/nothing'],
    ]
    for (const [name, value] of wrong) {
      const run = await ranWith({ env: { ...env, [name]: value } })
      assert.equal(run.exit?.code, 1, `${name}=${value}: ${run.lastWords}`)
      assert.match(run.stderr, new RegExp(name), `${name}=${value}`)
      assertNoTrace(run.stderr)
      await assertNothingLeft(folder)
    }
    const both = await ranWith({ env: { ...env, PORT: 'abc', RECORD: 'maybe' } })
    assert.match(both.stderr, /PORT[\s\S]*RECORD/, 'everything that is wrong is told at once')
    const help = await ranWith({ env, command: [...serverCommand, '--help'] })
    assert.equal(help.exit?.code, 0)
    assert.match(help.stdout, /DATA_DIR/)
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

void describe('the starter on another Node', { skip }, () => {
  const otherNode = findOtherNode()
  const needsOther = { skip: otherNode === undefined && 'needs a Node of another version' }

  void test('runs the server on the pinned Node, passes its words and its exit code on, and takes it along when it is told to stop', needsOther, async () => {
    await using folder = await DataFolder.make()
    const { env } = await newcomer(folder)
    await using checkout = await installedCheckout()
    const starter = [otherNode!, path.join(checkout.path, 'tools/bootstrap.mjs'), 'src/main.ts'] as const
    const bad = await ranWith({ env: { ...env, PORT: 'abc' }, command: starter, cwd: '/' })
    assert.equal(bad.exit?.code, 1)
    assert.match(bad.stderr, /PORT/)
    const run = new ServerProcess({ env, command: starter, cwd: '/' })
    await run.up(UP_MS_MAX)
    await stopped(run)
    await assertNothingLeft(folder)
  })

  void test('npm start and Ctrl-C', { skip: (otherNode === undefined && 'needs a Node of another version') || (spawnSync('npm', ['--version']).status !== 0 && 'needs npm') }, async () => {
    await using folder = await DataFolder.make()
    const { env } = await newcomer(folder)
    await using checkout = await installedCheckout()
    const run = new ServerProcess({ env: { ...env, npm_config_update_notifier: 'false', PATH: `${path.dirname(otherNode!)}:${process.env['PATH']}` }, command: ['npm', 'start'], cwd: checkout.path, detached: true })
    const base = await run.up(UP_MS_MAX)
    assert.equal((await fetch(`${base}/healthz`)).status, 200)
    process.kill(-run.pid, 'SIGINT')
    await run.ended(STOP_MS_MAX)
    await assertNothingLeft(folder)
  })

  void test('ends the server when it is killed, however early', needsOther, async () => {
    await using folder = await DataFolder.make()
    await using checkout = await installedCheckout()
    for (const delayMs of [150, 300, 600, 1_200, undefined]) {
      const { env } = await newcomer(folder, `killed-${delayMs}`)
      const run = new ServerProcess({ env, command: [otherNode!, path.join(checkout.path, 'tools/bootstrap.mjs'), 'src/main.ts'] })
      if (delayMs === undefined) await run.up(UP_MS_MAX)
      else await sleep(delayMs)
      killNow(run.pid)
      await run.ended(5_000)
      assert.deepEqual(await untilNone(() => processesWith(folder.path), STOP_MS_MAX), [], `killed after ${delayMs ?? 'its start'}`)
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

function assertNoTrace(words: string): void {
  assert.doesNotMatch(words, /^\s+at .+:\d+:\d+|"stack":/m)
}

/** A Node of the system whose version is not the pinned one. */
function findOtherNode(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin']
  return folders.map((folder) => path.join(folder, 'node')).find((file) => {
    const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
    return status === 0 && stdout.trim() !== process.version
  })
}

/** A copy that counts as installed: what the starter needs, with the packages of this checkout and the mark of its own installation. */
async function installedCheckout(): Promise<AsyncDisposable & { path: string }> {
  const root = await mkdtemp(path.join(tmpdir(), 'waihu-checkout-'))
  for (const name of ['package.json', 'package-lock.json', 'src', 'sql', 'tools']) await cp(path.join(programRoot, name), path.join(root, name), { recursive: true })
  const modules = path.join(root, 'node_modules')
  await mkdir(modules)
  for (const name of await readdir(path.join(programRoot, 'node_modules'))) {
    if (!name.startsWith('.waihu')) await symlink(path.join(programRoot, 'node_modules', name), path.join(modules, name))
  }
  const lock = await readFile(path.join(root, 'package-lock.json'))
  await writeFile(path.join(modules, '.waihu-installed'), createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex'))
  return { path: root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}
