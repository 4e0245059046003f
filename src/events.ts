// Knows everything that can happen in a call, as rows of its log. Does not know how rows are stored or shown.
import type { EndReason } from './call/end-reason.ts'
import type { TransferFailure } from './call/transfer.ts'
import type { ServiceCost } from './service-use.ts'
import type { Answerer, ConversationOutcome, RobotNote } from './robot/robot.ts'

/** Where the time of one turn went. All milliseconds; undefined when the step did not happen. */
export type TurnLatency = {
  /** From the end of the callee's speech in the audio to the decision that the turn is over. */
  endpointMs: number
  /** From that decision to the final text. */
  recognitionMs: number
  /** From the text to the robot's first words. */
  robotMs: number
  /** From the first words to their first audio. */
  synthesisMs: number
  /** From the first audio to the first RTP packet. */
  playoutMs: number
  /** From the end of speech to the first RTP packet: the sum of the five before. */
  totalMs: number
  /** From the text to the first token of the language model, within robotMs; 0 when it had come before. Undefined: the rules answered. */
  firstTokenMs?: number | undefined
  /** The answer was begun so long before the text was final, while the callee might still have gone on. Undefined: it was not begun ahead. */
  aheadMs?: number | undefined
  /** Answers that were begun for words after which the callee went on, and dropped; absent: none. */
  dropped?: number | undefined
}

export type CallEvent =
  | { type: 'accepted' }
  | { type: 'waiting'; why: 'window' | 'frequency' | 'line' | 'balance'; untilMs: number }
  | { type: 'dialing'; line: string; attempt: number }
  | { type: 'ringing'; sipStatus: number; earlyMedia: boolean }
  | { type: 'answered'; sipStatus: number }
  /** A turn of the callee, as recognised; `written`: as a person would write it (numbers in digits), when that is wanted and differs. `turn` counts from 1 over both speakers. */
  | { type: 'callee-said'; turn: number; text: string; beginAtMs: number; endAtMs: number; confidence: number; bargeIn: boolean; written?: string | undefined }
  /** What the callee heard of one utterance of the robot, logged when it ended; `plannedText` when it was cut short. */
  | { type: 'robot-said'; turn: number; text: string; plannedText?: string | undefined; cut: boolean; beginAtMs: number; endAtMs: number; source?: string | undefined; latency?: TurnLatency | undefined }
  /** A machine picked up; `because`: what told it, most important first. */
  | { type: 'answered-by'; who: Answerer; because: readonly string[] }
  /** The answer was the gateway's own: the telephone went on ringing behind it, for so long. */
  | { type: 'false-answer'; rangMs: number }
  | { type: 'keys-pressed'; digits: string }
  | { type: 'silence'; count: number }
  | { type: 'noted'; note: RobotNote }
  /**
   * A human is brought into the call. `how`: by asking the far end (REFER), by calling them while the callee waits, or while the robot talks
   * on. `failed` says why, and the robot has the callee (again); a `refer` that fails over to calling goes on with `calling`.
   */
  | {
      type: 'transfer'
      how: 'refer' | 'bridge' | 'parallel'
      state: 'referring' | 'calling' | 'ringing' | 'answered' | 'joined' | 'failed' | 'ended'
      /** E.164. */
      phone: string
      /** No colleague but whom the call was for. */
      party?: true | undefined
      why?: TransferFailure | undefined
      sipStatus?: number | undefined
      error?: string | undefined
    }
  /** A turn of the human who took over, as recognised. */
  | { type: 'colleague-said'; turn: number; text: string; beginAtMs: number; endAtMs: number; confidence: number }
  /** The callee was put on hold, or is back. */
  | { type: 'held'; on: boolean }
  /** Keys were pressed for us; which ones may be a secret. */
  | { type: 'digits-sent'; count: number }
  /** A supervisor's phone. */
  | { type: 'listening'; state: 'calling' | 'joined' | 'failed' | 'left'; phone: string; why?: TransferFailure | undefined }
  | { type: 'provider-failed'; provider: string; message: string; fallback: string }
  /** What the call took of which service, and what that costs the operator. Before the end; once more with `afterCall` when a model read what was said. */
  | { type: 'services-used'; services: readonly ServiceCost[]; afterCall?: true | undefined }
  /** The money held for the call covers this many more seconds. */
  | { type: 'hold-extended'; heldLi: number }
  | { type: 'out-of-money' }
  /** The call is over and settled. Always the last row, exactly once. */
  | {
      type: 'ended'
      reason: EndReason
      conversation?: ConversationOutcome | undefined
      talkMs: number
      billedSec: number
      costLi: number
      recording?: string | undefined
      /** End-of-call figures of the media port, for `waihu why` and the benches. */
      media?: { packetsSent: number; packetsReceived: number; packetsLost: number; pacingErrorMsP95: number } | undefined
    }

/** A row of the log: `seq` counts 1, 2, 3 … per call without gaps. */
export type CallEventRow = { seq: number; at: Date; event: CallEvent }
