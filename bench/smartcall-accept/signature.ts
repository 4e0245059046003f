// Measures what reading and checking a signed request costs by itself, of either generation: microseconds of this thread, median of rounds.
import { createHash, randomUUID } from 'node:crypto'
import { checkSignature, readClaim } from '../../src/api/aliyun/authenticate.ts'
import { readRpcRequest } from '../../src/api/aliyun/rpc-request.ts'
import { percentEncode, signV1, stringToSignV1 } from '../../src/api/aliyun/signature-v1.ts'
import { canonicalRequestV3, signV3, stringToSignV3 } from '../../src/api/aliyun/signature-v3.ts'
import { percentile, round } from '../figures.ts'

const ROUNDS = 9
const EACH = 2_000
const secret = 'a-secret-of-thirty-two-characters'
const keys = { find: () => Promise.resolve({ accountId: 'acc_1', secret, enabled: true }), isTemporary: () => false, findTemporary: () => Promise.resolve(undefined) }
const clock = { nowMs: () => Date.now() }
const business: [string, string][] = [['CalledNumber', '13900000000'], ['CalledShowNumber', '057100000000'], ['VoiceCode', '$name$'], ['VoiceCodeParam', '{"name":"您好，您的快递到了，请问什么时候方便取？"}'], ['OutId', '12345']]

function v1() {
  const params: [string, string][] = [...business, ['Action', 'SmartCall'], ['Version', '2017-05-25'], ['AccessKeyId', 'key'], ['SignatureMethod', 'HMAC-SHA1'], ['SignatureVersion', '1.0'], ['Timestamp', new Date().toISOString().replace(/\.\d+/, '')], ['SignatureNonce', randomUUID()]]
  params.push(['Signature', signV1(stringToSignV1('POST', params), secret)])
  const body = Buffer.from(params.map(([name, value]) => `${name}=${percentEncode(value)}`).join('&'))
  return { method: 'POST', url: '/', headers: { host: '127.0.0.1', 'content-type': 'application/x-www-form-urlencoded' }, body }
}

function v3() {
  const query = business.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
  const body = Buffer.alloc(0)
  const sha256 = createHash('sha256').update(body).digest('hex')
  const headers = { host: '127.0.0.1', 'x-acs-action': 'SmartCall', 'x-acs-version': '2017-05-25', 'x-acs-date': new Date().toISOString().replace(/\.\d+/, ''), 'x-acs-signature-nonce': randomUUID(), 'x-acs-content-sha256': sha256 }
  const signedHeaders = Object.keys(headers).sort()
  const request = readRpcRequest({ method: 'POST', url: `/?${query}`, headers, body })
  const canonical = canonicalRequestV3({ method: 'POST', path: '/', query: request.query, headers, signedHeaders, bodySha256: sha256 })
  const authorization = `ACS3-HMAC-SHA256 Credential=key,SignedHeaders=${signedHeaders.join(';')},Signature=${signV3(stringToSignV3(canonical), secret)}`
  return { method: 'POST', url: `/?${query}`, headers: { ...headers, authorization }, body }
}

export async function signatureUs(): Promise<{ v1: number; v3: number }> {
  const us = async (request: Parameters<typeof readRpcRequest>[0]): Promise<number> => {
    const rounds: number[] = []
    for (let nth = 0; nth < ROUNDS; nth += 1) {
      const startedAt = performance.now()
      for (let i = 0; i < EACH; i += 1) await checkSignature(readClaim(readRpcRequest(request), clock), keys)
      rounds.push(((performance.now() - startedAt) * 1_000) / EACH)
    }
    return round(percentile(rounds, 0.5))
  }
  return { v1: await us(v1()), v3: await us(v3()) }
}
