// Checks what each action answers on the wire. Does not open sockets.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { OverloadedError, ProviderError, RefusedError } from '../../errors.ts'
import { conversation, endedBusy, headers, testApi } from '../testing.ts'
import { rangeOf } from './audio-download.ts'

const place = { phones: '13800138000', user_requirement: '通知张总明天上午9点开会' }

test('placing one call answers compact JSON in the published spelling', async () => {
  await using api = await testApi()
  const answer = await api.post('initiate_call', place)
  assert.equal(answer.status, 200)
  assert.equal(answer.text, '{"success":true,"call_ids":["call_1"],"provider_call_id":"call_1","message":"已受理 1 个呼叫"}')
})

test('a list in any separator places one call per number', async () => {
  await using api = await testApi()
  const answer = await api.post('initiate_call', { ...place, phones: ' 13800138000，13900139000、186 1234 5678 ' })
  assert.deepEqual(answer.json()['call_ids'], ['call_1', 'call_2', 'call_3'])
  assert.deepEqual(api.calls.placed, ['+8613800138000', '+8613900139000', '+8618612345678'])
})

test('one bad number in a list places nothing, and the message names it with its reason', async () => {
  await using api = await testApi()
  const answer = await api.post('initiate_call', { ...place, phones: '13800138000,1380013800O' })
  assert.equal(answer.status, 400)
  assert.match(answer.text, /^\{"success":false,"code":"invalid-input","message":"[^"]*1380013800O：[^"]*","call_started":false,"retry_safe":true,"errors":\[/)
  assert.deepEqual(api.calls.placed, [])
})

test('the same Idempotency-Key answers the same ids, and refuses another body', async () => {
  await using api = await testApi()
  const first = await api.post('initiate_call', place, { 'idempotency-key': 'order-7' })
  const again = await api.post('initiate_call', place, { 'idempotency-key': 'order-7' })
  assert.deepEqual(again.json()['call_ids'], first.json()['call_ids'])
  assert.equal(again.json()['replayed'], true)
  assert.equal('replayed' in first.json(), false)
  const other = await api.post('initiate_call', { ...place, user_requirement: '别的' }, { 'idempotency-key': 'order-7' })
  assert.equal(other.status, 409)
  assert.equal(other.json()['code'], 'idempotency-conflict')
  assert.equal(api.calls.placed.length, 1)
  assert.equal((await api.post('initiate_call', place, { 'idempotency-key': '有空格 的' })).status, 400)
})

test('every refusal of the dialer has its status, and Retry-After when waiting helps', async () => {
  await using api = await testApi()
  const table: [Error, number, string | undefined][] = [
    [new RefusedError('no-balance', '余额不足，请充值'), 402, undefined],
    [new RefusedError('do-not-call', '对方已登记谢绝来电'), 403, undefined],
    [new RefusedError('calling-hours', '现在不可拨打'), 403, undefined],
    [new RefusedError('frequency', '拨打过于频繁', { retryAfterMs: 60_000 }), 403, '60'],
    [new RefusedError('expired', '时间已过'), 403, undefined],
    [new OverloadedError('队列已满，请稍后', 1_500), 503, '2'],
    [new ProviderError('dashscope', 'key sk-secret refused', true), 502, undefined],
  ]
  for (const [error, status, retryAfter] of table) {
    api.calls.failNext = error
    const answer = await api.post('initiate_call', place)
    assert.equal(answer.status, status, error.message)
    assert.equal(answer.headers['retry-after'], retryAfter)
    assert.equal(answer.json()['success'], false)
    assert.doesNotMatch(answer.text, /secret/)
  }
})

test('an unknown failure is a 500 that leaks nothing, is logged whole, and says honestly whether retrying is safe', async () => {
  await using api = await testApi()
  api.calls.failNext = new Error('connect ECONNREFUSED postgres://user:pw@db')
  const answer = await api.post('initiate_call', place)
  assert.equal(answer.status, 500)
  assert.deepEqual({ ...answer.json(), message: '', request_id: '' }, { success: false, code: 'internal-error', message: '', call_started: null, retry_safe: false, request_id: '' })
  assert.doesNotMatch(answer.text, /ECONNREFUSED|postgres/)
  assert.ok(answer.text.includes(String(answer.json()['request_id'])))
  assert.ok(api.logged.some((line) => line.includes('ECONNREFUSED') && line.includes(String(answer.json()['request_id']))))
  api.calls.failNext = new Error('again')
  assert.equal((await api.post('initiate_call', place, { 'idempotency-key': 'k' })).json()['retry_safe'], true)
})

test('nothing that was said, no full number and no key reaches the log', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  await api.post('initiate_call', { ...place, phones: '110' })
  await api.post('search_callinfo', { call_id: 'call_1' })
  assert.doesNotMatch(api.logged.join(''), /13800138000|sk_one|张总/)
})

test('a call that is not over has no duration, so clients keep polling', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const answer = await api.post('search_callinfo', { call_id: ' call_1 ' })
  assert.equal(answer.status, 200)
  assert.match(answer.text, /^\{"success":true,"duration_seconds":null,"phones":"13800138000","user_requirement":"通知张总明天上午9点开会","cost":0,"billed":false,"call_content":\[\]/)
})

test('a finished call is shown in the published keys and order, with ours after them', async () => {
  await using api = await testApi()
  await api.post('initiate_call', { ...place, user_requirement: '说"你好"\n再见' })
  for (const event of conversation([['robot', '您好，我是"小智"。'], ['callee', '对，你说'], ['robot', '']])) api.calls.append('call_1', event)
  const answer = await api.post('search_callinfo', { call_id: 'call_1' })
  assert.ok(
    answer.text.startsWith(
      '{"success":true,"duration_seconds":21,"phones":"13800138000","user_requirement":"说“你好” 再见","cost":0.15,"billed":true,' +
        '"call_content":[{"role":"assistant","content":"您好，我是“小智”。"},{"role":"user","content":"对，你说"}],' +
        '"provider_response":"{\\"outcome\\":\\"answered\\",\\"ended_by\\":\\"robot\\",',
    ),
    answer.text,
  )
  const { turns, ...rest } = answer.json() as { turns: { begin_ms: number; end_ms: number; latency_ms: unknown }[] } & Record<string, unknown>
  assert.deepEqual(turns.map(({ begin_ms, end_ms }) => [begin_ms, end_ms]), [[1_000, 1_800], [2_000, 2_800]], 'since the answer')
  assert.deepEqual(turns[0]?.latency_ms, { endpoint: 450, recognition: 20, robot: 5, synthesis: 15, playout: 20, total: 510, first_token: null, ahead: null, dropped: 0 })
  assert.equal(rest['outcome'], 'answered')
  assert.equal(rest['conversation'], 'confirmed')
  assert.equal(rest['answered_at'], '1970-01-01T00:00:05.000Z')
  // Clients that collect pairs of role and content find each once.
  assert.equal(answer.text.match(/"role":"[^"]*","content":"[^"]*"/g)?.length, 2)
})

test('a call that was never answered finishes with duration 0 and costs nothing', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  api.calls.append('call_1', endedBusy)
  const answer = await api.post('search_callinfo', { call_id: 'call_1' })
  assert.match(answer.text, /"duration_seconds":0,.*"cost":0,"billed":false,"call_content":\[\].*"outcome":"busy"/)
})

