// Knows which headers somebody may add to an INVITE of ours, and how they are written. Does not know what they mean.
import { InvalidInputError } from '../errors.ts'
import { canonicalHeaderName, knownHeaderName } from './header-names.ts'
import { toWire } from './message.ts'

export type Header = readonly [name: string, value: string]

/** A trunk's template needs a handful. */
export const EXTRA_HEADERS_MAX = 32
const VALUE_BYTES_MAX = 4_096

/** What the user agent writes itself: the dialog, the transaction, the body, its own extensions and its credentials. */
const ours: ReadonlySet<string> = new Set([
  'Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Max-Forwards', 'Record-Route', 'Allow', 'User-Agent', 'Content-Length', 'Content-Type',
  'Content-Encoding', 'Content-Disposition', 'MIME-Version', 'Supported', 'Require', 'Session-Expires', 'Min-SE', 'RAck', 'RSeq', 'Authorization',
  'Proxy-Authorization',
])

/**
 * Headers as they go on the wire, in the order given; names we know get their usual spelling, others stay as written.
 * Errors: InvalidInputError for a name of ours, more than 32, more than 4096 bytes in one, or a value that would start another header.
 */
export function checkExtraHeaders(headers: readonly Header[]): Header[] {
  if (headers.length > EXTRA_HEADERS_MAX) throw new InvalidInputError('headers', `at most ${EXTRA_HEADERS_MAX} extra headers`)
  return headers.map(([name, text]) => {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(name)) throw new InvalidInputError('headers', 'header names are letters, digits and hyphens')
    if (ours.has(canonicalHeaderName(name))) throw new InvalidInputError('headers', `${name} is written by the user agent itself`)
    const value = toWire('headers', text)
    if (value.length > VALUE_BYTES_MAX) throw new InvalidInputError('headers', `${name} is longer than ${VALUE_BYTES_MAX} bytes`)
    return [knownHeaderName(name) ?? name, value]
  })
}
