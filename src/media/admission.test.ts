import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission } from './admission.ts'

const idle = { busy: 0.3, lateMsP99: 1 }
const busy = { busy: 0.81, lateMsP99: 1 }
const late = { busy: 0.3, lateMsP99: 10.25 }
/** Below the limits, but not well below. */
const nearlyBusy = { busy: 0.75, lateMsP99: 1 }
const nearlyLate = { busy: 0.3, lateMsP99: 9 }

const fed = (...loads: { busy: number; lateMsP99: number }[]) => {
  const admission = new Admission()
  return loads.map((load) => {
    admission.report(load)
    return admission.open
  })
}

void test('one bad report closes nothing, two in a row do, busy or late', () => {
  assert.deepEqual(fed(busy, idle, late, idle, busy, late), [true, true, true, true, true, false])
})

void test('late beats close nothing while the thread is mostly idle, and it opens again when it is', () => {
  const others = { busy: 0.1, lateMsP99: 60 }
  assert.deepEqual(fed(others, others, others), [true, true, true])
  assert.deepEqual(fed(late, late, others, others, others), [true, false, false, false, true])
})

void test('what is at the limit is within it', () => {
  const atLimit = { busy: 0.8, lateMsP99: 10 }
  assert.deepEqual(fed(atLimit, atLimit, atLimit), [true, true, true])
})

void test('opens again only when the load was well below both limits three times in a row', () => {
  assert.deepEqual(fed(busy, busy, nearlyBusy, nearlyBusy, nearlyBusy, nearlyBusy), [true, false, false, false, false, false])
  assert.deepEqual(fed(late, late, idle, idle, nearlyLate, idle, idle, idle), [true, false, false, false, false, false, false, true])
})

void test('limits are settings', () => {
  const admission = new Admission({ busyMax: 1, lateMsMax: Infinity })
  for (let i = 0; i < 5; i += 1) admission.report({ busy: 1, lateMsP99: 500 })
  assert.equal(admission.open, true)
})
