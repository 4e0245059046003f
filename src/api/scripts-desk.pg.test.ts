// Scripts (话术) over HTTP, on a real database: from draft to published and back, refusals, and who may review.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount } from '../account/accounts.ts'
import { testDatabase } from '../db/testing.ts'
import { StoredScripts } from '../dialer/script-desk.ts'
import { publishLibrary } from '../dialer/script-library.ts'
import { ScriptShelf } from '../dialer/script-shelf.ts'
import { soundScript } from '../robot/script/script.test-data.ts'
import { memoryAccounts, testApi } from './testing.ts'

/** Whatever a test looks at; each answer has some of it. */
type Answer = {
  script: { title: string; own: boolean; published: { version: number } | null; draft: { state: string; why: string } | null }
  scripts: { id: string }[]
  versions: { version: number; published: boolean }[]
  problems: { line: number; path: string; code: string }[]
  errors: { value: string }[]
  lines: string[]
  fit: boolean
  source: string
  message: string
}

async function scriptApi() {
  const stack = new AsyncDisposableStack()
  const { db } = stack.use(await testDatabase())
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const keys = new Map([['sk_one', one.id], ['sk_two', two.id], ['sk_admin', two.id]])
  await publishLibrary(db)
  const api = stack.use(await testApi({
    accounts: { ...memoryAccounts(), authenticate: async (key) => Promise.resolve(keys.has(key) ? { accountId: keys.get(key)!, admin: key === 'sk_admin' } : undefined) },
    scripts: new StoredScripts(db, new ScriptShelf(db)),
  }))
  const ask = async (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object, key = 'sk_one') => {
    const answer = await api.app.inject({ method, url: `/api/v1/scripts${path}`, headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) }, ...(body && { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.json<Answer>() }
  }
  return { api, ask, one: one.id, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('a script goes from draft over review to published, and back to an older version', async () => {
  await using w = await scriptApi()
  const put = await w.ask('PUT', '/visit', { source: soundScript })
  assert.equal(put.status, 200)
  assert.deepEqual([put.body.problems, put.body.script.draft?.state, put.body.script.own], [[], 'draft', true])
  assert.equal((await w.ask('POST', '/visit/publish', {}, 'sk_admin')).status, 404, 'it is of another account')
  assert.equal((await w.ask('POST', '/visit/publish', {})).status, 403, 'an ordinary key does not review')
  assert.equal((await w.ask('POST', '/visit/publish', { account_id: w.one }, 'sk_admin')).status, 409, 'nobody has submitted it')
  assert.equal((await w.ask('POST', '/visit/submit', { revision: 2 })).status, 409)
  assert.equal((await w.ask('POST', '/visit/submit', { revision: 1 })).body.script.draft?.state, 'submitted')
  assert.equal((await w.ask('POST', '/visit/refuse', { why: '太长', account_id: w.one }, 'sk_admin')).body.script.draft?.why, '太长')
  await w.ask('POST', '/visit/submit', {})
  assert.equal((await w.ask('POST', '/visit/publish', { account_id: w.one, revision: 1 }, 'sk_admin')).body.script.published?.version, 1)

  await w.ask('PUT', '/visit', { source: soundScript.replace('上门预约', '上门提醒') })
  await w.ask('POST', '/visit/submit', {})
  await w.ask('POST', '/visit/publish', { account_id: w.one }, 'sk_admin')
  const shown = (await w.ask('GET', '/visit')).body
  assert.deepEqual([shown.script.title, shown.versions.map((one) => [one.version, one.published])], ['上门提醒', [[2, true], [1, false]]])
  assert.equal((await w.ask('POST', '/visit/rollback', { version: 1 })).body.script.published?.version, 1)
  assert.match((await w.ask('GET', '/visit/source?version=2')).body.source, /^version: 2$/mu)
  assert.match((await w.ask('GET', '/visit/source')).body.source, /title: 上门预约/u)
  assert.equal((await w.ask('GET', '/visit/source?version=9')).status, 404)
  assert.equal((await w.ask('GET', '/visit/source?version=last')).status, 400)
  assert.equal((await w.ask('POST', '/visit/retire')).body.script.published, null)
  assert.equal((await w.ask('DELETE', '/visit')).status, 409)

  const ids = (await w.ask('GET', '')).body.scripts.map(({ id }) => id)
  assert.deepEqual(ids, ['appointment', 'delivery', 'invitation', 'notice', 'payment-reminder', 'survey', 'visit'])
  assert.equal((await w.ask('GET', '', undefined, 'sk_two')).body.scripts.length, 6)
  assert.equal((await w.ask('GET', '/visit', undefined, 'sk_two')).status, 404)
})

test('what is wrong with a script is told with line, place and code, and nobody submits it', async () => {
  await using w = await scriptApi()
  const source = soundScript.replace('deny: when', 'deny: nowhere')
  const { body } = await w.ask('POST', '/check', { source })
  assert.deepEqual([body.fit, body.problems.map((one) => [one.line, one.path, one.code])], [false, [[27, 'nodes.tell.on.deny', 'no-target']]])
  assert.deepEqual((await w.ask('POST', '/check', { source: soundScript })).body.problems, [])
  assert.equal((await w.ask('PUT', '/visit', { source })).body.problems.length, 1)
  const refused = await w.ask('POST', '/visit/submit', {})
  assert.equal(refused.status, 400)
  assert.match(refused.body.message, /nodes\.tell\.on\.deny/u)
  assert.equal((await w.ask('DELETE', '/visit')).status, 200)
  for (const [path, body, status] of [['/visit', {}, 400], ['/visit', { source: '' }, 400], ['/visit', { source: 'a: [' }, 400], ['/other', { source: soundScript }, 400], ['/Bad', { source: soundScript }, 400], ['/notice', { source: soundScript }, 400]] as const) {
    assert.equal((await w.ask('PUT', path, body)).status, status, path)
  }
  for (const doing of ['submit', 'retire', 'rollback'] as const) assert.equal((await w.ask('POST', `/notice/${doing}`, { version: 1 })).status, 409, `${doing} of what comes with the program`)
  assert.equal((await w.ask('PUT', '/visit', { source: `# ${'长'.repeat(150_000)}\n${soundScript}` })).status, 200, 'larger than any other request')
  assert.ok((await w.ask('PUT', '/visit', { source: 'x'.repeat(600 * 1024) })).status >= 400)
})

test('a script is talked with in text before it is published', async () => {
  await using w = await scriptApi()
  await w.ask('PUT', '/visit', { source: soundScript })
  const { body } = await w.ask('POST', '/visit/simulate', { version: 'draft', vars: { org: '丽家家电', name: '张伟', time: '2099年3月5日' }, talk: ['我是', '', '方便'] })
  assert.match(body.lines.join('\n'), /机器人 您好，我是丽家家电的AI.*[\s\S]*对方 {3}（沉默）[\s\S]*outcome=confirmed[\s\S]*机器人 好的，到时见，再见。/u)
  const refused = await w.ask('POST', '/visit/simulate', { version: 'draft', vars: { nmae: '张伟' } })
  assert.equal(refused.status, 400)
  assert.ok(['nmae', 'name', 'time'].every((name) => refused.body.errors.some(({ value }) => value === name)))
  assert.equal((await w.ask('POST', '/visit/simulate', {})).status, 409, 'nothing is published')
  assert.equal((await w.ask('POST', '/visit/simulate', { version: 'draft', talk: Array.from({ length: 61 }, () => '喂') })).status, 400)
})

test('a call names a script instead of a sentence, and says clearly what does not go together', async () => {
  await using api = await testApi({})
  const place = async (body: object) => await api.post('initiate_call', { phones: '13800138000', ...body })
  assert.equal((await place({ script: 'notice', script_version: 2, vars: { name: '张伟' } })).status, 200)
  assert.deepEqual([api.calls.requests[0]?.script, api.calls.requests[0]?.userRequirement], [{ id: 'notice', version: 2, vars: { name: '张伟' } }, ''])
  for (const [body, word] of [[{}, 'user_requirement 应为字符串'], [{ script: 'notice', user_requirement: '通知开会' }, '只能填一个'], [{ script: 'notice', knowledge: '资料' }, '只能填一个'], [{ user_requirement: '通知开会', vars: {} }, '只和 script 一起用'], [{ script: 'notice', vars: { name: 3 } }, 'vars 的值应为字符串'], [{ script: 'notice', script_version: 0 }, 'script_version']] as const) {
    const { status, text } = await place(body)
    assert.equal(status, 400)
    assert.ok(text.includes(word), text)
  }
})
