// Knows what a request must carry to be believed: a key, a fresh time, a signature of either generation, a nonce. Does not know operations.
import { timingSafeEqual } from 'node:crypto'
import type { SigningKey, TokenProblem } from '../../account/access-keys.ts'
import type { Clock } from '../clock.ts'
import { gatewayError, missing } from './errors.ts'
import { signatureVersionOf, type RpcRequest } from './rpc-request.ts'
import { signV1, stringToSignV1 } from './signature-v1.ts'
import { canonicalRequestV3, parseAuthorizationV3, signV3, stringToSignV3 } from './signature-v3.ts'

/** src/account implements it. */
export interface AccessKeyDesk {
  find(id: string): Promise<SigningKey | undefined>
  isTemporary(id: string): boolean
  findTemporary(id: string, token: string): Promise<SigningKey | TokenProblem | undefined>
}
/** src/account implements it. */
export interface Nonces {
  use(keyId: string, nonce: string, requestId: string): Promise<boolean>
}

/** How far the clock of a client may be off, either way. */
const clockMsMax = 15 * 60_000
const nonceCharsMax = 128
const readableCharsMax = 8_000

/** What the request says of itself, before any of it is believed. */
export type Claim = {
  action: string
  version: string
  keyId: string
  nonce: string
  token: string | undefined
  /** Made when they are asked for: of a large request they cost time, which a stranger is not given. */
  sign: (secret: string) => string
  /** For people: what should have been signed over. */
  readable: () => string
  signature: string
}

/** Errors: AliyunError. Nothing is looked up: what costs something comes after what costs nothing. */
export function readClaim(request: RpcRequest, clock: Pick<Clock, 'nowMs'>): Claim {
  const claim = signatureVersionOf(request) === 3 ? claimV3(request) : claimV1(request)
  if (claim.nonce.length > nonceCharsMax) throw gatewayError('IncompleteSignature')
  const { timestamp } = claim
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(timestamp)) throw gatewayError('InvalidTimeStamp.Format')
  const atMs = Date.parse(timestamp)
  if (Number.isNaN(atMs)) throw gatewayError('InvalidTimeStamp.Format')
  if (Math.abs(clock.nowMs() - atMs) > clockMsMax) throw gatewayError('InvalidTimeStamp.Expired')
  return claim
}

/** The account that signed. Errors: AliyunError; OverloadedError. */
export async function checkSignature(claim: Claim, keys: AccessKeyDesk): Promise<string> {
  const key = await findKey(claim, keys)
  if (key === undefined) throw gatewayError('InvalidAccessKeyId.NotFound')
  if (!key.enabled) throw gatewayError('InvalidAccessKeyId.Inactive')
  if (!equal(claim.sign(key.secret), claim.signature)) throw gatewayError('SignatureDoesNotMatch', ` server string to sign is:${shortened(claim.readable())}`)
  return key.accountId
}

const tokenErrors = {
  malformed: 'InvalidSecurityToken.Malformed',
  expired: 'InvalidSecurityToken.Expired',
  mismatch: 'InvalidSecurityToken.MismatchWithAccessKey',
} as const

async function findKey({ keyId, token }: Claim, keys: AccessKeyDesk): Promise<SigningKey | undefined> {
  const temporary = keys.isTemporary(keyId)
  if (token === undefined || token === '') {
    if (temporary) throw gatewayError('MissingSecurityToken')
    return await keys.find(keyId)
  }
  // A token beside a lasting key is no credential of ours.
  if (!temporary) throw gatewayError('InvalidSecurityToken.MismatchWithAccessKey')
  const found = await keys.findTemporary(keyId, token)
  if (typeof found === 'string') throw gatewayError(tokenErrors[found])
  return found
}

type TimedClaim = Claim & { timestamp: string }

function claimV1(request: RpcRequest): TimedClaim {
  const { params, method } = request
  const need = (name: string): string => {
    const value = params.get(name)
    if (value === undefined || value === '') throw missing(name)
    return value
  }
  const [action, version, keyId] = [need('Action'), need('Version'), need('AccessKeyId')]
  const signature = need('Signature')
  // Clients with certificates or bearer tokens say so here; what is signed with a secret is all we know.
  if (need('SignatureMethod') !== 'HMAC-SHA1') throw gatewayError('InvalidSignatureMethod')
  if (need('SignatureVersion') !== '1.0') throw gatewayError('IncompleteSignature')
  const [timestamp, nonce] = [need('Timestamp'), need('SignatureNonce')]
  const readable = once(() => stringToSignV1(method, params))
  return { action, version, keyId, nonce, timestamp, signature, readable, token: params.get('SecurityToken'), sign: (secret) => signV1(readable(), secret) }
}

/** Whatever we act on must be signed, or somebody in between could change it. */
const mustBeSigned = ['x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version'] as const

function claimV3(request: RpcRequest): TimedClaim {
  const { headers, method, query, bodySha256 } = request
  const authorization = parseAuthorizationV3(headers['authorization'] ?? '')
  if (authorization === undefined) throw /^\s*ACS3-HMAC-SHA256\b/.test(headers['authorization'] ?? '') ? gatewayError('IncompleteSignature') : gatewayError('InvalidSignatureMethod')
  const { keyId, signedHeaders, signature } = authorization
  const [action, sha256, timestamp, nonce, version] = mustBeSigned.map((name) => {
    const value = headers[name]?.trim() ?? ''
    if (value === '') throw missing(name)
    if (!signedHeaders.includes(name)) throw gatewayError('IncompleteSignature', ` ${name} is not signed.`)
    return value
  }) as [string, string, string, string, string]
  // The body counts only as what was signed.
  if (sha256.toLowerCase() !== bodySha256) throw gatewayError('SignatureDoesNotMatch', ` x-acs-content-sha256 of the body is:${bodySha256}`)
  const named = headers['x-acs-accesskey-id']?.trim()
  if (named !== undefined && named !== keyId) throw gatewayError('IncompleteSignature', ' x-acs-accesskey-id is not the Credential.')
  const canonical = once(() => canonicalRequestV3({ method, path: '/', query, headers, signedHeaders, bodySha256: sha256 }))
  const readable = (): string => `${stringToSignV3(canonical())} canonical request is:${canonical()}`
  return { action, version, keyId, nonce, timestamp, signature, readable, token: headers['x-acs-security-token']?.trim(), sign: (secret) => signV3(stringToSignV3(canonical()), secret) }
}

/** Of a batch it is long: its beginning tells what differs. */
function shortened(text: string): string {
  return text.length > readableCharsMax ? `${text.slice(0, readableCharsMax)}…` : text
}

function once(make: () => string): () => string {
  let made: string | undefined
  return () => (made ??= make())
}

function equal(ours: string, theirs: string): boolean {
  const [a, b] = [Buffer.from(ours), Buffer.from(theirs)]
  return a.length === b.length && timingSafeEqual(a, b)
}

