// The table that turns what a network said or signalled before an answer into an outcome: data only. Does not know how rows are chosen.
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import type { Outcome } from './end-reason.ts'

/** What was announced → outcome. Undefined: it does not say how the call ends, so the codes decide. */
export const outcomeOfStatus: Readonly<Record<EarlyMediaHeard['status'], Outcome | undefined>> = {
  'vacant-number': 'invalid-number',
  'number-changed': 'invalid-number',
  'wrong-format': 'invalid-number',
  suspended: 'suspended',
  'powered-off': 'powered-off',
  busy: 'busy',
  'call-waiting': 'busy',
  unreachable: 'unreachable',
  'no-answer': 'no-answer',
  'sms-reminder': 'call-reminder',
  'barred-incoming': 'barred',
  'blocked-as-spam': 'carrier-blocked',
  // Our own line may not make this call …
  'caller-barred': 'carrier-blocked',
  // … or has not been paid for: nothing that the callee has a part in.
  'caller-arrears': 'line-fault',
  'network-busy': 'line-fault',
  // Before the answer: the call was led elsewhere, and nobody took it there.
  'forwarded-to-assistant': 'forwarded',
  voicemail: 'forwarded',
  ivr: undefined,
  transferring: undefined,
  'recording-notice': undefined,
  unknown: undefined,
}

export type CodeRow = {
  /** Name in `EndReason.evidence.rule`. */
  rule: string
  /** Final statuses it holds for; both ends of a range. */
  sip: readonly (number | readonly [from: number, to: number])[]
  /** Cause of the Reason header (RFC 3326). Absent: whatever it is. */
  q850?: number
  outcome: Outcome
}

/** Statuses under which a code of the far network is more precise than the status itself. */
const causeDecides = [403, 404, 408, 480, 486, 487, 500, 502, 503, 504, 603] as const

const cause = (q850: number, outcome: Outcome): CodeRow => ({ rule: `q850:${q850}`, sip: causeDecides, q850, outcome })
const status = (sip: number, outcome: Outcome): CodeRow => ({ rule: `sip:${sip}`, sip: [sip], outcome })

/**
 * Codes → outcome, first match wins. Causes first: a far network's reason says more than the gateway's status, also where they disagree
 * (486 with cause 21 is a hand that pressed "reject"). Source: RFC 3261 §21, RFC 3398 §7.2.4.1, RFC 8197, RFC 8688, ITU-T Q.850 §2.2,
 * practice of mainland carriers.
 */
export const codeTable: readonly CodeRow[] = [
  cause(1, 'invalid-number'),
  cause(17, 'busy'),
  cause(18, 'no-answer'),
  cause(19, 'no-answer'),
  cause(20, 'powered-off'),
  cause(21, 'rejected'),
  cause(22, 'invalid-number'),
  cause(27, 'suspended'),
  cause(28, 'invalid-number'),
  cause(34, 'call-loss'),
  cause(38, 'line-fault'),
  cause(41, 'line-fault'),
  cause(42, 'line-fault'),
  cause(55, 'barred'),
  cause(57, 'barred'),
  status(301, 'forwarded'),
  status(302, 'forwarded'),
  status(403, 'barred'),
  status(404, 'invalid-number'),
  status(408, 'no-answer'),
  status(410, 'invalid-number'),
  status(480, 'unreachable'),
  status(484, 'invalid-number'),
  status(485, 'invalid-number'),
  status(486, 'busy'),
  status(487, 'no-answer'),
  status(600, 'busy'),
  status(603, 'rejected'),
  status(604, 'invalid-number'),
  status(607, 'carrier-blocked'),
  status(608, 'carrier-blocked'),
  // The two sides do not fit together: our registration, our offer, their routes. The callee has no part in it.
  { rule: 'sip:misfit', sip: [300, 305, 380, 400, 401, 402, 405, 406, 407, 413, 414, 415, 416, 420, 421, 423, 481, 482, 483, 488, 493, 494, 606], outcome: 'line-fault' },
  { rule: 'sip:5xx', sip: [[500, 599]], outcome: 'line-fault' },
  { rule: 'sip:other', sip: [[300, 699]], outcome: 'unknown' },
]
