// Knows by which code it is told that the rules forbid a call. Does not know the rules.
import type { RefusalCode } from '../../errors.ts'
import type { Admission } from './admit.ts'

export const refusalCodes = {
  'never-dial': 'never-dial',
  'do-not-call': 'do-not-call',
  window: 'calling-hours',
  frequency: 'frequency',
} as const satisfies Record<Exclude<Admission, { verdict: 'dial' }>['why'], RefusalCode>
