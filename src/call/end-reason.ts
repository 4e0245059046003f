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

/** What exactly ended a call. A code, told in words where it is shown (`dialer/explain-words.ts`). */
export const endDetails = [
  // The network, before an answer.
  'final-response',
  'announced',
  'ring-limit',
  'no-response',
  'trunk-unreachable',
  // The far end, after it.
  'callee-hung-up',
  'line-lost',
  'no-usable-audio',
  'no-audio-received',
  'audio-stopped',
  'machine-policy',
  // The robot and the limits of a conversation.
  'robot-hung-up',
  'talk-limit',
  'balance-used-up',
  'recognition-failed',
  'synthesis-failed',
  'robot-failed',
  'conversation-closed',
  // A human who took over.
  'colleague-hung-up',
  'transferred',
  // Somebody who asked for it.
  'hung-up-by-user',
  'cancelled-by-user',
  // Rules, before any INVITE.
  'refused',
  'do-not-call',
  'expired-in-queue',
  'expired-outside-hours',
  'expired-by-frequency',
  'expired-without-balance',
  'expired-without-line',
  'no-capacity',
  // This system.
  'shutting-down',
  'sip-closing',
  'ownership-lost',
  'overdue',
  'log-full',
  'media-failed',
  'no-script',
  'internal-failure',
  'process-died',
  'abort-overdue',
] as const
export type EndDetail = (typeof endDetails)[number]

export type EndReason = {
  outcome: Outcome
  /** Who ended it. `platform`: limits, money, crash, shutdown. `colleague`: the human who had taken over. */
  by: 'callee' | 'robot' | 'user' | 'network' | 'platform' | 'colleague'
  stage: Stage
  detail: EndDetail
  /** The facts behind it, kept as they came. */
  evidence: EndEvidence
}

export type EndEvidence = {
  sipStatus?: number | undefined
  sipReason?: string | undefined
  q850Cause?: number | undefined
  /** What the network said before the answer, as recognised. */
  announcement?: string | undefined
  /** The last progress tone heard before the answer: 'ring-back', 'busy', … */
  tone?: string | undefined
  /** Which row of the outcome table decided: 'text:powered-off', 'tone:busy', 'q850:17', 'sip:486', 'trunk:1'. */
  rule?: string | undefined
  /** File with what was heard before a call that nobody answered. */
  clip?: string | undefined
  /** Who picked up, when it was no person: 'assistant', 'voicemail', 'ivr', 'fax'; and what told it. */
  answeredBy?: { who: string; because: readonly string[] } | undefined
  /** The trunk's answer came while it still rang; from it to the first sound of whoever really picked up. */
  falseAnswerMs?: number | undefined
  /** A message in no fixed language: of the file system, a rule, a far end. */
  error?: string | undefined
}

/** True when the callee's side picked up, so that the call is billed. */
export function wasAnswered(outcome: Outcome): boolean {
  return outcome === 'answered' || outcome === 'assistant'
}
