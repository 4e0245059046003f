// The states of a call as a table. Does not know what happens in them.
import assert from 'node:assert/strict'
import type { Stage } from './end-reason.ts'

export type CallState = Stage | 'ended'
export type CallSignal = 'dial' | 'ring' | 'answer' | 'end'

const steps: Record<CallState, Partial<Record<CallSignal, CallState>>> = {
  queued: { dial: 'dialing', end: 'ended' },
  dialing: { ring: 'ringing', answer: 'talking', end: 'ended' },
  // A second 180, or 183 after 180, changes nothing.
  ringing: { ring: 'ringing', answer: 'talking', end: 'ended' },
  talking: { end: 'ended' },
  ended: {},
}

/** The next state; fails loudly on an impossible step. */
export function nextState(from: CallState, signal: CallSignal): CallState {
  const to = steps[from][signal]
  assert(to, `call cannot ${signal} while ${from}`)
  return to
}
