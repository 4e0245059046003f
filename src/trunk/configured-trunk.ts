// Knows what calls see of a configured trunk: number rules, templates and media wishes bound together. Does not know health, registration or when to call.
import type { Trunk, TrunkInvitation } from '../call/leg.ts'
import { InvalidInputError } from '../errors.ts'
import type { Attribution } from '../numbering/attribution.ts'
import { parseTrunkAddress } from '../sip/resolve.ts'
import { hostInUri, identityHeaders } from './identity-headers.ts'
import { callerE164, dialledNumber } from './number-rules.ts'
import { registeredTarget, type TrunkConfig } from './trunk-config.ts'

/** What the configuration does not say. Addresses are numeric or names, IPv6 without brackets. */
export type TrunkPlace = Pick<Trunk, 'userAgent' | 'mediaAddress' | 'targets'> & {
  /** In From, To and Request-URI. Asked for each call: a gateway that registers to us can move. */
  domain(): string
  attribution: Attribution
}

export function configuredTrunk(config: TrunkConfig, place: TrunkPlace): Trunk {
  return {
    name: config.name,
    userAgent: place.userAgent,
    mediaAddress: place.mediaAddress,
    targets: place.targets,
    invitation: (phone, callerId) => invitationOver(config, place, phone, callerId),
    // Of digest accounts the one for calls goes first; carriers that register a line take its account for calls as well.
    credentials: config.credentials ?? (config.registration && { username: config.registration.authUsername ?? config.registration.username, password: config.registration.password }),
    codecs: config.codecs,
    srtp: config.srtp,
    ptimeMs: config.ptimeMs,
    latch: config.latch,
    inbandDigits: config.inbandDigits,
    reliableProvisionals: config.reliableProvisionals,
    sessionSeconds: config.sessionTimerSec,
    outcomes: config.outcomes,
    trace: config.trace,
  }
}

/**
 * Errors: RefusedError `never-dial` for an emergency number; InvalidInputError when rules would dial anybody but `phone`, when `callerId` is none
 * of the trunk's numbers, or a header cannot be written: all of them mistakes of the configuration.
 */
export function invitationOver(config: TrunkConfig, place: Pick<TrunkPlace, 'domain' | 'mediaAddress' | 'attribution'>, phone: string, callerId: string): TrunkInvitation {
  // A number that is not ours must never be shown (主叫号码真实性): the carrier would refuse it at best.
  if (!config.callers.some(({ number }) => number === callerId)) throw new InvalidInputError('callerId', `主叫号码不属于线路 ${config.name}。 The caller number is none of trunk ${config.name}: add it to callers.`)
  return identityHeaders(config.headers, {
    callee: dialledNumber(phone, config.numbers.out, place.attribution),
    calleeE164: phone,
    caller: callerId,
    callerE164: callerE164(callerId),
    domain: hostInUri(place.domain()),
    publicAddress: hostInUri(place.mediaAddress),
  })
}

/** For From, To and Request-URI: what is configured, else the host of the first target, else where the gateway is. */
export function domainOf({ domain, targets }: Pick<TrunkConfig, 'domain' | 'targets'>, gatewayAddress: string): string {
  const fixed = targets.find((target) => target !== registeredTarget)
  return domain ?? (fixed === undefined ? gatewayAddress : parseTrunkAddress(fixed).host)
}
