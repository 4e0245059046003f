// The contract of one call from dial to end. Joins SIP, media, speech and robot. Does not know Postgres, HTTP or campaigns.
import type { CallEvent } from '../events.ts'
import type { ConversationOutcome, Robot, RobotNote } from '../robot/robot.ts'
import type { ReadingDictionary } from '../speech/text/reading-dictionary.ts'
import type { UseMeter } from '../service-use.ts'
import type { CallControls, HandoverTerms, LegHooks } from './controls.ts'
import type { EndDetail, EndReason, Outcome } from './end-reason.ts'

export type CallRequest = {
  id: string
  /** E.164. */
  phone: string
  /** The trunk that the first attempt goes over, and the number it shows: one of that trunk's own. */
  trunk: string
  callerId: string
  attempt: number
  ringMsMax: number
  talkMsMax: number
  /** Where the two-channel recording goes; undefined: not recorded. */
  recordingPath?: string | undefined
  /** How humans are brought in; `handoverDefaults` when absent. */
  handover?: HandoverTerms | undefined
  /** Keep the SIP messages of this call, whatever its trunk says. */
  trace?: boolean | undefined
  /** How the account wants words read. */
  readings?: ReadingDictionary | undefined
  robot: Robot
  /** Adds up what the call takes of speech services; the robot's model tells it too. */
  meter?: UseMeter | undefined
}

/** How an attempt failed: nobody was disturbed. */
export type DialFailure = {
  trunk: string
  /** What the call would come to if it ended here. */
  outcome: Outcome
  /** 100..699; 503 and 408 also for what never reached the trunk. */
  status: number
  /** Set when the failure is our own finding and no answer of the trunk: no address, nothing sent, or no answer in time. */
  local?: 'timeout' | 'transport' | undefined
  /** The trunk's wish (RFC 3261 §20.33). */
  retryAfterMs?: number | undefined
}

/** The attempt that comes next. */
export type NextDial = {
  trunk: string
  callerId: string
  /** 2 for the second. */
  attempt: number
  ringMsMax: number
  /** To wait before it; the hook `beforeInvite` is asked after that. */
  pauseMs: number
}

/** What the owner of the call does for it. None of these may throw, except `beforeInvite`. */
export type CallHooks = {
  /** Every event but 'accepted', 'waiting', 'hold-extended' and 'ended', in order. Must not block: speech waits for nobody. */
  onEvent(event: CallEvent): void
  /** Last check, right before the INVITE leaves. Throwing RefusedError ends the call without dialling. */
  beforeInvite(): void
  /**
   * An attempt failed before anything rang. Answers with the attempt to make next, once it is durable, or undefined when this one was the
   * last. Asked for every such failure; never rejects.
   */
  onDialFailed(failure: DialFailure): Promise<NextDial | undefined>
  /** The callee's phone rings, and again when it was answered: the identity of the SIP call, to be stored so that a survivor can hang up. */
  onDialog(dialog: unknown): void
  /** Asked each second while talking; 'end' makes the robot say goodbye and hang up politely (no money left). */
  mayContinue(talkMs: number): 'continue' | 'end'
  /** More phones in this call: humans who take over, supervisors who listen. Absent: nobody else can be called. */
  legs?: LegHooks | undefined
  /** The conversation began: what can be done with it from outside, until the call is over. */
  onControls?(controls: CallControls): void
}

export type CallResult = {
  reason: EndReason
  answeredAt: Date | undefined
  /** From answer to BYE; 0 when never answered. */
  talkMs: number
  conversation: ConversationOutcome | undefined
  notes: readonly RobotNote[]
  recording: string | undefined
  media: { packetsSent: number; packetsReceived: number; packetsLost: number; pacingErrorMsP95: number } | undefined
}

/**
 * Makes one call. Never rejects: every ending is a CallResult.
 * Aborting the signal hangs up (reason `AbortSignal.reason` as StopCause) and still resolves within a few seconds. When a user asked for
 * it in a conversation, the callee is told goodbye first.
 */
export type RunCall = (request: CallRequest, hooks: CallHooks, signal: AbortSignal) => Promise<CallResult>

/** Why a call is aborted from outside; the `reason` of its signal. */
export type StopCause = { by: 'user' | 'platform'; detail: EndDetail }
