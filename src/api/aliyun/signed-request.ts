// Knows what a client sends: an RPC call with a signature of either generation, or with one that was meddled with. Does not know how it is sent. For tests,
// fuzzing and the conformance suite, which play clients; the program itself only checks signatures.
import { createHash, randomUUID } from 'node:crypto'
import { signV1, stringToSignV1 } from './signature-v1.ts'
import { canonicalRequestV3, signV3, stringToSignV3 } from './signature-v3.ts'

export type ClientKey = { id: string; secret: string; token?: string | undefined }

export type Signing = {
  method?: string
  action: string
  /** Operation parameters, or (V1) common ones to be replaced; undefined leaves one out. */
  params?: Readonly<Record<string, string | undefined>>
  key: ClientKey
  nowMs: number
  /** Host and port of the server as the client writes them. */
  host: string
  /** Where operation parameters go; V1 puts everything else there too, or in the query with 'both'. */
  place?: 'query' | 'form' | 'both'
  /** More headers, or others in their place; signed by V3 when their names say so. */
  headers?: Readonly<Record<string, string>>
}
export type SignedRequest = { method: string; url: string; headers: Readonly<Record<string, string>>; body: Buffer }

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
const form = 'application/x-www-form-urlencoded'

/** V1 as pop-core makes it. */
export function requestV1({ method = 'POST', action, params = {}, key, nowMs, host, place = method === 'GET' ? 'query' : 'form', headers = {} }: Signing): SignedRequest {
  const all = present({
    Action: action, Version: '2017-05-25', Format: 'JSON', AccessKeyId: key.id, SignatureMethod: 'HMAC-SHA1', SignatureVersion: '1.0',
    SignatureNonce: randomUUID(), Timestamp: iso(nowMs), SecurityToken: key.token, ...params,
  })
  const signed = { ...all, Signature: all['Signature'] ?? signV1(stringToSignV1(method, Object.entries(all)), key.secret) }
  const own = new Set(Object.keys(params))
  const query = Object.entries(signed).filter(([name]) => place === 'query' || (place === 'both' && !own.has(name)))
  const body = Object.entries(signed).filter(([name]) => place === 'form' || (place === 'both' && own.has(name)))
  return toRequest(method, query, body, { host, ...headers })
}

/** V3 as the generated clients make it. */
export function requestV3({ method = 'POST', action, params = {}, key, nowMs, host, place = 'query', headers = {} }: Signing): SignedRequest {
  const entries = Object.entries(present(params))
  const [query, body] = place === 'query' ? [entries, []] : [[], entries]
  const request = toRequest(method, query, body, { host })
  const bodySha256 = createHash('sha256').update(request.body).digest('hex')
  const all: Record<string, string> = {
    ...request.headers,
    'x-acs-action': action, 'x-acs-version': '2017-05-25', 'x-acs-date': iso(nowMs), 'x-acs-signature-nonce': randomUUID(), 'x-acs-content-sha256': bodySha256,
    'x-acs-credentials-provider': key.token === undefined ? 'static_ak' : 'static_sts',
    ...(key.token === undefined ? {} : { 'x-acs-accesskey-id': key.id, 'x-acs-security-token': key.token }),
    ...headers,
  }
  const signedHeaders = Object.keys(all).filter((name) => name.startsWith('x-acs-') || name === 'host' || name === 'content-type').sort()
  const canonical = canonicalRequestV3({ method, path: '/', query, headers: all, signedHeaders, bodySha256: all['x-acs-content-sha256']! })
  const authorization = `ACS3-HMAC-SHA256 Credential=${key.id},SignedHeaders=${signedHeaders.join(';')},Signature=${signV3(stringToSignV3(canonical), key.secret)}`
  return { ...request, headers: { accept: 'application/json', authorization, ...all } }
}

function present(params: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function toRequest(method: string, query: readonly (readonly [string, string])[], body: readonly (readonly [string, string])[], headers: Readonly<Record<string, string>>): SignedRequest {
  const encoded = (pairs: readonly (readonly [string, string])[]): string => new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString()
  return {
    method,
    url: query.length === 0 ? '/' : `/?${encoded(query)}`,
    headers: { ...(body.length === 0 ? {} : { 'content-type': form }), ...headers },
    body: Buffer.from(body.length === 0 ? '' : encoded(body)),
  }
}
