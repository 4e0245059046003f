// Knows the bytes of SIP messages. Does not know transactions, dialogs or what a message means.
import { InvalidInputError, ProtocolError } from '../errors.ts'
import { canonicalHeaderName, listHeaders, singleHeaders } from './header-names.ts'
import { parseCSeq, parseNameAddr, parseVia, splitOutsideQuotes, type Via } from './header-values.ts'

/**
 * The headers of one message, in order. Names are canonical (`Call-ID`), list headers one value per entry.
 * Values are byte strings, one character per byte, so that a display name in GBK or UTF-8 goes back exactly as it came:
 * `toWire` and `fromWire` translate at the edge.
 */
export class SipHeaders {
  readonly #entries: [name: string, value: string][] = []

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.add(name, value)
  }
  get(name: string): string | undefined {
    for (const entry of this.#entries) if (entry[0] === name) return entry[1]
    return undefined
  }
  all(name: string): string[] {
    const values: string[] = []
    for (const entry of this.#entries) if (entry[0] === name) values.push(entry[1])
    return values
  }
  add(name: string, value: string): this {
    this.#entries.push([name, value])
    return this
  }
  prepend(name: string, value: string): this {
    this.#entries.unshift([name, value])
    return this
  }
  /** Changes the value of the first header of that name. */
  replaceFirst(name: string, value: string): void {
    for (const entry of this.#entries) {
      if (entry[0] !== name) continue
      entry[1] = value
      return
    }
  }
  get size(): number {
    return this.#entries.length
  }
  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.#entries[Symbol.iterator]()
  }
}

export type SipRequest = { method: string; uri: string; headers: SipHeaders; body: Uint8Array }
export type SipResponse = { status: number; reason: string; headers: SipHeaders; body: Uint8Array }

/** What every received message was checked to have. Tags are undefined when absent. */
export type Envelope = {
  via: Via
  callId: string
  fromTag: string | undefined
  toTag: string | undefined
  cseq: number
  /** Method of the CSeq header: for a response, the method it answers. */
  method: string
}

export type ReceivedRequest = SipRequest & { kind: 'request'; envelope: Envelope }
export type ReceivedResponse = SipResponse & { kind: 'response'; envelope: Envelope }
export type ReceivedMessage = ReceivedRequest | ReceivedResponse

export const messageLimits = {
  /** The largest UDP datagram; a stream transport uses the same. */
  messageBytesMax: 65_535,
  headBytesMax: 32_768,
  headersMax: 256,
  lineBytesMax: 8_192,
} as const

/** No body, shared. */
export const emptyBody: Uint8Array = new Uint8Array(0)

