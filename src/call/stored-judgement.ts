// Knows how it is kept what a call came to, and whether its callee is called back. Does not know who judges or calls.
import type { Judgement } from '../robot/after-call/judgement.ts'

/** The judgement as it is kept with the call. */
export type StoredJudgement = Omit<Judgement, 'callBack'> & { callBack: (NonNullable<Judgement['callBack']> & CalledBack) | undefined }

/** `callId`: the call that was queued for it. `why`: none was. */
export type CalledBack = { callId?: string | undefined; why?: NoCallBack | undefined }
export const noCallBacks = ['not-wanted', 'no-time', 'past', 'too-far', 'too-late', 'outside-hours', 'do-not-call', 'once-only', 'no-balance', 'interrupted'] as const
/** `not-wanted`: the call was not to be called back. `too-late`: what it is about is over by then. `once-only`: it was a call back itself. */
export type NoCallBack = (typeof noCallBacks)[number]