test("another account's call does not exist", async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  for (const action of ['search_callinfo', 'stream_chat_history', 'hang_up', 'cancel']) {
    const answer = await api.post(action, { call_id: 'call_1' }, { 'x-api-key': 'sk_two' })
    assert.equal(answer.status, 404, action)
    assert.equal(answer.json()['code'], 'call-not-found')
  }
  assert.deepEqual(api.calls.stopped, [])
})

test('hang_up and cancel pass the wish on and tell when there was nothing to stop', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  assert.equal((await api.post('hang_up', { call_id: 'call_1' })).json()['result'], 'stopping')
  assert.equal((await api.post('cancel', { call_id: 'call_1' })).json()['result'], 'stopping')
  assert.deepEqual(api.calls.stopped, [{ callId: 'call_1', wish: 'hang-up' }, { callId: 'call_1', wish: 'cancel' }])
  api.calls.append('call_1', endedBusy)
  assert.equal((await api.post('hang_up', { call_id: 'call_1' })).json()['result'], 'already-ended')
})

test('control passes each wish on as the dialer knows it, and tells the state', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const wish = async (more: object) => (await api.post('control', { call_id: 'call_1', ...more })).json()
  assert.deepEqual(await wish({ action: 'hold' }), { success: true, call_id: 'call_1', action: 'hold', state: 'held', message: '已执行' })
  assert.equal((await wish({ action: 'transfer', phone: '139 0013 9000', by: 'refer' }))['state'], 'calling')
  await wish({ action: 'send_digits', digits: '12#', tone_ms: 200 })
  await wish({ action: 'play', text: '请稍等', interruptible: false })
  await wish({ action: 'play', file: 'welcome' })
  await wish({ action: 'parallel_transfer', phone: '13900139000', bridge: 'wait' })
  await wish({ action: 'bridge' })
  await wish({ action: 'listen', phone: '13700137000' })
  await wish({ action: 'stop_listening' })
  assert.deepEqual(api.calls.commands.map(({ command }) => command), [
    { type: 'hold' },
    { type: 'transfer', phone: '139 0013 9000', by: 'refer' },
    { type: 'send-digits', digits: '12#', toneMs: 200 },
    { type: 'play', text: '请稍等', file: undefined, interruptible: false },
    { type: 'play', text: '', file: 'welcome', interruptible: true },
    { type: 'parallel-transfer', phone: '13900139000', join: 'when-asked' },
    { type: 'bridge' },
    { type: 'listen', phone: '13700137000' },
    { type: 'stop-listening', phone: undefined },
  ])
})

