import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { CallbackExchange } from './exchange.ts'
import type { CallbackServer } from './plan.ts'
import { answerWith, ServerRig, type Answers } from './server-rig.ts'

const never = new AbortController().signal
const turn = 'content_type=mute&content=%7B%7D&call_id=1%5E2&timestamp=3'

async function asking(answers: Answers, server: Partial<CallbackServer> = {}) {
  const rig = await ServerRig.open(answers)
  const exchange = new CallbackExchange({ privateAllowed: true, limits: { responseBytesMax: 2_000, retryAfterMs: 1 } })
  return { rig, exchange, ask: (signal = never) => exchange.ask(rig.server(server), turn, signal), [Symbol.asyncDispose]: async () => { exchange[Symbol.dispose](); await rig[Symbol.asyncDispose]() } }
}

test('the parameters are a form by default, and its address stays as it is', async () => {
  await using at = await asking(answerWith({ action: 'continue' }))
  assert.ok((await at.exchange.ask({ ...at.rig.server(), url: `${at.rig.server().url}?tenant=7` }, turn, never)).ok)
  const [asked] = at.rig.asked
  assert.equal(asked!.url.search, '?tenant=7')
  assert.equal(asked!.body, turn)
  assert.match(asked!.contentType!, /^application\/x-www-form-urlencoded/)
})

test('or a query after the one that the address has, with an empty body: never both', async () => {
  await using at = await asking(answerWith({ action: 'continue' }))
  const server = at.rig.server({ parameters: 'query' })
  for (const url of [server.url, `${server.url}?tenant=7`]) assert.ok((await at.exchange.ask({ ...server, url }, turn, never)).ok)
  assert.deepEqual(at.rig.asked.map(({ url, body }) => [url.search, body]), [[`?${turn}`, ''], [`?tenant=7&${turn}`, '']])
})

test('turns share a connection', async () => {
  await using at = await asking(answerWith({ action: 'continue' }))
  for (let n = 0; n < 5; n += 1) assert.ok((await at.ask()).ok)
  assert.equal(new Set(at.rig.asked.map(({ socket }) => socket)).size, 1)
})

test('a pooled connection that the server has closed in the meantime costs nothing', async () => {
  let last: Socket | undefined
  await using at = await asking((asked, response, request) => {
    // The second request on a connection finds it gone.
    if (asked.socket === last) request.socket.resetAndDestroy()
    else response.end('{}')
    last = asked.socket
  })
  assert.ok((await at.ask()).ok)
  assert.ok((await at.ask()).ok)
  assert.equal(at.rig.asked.length, 3)
  assert.equal(at.exchange.stats.retried, 0)
})

