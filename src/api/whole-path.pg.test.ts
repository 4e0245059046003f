// Checks the API on the real dialer, accounts and database; only the calls themselves follow a script.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { AccountDesk } from '../account/account-desk.ts'
import { createAccount } from '../account/accounts.ts'
import { ApiKeys } from '../account/api-keys.ts'
import { dialerWorld, isBusy, talksOn, until, type Script, type World, type WorldOptions } from '../dialer/testing.ts'
import { buildServer } from './server.ts'

const requirement = '通知张总明天上午9点开会'

async function api(options: WorldOptions = {}) {
  const world = await dialerWorld(options)
  const keys = new ApiKeys(world.db)
  const { key } = await keys.create(world.accountId)
  const serve = (service = world.service) =>
    buildServer({
      calls: service,
      accounts: new AccountDesk(world.db, keys, { privateAllowed: false }),
      log: pino({ level: 'silent' }),
      health: { database: async () => ({ ok: (await world.db.pool.query('select 1')).rowCount === 1 }), carrier: () => ({ ok: true }), speech: () => ({ ok: true }) },
      metrics: new Registry(),
    })
  const app = await serve()
  const headers = { 'x-api-key': key, 'x-skill-version': '1.0.0', 'content-type': 'application/json' }
  const post = async (action: string, body: unknown, more: Record<string, string> = {}, from = app) => {
    const answer = await from.inject({ method: 'POST', url: `/api/v1/callinfo/${action}`, headers: { ...headers, ...more }, payload: JSON.stringify(body) })
    return { status: answer.statusCode, text: answer.body, json: () => answer.json<Record<string, unknown>>() }
  }
  return {
    world, app, key, keys, headers, post, serve,
    place: async (phones = '13800138000', more: Record<string, string> = {}) => post('initiate_call', { phones, user_requirement: requirement }, more),
    balance: async () => (await app.inject({ url: '/api/v1/account/balance', headers: { 'x-api-key': key } })).json<{ balance: number; held: number }>(),
    async [Symbol.asyncDispose]() {
      await app.close()
      await world[Symbol.asyncDispose]()
    },
  }
}

const callCount = async (world: World) => Number((await world.db.pool.query('select count(*) from calls')).rows[0].count)

const talks: Script = async (call) => {
  call.ring()
  call.answer()
  call.say('您好，请问是"张总"吗？')
  call.emit({ type: 'callee-said', turn: 2, text: '是我', beginAtMs: 1_000, endAtMs: 1_400, confidence: 0.95, bargeIn: false })
  call.say('明天上午9点开会。', 3)
  call.note({ outcome: 'confirmed', summary: '已确认' })
  return { talkMs: 20_000, conversation: 'confirmed' }
}

test('a call is placed, followed live, looked up and paid for', async () => {
  await using t = await api({ script: talks })
  assert.equal((await t.balance()).balance, 10)
  const placed = await t.place()
  assert.match(placed.text, /^\{"success":true,"call_ids":\["[a-zA-Z0-9_-]+"\],/)
  const [callId] = placed.json()['call_ids'] as string[]
  const stream = await t.post('stream_chat_history', { call_id: callId })
  assert.deepEqual(
    [...stream.text.matchAll(/^data: (.*)$/gm)].map((match) => match[1]),
    [
      '{"role": "assistant", "content": "您好，请问是“张总”吗？"}',
      '{"role": "user", "content": "是我"}',
      '{"role": "assistant", "content": "明天上午9点开会。"}',
      '{"role": "system", "content": "[DONE]", "outcome": "answered"}',
    ],
  )
  const info = (await t.post('search_callinfo', { call_id: callId })).json()
  assert.deepEqual(
    { ...info, provider_response: '', turns: 0, created_at: '', answered_at: '', ended_at: '' },
    {
      success: true, duration_seconds: 20, phones: '13800138000', user_requirement: requirement, cost: 0.15, billed: true,
      call_content: [{ role: 'assistant', content: '您好，请问是“张总”吗？' }, { role: 'user', content: '是我' }, { role: 'assistant', content: '明天上午9点开会。' }],
      provider_response: '', call_id: callId, status: 'ended', waiting_for: null, waiting_reason: null, outcome: 'answered', conversation: 'confirmed', ended_by: 'robot', created_at: '',
      answered_at: '', ended_at: '', billed_seconds: 60, recording_url: null, summary: '已确认', slots: {}, turns: 0, line: 'simulator', caller: '02160001000', early_media_url: null,
      answers: [], grade: null, needs_review: null, review: [], judged_by: null, do_not_call: null, call_back: null, call_back_of: null, services: [],
    },
  )
  assert.deepEqual(await t.balance(), { success: true, balance: 9.85, held: 0, available: 9.85, currency: 'CNY' })
  await t.world.assertLedger()
})

test('a stream cut after each event and resumed on another server has no gap and no repeat', async () => {
  await using t = await api({ script: talks })
  const [callId] = (await t.place()).json()['call_ids'] as string[]
  const whole = (await t.post('stream_chat_history', { call_id: callId })).text.replaceAll(': keep-alive\n\n', '')
  const other = t.world.another()
  await other.start()
  const second = await t.serve(other)
  try {
    const last = Math.max(...[...whole.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])))
    for (let seq = 0; seq <= last; seq += 1) {
      const before = whole.split(/(?=^id: )/m).filter((event) => Number(/^id: (\d+)/.exec(event)?.[1]) <= seq).join('')
      const rest = (await t.post('stream_chat_history', { call_id: callId, last_event_id: seq }, {}, second)).text.replaceAll(': keep-alive\n\n', '')
      assert.equal(before + rest, whole, `after ${seq}`)
    }
  } finally {
    await second.close()
  }
})