test('control refuses what is no wish, and tells why the call did not do one', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  const told: [object, RegExp][] = [
    [{ action: 'dance' }, /action 应为其中之一：hold/],
    [{ action: 'transfer' }, /phone/],
    [{ action: 'send_digits', digits: 'hello' }, /digits 应为/],
    [{ action: 'play' }, /text（要说的话）或 file/],
    [{ action: 'play', text: '好', file: 'a' }, /text（要说的话）或 file/],
    [{ action: 'transfer', phone: '13900139000', by: 'magic' }, /by 应为/],
  ]
  for (const [more, message] of told) {
    const answer = await api.post('control', { call_id: 'call_1', ...more })
    assert.deepEqual([answer.status, answer.json()['success']], [400, false], JSON.stringify(more))
    assert.match(String(answer.json()['message']), message)
  }
  assert.equal((await api.post('control', { call_id: 'call_none', action: 'hold' })).status, 404)
  for (const [error, status] of [[new RefusedError('not-live', '通话已经结束'), 409], [new RefusedError('no-owner', '进程已不在'), 409], [new RefusedError('not-possible', '正在保持'), 409], [new OverloadedError('来不及', 1_000), 503]] as const) {
    api.calls.controlFails = error
    const answer = await api.post('control', { call_id: 'call_1', action: 'hold' })
    assert.deepEqual([answer.status, answer.json()['code'], answer.json()['message'], answer.json()['call_started']], [status, error.code, error.message, false])
  }
})

test('the version is told without a key, and every other call path demands it', async () => {
  await using api = await testApi()
  const version = await api.app.inject('/api/v1/callinfo/skill_version')
  assert.equal(version.body, '{"skill_version":"1.0.0"}')
  for (const sent of [undefined, '', '0.9.0', '1.0', '2.0.0', '1.0.0; x']) {
    const answer = await api.app.inject({
      method: 'POST', url: '/api/v1/callinfo/initiate_call', payload: place,
      headers: { 'x-api-key': 'sk_one', ...(sent === undefined ? {} : { 'x-skill-version': sent }) },
    })
    assert.equal(answer.statusCode, 426, sent)
    assert.match(answer.body, /"success":false.*更新/)
  }
  assert.deepEqual(api.calls.placed, [])
})

test('a missing, unknown or endless key is 401 before the body is looked at', async () => {
  await using api = await testApi()
  for (const key of ['', 'sk_three', 'x'.repeat(5_000)]) {
    const answer = await api.post('initiate_call', '{broken', { 'x-api-key': key })
    assert.equal(answer.status, 401, key.slice(0, 10))
    assert.equal(answer.json()['code'], 'key-invalid')
  }
})

