// Checks the table of call states.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextState, type CallSignal, type CallState } from './call-state.ts'

test('a call goes from the queue over ringing to talking, and may end anywhere before', () => {
  const path: [CallState, CallSignal, CallState][] = [
    ['queued', 'dial', 'dialing'],
    ['dialing', 'ring', 'ringing'],
    ['dialing', 'answer', 'talking'],
    ['ringing', 'ring', 'ringing'],
    ['ringing', 'answer', 'talking'],
    ['queued', 'end', 'ended'],
    ['dialing', 'end', 'ended'],
    ['ringing', 'end', 'ended'],
    ['talking', 'end', 'ended'],
  ]
  for (const [from, signal, to] of path) assert.equal(nextState(from, signal), to)
})

test('an impossible step fails loudly', () => {
  for (const [from, signal] of [['talking', 'ring'], ['talking', 'answer'], ['queued', 'ring'], ['ended', 'end'], ['ended', 'dial'], ['ringing', 'dial']] as const) {
    assert.throws(() => nextState(from, signal), /cannot/)
  }
})
