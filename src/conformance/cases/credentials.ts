// Cases of what a request must carry to be believed: keys, tokens, signatures, times, nonces; and the gateway's errors. Does not know operations beyond the one that does nothing.
import { randomUUID } from 'node:crypto'
import { canonicalRequestV3, signV3, stringToSignV3 } from '../../api/aliyun/signature-v3.ts'
import { signV1, stringToSignV1 } from '../../api/aliyun/signature-v1.ts'
import type { SignedRequest } from '../../api/aliyun/signed-request.ts'
import type { Bench } from '../bench.ts'
import type { Case } from '../case.ts'
import { pages } from '../pages.ts'
import type { Item } from '../reference.ts'
import { codeOf, exchange, type Ask } from '../rpc.ts'

const { rpcSignature, v3Signature, clientErrors } = pages
const minuteMs = 60_000
const either = (...codes: string[]): string[] => codes.flatMap((code) => [`400 ${code}`, `403 ${code}`, `404 ${code}`])

type Refusal = readonly [id: string, title: string, page: Case['page'], covers: readonly Item[], expected: readonly string[], ask: (bench: Bench) => Partial<Ask>]
const missing = (name: string, also: string[] = []): Refusal => [`missing-${name.toLowerCase()}`, `without ${name}`, rpcSignature, [`V1 signature.${name}` as Item, 'Gateway errors.Missing{Name}'], either(`Missing${name}`, ...also), () => ({ params: { [name]: '' } })]
const wrongSecret = ({ target }: Bench): Ask['key'] => ({ ...target.key, secret: `${target.key.secret}x` })

const refusals: readonly Refusal[] = [
  ['unknown-key', 'a key that nobody has', clientErrors, ['Gateway errors.InvalidAccessKeyId.NotFound', 'V1 signature.AccessKeyId'], either('InvalidAccessKeyId.NotFound'), () => ({ key: { id: 'WHAK0000000000nobody', secret: 'x' } })],
  ['unknown-key-v3', 'V3: a key that nobody has', clientErrors, ['Gateway errors.InvalidAccessKeyId.NotFound'], either('InvalidAccessKeyId.NotFound'), () => ({ version: 3, key: { id: 'WHAK0000000000nobody', secret: 'x' } })],
  ['wrong-secret', 'a wrong secret', clientErrors, ['Gateway errors.SignatureDoesNotMatch'], either('SignatureDoesNotMatch'), (bench) => ({ key: wrongSecret(bench)! })],
  ['wrong-secret-v3', 'V3: a wrong secret', v3Signature, ['Gateway errors.SignatureDoesNotMatch'], either('SignatureDoesNotMatch'), (bench) => ({ version: 3, key: wrongSecret(bench)! })],
  missing('Action'), missing('Version'), missing('AccessKeyId'), missing('Signature'), missing('SignatureMethod'), missing('SignatureVersion'), missing('SignatureNonce'), missing('Timestamp'),
  ['method', 'SignatureMethod=HMAC-MD5', clientErrors, ['Gateway errors.InvalidSignatureMethod', 'V1 signature.SignatureMethod'], either('InvalidSignatureMethod'), () => ({ params: { SignatureMethod: 'HMAC-MD5' } })],
  ['signature-version', 'SignatureVersion=2.0', clientErrors, ['V1 signature.SignatureVersion'], either('IncompleteSignature', 'InvalidSignatureVersion', 'SignatureDoesNotMatch'), () => ({ params: { SignatureVersion: '2.0' } })],
  ['version', 'Version=2017-05-26', clientErrors, ['Gateway errors.InvalidVersion', 'V1 signature.Version'], either('InvalidVersion'), () => ({ params: { Version: '2017-05-26' } })],
  ['version-v3', 'V3: x-acs-version of another product', v3Signature, ['Gateway errors.InvalidVersion', 'V3 signature.x-acs-version'], either('InvalidVersion'), () => ({ version: 3, headers: { 'x-acs-version': '2017-05-26' } })],
  ['action', 'an operation that there is not', clientErrors, ['Gateway errors.InvalidAction.NotFound', 'V1 signature.Action'], either('InvalidAction.NotFound', 'InvalidApi.NotFound'), () => ({ action: 'NoSuchOperation' })],
  ['action-v3', 'V3: an operation that there is not', v3Signature, ['Gateway errors.InvalidAction.NotFound', 'V3 signature.x-acs-action'], either('InvalidAction.NotFound', 'InvalidApi.NotFound'), () => ({ version: 3, action: 'NoSuchOperation' })],
  ['time-format', 'a time that is none', clientErrors, ['Gateway errors.InvalidTimeStamp.Format', 'V1 signature.Timestamp'], either('InvalidTimeStamp.Format'), () => ({ params: { Timestamp: '2024-01-02 03:04:05' } })],
  ['time-old', 'a clock that is 16 minutes slow', clientErrors, ['Gateway errors.InvalidTimeStamp.Expired', 'V1 signature.Timestamp'], either('InvalidTimeStamp.Expired'), () => ({ nowMs: Date.now() - 16 * minuteMs })],
  ['time-new', 'a clock that is 16 minutes fast', clientErrors, ['Gateway errors.InvalidTimeStamp.Expired'], either('InvalidTimeStamp.Expired'), () => ({ nowMs: Date.now() + 16 * minuteMs })],
  ['time-old-v3', 'V3: a clock that is 16 minutes slow', v3Signature, ['Gateway errors.InvalidTimeStamp.Expired', 'V3 signature.x-acs-date'], either('InvalidTimeStamp.Expired'), () => ({ version: 3, nowMs: Date.now() - 16 * minuteMs })],
  ['time-late', 'a clock that is 14 minutes slow is good enough', clientErrors, ['V1 signature.Timestamp'], ['believed'], () => ({ nowMs: Date.now() - 14 * minuteMs })],
  ['format', 'Format=YAML', clientErrors, ['Gateway errors.InvalidParameter.Format', 'Gateway.Format'], either('InvalidParameter.Format'), () => ({ params: { Format: 'YAML' } })],
  ['put', 'PUT', clientErrors, ['Gateway errors.UnsupportedHTTPMethod', 'Gateway.other methods'], either('UnsupportedHTTPMethod'), () => ({ method: 'PUT' })],
  ['authorization', 'V3: an Authorization without signature', v3Signature, ['Gateway errors.IncompleteSignature', 'V3 signature.Authorization'], either('IncompleteSignature'), ({ target }) => ({ version: 3, meddle: (request) => ({ ...request, headers: { ...request.headers, authorization: `ACS3-HMAC-SHA256 Credential=${target.key.id}` } }) })],
  ['invalid-name', 'a number that is none: Invalid{Name}', clientErrors, ['Gateway errors.Invalid{Name}'], either('InvalidQueryDate', 'InvalidParameter', 'InvalidParameters'), () => ({ params: { QueryDate: 'tomorrow' } })],
]

