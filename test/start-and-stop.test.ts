// Holds that the program starts and stops as it is told, whenever and by whom, and says what is wrong with its options. The real program, as processes.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertNothingLeft, assertNoTrace, findOtherNode, installedCheckout, keptKey, newcomer, place, post, ranWith, STOP_MS_MAX, stopped, untilStatus, UP_MS_MAX } from './world/newcomer.ts'
import { canSeeProcesses, killNow, processesWith, untilNone } from './world/processes.ts'
import { DataFolder, serverCommand, ServerProcess } from './world/server-process.ts'

const skip = !canSeeProcesses && 'needs /proc'

void describe('the server', { skip }, () => {
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
