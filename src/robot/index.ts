// The table of robots: a kind → how to make one. Also what is stored with a call so that its robot can be made when it is dialled.
import { RefusedError } from '../errors.ts'
import type { Log } from '../log.ts'
import { compileRequirement, isExpired, type Requirement } from './requirement.ts'
import type { Robot } from './robot.ts'
import { createRulesRobot } from './rules.ts'

export type RobotContext = { requirement: Requirement; callId: string; now: () => Date; attempt: number; log: Log }

export const robotKinds = {
  rules: (context) => createRulesRobot(context),
} as const satisfies Record<string, (context: RobotContext) => Robot>
export type RobotKind = keyof typeof robotKinds

/** Stored with the call. The text is compiled again from the same inputs, so relative dates stay what they were at acceptance. */
type StoredRobot = { kind: RobotKind; text: string; acceptedAt: string; organisation?: string | undefined }

/**
 * What the dialer needs of robots: `accept` when a call is placed, `open` when it is dialled.
 * `accept` errors: InvalidInputError, RefusedError ('not-allowed', 'expired').
 */
export function createRobotMaker(options: { kind: RobotKind; now?: () => Date; log: Log }) {
  const now = options.now ?? (() => new Date())
  return {
    accept(text: string, p: { acceptedAt: Date; organisation: string | undefined }): { spec: unknown; expiresAt: Date | undefined } {
      const requirement = compileRequirement(text, p)
      if (isExpired(requirement, p.acceptedAt)) throw new RefusedError('expired', '通知里的时间已经过去，没有拨打：请改成将来的时间')
      const spec: StoredRobot = { kind: options.kind, text, acceptedAt: p.acceptedAt.toISOString(), organisation: p.organisation }
      return { spec, expiresAt: requirement.expiresAt }
    },
    open(spec: unknown, p: { callId: string; attempt: number }): Robot {
      const { kind, text, acceptedAt, organisation } = spec as StoredRobot
      // A robot that is no longer configured (no model any more) is played by the rules.
      const make = Object.hasOwn(robotKinds, kind) ? robotKinds[kind] : robotKinds.rules
      return make({ requirement: compileRequirement(text, { acceptedAt: new Date(acceptedAt), organisation }), callId: p.callId, now, attempt: p.attempt, log: options.log })
    },
  }
}
