// Knows the grammar inside header values: lists, parameters, Via, name-addr, CSeq, Reason. Does not know messages or dialogs.
import { ProtocolError } from '../errors.ts'

/** Parameter names are lower case; a flag such as `lr` has the value ''. Values keep their case, without quotes. */
export type Params = ReadonlyMap<string, string>

const PARAMS_MAX = 64

/** Splits at `separator` outside "quotes" and <angle brackets>. Pieces are trimmed; empty ones are dropped. */
export function splitOutsideQuotes(value: string, separator: ',' | ';'): string[] {
  if (!value.includes(separator)) return value === '' ? [] : [value.trim()]
  const pieces: string[] = []
  let begin = 0
  let quoted = false
  let bracketed = false
  for (let at = 0; at < value.length; at += 1) {
    const char = value[at]
    if (quoted) {
      if (char === '\\') at += 1
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '<') bracketed = true
    else if (char === '>') bracketed = false
    else if (char === separator && !bracketed) {
      pieces.push(value.slice(begin, at).trim())
      begin = at + 1
    }
  }
  pieces.push(value.slice(begin).trim())
  return pieces.filter((piece) => piece !== '')
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  return value.slice(1, -1).replace(/\\(.)/g, '$1')
}

/** Reads `;a=b;flag;c="x"`. The first of two equal names wins; what follows the 64th is ignored. */
export function parseParams(text: string): Params {
  const params = new Map<string, string>()
  for (const piece of splitOutsideQuotes(text, ';')) {
    const equals = piece.indexOf('=')
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim().toLowerCase()
    if (name === '' || params.has(name)) continue
    if (params.size === PARAMS_MAX) break
    params.set(name, equals < 0 ? '' : unquote(piece.slice(equals + 1).trim()))
  }
  return params
}

/** RFC 3261 §20.10: `"Display" <uri>;params`, or the bare `uri;params` whose parameters belong to the header. */
export type NameAddr = { display: string | undefined; uri: string; params: Params }

export function parseNameAddr(value: string): NameAddr {
  const text = value.trim()
  let open = -1
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (quoted && char === '\\') at += 1
    else if (char === '"') quoted = !quoted
    else if (char === '<' && !quoted) {
      open = at
      break
    }
  }
  if (quoted) throw new ProtocolError('sip', 'display name without closing quote')
  if (open < 0) {
    const semicolon = text.indexOf(';')
    const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
    if (uri === '' || /\s/.test(uri)) throw new ProtocolError('sip', 'address without a usable URI')
    return { display: undefined, uri, params: parseParams(semicolon < 0 ? '' : text.slice(semicolon)) }
  }
  const close = text.indexOf('>', open)
  if (close < 0) throw new ProtocolError('sip', 'address without closing bracket')
  const display = unquote(text.slice(0, open).trim())
  const uri = text.slice(open + 1, close).trim()
  if (uri === '' || /\s/.test(uri)) throw new ProtocolError('sip', 'address without a usable URI')
  return { display: display === '' ? undefined : display, uri, params: parseParams(text.slice(close + 1)) }
}

/** RFC 3261 §20.42. `port` is undefined when sent-by names none; `rport` is '' when asked for but not filled in (RFC 3581). */
export type Via = { protocol: string; host: string; port: number | undefined; branch: string; params: Params }

const viaForm = /^SIP\s*\/\s*2\.0\s*\/\s*([\w-]+)\s+(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?:\s*:\s*(\d{1,5}))?\s*(;.*)?$/i

export function parseVia(value: string): Via {
  const match = viaForm.exec(value.trim())
  if (!match) throw new ProtocolError('sip', 'unreadable Via')
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port < 1 || port > 65_535)) throw new ProtocolError('sip', 'Via port out of range')
  const params = parseParams(match[4] ?? '')
  return { protocol: match[1]!.toUpperCase(), host: match[2]!.toLowerCase(), port, branch: params.get('branch') ?? '', params }
}

/** The far end's Via as it goes back in responses: `received` and `rport` say where the request came from (RFC 3581 §4). */
export function viaWithSource(value: string, source: { address: string; port: number }): string {
  const via = parseVia(value)
  const asksPort = via.params.get('rport') === ''
  const address = via.host.replace(/^\[|\]$/g, '')
  if (!asksPort && address === source.address) return value
  const bare = value.replace(/;\s*(received|rport)\s*(=[^;,\s]*)?/gi, '')
  return `${bare};received=${source.address}${asksPort ? `;rport=${source.port}` : ''}`
}

/** RFC 3261 §20.16: the number is below 2^31. */
export function parseCSeq(value: string): { cseq: number; method: string } {
  const match = /^(\d{1,10})\s+([!-~]{1,64})$/.exec(value.trim())
  const cseq = Number(match?.[1])
  if (!match || cseq >= 2 ** 31) throw new ProtocolError('sip', 'unreadable CSeq')
  return { cseq, method: match[2]! }
}

/** RFC 3326: what one protocol says about why. `cause` is a Q.850 cause when `protocol` is Q.850, a status when it is SIP. */
export type ReasonValue = { protocol: string; cause: number | undefined; text: string | undefined }

export function parseReason(value: string): ReasonValue {
  const [protocol = '', ...rest] = splitOutsideQuotes(value, ';')
  const params = parseParams(rest.join(';'))
  const cause = params.get('cause')
  return { protocol: protocol.toUpperCase(), cause: cause !== undefined && /^\d{1,3}$/.test(cause) ? Number(cause) : undefined, text: params.get('text') }
}

/** The Q.850 cause (1..127) among Reason headers, if there is one. */
export function q850Of(reasons: readonly string[]): number | undefined {
  for (const value of reasons) {
    if (!/^q\.850\b/i.test(value)) continue
    const reason = parseReason(value)
    if (reason.protocol === 'Q.850' && reason.cause !== undefined && reason.cause >= 1 && reason.cause <= 127) return reason.cause
  }
  return undefined
}
