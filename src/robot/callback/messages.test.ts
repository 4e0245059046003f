import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dtmf, earlyMedia, encodeMessage, mute, normal, parallelTransfer, timeBreak, type Surroundings } from './messages.ts'

const quiet: Surroundings = { answeredAtMs: 1_659_885_709_280, played: undefined, recorded: false, dynamicId: undefined }
const playing: Surroundings = { ...quiet, played: { code: 'a.wav,$name$', beginAtMs: 1_659_885_709_377, endAtMs: undefined }, dynamicId: 'v1' }

test('a sentence has the members of production, in its order, and all of them are texts', () => {
  const around: Surroundings = { ...quiet, answeredAtMs: 1_659_885_709_366.4, played: { code: 'a.wav', beginAtMs: 1_659_885_709_377, endAtMs: 1_659_885_712_000 }, recorded: true }
  const { contentType, content } = normal({ words: '你好', beginAtMs: 1_659_885_727_730.2, endAtMs: 1_659_885_730_510 }, around)
  assert.equal(contentType, 'normal')
  assert.equal(
    JSON.stringify(content),
    '{"role":"B","words":"你好","end_offset":"21144","begin_time":"1659885709","begin_offset":"18364","asr_begin_time":"1659885727730","record_begin_time":"1659885709366","asr_end_time":"1659885730510","identity":"id2","is_playing":"false","play_begin_time":"1659885709377","play_end_time":"1659885712000"}',
  )
})

test('while something plays, a sentence tells what, and has no end of it', () => {
  const { content } = normal({ words: '等等', beginAtMs: 1_659_885_710_000, endAtMs: 1_659_885_711_000 }, playing)
  assert.deepEqual([content['is_playing'], content['current_media_code'], content['play_end_time'], content['dynamic_id'], 'record_begin_time' in content], ['true', 'a.wav,$name$', '0', 'v1', false])
})

test('what was never set is not there', () => {
  assert.deepEqual(mute(quiet).content, {})
  assert.deepEqual(mute(playing).content, { dynamic_id: 'v1' })
})

test('words of the network are a sentence whose media is early_media', () => {
  const { contentType, content } = earlyMedia({ words: '您拨打的电话正在通话中', beginAtMs: 5_000, endAtMs: 7_500 }, 4_000, 'v1')
  assert.deepEqual([contentType, content['current_media_code'], content['begin_offset'], content['end_offset'], content['is_playing'], content['dynamic_id']], ['normal', 'early_media', '1000', '3500', 'false', 'v1'])
})

test('the other messages', () => {
  assert.deepEqual(timeBreak(1_659_885_711_000, playing.played, playing), { contentType: 'timebreak', content: { current_media_code: 'a.wav,$name$', asr_begin_time: '1659885711000', play_begin_time: '1659885709377', dynamic_id: 'v1' } })
  assert.deepEqual(dtmf('42', quiet), { contentType: 'dtmf', content: { dtmf_digits: '42' } })
  assert.deepEqual(dtmf('', playing).content, { dynamic_id: 'v1', dtmf_digits: 'noInputTimeout' })
  assert.deepEqual(parallelTransfer({ failCause: undefined, monitor: false, ccName: 'aliyun_cc' }, quiet).content, { transfer_status: 'success', is_monitor: 'false', cc_name: 'aliyun_cc' })
  assert.deepEqual(parallelTransfer({ failCause: 'transfer fail. busy', monitor: true, ccName: undefined }, quiet).content, { transfer_status: 'fail', fail_cause: 'transfer fail. busy', is_monitor: 'true' })
})

test('the four parameters are percent-encoded and come back whole from a form or a query', () => {
  const message = normal({ words: '1+1=2 & 100%^"\ud800', beginAtMs: 1, endAtMs: 2 }, quiet)
  const encoded = encodeMessage(message, '130301340124^117079730123', 1_659_885_732_000)
  assert.match(encoded, /^content_type=normal&content=%7B%22role%22.*%7D&call_id=130301340124%5E117079730123&timestamp=1659885732000$/)
  const back = new URLSearchParams(encoded)
  assert.equal(back.get('call_id'), '130301340124^117079730123')
  assert.equal((JSON.parse(back.get('content')!) as { words: string }).words, '1+1=2 & 100%^"\ufffd')
})
