// Knows where SDP and key presses lie in a message body. Does not know what the SDP says.
import type { SipRequest, SipResponse } from './message.ts'
import { parseParams } from './header-values.ts'

const PARTS_MAX = 8

/**
 * The SDP of a message, if it has one: the whole body, or the part of a multipart body (RFC 5621) as trunks that carry ISUP send it.
 * A body without Content-Type counts as SDP when it looks like it.
 */
export function sdpOf(message: SipRequest | SipResponse): string | undefined {
  if (message.body.length === 0) return undefined
  const text = Buffer.from(message.body).toString('utf8')
  const contentType = message.headers.get('Content-Type')
  if (contentType === undefined) return text.startsWith('v=0') ? text : undefined
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/sdp') return text
  if (!type.startsWith('multipart/')) return undefined
  const boundary = parseParams(contentType.slice(contentType.indexOf(';') + 1)).get('boundary')
  if (boundary === undefined || boundary === '') return undefined
  for (const part of text.split(`--${boundary}`, PARTS_MAX)) {
    const blank = /\r?\n\r?\n/.exec(part)
    if (blank && /^(content-type|c)\s*:\s*application\/sdp\b/im.test(part.slice(0, blank.index))) return part.slice(blank.index + blank[0].length)
  }
  return undefined
}

/** True for a body that holds no SDP and must be understood (RFC 3261 §8.2.3, §20.11): to take it for no offer would be a guess. */
export function hasForeignBody(message: SipRequest): boolean {
  if (message.body.length === 0 || sdpOf(message) !== undefined) return false
  return !/;\s*handling\s*=\s*"?optional\b/i.test(message.headers.get('Content-Disposition') ?? '')
}

/** The key of an INFO request: `application/dtmf-relay` (Signal=5) or `application/dtmf` (5). */
export function digitOf(message: SipRequest): string | undefined {
  const type = message.headers.get('Content-Type')?.split(';', 1)[0]!.trim().toLowerCase()
  const text = Buffer.from(message.body.subarray(0, 256)).toString('latin1')
  const written = type === 'application/dtmf-relay' ? /^\s*Signal\s*=\s*([^\s]{1,2})\s*$/im.exec(text)?.[1] : type === 'application/dtmf' ? text.trim() : undefined
  if (written === undefined) return undefined
  // Some gateways write star and hash as event codes (RFC 4733 §3.2).
  const key = written === '10' ? '*' : written === '11' ? '#' : written.toUpperCase()
  return /^[0-9*#A-D]$/.test(key) ? key : undefined
}
