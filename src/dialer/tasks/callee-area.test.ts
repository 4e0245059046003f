import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noAttribution } from '../../numbering/attribution.ts'
import { isAreaName, isBlind, nearest } from './callee-area.ts'

void test('an area is named by its code, city or province; what nobody knows is called', () => {
  for (const blind of ['0571', '杭州', '浙江']) assert.equal(isBlind('0571', [blind]), true, blind)
  assert.equal(isBlind('0574', ['杭州']), false)
  assert.equal(isBlind('0574', ['浙江']), true)
  assert.equal(isBlind(undefined, ['浙江']), false)
  assert.deepEqual(['021', '上海', '新疆', '纽约', ''].map(isAreaName), [true, true, true, false, false])
})

void test('callers of the same city are shown, else of the province, else all', () => {
  const callers = ['02160001000', '057187650000', '057487650000']
  assert.deepEqual(nearest(callers, '0571', noAttribution), ['057187650000'])
  assert.deepEqual(nearest(callers, '0573', noAttribution), ['057187650000', '057487650000'])
  assert.deepEqual(nearest(callers, '010', noAttribution), callers)
  assert.deepEqual(nearest(callers, undefined, noAttribution), callers)
})
