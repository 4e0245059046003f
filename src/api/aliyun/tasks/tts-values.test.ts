import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAliyunError } from '../errors.ts'
import { ttsParam, ttsParamHead, valuesOf } from './tts-values.ts'

const read = (head: string | undefined, rows: string | undefined, phone = '+8613900000000') => ({ ...valuesOf(ttsParamHead.read('TtsParamHead', head, new Map()), ttsParam.read('TtsParam', rows, new Map()))(phone) })
const codeOf = (head: string | undefined, rows: string | undefined): string => {
  try {
    read(head, rows)
    return 'OK'
  } catch (error) {
    return toAliyunError(error).code
  }
}

test('values follow their names by position, each for its own number', () => {
  const head = '["name1","name2","name3"]'
  const rows = '[{"number":"13900000000","params":["小王","小李","小周"]},{"number":13900000001,"params":["甲",2,true]}]'
  assert.deepEqual(read(head, rows), { name1: '小王', name2: '小李', name3: '小周' })
  assert.deepEqual(read(head, rows, '+8613900000001'), { name1: '甲', name2: '2', name3: 'true' })
  assert.deepEqual(read(head, rows, '+8613900000002'), {})
})

test("'all' is for every callee, and a callee's own entry wins, in whichever order they stand", () => {
  for (const rows of ['[{"number":"all","params":["大家"]},{"number":"+86 139 0000 0000","params":["小王"]}]', '[{"number":"13900000000","params":["小王"]},{"number":"ALL","params":["大家"]}]']) {
    assert.deepEqual(read('["name"]', rows), { name: '小王' })
    assert.deepEqual(read('["name"]', rows, '+8613900000009'), { name: '大家' })
  }
})

test('without values there are none; names alone are no mistake', () => {
  assert.deepEqual(read(undefined, undefined), {})
  assert.deepEqual(read('["name"]', undefined), {})
  assert.deepEqual(read('["name"]', '[]'), {})
})

test('each mistake has its published code', () => {
  for (const [head, rows, code] of [
    ['["name"', '[]', 'isv.INVALID_JSON_PARAM'],
    ['{"name":1}', '[]', 'isv.INVALID_JSON_PARAM'],
    ['["name","name"]', '[]', 'isv.INVALID_JSON_PARAM'],
    ['[1]', '[]', 'isv.INVALID_JSON_PARAM'],
    [JSON.stringify(Array.from({ length: 51 }, (_, i) => `v${i}`)), '[]', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', 'x', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', '{"number":"all","params":["x"]}', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', '["13900000000"]', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', '[null]', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', '[{"number":"all"}]', 'isv.INVALID_JSON_PARAM'],
    ['["name"]', '[{"number":"all","params":[{}]}]', 'isv.INVALID_JSON_PARAM'],
    ['["a","b"]', '[{"number":"13900000000","params":["x"]}]', 'isv.TEMPLATE_MISSING_PARAMETERS'],
    ['["a"]', '[{"number":"13900000000","params":["x","y"]}]', 'isv.TEMPLATE_PARAMS_ILLEGAL'],
    [undefined, '[{"number":"13900000000","params":["x"]}]', 'isv.TEMPLATE_MISSING_PARAMETERS'],
    ['["a"]', `[{"number":"all","params":["${'x'.repeat(1_000_000)}"]}]`, 'isv.PARAM_LENGTH_LIMIT'],
  ] as const) assert.equal(codeOf(head, rows), code, `${head} ${rows.slice(0, 60)}`)
})

test("a client's __proto__ is a name like any other", () => {
  assert.equal(codeOf('["__proto__"]', '[{"number":"all","params":["x"]}]'), 'OK')
  assert.equal(({} as { x?: unknown }).x, undefined)
})
