// Knows what the dialer needs of robots: fix their input when a call is accepted, wake them when it is dialled. Does not know what they say.
import type { Meter } from '../service-use.ts'
import type { Robot } from '../robot/robot.ts'

export type AcceptedRequirement = {
  /** JSON; stored with the call. Everything relative (明天) is fixed in it. */
  spec: unknown
  /** After this the message makes no sense any more. */
  expiresAt: Date | undefined
}

export interface RobotMaker {
  /** `handover`: the human whom this call may be handed to, E.164. Pure. Errors: InvalidInputError('user_requirement'), RefusedError('expired') when its time has passed. */
  accept(userRequirement: string, p: { acceptedAt: Date; organisation: string | undefined; handover?: string | undefined }): AcceptedRequirement
  /** Errors: Error when `spec` was not made by `accept`. */
  open(spec: unknown, p: { callId: string; startedAt: Date; attempt: number; meter?: Meter | undefined }): Robot
}