const requestLine = /^([A-Za-z0-9.!%*_+`'~-]{1,64}) +(\S+) +SIP\/2\.0 *$/i
const statusLine = /^SIP\/2\.0 +([1-6]\d\d)(?: +(.*)| *)$/i

/**
 * Reads one datagram. Tolerant of compact names, folding, bare LF, leading blank lines, missing Content-Length and odd spacing.
 * Errors: ProtocolError when it cannot be answered or matched safely (RFC 3261 §7, §8.1.1, §18.3).
 */
export function parseMessage(bytes: Uint8Array): ReceivedMessage {
  if (bytes.length > messageLimits.messageBytesMax) throw new ProtocolError('sip', 'message too long')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let begin = 0
  while (buffer[begin] === 0x0d || buffer[begin] === 0x0a) begin += 1
  const { headEnd, bodyBegin } = findBody(buffer, begin)
  if (headEnd - begin > messageLimits.headBytesMax) throw new ProtocolError('sip', 'headers too long')
  // A carriage return alone ends no line; where it came back in what we echo, some parser might think otherwise.
  const lines = buffer.toString('latin1', begin, headEnd).replace(/\r?\n[ \t]+|\r(?!\n)/g, ' ').split(/\r?\n/)
  const headers = parseHeaders(lines)
  const envelope = readEnvelope(headers)
  const body = cutBody(buffer.subarray(bodyBegin), headers.get('Content-Length'))
  const first = lines[0]!
  const status = statusLine.exec(first)
  if (status) return { kind: 'response', status: Number(status[1]), reason: (status[2] ?? '').trim(), headers, body, envelope }
  const request = requestLine.exec(first)
  if (!request) throw new ProtocolError('sip', 'unreadable first line')
  if (request[1] !== envelope.method) throw new ProtocolError('sip', 'CSeq names another method')
  return { kind: 'request', method: request[1], uri: request[2]!, headers, body, envelope }
}

function findBody(buffer: Buffer, begin: number): { headEnd: number; bodyBegin: number } {
  const crlf = buffer.indexOf('\r\n\r\n', begin, 'latin1')
  const lf = buffer.indexOf('\n\n', begin, 'latin1')
  if (crlf >= 0 && (lf < 0 || crlf < lf)) return { headEnd: crlf, bodyBegin: crlf + 4 }
  if (lf >= 0) return { headEnd: lf, bodyBegin: lf + 2 }
  throw new ProtocolError('sip', 'headers do not end')
}

function parseHeaders(lines: readonly string[]): SipHeaders {
  const headers = new SipHeaders()
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at]!
    if (line.length > messageLimits.lineBytesMax) throw new ProtocolError('sip', 'header too long')
    const colon = line.indexOf(':')
    if (colon < 1) continue // A line that is no header says nothing; the required headers are checked below.
    const name = canonicalHeaderName(line.slice(0, colon).trim())
    const value = line.slice(colon + 1).trim()
    if (singleHeaders.has(name)) {
      const earlier = headers.get(name)
      if (earlier === value) continue
      if (earlier !== undefined) throw new ProtocolError('sip', `two different ${name} headers`)
    }
    for (const part of listHeaders.has(name) ? splitOutsideQuotes(value, ',') : [value]) headers.add(name, part)
    if (headers.size > messageLimits.headersMax) throw new ProtocolError('sip', 'too many headers')
  }
  return headers
}

function readEnvelope(headers: SipHeaders): Envelope {
  const need = (name: string): string => {
    const value = headers.get(name)
    if (value === undefined || value === '') throw new ProtocolError('sip', `no ${name} header`)
    return value
  }
  const tagOf = (name: string): string | undefined => parseNameAddr(need(name)).params.get('tag') || undefined
  return { via: parseVia(need('Via')), callId: need('Call-ID'), fromTag: tagOf('From'), toTag: tagOf('To'), ...parseCSeq(need('CSeq')) }
}

/** RFC 3261 §18.3: extra bytes of a datagram are dropped, missing ones make it unusable. */
function cutBody(rest: Buffer, contentLength: string | undefined): Uint8Array {
  if (contentLength === undefined) return rest
  if (!/^\d{1,6}$/.test(contentLength)) throw new ProtocolError('sip', 'unreadable Content-Length')
  const length = Number(contentLength)
  if (length > rest.length) throw new ProtocolError('sip', 'body shorter than Content-Length')
  return rest.subarray(0, length)
}

/** Writes a message; Content-Length is always last and always right. */
export function serializeMessage(message: SipRequest | SipResponse): Buffer {
  let head = 'method' in message ? `${message.method} ${message.uri} SIP/2.0\r\n` : `SIP/2.0 ${message.status} ${message.reason}\r\n`
  for (const [name, value] of message.headers) if (name !== 'Content-Length') head += `${name}: ${value}\r\n`
  head += `Content-Length: ${message.body.length}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + message.body.length)
  bytes.write(head, 0, 'latin1')
  bytes.set(message.body, head.length)
  return bytes
}

/** Text of ours as header bytes (UTF-8). Errors: InvalidInputError for control characters, which would start a new header. */
export function toWire(field: string, text: string): string {
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) throw new InvalidInputError(field, `${field} must not contain control characters`)
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Header bytes as text to show: UTF-8, with a replacement mark for what is not. */
export function fromWire(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8')
}
