import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SENTENCE_CHARS_MAX, SentenceSplitter } from './sentences.ts'

function split(text: string, step = 1, charsMax?: number): string[] {
  const splitter = new SentenceSplitter(charsMax)
  const sentences: string[] = []
  const chars = Array.from(text)
  for (let at = 0; at < chars.length; at += step) sentences.push(...splitter.push(chars.slice(at, at + step).join('')))
  return [...sentences, ...splitter.flush()]
}

void test('hands out a sentence with the mark that completes it', () => {
  const splitter = new SentenceSplitter()
  assert.deepEqual(splitter.push('您好，请问是张先生'), [])
  assert.deepEqual(splitter.push('吗？我'), ['您好，请问是张先生吗？'])
  assert.deepEqual(splitter.push('是AI助手。'), ['我是AI助手。'])
  assert.deepEqual(splitter.flush(), [])
})

void test('gives the same sentences however the stream is chopped', () => {
  const text = '好的。通知您明天9:30在3.5楼（东侧。靠窗）开会！费用1,280.5元；他说：“收到。谢谢。”请问可以吗？\n再见'
  const expected = ['好的。', '通知您明天9:30在3.5楼（东侧。靠窗）开会！', '费用1,280.5元；', '他说：“收到。谢谢。”', '请问可以吗？', '再见']
  for (const step of [1, 2, 3, 7, 100]) assert.deepEqual(split(text, step), expected, `step ${step}`)
})

void test('does not end a sentence inside a number, an address or a list mark', () => {
  assert.deepEqual(split('价格是3.5元，见a.cn。1. 带身份证'), ['价格是3.5元，见a.cn。', '1. 带身份证'])
})

void test('ends an English sentence at the full stop before a space', () => {
  assert.deepEqual(split('Hello there. How are you? Fine.'), ['Hello there.', 'How are you?', 'Fine.'])
})

void test('drops marks that come after a complete sentence', () => {
  assert.deepEqual(split('真的吗？！？好……的。'), ['真的吗？', '好…', '的。'])
})

void test('ends what was left open at a line break', () => {
  assert.deepEqual(split('他说：“好的\n再见。'), ['他说：“好的', '再见。'])
})

void test('cuts a long sentence after a comma within the limit', () => {
  const clause = '这是一段没有句号的话'
  const sentences = split(`${Array.from({ length: 12 }, () => clause).join('，')}。`)
  assert.ok(sentences.every((sentence) => sentence.length <= SENTENCE_CHARS_MAX))
  assert.ok(sentences.slice(0, -1).every((sentence) => sentence.endsWith('，')))
  assert.equal(sentences.join(''), `${Array.from({ length: 12 }, () => clause).join('，')}。`)
})

void test('cuts where nothing invites to, but not within a number', () => {
  assert.deepEqual(split('一二三四五六七13800138000八九十', 1, 12), ['一二三四五六七', '13800138000八', '九十'])
})

void test('keeps within the limit whatever comes', () => {
  const alphabet = Array.from('好的，。“”（）3.5:,a b\n？"：')
  let seed = 3
  for (let round = 0; round < 500; round += 1) {
    let text = ''
    for (let i = 0; i < 200; i += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      text += alphabet[seed % alphabet.length]!
    }
    const letters = (of: string): string => of.replace(/[^好的3a5b]/g, '')
    const sentences = split(text, 5, 30)
    assert.ok(sentences.every((sentence) => sentence.length <= 30), JSON.stringify(text))
    assert.equal(letters(sentences.join('')), letters(text))
  }
})

void test('hands out nothing for silence', () => {
  assert.deepEqual(split(' \n。，'), [])
  assert.deepEqual(new SentenceSplitter().flush(), [])
})
