// Knows who calls whom in the headers of an INVITE, made of templates because every carrier reads another header. Does not know number rules or sockets.
import { isIPv6 } from 'node:net'
import { InvalidInputError, ProtocolError } from '../errors.ts'
import { parseNameAddr } from '../sip/header-values.ts'
import { checkInvitation } from '../sip/invitation.ts'
import { parseUri, subscriberOf } from '../sip/uri.ts'
import type { HeadersConfig } from './trunk-config.ts'

/** What templates may name. Numbers are digits with + * #; addresses are as they stand in a URI (IPv6 in brackets). */
export type IdentityValues = {
  /** As the number rules wrote it. */
  callee: string
  /** The number of ours that is shown, as configured. */
  caller: string
  calleeE164: string
  callerE164: string
  domain: string
  publicAddress: string
}

/** Ready for the user agent: URI or name-addr without tag, and headers in order. */
export type Identity = { requestUri: string; from: string; to: string; contactUser: string; headers: readonly (readonly [name: string, value: string])[] }

type Templates = Record<'requestUri' | 'from' | 'to' | 'contactUser', string> & Partial<Record<IdentityField, string>>
type IdentityField = 'assertedIdentity' | 'preferredIdentity' | 'remotePartyId'

const plain = { requestUri: 'sip:{callee}@{domain}', from: '<sip:{caller}@{domain}>', to: '<sip:{callee}@{domain}>', contactUser: '{caller}' } as const satisfies Templates

/** By what is at the other end. Every template of them can be changed alone; '' leaves an identity header out. */
export const headerPresets = {
  /** IP lines of call centres, SBCs, soft switches: the caller is the user of From. */
  plain,
  /** IMS 固话 with registration: the shown number must be one of the registered line (RFC 3325 §9.2), and addresses say that they are phone numbers. */
  ims: {
    requestUri: 'sip:{callee}@{domain};user=phone',
    from: '<sip:{caller_e164}@{domain};user=phone>',
    to: '<sip:{callee}@{domain};user=phone>',
    contactUser: '{caller_e164}',
    preferredIdentity: '<sip:{caller_e164}@{domain};user=phone>',
  },
  /** GoIP, PRI and FXO gateways, which know Remote-Party-ID and nothing newer. */
  gateway: { ...plain, remotePartyId: '<sip:{caller}@{domain}>;party=calling;privacy=off;screen=yes' },
} as const satisfies Record<HeadersConfig['preset'], Templates>

const identityNames = { assertedIdentity: 'P-Asserted-Identity', preferredIdentity: 'P-Preferred-Identity', remotePartyId: 'Remote-Party-ID' } as const satisfies Record<IdentityField, string>

/** They would change where a call goes or what a request is. What the user agent writes itself it refuses itself. */
const meddlingHeaders: ReadonlySet<string> = new Set(['accept', 'event', 'expires', 'proxy-require', 'refer-to', 'referred-by', 'replaces', 'route', 'session-id'])
const names = { callee: 'callee', caller: 'caller', callee_e164: 'calleeE164', caller_e164: 'callerE164', domain: 'domain', public_address: 'publicAddress' } as const satisfies Record<string, keyof IdentityValues>

/**
 * Writes the headers of one call. Errors: InvalidInputError when a value could break out of its place, or when the call would reach
 * somebody other than the callee: configured templates were checked when they were saved, so that is the last line of defence.
 */
export function identityHeaders(config: HeadersConfig, values: IdentityValues): Identity {
  const templates: Templates = { ...headerPresets[config.preset], ...defined(config) }
  const render = (field: string, template: string): string => fill(field, template, values)
  const identity: Identity = {
    requestUri: render('requestUri', templates.requestUri),
    from: render('from', templates.from),
    to: render('to', templates.to),
    contactUser: render('contactUser', templates.contactUser),
    headers: [
      ...(Object.keys(identityNames) as IdentityField[]).flatMap((field) => {
        const template = templates[field]
        return template ? [[identityNames[field], render(field, template)] as const] : []
      }),
      ...config.extra.map(({ name, value }) => [name, render(`extra ${name}`, value)] as const),
    ],
  }
  reaches('requestUri', identity.requestUri, values)
  reaches('to', addressOf('to', identity.to), values)
  return identity
}

