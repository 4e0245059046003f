// Knows what an announcement, a Q.850 cause or a SIP code of an unanswered call means, in this order. Does not know how they are heard or received.
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import type { Outcome } from './end-reason.ts'

/** What was announced → outcome. Undefined: it does not say how the call ends, so the codes decide. */
const byAnnouncement: Readonly<Record<EarlyMediaHeard['status'], Outcome | undefined>> = {
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

/** Q.850 cause → outcome, for causes that say more than the SIP status. Source: ITU-T Q.850 §2.2, carrier practice. */
const byCause: Readonly<Record<number, Outcome>> = {
  1: 'invalid-number',
  17: 'busy',
  18: 'no-answer',
  19: 'no-answer',
  20: 'powered-off',
  21: 'rejected',
  22: 'invalid-number',
  27: 'suspended',
  28: 'invalid-number',
  34: 'call-loss',
  38: 'line-fault',
  41: 'line-fault',
  42: 'line-fault',
  55: 'barred',
  57: 'barred',
}

/** SIP final status → outcome when there is no usable cause. Source: RFC 3261 §21, RFC 3398 §7.2.4.1, RFC 8688. */
const byStatus: Readonly<Record<number, Outcome>> = {
  301: 'forwarded',
  302: 'forwarded',
  403: 'barred',
  404: 'invalid-number',
  408: 'no-answer',
  410: 'invalid-number',
  480: 'unreachable',
  484: 'invalid-number',
  485: 'invalid-number',
  486: 'busy',
  487: 'no-answer',
  600: 'busy',
  603: 'rejected',
  604: 'invalid-number',
  607: 'carrier-blocked',
  608: 'carrier-blocked',
}

/** What a carrier answers when the two sides do not fit together: our registration, our offer, its routes. The callee has no part in it. */
const notTheCallee = new Set([300, 305, 380, 400, 401, 402, 405, 406, 407, 413, 414, 415, 416, 420, 421, 423, 481, 482, 483, 488, 493, 494, 606])

/** Statuses under which a code of the far network is more precise than the status itself. */
const causeDecides = new Set([403, 404, 408, 480, 486, 487, 500, 502, 503, 504, 603])

/** Outcome that early media tells by itself; undefined when it tells none. */
export function announcedOutcome(heard: EarlyMediaHeard | undefined): Outcome | undefined {
  return heard && byAnnouncement[heard.status]
}

/**
 * Outcome of a call that was refused or never answered.
 * `status` 100..699; `cause` from the Reason header (RFC 3326) when there was one; `heard` before it: networks that announce 关机 often
 * answer with a code that says nothing.
 */
export function outcomeOf(status: number, cause: number | undefined, heard?: EarlyMediaHeard): Outcome {
  const announced = announcedOutcome(heard)
  if (announced !== undefined) return announced
  if (cause !== undefined && causeDecides.has(status)) {
    const outcome = byCause[cause]
    // 486 with cause 21 is a hand that pressed "reject"; any other disagreement is settled for the cause as well.
    if (outcome !== undefined) return outcome
  }
  const isFault = (status >= 500 && status < 600) || notTheCallee.has(status)
  return byStatus[status] ?? (isFault ? 'line-fault' : 'unknown')
}

/**
 * True when the network refused before anybody could have been disturbed, so that one more try after `pauseMs` is right.
 * `retryAfterMs` is the network's own wish (RFC 3261 §20.33): a longer one is not overruled.
 */
export function mayTryAgainAtOnce(p: { status: number; rang: boolean; retryAfterMs?: number | undefined; pauseMs: number }): boolean {
  return !p.rang && (p.status === 500 || p.status === 503) && (p.retryAfterMs ?? 0) <= p.pauseMs
}
