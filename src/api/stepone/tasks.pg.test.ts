// Tasks over HTTP on a real database and dialer: made, filled, started, watched, stopped, by their own account only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noonMs, until } from '../../dialer/testing.ts'
import { rowsOf, taskWorld } from '../../dialer/tasks/testing.ts'
import { memoryAccounts, testApi } from '../testing.ts'

type Body = Record<string, unknown> & { task: Record<string, unknown> & { task_id: string; status: string; plan: Record<string, unknown>; counts: Record<string, number> } }

async function tasksApi() {
  const world = await taskWorld()
  world.clock.nowMs = noonMs + 3 * 3_600_000
  const api = await testApi({ tasks: world.desk, accounts: { ...memoryAccounts(), authenticate: async (key) => Promise.resolve(key === 'sk_one' ? { accountId: world.accountId, admin: false } : key === 'sk_two' ? { accountId: 'acc_two', admin: false } : undefined) } })
  const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, body?: unknown, { key = 'sk_one', headers = {} }: { key?: string; headers?: Record<string, string> } = {}) => {
    const answer = await api.app.inject({ method, url: `/api/v1/tasks${url}`, headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers }, ...(body !== undefined && { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.json<Body>() }
  }
  return { world, ask, app: api.app, async [Symbol.asyncDispose]() { await api[Symbol.asyncDispose](); await world[Symbol.asyncDispose]() } }
}

void test('a task is made, filled in parts, started, watched to its end and removed', async () => {
  await using api = await tasksApi()
  const { ask } = api
  const plan = { windows: { week: [{ days: [1, 2, 3, 4, 5, 6, 7], hours: '09:00-12:00,13:30-20:00' }], holidays: 'china' }, concurrency_max: 3, budget: 12.5, retry: { attempts_max: 2, rules: [{ outcomes: ['busy'], times: 1, gap_minutes: 5 }] }, failures: null }
  const created = await ask('POST', '', { name: '通知', script: 'notice', plan })
  assert.equal(created.status, 200, JSON.stringify(created.body))
  const id = created.body.task.task_id
  assert.match(id, /^\d{10}$/)
  assert.deepEqual({ ...created.body.task.plan }, { windows: { ...plan.windows, closed_on: [], open_on: [] }, concurrency_max: 3, budget: 12.5, retry: { attempts_max: 2, rules: [{ ...plan.retry.rules[0], other: null }] }, failures: null, priority: 5, line: null, callers: [], people: null, local_callers: false, blind_areas: [], keeps_open: false })
  assert.match(String((await ask('POST', `/${id}/start`)).body['message']), /没有号码/)
  const numbers = rowsOf(1_500)
  const first = await ask('POST', `/${id}/numbers`, { numbers: [...numbers.slice(0, 4), { phone: '110', vars: { name: 'x' } }, { phone: '13800138000' }, numbers[0]] }, { headers: { 'idempotency-key': 'one' } })
  assert.equal(first.status, 200, JSON.stringify(first.body))
  assert.deepEqual([first.body['added'], (first.body['refused'] as { row: number; code: string }[]).map(({ row, code }) => [row, code])], [4, [[5, 'never-dial'], [6, 'variable-missing'], [7, 'duplicate']]])
  const again = await ask('POST', `/${id}/numbers`, { numbers: [...numbers.slice(0, 4), { phone: '110', vars: { name: 'x' } }, { phone: '13800138000' }, numbers[0]] }, { headers: { 'idempotency-key': 'one' } })
  assert.deepEqual({ ...again.body }, { ...first.body, replayed: true })
  assert.equal((await ask('POST', `/${id}/numbers`, { numbers: [numbers[9]] }, { headers: { 'idempotency-key': 'one' } })).status, 409)
  // A body far larger than other requests may have.
  assert.equal((await ask('POST', `/${id}/numbers`, { numbers: numbers.slice(1_000).map((row) => ({ ...row, vars: { name: '很长的名字'.repeat(30) } })) })).body['added'], 500)
  assert.equal((await ask('POST', `/${id}/take_back`, { phones: numbers.slice(1_000, 1_080).map(({ phone }) => phone).join(',') })).body['taken_back'], 80)
  const started = await ask('POST', `/${id}/start`, {})
  assert.equal(started.body.task.status, 'running')
  await until('some are called', () => api.world.invited.length >= 5, 30_000)
  const paused = await ask('POST', `/${id}/pause`, {})
  assert.equal(paused.body.task.status, 'paused')
  assert.equal((await ask('POST', `/${id}/pause`)).status, 409)
  const progress = await ask('GET', `/${id}/progress`)
  assert.equal((progress.body['waiting'] as Record<string, number>)['stopped'], (progress.body['counts'] as Record<string, number>)['waiting'])
  assert.equal((await ask('DELETE', `/${id}`)).status, 409)
  const cancelled = await ask('POST', `/${id}/cancel`, { hang_up: true })
  assert.equal(cancelled.body.task.status, 'cancelled')
  const listed = await ask('GET', '?status=cancelled&limit=1')
  assert.equal(listed.body['total'], 1)
  const calls = await ask('GET', `/${id}/calls?outcome=answered&limit=3`)
  assert.equal((calls.body['calls'] as unknown[]).length, 3)
  const done = await ask('GET', `/${id}/numbers?state=done&limit=2`)
  assert.equal((done.body['numbers'] as unknown[]).length, 2)
  assert.equal((await ask('DELETE', `/${id}`)).status, 200)
  assert.equal((await ask('GET', `/${id}`)).status, 404)
})

void test('what cannot be is refused with the reason, and nobody sees the tasks of others', async () => {
  await using api = await tasksApi()
  const { ask } = api
  const bad: [object, string][] = [
    [{}, 'name'], [{ name: 'x' }, 'script'], [{ name: 'x', script: 'notice', plan: { preset: 'never' } }, 'preset'],
    [{ name: 'x', script: 'notice', plan: { preset: 'batch', windows: { week: [{ days: [1], hours: '09:00-10:00' }] } } }, 'windows'],
    [{ name: 'x', script: 'notice', plan: { windows: { week: [{ days: [1], hours: '07:00-10:00' }] } } }, '时段'],
    [{ name: 'x', script: 'notice', plan: { windows: { week: [{ days: [8], hours: '09:00-10:00' }] } } }, 'days'],
    [{ name: 'x', script: 'notice', plan: { windows: { week: [{ days: [1], hours: '09:00-10:00' }], closed_on: ['2026-02-30'] } } }, '日期'],
    [{ name: 'x', script: 'notice', plan: { retry: { attempts_max: 3, rules: [{ outcomes: ['rejected'], times: 1, gap_minutes: 30 }] } } }, 'rejected'],
    [{ name: 'x', script: 'notice', plan: { retry: { attempts_max: 99, rules: [] } } }, '次'],
    [{ name: 'x', script: 'notice', plan: { callers: ['02199999999'] } }, '主叫'],
    [{ name: 'x', script: 'notice', plan: { line: 'nowhere' } }, 'nowhere'],
    [{ name: 'x', script: 'notice', plan: { concurrency_max: 0 } }, 'concurrency'],
  ]
  for (const [body, word] of bad) {
    const answer = await ask('POST', '', body)
    assert.equal(answer.status, 400, JSON.stringify([body, answer.body]))
    assert.match(String(answer.body['message']), new RegExp(word), JSON.stringify(body))
  }
  assert.equal((await ask('POST', '', { name: 'x', script: 'nothing' })).status, 404)
  const { task_id: id } = (await ask('POST', '', { name: 'x', script: 'notice' })).body.task
  for (const [method, url] of [['GET', `/${id}`], ['GET', `/${id}/progress`], ['POST', `/${id}/cancel`], ['DELETE', `/${id}`]] as const) assert.equal((await ask(method, url, undefined, { key: 'sk_two' })).status, 404, url)
  assert.equal((await ask('GET', '', undefined, { key: 'sk_two' })).body['total'], 0)
  assert.equal((await ask('GET', '/nonsense')).status, 400)
  const paths = Object.keys(((await api.app.inject({ method: 'GET', url: '/openapi.json' })).json<{ paths: object }>()).paths)
  assert.ok(paths.includes('/api/v1/tasks/{task_id}/numbers'))
})
