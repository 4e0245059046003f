import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptOf, ticketOfAttempt } from './task-tickets.ts'

test('an attempt is called by its task and itself, the same whenever it is asked', () => {
  const ticket = ticketOfAttempt({ taskId: 4_000_000_001, seq: 7, attempt: 2 })
  assert.deepEqual(ticket, { wireId: '4000000001^000000000702', product: 'robot', shownNumber: '', outId: 'ALICOM_SMART_SAAS^4000000001^2' })
  assert.deepEqual(ticketOfAttempt({ taskId: '4000000001', seq: 7, attempt: 2 }), ticket)
  assert.equal(attemptOf(ticket), 2)
})

test('no two attempts share a name, and every name has the published form', () => {
  const names = [1, 2, 99, 100, 5_000_000, 9_999_999_999].flatMap((seq) => [1, 2, 99].map((attempt) => ticketOfAttempt({ taskId: 4_000_000_001, seq, attempt }).wireId))
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.match(name, /^\d{10}\^\d{12}$/)
})

test('what has no name is a mistake of ours', () => {
  for (const [seq, attempt] of [[7, 0], [7, 100], [10_000_000_000, 1], [0, 1]] as const) assert.throws(() => ticketOfAttempt({ taskId: 1, seq, attempt }), /has no name/)
})
