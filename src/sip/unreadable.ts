// Knows how to refuse a request that cannot be read, when enough of it can be to answer (RFC 3261 §8.2, §21.4.1). Does not know transactions.
import { ProtocolError } from '../errors.ts'
import { canonicalHeaderName } from './header-names.ts'
import { parseVia, viaWithSource, type Via } from './header-values.ts'
import { emptyBody, messageLimits, SipHeaders, type SipResponse } from './message.ts'
import type { Peer } from './transport.ts'

const needed = ['From', 'To', 'Call-ID', 'CSeq'] as const

/** 400, or 505 for another version of SIP. Undefined for responses, ACKs, and what has no usable Via, From, To, Call-ID and CSeq. */
export function refuseUnreadable(bytes: Uint8Array, from: Peer, why: string): { response: SipResponse; via: Via } | undefined {
  const text = Buffer.from(bytes.subarray(0, messageLimits.headBytesMax)).toString('latin1').replace(/^[\r\n]+/, '')
  const lines = text.split(/\r?\n\r?\n/, 1)[0]!.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  // Anything that names a method and SIP is a request, whatever stands between.
  const line = lines[0]!.trimEnd()
  const method = /^[A-Z]{2,32}\b/.exec(line)?.[0]
  if (method === undefined || method === 'ACK' || method === 'SIP') return undefined
  const version = / SIP\/(\d\.\d)$/.exec(line.slice(-8))?.[1]
  const headers = new SipHeaders()
  const first = new Map<string, string>()
  let top: string | undefined
  for (const line of lines.slice(1, messageLimits.headersMax)) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = canonicalHeaderName(line.slice(0, colon).trim())
    const value = line.slice(colon + 1).trim()
    if (name === 'Via') {
      headers.add('Via', top === undefined ? sourced(value, from) : value)
      top ??= value.split(',', 1)[0]!
    } else if (!first.has(name)) first.set(name, value)
  }
  // Whoever speaks another version says so in Via too; our answer still has to find it.
  const via = top === undefined ? undefined : readVia(top.replace(/^SIP\s*\/\s*\d\.\d/i, 'SIP/2.0'))
  if (!via || needed.some((name) => !first.get(name))) return undefined
  for (const name of needed) headers.add(name, name === 'To' && !/;\s*tag=/i.test(first.get(name)!) ? `${first.get(name)};tag=unreadable` : first.get(name)!)
  const status = version !== undefined && version !== '2.0' ? 505 : 400
  return { response: { status, reason: status === 505 ? 'Version Not Supported' : `Bad Request - ${why}`, headers, body: emptyBody }, via }
}

function readVia(value: string): Via | undefined {
  try {
    return parseVia(value)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** The top Via with the source in it; a line of several keeps the rest. */
function sourced(value: string, from: Peer): string {
  const comma = value.indexOf(',')
  const top = comma < 0 ? value : value.slice(0, comma)
  return readVia(top) ? `${viaWithSource(top, from)}${comma < 0 ? '' : value.slice(comma)}` : value
}
