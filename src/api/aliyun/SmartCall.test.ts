// Checks how SmartCall and SmartCallOperate read their parameters, and what they ask of the dialer. No call is made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallService } from '../../dialer/call-service.ts'
import type { Conversation, SingleCall, SingleCalls } from '../../dialer/single-calls.ts'
import { InvalidInputError, RefusedError } from '../../errors.ts'
import { toAliyunError } from './errors.ts'
import { operations } from './index.ts'
import { readParameters } from './parameters.ts'

const needed = { CalledNumber: '13800138000', CalledShowNumber: '057100000000', VoiceCode: 'hello.wav,$name$' }

async function smartCall(params: Record<string, string>): Promise<{ call: SingleCall; conversation: Conversation }> {
  const asked: { call: SingleCall; conversation: Conversation }[] = []
  const singleCalls = { converse: (call: SingleCall, conversation: Conversation) => Promise.resolve(void asked.push({ call, conversation })).then(() => '1^2') } as unknown as SingleCalls
  const operation = operations['SmartCall']!
  assert.deepEqual(await operation.handle(readParameters(operation.parameters, new Map(Object.entries({ ...needed, ...params }))), { accountId: 'acc_1', requestId: 'r', origin: '', calls: {} as CallService, singleCalls }), { CallId: '1^2' })
  return asked[0]!
}
const codeOf = (params: Record<string, string>): Promise<string> => smartCall(params).then(() => 'OK', (error: unknown) => toAliyunError(error).code)

test('with what is needed alone, everything has its published default', async () => {
  assert.deepEqual(await smartCall({}), {
    call: { accountId: 'acc_1', called: '13800138000', shown: '057100000000', outId: undefined },
    conversation: {
      opening: { code: 'hello.wav,$name$', texts: {}, breakable: true, timeBreakMs: 0 },
      pauseMs: 800, muteMs: 10_000, talkMsMax: 3_600_000, dynamicId: undefined, earlyMedia: false, recorded: false, itn: false, voice: {}, background: undefined, partials: false,
    },
  })
})

test('every parameter that is honoured arrives', async () => {
  const { call, conversation } = await smartCall({
    VoiceCodeParam: '{"name":"喂,你好"}', RecordFlag: 'true', Volume: '1', PauseTime: '300', MuteTime: '20000', ActionCodeBreak: 'false', ActionCodeTimeBreak: '120', OutId: 'crm-1', DynamicId: 'abcdefgh',
    SessionTimeout: '120', TtsConf: 'true', TtsStyle: 'xiaoyun', TtsVolume: '10', TtsSpeed: '100', EnableITN: 'true', BackgroundFileCode: 'office.wav', EarlyMediaAsr: 'true', StreamAsr: '1',
  })
  assert.equal(call.outId, 'crm-1')
  assert.deepEqual({ ...conversation, opening: { ...conversation.opening, texts: { ...conversation.opening.texts } } }, {
    opening: { code: 'hello.wav,$name$', texts: { name: '喂,你好' }, breakable: false, timeBreakMs: 120 },
    pauseMs: 300, muteMs: 20_000, talkMsMax: 120_000, dynamicId: 'abcdefgh', earlyMedia: true, recorded: true, itn: true, partials: true,
    voice: { name: 'xiaoyun', volume: 10, speed: 100, level: 1.3 }, background: 'office.wav',
  })
})

test('PauseTime and MuteTime out of range are their defaults, without an error', async () => {
  for (const PauseTime of ['299', '1201', '-1', '0']) assert.equal((await smartCall({ PauseTime })).conversation.pauseMs, 800, PauseTime)
  for (const MuteTime of ['999', '20001', '-5']) assert.equal((await smartCall({ MuteTime })).conversation.muteMs, 10_000, MuteTime)
})

test('the parameters of the voice are looked at only with TtsConf', async () => {
  assert.deepEqual((await smartCall({ TtsStyle: 'xiaoyun', TtsVolume: '10', TtsSpeed: '100' })).conversation.voice, {})
  assert.deepEqual((await smartCall({ TtsConf: 'true', TtsVolume: '0' })).conversation.voice, {})
  for (const TtsConf of ['false', '']) assert.deepEqual((await smartCall({ TtsConf, TtsStyle: 'x'.repeat(100), TtsVolume: '101', TtsSpeed: 'fast' })).conversation.voice, {})
})

