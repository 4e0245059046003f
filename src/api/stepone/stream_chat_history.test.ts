// Checks the live conversation byte by byte over real sockets, with time moved by hand.
import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { CallEvent } from '../../events.ts'
import { conversation, endedAnswered, endedBusy, headers, testApi, type TestApi } from '../testing.ts'

const place = { phones: '13800138000', user_requirement: '通知张总明天上午9点开会' }
const said = (text: string, turn = 1): CallEvent => ({ type: 'robot-said', turn, text, cut: false, beginAtMs: 0, endAtMs: 1 })

/** One reader of a stream. `waitFor` resolves when the text so far satisfies the test. */
class Reader {
  text = ''
  ended = false
  readonly response: IncomingMessage
  #wake = Promise.withResolvers<void>()
  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    const wake = () => {
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
    }
    response.on('data', (chunk: string) => {
      this.text += chunk
      wake()
    })
    response.on('end', () => {
      this.ended = true
      wake()
    })
    response.on('error', wake)
    response.on('close', wake)
  }
  async waitFor(what: string): Promise<void> {
    while (!this.text.includes(what)) {
      assert.ok(!this.ended && !this.response.destroyed, `the stream ended without ${what}: ${this.text}`)
      await this.#wake.promise
    }
  }
  async whole(): Promise<string> {
    while (!this.ended && !this.response.destroyed) await this.#wake.promise
    return this.text
  }
}

async function open(api: TestApi, body: Record<string, unknown>, more: Record<string, string> = {}): Promise<Reader> {
  const { port } = new URL(await api.listening())
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/api/v1/callinfo/stream_chat_history', headers: { ...headers, 'content-type': 'application/json', ...more } }, resolve)
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
  return new Reader(response)
}

