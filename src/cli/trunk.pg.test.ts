// The commands about trunks and the do-not-call list as processes, on a database of their own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { programRoot } from '../config.ts'
import { testDatabase } from '../db/testing.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { log } from '../log.ts'

log.level = 'silent'

async function stage(): Promise<{ run(args: string[], input?: string): Promise<{ code: number; out: string; err: string }> } & AsyncDisposable> {
  const db = await testDatabase()
  const dataDir = await mkdtemp(path.join(tmpdir(), 'waihu-cli-'))
  const { host, port, user, database } = db.config
  const env = { PATH: process.env['PATH'], DATA_DIR: dataDir, DATABASE_URL: `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`, LOG_LEVEL: 'silent' }
  return {
    async run(args, input = '') {
      const child = spawn(process.execPath, [path.join(programRoot, 'src/cli/waihu.ts'), ...args], { env })
      child.stdin.end(input)
      const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)))])
      return { code, out, err }
    },
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

test('a trunk is added with a password from standard input, changed, tried and removed; the password is never printed', { timeout: 120_000 }, async () => {
  await using s = await stage()
  await using carrier = await SipUserAgent.open({ address: '127.0.0.1', port: 0, userAgent: 'carrier', log })
  const added = await s.run(['trunk', 'add', 'sh', '--target', `127.0.0.1:${carrier.port}`, '--caller', '02160001000:5', '--username', 'u', '--password', '-'], 'geheim-123\n')
  assert.deepEqual([added.code, added.err], [0, ''], added.err)
  const edited = await s.run(['trunk', 'edit', 'sh', '--weight', '9', '--json', '{"ringMsMax":30000}'])
  assert.equal(edited.code, 0, edited.err)
  const shown = await s.run(['trunk', 'show', 'sh'])
  const { version, config } = JSON.parse(shown.out) as { version: number; config: Record<string, unknown> }
  assert.deepEqual([config['weight'], config['ringMsMax'], config['callers'], config['credentials']], [9, 30_000, [{ number: '02160001000', concurrencyMax: 5 }], { username: 'u', password: '********' }])
  const late = await s.run(['trunk', 'edit', 'sh', '--weight', '1', '--version', String(version - 1)])
  assert.equal(late.code, 1)
  assert.match(late.err, /已被别人修改/)
  const tried = await s.run(['trunk', 'test', 'sh', '--json'])
  assert.equal(tried.code, 0, tried.out + tried.err)
  const { findings } = JSON.parse(tried.out) as { findings: { level: string; en: string }[] }
  assert.ok(findings.every(({ level }) => level === 'ok') && findings.some(({ en }) => en.includes('OPTIONS')), tried.out)
  for (const { out, err } of [added, edited, shown, late, tried]) assert.doesNotMatch(out + err, /geheim/)
  assert.equal((await s.run(['trunk', 'remove', 'sh'])).code, 0)
  assert.deepEqual(JSON.parse((await s.run(['trunk', 'list', '--json'])).out), [])
})

test('what is wrong is told on standard error with exit code 1, and nothing is stored', { timeout: 120_000 }, async () => {
  await using s = await stage()
  for (const [args, words] of [
    [['trunk', 'add', 'sh', '--target', 'h h', '--caller', '02160001000'], /targets\[0\]/],
    [['trunk', 'add', 'simulated', '--target', 'h', '--caller', '02160001000'], /内置线路/],
    [['trunk', 'add', 'sh', '--json', '[]'], /JSON/],
    [['trunk', 'enable', 'sh'], /没有名为 sh/],
    [['dnc', 'add', '12x'], /号码有误/],
    [['dnc', 'remove', '13800138000'], /不在全局免打扰名单/],
  ] as const) {
    const { code, out, err } = await s.run([...args])
    assert.deepEqual([code, out], [1, ''], args.join(' '))
    assert.match(err, words)
  }
  assert.deepEqual(JSON.parse((await s.run(['trunk', 'list', '--json'])).out), [])
})

test('numbers go onto the list for everybody and off it', { timeout: 120_000 }, async () => {
  await using s = await stage()
  assert.match((await s.run(['dnc', 'add', '13800138000,13800138001', '--reason', '投诉', '--until', '2126-01-01'])).out, /\+8613800138000, \+8613800138001/)
  assert.equal((await s.run(['dnc', 'remove', '13800138001'])).code, 0)
  const { out } = await s.run(['dnc', 'list'])
  assert.match(out, /^\d+ {2}\+8613800138000 {2}全局 everybody .* 投诉\n$/)
})
