// Receipts over HTTP, on a real database and with a real receiver: set, tried, pushed for a call that a client has placed, listed and sent again; by their own account only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { AccessKeys } from '../account/access-keys.ts'
import { createAccount } from '../account/accounts.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { customerServer } from '../dialer/customer-server.ts'
import { ReceiptDesk } from '../dialer/receipt-desk.ts'
import { Receipts } from '../dialer/receipts.ts'
import { receiptDefaults } from '../dialer/settings.ts'
import { dialerWorld, until } from '../dialer/testing.ts'
import { createRobotMaker } from '../robot/index.ts'
import { SecretBox } from '../secret-box.ts'
import { receiptRenderer } from './aliyun/receipts.ts'
import { memorySounds, signedV3 } from './aliyun/testing.ts'
import { systemClock } from './clock.ts'
import { apiLimits } from './limits.ts'
import { RecordingLinks } from './stepone/recording-links.ts'
import { memoryAccounts, testApi } from './testing.ts'

void test('receipts of a call that a client placed: set, tried, pushed, given up, sent again', async () => {
  let broken = false
  await using customer = await customerServer((_request, response) => (broken ? response.writeHead(502).end() : response.writeHead(200).end('{"code":0}')))
  await using dialer = await dialerWorld({
    robots: createRobotMaker({ kind: 'rules', log: pino({ level: 'silent' }) }),
    script: async (call) => {
      call.ring()
      call.answer()
      call.emit({ type: 'keys-pressed', digits: '1' })
      return Promise.resolve({ talkMs: 12_300, conversation: 'delivered', recording: '/recordings/a.wav' })
    },
  })
  const { db, accountId } = dialer
  const other = await createAccount(db, { name: 'other' })
  const ids = new Map([['sk_one', accountId], ['sk_two', other.id]])
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  const templates = new TtsTemplates(db)
  await templates.put(accountId, { code: 'TTS_1', text: '您好，您的快递到了。' })
  const links = new RecordingLinks({ files: undefined, secret: 'secret', clock: systemClock, validMs: apiLimits.receiptLinkMs })
  const render = receiptRenderer({ recordingLink: (account, callId) => links.address('https://calls.example', account, callId) })
  const now = () => dialer.clock.nowMs
  const receipts = new Receipts({ db, render, settings: { ...receiptDefaults, privateAllowed: true, pollMs: 20, timeoutMs: 20_000, backoffMs: [] }, now })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => receipts.stop())
  await receipts.start()
  const api = stack.use(await testApi({
    calls: dialer.service,
    accounts: { ...memoryAccounts(), authenticate: async (key) => Promise.resolve(ids.has(key) ? { accountId: ids.get(key)!, admin: false } : undefined) },
    aliyun: { keys, nonces: new NonceBook(db), templates, receipts: new ReceiptDesk(db, { privateAllowed: true, render, timeoutMs: 20_000, now }), sounds: memorySounds },
  }))
  const ask = async (method: 'GET' | 'PUT' | 'POST', where: string, body?: object, key = 'sk_one') => {
    const answer = await api.app.inject({ method, url: `/api/v1/account/receipts${where}`, headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) }, ...(body && { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  const none = { VoiceReport: null, VoiceCallReport: null, VoiceRecordReport: null, VoiceRTASRReport: null }
  assert.deepEqual((await ask('GET', '')).body['urls'], none)
  for (const body of [{}, { urls: { VoiceReport: 'nonsense' } }, { urls: { VoiceReport: 7 } }, { urls: { VoiceReport: 'ftp://example.com/' } }]) assert.equal((await ask('PUT', '', body)).status, 400, JSON.stringify(body))
  assert.equal((await ask('POST', '/test', { type: 'VoiceReport' })).status, 404)
  const urls = { VoiceReport: customer.url, VoiceCallReport: customer.url, VoiceRecordReport: customer.url, VoiceRTASRReport: null }
  assert.deepEqual((await ask('PUT', '', { urls })).body['urls'], urls)
  assert.deepEqual((await ask('GET', '', undefined, 'sk_two')).body['urls'], none)
  for (const type of ['VoiceReport', 'VoiceCallReport', 'VoiceRecordReport']) {
    const tried = await ask('POST', '/test', { type })
    assert.deepEqual([tried.body['accepted'], tried.body['error'], JSON.parse(customer.received.at(-1)!.body)], [true, null, tried.body['sent']], type)
  }

  const place = async (): Promise<string> => {
    const key = await keys.create(accountId)
    const { url, headers, body } = signedV3({ action: 'SingleCallByTts', params: { CalledNumber: '13800138000', TtsCode: 'TTS_1', PlayTimes: '1', OutId: 'crm-1' }, key, nowMs: api.clock.nowMs() })
    const placed = (await api.app.inject({ method: 'POST', url, headers: headers as Record<string, string>, payload: body })).json<{ Code: string; CallId: string }>()
    assert.equal(placed.Code, 'OK')
    return placed.CallId
  }
  const recordsOf = (callId: string) => customer.received.flatMap(({ body }) => JSON.parse(body) as Record<string, unknown>[]).filter((record) => record['call_id'] === callId)
  const callId = await place()
  await until('all are pushed', () => recordsOf(callId).length === 7, 30_000)
  const told = recordsOf(callId)
  assert.deepEqual(told.filter((record) => 'status_time' in record).map((record) => record['status_code']), ['200101', '200201', '200102', '300000', '200100'])
  const report = told.find((record) => 'hangup_direction' in record)!
  assert.deepEqual([report['status_code'], report['duration'], report['dtmf'], report['out_id'], report['callee']], ['200000', '13', '1', 'crm-1', '13800138000'])
  const link = new URL(told.find((record) => 'record_file' in record)!['record_file'] as string)
  const inDays = Number(link.searchParams.get('token')!.split('.')[1]) / 86_400 - Date.now() / 86_400_000
  assert.ok(Math.abs(inDays - 7) < 0.01, `valid for ${inDays} days`)
  assert.equal(links.verify(link.pathname.split('/').at(-1)!, link.searchParams.get('token')!), accountId)

  broken = true
  await ask('PUT', '', { urls: { VoiceReport: customer.url } })
  const refused = await ask('POST', '/test', {})
  assert.deepEqual([refused.body['accepted'], refused.body['error']], [false, 'HTTP 502'])
  const lost = await place()
  const given = await until('it is given up', async () => {
    const { failed } = (await ask('GET', '/failed')).body as { failed: Record<string, unknown>[] }
    return failed[0]
  })
  assert.deepEqual([given['type'], given['wire_call_id'], given['attempts'], given['error']], ['VoiceReport', lost, 1, 'HTTP 502'])
  assert.deepEqual((await ask('GET', '/failed', undefined, 'sk_two')).body['failed'], [])
  assert.equal((await ask('POST', '/replay', {}, 'sk_two')).body['replayed'], 0)
  assert.equal((await ask('POST', '/replay', { ids: ['nonsense'] })).status, 400)
  const why = await api.post('explain', { call_id: given['call_id'] })
  assert.match(String(why.json()['text']), /话单回执未送达：第 1 次 HTTP 502，已放弃/)
  broken = false
  dialer.clock.nowMs += 60_000
  assert.equal((await ask('POST', '/replay', { ids: [given['id']] })).body['replayed'], 1)
  await until('it is pushed', () => recordsOf(lost).length === 2)
  assert.equal(customer.received.at(-1)!.headers['x-waihu-receipt-ids'], given['id'])
})

void test('a server without the RPC gateway has no receipts', async () => {
  await using api = await testApi()
  assert.equal((await api.app.inject({ method: 'GET', url: '/api/v1/account/receipts', headers: { 'x-api-key': 'sk_one' } })).statusCode, 404)
})
