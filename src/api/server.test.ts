// Checks what belongs to no single action: paths, methods, health, documents, load, limits. Uses sockets where bytes matter.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from './clock.ts'
import { shouldShed, watchEventLoop } from './load-shedding.ts'
import { headers, testApi } from './testing.ts'
import type { Action } from './stepone/action.ts'
import { actions } from './stepone/index.ts'

const place = { phones: '13800138000', user_requirement: '通知开会' }

test('an unknown path, a wrong method and a wrong content type are answered in the same error form', async () => {
  await using api = await testApi()
  const unknown = await api.app.inject({ method: 'POST', url: '/api/v1/callinfo/nothing', headers })
  assert.deepEqual([unknown.statusCode, unknown.json<{ code: string }>().code], [404, 'path-not-found'])
  const method = await api.app.inject({ method: 'DELETE', url: '/api/v1/callinfo/initiate_call', headers })
  assert.deepEqual([method.statusCode, method.headers['allow'], method.json<{ success: boolean }>().success], [405, 'POST', false])
  assert.equal((await api.app.inject({ method: 'POST', url: '/api/v1/callinfo/recording/call_1', headers })).headers['allow'], 'GET, HEAD')
  const type = await api.post('initiate_call', JSON.stringify(place), { 'content-type': 'text/plain' })
  assert.deepEqual([type.status, type.json()['code']], [415, 'unsupported-media-type'])
  assert.deepEqual(api.calls.placed, [])
})

test('bad JSON, an empty body and a huge body are refused with what to do', async () => {
  await using api = await testApi()
  assert.deepEqual([(await api.post('initiate_call', '{"phones":')).status, (await api.post('initiate_call', '')).status], [400, 400])
  assert.equal((await api.post('initiate_call', '{"phones":')).json()['code'], 'invalid-json')
  assert.equal((await api.post('initiate_call', '{"__proto__":{"x":1}}')).status, 400)
  const huge = await api.post('initiate_call', JSON.stringify({ ...place, user_requirement: '长'.repeat(40_000) }))
  assert.deepEqual([huge.status, huge.json()['code']], [413, 'body-too-large'])
})

test('bytes that are no HTTP get an answer in the same form', async () => {
  await using api = await testApi()
  const port = Number(new URL(await api.listening()).port)
  const send = async (bytes: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    return text(socket)
  }
  assert.match(await send('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 .*\{"success":false,"code":"invalid-http"/s)
  assert.match(await send(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(600_000)}\r\n\r\n`), /^HTTP\/1\.1 431 .*headers-too-large/s)
  assert.match(await send('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 .*"success":false/s)
})

test('a request that does not arrive in time is answered and let go', async () => {
  await using api = await testApi({ limits: { requestMsMax: 60 } })
  const port = Number(new URL(await api.listening()).port)
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST /api/v1/callinfo/initiate_call HTTP/1.1\r\nHost: x\r\nX-API-Key: sk_one\r\nX-Skill-Version: 1.0.0\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"phones":`)
  assert.match(await text(socket), /^HTTP\/1\.1 408 .*"code":"request-timeout"/s)
  assert.deepEqual(api.calls.placed, [])
})

test('health is ok, degraded or 503 without the database, and never waits for a hanging part', async () => {
  let carrier: () => Promise<{ ok: boolean; detail?: string }> = () => Promise.resolve({ ok: true, detail: 'simulator' })
  let database = { ok: true }
  await using api = await testApi({ health: { database: () => database, carrier: () => carrier(), speech: () => ({ ok: true }) } })
  const look = async () => {
    const answer = await api.app.inject('/healthz')
    return [answer.statusCode, answer.json<{ status: string }>().status, answer.body] as const
  }
  assert.deepEqual((await look()).slice(0, 2), [200, 'ok'])
  carrier = () => Promise.reject(new Error('password wrong at 10.0.0.1'))
  const [status, word, body] = await look()
  assert.deepEqual([status, word], [200, 'degraded'])
  assert.doesNotMatch(body, /10\.0\.0\.1/)
  carrier = () => new Promise(() => {})
  const hanging = look()
  await new Promise((resolve) => setImmediate(resolve))
  api.clock.advance(1_000)
  assert.deepEqual((await hanging).slice(0, 2), [200, 'degraded'])
  carrier = () => Promise.resolve({ ok: true })
  database = { ok: false }
  assert.deepEqual((await look()).slice(0, 2), [503, 'degraded'])
})

test('metrics count requests by route and status, without ids or keys', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  await api.post('search_callinfo', { call_id: 'call_77' })
  const metrics = (await api.app.inject('/metrics')).body
  assert.match(metrics, /waihu_http_request_seconds_count\{route="POST \/api\/v1\/callinfo\/initiate_call",status="200"\} 1/)
  assert.match(metrics, /route="POST \/api\/v1\/callinfo\/search_callinfo",status="404"\} 1/)
  assert.match(metrics, /waihu_http_streams 0/)
  assert.doesNotMatch(metrics, /call_77|sk_one|13800138000/)
})

