// Checks how patterns are found in spoken words, and which numbers count as told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRequirement } from '../robot/requirement.ts'
import { unknownNumbers } from './known-numbers.ts'
import { compilePattern } from './pattern.ts'

test('a pattern is found however its numbers are written, and not beside them', () => {
  const found = (pattern: string, text: string): boolean => compilePattern(pattern).test(text)
  assert.ok(found('上午九点', '明天，上午9点，开会'))
  assert.ok(found('1280元', '一千二百八十元'))
  assert.ok(found('5-1-0327', '取件码5-1-0327'))
  assert.ok(!found('上午九点', '上午十点'))
  assert.ok(!found('1280元', '1380元'))
  assert.ok(found('/再[见会]/', '好的，再见。'))
  assert.ok(found('/^.*9点/', '九点'), 'an expression sees the digits form too')
  assert.throws(() => compilePattern('/(/'), SyntaxError)
  assert.throws(() => compilePattern('，。'), SyntaxError)
})

test('numbers of the requirement, of its dates on the day of the call, and of the callee are known; every other is not', () => {
  const at = new Date('2026-03-02T10:00:00+08:00')
  const requirement = compileRequirement('通知张伟明天上午9点半在3号会议室开会，费用1280元', { acceptedAt: at })
  const unknown = (spoken: string, callee: string[] = []): string[] => unknownNumbers(spoken, requirement, at, callee)
  assert.deepEqual(unknown('明天，也就是3月3日星期二上午九点半，在三号会议室，费用一千二百八十元。'), [])
  assert.deepEqual(unknown('等我一下，再说一遍，有一件事。'), [])
  assert.deepEqual(unknown('下午6点，带500元。'), ['500', '6点'])
  assert.deepEqual(unknown('在三点。'), ['3点'], '3号 allows no 3点')
  assert.deepEqual(unknown('十五分钟'), ['15'])
  assert.deepEqual(unknown('您说下午六点。', ['下午6点行吗']), [])
})
