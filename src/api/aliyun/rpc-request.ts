// Knows how an RPC call arrives over HTTP: parameters in the query, in a form body or in both, the rest in headers. Does not know operations or keys.
import { createHash } from 'node:crypto'
import { gatewayError, invalid, type AliyunError } from './errors.ts'

export type RpcRequest = {
  /** Upper case. */
  method: string
  query: ReadonlyMap<string, string>
  /** Query and form body together. */
  params: ReadonlyMap<string, string>
  /** Names in lower case; several of a name joined by ', ' as HTTP says. */
  headers: Readonly<Record<string, string | undefined>>
  bodySha256: string
}

/** More parameters are no call to any operation: the largest has a menu of 15 keys. */
const paramsMax = 200

/**
 * `url`: path and query as they came. `body`: raw bytes; read as a form when `content-type` says so.
 * Errors: AliyunError for parameters that have two values, so that what is signed and what is done cannot differ.
 */
export function readRpcRequest(p: { method: string; url: string; headers: Readonly<Record<string, string | readonly string[] | undefined>>; body: Buffer }): RpcRequest {
  const headers = Object.fromEntries(Object.entries(p.headers).map(([name, value]) => [name, typeof value === 'string' ? value : value?.join(', ')]))
  const at = p.url.indexOf('?')
  const query = pairs(at < 0 ? '' : p.url.slice(at + 1))
  const isForm = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '')
  const form = isForm && p.body.length > 0 ? pairs(p.body.toString('utf8')) : []
  const params = unique([...query, ...form])
  return { method: p.method, query: new Map(query), params, headers, bodySha256: createHash('sha256').update(p.body).digest('hex') }
}

/** The generation of the signature. The x-acs headers tell nothing: clients of the first one send some of them too. */
export function signatureVersionOf({ headers }: RpcRequest): 1 | 3 {
  return /^\s*ACS3-/i.test(headers['authorization'] ?? '') ? 3 : 1
}

function pairs(text: string): [string, string][] {
  return [...new URLSearchParams(text)]
}

function unique(all: readonly (readonly [string, string])[]): Map<string, string> {
  if (all.length > paramsMax) throw gatewayError('InvalidParameter.Format', ' Too many parameters.')
  const params = new Map<string, string>()
  for (const [name, value] of all) {
    // One client sends its common parameters in the query and in the form, alike.
    if (params.has(name) && params.get(name) !== value) throw twice(name)
    params.set(name, value)
  }
  return params
}

function twice(name: string): AliyunError {
  return invalid(/^[A-Za-z0-9.]{1,64}$/.test(name) ? name : 'Parameter', 'It has two values.')
}
