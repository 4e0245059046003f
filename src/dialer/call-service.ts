// What the APIs ask of the dialer: place, look up, follow, stop. Does not know HTTP or wire formats.
import type { CallEventRow } from '../events.ts'
import type { CallCommand } from '../call/controls.ts'
import type { EndReason } from '../call/end-reason.ts'
import type { Controlled } from './command-desk.ts'
import type { CallTicket } from '../db/call-tickets.ts'
import type { ReceiptKind } from '../db/receipt-moments.ts'
import type { AnnouncementPlan } from '../robot/announcement.ts'
import type { CallbackPlan } from '../robot/callback/plan.ts'
import type { ConnectPlan } from '../robot/connect.ts'
import type { ConversationOutcome } from '../robot/robot.ts'
import type { StoredJudgement } from '../call/stored-judgement.ts'
import type { Blocked } from './trunk-choice.ts'

export type PlaceRequest = {
  accountId: string
  source: 'stepone' | 'aliyun'
  /** As the customer wrote them; may hold several numbers in one string. */
  phones: string
  userRequirement: string
  idempotencyKey?: string | undefined
  /** The trunk to go over, and the number to show; undefined: whatever is free. */
  line?: string | undefined
  caller?: string | undefined
  /** Like `caller`, but only where somebody's telephone rings: the simulated carrier shows its own number. */
  callerIfReal?: string | undefined
  /** The human whom a callee is handed to that asks for one, as the customer wrote it; undefined: the configured one. */
  handoverPhone?: string | undefined
  /** Said instead of a conversation about `userRequirement`, which then only tells people what the call is about. */
  announcement?: AnnouncementPlan | undefined
  /** Likewise: a customer's callback server leads the conversation. */
  callback?: CallbackPlan | undefined
  /** Likewise: a published script speaks. `version`: not the one that is published now; `vars`: its variables. */
  script?: { id: string; version?: number | undefined; vars: Readonly<Record<string, string>> } | undefined
  /** Likewise: whoever answers is connected with somebody else. `to`, `callerId`: as the customer wrote them; of one number only. */
  connect?: (Omit<ConnectPlan, 'to'> & { toAsGiven: string }) | undefined
  /** What another face calls it. Of one number only. */
  ticket?: CallTicket | undefined
  /** What else the robot may tell and answer with, as text. */
  knowledge?: string | undefined
  /** A callee who asks to be called back at a time is called then, once. Default: it is only recorded. */
  callsBack?: boolean | undefined
}

export type CallRecord = {
  id: string
  /** Whom the call connects with whoever answers it: as the customer wrote the number, and the number that they see. */
  connects?: { phoneAsGiven: string; callerId: string | undefined } | undefined
  phone: string
  phoneAsGiven: string
  userRequirement: string
  status: 'queued' | 'dialing' | 'ringing' | 'talking' | 'ended'
  waitingFor: 'window' | 'frequency' | 'line' | 'balance' | undefined
  /** What keeps the trunks from taking it, when it waits for them. */
  waitingBecause?: Blocked | undefined
  /** Of the last attempt. */
  trunk?: string | undefined
  callerId?: string | undefined
  createdAt: Date
  dialingAt: Date | undefined
  ringingAt: Date | undefined
  answeredAt: Date | undefined
  endedAt: Date | undefined
  reason: EndReason | undefined
  conversation: ConversationOutcome | undefined
  talkMs: number | undefined
  billedSec: number | undefined
  costLi: number | undefined
  summary: string | undefined
  slots: Readonly<Record<string, string>> | undefined
  judgement?: StoredJudgement | undefined
  /** The call in which this one was asked for. */
  callBackOf?: string | undefined
  recording: string | undefined
}

/** Something about a call that its account could not be told. `againAt` undefined: it is not tried any more. */
export type Undelivered = { what: 'webhook' | ReceiptKind; attempts: number; error: string; againAt: Date | undefined }

export interface CallService {
  /**
   * Accepts calls: all of them or none. Durable when it resolves.
   * Errors: InvalidInputError (each bad number listed; 'line', 'caller'), RefusedError (do-not-call, hours, frequency, never-dial, no-balance, idempotency-conflict), OverloadedError.
   */
  place(request: PlaceRequest): Promise<{ callIds: string[]; replayed: boolean }>
  /** Errors: NotFoundError, also for another account's call. */
  lookUp(accountId: string, callId: string): Promise<CallRecord>
  /** The call's log as far as it is written now, from the first row on. Errors: NotFoundError. */
  events(accountId: string, callId: string): Promise<CallEventRow[]>
  /** The call's log after `afterSeq`, in order, without gap or repeat, then live until the 'ended' row or abort. */
  follow(accountId: string, callId: string, afterSeq: number, signal: AbortSignal): AsyncIterable<CallEventRow>
  /** Cancels before dialling, hangs up after. Resolves when the wish is durable; 'already-ended' when there was nothing to stop. */
  stop(accountId: string, callId: string, wish: 'cancel' | 'hang-up'): Promise<'stopping' | 'already-ended'>
  /**
   * Has a talking call do something, on whichever process it is. Phones in `command` as the customer wrote them. Resolves when the call did it,
   * or began it (its log tells the rest).
   * Errors: NotFoundError; RefusedError `not-live` (nobody talks in it), `no-owner` (its process is gone), `not-possible` (not in its state),
   * `never-dial`, `do-not-call`; InvalidInputError; OverloadedError when its process did not begin in time: then it will not be done.
   */
  control(accountId: string, callId: string, command: CallCommand): Promise<Controlled>
  list(accountId: string, limit: number): Promise<CallRecord[]>
  /** What of a call was sent to its account in vain, so far or for good. Errors: NotFoundError. */
  undelivered(accountId: string, callId: string): Promise<Undelivered[]>
  /** The call that another face calls so. Undefined: none of this account. */
  ticket(accountId: string, wireId: string): Promise<(CallTicket & { callId: string }) | undefined>
}
