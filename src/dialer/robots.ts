// Knows what the dialer needs of robots: fix their input when a call is accepted, wake them when it is dialled. Does not know what they say.
import type { Judgement, SpokenTurn } from '../robot/after-call/judgement.ts'
import type { Meter } from '../service-use.ts'
import type { ConversationOutcome, Robot, RobotNote } from '../robot/robot.ts'

export type AcceptedRequirement = {
  /** JSON; stored with the call. Everything relative (明天) is fixed in it. */
  spec: unknown
  /** After this the message makes no sense any more. */
  expiresAt: Date | undefined
}

export interface RobotMaker {
  /** `handover`: the human whom this call may be handed to, E.164. `knowledge`: what else the robot may tell. Pure. Errors: InvalidInputError('user_requirement', 'knowledge'), RefusedError('expired') when its time has passed. */
  accept(userRequirement: string, p: { acceptedAt: Date; organisation: string | undefined; handover?: string | undefined; knowledge?: string | undefined }): AcceptedRequirement
  /** Errors: Error when `spec` was not made by `accept`. */
  open(spec: unknown, p: { callId: string; startedAt: Date; attempt: number; meter?: Meter | undefined }): Robot
  /** Has everything at hand that `open` and `judge` need. Errors: NotFoundError when what the spec names is not there; OverloadedError while the database is away. Absent: they need nothing. */
  prepare?(spec: unknown): Promise<void>
  /** What a finished conversation came to, by rules alone. Pure. Absent: nothing is judged. Errors: as `open`. */
  judge?(spec: unknown, finished: FinishedCall): Judgement
  /** The judgement after a model has read the call again, where that is worth a moment. Bounded by itself; never rejects. `meter` is told what that used. Absent: there is none to ask. */
  readAgain?(spec: unknown, finished: FinishedCall, judgement: Judgement, meter?: Meter): Promise<Judgement>
}

export type FinishedCall = { turns: readonly SpokenTurn[]; notes: readonly RobotNote[]; outcome: ConversationOutcome | undefined; answered: boolean; now: Date }