test('what is published as not supported is not looked at, whatever is in it', async () => {
  for (const name of ['Speed', 'BackgroundVolume', 'BackgroundSpeed', 'NoiseThreshold', 'OwnerId', 'ResourceOwnerAccount']) assert.equal(await codeOf({ [name]: 'loud' }), 'OK', name)
})

test('what is out of range or missing has its own code', async () => {
  const table: [Record<string, string>, string][] = [
    [{ CalledNumber: '' }, 'MissingCalledNumber'],
    [{ CalledShowNumber: '' }, 'MissingCalledShowNumber'],
    ...['my number', '12', '0571--000', '05710000000,05710000001', '+'].map((CalledShowNumber): [Record<string, string>, string] => [{ CalledShowNumber }, 'isv.DISPLAY_NUMBER_ILLEGAL']),
    [{ CalledShowNumber: '0571-8888 0000' }, 'OK'],
    [{ CalledShowNumber: '95187' }, 'OK'],
    [{ VoiceCode: '' }, 'MissingVoiceCode'],
    [{ Volume: '5' }, 'isv.INVALID_PARAMETERS'],
    [{ Volume: 'loud' }, 'InvalidVolume'],
    [{ SessionTimeout: '3601' }, 'isv.INVALID_PARAMETERS'],
    [{ TtsConf: 'True', TtsSpeed: '201' }, 'isv.INVALID_PARAMETERS'],
    [{ ActionCodeTimeBreak: '-1' }, 'isv.INVALID_PARAMETERS'],
    [{ ActionCodeBreak: 'maybe' }, 'InvalidActionCodeBreak'],
    [{ OutId: '1234567890123456' }, 'isv.PARAM_LENGTH_LIMIT'],
    [{ VoiceCodeParam: '{name}' }, 'isv.INVALID_JSON_PARAM'],
  ]
  for (const [params, code] of table) assert.equal(await codeOf(params), code, JSON.stringify(params))
})

test('an account without a callback server has not opened the product', () => {
  assert.equal(toAliyunError(new InvalidInputError('callback-server', 'x')).code, 'isv.PRODUCT_UNSUBSCRIBE')
})

async function operate(params: Record<string, string>, product = 'smart', control: () => Promise<unknown> = () => Promise.resolve({ state: 'joining' })): Promise<unknown> {
  const asked: unknown[] = []
  const calls = {
    ticket: (accountId: string, wireId: string) => Promise.resolve(accountId === 'acc_1' && wireId === '116012854210^102814270000' ? { callId: 'call_1', product } : undefined),
    control: (...args: unknown[]) => { asked.push(args); return control() },
  } as unknown as CallService
  const operation = operations['SmartCallOperate']!
  try {
    const answer = await operation.handle(readParameters(operation.parameters, new Map(Object.entries({ CallId: '116012854210^102814270000', Command: 'parallelBridge', ...params }))), { accountId: 'acc_1', requestId: 'r', origin: '', calls, singleCalls: {} as SingleCalls })
    assert.deepEqual(asked, [['acc_1', 'call_1', { type: 'bridge' }]])
    return answer
  } catch (error) {
    return toAliyunError(error).code
  }
}

test('parallelBridge joins the callee with the colleague of their own SmartCall, and of nothing else', async () => {
  assert.deepEqual(await operate({}), { Status: true })
  assert.equal(await operate({ Command: 'hangup' }), 'isv.INVALID_PARAMETERS')
  assert.equal(await operate({ CallId: '116012854210^102814270001' }), 'isv.INVALID_PARAMETERS')
  assert.equal(await operate({}, 'tts'), 'isv.INVALID_PARAMETERS')
  assert.equal(await operate({}, 'smart', () => Promise.reject(new RefusedError('not-possible', 'x'))), 'isv.VOICE_CALL_FAIL')
  assert.equal(await operate({}, 'smart', () => Promise.reject(new RefusedError('not-live', 'x'))), 'isv.VOICE_CALL_FAIL')
})