const temporary: readonly Refusal[] = [
  ['sts-v1', 'a temporary key with its token', rpcSignature, ['V1 signature.SecurityToken'], ['believed'], ({ target }) => ({ key: target.temporary! })],
  ['sts-v3', 'V3: a temporary key with its token', v3Signature, ['V3 signature.x-acs-security-token', 'V3 signature.x-acs-accesskey-id'], ['believed'], ({ target }) => ({ version: 3, key: target.temporary! })],
  ['sts-without-token', 'a temporary key without its token', rpcSignature, ['V1 signature.SecurityToken'], either('MissingSecurityToken', 'InvalidAccessKeyId.NotFound'), ({ target }) => ({ key: { ...target.temporary!, token: undefined } })],
  ['sts-broken-token', 'a temporary key with a broken token', rpcSignature, ['V1 signature.SecurityToken'], either('InvalidSecurityToken.Malformed', 'InvalidSecurityToken.MismatchWithAccessKey'), ({ target }) => ({ key: { ...target.temporary!, token: 'junk' } })],
]

const refusal = (needs?: Case['needs']) => ([id, title, page, covers, expected, ask]: Refusal): Case => ({ id: `credentials/${id}`, title, page, covers, needs, expected, got: (bench) => bench.probe(ask(bench)) })

