import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pinyin } from 'pinyin-pro'
import { homophoneOf, parsePinyin } from './homophones.ts'

void test('finds a character with no other reading for nearly every syllable and tone', () => {
  for (const [syllable, char] of [['chong2', homophoneOf('chong2')], ['qing4', homophoneOf('qing4')], ['yue4', homophoneOf('yue4')], ['lv4', homophoneOf('lv4')], ['shan4', homophoneOf('shan4')], ['qiu2', homophoneOf('qiu2')]] as const) {
    assert.ok(char !== undefined, syllable)
    assert.deepEqual(pinyin(char, { toneType: 'num', v: true, multiple: true, type: 'array' }), [syllable])
  }
  assert.equal(homophoneOf('ma5'), undefined)
  assert.equal(homophoneOf('xyz1'), undefined)
})

void test('reads pinyin with tone digits or marks, with v or ü', () => {
  for (const [text, syllables] of [
    ['chong2 qing4', ['chong2', 'qing4']], ['chóng qìng', ['chong2', 'qing4']], ['Chong2  Qing4', ['chong2', 'qing4']], ["xi1'an1", ['xi1', 'an1']], ['lü4', ['lv4']], ['lǜ', ['lv4']], ['lv4', ['lv4']], ['ma', ['ma5']], ['ma0', ['ma5']], ['nüè', ['nve4']], ['yue4', ['yue4']],
  ] as const) assert.deepEqual(parsePinyin(text), syllables, text)
})

void test('refuses what is no syllable of Mandarin', () => {
  for (const text of ['', 'hello', 'chong6', 'zh1', '重庆', 'chóng2', 'qing4x', '1', 'chong2, qing4', 'a'.repeat(10_000)]) assert.equal(parsePinyin(text), undefined, text.slice(0, 20))
})