/** Tries the templates of a configuration on sample numbers. Errors: InvalidInputError naming the template and what is wrong with it. */
export function checkHeaders(config: HeadersConfig): void {
  for (const { name } of config.extra) {
    if (meddlingHeaders.has(name.toLowerCase())) throw new InvalidInputError('headers.extra', `${name} would change where calls go or what they are: take it out`)
  }
  const samples: IdentityValues[] = [
    { callee: '13800138000', caller: '02160001000', calleeE164: '+8613800138000', callerE164: '+862160001000', domain: 'carrier.example', publicAddress: '192.0.2.1' },
    { callee: '9057188888888#', caller: '4001234567', calleeE164: '+8657188888888', callerE164: '+864001234567', domain: '[2001:db8::1]', publicAddress: '[2001:db8::2]' },
  ]
  for (const values of samples) {
    const identity = identityHeaders(config, values)
    const { from, to, contactUser, headers } = identity
    for (const [field, party] of [['from', from], ['to', to]] as const) {
      addressOf(field, party)
      if (parseNameAddr(party).params.has('tag')) throw new InvalidInputError(`headers.${field}`, `${field} must not have a tag: tags are made for each call`)
    }
    if (!/^[\w+.*%!~'-]{1,64}$/.test(contactUser)) throw new InvalidInputError('headers.contactUser', 'contactUser becomes a user name: {caller}, {caller_e164} or letters and digits')
    for (const [name, value] of headers) if (Object.values<string>(identityNames).includes(name)) addressOf(name, value)
    acceptedByUserAgent(identity)
  }
}

/** What it would refuse at a call is refused here. */
function acceptedByUserAgent(identity: Identity): void {
  try {
    checkInvitation({ ...identity, target: { address: '192.0.2.1', port: 5_060 }, sdp: '', ringMsMax: 1_000, onEvent: () => {} }, (user) => `<sip:${user}@192.0.2.1>`)
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const field = error.field === 'headers' ? 'headers.extra' : `headers.${error.field}`
    throw new InvalidInputError(field, field === 'headers.extra' ? `${error.message}: take it out` : `${error.message} once filled in: take one of the presets as an example`, [], { cause: error })
  }
}

function defined(config: HeadersConfig): Partial<Templates> {
  const { preset: _preset, extra: _extra, ...templates } = config
  return Object.fromEntries(Object.entries(templates).filter(([, template]) => template !== undefined))
}

function fill(field: string, template: string, values: IdentityValues): string {
  const inSipUri = /\bsips?:/i.test(template)
  return template.replace(/\{([^{}]*)\}|[{}]/g, (whole, name: string | undefined) => {
    const key = name !== undefined && Object.hasOwn(names, name) ? names[name as keyof typeof names] : undefined
    if (key === undefined) throw new InvalidInputError(`headers.${field}`, `${whole} stands for nothing: there are ${Object.keys(names).map((known) => `{${known}}`).join(' ')}`)
    const value = values[key]
    const fits = key === 'domain' || key === 'publicAddress' ? /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(value) : /^\+?[\d*#]{1,32}$/.test(value)
    if (!fits) throw new InvalidInputError(`headers.${field}`, `{${name}} has a value that cannot stand in a header`)
    // RFC 3261 §25.1: # may not stand in the user part; RFC 3966 lets it.
    return inSipUri ? value.replaceAll('#', '%23') : value
  })
}

/** The URI of a From, To or identity header. */
function addressOf(field: string, value: string): string {
  try {
    const { uri } = parseNameAddr(value)
    parseUri(uri)
    return uri
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidInputError(`headers.${field}`, `${field} is no address once filled in: write "<sip:{caller}@{domain}>", "<tel:{caller_e164}>" or the like`, [], { cause: error })
  }
}

/** A template may write the callee's number in any form, but no other number: what is checked is what is called. */
function reaches(field: string, uri: string, values: IdentityValues): void {
  let subscriber: string | undefined
  try {
    const parsed = parseUri(uri)
    // What follows a ? would be headers for whoever gets the call (RFC 3261 §19.1.1).
    subscriber = parsed.scheme !== 'tel' && parsed.headers !== undefined ? undefined : subscriberOf(parsed)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new InvalidInputError(`headers.${field}`, `${field} is no address once filled in: write "sip:{callee}@{domain}", "tel:{callee_e164}" or the like`, [], { cause: error })
  }
  if (subscriber !== values.callee && subscriber !== values.calleeE164) {
    throw new InvalidInputError(`headers.${field}`, `${field} must be an address of {callee} or {callee_e164} and of nothing else; access digits belong in numbers.out`)
  }
}

/** An address as it stands in a URI. */
export function hostInUri(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}
