// Knows every way a call can end. Does not know wire codes of any API: each maps from here at its own edge.

/**
 * What became of a call attempt: our own taxonomy. Source: industry outcome lists (RFC 3398 and Q.850 for the causes).
 * `answered` says that somebody picked up; what the conversation came to is the robot's ConversationOutcome.
 */
export const outcomes = [
  'answered',
  'assistant',
  'no-answer',
  'busy',
  'rejected',
  'powered-off',
  'suspended',
  'invalid-number',
  'unreachable',
  'call-reminder',
  'forwarded',
  'barred',
  'carrier-blocked',
  'call-loss',
  'line-fault',
  'concurrency',
  'frequency',
  'window',
  'blacklist',
  'blind-area',
  'bad-number',
  'no-balance',
  'cancelled',
  'expired',
  'interrupted',
  'unknown',
] as const
export type Outcome = (typeof outcomes)[number]

export type Stage = 'queued' | 'dialing' | 'ringing' | 'talking'

export type EndReason = {
  outcome: Outcome
  /** Who ended it. `platform`: limits, money, crash, shutdown. */
  by: 'callee' | 'robot' | 'user' | 'network' | 'platform'
  stage: Stage
  /** Plain words for `waihu why`. */
  detail: string
  /** Raw evidence, kept as it came. */
  evidence: {
    sipStatus?: number | undefined
    sipReason?: string | undefined
    q850Cause?: number | undefined
    /** What the network said before the answer, as recognised. */
    announcement?: string | undefined
    /** The last progress tone heard before the answer: 'ring-back', 'busy', … */
    tone?: string | undefined
    error?: string | undefined
  }
}

/** True when the callee's side picked up, so that the call is billed. */
export function wasAnswered(outcome: Outcome): boolean {
  return outcome === 'answered' || outcome === 'assistant'
}