/** The same request twice: the second is known. */
const replay = (version: 1 | 3): Case => ({
  id: `credentials/replay-v${version}`, title: `V${version}: the same nonce again`, page: version === 1 ? rpcSignature : v3Signature,
  covers: ['Gateway errors.SignatureNonceUsed', version === 1 ? 'V1 signature.SignatureNonce' : 'V3 signature.x-acs-signature-nonce'], expected: either('SignatureNonceUsed'),
  async got(bench) {
    const { target } = bench
    let request: SignedRequest | undefined
    const keep = (signed: SignedRequest): SignedRequest => (request = signed)
    const first = await bench.probe({ version, meddle: keep })
    return first === 'believed' ? codeOf(await exchange(target.endpoint, request!)) : `the first: ${first}`
  },
})

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const common = { AccessKeyId: 'testid', SignatureMethod: 'HMAC-SHA1', SignatureVersion: '1.0' }
const smart = { ActionCodeBreak: 'true', CalledNumber: '13900000000', CalledShowNumber: '05710000000', VoiceCode: '$name$', VoiceCodeParam: `{"name":"喂,你好 (1)*~'!"}` }
const smartV1 = { ...common, ...smart, Action: 'SmartCall', Version: '2017-05-25', Format: 'JSON', SignatureNonce: '11111111-2222-3333-4444-555555555555', Timestamp: '2024-01-02T03:04:05Z' }
const regionsV1 = { ...common, Action: 'DescribeRegions', Format: 'XML', SignatureNonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf', Timestamp: '2016-02-23T12:46:24Z', Version: '2014-05-26' }

function vectorV3(query: Record<string, string>, headers: Record<string, string>, secret: string): string {
  const all = { 'x-acs-content-sha256': emptySha256, ...headers }
  return signV3(stringToSignV3(canonicalRequestV3({ method: 'POST', path: '/', query: Object.entries(query), headers: all, signedHeaders: Object.keys(all).sort(), bodySha256: emptySha256 })), secret)
}

/** They try the suite's own signing, without which no other case would mean anything. */
const vectors: readonly (readonly [id: string, title: string, expected: string, got: () => string])[] = [
  ['v1', 'V1: DescribeRegions, GET', 'OLeaidS1JvxuMvnyHOwuJ+uX5qY=', () => signV1(stringToSignV1('GET', Object.entries(regionsV1)), 'testsecret')],
  ['v1-smartcall-post', 'V1: SmartCall, POST', 'mc67BiPkGNd04RY5F548ntv9atg=', () => signV1(stringToSignV1('POST', Object.entries(smartV1)), 'testsecret')],
  ['v1-smartcall-get', 'V1: SmartCall, GET', 'sHskXF0V8K0CAtg7Q+DJhsWZmRI=', () => signV1(stringToSignV1('GET', Object.entries(smartV1)), 'testsecret')],
  ['v3', 'V3: RunInstances', '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0', () => vectorV3(
    { ImageId: 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd', RegionId: 'cn-shanghai' },
    { host: 'ecs.cn-shanghai.aliyuncs.com', 'x-acs-action': 'RunInstances', 'x-acs-version': '2014-05-26', 'x-acs-date': '2023-10-26T10:22:32Z', 'x-acs-signature-nonce': '3156853299f313e23d1673dc12e1703d' }, 'YourAccessKeySecret')],
  ['v3-smartcall', 'V3: SmartCall', 'a91b24de6d33061a89abcca7a8ecb82304c0cae830bf83d901fcfcc560690aca', () => vectorV3(
    smart, { host: '127.0.0.1:8080', 'x-acs-action': 'SmartCall', 'x-acs-version': '2017-05-25', 'x-acs-date': '2024-01-02T03:04:05Z', 'x-acs-signature-nonce': '11111111222233334444555555555555' }, 'testsecret')],
]

/** More at once than an account may ask of this operation in a second. */
const floodMax = 180

export const credentialCases: readonly Case[] = [
  ...vectors.map(([id, title, expected, got]): Case => ({ id: `vectors/${id}`, title: `published vector, ${title}`, page: id.startsWith('v1') ? rpcSignature : v3Signature, covers: [id.startsWith('v1') ? 'Gateway.published vectors V1' : 'Gateway.published vectors V3'], expected: [expected], got: async () => Promise.resolve(got()) })),
  ...refusals.map(refusal()),
  ...temporary.map(refusal(['temporary'])),
  { id: 'credentials/disabled-key', title: 'a key that was disabled', page: clientErrors, covers: ['Gateway errors.InvalidAccessKeyId.Inactive'], needs: ['disabled'], expected: either('InvalidAccessKeyId.Inactive', 'InvalidAccessKeyId.Disabled'), got: (bench) => bench.probe({ key: bench.target.disabled! }) },
  replay(1),
  replay(3),
  {
    id: 'credentials/nonce-of-other-request', title: 'another nonce is another request', page: rpcSignature, covers: ['V1 signature.SignatureNonce'], expected: ['believed, believed'],
    got: async (bench) => `${await bench.probe({ params: { SignatureNonce: randomUUID() } })}, ${await bench.probe({ params: { SignatureNonce: randomUUID() } })}`,
  },
  {
    id: 'credentials/throttling', title: 'more than 100 queries of one account in a second', page: clientErrors, covers: ['Gateway errors.Throttling.User'], alone: true, expected: either('Throttling.User'),
    async got(bench) {
      for (let round = 0; round < 4; round += 1) {
        const refused = (await bench.flood(floodMax)).find((code) => code !== 'OK' && !code.startsWith('is'))
        if (refused !== undefined) return refused
      }
      return `${4 * floodMax} were answered`
    },
  },
]
