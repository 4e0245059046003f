// Checks the gateway with the vendors' own clients, unmodified, over HTTP, on the real dialer, accounts and database; only the calls themselves follow a script.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { AccessKeys } from '../../account/access-keys.ts'
import { AccountDesk } from '../../account/account-desk.ts'
import { createAccount } from '../../account/accounts.ts'
import { ApiKeys } from '../../account/api-keys.ts'
import { CallbackServers } from '../../account/callback-servers.ts'
import { NonceBook } from '../../account/nonce-book.ts'
import { TtsTemplates } from '../../account/tts-templates.ts'
import { dialerWorld, isBusy, type Script, type ScriptedCall } from '../../dialer/testing.ts'
import { NotFoundError } from '../../errors.ts'
import { CallbackExchange } from '../../robot/callback/exchange.ts'
import { callbackServerDefaults } from '../../robot/callback/plan.ts'
import { ServerRig } from '../../robot/callback/server-rig.ts'
import { createRobotMaker } from '../../robot/index.ts'
import type { RobotAction } from '../../robot/robot.ts'
import { SecretBox } from '../../secret-box.ts'
import { buildServer } from '../server.ts'
import { clients, type Answer, type Client, type Key } from './vendor-clients.ts'

const saysItAll: Script = async (call) => {
  call.ring()
  call.answer()
  call.note({ outcome: 'delivered' })
  return Promise.resolve({ talkMs: 12_300, conversation: 'delivered' })
}

const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })

