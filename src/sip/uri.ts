// Knows sip:, sips: and tel: addresses. Does not know headers, DNS or numbering plans.
import { ProtocolError } from '../errors.ts'
import { parseParams, type Params } from './header-values.ts'

/** RFC 3261 §19.1. `user` is kept as written, escapes and `;phone-context` included, because carriers expect their own form back. */
export type SipUri = {
  scheme: 'sip' | 'sips'
  user: string | undefined
  /** A name, IPv4 or bracketed IPv6. */
  host: string
  port: number | undefined
  params: Params
  /** What follows `?`, as written. */
  headers: string | undefined
}

/** RFC 3966. `number` is kept as written, visual separators included. */
export type TelUri = { scheme: 'tel'; number: string; params: Params }

export type Uri = SipUri | TelUri

const URI_LENGTH_MAX = 1_024
const hostPort = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/

/** Errors: ProtocolError for another scheme, an empty or malformed host, a port out of range, a number without digits, or more than 1024 characters. */
export function parseUri(text: string): Uri {
  if (text.length > URI_LENGTH_MAX) throw new ProtocolError('sip', 'URI too long')
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase()
  const rest = text.slice(colon + 1)
  if (scheme === 'tel') return parseTel(rest)
  if (scheme !== 'sip' && scheme !== 'sips') throw new ProtocolError('sip', 'URI of unknown scheme')
  // A user part may hold ; and ?, so the last @ divides before anything else does.
  const at = rest.lastIndexOf('@')
  const user = at < 0 ? undefined : rest.slice(0, at)
  const question = rest.indexOf('?', at + 1)
  const beforeHeaders = rest.slice(at + 1, question < 0 ? undefined : question)
  const semicolon = beforeHeaders.indexOf(';')
  const match = hostPort.exec(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon))
  if (!match || user === '' || (user !== undefined && /[\s<>"]/.test(user))) throw new ProtocolError('sip', 'unreadable SIP URI')
  const port = match[2] === undefined ? undefined : Number(match[2])
  if (port !== undefined && (port < 1 || port > 65_535)) throw new ProtocolError('sip', 'URI port out of range')
  return {
    scheme,
    user,
    host: match[1]!,
    port,
    params: parseParams(semicolon < 0 ? '' : beforeHeaders.slice(semicolon)),
    headers: question < 0 ? undefined : rest.slice(question + 1),
  }
}

function parseTel(rest: string): TelUri {
  const semicolon = rest.indexOf(';')
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon)
  if (!/^\+?[0-9A-Fa-f*#().-]+$/.test(number) || !/[0-9A-Fa-f*#]/.test(number)) throw new ProtocolError('sip', 'unreadable tel URI')
  return { scheme: 'tel', number, params: parseParams(semicolon < 0 ? '' : rest.slice(semicolon)) }
}

export function formatUri(uri: Uri): string {
  const params = [...uri.params].map(([name, value]) => (value === '' ? `;${name}` : `;${name}=${value}`)).join('')
  if (uri.scheme === 'tel') return `tel:${uri.number}${params}`
  const user = uri.user === undefined ? '' : `${uri.user}@`
  const port = uri.port === undefined ? '' : `:${uri.port}`
  return `${uri.scheme}:${user}${uri.host}${port}${params}${uri.headers === undefined ? '' : `?${uri.headers}`}`
}

/** The subscriber an address means: the number without separators, or the decoded user part without password and parameters. */
export function subscriberOf(uri: Uri): string | undefined {
  if (uri.scheme === 'tel') return uri.number.replace(/[().-]/g, '')
  const bare = uri.user?.split(/[;:]/, 1)[0]
  if (bare === undefined || bare === '') return undefined
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare // A lone % is the peer's bug, not a reason to lose the call.
  }
}
