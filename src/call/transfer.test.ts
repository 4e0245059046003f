import assert from 'node:assert/strict'
import { test } from 'node:test'
import { referSignal, transferFailureOf, transferStep, transferSteps, type TransferDeed, type TransferSignal, type TransferState } from './transfer.ts'

const states = Object.keys(transferSteps) as TransferState[]
const signals: readonly TransferSignal[] = ['refer', 'call', 'call-aside', 'join', 'referred', 'refer-refused', 'refer-failed', 'answered', 'not-reached', 'colleague-left', 'clause-over', 'callee-left']

/** Runs signals from `none`; what was done, in order. */
function run(...given: TransferSignal[]): { state: TransferState; deeds: TransferDeed[] } {
  let state: TransferState = 'none'
  const deeds: TransferDeed[] = []
  for (const signal of given) {
    const step = transferStep(state, signal)
    assert.ok(step, `${signal} while ${state}`)
    deeds.push(...step.deeds)
    state = step.to
  }
  return { state, deeds }
}

test('a far end that does not transfer is dialled around, and the two are joined', () => {
  assert.deepEqual(run('refer', 'refer-refused', 'answered', 'clause-over'), { state: 'joined', deeds: ['hush', 'ask-far-end', 'dial', 'wait-for-clause', 'join'] })
})

test('a far end that transferred leaves us nothing to do but to go', () => {
  assert.deepEqual(run('refer', 'referred'), { state: 'over', deeds: ['hush', 'ask-far-end', 'leave'] })
})

test('a colleague who cannot be had gives the callee back to the robot, whoever dialled', () => {
  assert.deepEqual(run('refer', 'refer-failed'), { state: 'none', deeds: ['hush', 'ask-far-end', 'give-back'] })
  assert.deepEqual(run('call', 'not-reached'), { state: 'none', deeds: ['hush', 'dial', 'give-back'] })
})

test('a robot that talked on meanwhile is only told', () => {
  assert.deepEqual(run('call-aside', 'not-reached').deeds, ['dial', 'tell-failed'])
  assert.deepEqual(run('call-aside', 'answered', 'colleague-left').deeds, ['dial', 'let-listen', 'tell-failed'])
})

test('a colleague who leaves while being told whom they get was not reached', () => {
  assert.deepEqual(run('call-aside', 'colleague-left'), { state: 'none', deeds: ['dial', 'tell-failed'] })
  assert.deepEqual(run('call-aside', 'join', 'colleague-left'), { state: 'none', deeds: ['dial', 'hush', 'give-back'] })
})

test('in parallel the colleague listens first, and the robot ends its clause', () => {
  assert.deepEqual(run('call-aside', 'answered', 'join', 'clause-over'), { state: 'joined', deeds: ['dial', 'let-listen', 'wait-for-clause', 'join'] })
})

test('a wish to join before anybody answered lets the callee wait', () => {
  assert.deepEqual(run('call-aside', 'join', 'answered', 'clause-over'), { state: 'joined', deeds: ['dial', 'hush', 'wait-for-clause', 'join'] })
})

test('either side that leaves a joined call ends the other', () => {
  assert.deepEqual(run('call', 'answered', 'clause-over', 'colleague-left').deeds.at(-1), 'end-call')
  assert.deepEqual(run('call', 'answered', 'clause-over', 'callee-left').deeds.at(-1), 'drop-colleague')
})

test('another try is possible after a failed one', () => {
  assert.equal(run('call', 'not-reached', 'call-aside', 'answered', 'join', 'clause-over').state, 'joined')
})

test('from every state a callee who leaves ends it, and no second leg that was begun outlives that', () => {
  for (const state of states.filter((state) => state !== 'over')) {
    const step = transferStep(state, 'callee-left')
    assert.equal(step?.to, 'over', state)
    const dialled = ['calling', 'calling-aside', 'ready', 'joining', 'joined'].includes(state)
    assert.equal(step.deeds.includes('drop-colleague'), dialled, state)
  }
})

test('every state that silences the robot leads back to talk or out of the call, whatever comes', () => {
  // Walks the whole table: 'hush' must be answered by join, give-back, leave, end-call or the end of the callee.
  const seen = new Set<string>()
  const walk = (state: TransferState, hushed: boolean, joined: boolean): void => {
    const key = `${state} ${hushed} ${joined}`
    if (seen.has(key)) return
    seen.add(key)
    for (const signal of signals) {
      const step = transferStep(state, signal)
      if (!step) continue
      const nowHushed = (hushed || step.deeds.includes('hush') || step.deeds.includes('wait-for-clause')) && !step.deeds.includes('give-back')
      assert.ok(step.to !== 'none' || !nowHushed, `${signal} while ${state} leaves a silent robot with the callee`)
      assert.ok(!step.deeds.includes('join') || nowHushed, `${signal} while ${state} joins while the robot talks`)
      walk(step.to, nowHushed, joined || step.deeds.includes('join'))
    }
  }
  walk('none', false, false)
  assert.ok(seen.size >= states.length, 'every state is reached')
})

test('nothing is dialled twice, and nothing happens after the end', () => {
  for (const state of ['calling', 'calling-aside', 'ready', 'joining', 'joined', 'referring'] as const) {
    for (const wish of ['refer', 'call', 'call-aside'] as const) assert.equal(transferStep(state, wish), undefined, `${wish} while ${state}`)
  }
  for (const signal of signals) assert.equal(transferStep('over', signal), undefined)
})

test('tells why a colleague was not reached', () => {
  assert.deepEqual([486, 480, 603, 404, 503].map((status) => transferFailureOf(status, false)), ['busy', 'no-answer', 'declined', 'invalid-number', 'unreachable'])
  assert.equal(transferFailureOf(487, true), 'no-answer')
})

test('reads the far end: 405, 501, 603 to the REFER and silence mean that it does not transfer; a busy colleague is busy', () => {
  for (const status of [405, 501, 603, 481]) assert.equal(referSignal({ outcome: 'refused', status }), 'refer-refused')
  assert.equal(referSignal({ outcome: 'unknown', status: 0 }), 'refer-refused')
  assert.equal(referSignal({ outcome: 'failed', status: 486 }), 'refer-failed')
  assert.equal(referSignal({ outcome: 'failed', status: 501 }), 'refer-refused')
  assert.equal(referSignal({ outcome: 'connected', status: 200 }), 'referred')
})
