import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announcementStatuses } from '../speech/early-media/announcement-table.ts'
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import { wasAnswered } from './end-reason.ts'
import { announcedOutcome, outcomeOf } from './sip-outcome.ts'

const heard = (status: EarlyMediaHeard['status']): EarlyMediaHeard => ({ status, by: status === 'unknown' ? undefined : 'words', certain: false, text: '', tone: undefined })

void test('what was announced wins over the cause, and the cause over the code', () => {
  assert.equal(outcomeOf(480, 19, heard('powered-off')), 'powered-off')
  assert.equal(outcomeOf(486, 17, heard('suspended')), 'suspended')
  assert.equal(outcomeOf(480, 19), 'no-answer')
  assert.equal(outcomeOf(480, undefined), 'unreachable')
})

void test('a colour ring or a notice that decides nothing leaves it to the codes', () => {
  for (const status of ['unknown', 'transferring', 'recording-notice', 'ivr'] as const) {
    assert.equal(outcomeOf(486, 17, heard(status)), 'busy')
    assert.equal(outcomeOf(404, undefined, heard(status)), 'invalid-number')
  }
})

void test('nothing that is announced before the answer counts as answered, so that nothing is billed', () => {
  for (const status of announcementStatuses) assert.equal(wasAnswered(announcedOutcome(heard(status)) ?? 'unknown'), false, status)
  assert.equal(announcedOutcome(undefined), undefined)
})
