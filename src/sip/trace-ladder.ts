// Knows how a SIP trace is told to people: one step per message, what changed under it. Does not know how it was captured.
import { canonicalHeaderName } from './header-names.ts'
import { maskPhones, splitMessage } from './trace-mask.ts'
import type { TracedMessage } from './trace.ts'

/** Worth a line whenever their value is new in its dialog. */
const told: ReadonlySet<string> = new Set([
  'From', 'To', 'Contact', 'Route', 'Record-Route', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Diversion', 'History-Info', 'Privacy',
  'Reason', 'Warning', 'Retry-After', 'Require', 'Supported', 'Unsupported', 'RSeq', 'RAck', 'Session-Expires', 'Min-SE', 'P-Early-Media', 'Refer-To',
  'Referred-By', 'Event', 'Subscription-State', 'WWW-Authenticate', 'Proxy-Authenticate', 'Authorization', 'Proxy-Authorization', 'User-Agent', 'Server',
])
const LINE_CHARACTERS_MAX = 400

export type LadderOptions = {
  /** Messages that are not there … */
  dropped: number
  /** … after this many. */
  begins: number
  maskPhones: boolean
}

export function writeLadder(messages: readonly TracedMessage[], options: LadderOptions): string {
  const first = messages[0]
  if (!first) return 'SIP trace: no message\n'
  const callIds = [...new Set(messages.map(({ callId }) => callId))]
  const lines = [
    `SIP trace of ${messages.length + options.dropped} messages from ${new Date(first.atMs).toISOString()}`,
    `us: ${endpoint(first.us)}   seconds since the first message   passwords, keys and message texts are crossed out`,
    ...callIds.map((callId, index) => `${mark(callIds, index)}Call-ID: ${plain(callId)}`),
    '',
  ]
  const seen = new Set<string>()
  const values = new Map<string, string>()
  for (const [index, message] of messages.entries()) {
    if (index === options.begins && options.dropped > 0) lines.push(`           … ${options.dropped} messages were not kept …`)
    const text = Buffer.from(message.bytes).toString('latin1')
    const { head, body } = splitMessage(options.maskPhones ? maskPhones(text) : text)
    const [firstLine = '', ...headers] = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
    const repeated = seen.has(`${message.sent} ${text}`)
    seen.add(`${message.sent} ${text}`)
    const fields = headers.filter((line) => line.includes(':')).map((line) => [canonicalHeaderName(line.slice(0, line.indexOf(':')).trim()), line.slice(line.indexOf(':') + 1).trim()] as const)
    const cseq = fields.find(([name]) => name === 'CSeq')?.[1] ?? 'no CSeq'
    const arrow = message.sent ? '──▶' : '◀──'
    const who = `${mark(callIds, callIds.indexOf(message.callId))}${arrow} ${endpoint(message.them)} ${message.protocol}`
    lines.push(`${((message.atMs - first.atMs) / 1_000).toFixed(3).padStart(9)}  ${who.padEnd(32)} ${plain(firstLine.replace(/^SIP\/2\.0 +/i, '').replace(/ +SIP\/2\.0$/i, ''))}   [${plain(cseq)}]${repeated ? ' (again)' : ''}`)
    if (repeated) continue
    for (const [name, value] of fields) {
      const key = `${message.callId} ${name}`
      if (!told.has(name) || values.get(key) === value) continue
      values.set(key, value)
      lines.push(`           ${name}: ${plain(value)}`)
    }
    const sdp = sdpSummary(body)
    if (sdp !== undefined) lines.push(`           SDP: ${plain(sdp)}`)
    else if (body !== '') lines.push(`           body of ${body.length} bytes`)
  }
  return `${lines.join('\n')}\n`
}

/** Which dialog, when there are several. */
function mark(callIds: readonly string[], index: number): string {
  return callIds.length > 1 ? `#${index + 1} ` : ''
}

function endpoint({ address, port }: { address: string; port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Header bytes as text for a terminal: nothing in it moves the cursor. */
function plain(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·')
  return text.length <= LINE_CHARACTERS_MAX ? text : `${text.slice(0, LINE_CHARACTERS_MAX)}…`
}

/** One line about each stream: `audio 10.0.0.1:6000 sendrecv, 8 PCMA/8000, ptime 20`. Undefined when there is no SDP in it. */
function sdpSummary(body: string): string | undefined {
  const begin = /(?:^|\n)v=0\r?\n/.exec(body)
  if (!begin) return undefined
  const [session = '', ...streams] = body.slice(begin.index).split(/\r?\n(?=m=)/)
  const address = (text: string): string | undefined => /^c=IN IP[46] (\S+)/m.exec(text)?.[1]
  const direction = (text: string): string | undefined => /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(text)?.[1]
  const told = streams.slice(0, 8).map((stream) => {
    const [, kind = '?', port = '?', protocol = '', formats = ''] = /^m=(\S+) (\d+)\S* (\S+) ?(.*)/.exec(stream) ?? []
    const codecs = formats.trim().split(/\s+/).slice(0, 24).map((format) => `${format} ${new RegExp(`^a=rtpmap:${format.replace(/\D/g, '')} (\\S+)`, 'm').exec(stream)?.[1] ?? ''}`.trim())
    const more = [/^a=(ptime:\d+)/m, /^a=(maxptime:\d+)/m, /^a=(crypto:\d+ \S+)/m].map((form) => form.exec(stream)?.[1]).filter((text) => text !== undefined)
    const where = `${kind} ${address(stream) ?? address(session) ?? '?'}:${port}`
    return [[where, protocol === 'RTP/AVP' ? undefined : protocol, direction(stream) ?? direction(session)].filter((word) => word !== undefined).join(' '), ...codecs, ...more].join(', ')
  })
  return told.length === 0 ? 'no stream' : told.join('; ')
}
