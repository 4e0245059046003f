// Knows what is asked of us when we place a call, checks it, and writes the requests that follow from it. Does not send anything.
import { isIP } from 'node:net'
import { InvalidInputError, ProtocolError } from '../errors.ts'
import { allowedMethods, reasonHeaders } from './call-context.ts'
import type { Credentials } from './digest.ts'
import { checkExtraHeaders, type Header } from './extra-headers.ts'
import { parseNameAddr } from './header-values.ts'
import type { AnswerOffer, HangUpReason, LegEvent } from './leg.ts'
import { emptyBody, SipHeaders, toWire, type SipRequest } from './message.ts'
import { askInterval, SESSION_SECONDS_DEFAULT, SESSION_SECONDS_MIN } from './session-timer.ts'
import { GIVE_UP_MS } from './transaction-tables.ts'
import type { CallTrace } from './trace.ts'
import type { Peer } from './transport.ts'
import { parseUri, subscriberOf } from './uri.ts'

export type InviteOptions = {
  /** The first hop: the trunk's address. */
  target: Peer
  /** Tried one after the other when `target` is dead or answers 503 before anything rang (RFC 3263 §4.3). At most 16. */
  alternatives?: readonly Peer[] | undefined
  /** How long an address may say nothing at all while there is another one: default 4 s, at most the 32 s that the last one always has. */
  silenceMsMax?: number | undefined
  /** sip:, sips: or tel:. */
  requestUri: string
  /** URI or name-addr, without tag. */
  from: string
  to: string
  /** User part of Contact; the user of `from` when absent. */
  contactUser?: string | undefined
  /** Added in this order, such as P-Asserted-Identity or Route; never those that we write ourselves. */
  headers?: readonly Header[] | undefined
  /** Answers 401 and 407. The user name is the account's and need not be the user of `from`. */
  credentials?: Credentials | undefined
  /** Our offer. */
  sdp: string
  /** From the first INVITE to the answer; then CANCEL. */
  ringMsMax: number
  /** Offer reliable provisional responses (RFC 3262). Default true; some gateways break when it is named. */
  reliableProvisionals?: boolean | undefined
  /** The session timer to ask for (RFC 4028), 90..86400; 0 asks for none. Default 1800. */
  sessionSeconds?: number | undefined
  /** Answers offers inside the call. Without it, our stream stays as it is and hold is mirrored. */
  answerOffer?: AnswerOffer | undefined
  /** Keeps every message of this call. */
  trace?: CallTrace | undefined
  onEvent(event: LegEvent): void
  /** Abort hangs up, in whatever state. */
  signal?: AbortSignal | undefined
}

/** What `InviteOptions` become once checked: header values as bytes. */
export type Invitation = {
  requestUri: string
  from: string
  to: string
  contact: string
  contactUser: string | undefined
  silenceMsMax: number
  /** Those of the options, with `Supported` as it was wished. */
  headers: readonly Header[]
  body: Buffer
  /** 0: none. */
  sessionSeconds: number
}

const ALTERNATIVES_MAX = 16
const SILENCE_MS_MAX_DEFAULT = 4_000
/** The longest delay that timers keep. */
const RING_MS_MAX = 3_600_000

/** Errors: InvalidInputError naming the option that cannot be used. `contactOf` makes our Contact for a user part. */
export function checkInvitation(options: InviteOptions, contactOf: (user: string | undefined) => string): Invitation {
  checkPeer(options.target)
  if ((options.alternatives?.length ?? 0) > ALTERNATIVES_MAX) throw new InvalidInputError('alternatives', `at most ${ALTERNATIVES_MAX} alternatives`)
  for (const peer of options.alternatives ?? []) checkPeer(peer)
  const { silenceMsMax = SILENCE_MS_MAX_DEFAULT } = options
  if (!(silenceMsMax > 0 && silenceMsMax <= GIVE_UP_MS)) throw new InvalidInputError('silenceMsMax', `silenceMsMax must be above 0 and at most ${GIVE_UP_MS}`)
  if (!(options.ringMsMax > 0 && options.ringMsMax <= RING_MS_MAX)) throw new InvalidInputError('ringMsMax', `ringMsMax must be above 0 and at most ${RING_MS_MAX}`)
  const requestUri = toWire('requestUri', options.requestUri)
  checkUri('requestUri', requestUri)
  const from = checkParty('from', options.from)
  const contactUser = options.contactUser === undefined ? userOf(parseNameAddr(from).uri) : toWire('contactUser', options.contactUser)
  const contact = contactOf(contactUser)
  checkUri('contactUser', contact.slice(1, -1))
  const headers = checkExtraHeaders(options.headers ?? [])
  const sessionSeconds = options.sessionSeconds ?? SESSION_SECONDS_DEFAULT
  if (sessionSeconds !== 0 && !(Number.isInteger(sessionSeconds) && sessionSeconds >= SESSION_SECONDS_MIN && sessionSeconds <= 86_400)) {
    throw new InvalidInputError('sessionSeconds', `sessionSeconds must be 0 or ${SESSION_SECONDS_MIN}..86400`)
  }
  const supported = [...(options.reliableProvisionals === false ? [] : ['100rel']), ...(sessionSeconds === 0 ? [] : ['timer'])]
  if (supported.length > 0) headers.unshift(['Supported', supported.join(', ')])
  return { requestUri, from, to: checkParty('to', options.to), contact, contactUser, silenceMsMax, headers, body: Buffer.from(options.sdp, 'utf8'), sessionSeconds }
}

