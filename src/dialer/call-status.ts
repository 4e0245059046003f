// Knows which status follows which. Does not know who stores it.
import assert from 'node:assert/strict'
import type { CallEvent } from '../events.ts'

export type CallStatus = 'queued' | 'dialing' | 'ringing' | 'talking' | 'ended'

const steps: Record<CallStatus, Partial<Record<CallEvent['type'], CallStatus>>> = {
  queued: { dialing: 'dialing', ended: 'ended' },
  // Some carriers answer without ringing.
  dialing: { ringing: 'ringing', answered: 'talking', ended: 'ended' },
  // A second 18x is news for the log, not for the status.
  ringing: { ringing: 'ringing', answered: 'talking', ended: 'ended' },
  talking: { ended: 'ended' },
  ended: {},
}

/** Events that move a call; all others leave the status alone. */
export const movingEvents = ['dialing', 'ringing', 'answered', 'ended'] as const satisfies readonly CallEvent['type'][]

/** The status after an event; undefined when the event does not move the call. Errors: AssertionError on an impossible step. */
export function statusAfter(from: CallStatus, event: CallEvent['type']): CallStatus | undefined {
  if (!(movingEvents as readonly string[]).includes(event)) return undefined
  const to = steps[from][event]
  assert(to, `a call cannot be ${event} while ${from}`)
  return to
}
