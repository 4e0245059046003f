// Checks that nothing a client can send gets past the server unclear: a thousand seeded bad requests, then a good one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequests, good, seeded, type BadRequest } from './bad-requests.ts'
import { headers, testApi, type TestApi } from './testing.ts'

async function send(api: TestApi, bad: BadRequest) {
  const merged = Object.entries({ ...headers, 'content-type': 'application/json', ...bad.headers }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return api.app.inject({
    method: bad.method ?? 'POST',
    url: `/api/v1/callinfo/${bad.path ?? 'initiate_call'}`,
    headers: Object.fromEntries(merged),
    payload: typeof bad.body === 'string' ? bad.body : JSON.stringify(bad.body),
  })
}

test(`answers 1,000 bad requests of ${Object.keys(badRequests).length} kinds clearly, places nothing and stays healthy`, async () => {
  await using api = await testApi({ limits: { requestsPerMinuteMax: 100_000 } })
  await api.post('initiate_call', good)
  const placed = api.calls.placed.length
  const random = seeded(20_251)
  const names = Object.keys(badRequests)
  assert.ok(names.length >= 40)
  for (let i = 0; i < 1_000; i += 1) {
    const name = names[i % names.length]!
    const bad = badRequests[name]!(random)
    const told = () => `${name} #${i}: ${JSON.stringify(bad).slice(0, 300)}`
    const answer = await send(api, bad)
    assert.ok([bad.status].flat().includes(answer.statusCode), `${told()} answered ${answer.statusCode} ${answer.body.slice(0, 200)}`)
    assert.match(String(answer.headers['content-type']), /^application\/json/, told())
    const body = answer.json<Record<string, unknown>>()
    assert.deepEqual(
      [body['success'], typeof body['code'], typeof body['message'], body['call_started'], body['retry_safe'], typeof body['request_id']],
      [false, 'string', 'string', false, true, 'string'],
      told(),
    )
    if (bad.code !== undefined) assert.equal(body['code'], bad.code, told())
    // Clients cut the message at the next quote and expect compact JSON; and nothing of ours may show.
    assert.match(answer.body, /^\{"success":false,"code":"[a-z-]+","message":"[^"\\]+","call_started":false,/, told())
    assert.doesNotMatch(answer.body, /node_modules|src\/|at [A-Z]\w+\.|FST_|Zod/, told())
    assert.ok(answer.body.length < 20_000, told())
  }
  assert.equal(api.calls.placed.length, placed)
  assert.deepEqual(api.calls.stopped, [])
  assert.equal(api.calls.followers, 0)
  assert.equal((await api.app.inject('/healthz')).statusCode, 200)
  assert.equal((await api.post('initiate_call', good)).status, 200)
})