test('the balance is told in yuan', async () => {
  await using api = await testApi()
  const answer = await api.app.inject({ url: '/api/v1/account/balance', headers: { 'x-api-key': 'sk_one' } })
  assert.equal(answer.body, '{"success":true,"balance":9.85,"held":0.15,"available":9.7,"currency":"CNY"}')
})

test('the webhook is set, shown without its secret, and removed', async () => {
  await using api = await testApi()
  const put = (url: unknown) => api.app.inject({ method: 'PUT', url: '/api/v1/account/webhook', headers: { 'x-api-key': 'sk_one' }, payload: { url } })
  const get = () => api.app.inject({ url: '/api/v1/account/webhook', headers: { 'x-api-key': 'sk_one' } })
  assert.equal((await get()).body, '{"success":true,"url":null}')
  assert.equal((await put('https://example.com/hook')).body, '{"success":true,"url":"https://example.com/hook","secret":"whsec_test"}')
  assert.equal((await get()).body, '{"success":true,"url":"https://example.com/hook"}')
  for (const bad of ['ftp://example.com', 'example.com', 'https://u:p@example.com', 7, '', 'http://127.0.0.1/']) assert.equal((await put(bad)).statusCode, 400, String(bad))
  assert.equal((await put(null)).body, '{"success":true,"url":null,"secret":null}')
})

