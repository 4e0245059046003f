// Knows how SIP header names are spelled. Does not know what their values mean.

/** One-letter forms. Source: IANA SIP header registry (RFC 3261 §7.3.3, 3515, 3841, 3892, 4028, 4474, 6665). */
const compactForms: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
}

/** Names whose spelling is not "First-Letters-Upper". Some peers compare names case-sensitively, so we write these exactly. */
const irregular = ['Call-ID', 'CSeq', 'RAck', 'RSeq', 'WWW-Authenticate', 'Min-SE', 'MIME-Version', 'SIP-ETag', 'SIP-If-Match']
const regular = [
  'Via', 'From', 'To', 'Contact', 'Route', 'Record-Route', 'Max-Forwards', 'Content-Length', 'Content-Type', 'Content-Encoding', 'Content-Disposition',
  'Allow', 'Supported', 'Require', 'Proxy-Require', 'Unsupported', 'Accept', 'Authorization', 'Proxy-Authorization', 'Proxy-Authenticate', 'Reason',
  'Retry-After', 'User-Agent', 'Server', 'Session-Expires', 'Expires', 'Event', 'Refer-To', 'Referred-By', 'P-Asserted-Identity',
  'P-Preferred-Identity', 'P-Early-Media', 'Remote-Party-ID', 'Diversion', 'History-Info', 'Privacy', 'Date', 'Timestamp', 'Warning', 'Subject',
  'Subscription-State', 'Min-Expires', 'Path', 'Service-Route', 'Allow-Events', 'Call-Info', 'Alert-Info', 'Organization', 'Priority', 'Replaces',
]

const spelling = new Map<string, string>([...irregular, ...regular].map((name) => [name.toLowerCase(), name]))
for (const [letter, name] of Object.entries(compactForms)) spelling.set(letter, name)

/** The usual spelling of a header name in any case or compact form; undefined for names that are not in the tables. */
export function knownHeaderName(raw: string): string | undefined {
  return spelling.get(raw.toLowerCase())
}

/** The canonical spelling of a header name in any case or compact form. Unknown names get a capital after each hyphen. */
export function canonicalHeaderName(raw: string): string {
  return knownHeaderName(raw) ?? raw.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

/** Headers that hold comma-separated lists, taken apart when read (RFC 3261 §7.3.1). */
export const listHeaders: ReadonlySet<string> = new Set([
  'Via', 'Contact', 'Route', 'Record-Route', 'Allow', 'Supported', 'Require', 'Proxy-Require', 'Unsupported', 'Accept', 'Reason', 'Path', 'Service-Route',
  'P-Asserted-Identity', 'P-Preferred-Identity', 'Diversion', 'History-Info', 'Allow-Events',
])

/** Headers that must say one thing only: two different ones make a message unusable. */
export const singleHeaders: ReadonlySet<string> = new Set(['From', 'To', 'Call-ID', 'CSeq', 'Content-Length', 'Max-Forwards', 'Content-Type'])
