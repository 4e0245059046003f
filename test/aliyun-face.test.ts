// The whole program behind the Alibaba Cloud face: a vendor's client places calls, simulated callees hear them over real SIP and RTP, and press keys.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AccessKeys } from '../src/account/access-keys.ts'
import { CallbackServers } from '../src/account/callback-servers.ts'
import { TtsTemplates } from '../src/account/tts-templates.ts'
import type { CallEvent } from '../src/events.ts'
import { SAMPLE_RATE_HZ } from '../src/media/frame.ts'
import { readWav, writeWav } from '../src/media/wav.ts'
import { openSecretBox } from '../src/secret-box.ts'
import { Platform } from './world/platform.ts'

const PopCore = createRequire(import.meta.url)('@alicloud/pop-core') as new (config: object) => { request: (action: string, params: object, options: object) => Promise<Record<string, string>> }

let platform: Platform
let client: InstanceType<typeof PopCore>

before(async () => {
  // The callback server of the test is on this machine.
  platform = await Platform.start({ WEBHOOK_PRIVATE: 'on' })
  const { app, dataDir } = platform
  const { accountId } = app.demo!
  const { id, secret } = await new AccessKeys(app.db, await openSecretBox({ secretKey: undefined, dataDir })).create(accountId)
  const templates = new TtsTemplates(app.db)
  await templates.put(accountId, { code: 'TTS_1', text: '${name}您好，您的快递到了，取件码${code}。' })
  await templates.put(accountId, { code: 'TTS_2', text: '本次为人工智能合成语音。听懂了请按一，没听懂请按二。' })
  await templates.put(accountId, { code: 'TTS_3', text: '感谢接听，再见。' })
  client = new PopCore({ accessKeyId: id, accessKeySecret: secret, endpoint: app.baseUrl, apiVersion: '2017-05-25' })
})
after(() => platform[Symbol.asyncDispose]())

/** As clients do it: a server that is too busy for a moment is asked again. */
async function ask(action: string, params: object): Promise<Record<string, string>> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.request(action, params, { method: 'POST', timeout: 10_000 })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ServiceUnavailable' || tries === 20) throw error
      await sleep(500)
    }
  }
}

