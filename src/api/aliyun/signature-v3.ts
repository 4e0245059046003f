// Knows the third signature of Alibaba Cloud, ACS3-HMAC-SHA256: headers, query and body, under one canonical request. Does not know HTTP servers, keys or time.
// Source: "V3 request structure and signature" of the published documents; the vectors in the test are theirs.
import { createHash, createHmac } from 'node:crypto'
import { canonicalQuery } from './signature-v1.ts'

export const algorithmV3 = 'ACS3-HMAC-SHA256'

export type AuthorizationV3 = { keyId: string; signedHeaders: readonly string[]; signature: string }

/** Reads `ACS3-HMAC-SHA256 Credential=<id>,SignedHeaders=<a;b>,Signature=<hex>`, in any order of the three. Undefined when it is not of that form. */
export function parseAuthorizationV3(header: string): AuthorizationV3 | undefined {
  const [, list] = /^ACS3-HMAC-SHA256\s+(.{1,4000})$/.exec(header.trim()) ?? []
  if (list === undefined) return undefined
  const parts = new Map(list.split(',').map((part) => [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1).trim()]))
  const [keyId, names, signature] = [parts.get('Credential'), parts.get('SignedHeaders'), parts.get('Signature')]
  if (!keyId || !names || signature === undefined || !/^[0-9a-fA-F]{64}$/.test(signature)) return undefined
  const signedHeaders = names.split(';')
  // Sorted and each once, or two readings of the same request would be possible.
  if (signedHeaders.some((name, i) => !/^[a-z0-9-]+$/.test(name) || (i > 0 && name <= signedHeaders[i - 1]!))) return undefined
  return { keyId, signedHeaders, signature: signature.toLowerCase() }
}

export type RequestV3 = {
  /** Upper case. */
  method: string
  path: string
  query: Iterable<readonly [name: string, value: string]>
  /** Names in lower case. One that is signed and was not sent counts as empty. */
  headers: Readonly<Record<string, string | undefined>>
  signedHeaders: readonly string[]
  /** Hex of the body's SHA-256. */
  bodySha256: string
}

export function canonicalRequestV3({ method, path, query, headers, signedHeaders, bodySha256 }: RequestV3): string {
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`)
  return [method, path, canonicalQuery(query), lines.join(''), signedHeaders.join(';'), bodySha256].join('\n')
}

export function stringToSignV3(canonicalRequest: string): string {
  return `${algorithmV3}\n${createHash('sha256').update(canonicalRequest, 'utf8').digest('hex')}`
}

/** Lower-case hex. */
export function signV3(stringToSign: string, secret: string): string {
  return createHmac('sha256', secret).update(stringToSign, 'utf8').digest('hex')
}
