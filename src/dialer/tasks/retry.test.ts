import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes, type Outcome } from '../../call/end-reason.ts'
import { mulberry } from './chance.test-data.ts'
import { callerFor } from './feed-decision.ts'
import { finalOutcomes, retryDefaults, type RetryPlan } from './plan.ts'
import { nextStep } from './retry.ts'

const minute = 60_000
const step = (past: Outcome[], plan: RetryPlan = retryDefaults, unwanted = false) => nextStep({ past, endedAtMs: 0, unwanted }, plan)

void test('by default: no answer and busy twice after half an hour, powered off once after four hours, refusals never', () => {
  assert.deepEqual(step(['no-answer']), { state: 'waiting', dueAtMs: 30 * minute, otherCaller: false })
  assert.deepEqual(step(['no-answer', 'busy']), { state: 'waiting', dueAtMs: 30 * minute, otherCaller: false })
  assert.deepEqual(step(['no-answer', 'busy', 'busy']), { state: 'done' })
  assert.deepEqual(step(['powered-off']), { state: 'waiting', dueAtMs: 240 * minute, otherCaller: false })
  assert.deepEqual(step(['powered-off', 'powered-off']), { state: 'done' })
  assert.deepEqual(step(['carrier-blocked']), { state: 'waiting', dueAtMs: 30 * minute, otherCaller: true })
  for (const outcome of ['answered', 'rejected', 'suspended', 'invalid-number', 'blacklist', 'cancelled'] as const) assert.deepEqual(step([outcome]), { state: 'done' }, outcome)
})

void test('a call that was cut by a crash may have rung: it is called again only where the plan names it', () => {
  assert.deepEqual(step(['interrupted']), { state: 'done' })
  const bold: RetryPlan = { rules: [{ outcomes: ['interrupted'], times: 1, gapMs: 5 * minute }], attemptsMax: 3 }
  assert.deepEqual(step(['interrupted'], bold), { state: 'waiting', dueAtMs: 5 * minute, otherCaller: false })
  assert.deepEqual(step(['interrupted', 'interrupted'], bold), { state: 'done' })
})

void test('who asked not to be called is done, whatever the plan says', () => {
  assert.deepEqual(step(['no-answer'], retryDefaults, true), { state: 'done' })
})

void test('over random plans and endings no number is called more often than its plan allows, by all rules and by each', () => {
  const chance = mulberry(11)
  const pick = (): Outcome => outcomes[Math.floor(chance() * outcomes.length)]!
  for (let run = 0; run < 2_000; run += 1) {
    const rules = Array.from({ length: Math.floor(chance() * 6) }, () => ({ outcomes: Array.from({ length: 1 + Math.floor(chance() * 4) }, pick), times: Math.floor(chance() * 4), gapMs: minute * (1 + Math.floor(chance() * 60)) }))
    const plan: RetryPlan = { rules, attemptsMax: 1 + Math.floor(chance() * 6) }
    const past: Outcome[] = []
    let nowMs = 0
    for (;;) {
      past.push(pick())
      const next = nextStep({ past, endedAtMs: nowMs, unwanted: false }, plan)
      if (next.state === 'done') break
      assert.ok(next.dueAtMs - nowMs >= minute)
      assert.ok(!finalOutcomes.has(past.at(-1)!))
      nowMs = next.dueAtMs
    }
    assert.ok(past.length <= plan.attemptsMax)
    // Every attempt but the last was followed by one, as the first rule of its outcome allows.
    for (const [nth, outcome] of past.slice(0, -1).entries()) {
      const rule = plan.rules.find((one) => one.outcomes.includes(outcome))!
      assert.ok(past.slice(0, nth + 1).filter((one) => rule.outcomes.includes(one)).length <= rule.times)
    }
  }
})

void test('callers are shown in turn; another than last time where the plan asks for it', () => {
  const plan = { retry: retryDefaults, callers: ['a', 'b', 'c'], ofTrunks: ['a', 'b', 'c', 'd'] }
  const shown = [1, 2, 3, 4].map((seq) => callerFor({ seq, past: [], lastCaller: undefined, ...plan }))
  assert.equal(new Set(shown).size, 3)
  for (let seq = 0; seq < 9; seq += 1) assert.notEqual(callerFor({ seq, past: ['carrier-blocked'], lastCaller: 'b', ...plan }), 'b')
  assert.equal(callerFor({ seq: 5, past: ['carrier-blocked'], lastCaller: 'a', ...plan, callers: [], ofTrunks: ['a', 'd'] }), 'd')
  assert.equal(callerFor({ seq: 5, past: ['busy'], lastCaller: 'a', ...plan, callers: [] }), undefined)
  assert.equal(callerFor({ seq: 5, past: ['carrier-blocked'], lastCaller: 'a', ...plan, callers: ['a'], ofTrunks: ['a'] }), 'a')
})
