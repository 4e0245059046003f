// The small deciders of tasks: states, failures, room, who may be called now, how long it will take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../call/end-reason.ts'
import { plainTerms } from '../testing.ts'
import type { Candidate } from '../trunk-choice.ts'
import { mulberry } from './chance.test-data.ts'
import { progressOf, type ProgressFacts } from './estimate.ts'
import { judgeFailures } from './failure-rate.ts'
import { decideFeed } from './feed-decision.ts'
import { requireStep, taskStatuses, taskStep, type TaskWish } from './life-cycle.ts'
import { makePlan, retryDefaults, windowPresets } from './plan.ts'
import { roomOn } from './room.ts'
import type { TaskCounts } from './task-desk.ts'

const minute = 60_000

void test('what is over stays over, and only what does not run is removed', () => {
  const wishes: TaskWish[] = ['start', 'schedule', 'cancel-schedule', 'pause', 'resume', 'cancel', 'add', 'take-back', 'stop-by-system', 'run-out-of-money', 'finish']
  for (const wish of wishes) for (const over of ['cancelled', 'finished'] as const) assert.equal(taskStep(over, wish), undefined)
  assert.deepEqual(taskStatuses.filter((status) => taskStep(status, 'remove')), ['draft', 'cancelled', 'finished'])
  assert.throws(() => requireStep('finished', 'pause'), /已完成.*不能暂停.*进行中/)
  assert.deepEqual(taskStatuses.filter((status) => taskStep(status, 'stop-by-system')), ['running'])
})

void test('a task is stopped when too many of its latest calls fail, not when people do not answer', () => {
  const rule = { shareMax: 0.5, attemptsMin: 20 }
  const many = (outcome: Outcome, count: number): Outcome[] => Array.from({ length: count }, () => outcome)
  assert.deepEqual(judgeFailures(many('line-fault', 19), rule), { stop: false })
  assert.deepEqual(judgeFailures(many('line-fault', 20), rule), { stop: true, failed: 20, of: 20, mostly: 'line-fault' })
  assert.deepEqual(judgeFailures(many('no-answer', 100), rule), { stop: false })
  // What went well before does not excuse what fails now.
  assert.deepEqual(judgeFailures([...many('answered', 70), ...many('carrier-blocked', 15)], rule), { stop: true, failed: 15, of: 30, mostly: 'carrier-blocked' })
  assert.deepEqual(judgeFailures([...many('answered', 70), ...many('carrier-blocked', 14)], rule), { stop: false })
  assert.deepEqual(judgeFailures(many('line-fault', 100), null), { stop: false })
})

const candidate = (more: Partial<Candidate> = {}, running = 0): Candidate => ({ terms: { ...plainTerms, name: 't', concurrencyMax: 10, cps: 2 }, load: { running, started: 0, callers: new Map() }, up: true, backingOffUntilMs: undefined, suspect: false, ...more })

void test('room on a line is what its trunks take within two seconds, less what waits already', () => {
  assert.deepEqual(roomOn([candidate()], 0, 0), { state: 'open', calls: 4 })
  assert.deepEqual(roomOn([candidate({}, 9)], 0, 0), { state: 'open', calls: 1 })
  assert.deepEqual(roomOn([candidate(), candidate()], 5, 0), { state: 'open', calls: 3 })
  assert.deepEqual(roomOn([candidate()], 100, 0), { state: 'open', calls: 0 })
  assert.deepEqual(roomOn([candidate({ up: false })], 0, 0), { state: 'down' })
  assert.deepEqual(roomOn([candidate({ backingOffUntilMs: 1 })], 0, 0), { state: 'down' })
  assert.deepEqual(roomOn([candidate({ backingOffUntilMs: 1 })], 0, 1), { state: 'open', calls: 4 })
  assert.deepEqual(roomOn([], 0, 0), { state: 'down' })
})

void test('never-dial numbers and those on the list are refused, whatever else; too frequent ones wait', () => {
  const rules = { frequency: [{ count: 1, windowMs: minute }], exemptFrequency: false }
  const number = { seq: 1, phone: '+8613800138000', doNotCall: undefined, attemptsMs: [], inCall: false, expiresAtMs: Infinity, blind: false }
  assert.deepEqual(decideFeed(0, number, rules), { to: 'feed' })
  assert.deepEqual(decideFeed(0, { ...number, phone: '+86110' }, rules), { to: 'refuse', outcome: 'bad-number' })
  assert.deepEqual(decideFeed(0, { ...number, doNotCall: { scope: 'everybody' } }, { ...rules, exemptFrequency: true }), { to: 'refuse', outcome: 'blacklist' })
  assert.deepEqual(decideFeed(10, { ...number, attemptsMs: [0] }, rules), { to: 'wait', untilMs: minute })
  assert.deepEqual(decideFeed(10, { ...number, attemptsMs: [0] }, { ...rules, exemptFrequency: true }), { to: 'feed' })
  assert.deepEqual(decideFeed(10, { ...number, expiresAtMs: 10 }, rules), { to: 'refuse', outcome: 'expired' })
  assert.deepEqual(decideFeed(10, { ...number, blind: true }, rules), { to: 'refuse', outcome: 'blind-area' })
})

