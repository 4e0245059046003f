import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cardinalValue, spokenDigits, spokenInteger, spokenNumber, writtenDigits } from './numerals.ts'

void test('says integers with their zeros and the right two', () => {
  const said: readonly (readonly [string, string])[] = [
    ['0', '零'], ['2', '二'], ['10', '十'], ['12', '十二'], ['20', '二十'], ['102', '一百零二'], ['110', '一百一十'], ['200', '两百'], ['222', '两百二十二'], ['1005', '一千零五'], ['1010', '一千零一十'], ['2200', '两千二百'],
    ['10010', '一万零一十'], ['12000', '一万两千'], ['20000', '两万'], ['102000', '十万两千'], ['120002', '十二万零二'], ['200200', '二十万零二百'], ['1002000', '一百万两千'], ['100000000', '一亿'], ['200000000', '两亿'], ['100000002', '一亿零二'],
    ['100020000', '一亿零两万'], ['1000000000000', '一万亿'], ['1000200000000', '一万零二亿'], ['0007', '七'],
  ]
  for (const [digits, spoken] of said) assert.equal(spokenInteger(digits), spoken, digits)
})

void test('understands every integer that it says', () => {
  let state = 1
  for (let round = 0; round < 20_000; round += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    const value = 10 + Math.floor(10 ** ((state / 2_147_483_648) * 15.9))
    assert.equal(cardinalValue(spokenInteger(String(value))), value)
  }
})

void test('understands a last digit that drops its unit', () => {
  for (const [spoken, value] of [['三万五', 35_000], ['三百五', 350], ['两千三', 2_300], ['一亿二', 120_000_000], ['三百零五', 305], ['一万零五', 10_005]] as const) assert.equal(cardinalValue(spoken), value, spoken)
})

void test('refuses what is not one number', () => {
  for (const spoken of ['', '三', '三五', '五三百', '三百零', '百', '万一', '两三百', '三四十', '十五六', '零', '一百二三十', '十十', '一万三万']) assert.equal(cardinalValue(spoken), undefined, spoken)
})

void test('says digits one by one, with 幺 where asked', () => {
  assert.equal(spokenDigits('2011'), '二零一一')
  assert.equal(spokenDigits('A-101', '幺'), 'A-幺零幺')
  assert.equal(writtenDigits('幺零〇二'), '1002')
})

void test('says decimals and thousands separators', () => {
  assert.equal(spokenNumber('3.140'), '三点一四零')
  assert.equal(spokenNumber('1,280.5'), '一千二百八十点五')
})
