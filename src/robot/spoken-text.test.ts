import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soundsLikeSpeech, spokenText } from './spoken-text.ts'

void test('takes off what is written for a screen', () => {
  for (const [written, spoken] of [
    ['**明天**上午9点', '明天上午9点'], ['- 带报表。', '带报表。'], ['1. 明天开会。', '明天开会。'], ['## 通知', '通知'], ['“好的。”', '好的。'], ['助手：好的。', '好的。'], ['AI助手: 好的。', '好的。'], ['好的😊。', '好的。'], ['3.5元', '3.5元'], ['9点到10点', '9点到10点'], ['  好\n的 ', '好 的'],
  ] as const) assert.equal(spokenText(written), spoken, written)
})

void test('knows speech from noise', () => {
  for (const text of ['好的。', '您的AI助手。', '请连WiFi。', '哈哈哈，好的。', '1280元。', '您好']) assert.ok(soundsLikeSpeech(text, 'zh', []), text)
  for (const text of ['锟斤拷。', '好\uFFFD的', '啊啊啊啊啊啊', 'asdf qwer zxcv.', 'Sure, here you go好.', 'こんにちは', '。。。', '\u0007好', 'お元気ですか', 'Привет']) assert.ok(!soundsLikeSpeech(text, 'zh', []), text)
})

void test('speaks English to an English requirement, or to somebody who does', () => {
  assert.ok(soundsLikeSpeech('Sure, at nine.', 'en', []))
  assert.ok(soundsLikeSpeech('Sure, at nine.', 'zh', ['what time is it']))
  assert.ok(!soundsLikeSpeech('Sure, at nine.', 'zh', ['几点']))
  assert.ok(!soundsLikeSpeech('qwrtp zxcv.', 'en', []))
})
