import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReply, type Reply } from './reply.ts'

const callId = '130301340124^117079730123'
const read = (data: unknown, envelope: object = { result: 'success', msg: '成功', code: 200 }) => readReply(Buffer.from(JSON.stringify({ ...envelope, data })), callId)
const reply = (data: object): Reply => {
  const answer = read({ call_id: callId, ...data })
  assert.ok(answer.ok, answer.ok ? '' : answer.why)
  return answer.reply
}
const why = (body: string | Uint8Array): string => {
  const answer = readReply(typeof body === 'string' ? Buffer.from(body) : body, callId)
  assert.ok(!answer.ok)
  return answer.why
}

test('the published sample', () => {
  const { action, media, actionBreak, codeBreak, timeBreakMs, muteMs, dynamicId, oddities } = reply({ action: 'play', action_code: '$tts$', action_code_param: '{"tts":"好的"}', dynamic_id: 'v1_2' })
  assert.deepEqual({ action, actionBreak, codeBreak, timeBreakMs, muteMs, dynamicId, oddities }, { action: 'play', actionBreak: true, codeBreak: true, timeBreakMs: 0, muteMs: undefined, dynamicId: 'v1_2', oddities: [] })
  assert.equal(media?.code, '$tts$')
  assert.deepEqual({ ...media?.texts }, { tts: '好的' })
})

test('without code and msg, without call_id, and with extend it is read the same', () => {
  for (const envelope of [{}, { result: 'success' }, { code: '200' }]) assert.ok(read({ action: 'continue', extend: 'x' }, envelope).ok)
})

test('action_code_param is a text that holds JSON, or the object itself; numbers in it are texts', () => {
  for (const param of ['{"a":"甲","n":9}', { a: '甲', n: 9 }]) assert.deepEqual({ ...reply({ action: 'play', action_code: '$a$,$n$', action_code_param: param }).media?.texts }, { a: '甲', n: '9' })
  for (const param of ['{a:1}', '[]', 7, '"x"']) assert.deepEqual(reply({ action: 'play', action_code: '$a$', action_code_param: param }).oddities, ['action_code_param is no JSON object'])
})

test('names of objects are names like any other', () => {
  const { media } = reply({ action: 'play', action_code: '$__proto__$', action_code_param: '{"__proto__":"甲"}' })
  assert.deepEqual(Object.entries(media!.texts), [['__proto__', '甲']])
})

test('booleans and numbers come as themselves or as texts', () => {
  for (const [no, ms] of [[false, 300], ['false', '300'], ['FALSE', ' 300 '], [0, 300.4]] as const) {
    const { actionBreak, codeBreak, timeBreakMs } = reply({ action: 'play', action_code: 'a', action_break: no, action_code_break: no, action_code_time_break: ms })
    assert.deepEqual([actionBreak, codeBreak, timeBreakMs], [false, false, 300])
  }
  for (const nothing of ['', null]) assert.equal(reply({ action: 'play', action_break: nothing }).actionBreak, true)
  assert.deepEqual(reply({ action: 'play', action_break: 'ja', mute_time: 'viel' }).oddities, ['mute_time is no number', 'action_break is no boolean'])
})

test('a mute time out of range is the default, without a complaint', () => {
  for (const [given, read] of [[1_000, 1_000], [20_000, 20_000], [999, 10_000], [20_001, 10_000], [-5, 10_000], ['3000', 3_000]] as const) {
    const { muteMs, oddities } = reply({ action: 'continue', mute_time: given })
    assert.deepEqual([muteMs, oddities], [read, []])
  }
})

test('collecting keys has its defaults and its ranges', () => {
  assert.deepEqual(reply({ action: 'dtmf' }).digits, { timeOutMs: 3_000, digitsMax: 50, endKey: undefined })
  assert.deepEqual(reply({ action: 'dtmf', dtmf_nonin_overtime: '10', dtmf_max_numbers: 4, dtmf_end_character: '#' }).digits, { timeOutMs: 10_000, digitsMax: 4, endKey: '#' })
  const odd = reply({ action: 'dtmf', dtmf_nonin_overtime: 600, dtmf_max_numbers: 0, dtmf_end_character: '5' })
  assert.deepEqual(odd.digits, { timeOutMs: 60_000, digitsMax: 1, endKey: undefined })
  assert.equal(odd.oddities.length, 3)
})

test('an unknown action goes on with what plays, and is told', () => {
  const { action, oddities } = reply({ action: 'broadcast', action_code: 'a' })
  assert.deepEqual([action, oddities], ['continue', ['unknown action broadcast']])
  assert.equal(reply({ action: ' HangUp ' }).action, 'hangup')
})

test('what has no clear meaning is refused, and says why', () => {
  assert.match(why(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), /not UTF-8/)
  for (const body of ['', 'OK', '<html></html>', '[]', 'null', '{"result":']) assert.match(why(body), /not a JSON object/)
  assert.equal(why('{"result":"FAIL","msg":"no flow","data":{}}'), 'the server answered result=fail: no flow')
  assert.equal(why('{"result":"success"}'), 'the answer has no data')
  assert.equal(why('{"data":{"action":""}}'), 'the answer has no action')
  assert.match(why('{"data":{"call_id":"1^2","action":"hangup"}}'), /for another call: 1\^2/)
})