test('a recording is served whole and in ranges, by key or by a signed link that is bound to one call and expires', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'recordings-'))
  try {
    await writeFile(path.join(dir, 'a.wav'), '0123456789')
    await using api = await testApi({ recordings: { dir, linkSecret: 'secret' }, publicUrl: 'https://calls.example/' })
    await api.post('initiate_call', { ...place, phones: '13800138000,13900139000' })
    for (const id of ['call_1', 'call_2']) for (const event of conversation([])) api.calls.append(id, event)
    const url = '/api/v1/callinfo/recording/call_1'
    const get = (range?: string, from = url, key: string | null = 'sk_one') =>
      api.app.inject({ url: from, headers: { ...(key === null ? {} : { 'x-api-key': key }), ...(range === undefined ? {} : { range }) } })
    const whole = await get()
    assert.deepEqual([whole.statusCode, whole.body, whole.headers['content-type'], whole.headers['accept-ranges']], [200, '0123456789', 'audio/wav', 'bytes'])
    const part = await get('bytes=2-4')
    assert.deepEqual([part.statusCode, part.body, part.headers['content-range'], part.headers['content-length']], [206, '234', 'bytes 2-4/10', '3'])
    assert.equal((await get('bytes=-3')).body, '789')
    assert.equal((await get('bytes=8-')).body, '89')
    assert.equal((await get('bytes=8-99')).body, '89')
    const beyond = await get('bytes=10-')
    assert.deepEqual([beyond.statusCode, beyond.headers['content-range']], [416, 'bytes */10'])
    assert.equal((await api.app.inject({ method: 'HEAD', url, headers: { 'x-api-key': 'sk_one' } })).headers['content-length'], '10')
    assert.equal((await get(undefined, url, 'sk_two')).statusCode, 404)
    assert.equal((await get(undefined, url, null)).statusCode, 401)

    const link = String((await api.post('search_callinfo', { call_id: 'call_1' })).json()['recording_url'])
    assert.ok(link.startsWith('https://calls.example/api/v1/callinfo/recording/call_1?token=acc_one.'), link)
    const signed = link.slice('https://calls.example'.length)
    const noKey = (from: string) => api.app.inject({ url: from })
    assert.equal((await noKey(signed)).body, '0123456789')
    assert.equal((await noKey(signed.replace('call_1', 'call_2'))).statusCode, 403)
    assert.equal((await noKey(signed.replace('acc_one', 'acc_two'))).statusCode, 403)
    api.clock.advance(3_600_001)
    assert.equal((await noKey(signed)).statusCode, 403)

    api.calls.change('call_1', { recording: '../../etc/passwd' })
    assert.equal((await get()).statusCode, 404)
    assert.equal((await api.post('search_callinfo', { call_id: 'call_1' })).json()['recording_url'], null)
    api.calls.change('call_1', { recording: 'gone.wav' })
    assert.equal((await get()).statusCode, 404)
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('what was heard before a call that nobody answered is downloaded like a recording, by the same people', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'waihu-clips-'))
  try {
    await writeFile(path.join(dir, 'a.early.wav'), '0123456789')
    await using api = await testApi({ recordings: { dir, linkSecret: 'secret' }, publicUrl: 'https://calls.example/' })
    await api.post('initiate_call', place)
    const url = '/api/v1/callinfo/early_media/call_1'
    const get = (key: string | null = 'sk_one', from = url) => api.app.inject({ url: from, headers: key === null ? {} : { 'x-api-key': key } })
    const shown = async () => (await api.post('search_callinfo', { call_id: 'call_1' })).json() as Record<string, unknown>
    assert.equal((await get()).statusCode, 404, 'nothing was kept')
    assert.equal((await shown())['early_media_url'], null)
    const kept = (clip: string) => api.calls.change('call_1', { reason: { outcome: 'suspended', by: 'network', stage: 'ringing', detail: 'announced', evidence: { clip, announcement: '您拨打的电话已停机', rule: 'text:suspended' } } })
    kept('a.early.wav')
    const whole = await get()
    assert.deepEqual([whole.statusCode, whole.body, whole.headers['content-type'], whole.headers['content-disposition']], [200, '0123456789', 'audio/wav', 'inline; filename="call_1.early.wav"'])
    assert.equal((await get('sk_two')).statusCode, 404)
    assert.equal((await get(null)).statusCode, 401)
    const info = await shown()
    assert.deepEqual(Object.keys(info).slice(-2), ['services', 'early_media_url'], 'after all that was there before')
    assert.equal(JSON.parse(String(info['provider_response'])).rule, 'text:suspended')
    const link = String(info['early_media_url'])
    assert.ok(link.startsWith('https://calls.example/api/v1/callinfo/early_media/call_1?token=acc_one.'), link)
    const signed = link.slice('https://calls.example'.length)
    assert.equal((await get(null, signed)).body, '0123456789')
    assert.equal((await get(null, signed.replace('call_1', 'call_2'))).statusCode, 403)
    kept('../../etc/passwd')
    assert.equal((await get()).statusCode, 404)
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a call is shown and explained while it goes on, to its owner only', async () => {
  await using api = await testApi()
  await api.post('initiate_call', place)
  api.calls.append('call_1', { type: 'dialing', line: 'simulated', attempt: 1 })
  api.calls.append('call_1', { type: 'answered', sipStatus: 200 })
  api.calls.append('call_1', { type: 'callee-said', turn: 1, text: '喂你好', beginAtMs: 0, endAtMs: 500, confidence: 1, bargeIn: false })
  const info = (await api.post('search_callinfo', { call_id: 'call_1' })).json()
  assert.equal(info['duration_seconds'], null)
  assert.deepEqual(info['call_content'], [{ role: 'user', content: '喂你好' }])
  const told = (await api.post('explain', { call_id: 'call_1' })).json()
  assert.match(String(told['text']), /喂你好/)
  assert.equal((await api.post('explain', { call_id: 'call_1', language: 'en' })).status, 200)
  assert.equal((await api.post('explain', { call_id: 'call_1', language: 'fr' })).status, 400)
  assert.equal((await api.post('explain', { call_id: 'call_9' })).status, 404)
})

test('byte ranges follow RFC 9110', () => {
  assert.deepEqual(rangeOf('bytes=0-0', 10), { start: 0, end: 0 })
  assert.deepEqual(rangeOf('bytes=-99', 10), { start: 0, end: 9 })
  assert.equal(rangeOf('bytes=-0', 10), 'unsatisfiable')
  assert.equal(rangeOf('bytes=0-', 0), 'unsatisfiable')
  for (const ignored of [undefined, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,3-4', 'items=0-1', 'bytes=a-b']) assert.equal(rangeOf(ignored, 10), undefined, ignored)
})

test('headers of our own are not needed to read: the plain published client is served', async () => {
  await using api = await testApi()
  const answer = await api.app.inject({ method: 'POST', url: '/api/v1/callinfo/initiate_call/', headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, payload: JSON.stringify({ ...place, unknown_field: 1 }, undefined, 2) })
  assert.equal(answer.statusCode, 200)
})
