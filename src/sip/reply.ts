// Knows how a response is made from its request, and the usual words for each status. Does not know who decides the status.
import { emptyBody, SipHeaders, type ReceivedRequest, type SipResponse } from './message.ts'

/** RFC 3261 §21. */
const phrases: Readonly<Record<number, string>> = {
  100: 'Trying', 180: 'Ringing', 181: 'Call Is Being Forwarded', 182: 'Queued', 183: 'Session Progress', 200: 'OK', 202: 'Accepted',
  301: 'Moved Permanently', 302: 'Moved Temporarily', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
  405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout', 410: 'Gone',
  415: 'Unsupported Media Type', 416: 'Unsupported URI Scheme', 420: 'Bad Extension', 422: 'Session Interval Too Small', 423: 'Interval Too Brief', 480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist', 482: 'Loop Detected', 484: 'Address Incomplete', 486: 'Busy Here', 487: 'Request Terminated',
  488: 'Not Acceptable Here', 491: 'Request Pending', 500: 'Server Internal Error', 501: 'Not Implemented', 503: 'Service Unavailable',
  504: 'Server Time-out', 600: 'Busy Everywhere', 603: 'Decline', 604: 'Does Not Exist Anywhere', 606: 'Not Acceptable',
}

export function phraseOf(status: number): string {
  return phrases[status] ?? phrases[Math.floor(status / 100) * 100] ?? 'Unknown'
}

export type ReplyOptions = {
  reason?: string | undefined
  /** Added to To when the request had no tag there. Every response above 100 needs one. */
  toTag?: string | undefined
  headers?: readonly (readonly [string, string])[] | undefined
  sdp?: string | undefined
}

/** RFC 3261 §8.2.6.2: Via, From, To, Call-ID and CSeq are copied; so is Record-Route when the response makes a dialog (§12.1.1). */
export function replyTo(request: ReceivedRequest, status: number, options: ReplyOptions = {}): SipResponse {
  const headers = new SipHeaders()
  for (const via of request.headers.all('Via')) headers.add('Via', via)
  if (status > 100 && status < 300) for (const route of request.headers.all('Record-Route')) headers.add('Record-Route', route)
  const to = request.headers.get('To')!
  headers.add('From', request.headers.get('From')!)
  headers.add('To', request.envelope.toTag === undefined && options.toTag !== undefined && status > 100 ? `${to};tag=${options.toTag}` : to)
  headers.add('Call-ID', request.envelope.callId).add('CSeq', request.headers.get('CSeq')!)
  for (const [name, value] of options.headers ?? []) headers.add(name, value)
  if (options.sdp !== undefined) headers.add('Content-Type', 'application/sdp')
  return { status, reason: options.reason ?? phraseOf(status), headers, body: options.sdp === undefined ? emptyBody : Buffer.from(options.sdp, 'utf8') }
}