async function world() {
  const stack = new AsyncDisposableStack()
  const dialer = stack.use(await dialerWorld({ script: saysItAll, creditLi: 100_000, robots: createRobotMaker({ kind: 'rules', log, callback: { exchange: stack.use(new CallbackExchange({ privateAllowed: true })), phoneOf: () => undefined } }) }))
  const callbackServers = new CallbackServers(dialer.db, { privateAllowed: true, phoneOf: () => undefined })
  const keys = new AccessKeys(dialer.db, new SecretBox(Buffer.alloc(32, 7)))
  const templates = new TtsTemplates(dialer.db)
  await templates.put(dialer.accountId, { code: 'TTS_1', text: '您好，${name}，您的快递到了。' })
  const clock = { offMs: 0 }
  const app = await buildServer({
    calls: dialer.service,
    accounts: new AccountDesk(dialer.db, new ApiKeys(dialer.db), { privateAllowed: false }),
    aliyun: { keys, nonces: new NonceBook(dialer.db), templates, callbackServers, sounds: { read: async (name) => (name === `${dialer.accountId}-welcome.wav` ? Promise.resolve() : Promise.reject(new NotFoundError('sound', name))) } },
    log,
    health: { database: () => ({ ok: true }), carrier: () => ({ ok: true }), speech: () => ({ ok: true }) },
    metrics: new Registry(),
    clock: { nowMs: () => Date.now() + clock.offMs, after: () => () => {}, every: () => () => {} },
  })
  stack.defer(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const lasting = await keys.create(dialer.accountId)
  const temporary = await keys.temporary(dialer.accountId, lasting.id, 900)
  return { dialer, keys, templates, callbackServers, clock, app, base, lasting, temporary, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const notice = { CalledNumber: '13800138000', CalledShowNumber: '057100000000', TtsCode: 'TTS_1', TtsParam: '{"name":"喂,你好 (1)~\'!"}', PlayTimes: 1, OutId: 'crm-1' }

test('every client places a call, with a lasting and a temporary key, and sees what became of it', async () => {
  await using w = await world()
  for (const client of clients) {
    for (const key of client.placesOnly ? [w.lasting] : [w.lasting, w.temporary]) {
      const placed = await client.call(w.base, key, 'SingleCallByTts', notice)
      assert.deepEqual([placed['Code'], placed['Message']], ['OK', 'OK'], client.name)
      assert.match(String(placed['CallId']), /^1\d{11}\^\d{12}$/)
      const ticket = await w.dialer.service.ticket(w.dialer.accountId, String(placed['CallId']))
      assert.deepEqual([ticket?.product, ticket?.outId, ticket?.shownNumber], ['tts', 'crm-1', '057100000000'])
      await w.dialer.ended(ticket!.callId)
      const { userRequirement } = await w.dialer.service.lookUp(w.dialer.accountId, ticket!.callId)
      assert.equal(userRequirement, "您好，喂,你好 (1)~'!，您的快递到了。", client.name)
      if (client.placesOnly) continue
      const asked = await client.call(w.base, key, 'QueryCallDetailByCallId', { CallId: placed['CallId'], ProdId: 11010000138001, QueryDate: w.dialer.clock.nowMs })
      const detail = JSON.parse(String(asked['Data'])) as Answer
      assert.deepEqual([detail['state'], detail['stateDesc'], detail['duration'], detail['callee'], detail['callerShowNumber']], ['200000', '用户听完', 13, '13800138000', '057100000000'])
      assert.match(String(detail['startDate']), /^2026-11-20 12:00:0\d$/)
      const other = await client.call(w.base, key, 'QueryCallDetailByCallId', { CallId: placed['CallId'], ProdId: 11000000300005, QueryDate: w.dialer.clock.nowMs })
      assert.equal(other['Data'], '')
      const cancelled = await client.call(w.base, key, 'CancelCall', { CallId: placed['CallId'] })
      assert.equal(cancelled['Status'], false)
    }
  }
  await w.dialer.assertLedger()
})

test('each client is told its own proper error for a wrong key, a wrong secret, an old clock and a dead key', async () => {
  await using w = await world()
  const fails = async (client: Client, key: Key, code: string, params: Answer = notice) => {
    await assert.rejects(client.call(w.base, key, 'SingleCallByTts', params), (error) => {
      assert.equal(client.codeOf(error), code, `${client.name}: ${String(error)}`)
      return true
    })
  }
  for (const client of clients) {
    await fails(client, { ...w.lasting, id: 'WHAKnobody0000000000' }, 'InvalidAccessKeyId.NotFound')
    await fails(client, { ...w.lasting, secret: 'wrong' }, 'SignatureDoesNotMatch')
    await fails(client, { ...w.temporary, securityToken: 'junk' }, client.placesOnly ? 'MissingSecurityToken' : 'InvalidSecurityToken.Malformed')
    for (const offMs of [16 * 60_000, -16 * 60_000]) {
      w.clock.offMs = offMs
      await fails(client, w.lasting, 'InvalidTimeStamp.Expired')
    }
    w.clock.offMs = 0
  }
  await w.keys.change(w.dialer.accountId, w.lasting.id, { enabled: false })
  for (const client of clients) await fails(client, w.lasting, 'InvalidAccessKeyId.Inactive')
  assert.deepEqual(w.dialer.invited, [])
})

test('business errors are answered with 200 and their code, and nothing is dialled or held', async () => {
  await using w = await world()
  w.dialer.scripts.set('+8613800138000', isBusy)
  const [client] = clients
  for (const [change, code] of [
    [{ CalledNumber: '110' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ CalledNumber: '12345x' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ CalledNumber: '13800138000,13800138001' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ TtsCode: 'TTS_404' }, 'isv.TTS_TEMPLATE_ILLEGAL'],
    [{ TtsCode: "TTS_1' or 1=1" }, 'isv.TTS_TEMPLATE_ILLEGAL'],
    [{ TtsParam: '{}' }, 'isv.TEMPLATE_MISSING_PARAMETERS'],
    [{ TtsParam: '{"name":"a@b"}' }, 'isv.TEMPLATE_PARAMS_ILLEGAL'],
    [{ TtsParam: '{"name":"\\u0000"}' }, 'isv.TEMPLATE_PARAMS_ILLEGAL'],
    [{ TtsParam: '{"name":"https://x.cn"}' }, 'isv.PARAM_NOT_SUPPORT_URL'],
    [{ TtsParam: `{"name":"${'长'.repeat(101)}"}` }, 'isv.PARAM_LENGTH_LIMIT'],
    [{ TtsParam: 'name' }, 'isv.INVALID_JSON_PARAM'],
    [{ PlayTimes: 4 }, 'isv.INVALID_PARAMETERS'],
    [{ Volume: 101 }, 'isv.INVALID_PARAMETERS'],
    [{ Speed: -501 }, 'isv.INVALID_PARAMETERS'],
    [{ Speed: 'fast' }, 'InvalidSpeed'],
    [{ OutId: '1234567890123456' }, 'isv.PARAM_LENGTH_LIMIT'],
  ] as const) {
    await assert.rejects(client!.call(w.base, w.lasting, 'SingleCallByTts', { ...notice, ...change }), { code }, JSON.stringify(change))
  }
  const cancel = client!.call(w.base, w.lasting, 'CancelCall', { CallId: "1' or '1'='1" })
  await assert.rejects(cancel, { code: 'isv.INVALID_PARAMETERS' })
  await w.templates.put(w.dialer.accountId, { code: 'TTS_2', text: '好', state: 'pending' })
  await assert.rejects(client!.call(w.base, w.lasting, 'SingleCallByTts', { ...notice, TtsCode: 'TTS_2' }), { code: 'isv.TTS_TEMPLATE_ILLEGAL' })
  assert.deepEqual(w.dialer.invited, [])
  await w.dialer.assertLedger()
})

test('SmartCall of each client is led by the account\'s callback server, under the id that the client was given', async () => {
  await using w = await world()
  await using rig = await ServerRig.open((asked, response) => response.end(JSON.stringify({ result: 'success', data: { call_id: asked.fields.get('call_id'), action: 'hangup', action_code: '$t$', action_code_param: '{"t":"再见"}' } })))
  const smart = { CalledNumber: '13800138000', CalledShowNumber: '057100000000', VoiceCode: 'welcome.wav,$name$', VoiceCodeParam: '{"name":"喂,你好 (1)*~\'!"}', ActionCodeBreak: true, DynamicId: 'v1', SessionTimeout: 60, OutId: 'crm-1' }
  await assert.rejects(clients[0]!.call(w.base, w.lasting, 'SmartCall', smart), { code: 'isv.PRODUCT_UNSUBSCRIBE' })
  const { url } = rig.server()
  const { parameters, timeoutMs, retriesMax, waiting, fallback, closing } = callbackServerDefaults
  await w.callbackServers.put(w.dialer.accountId, { url, parameters, timeoutMs, retriesMax, waiting, fallback, closing, saysSynthetic: false, callCentres: {} })
  const said: string[] = []
  w.dialer.scripts.set('+8613800138000', async (call) => {
    call.ring()
    call.answer()
    const { robot, talkMsMax, recordingPath } = call.request
    said.push(`${robot.kind} ${talkMsMax} ${recordingPath ?? 'not recorded'}`)
    const hear = async (actions: AsyncIterable<RobotAction>) => {
      for await (const action of actions) if (action.type === 'say') said.push(action.parts.map((part) => (part.type === 'text' ? part.text : part.type)).join('+'))
    }
    const signal = new AbortController().signal
    await hear(robot.handle({ type: 'answered', atMs: 1_000, firstWords: '' }, signal))
    await hear(robot.handle({ type: 'utterance', text: '你好', beginAtMs: 2_000, endAtMs: 3_000, confidence: 1, bargeIn: false }, signal))
    return { talkMs: 5_000, conversation: 'delivered' }
  })
  for (const client of clients.filter(({ placesOnly }) => !placesOnly)) {
    said.length = 0
    const placed = await client.call(w.base, w.lasting, 'SmartCall', smart)
    assert.equal(placed['Code'], 'OK', client.name)
    const ticket = await w.dialer.service.ticket(w.dialer.accountId, String(placed['CallId']))
    assert.deepEqual([ticket?.product, ticket?.outId], ['smart', 'crm-1'])
    await w.dialer.ended(ticket!.callId)
    assert.deepEqual(said, ['callback 60000 not recorded', "以下内容由人工智能合成语音播报。+file+喂,你好 (1)*~'!", '再见'], client.name)
    const { fields, content } = rig.asked.at(-1)!
    assert.deepEqual([fields.get('call_id'), fields.get('content_type'), content['words'], content['dynamic_id']], [placed['CallId'], 'normal', '你好', 'v1'])
    const asked = await client.call(w.base, w.lasting, 'QueryCallDetailByCallId', { CallId: placed['CallId'], ProdId: '11030000180001', QueryDate: w.dialer.clock.nowMs })
    assert.equal((JSON.parse(String(asked['Data'])) as Answer)['state'], '200000')
    // Over: there is nobody to join.
    await assert.rejects(clients[1]!.call(w.base, w.lasting, 'SmartCallOperate', { CallId: placed['CallId'], Command: 'parallelBridge' }), { code: 'isv.VOICE_CALL_FAIL' })
  }
  await w.dialer.assertLedger()
})

test('IvrCall takes its menu as a repeated list from each client that can send one', async () => {
  await using w = await world()
  const ivr = { CalledNumber: '13800138000', CalledShowNumber: '057100000000', StartCode: 'TTS_1', StartTtsParams: '{"name":"张总"}', ByeCode: 'TTS_1', ByeTtsParams: '{"name":"再见"}', Timeout: 3_000, 'MenuKeyMap.1.Key': '1', 'MenuKeyMap.1.Code': 'TTS_1', 'MenuKeyMap.1.TtsParams': '{"name":"李总"}', 'MenuKeyMap.2.Key': '2' }
  for (const client of clients) {
    const placed = await client.call(w.base, w.lasting, 'IvrCall', ivr)
    assert.equal(placed['Code'], 'OK', client.name)
    const ticket = await w.dialer.service.ticket(w.dialer.accountId, String(placed['CallId']))
    assert.equal(ticket?.product, 'ivr')
  }
  await assert.rejects(clients[0]!.call(w.base, w.lasting, 'IvrCall', { ...ivr, 'MenuKeyMap.2.Key': '1' }), { code: 'isv.INVALID_PARAMETERS' })
  await assert.rejects(clients[0]!.call(w.base, w.lasting, 'IvrCall', { ...ivr, 'MenuKeyMap.2.Key': 'A' }), { code: 'isv.INVALID_PARAMETERS' })
})

test('ClickToDial connects two numbers, its record has the codes of two-party calls, and CancelCall ends it', async () => {
  await using w = await world()
  const dial = { CallerNumber: '13800138000', CallerShowNumber: '057100000000', CalledNumber: '13900139000', CalledShowNumber: '057100000001', RecordFlag: true, SessionTimeout: 120, OutId: 'crm-1' }
  const party = (call: ScriptedCall, state: 'calling' | 'ringing' | 'answered' | 'joined' | 'failed') => call.emit({ type: 'transfer', how: 'bridge', state, phone: '+8613900139000' })
  w.dialer.scripts.set('+8613800138000', async (call) => {
    call.ring()
    call.answer()
    const actions: RobotAction[] = []
    for await (const action of call.request.robot.handle({ type: 'answered', atMs: 0, firstWords: '喂' }, new AbortController().signal)) actions.push(action)
    assert.deepEqual(actions, [{ type: 'transfer', to: '+8613900139000', party: { callerId: '057100000001' } }])
    for (const state of ['calling', 'ringing', 'answered', 'joined'] as const) party(call, state)
    return Promise.resolve({ talkMs: 12_300, conversation: 'transferred' })
  })
  w.dialer.scripts.set('+8613800138001', async (call) => {
    call.answer()
    party(call, 'calling')
    party(call, 'failed')
    call.note({ slots: { party: 'busy' } })
    return Promise.resolve({ talkMs: 4_000 })
  })
  w.dialer.scripts.set('+8613800138002', async (call) => {
    call.answer()
    const cause = await call.stopped()
    return { talkMs: 1_000, reason: { outcome: 'answered', by: cause.by, stage: 'talking', detail: cause.detail, evidence: {} } }
  })
  const detailOf = async (client: Client, id: unknown): Promise<Answer> => JSON.parse(String((await client.call(w.base, w.lasting, 'QueryCallDetailByCallId', { CallId: id, ProdId: '11000000300004', QueryDate: w.dialer.clock.nowMs }))['Data'])) as Answer
  for (const client of clients.filter(({ name }) => name === 'pop-core POST' || name.endsWith('V3'))) {
    const placed = await client.call(w.base, w.lasting, 'ClickToDial', dial)
    const ticket = await w.dialer.service.ticket(w.dialer.accountId, String(placed['CallId']))
    assert.deepEqual([ticket?.product, ticket?.outId], ['click-to-dial', 'crm-1'], client.name)
    await w.dialer.ended(ticket!.callId)
    const detail = await detailOf(client, placed['CallId'])
    assert.deepEqual([detail['caller'], detail['callee'], detail['calleeShowNumber'], detail['state']], ['13800138000', '13900139000', '057100000001', '200100'], client.name)
  }
  const [client] = clients
  const busy = await client!.call(w.base, w.lasting, 'ClickToDial', { ...dial, CallerNumber: '13800138001' })
  await w.dialer.ended((await w.dialer.service.ticket(w.dialer.accountId, String(busy['CallId'])))!.callId)
  assert.equal((await detailOf(client!, busy['CallId']))['state'], '200112')

  const cancelled = await client!.call(w.base, w.lasting, 'ClickToDial', { ...dial, CallerNumber: '13800138002' })
  const { callId } = (await w.dialer.service.ticket(w.dialer.accountId, String(cancelled['CallId'])))!
  for await (const { event } of w.dialer.service.follow(w.dialer.accountId, callId, 0, AbortSignal.timeout(10_000))) if (event.type === 'answered') break
  assert.equal((await detailOf(client!, cancelled['CallId']))['state'], '200102')
  assert.equal((await client!.call(w.base, w.lasting, 'CancelCall', { CallId: cancelled['CallId'] }))['Status'], true)
  await w.dialer.ended(callId)
  assert.equal((await client!.call(w.base, w.lasting, 'CancelCall', { CallId: cancelled['CallId'] }))['Status'], false)

  for (const [change, code] of [
    [{ CalledNumber: '110' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ CallerNumber: '110' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ CalledNumber: '13800138000' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
    [{ CalledNumber: '' }, 'MissingCalledNumber'],
    [{ CallerShowNumber: '' }, 'MissingCallerShowNumber'],
    [{ CalledShowNumber: '' }, 'MissingCalledShowNumber'],
    [{ SessionTimeout: 3_601 }, 'isv.INVALID_PARAMETERS'],
    [{ AsrFlag: 'maybe' }, 'InvalidAsrFlag'],
  ] as const) await assert.rejects(client!.call(w.base, w.lasting, 'ClickToDial', { ...dial, ...change }), { code }, JSON.stringify(change))
  await w.dialer.assertLedger()
})

test('a recorded file is played to a callee, and only one that is there and the account\'s own', async () => {
  await using w = await world()
  const voice = { CalledNumber: '13800138000', VoiceCode: 'welcome.wav' }
  for (const client of clients.filter(({ placesOnly }) => !placesOnly)) {
    const placed = await client.call(w.base, w.lasting, 'SingleCallByVoice', voice)
    const ticket = await w.dialer.service.ticket(w.dialer.accountId, String(placed['CallId']))
    assert.equal(ticket?.product, 'voice', client.name)
    await w.dialer.ended(ticket!.callId)
  }
  const key = await w.keys.create((await createAccount(w.dialer.db, { name: 'other' })).id)
  await assert.rejects(clients[0]!.call(w.base, key, 'SingleCallByVoice', voice), { code: 'isv.VOICE_FILE_ILLEGAL' })
  for (const VoiceCode of ['none.wav', '../welcome.wav', 'a/b', 'x'.repeat(60)]) await assert.rejects(clients[0]!.call(w.base, w.lasting, 'SingleCallByVoice', { ...voice, VoiceCode }), { code: 'isv.VOICE_FILE_ILLEGAL' })
})

test('one account sees and ends no call of another', async () => {
  await using w = await world()
  const placed = await clients[0]!.call(w.base, w.lasting, 'SingleCallByTts', notice)
  const stranger = await createAccount(w.dialer.db, { name: 'other' })
  const key = await w.keys.create(stranger.id)
  await assert.rejects(clients[0]!.call(w.base, key, 'CancelCall', { CallId: placed['CallId'] }), { code: 'isv.INVALID_PARAMETERS' })
  const asked = await clients[0]!.call(w.base, key, 'QueryCallDetailByCallId', { CallId: placed['CallId'], ProdId: 11010000138001, QueryDate: w.dialer.clock.nowMs })
  assert.equal(asked['Data'], '')
  await assert.rejects(clients[0]!.call(w.base, key, 'SingleCallByTts', notice), { code: 'isv.TTS_TEMPLATE_ILLEGAL' })
})
