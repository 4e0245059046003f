// What can be done with a call while it talks, from outside of its conversation. Types only. Does not know who asks, or how it is done.
import type { TransferState } from './transfer.ts'

/** `phone` is E.164. */
export type CallCommand =
  /** The callee waits, with a line and a tone; nothing of them is heard meanwhile. */
  | { type: 'hold' }
  | { type: 'resume' }
  /** Key presses to the callee's side: 0-9 * # A-D. */
  | { type: 'send-digits'; digits: string; toneMs?: number | undefined }
  /** Says a text, or plays a recorded file, now: what the robot is saying is cut. */
  | { type: 'play'; text: string; file?: string | undefined; interruptible: boolean }
  /** Hands the callee to a colleague. `by`: we call the colleague and join the two, or the far end is asked to (and we do when it does not). */
  | { type: 'transfer'; phone: string; by?: TransferMeans | undefined }
  /** The colleague is called while the robot talks on. `join` 'when-asked': not before a 'bridge'. */
  | { type: 'parallel-transfer'; phone: string; join: 'by-itself' | 'when-asked' }
  | { type: 'bridge' }
  /** A supervisor's phone is called, hears both sides and is heard by nobody. */
  | { type: 'listen'; phone: string }
  /** That supervisor, or all of them, hear no more. */
  | { type: 'stop-listening'; phone?: string | undefined }

export type TransferMeans = 'bridge' | 'refer'

/** What the call did about a command. A wish that needs a phone to be answered is done when it is dialled: the rest is told by events. */
export type CommandResult =
  | { ok: true; state: TransferState | 'held' | 'talking' | 'listening' }
  /** `not-possible`: not in this state · `refused`: a rule or a limit forbids it · `failed`: the far end or the media plane did not do it. */
  | { ok: false; code: 'not-possible' | 'refused' | 'failed'; message: string }

export interface CallControls {
  /** Never rejects. */
  command(command: CallCommand): Promise<CommandResult>
}

/** A leg to somebody whom the call is for, and not to a colleague: the rules on calling people hold for them. `callerId`: what they are to see; undefined: any number. */
export type Party = { callerId: string | undefined }

/** A channel of the trunk, with the number to show. `giveBack` is called once, when the leg is over. */
export type LegRoom = { callerId: string; giveBack(): void }

/** More phones in a call. What the owner of the call decides and keeps about them. */
export interface LegHooks {
  /** Room for one more leg on the call's trunk. Errors: RefusedError, OverloadedError. */
  admit(phone: string, party?: Party): Promise<LegRoom>
  /** Last check, right before the INVITE leaves. Errors: RefusedError. */
  beforeInvite(phone: string): void
  /** The SIP dialogs of all legs that stand now, to be stored so that a survivor can hang up. Must not throw. */
  onDialogs(dialogs: readonly unknown[]): void
}

export type HandoverTerms = {
  /** How a robot's transfer is done. */
  by: TransferMeans
  /** How long a colleague's phone may ring. */
  ringMsMax: number
  /** How long callee and colleague may talk. */
  talkMsMax: number
}
export const handoverDefaults = { by: 'bridge', ringMsMax: 30_000, talkMsMax: 1_800_000 } as const satisfies HandoverTerms
