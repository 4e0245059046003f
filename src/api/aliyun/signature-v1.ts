// Knows the first signature of Alibaba Cloud's RPC style: HMAC-SHA1 over the parameters. Does not know HTTP, keys or time.
// Source: "RPC signature mechanism" of the published documents; the vectors in the test are theirs.
import { createHmac } from 'node:crypto'

/** RFC 3986 §2.3: everything but unreserved characters, as UTF-8 in upper-case hex. A lone surrogate is sent as U+FFFD, as every encoder does. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** `a=b&c=d`, each name and value encoded, sorted by the name before it is encoded, without regard to any language. */
export function canonicalQuery(params: Iterable<readonly [name: string, value: string]>): string {
  return [...params]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&')
}

/** What the client must have signed. `params`: query and form body together, decoded; `Signature` itself is left out. `method` in upper case. */
export function stringToSignV1(method: string, params: Iterable<readonly [name: string, value: string]>): string {
  const signed = [...params].filter(([name]) => name !== 'Signature')
  return `${method}&%2F&${percentEncode(canonicalQuery(signed))}`
}

/** Base64. */
export function signV1(stringToSign: string, secret: string): string {
  return createHmac('sha1', `${secret}&`).update(stringToSign, 'utf8').digest('base64')
}
