import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndReason } from '../../call/end-reason.ts'
import { outcomesOf, statusOf } from './status-codes.ts'

const code = (outcome: EndReason['outcome'], conversation?: Parameters<typeof statusOf>[1]): string => statusOf({ outcome }, conversation).code

test('a conversation that came to something is normal, whoever hung up; one that came to nothing was left early', () => {
  for (const conversation of ['delivered', 'confirmed', 'declined', 'refused', 'transferred'] as const) assert.equal(code('answered', conversation), '200000', conversation)
  for (const conversation of [undefined, 'silent', 'unconfirmed'] as const) assert.equal(code('answered', conversation), '200001', conversation)
})

test('a call that nobody answered has the code of its outcome, and every code leads back to its outcomes', () => {
  assert.deepEqual([code('busy'), code('no-answer'), code('powered-off'), code('suspended')], ['200002', '200003', '200010', '200011'])
  for (const outcome of outcomesOf('200005')) assert.equal(code(outcome), '200005')
  assert.deepEqual(outcomesOf('200012'), ['call-loss'])
  assert.deepEqual(outcomesOf('nothing'), [])
})
