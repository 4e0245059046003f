// Signed requests, keys and nonces in memory, for tests of the gateway and its fuzzing. Not for the program itself.
import { createHash, randomUUID } from 'node:crypto'
import type { SigningKey, TokenProblem } from '../../account/access-keys.ts'
import { fillTemplate, type TtsTemplates } from '../../account/tts-templates.ts'
import { InvalidInputError, NotFoundError } from '../../errors.ts'
import type { AccessKeyDesk, Nonces } from './authenticate.ts'
import type { GatewayRequest } from './gateway.ts'
import { signV1, stringToSignV1 } from './signature-v1.ts'
import { canonicalRequestV3, signV3, stringToSignV3 } from './signature-v3.ts'

export type TestKey = { id: string; secret: string; token?: string }
export const testKey: TestKey = { id: 'testid', secret: 'testsecret' }
export const temporaryKey: TestKey = { id: 'STS.temporary', secret: 'sts-secret', token: 'good-token' }

/** testKey and temporaryKey are of acc_one; `disabledid` is disabled. */
export function memoryKeys(): AccessKeyDesk {
  const tokens: Record<string, SigningKey | TokenProblem> = {
    'good-token': { accountId: 'acc_one', secret: temporaryKey.secret, enabled: true },
    'old-token': 'expired',
    'other-token': 'mismatch',
  }
  return {
    find: async (id) => Promise.resolve(id === testKey.id ? { accountId: 'acc_one', secret: testKey.secret, enabled: true } : id === 'disabledid' ? { accountId: 'acc_one', secret: testKey.secret, enabled: false } : undefined),
    isTemporary: (id) => id.startsWith('STS.'),
    findTemporary: async (_id, token) => Promise.resolve(tokens[token] ?? 'malformed'),
  }
}

export class MemoryNonces implements Nonces {
  readonly used = new Set<string>()
  async use(keyId: string, nonce: string): Promise<boolean> {
    const one = `${keyId} ${nonce}`
    if (this.used.has(one)) return Promise.resolve(false)
    this.used.add(one)
    return Promise.resolve(true)
  }
}

export type Signing = {
  method?: string
  action?: string
  /** Operation parameters, or (V1) common ones to be replaced; undefined leaves one out. */
  params?: Readonly<Record<string, string | undefined>>
  key?: TestKey
  nowMs?: number
  /** Where operation parameters go; V1 puts everything else there too. */
  place?: 'query' | 'form' | 'both'
  headers?: Readonly<Record<string, string>>
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
const form = 'application/x-www-form-urlencoded'

/** A V1 request as pop-core makes it; `sign` false leaves the signature out. */
export function signedV1({ method = 'POST', action = 'SmartCall', params = {}, key = testKey, nowMs = 0, place = method === 'GET' ? 'query' : 'form', headers = {} }: Signing = {}): GatewayRequest {
  const all = present({
    Action: action, Version: '2017-05-25', Format: 'JSON', AccessKeyId: key.id, SignatureMethod: 'HMAC-SHA1', SignatureVersion: '1.0',
    SignatureNonce: randomUUID(), Timestamp: iso(nowMs), SecurityToken: key.token, ...params,
  })
  const signed = { ...all, Signature: all['Signature'] ?? signV1(stringToSignV1(method, Object.entries(all)), key.secret) }
  const own = new Set(Object.keys(params))
  const query = Object.entries(signed).filter(([name]) => place === 'query' || (place === 'both' && !own.has(name)))
  const body = Object.entries(signed).filter(([name]) => place === 'form' || (place === 'both' && own.has(name)))
  return toRequest(method, query, body, headers)
}

/** A V3 request as the generated clients make it. */
export function signedV3({ method = 'POST', action = 'SmartCall', params = {}, key = testKey, nowMs = 0, place = 'query', headers = {} }: Signing = {}): GatewayRequest {
  const entries = Object.entries(present(params))
  const [query, body] = place === 'query' ? [entries, []] : [[], entries]
  const request = toRequest(method, query, body, {})
  const bodySha256 = createHash('sha256').update(request.body).digest('hex')
  const all: Record<string, string> = {
    ...(request.headers as Record<string, string>),
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

function toRequest(method: string, query: readonly (readonly [string, string])[], body: readonly (readonly [string, string])[], headers: Readonly<Record<string, string>>): GatewayRequest {
  const encoded = (pairs: readonly (readonly [string, string])[]): string => new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString()
  return {
    method,
    url: query.length === 0 ? '/' : `/?${encoded(query)}`,
    headers: { host: '127.0.0.1:8080', ...(body.length === 0 ? {} : { 'content-type': form }), ...headers },
    body: Buffer.from(body.length === 0 ? '' : encoded(body)),
    address: '127.0.0.1',
  }
}

/** TTS_1 has the variable `name`; TTS_2 has none and says itself that it is synthetic. */
export const memoryTemplates: Pick<TtsTemplates, 'fill'> = {
  async fill(_accountId, code, values) {
    const text = new Map([['TTS_1', '您好，${name}。'], ['TTS_2', '这是人工智能合成语音。']]).get(code)
    if (text === undefined) throw new InvalidInputError('template-code', `没有模板 ${code}`)
    return Promise.resolve({ text: fillTemplate(text, values), saysSynthetic: code === 'TTS_2' })
  },
}

/** acc_one has `welcome.wav`. */
export const memorySounds = {
  async read(name: string): Promise<unknown> {
    if (name !== 'acc_one-welcome' && name !== 'acc_one-welcome.wav') throw new NotFoundError('sound', `没有录音文件 ${name}`)
    return Promise.resolve(new Int16Array(8_000))
  },
}