/** What tells one INVITE from another of the same call. */
export type InviteRound = {
  callId: string
  localTag: string
  cseq: number
  product: string
  credentials: readonly Header[]
  /** What a 422 asked for. */
  leastSeconds: number | undefined
}

export function inviteRequest(invitation: Invitation, round: InviteRound): SipRequest {
  const headers = new SipHeaders([
    ['Max-Forwards', '70'],
    ['From', `${invitation.from};tag=${round.localTag}`],
    ['To', invitation.to],
    ['Call-ID', round.callId],
    ['CSeq', `${round.cseq} INVITE`],
    ['Contact', invitation.contact],
    ['Allow', allowedMethods],
    ['User-Agent', round.product],
    ...invitation.headers,
    ...(invitation.sessionSeconds === 0 ? [] : askInterval(Math.max(invitation.sessionSeconds, round.leastSeconds ?? 0), { leastSeconds: round.leastSeconds })),
    ...round.credentials,
    ['Content-Type', 'application/sdp'],
  ])
  return { method: 'INVITE', uri: invitation.requestUri, headers, body: invitation.body }
}

/** RFC 3261 §9.1: the same Request-URI, From, To, Call-ID, number and Route as the INVITE; whoever sends it gives it the same Via. */
export function cancelRequest(invite: SipRequest, reason: HangUpReason | undefined): SipRequest {
  const headers = new SipHeaders([['Max-Forwards', '70']])
  for (const route of invite.headers.all('Route')) headers.add('Route', route)
  for (const name of ['From', 'To', 'Call-ID']) headers.add(name, invite.headers.get(name)!)
  headers.add('CSeq', invite.headers.get('CSeq')!.replace('INVITE', 'CANCEL')).add('User-Agent', invite.headers.get('User-Agent')!)
  for (const [name, value] of reasonHeaders(reason)) headers.add(name, value)
  return { method: 'CANCEL', uri: invite.uri, headers, body: emptyBody }
}

/** The user part for a Contact of ours that answers for `uri`. */
export function userOf(uri: string): string | undefined {
  try {
    return subscriberOf(parseUri(uri))?.replace(/[^\w+.*-]/g, '') || undefined
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** Errors: InvalidInputError unless it is a numeric address with a port. */
export function checkPeer(peer: Peer): void {
  if (isIP(peer.address) === 0) throw new InvalidInputError('target', 'SIP target must be a numeric address')
  if (!Number.isInteger(peer.port) || peer.port < 1 || peer.port > 65_535) throw new InvalidInputError('target', 'SIP target port must be 1..65535')
}

function checkUri(field: string, uri: string): void {
  try {
    parseUri(uri)
  } catch (error) {
    throw new InvalidInputError(field, `${field} is no usable SIP or tel address`, [], { cause: error })
  }
}

/** A From or To value in the form that a tag can be added to. */
function checkParty(field: string, party: string): string {
  const value = toWire(field, party).trim()
  let uri: string
  try {
    const parsed = parseNameAddr(value)
    uri = parsed.uri
    if (parsed.params.has('tag')) throw new InvalidInputError(field, `${field} must not have a tag`)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidInputError(field, `${field} is no usable SIP or tel address`, [], { cause: error })
  }
  if (value.includes('<')) {
    checkUri(field, uri)
    return value
  }
  // Bare: what follows the first ; belongs to the address here, because ours have no header parameters.
  checkUri(field, value)
  return `<${value}>`
}

/** What goes between the brackets of Refer-To. Errors: InvalidInputError. */
export function checkReferTarget(target: string): string {
  const uri = toWire('target', target.trim()).replace(/^<(.*)>$/, '$1')
  checkUri('target', uri)
  return uri
}
