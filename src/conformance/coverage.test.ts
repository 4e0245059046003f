// Holds that nothing of the reference, and nothing that our own operations take, is without a case; and that the table says what its readers need.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../api/aliyun/index.ts'
import { cases } from './cases/index.ts'
import { ownGaps } from './own-gaps.ts'
import { items } from './reference.ts'

test('every operation, parameter, field and code of the reference has a case', () => {
  const covered = new Set(cases.flatMap(({ covers }) => covers))
  assert.deepEqual(items.filter((item) => !covered.has(item)), [])
  assert.deepEqual([...covered].filter((item) => !items.includes(item)), [], 'cases about nothing of the reference')
})

/** Robots and their tasks are no single calls: the reference of the suite does not have them. */
const elsewhere = /Robot|ByTaskId$/

test('every parameter that our operations take has a case', () => {
  const covered = new Set<string>(cases.flatMap(({ covers }) => covers))
  const missing = Object.entries(operations).filter(([name]) => !elsewhere.test(name)).flatMap(([name, { parameters, answers }]) => [
    ...Object.keys(parameters).flatMap((parameter) => (covered.has(`${name}.${parameter}`) || [...covered].some((item) => item.startsWith(`${name}.${parameter}.N.`)) ? [] : [`${name}.${parameter}`])),
    ...Object.keys(answers).flatMap((answer) => (covered.has(`${name}.answer ${answer}`) ? [] : [`${name}.answer ${answer}`])),
  ])
  assert.deepEqual(missing, [])
})

test('cases have names of their own, a page and something to expect', () => {
  assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length, JSON.stringify(cases.map(({ id }) => id).filter((id, i, all) => all.indexOf(id) !== i)))
  for (const { id, page, expected, covers } of cases) assert.ok(page.title !== '' && page.segment !== '' && expected.length > 0 && covers.length > 0, id)
  for (const beginning of Object.keys(ownGaps)) assert.ok(cases.some(({ id }) => id.startsWith(beginning)), `no case begins with ${beginning}`)
})