void test('over random attempts no callee is called above a cap', () => {
  const chance = mulberry(5)
  const frequency = [{ count: 1, windowMs: minute }, { count: 3, windowMs: 60 * minute }, { count: 5, windowMs: 24 * 60 * minute }]
  for (let run = 0; run < 50; run += 1) {
    const attemptsMs: number[] = []
    let nowMs = 0
    while (nowMs < 48 * 60 * minute) {
      nowMs += Math.floor(chance() * 20 * minute)
      const decision = decideFeed(nowMs, { seq: 1, phone: '+8613800138000', doNotCall: undefined, attemptsMs, inCall: false, expiresAtMs: Infinity, blind: false }, { frequency, exemptFrequency: false })
      if (decision.to === 'feed') attemptsMs.push(nowMs)
      else assert.ok(decision.to === 'wait' && decision.untilMs > nowMs)
      for (const { count, windowMs } of frequency) assert.ok(attemptsMs.filter((at) => at > nowMs - windowMs).length <= count)
    }
    assert.ok(attemptsMs.length >= 10)
  }
})

const counts = (more: Partial<TaskCounts>): TaskCounts => ({ total: 0, waiting: 0, waitingRetry: 0, waitingFrequency: 0, calling: 0, done: 0, refused: 0, takenBack: 0, answered: 0, attempts: 0, talkMs: 0, costLi: 0, ...more })
const facts = (more: Partial<ProgressFacts>): ProgressFacts => ({ status: 'running', counts: counts({}), waitingFor: undefined, lately: { attempts: 0, sinceMs: 0 }, lastDueMs: undefined, windows: undefined, retry: retryDefaults, nowMs: 10 * minute, ...more })

void test('the reasons why numbers wait add up to those that wait', () => {
  for (const [status, waitingFor, key] of [['running', undefined, 'turn'], ['running', 'window', 'window'], ['paused', undefined, 'stopped'], ['out-of-money', undefined, 'balance']] as const) {
    const { waiting } = progressOf(facts({ status, waitingFor, counts: counts({ total: 100, waiting: 90, waitingRetry: 20, waitingFrequency: 5, done: 10 }) }))
    assert.equal(waiting[key], 65)
    assert.equal(Object.values(waiting).reduce((sum, each) => sum + each, 0), 90)
  }
})

void test('the end is estimated from the rate, in open time', () => {
  const going = { counts: counts({ total: 1_000, waiting: 900, done: 100, attempts: 100 }), lately: { attempts: 100, sinceMs: 0 } }
  assert.equal(progressOf(facts(going)).expectedEnd!.getTime(), 100 * minute)
  const evening = Date.parse('2026-11-20T19:00:00+08:00')
  const { expectedEnd } = progressOf(facts({ ...going, lately: { attempts: 100, sinceMs: evening - 10 * minute }, nowMs: evening, windows: windowPresets.workdays }))
  assert.equal(expectedEnd!.toISOString(), new Date('2026-11-23T09:30:00+08:00').toISOString())
  assert.equal(progressOf(facts({ ...going, status: 'paused' })).expectedEnd, undefined)
  assert.equal(progressOf(facts({ counts: counts({ total: 5, waiting: 5 }) })).expectedEnd, undefined)
})

void test('after the first tenth the estimate is within a fifth of the truth, with a third of the calls tried again', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const chance = mulberry(seed)
    const retry = { rules: [{ outcomes: ['no-answer' as const], times: 2, gapMs: 20 * minute }], attemptsMax: 3 }
    const perMinute = 10
    const total = 2_000
    // Calls at an even pace, those waiting longest first; a third of them is not answered.
    const queue = Array.from({ length: total }, () => ({ dueMs: 0, attempts: 0 }))
    const c = counts({ total, waiting: total })
    let estimate: number | undefined
    let nowMs = 0
    while (queue.length > 0) {
      nowMs += minute / perMinute
      queue.sort((a, b) => a.dueMs - b.dueMs)
      if (queue[0]!.dueMs > nowMs) continue
      const number = queue.shift()!
      if (number.attempts > 0) c.waitingRetry -= 1
      number.attempts += 1
      c.attempts += 1
      c.waiting -= 1
      if (chance() < 0.33 && number.attempts < 3) {
        queue.push(Object.assign(number, { dueMs: nowMs + 20 * minute }))
        c.waiting += 1
        c.waitingRetry += 1
      } else c.done += 1
      if (estimate === undefined && c.done >= total / 10) estimate = progressOf(facts({ counts: { ...c }, retry, lately: { attempts: 50, sinceMs: nowMs - 5 * minute }, lastDueMs: Math.max(...queue.map(({ dueMs }) => dueMs)), nowMs })).expectedEnd!.getTime()
    }
    assert.ok(Math.abs(estimate! / nowMs - 1) < 0.2, `expected ${estimate! / minute}, was ${nowMs / minute}`)
  }
})

void test('a plan that makes no sense is refused by its part', () => {
  const refused = (wish: Parameters<typeof makePlan>[0], part: string): void => {
    assert.throws(() => makePlan(wish), (error: Error & { field?: string }) => error.field === `plan.${part}`, JSON.stringify(wish))
  }
  refused({ windows: { week: [], holidays: 'none', closedOn: [], openOn: [] } }, 'windows')
  refused({ windows: { ...windowPresets.batch, closedOn: ['tomorrow'] } }, 'windows')
  refused({ retry: { rules: [{ outcomes: ['busy'], times: 1, gapMs: 1 }], attemptsMax: 2 } }, 'retry')
  refused({ retry: { rules: [], attemptsMax: 0 } }, 'retry')
  refused({ priority: 11 }, 'priority')
  refused({ blindAreas: ['月球'] }, 'blindAreas')
  refused({ budgetLi: -1 }, 'budgetLi')
  refused({ failures: { shareMax: 2, attemptsMin: 5 } }, 'failures')
  assert.deepEqual(makePlan({ preset: 'tencent', priority: undefined }).windows, windowPresets.tencent)
})
