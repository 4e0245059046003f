// Knows what a call looks like from outside this folder: its events and its handle. Does not know how either comes about.
import type { DialogState } from './dialog.ts'
import type { RingingState } from './left-call.ts'

/** Why a call that was never answered failed on our side. Undefined: the far end refused it. */
export type LocalFailure = 'timeout' | 'cancelled' | 'transport' | undefined

export type LegEvent =
  /**
   * A provisional response. `sdp` is what this one brought; `early` says that early media is agreed, by this one or an earlier one.
   * A later `sdp` replaces an earlier one, also when it comes from another early dialog (an announcement server).
   */
  | { type: 'progress'; status: number; reason: string; sdp?: string | undefined; early: boolean }
  /** Outgoing: the 2xx came and was acknowledged. Incoming: our 2xx was acknowledged. `sdp` is the far end's description in force, also when it came earlier. */
  | { type: 'answered'; status: number; sdp?: string | undefined }
  /** The far end changed the stream (re-INVITE or UPDATE) and got the answer of `answerOffer`. */
  | { type: 'remote-offer'; sdp: string }
  /** The far end answered an offer of ours inside the call: one it asked for (re-INVITE without SDP), or one that we made and that changed its side. */
  | { type: 'remote-answer'; sdp: string }
  /** A key press that came as SIP INFO. */
  | { type: 'info-digit'; digit: string }
  /**
   * The call is over and was never answered. Last event, exactly once.
   * `status` is the far end's final; 408 when none came, 487 when even our CANCEL brought none, 503 when nothing could be sent.
   * A 2xx status with `local: 'cancelled'` or `'timeout'`: the answer crossed our CANCEL and was hung up at once; a carrier bills it.
   */
  | { type: 'failed'; status: number; reason: string; q850?: number | undefined; retryAfterMs?: number | undefined; local: LocalFailure }
  /** The answered call is over. Last event, exactly once. `reason` is the text of the far end's Reason header, or ours. */
  | { type: 'ended'; by: 'remote' | 'local'; q850?: number | undefined; reason?: string | undefined }

/** Sent as `Reason: Q.850;cause=…;text="…"` (RFC 3326). */
export type HangUpReason = { q850: number; text?: string | undefined }

/**
 * Answers a new offer of the far end inside a call with our SDP, or refuses it (488) with undefined.
 * With `offer` undefined the far end asks for an offer of ours instead.
 */
export type AnswerOffer = (offer: string | undefined) => string | undefined

/** How an offer of ours inside the call came out: the far end's final status (408: none, 481: the call is not up, 491: it kept offering itself) and its description. */
export type OfferResult = { status: number; sdp?: string | undefined }

export type TransferOptions = {
  /** Every status the far end tells about the new call, the final one included. */
  onProgress?: ((status: number) => void) | undefined
  /** How long to wait for the outcome; 60 s when absent. */
  msMax?: number | undefined
}

/**
 * `connected`: the new call was answered. `failed`: it was refused with `status`. `refused`: the far end does not transfer.
 * `unknown`: it stopped telling; `status` is the last one heard, 0 for none.
 */
export type TransferResult = { outcome: 'connected' | 'failed' | 'refused' | 'unknown'; status: number }

/** What can be done in an answered call, whoever placed it. Before and after it resolves with 481. */
export interface TalkingControls {
  /** Our description of the exchange that the last event with `sdp` told the other side of: read it in the listener. Undefined before there is one. */
  readonly localSdp: string | undefined
  /** Sends INFO (RFC 6086) with a body of ours. Resolves with the final status: 408 when none came, 503 when it could not be sent. */
  sendInfo(contentType: string, body: string): Promise<number>
  /** Tells the far end to stop sending (re-INVITE with sendonly). */
  hold(): Promise<OfferResult>
  resume(): Promise<OfferResult>
  /** Offers a new description of ours by re-INVITE; undefined asks the far end for its offer, which `answerOffer` answers. Two that cross are repeated after a pause (RFC 3261 §14.1). */
  reoffer(sdp: string | undefined): Promise<OfferResult>
  /** Asks the far end to call `target` instead (REFER). It usually hangs up then; we do not. Errors: InvalidInputError for an unusable address. */
  transfer(target: string, options?: TransferOptions): Promise<TransferResult>
}

export interface OutgoingCall extends TalkingControls {
  readonly callId: string
  /** CANCEL or BYE, whichever the state asks for. Resolves when the far end answered it or the limit passed. Safe to call again. */
  hangUp(reason?: HangUpReason): Promise<void>
  /** The dialog of an answered call, to be stored so that another process can end it; undefined before and after. */
  dialogState(): DialogState | undefined
  /** The INVITE of a call that rings, to be stored likewise; undefined before and after. */
  ringingState(): RingingState | undefined
}

export type Response = { reason?: string | undefined; sdp?: string | undefined; headers?: readonly (readonly [string, string])[] | undefined }

/** A call that came in. Each of `progress`, `answer` and `reject` is false when it came too late, because the caller gave up. */
export interface IncomingCall extends TalkingControls {
  readonly callId: string
  /** As written by the caller. */
  readonly requestUri: string
  readonly from: string
  readonly to: string
  /** The caller's offer; undefined when it wants ours (then its answer comes with `answered`). */
  readonly offer: string | undefined
  /** Values of a header of the INVITE; name in canonical spelling. */
  header(name: string): string[]
  /** Receives every event from the first on, also those before this call. */
  listen(onEvent: (event: LegEvent) => void): void
  /** Answers later offers inside the call. Without it the last SDP of ours is kept and hold is mirrored. */
  answerOffer: AnswerOffer | undefined
  /** 101..199. */
  progress(status: number, response?: Response): boolean
  /** 200 with our SDP, repeated until acknowledged. */
  answer(sdp: string, response?: Omit<Response, 'sdp'>): boolean
  /** 300..699. */
  reject(status: number, response?: Omit<Response, 'sdp'>): boolean
  hangUp(reason?: HangUpReason): Promise<void>
  dialogState(): DialogState | undefined
}
