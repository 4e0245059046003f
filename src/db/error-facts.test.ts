import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFacts } from './error-facts.ts'

void test('what PostgreSQL quotes of a row is not logged', () => {
  const error = Object.assign(new Error('invalid input: "别打了 13800138000"'), { severity: 'ERROR', code: '23514', detail: 'Failing row contains (13800138000)', table: 'call_events', constraint: 'c', routine: 'r' })
  assert.deepEqual(errorFacts(error), { type: 'PostgreSQL', code: '23514', table: 'call_events', constraint: 'c', routine: 'r' })
})

void test('other errors keep their message, and anything thrown is survived', () => {
  assert.equal(errorFacts(new TypeError('x is not a function'))['message'], 'x is not a function')
  assert.deepEqual(errorFacts('text'), { type: 'string' })
  assert.deepEqual(errorFacts(undefined), { type: 'undefined' })
})
