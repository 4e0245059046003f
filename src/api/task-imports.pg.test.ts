import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listWorld } from '../dialer/lists/testing.ts'
import { headers, memoryAccounts, testApi } from './testing.ts'

test('a list goes in over HTTP: upload in parts, preview, start, progress, refused rows, results, template', async () => {
  await using w = await listWorld()
  const owner = { ...memoryAccounts(), authenticate: async (key: string) => Promise.resolve({ accountId: key === 'sk_one' ? w.accountId : w.other, admin: false }) }
  await using api = await testApi({ accounts: owner, imports: w.desk })
  const ask = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object | Buffer, type = 'application/json', key = 'sk_one') => {
    const answer = await api.app.inject({ method, url: `/api/v1/${url}`, headers: { 'x-api-key': key, ...(payload === undefined ? {} : { 'content-type': type }) }, ...(payload === undefined ? {} : { payload: Buffer.isBuffer(payload) ? payload : JSON.stringify(payload) }) })
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: answer.headers['content-type']?.toString().includes('json') ? answer.json<Record<string, unknown>>() : {} }
  }
  const file = Buffer.from('手机号,姓名,通知内容\n13900000000,张三,停水\n12345,李四,停水\n13900000001,李四,停电\n')
  const made = await ask('POST', `tasks/${w.taskId}/imports`, { file_name: '名单.csv' })
  assert.deepEqual([made.status, made.body['status'], made.body['bytes']], [200, 'uploading', 0])
  const path = `task_imports/${String(made.body['import_id'])}`
  assert.deepEqual((await ask('PUT', `${path}/file`, file.subarray(0, 50), 'text/csv')).body, { success: true, bytes: 50 })
  const wrong = await ask('PUT', `${path}/file?start=10`, file.subarray(10), 'text/csv')
  assert.deepEqual([wrong.status, wrong.body['code']], [409, 'version-conflict'])
  assert.equal((await ask('PUT', `${path}/file?start=50`, file.subarray(50), 'application/octet-stream')).body['bytes'], file.length)
  assert.equal((await ask('PUT', `${path}/file?start=${file.length}`, Buffer.from('{}'), 'application/json')).status, 415)
  // Elsewhere bytes are still no body.
  assert.equal((await ask('POST', `${path}/start`, file, 'text/csv')).status, 415)

  const preview = (await ask('POST', `${path}/preview`, {})).body
  assert.deepEqual((preview['columns'] as { becomes: string }[]).map(({ becomes }) => becomes), ['phone', 'name', 'content'])
  assert.deepEqual((preview['rows'] as { refused: string | null }[]).map(({ refused }) => refused === null), [true, false, true])
  const bad = await ask('POST', `${path}/start`, { map: { phone: 'Z' } })
  assert.deepEqual([bad.status, bad.body['code']], [400, 'invalid-input'])

  assert.equal((await ask('POST', `${path}/start`, {})).body['status'], 'waiting')
  const runner = w.runner()
  runner.wake()
  await runner.idle()
  const over = (await ask('GET', path)).body
  assert.deepEqual([over['status'], over['added'], over['refused'], over['progress'], over['row']], ['done', 2, 1, 1, 4])
  assert.deepEqual((await ask('GET', `tasks/${w.taskId}/imports`)).body, { success: true, imports: [Object.fromEntries(Object.entries(over).filter(([name]) => name !== 'success'))] })
  const refused = await ask('GET', `${path}/refused`)
  assert.match(String(refused.headers['content-type']), /^text\/csv/)
  assert.match(refused.text, /^\ufeff行 row,.*\r\n3,12345,never-dial,[^\r\n]+\r\n$/)
  const results = await ask('GET', `tasks/${w.taskId}/results`)
  assert.equal(results.text.trimEnd().split('\r\n').length, 3)
  assert.match((await ask('GET', 'list_templates/notice?format=csv')).text, /^\ufeff手机号,org,name,content/)
  assert.equal((await ask('GET', 'list_templates/notice')).text.slice(0, 2), 'PK')

  for (const [method, url] of [['GET', path], ['DELETE', path], ['GET', `${path}/refused`], ['GET', `tasks/${w.taskId}/results`], ['GET', `tasks/${w.taskId}/imports`]] as const) assert.equal((await ask(method, url, undefined, '', 'sk_two')).status, 404, url)
  assert.equal((await api.app.inject({ method: 'PUT', url: `/api/v1/${path}/file`, headers: { ...headers, 'x-api-key': '' }, payload: 'x' })).statusCode, 401)
})