test('the OpenAPI document describes every action with examples, and the page shows it', async () => {
  await using api = await testApi()
  const document = (await api.app.inject('/openapi.json')).json<{ openapi: string; paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: { properties: Record<string, { examples?: string[] }> } }> }; responses: Record<string, unknown> }>> }>()
  assert.equal(document.openapi, '3.1.0')
  const served = Object.values<Action>(actions).map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  assert.deepEqual(Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).sort(), [...served, 'get /healthz'].sort())
  const initiate = document.paths['/api/v1/callinfo/initiate_call']!['post']!
  assert.deepEqual(initiate.requestBody?.content['application/json']?.schema.properties['phones']?.examples, ['13800138000'])
  assert.deepEqual(Object.keys(initiate.responses), ['200', '4XX', '5XX'])
  assert.equal((await api.app.inject('/docs/')).statusCode, 200)
  assert.match((await api.app.inject('/')).body, /\/docs/)
})

test('more requests per minute than allowed get 429 with Retry-After, per key, and health stays open', async () => {
  await using api = await testApi({ limits: { requestsPerMinuteMax: 3 } })
  const statuses: number[] = []
  for (let i = 0; i < 5; i += 1) statuses.push((await api.post('search_callinfo', { call_id: 'nope' })).status)
  assert.deepEqual(statuses, [404, 404, 404, 429, 429])
  const refused = await api.post('initiate_call', place)
  assert.equal(refused.status, 429)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal(refused.json()['code'], 'too-many-requests')
  assert.equal((await api.post('search_callinfo', { call_id: 'nope' }, { 'x-api-key': 'sk_two' })).status, 404)
  for (let i = 0; i < 5; i += 1) assert.equal((await api.app.inject('/healthz')).statusCode, 200)
  assert.deepEqual(api.calls.placed, [])
})

test('sheds before any work when too many requests are under way, and recovers', async () => {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  await using api = await testApi({
    limits: { requestsAtOnceMax: 1 },
    accounts: {
      authenticate: async (key) => {
        if (key === 'sk_slow') {
          arrived.resolve()
          await held.promise
        }
        return { accountId: 'acc_one', admin: false }
      },
      balance: () => Promise.resolve({ balanceLi: 0, heldLi: 0 }),
      webhook: () => Promise.resolve({ url: undefined }),
      setWebhook: () => Promise.resolve({ url: undefined, secret: undefined }),
    },
  })
  const slow = api.post('initiate_call', place, { 'x-api-key': 'sk_slow' })
  await arrived.promise
  const shed = await api.post('initiate_call', place)
  assert.deepEqual([shed.status, shed.headers['retry-after'], shed.json()['call_started'], shed.json()['retry_safe']], [503, '1', false, true])
  assert.equal((await api.app.inject('/healthz')).statusCode, 200)
  held.resolve()
  assert.equal((await slow).status, 200)
  assert.equal((await api.post('initiate_call', place)).status, 200)
  assert.match((await api.app.inject('/metrics')).body, /waihu_http_shed_total 1/)
})

test('one stall is no load; a loop that stays late is', async () => {
  let halfSecondIsOver = (): void => {}
  using signs = watchEventLoop({ ...systemClock, every: (_, run) => ((halfSecondIsOver = run), () => {}) })
  const stall = async (): Promise<void> => {
    await delay(50) // between samples
    for (const until = performance.now() + 400; performance.now() < until; );
    await delay(50)
    halfSecondIsOver()
  }
  await stall()
  assert.equal(signs.loopDelayMs(), 0)
  await stall()
  assert.ok(signs.loopDelayMs() > 20, String(signs.loopDelayMs()))
  await delay(50)
  halfSecondIsOver()
  assert.ok(signs.loopDelayMs() < 20, 'and over when it is on time again')
})

test('shedding begins exactly at the limits', () => {
  const limits = { requestsAtOnceMax: 10, loopDelayMsMax: 300 }
  assert.equal(shouldShed({ requestsNow: 9, loopDelayMs: 299 }, limits), false)
  assert.equal(shouldShed({ requestsNow: 10, loopDelayMs: 0 }, limits), true)
  assert.equal(shouldShed({ requestsNow: 0, loopDelayMs: 300 }, limits), true)
})