test('what a server does wrong is told in words, and tried again only where the policy says so', async () => {
  const table: [name: string, answers: Answers, why: RegExp, retried: boolean][] = [
    ['500', (_, response) => response.writeHead(500).end('oops'), /^HTTP 500$/, true],
    ['503', (_, response) => response.writeHead(503).end(), /^HTTP 503$/, true],
    ['429', (_, response) => response.writeHead(429).end(), /^HTTP 429$/, true],
    ['404', (_, response) => response.writeHead(404).end('<html>'), /^HTTP 404$/, false],
    ['401', (_, response) => response.writeHead(401).end(), /^HTTP 401$/, false],
    ['redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /redirects are not followed/, false],
    ['reset before the answer', (_, _response, request) => request.socket.resetAndDestroy(), /ECONNRESET|socket hang up/, true],
    ['closed without an answer', (_, _response, request) => request.socket.destroy(), /socket hang up/, true],
    ['reset in the answer', (_, response, request) => response.writeHead(200, { 'content-length': 100 }).write('{', () => request.socket.resetAndDestroy()), /broke off|ECONNRESET/, true],
    ['too few bytes', (_, response, request) => response.writeHead(200, { 'content-length': 100 }).write('{"a":', () => request.socket.end()), /broke off/, true],
    ['no HTTP', (_, _response, request) => request.socket.end('hello\r\n\r\n'), /Parse Error/, true],
    ['a huge body', (_, response) => response.end('x'.repeat(5_000)), /longer than 2000 bytes/, false],
    ['a body without end', (_, response) => { const more = () => { if (!response.destroyed) response.write('x'.repeat(500), more) }; more() }, /longer than 2000 bytes/, false],
    ['endless headers', (_, _response, request) => request.socket.write(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`), /Header overflow|HPE/i, true],
  ]
  for (const [name, answers, why, retried] of table) {
    await using at = await asking(answers, { retriesMax: 1 })
    const answer = await at.ask()
    assert.ok(!answer.ok, name)
    assert.match(answer.why, why, name)
    assert.equal(at.rig.asked.length, retried ? 2 : 1, name)
  }
})

test('without a retry policy a turn reaches the server once', async () => {
  await using at = await asking((_, response) => response.writeHead(503).end())
  assert.ok(!(await at.ask()).ok)
  assert.equal(at.rig.asked.length, 1)
})

test('a second attempt that succeeds is a success', async () => {
  await using at = await asking((asked, response) => (at.rig.asked.length === 1 ? response.writeHead(502).end() : response.end(asked.body)), { retriesMax: 2 })
  assert.ok((await at.ask()).ok)
  assert.deepEqual(at.exchange.stats, { asked: 1, failed: 0, retried: 1 })
})

test('a server that says nothing, stops in its headers or trickles has one deadline for all of it', async (t) => {
  const table: [name: string, answers: Answers][] = [
    ['says nothing', () => undefined],
    ['stops in its headers', (_, _response, request) => request.socket.write('HTTP/1.1 200 OK\r\nContent-Le')],
    ['trickles', (_, response) => response.writeHead(200, { 'content-length': 1_000 }).write('{')],
  ]
  for (const [name, answers] of table) {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using at = await asking(answers, { timeoutMs: 4_000, retriesMax: 3 })
    const answer = at.ask()
    await at.rig.got(1)
    t.mock.timers.tick(3_999)
    assert.equal(await Promise.race([answer, new Promise((resolve) => setImmediate(resolve, 'waits'))]), 'waits', name)
    t.mock.timers.tick(1)
    assert.deepEqual(await answer, { ok: false, why: 'no whole answer within 4000 ms' }, name)
    assert.equal(at.rig.asked.length, 1, name)
    t.mock.timers.reset()
  }
})

test('the end of the call ends the request', async () => {
  await using at = await asking(() => undefined)
  const call = new AbortController()
  const answer = at.ask(call.signal)
  await at.rig.got(1)
  call.abort()
  assert.deepEqual(await answer, { ok: false, why: 'the call is over' })
  assert.deepEqual(await at.ask(call.signal), { ok: false, why: 'the call is over' })
  assert.equal(at.rig.asked.length, 1)
})

test('nobody listens', async () => {
  await using at = await asking(() => undefined)
  const answer = await at.exchange.ask({ ...at.rig.server(), url: 'http://127.0.0.1:1/' }, turn, never)
  assert.ok(!answer.ok && /ECONNREFUSED/.test(answer.why))
})

test('private addresses are not connected to unless they are allowed, by number or by name', async () => {
  await using at = await asking(answerWith({ action: 'continue' }))
  using exchange = new CallbackExchange({ privateAllowed: false })
  const url = at.rig.server().url
  const { port } = new URL(url)
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '[::ffff:127.0.0.1]']) {
    const answer = await exchange.ask({ ...at.rig.server(), url: `http://${host}:${port}/` }, turn, never)
    assert.ok(!answer.ok && /private/.test(answer.why), host)
  }
  for (const address of ['file:///etc/passwd', 'ftp://example.com/', 'nonsense']) assert.ok(!(await exchange.ask({ ...at.rig.server(), url: address }, turn, never)).ok)
  assert.equal(at.rig.asked.length, 0)
})