/** Lets everything that is ready in this process run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('streams the conversation in exactly the published bytes and closes after [DONE]', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  assert.equal(reader.response.statusCode, 200)
  assert.equal(reader.response.headers['content-type'], 'text/event-stream; charset=utf-8')
  for (const event of conversation([['robot', '您好，请问是"张总"吗？'], ['callee', '是我'], ['robot', '']])) api.calls.append('call_1', event)
  assert.equal(
    await reader.whole(),
    'id: 5\ndata: {"role": "assistant", "content": "您好，请问是“张总”吗？"}\n\n' +
      'id: 6\ndata: {"role": "user", "content": "是我"}\n\n' +
      'id: 8\ndata: {"role": "system", "content": "[DONE]", "outcome": "answered"}\n\n',
  )
})

test('may be opened before anything rings, and shows life every half second until the call is connected', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  await settle()
  api.clock.advance(2_000)
  await reader.waitFor(': keep-alive\n\n'.repeat(4))
  assert.equal(reader.text, ': keep-alive\n\n'.repeat(4))
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  api.calls.append('call_1', said('您好'))
  await reader.waitFor('您好')
  const connected = reader.text.length
  api.clock.advance(14_000)
  api.calls.append('call_1', endedAnswered)
  assert.doesNotMatch((await reader.whole()).slice(connected), /keep-alive/)
})

test('says [TIMEOUT] at 30 s when nobody answered, closes, and leaves the call alone', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  api.calls.append('call_1', { type: 'ringing', sipStatus: 180, earlyMedia: false })
  await settle()
  api.clock.advance(29_500)
  await reader.waitFor(': keep-alive\n\n'.repeat(59))
  assert.doesNotMatch(reader.text, /TIMEOUT/)
  api.clock.advance(500)
  assert.ok((await reader.whole()).endsWith('data: {"role": "system", "content": "[TIMEOUT]"}\n\n'))
  assert.doesNotMatch(reader.text, /\[DONE\]/)
  assert.deepEqual(api.calls.stopped, [])
  // The call goes on and can be followed again.
  const again = await open(api, { call_id: 'call_1' })
  for (const event of [{ type: 'answered', sipStatus: 200 } as const, said('您好'), endedAnswered]) api.calls.append('call_1', event)
  assert.match(await again.whole(), /您好.*\[DONE\]/s)
})

test('a call that ended unanswered before 30 s gives its [DONE] with the outcome', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  api.calls.append('call_1', endedBusy)
  assert.equal(await reader.whole(), 'id: 2\ndata: {"role": "system", "content": "[DONE]", "outcome": "busy"}\n\n')
})

test('a connected call never times out', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  const late = await open(api, { call_id: 'call_1', last_event_id: 2 })
  await settle()
  api.clock.advance(120_000)
  api.calls.append('call_1', endedAnswered)
  const text = await late.whole()
  assert.doesNotMatch(text, /TIMEOUT/)
  assert.match(text, /\[DONE\]/)
  assert.equal(text.match(/keep-alive/g)?.length, 8)
})

test('a late reader gets the whole conversation, and so do many at once', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  for (const event of conversation([['robot', '您好'], ['callee', '你好'], ['robot', '再见']])) api.calls.append('call_1', event)
  const readers = await Promise.all(Array.from({ length: 5 }, () => open(api, { call_id: 'call_1' })))
  const texts = new Set(await Promise.all(readers.map((reader) => reader.whole())))
  assert.equal(texts.size, 1)
  assert.deepEqual([...[...texts][0]!.matchAll(/"content": "([^"]*)"/g)].map((match) => match[1]), ['您好', '你好', '再见', '[DONE]'])
})

test('cut after every event and resumed, by header or by body, the parts make the whole: no gap, no repeat', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const script = conversation([['robot', '您好'], ['callee', '你好'], ['robot', ''], ['robot', '明天九点开会'], ['callee', '知道了'], ['robot', '再见']])
  for (const event of script) api.calls.append('call_1', event)
  const whole = await (await open(api, { call_id: 'call_1' })).whole()
  for (let seq = 0; seq <= script.length + 1; seq += 1) {
    const before = whole.split(/(?=^id: )/m).filter((event) => Number(/^id: (\d+)/.exec(event)?.[1]) <= seq).join('')
    const byHeader = await (await open(api, { call_id: 'call_1' }, { 'last-event-id': String(seq) })).whole()
    const byBody = await (await open(api, { call_id: 'call_1', last_event_id: seq })).whole()
    assert.equal(before + byHeader, whole, `after ${seq}`)
    assert.equal(byBody, byHeader)
  }
})

test('a reader that drops in mid-call and resumes live misses nothing', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const first = await open(api, { call_id: 'call_1' })
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  api.calls.append('call_1', said('一'))
  await first.waitFor('一')
  first.response.destroy()
  api.calls.append('call_1', said('二', 2))
  const last = /^id: (\d+)$/m.exec(first.text)?.[1]
  const second = await open(api, { call_id: 'call_1', last_event_id: last })
  await second.waitFor('二')
  api.calls.append('call_1', said('三', 3))
  api.calls.append('call_1', endedAnswered)
  assert.deepEqual([...(await second.whole()).matchAll(/"content": "([^"]*)"/g)].map((match) => match[1]), ['二', '三', '[DONE]'])
})

test('a reader that leaves frees its follower, its timers and its place', async () => {
  await using api = await testApi({ limits: { streamsPerKeyMax: 1 } })
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  await settle()
  assert.equal(api.calls.followers, 1)
  const full = await api.post('stream_chat_history', { call_id: 'call_1' })
  assert.deepEqual([full.status, full.json()['code'], full.headers['retry-after']], [429, 'too-many-streams', '5'])
  const timers = api.clock.timers
  reader.response.destroy()
  while (api.calls.followers > 0) await settle()
  await settle()
  assert.equal(api.clock.timers, timers - 2)
  const next = await open(api, { call_id: 'call_1' })
  api.calls.append('call_1', endedBusy)
  await next.whole()
})

test('the process as a whole has a limit of streams, too', async () => {
  await using api = await testApi({ limits: { streamsMax: 1 } })
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  const answer = await api.post('stream_chat_history', { call_id: 'call_1' }, { 'x-api-key': 'sk_one' })
  assert.deepEqual([answer.status, answer.json()['retry_safe']], [503, true])
  reader.response.destroy()
})

test('a reader that takes nothing is cut off instead of being buffered without end', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  const reader = await open(api, { call_id: 'call_1' })
  reader.response.pause()
  // More than the socket buffers of both sides hold.
  for (let i = 0; i < 400; i += 1) api.calls.append('call_1', said('长'.repeat(20_000), i + 1))
  api.calls.append('call_1', endedAnswered)
  while (api.clock.timers < 3) await settle()
  for (let i = 0; i < 10 && api.calls.followers > 0; i += 1) {
    await settle()
    api.clock.advance(20_000)
  }
  await settle()
  assert.equal(api.calls.followers, 0)
  reader.response.resume()
  assert.doesNotMatch(await reader.whole(), /\[DONE\]/)
})

test('closing the server ends streams between events, without [DONE], so that readers resume', async () => {
  const api = await testApi()
  await api.post('initiate_call', place)
  const reader = await open(api, { call_id: 'call_1' })
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  api.calls.append('call_1', said('您好'))
  await reader.waitFor('您好')
  await api.app.close()
  const text = await reader.whole()
  assert.ok(reader.ended, 'ended cleanly')
  assert.ok(text.endsWith('"您好"}\n\n'))
  assert.equal(api.calls.followers, 0)
})

test('a follower that breaks ends the stream without [DONE] and tells the log', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  api.calls.follow = async function* () {
    yield { seq: 1, at: new Date(0), event: said('您好') }
    return Promise.reject(new Error('database gone'))
  }
  const text = await (await open(api, { call_id: 'call_1' })).whole()
  assert.match(text, /您好/)
  assert.doesNotMatch(text, /DONE|database/)
  assert.ok(api.logged.some((line) => line.includes('database gone')))
})

test('refuses an unknown call and a senseless event id before the stream begins', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  assert.equal((await api.post('stream_chat_history', { call_id: 'call_9' })).status, 404)
  for (const id of ['x', '-1', '1.5', '99999999999', {}, true]) {
    assert.equal((await api.post('stream_chat_history', { call_id: 'call_1', last_event_id: id })).status, 400, JSON.stringify(id))
  }
  assert.equal((await api.post('stream_chat_history', { call_id: 'call_1' }, { 'last-event-id': 'abc' })).status, 400)
})