test('a busy callee costs nothing and finishes with duration 0', async () => {
  await using t = await api({ script: isBusy })
  const [callId] = (await t.place('13800138001')).json()['call_ids'] as string[]
  assert.match((await t.post('stream_chat_history', { call_id: callId })).text, /"content": "\[DONE\]", "outcome": "busy"/)
  assert.match((await t.post('search_callinfo', { call_id: callId })).text, /"duration_seconds":0,.*"cost":0,"billed":false/)
  assert.equal((await t.balance()).balance, 10)
})

test('forty requests with one idempotency key, at once, are one call', async () => {
  await using t = await api({ script: talks })
  const answers = await Promise.all(Array.from({ length: 40 }, () => t.place('13800138000', { 'idempotency-key': 'order-1' })))
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200])
  assert.equal(new Set(answers.map((answer) => String(answer.json()['call_ids']))).size, 1)
  assert.equal(answers.filter((answer) => answer.json()['replayed'] !== true).length, 1)
  assert.equal(await callCount(t.world), 1)
  assert.equal((await t.post('initiate_call', { phones: '13800138000', user_requirement: '别的事' }, { 'idempotency-key': 'order-1' })).status, 409)
})

test('never-dial, bad numbers and an empty purse place nothing', async () => {
  await using t = await api({ creditLi: 200 })
  for (const phones of ['110', '１１０', '0571-119', '+86 120', '13800138000,9110', '95588']) {
    const answer = await t.place(phones)
    assert.deepEqual([answer.status, answer.json()['code'], answer.json()['call_started']], [403, 'never-dial', false], phones)
  }
  const bad = await t.place('13800138000,1380013800O,12345678901')
  assert.equal(bad.status, 400)
  assert.deepEqual((bad.json()['errors'] as { value: string }[]).map((item) => item.value), ['1380013800O', '12345678901'])
  const poor = await t.place('13800138000,13900139000')
  assert.deepEqual([poor.status, poor.json()['code']], [402, 'no-balance'])
  assert.equal(await callCount(t.world), 0)
  await t.world.assertLedger()
})

test('hang_up ends a talking call, and once ended says so', async () => {
  await using t = await api({ script: talksOn })
  const [callId] = (await t.place()).json()['call_ids'] as string[]
  await until('the call talks', async () => (await t.post('search_callinfo', { call_id: callId })).json()['status'] === 'talking')
  assert.equal((await t.post('hang_up', { call_id: callId })).json()['result'], 'stopping')
  assert.match((await t.post('stream_chat_history', { call_id: callId })).text, /\[DONE\]/)
  assert.equal((await t.post('search_callinfo', { call_id: callId })).json()['ended_by'], 'user')
  assert.equal((await t.post('cancel', { call_id: callId })).json()['result'], 'already-ended')
})

test("another account's key sees nothing, and a revoked key opens nothing", async () => {
  await using t = await api({ script: talks })
  const stranger = await createAccount(t.world.db, { name: 'stranger' })
  const { key } = await t.keys.create(stranger.id)
  const [callId] = (await t.place()).json()['call_ids'] as string[]
  for (const action of ['search_callinfo', 'stream_chat_history', 'hang_up']) assert.equal((await t.post(action, { call_id: callId }, { 'x-api-key': key })).status, 404, action)
  assert.equal((await t.post('search_callinfo', { call_id: callId }, { 'x-api-key': key.slice(0, -1) })).status, 401)
})

test('the webhook keeps out of private networks and shows its secret once', async () => {
  await using t = await api()
  const put = (url: string | null) => t.app.inject({ method: 'PUT', url: '/api/v1/account/webhook', headers: t.headers, payload: { url } })
  assert.equal((await put('http://127.0.0.1:9/hook')).statusCode, 400)
  const set = (await put('https://example.com/hook')).json<{ url: string; secret: string }>()
  assert.equal(set.url, 'https://example.com/hook')
  assert.ok(set.secret.length >= 20)
  const shown = await t.app.inject({ url: '/api/v1/account/webhook', headers: t.headers })
  assert.equal(shown.body, '{"success":true,"url":"https://example.com/hook"}')
  assert.equal((await put(null)).json<{ secret: unknown }>().secret, null)
})
