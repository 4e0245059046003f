import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError } from '../errors.ts'
import { compileBounded, patternInputMax } from './bounded-pattern.ts'

const refused = (pattern: string) => {
  try {
    compileBounded('replace', pattern)
  } catch (error) {
    assert.ok(error instanceof InvalidInputError)
    assert.equal(error.field, 'replace')
    return error.message
  }
  return undefined
}

test('takes what number rules need', () => {
  for (const pattern of ['^0', '^(?:\\+86|0086)(\\d+)$', '^1[3-9]\\d{9}$', '^(\\d{3,4})-?(\\d{7,8})$', '^00?86', '#$', '^[^0]\\d*']) assert.equal(refused(pattern), undefined, pattern)
  assert.equal('+8613800138000'.replace(compileBounded('replace', '^\\+86(1\\d{10})$'), '$1'), '13800138000')
})

test('refuses what could be slow, what is not understood and what is no pattern, and says why', () => {
  for (const pattern of ['(a+)+$', '(\\d*)*', '(?:\\d+){2,9}', '(1|1)*', '((\\d)+)?+']) assert.match(refused(pattern)!, /group|repeat/, pattern)
  for (const pattern of ['(?=1)', '(?<x>1)', '(1)\\1', '\\u{61}', '\\p{L}', '(?i:a)', 'é', '[[:digit:]]']) assert.notEqual(refused(pattern), undefined, pattern)
  assert.match(refused('\\d*\\d*\\d*\\d*\\d*\\d*1')!, /at most 5/)
  assert.match(refused('(1')!, /bracket/)
  assert.match(refused('*1')!, /nothing to repeat/)
  assert.match(refused('1'.repeat(81))!, /80 characters/)
})

test('the slowest pattern that is taken still ends at once on the longest text', () => {
  let random = 7
  const next = (below: number) => (random = (random * 48_271) % 2_147_483_647) % below
  const parts = ['\\d', '1', '[0-9]', '(?:\\d)', '(1\\d)', '.', '\\d*', '\\d+', '\\d?', '(?:\\d*)?', '\\d{0,40}', '|', '\\d*?', '^', '$']
  const texts = ['1'.repeat(patternInputMax), '12'.repeat(patternInputMax / 2), `${'1'.repeat(patternInputMax - 1)}x`]
  let taken = 0
  for (let round = 0; round < 3_000; round += 1) {
    const pattern = `${Array.from({ length: 1 + next(9) }, () => parts[next(parts.length)]).join('')}x$`
    if (refused(pattern) !== undefined) continue
    taken += 1
    const compiled = compileBounded('replace', pattern)
    const before = process.cpuUsage()
    for (const text of texts) text.replace(compiled, '$1')
    const { user } = process.cpuUsage(before)
    assert.ok(user < 500_000, `${pattern} took ${user} µs`)
  }
  assert.ok(taken > 500, `only ${taken} patterns were taken`)
})