/** Places a call and reads its log to the end. On a machine so busy that no voice comes in time it is placed again, twice at most. */
async function placed(action: string, params: object, tries = 3): Promise<{ wireId: string; events: CallEvent[] }> {
  const { app } = platform
  const { CallId: wireId } = await ask(action, params)
  const ticket = await app.calls.ticket(app.demo!.accountId, wireId!)
  const events: CallEvent[] = []
  for await (const row of app.calls.follow(app.demo!.accountId, ticket!.callId, 0, AbortSignal.timeout(60_000))) events.push(row.event)
  if (tries > 1 && events.some(({ type }) => type === 'provider-failed')) return await placed(action, params, tries - 1)
  return { wireId: wireId!, events }
}
/** What the callback server of the account is told, and how it answers. */
type Turn = { type: string; callId: string; content: Record<string, string> }
async function leading(answer: (turn: Turn) => object): Promise<AsyncDisposable & { turns: Turn[] }> {
  const { app } = platform
  const turns: Turn[] = []
  const server = createServer(async (request, response) => {
    const fields = new URLSearchParams(await text(request))
    const turn = { type: fields.get('content_type')!, callId: fields.get('call_id')!, content: JSON.parse(fields.get('content')!) as Record<string, string> }
    turns.push(turn)
    response.end(JSON.stringify({ result: 'success', data: { call_id: turn.callId, ...answer(turn) } }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const settings = { url, parameters: 'form', timeoutMs: 2_000, retriesMax: 0, waiting: '请稍等。', fallback: '请再说一遍。', closing: '再见。', callCentres: { desk: '13900139017' }, saysSynthetic: false } as const
  await new CallbackServers(app.db, { privateAllowed: true, phoneOf: (number) => `+86${number}` }).put(app.demo!.accountId, settings)
  return { turns, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** Reads the log of a call, and does something at some of its events, each once. */
async function watched(wireId: string, at: (event: CallEvent) => Promise<unknown> | undefined): Promise<CallEvent[]> {
  const { app } = platform
  const ticket = await app.calls.ticket(app.demo!.accountId, wireId)
  const events: CallEvent[] = []
  for await (const { event } of app.calls.follow(app.demo!.accountId, ticket!.callId, 0, AbortSignal.timeout(60_000))) {
    events.push(event)
    await at(event)
  }
  return events
}
const statesOf = (events: readonly CallEvent[]): string[] => events.flatMap((event) => (event.type === 'transfer' ? [event.state] : []))
const detailOf = async (wireId: string, prodId: string): Promise<Record<string, unknown>> =>
  JSON.parse((await ask('QueryCallDetailByCallId', { CallId: wireId, ProdId: prodId, QueryDate: String(Date.now()) }))['Data']!) as Record<string, unknown>
const heard = (events: readonly CallEvent[]): string => events.flatMap((event) => (event.type === 'robot-said' ? [event.text] : [])).join('|')

test('a busy callee is told by its code, and costs nothing', async () => {
  const { wireId } = await placed('SingleCallByTts', { CalledNumber: '13800138001', TtsCode: 'TTS_3' })
  const asked = await ask('QueryCallDetailByCallId', { CallId: wireId, ProdId: '11010000138001', QueryDate: String(Date.now()) })
  const detail = JSON.parse(asked['Data']!) as Record<string, unknown>
  assert.deepEqual([detail['state'], detail['duration'], detail['startDate']], ['200002', 0, ''])
})

test('a key that is pressed chooses what is said next', async () => {
  const { events } = await placed('IvrCall', { CalledNumber: '13800138018', CalledShowNumber: '05710000000', StartCode: 'TTS_2', 'MenuKeyMap.1.Key': '1', 'MenuKeyMap.1.Code': 'TTS_1', 'MenuKeyMap.1.TtsParams': '{"name":"李总","code":"88"}', ByeCode: 'TTS_3', PlayTimes: 1, Timeout: 8_000 })
  assert.ok(events.some((event) => event.type === 'keys-pressed' && event.digits === '1'), JSON.stringify(events.map(({ type }) => type)))
  assert.match(heard(events), /李总您好，您的快递到了，取件码88。\|感谢接听，再见。$/)
})

test('a callback server leads a conversation, turn by turn', async () => {
  const say = (text: string, action = 'play') => ({ action, action_code: '$text$', action_code_param: JSON.stringify({ text }) })
  const answer = (type: string, words = ''): object => {
    if (type !== 'normal') return say('没有听到您说话，再见。', 'hangup')
    if (/喂/.test(words)) return { action: 'continue' }
    return /我是|是我/.test(words) ? say('明天上午九点在三楼会议室开会，您能来吗？') : say('好的，再见。', 'hangup')
  }
  await using server = await leading(({ type, content }) => answer(type, content['words']))
  const { turns } = server
  const { wireId, events } = await placed('SmartCall', { CalledNumber: '13800138000', CalledShowNumber: '05710000000', VoiceCode: '$hello$', VoiceCodeParam: '{"hello":"请问是张总吗？"}' })
  assert.ok(turns.every(({ callId }) => callId === wireId), 'one number for the call, in answers and callbacks')
  const words = turns.filter(({ type }) => type === 'normal').map(({ content }) => content['words']!)
  assert.ok(words.some((said) => /我是|是我/.test(said)), JSON.stringify(turns))
  assert.ok(turns.every(({ content }) => Object.values(content).every((value) => typeof value === 'string')), 'every field is text, as published')
  assert.match(heard(events), /请问是张总吗？\|.*明天上午九点在三楼会议室开会，您能来吗？\|好的，再见。$/)
  const ended = events.find((event) => event.type === 'ended')!
  assert.deepEqual([ended.reason.outcome, ended.reason.by], ['answered', 'robot'])
})

test('a colleague is called aside by the callback server, and joined by SmartCallOperate', async () => {
  await using server = await leading(({ type }) => (type === 'mute' ? { action: 'parallel_transfer', cc_name: 'desk' } : { action: 'donothing' }))
  const { CallId } = await ask('SmartCall', { CalledNumber: '13800138014', CalledShowNumber: '05710000000', VoiceCode: '$hello$', VoiceCodeParam: '{"hello":"您好。"}', MuteTime: 1_000 })
  const events = await watched(CallId!, (event) => {
    if (event.type !== 'transfer') return undefined
    if (event.state === 'answered') return ask('SmartCallOperate', { CallId, Command: 'parallelBridge' }).then(({ Status }) => assert.equal(Status, true))
    return event.state === 'joined' ? ask('CancelCall', { CallId }) : undefined
  })
  assert.deepEqual(statesOf(events).slice(0, 4), ['calling', 'ringing', 'answered', 'joined'])
  const told = server.turns.filter(({ type }) => type === 'parallel_transfer')
  assert.deepEqual(told.map(({ content }) => [content['transfer_status'], content['cc_name'], content['is_monitor']]), [['success', 'desk', 'false']])
  assert.equal(events.find((event) => event.type === 'ended')!.conversation, 'transferred')
})

test('two people are connected, hear each other, and are both hung up', async () => {
  const { CallId } = await ask('ClickToDial', { CallerNumber: '13800138014', CallerShowNumber: '05710000000', CalledNumber: '13900139017', CalledShowNumber: '05710000001', AsrFlag: true, RecordFlag: true })
  let isOver = false
  const events = await watched(CallId!, (event) => {
    if (event.type !== 'colleague-said' || isOver) return undefined
    isOver = true
    return ask('CancelCall', { CallId })
  })
  assert.deepEqual(statesOf(events).slice(0, 4), ['calling', 'ringing', 'answered', 'joined'])
  // Whoever picks up at once does not wait for the end of the sentence.
  assert.match(heard(events), /^正在为您呼叫/)
  const detail = await detailOf(CallId!, '11000000300004')
  assert.deepEqual([detail['caller'], detail['callee'], detail['state'], detail['stateDesc']], ['13800138014', '13900139017', '200100', '通话结束'])
  assert.ok(Number(detail['duration']) >= 1 && detail['bRingTime'] !== '', JSON.stringify(detail))
  // What the caller heard after the two were joined, from the recording of what was sent: a voice.
  const { app } = platform
  const rows = await app.calls.events(app.demo!.accountId, (await app.calls.ticket(app.demo!.accountId, CallId!))!.callId)
  const atMs = (is: (event: CallEvent) => boolean): number => rows.find(({ event }) => is(event))!.at.getTime()
  const joinedMs = atMs((event) => event.type === 'transfer' && event.state === 'joined') - atMs(({ type }) => type === 'answered')
  const sent = readWav(await readFile(events.find((event) => event.type === 'ended')!.recording!)).channels[1]!
  const voice = sent.subarray(Math.round((joinedMs / 1_000) * SAMPLE_RATE_HZ)).filter((sample) => Math.abs(sample) > 1_000)
  assert.ok(voice.length > SAMPLE_RATE_HZ / 10, `${voice.length} loud samples`)
})

test('a recorded file is heard by the callee as it is', async () => {
  const { app, dataDir } = platform
  const toneHz = 1_000
  const pcm = Int16Array.from({ length: 2 * SAMPLE_RATE_HZ }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * toneHz * i) / SAMPLE_RATE_HZ)))
  await mkdir(path.join(dataDir, 'sounds'), { recursive: true })
  await writeFile(path.join(dataDir, 'sounds', `${app.demo!.accountId}-tone.wav`), writeWav({ encoding: 'pcm16', sampleRateHz: SAMPLE_RATE_HZ }, [pcm]))
  const { events } = await placed('SingleCallByVoice', { CalledNumber: '13800138014', VoiceCode: 'tone.wav', PlayTimes: 1 })
  const ended = events.find((event) => event.type === 'ended')!
  assert.equal(ended.conversation, 'delivered')
  // What was sent, from the recording: a second of it in the middle is that tone and nothing else.
  const sent = readWav(await readFile(ended.recording!)).channels[1]!
  const loud = sent.findIndex((sample) => Math.abs(sample) > 4_000)
  const second = sent.subarray(loud + SAMPLE_RATE_HZ / 2, loud + (3 * SAMPLE_RATE_HZ) / 2)
  const crossings = second.reduce((count, sample, i) => count + (i > 0 && Math.sign(sample) !== Math.sign(second[i - 1]!) && sample >= 0 ? 1 : 0), 0)
  assert.ok(Math.abs(crossings - toneHz) <= 10, `${crossings} Hz`)
})

test('a call is cancelled while it rings', async () => {
  const { app } = platform
  const { CallId } = await ask('SingleCallByTts', { CalledNumber: '13800138002', TtsCode: 'TTS_3' })
  const ticket = await app.calls.ticket(app.demo!.accountId, CallId!)
  for await (const row of app.calls.follow(app.demo!.accountId, ticket!.callId, 0, AbortSignal.timeout(30_000))) {
    if (row.event.type === 'ringing') assert.equal((await ask('CancelCall', { CallId }))['Status'], true)
  }
  const { reason } = await app.calls.lookUp(app.demo!.accountId, ticket!.callId)
  assert.equal(reason?.outcome, 'cancelled')
})

test('a text is heard to its end, with its notice and its variables, and the record says so', async () => {
  const { wireId, events } = await placed('SingleCallByTts', { CalledNumber: '13800138014', CalledShowNumber: '05710000000', TtsCode: 'TTS_1', TtsParam: '{"name":"张总","code":"3721"}', PlayTimes: 2 })
  const text = heard(events)
  assert.match(text, /^以下内容由人工智能合成语音播报。张总您好，您的快递到了，取件码3721。\|张总您好，您的快递到了，取件码3721。$/, JSON.stringify(events))
  const asked = await ask('QueryCallDetailByCallId', { CallId: wireId, ProdId: '11010000138001', QueryDate: String(Date.now()) })
  const detail = JSON.parse(asked['Data']!) as Record<string, string>
  assert.deepEqual([detail['state'], detail['stateDesc'], detail['callee']], ['200000', '用户听完', '13800138014'])
  assert.ok(Number(detail['duration']) >= 8, JSON.stringify(detail))
})

test('a robot calls a batch: what each callee heard and said is in the record of the task', async () => {
  const DialogId = (JSON.parse((await ask('QueryRobotv2AllList', {}))['Data']!) as { id: number; robotName: string }[]).find(({ robotName }) => robotName === '通知')!.id
  const { TaskId } = await ask('BatchRobotSmartCall', {
    CalledNumber: '13800138000,13800138001', CalledShowNumber: '05710000000', DialogId, TaskName: '停水', IsSelfLine: true,
    TtsParamHead: '["org","name","content"]', TtsParam: JSON.stringify([{ number: 'all', params: ['阳光物业', '张伟', '明天停水'] }]),
  })
  const QueryDate = Date.now()
  for (const signal = AbortSignal.timeout(90_000); ; await sleep(250)) {
    const { status } = JSON.parse((await ask('QueryRobotTaskDetail', { Id: TaskId }))['Data']!) as { status: string }
    if (status === 'FINISH') break
    assert.ok(!signal.aborted, `the task is ${status}`)
  }
  const detailOf = async (Callee: string) => JSON.parse((await ask('QueryCallDetailByTaskId', { TaskId, Callee, QueryDate }))['Data']!) as { state: string; sureCount: number; recordFile: string; dialogDetail: { role: string; content: string }[] }
  assert.equal((await detailOf('13800138001')).state, '200002')
  const { state, sureCount, recordFile, dialogDetail } = await detailOf('13800138000')
  const words = (role: string): string => dialogDetail.filter((turn) => turn.role === role).map(({ content }) => content).join('|')
  assert.deepEqual([state, sureCount >= 1], ['200000', true], JSON.stringify(dialogDetail))
  assert.match(words('robot'), /^您好，我是阳光物业的AI语音助手.*请问是张伟吗？\|.*明天停水/)
  assert.match(words('custom'), /好|是/)
  assert.equal((await fetch(recordFile)).headers.get('content-type'), 'audio/wav')
})
