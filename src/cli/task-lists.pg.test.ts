// The commands about lists as processes, against a server on a database of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { memoryAccounts, testApi } from '../api/testing.ts'
import { programRoot } from '../config.ts'
import { listWorld } from '../dialer/lists/testing.ts'

test('a list is previewed, imported with progress and its refused rows written, and its results exported', { timeout: 300_000 }, async () => {
  await using w = await listWorld()
  await using api = await testApi({ accounts: { ...memoryAccounts(), authenticate: async () => Promise.resolve({ accountId: w.accountId, admin: false }) }, imports: w.desk })
  const runner = w.runner()
  await runner.start()
  const dir = await mkdtemp(path.join(tmpdir(), 'waihu-lists-'))
  const env = { PATH: process.env['PATH'], DATA_DIR: dir, STEPONEAI_API_BASE: await api.listening(), STEPONEAI_API_KEY: 'sk_one', LOG_LEVEL: 'silent' }
  const run = async (...args: string[]) => {
    const child = spawn(process.execPath, [path.join(programRoot, 'src/cli/waihu.ts'), 'task', ...args], { env, cwd: dir })
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)))])
    return { code, out, err }
  }
  try {
    const file = path.join(dir, '名单.csv')
    await writeFile(file, '手机号,姓名,事情\n13900000000,张三,停水\n110,李四,停水\n')
    const preview = await run('import', w.taskId, file, '--map', 'content=事情', '--preview')
    assert.equal(preview.code, 0, preview.err)
    assert.match(preview.out, /CSV utf-8[^]*C {2}事情 → content[^]*第 2 行 row 2: \+8613900000000 {2}content=停水 name=张三\n第 3 行 row 3: 110 .*✗/)
    assert.deepEqual(await w.phones(), [])
    const imported = await run('import', w.taskId, file, '--map=content=事情', '--value', 'place=东门')
    assert.equal(imported.code, 0, imported.err)
    assert.match(imported.err, /done {2}100\.0% {2}第 3 行 row 3 {2}已添加 added 1 {2}未添加 refused 1/)
    assert.match(await readFile(`${file}.refused.csv`, 'utf8'), /\r\n3,110,never-dial,/)
    const wrong = await run('import', w.taskId, file)
    assert.deepEqual([wrong.code, wrong.err.includes('content（通知内容')], [1, true], wrong.err)
    // What could not be started is not left behind.
    assert.deepEqual((await w.desk.list(w.accountId, w.taskId)).map(({ status }) => status).sort(), ['cancelled', 'cancelled', 'done'])
    assert.match((await run('export', w.taskId)).out, /^手机号,[^]*\r\n13900000000,阳光物业,张三,停水,,东门,,等待,/)
    assert.equal((await run('template', 'notice')).code, 0)
    assert.equal((await readFile(path.join(dir, 'notice.xlsx'))).subarray(0, 2).toString(), 'PK')
  } finally {
    await runner.stop()
    await rm(dir, { recursive: true, force: true })
  }
})
