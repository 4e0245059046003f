import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAliyunError } from '../errors.ts'
import { readParameters } from '../parameters.ts'
import { makePlan } from '../../../dialer/tasks/plan.ts'
import { nextStep } from '../../../dialer/tasks/retry.ts'
import { outcomesToRecall, readRecall, recallCodes, recallParameters, retryOf } from './recall.ts'

const read = (params: Record<string, string>) => readRecall(readParameters(recallParameters, new Map(Object.entries(params))))
const codeOf = (params: Record<string, string>): string => {
  try {
    read(params)
    return 'OK'
  } catch (error) {
    return toAliyunError(error).code
  }
}
const whole = { RetryType: '1', RecallStateCodes: '200005,200010', RecallTimes: '1', RecallInterval: '2' }

test('nobody is called again unless it is asked for', () => {
  assert.equal(read({}), undefined)
  assert.equal(read({ ...whole, RetryType: '0' }), undefined)
  assert.deepEqual(read(whole), { codes: ['200005', '200010'], times: 1, intervalMin: 2 })
  assert.deepEqual(read({ ...whole, RecallStateCodes: ' 200002, 200002 ,' })?.codes, ['200002'])
})

test('what a repetition needs is needed, and its limits hold', () => {
  for (const [change, code] of [
    [{ RecallStateCodes: '' }, 'MissingRecallStateCodes'],
    [{ RecallTimes: '' }, 'MissingRecallTimes'],
    [{ RecallInterval: '' }, 'MissingRecallInterval'],
    [{ RecallStateCodes: '200000' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallStateCodes: '200002,busy' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallStateCodes: ',' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallInterval: '1' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallInterval: '31' }, 'isv.INVALID_PARAMETERS'],
    [{ RecallTimes: '0' }, 'isv.INVALID_PARAMETERS'],
    [{ RetryType: '2' }, 'isv.INVALID_PARAMETERS'],
    [{ RetryType: 'yes' }, 'InvalidRetryType'],
  ] as const) assert.equal(codeOf({ ...whole, ...change }), code, JSON.stringify(change))
})

test('each code stands for the endings that are told by it, and for none that is final', () => {
  assert.deepEqual(outcomesToRecall(['200002']), ['busy'])
  assert.deepEqual(outcomesToRecall(['200010', '200003', '200012']), ['powered-off', 'no-answer', 'call-loss'])
  assert.deepEqual(outcomesToRecall(['200005']), ['call-reminder', 'forwarded', 'unreachable'])
  assert.deepEqual(outcomesToRecall(['200011']), [], 'a suspended number stays suspended')
})

test('whoever refused or is on the do-not-call list is never called again', () => {
  const all = outcomesToRecall(recallCodes)
  for (const outcome of ['rejected', 'blacklist', 'blind-area', 'answered'] as const) assert.ok(!all.includes(outcome), outcome)
})

test('the plan is one that tasks accept, with the calls that were asked for and no more', () => {
  for (const codes of [...recallCodes.map((code) => [code]), [...recallCodes]]) {
    const retry = retryOf({ codes, times: 9, intervalMin: 30 })
    assert.deepEqual(makePlan({ retry }).retry, retry)
    assert.equal(retry.attemptsMax, 10)
  }
  assert.deepEqual(makePlan({ retry: retryOf(undefined) }).retry, { rules: [], attemptsMax: 1 })
  const retry = retryOf({ codes: ['200002'], times: 1, intervalMin: 2 })
  assert.deepEqual(nextStep({ past: ['busy'], endedAtMs: 0, unwanted: false }, retry), { state: 'waiting', dueAtMs: 120_000, otherCaller: false })
  assert.deepEqual(nextStep({ past: ['busy', 'busy'], endedAtMs: 0, unwanted: false }, retry), { state: 'done' })
  assert.deepEqual(nextStep({ past: ['no-answer'], endedAtMs: 0, unwanted: false }, retry), { state: 'done' })
})
