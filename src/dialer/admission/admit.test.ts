import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialerDefaults } from '../settings.ts'
import { admit, type AdmissionFacts } from './admit.ts'

const noon = Date.parse('2026-11-20T12:00:00+08:00')
const night = Date.parse('2026-11-20T23:00:00+08:00')
const rules = { hours: dialerDefaults.hours, frequency: dialerDefaults.frequency, testNumbers: ['+8613911112222'] }
const exempt = { hours: true, frequency: true }
const plain: AdmissionFacts = {
  phone: '+8613800138000',
  exempt: { hours: false, frequency: false },
  doNotCall: undefined,
  attemptsMs: [],
  inCall: false,
}

void test('every rule refuses or delays as the table says', () => {
  const table: [string, number, Partial<AdmissionFacts>, string][] = [
    ['a callable number at noon', noon, {}, 'dial'],
    ['at night', night, {}, 'window'],
    ['at night on the simulated carrier', night, { exempt }, 'dial'],
    ["at night to the operator's own test number", night, { phone: '+8613911112222' }, 'dial'],
    ['a minute has not passed', noon, { attemptsMs: [noon - 30_000] }, 'frequency'],
    ['a minute has not passed, simulated', noon, { attemptsMs: [noon - 30_000], exempt }, 'dial'],
    ["a test number is still not called too often", noon, { phone: '+8613911112222', attemptsMs: [noon - 30_000] }, 'frequency'],
    ['the callee is in another call of ours', noon, { inCall: true }, 'frequency'],
    ['do-not-call of the account', noon, { doNotCall: { scope: 'account' } }, 'do-not-call'],
    ['do-not-call beats an exempt line', night, { doNotCall: { scope: 'everybody' }, exempt }, 'do-not-call'],
    ['do-not-call beats a test number', noon, { doNotCall: { scope: 'everybody' }, phone: '+8613911112222' }, 'do-not-call'],
    ['the police', noon, { phone: '110', exempt }, 'never-dial'],
    ['the police in disguise', noon, { phone: '+86110', exempt }, 'never-dial'],
    ['a remote fire brigade', noon, { phone: '0571119', exempt }, 'never-dial'],
    ['a hotline', noon, { phone: '+8695588', exempt }, 'never-dial'],
    ['not a number', noon, { phone: 'hello', exempt }, 'never-dial'],
    ['another country', noon, { phone: '+12025550123', exempt }, 'never-dial'],
  ]
  for (const [name, nowMs, facts, expected] of table) {
    const admission = admit(nowMs, { ...plain, ...facts }, rules)
    assert.equal(admission.verdict === 'dial' ? 'dial' : admission.why, expected, name)
  }
})

void test('of several waits the longest is the reason', () => {
  const admission = admit(night, { ...plain, attemptsMs: [night - 1_000] }, rules)
  assert.deepEqual([admission.verdict, admission.verdict === 'wait' && admission.why], ['wait', 'window'])
  const often = admit(noon, { ...plain, attemptsMs: [noon - 1, noon - 2, noon - 3], inCall: true }, rules)
  assert.equal(often.verdict === 'wait' && often.untilMs, noon - 3 + 3_600_000)
})
