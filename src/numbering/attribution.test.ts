import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { noAttribution, readAttribution } from './attribution.ts'

test('knows the city of a mobile by segment, range and shorter prefix; later lines win', () => {
  const city = readAttribution('\ufeff# made for this test\r\n138,010,all of 138\n1380013 021\n1390000-1390099;0571;Hangzhou\n\n13901,020\n')
  assert.equal(city('+8613899998888'), '010')
  assert.equal(city('+8613800138000'), '021')
  assert.equal(city('13900508888'), '0571')
  assert.equal(city('+8613901018888'), '020')
  assert.equal(city('+8613902018888'), undefined)
})

test('knows fixed lines without any table, and nothing else', () => {
  assert.equal(noAttribution('+8657188888888'), '0571')
  assert.equal(noAttribution('+8613800138000'), undefined)
  assert.equal(noAttribution('95588'), undefined)
  assert.equal(readAttribution('')('+861058881234'), '010')
})

test('names the line that is wrong and what to write', () => {
  for (const [text, what] of [['1380013,010\n1380014;9', 'line 2: not readable'], ['1380013,0100', 'no area code 0100'], ['1380019-1380010,010', 'is no range'], ['138-1390,010', 'is no range'], ['2380013,010', 'not readable']] as const) {
    assert.throws(() => readAttribution(text), (error) => error instanceof InvalidInputError && error.message.includes(what) && error.message.includes('1380013,010'), text)
  }
})
