// Knows what is told about a running trunk, and how its parts come to one verdict. Pure. Does not know how the parts are found out.
import type { Protocol } from '../sip/transport.ts'

/** Plain data, safe to store as JSON. Times are milliseconds since 1970. */
export type TrunkState = {
  name: string
  /** Calls can be placed over it, as far as this process knows. */
  up: boolean
  /** Why not. */
  down?: DownReason | undefined
  /** Of `up`. */
  sinceMs: number
  registration?: RegistrationStatus | undefined
  /** The gateway that registers to us. */
  gateway?: { registered: boolean } | undefined
  targets: readonly TargetState[]
}

export type DownReason =
  /** Switched off in its configuration. */
  | 'disabled'
  /** We are not registered with the carrier, yet or any more. */
  | 'not-registered'
  /** The gateway has not registered to us. */
  | 'gateway-away'
  /** No name of its targets can be resolved. */
  | 'no-address'
  /** None of its targets answers any more, or all are unreachable. */
  | 'no-answer'

export type RegistrationStatus =
  | { kind: 'registering' }
  | { kind: 'registered'; registrar: string; sinceMs: number; untilMs: number }
  /** `status` is the carrier's, or 408 when it said nothing, 503 when nothing could be sent; 0 when its name has no address. */
  | { kind: 'failed'; status: number; reason?: string | undefined; sinceMs: number; retryAtMs: number; registrar?: string | undefined }

export type TargetState = {
  /** `192.0.2.10:5060` */
  address: string
  protocol: Protocol
  /** Undefined while nothing is known: not asked yet, or OPTIONS is off. */
  alive: boolean | undefined
  /** Of `alive`. */
  sinceMs: number
  /** From OPTIONS to its answer, the last one. */
  rttMs?: number | undefined
  /** Status of the last answer. Whatever it says, somebody is there. */
  status?: number | undefined
  lastAnswerMs?: number | undefined
  /** In a row. */
  missed: number
  /** Why, the last time: nothing came back, or nobody could be reached there (also when somebody said so: 503). */
  lastMiss?: 'silent' | 'unreachable' | undefined
}

/** What the parts of a trunk say. `resolved` is false until names were looked up once. */
export type TrunkFacts = {
  enabled: boolean
  registration: RegistrationStatus | undefined
  gateway: { registered: boolean } | undefined
  /** Whether targets other than the gateway are configured. */
  hasFixedTargets: boolean
  resolved: boolean
  targets: readonly Pick<TargetState, 'alive' | 'lastAnswerMs' | 'lastMiss'>[]
}

/** The first thing that keeps calls from being placed; undefined when nothing does. What is not known yet does not count against a trunk. */
export function downReason({ enabled, registration, gateway, hasFixedTargets, resolved, targets }: TrunkFacts): DownReason | undefined {
  if (!enabled) return 'disabled'
  if (registration && registration.kind !== 'registered') return 'not-registered'
  if (gateway && !gateway.registered && !hasFixedTargets) return 'gateway-away'
  // A gateway that has just registered has an address, although it was not looked at yet.
  if (resolved && targets.length === 0 && !gateway?.registered) return 'no-address'
  if (targets.length > 0 && targets.every(({ alive }) => alive === false) && targets.some(isProven)) return 'no-answer'
  return undefined
}

/**
 * Many carriers never answer OPTIONS and take calls all the same: silence counts only where there once was an answer. What is unreachable
 * needs no such proof.
 */
function isProven({ lastAnswerMs, lastMiss }: Pick<TargetState, 'lastAnswerMs' | 'lastMiss'>): boolean {
  return lastAnswerMs !== undefined || lastMiss === 'unreachable'
}
