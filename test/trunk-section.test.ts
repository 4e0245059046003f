// Follows the section "Your own trunk" of both READMEs as a new user would: their very commands, against a carrier that wants to be registered with (Kamailio) and a callee behind it (sipp).
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../src/config.ts'
import { installedCheckout, newcomer, STOP_MS_MAX, UP_MS_MAX } from './world/newcomer.ts'
import { canSeeProcesses } from './world/processes.ts'
import { RegisteringCarrier } from './world/registering-carrier.ts'
import { DataFolder, ServerProcess } from './world/server-process.ts'
import { freePort } from './world/free-port.ts'
import { Sipp } from './world/sipp.ts'

const missing = ['kamailio', 'sipp'].filter((program) => spawnSync(program, ['-v']).error instanceof Error)
const skip = missing.length > 0 && process.env['REQUIRE_INTEROP'] !== '1' ? `${missing.join(' and ')} not installed` : !canSeeProcesses && 'needs /proc'

/** The commands of the first block of a section, without remarks. */
async function commandsOf(file: string, heading: string): Promise<string[]> {
  const text = await readFile(path.join(programRoot, file), 'utf8')
  const block = new RegExp(`^## ${heading}\\n\\n\`\`\`sh\\n([^]*?)^\`\`\`$`, 'm').exec(text)?.[1]
  assert.ok(block, `${file} has no section "${heading}" that begins with commands`)
  return block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()).filter(Boolean)
}

/** What stands for somebody's own values in the README, and what it is here. */
function filledIn(commands: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return commands.map((command) => Object.entries(values).reduce((text, [from, to]) => text.replaceAll(from, to), command))
}

void describe('the trunk section of the README', { skip }, () => {
  void test('has the same commands in both languages, and fewer than ten', async () => {
    const english = await commandsOf('README.md', 'Your own trunk')
    assert.deepEqual(await commandsOf('README.zh-CN.md', '接入线路'), english)
    assert.ok(english.length < 10, `${english.length} commands`)
  })

  void test('leads from nothing to an answered call over a trunk that registers', { timeout: 300_000 }, async (t) => {
    await using stack = new AsyncDisposableStack()
    const line = { username: '1001', password: 'secret-of-the-line' }
    const kamailioFolder = await mkdtemp(path.join(tmpdir(), 'waihu-kamailio-'))
    stack.defer(() => rm(kamailioFolder, { recursive: true, force: true }))
    const callee = stack.use(await Sipp.start('uas-callee-hangup', { seconds: 300 }))
    const carrier = stack.use(await RegisteringCarrier.start({ folder: kamailioFolder, line, calleePort: callee.port }))
    const checkout = stack.use(await installedCheckout())
    await cp(path.join(programRoot, 'scripts'), path.join(checkout.path, 'scripts'), { recursive: true })
    const folder = stack.use(await DataFolder.make())
    const { env: own, dataDir } = await newcomer(folder)

    const values = { '192.0.2.10': '127.0.0.1', 'SIP_PORT=5060': `SIP_PORT=${await freePort()}`, 'sip.carrier.example': `127.0.0.1:${carrier.port}` }
    const [exports = '', add = '', doctor = '', start = '', call = '', ...more] = filledIn(await commandsOf('README.md', 'Your own trunk'), values)
    assert.deepEqual(more, [])
    assert.match(exports, /^export /)
    // Beside the README: a recogniser for people is not asked for, the number is the user's own at any hour, and nobody waits ten seconds for a look.
    const env = { ...own, DATA_DIR: dataDir, ALLOW_DEMO_ASR: 'on', TEST_NUMBERS: '13800138000', STEPONEAI_POLL_SECONDS: '1' }
    // Not in one go: the far ends write down what they see meanwhile.
    const run = async (command: string, input = ''): Promise<{ status: unknown; output: string }> => {
      const child = spawn('sh', ['-ec', `${exports}\n${command}`], { cwd: checkout.path, env: { PATH: process.env['PATH'], ...env }, timeout: UP_MS_MAX })
      child.stdin.end(input)
      const [output, errors, status] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close').then(([code]) => code as unknown)])
      return { status, output: output + errors }
    }

    const added = await run(add, `${line.password}\n`)
    assert.equal(added.status, 0, added.output)
    const examined = await run(doctor)
    assert.match(examined.output, /account of trunk telecom is good, nobody is registered now/)
    assert.match(examined.output, /trunk telecom \(127\.0\.0\.1:\d+\) is alive \(OPTIONS → 200 after/)
    assert.match(examined.output, /no NAT on the way/)
    assert.equal(examined.status, 0, examined.output)

    const server = new ServerProcess({ env, command: ['sh', '-ec', `${exports}\nexec ${start}`], cwd: checkout.path })
    await server.up(UP_MS_MAX)
    // A trunk that registers is up within moments, and the second look of the doctor sees it.
    for (const deadline = performance.now() + 60_000; ; await sleep(500)) {
      if ((await run(doctor)).output.includes('trunk telecom is registered, by the running server')) break
      assert.ok(performance.now() < deadline, server.lastWords)
    }
    const called = await run(call)
    t.diagnostic(called.output)
    assert.equal(called.status, 0, called.output)
    assert.match(carrier.output, /call 13800138000 from 02160001000 over line 1001/)
    assert.match(called.output, /13800138000 +answered/)
    for (const words of [added.output, examined.output, called.output, server.stdout, server.stderr]) assert.ok(!words.includes(line.password), 'the password is not told')
    server.kill('SIGTERM')
    await server.ended(STOP_MS_MAX)
  })
})
