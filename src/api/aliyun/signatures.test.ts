import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalQuery, percentEncode, signV1, stringToSignV1 } from './signature-v1.ts'
import { canonicalRequestV3, parseAuthorizationV3, signV3, stringToSignV3 } from './signature-v3.ts'

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const common = { AccessKeyId: 'testid', SignatureMethod: 'HMAC-SHA1', SignatureVersion: '1.0' }
const smartCall = { CalledShowNumber: '05710000000', CalledNumber: '13900000000', VoiceCode: '$name$', VoiceCodeParam: `{"name":"喂,你好 (1)*~'!"}`, ActionCodeBreak: 'true' }
const smartCallV1 = { ...common, ...smartCall, Action: 'SmartCall', Version: '2017-05-25', Format: 'JSON', SignatureNonce: '11111111-2222-3333-4444-555555555555', Timestamp: '2024-01-02T03:04:05Z' }

test('V1: the published vector', () => {
  const params = { ...common, Action: 'DescribeRegions', Format: 'XML', SignatureNonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf', Timestamp: '2016-02-23T12:46:24Z', Version: '2014-05-26' }
  assert.equal(signV1(stringToSignV1('GET', Object.entries(params)), 'testsecret'), 'OLeaidS1JvxuMvnyHOwuJ+uX5qY=')
})

test('V1: every character that encoders disagree about, by GET and by POST', () => {
  const posted = stringToSignV1('POST', Object.entries(smartCallV1))
  assert.equal(
    posted,
    'POST&%2F&AccessKeyId%3Dtestid%26Action%3DSmartCall%26ActionCodeBreak%3Dtrue%26CalledNumber%3D13900000000%26CalledShowNumber%3D05710000000%26Format%3DJSON%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D11111111-2222-3333-4444-555555555555%26SignatureVersion%3D1.0%26Timestamp%3D2024-01-02T03%253A04%253A05Z%26Version%3D2017-05-25%26VoiceCode%3D%2524name%2524%26VoiceCodeParam%3D%257B%2522name%2522%253A%2522%25E5%2596%2582%252C%25E4%25BD%25A0%25E5%25A5%25BD%2520%25281%2529%252A~%2527%2521%2522%257D',
  )
  assert.equal(signV1(posted, 'testsecret'), 'mc67BiPkGNd04RY5F548ntv9atg=')
  assert.equal(signV1(stringToSignV1('GET', Object.entries(smartCallV1)), 'testsecret'), 'sHskXF0V8K0CAtg7Q+DJhsWZmRI=')
})

test('V1: the signature itself is no part of what is signed, and the order of arrival does not matter', () => {
  const shuffled = [['Signature', 'x'] as const, ...Object.entries(smartCallV1).reverse()]
  assert.equal(stringToSignV1('POST', shuffled), stringToSignV1('POST', Object.entries(smartCallV1)))
})

test('names sort by their bytes, not by a language', () => {
  assert.equal(canonicalQuery([['b', '1'], ['A', '2'], ['a', '3'], ['MenuKeyMap.10.Key', '4'], ['MenuKeyMap.2.Key', '5']]), 'A=2&MenuKeyMap.10.Key=4&MenuKeyMap.2.Key=5&a=3&b=1')
  assert.equal(percentEncode('\ud800'), '%EF%BF%BD')
})

test('V3: the published vector', () => {
  const request = canonicalRequestV3({
    method: 'POST',
    path: '/',
    query: [['RegionId', 'cn-shanghai'], ['ImageId', 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd']],
    headers: {
      host: 'ecs.cn-shanghai.aliyuncs.com', 'x-acs-action': 'RunInstances', 'x-acs-version': '2014-05-26', 'x-acs-date': '2023-10-26T10:22:32Z',
      'x-acs-signature-nonce': '3156853299f313e23d1673dc12e1703d', 'x-acs-content-sha256': emptySha256,
    },
    signedHeaders: ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version'],
    bodySha256: emptySha256,
  })
  assert.equal(stringToSignV3(request), 'ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259')
  assert.equal(signV3(stringToSignV3(request), 'YourAccessKeySecret'), '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0')
})

test('V3: the client library\'s own SmartCall', () => {
  const request = canonicalRequestV3({
    method: 'POST',
    path: '/',
    query: Object.entries(smartCall).filter(([name]) => name !== 'CalledShowNumber').concat([['CalledShowNumber', '05710000000']]),
    headers: {
      host: '127.0.0.1:8080', 'x-acs-action': 'SmartCall', 'x-acs-version': '2017-05-25', 'x-acs-date': '2024-01-02T03:04:05Z',
      'x-acs-signature-nonce': '11111111222233334444555555555555', 'x-acs-content-sha256': emptySha256,
    },
    signedHeaders: ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version'],
    bodySha256: emptySha256,
  })
  assert.equal(stringToSignV3(request), 'ACS3-HMAC-SHA256\ne6c4911c7f0f5add7ebfc8aeac2ed3d079d195ffcf6265868bfd42f15b318235')
  assert.equal(signV3(stringToSignV3(request), 'testsecret'), 'a91b24de6d33061a89abcca7a8ecb82304c0cae830bf83d901fcfcc560690aca')
})

test('V3: an authorization is read in any order, and refused when it could be read in two ways', () => {
  const signature = 'a'.repeat(64)
  assert.deepEqual(parseAuthorizationV3(`ACS3-HMAC-SHA256 SignedHeaders=host;x-acs-action, Signature=${signature.toUpperCase()}, Credential=id`), { keyId: 'id', signedHeaders: ['host', 'x-acs-action'], signature })
  for (const bad of [
    '', 'ACS3-HMAC-SHA256', 'ACS3-HMAC-SHA256 Credential=id', `ACS3-HMAC-SM3 Credential=id,SignedHeaders=host,Signature=${signature}`,
    `ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=${signature}`, `ACS3-HMAC-SHA256 Credential=id,SignedHeaders=,Signature=${signature}`,
    'ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature=zz', `ACS3-HMAC-SHA256 Credential=id,SignedHeaders=b;a,Signature=${signature}`,
    `ACS3-HMAC-SHA256 Credential=id,SignedHeaders=a;a,Signature=${signature}`, `ACS3-HMAC-SHA256 Credential=id,SignedHeaders=Host,Signature=${signature}`,
  ]) assert.equal(parseAuthorizationV3(bad), undefined, bad)
})
