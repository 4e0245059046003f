// Cases of the gateway: where parameters may be, how answers look, what is ignored. Does not know operations beyond the one that does nothing.
import type { Case } from '../case.ts'
import type { Ask } from '../rpc.ts'
import { pages } from '../pages.ts'
import type { Item } from '../reference.ts'

const { metadata, rpcSignature, v3Signature, responseFormat, clientErrors } = pages
const believed = ['believed']
const form = 'application/x-www-form-urlencoded'

const probes: readonly [id: string, title: string, page: Case['page'], covers: readonly Item[], ask: Partial<Ask>][] = [
  ['v1-post-form', 'V1: POST, everything in the form', rpcSignature, ['Gateway.method POST', 'Gateway.parameters in the form', 'V1 signature.Signature'], {}],
  ['v1-get', 'V1: GET, everything in the query', rpcSignature, ['Gateway.method GET', 'Gateway.parameters in the query'], { method: 'GET' }],
  ['v1-post-query', 'V1: POST, everything in the query', rpcSignature, ['Gateway.parameters in the query'], { place: 'query' }],
  ['v1-post-both', 'V1: POST, common parameters in the query, those of the operation in the form', rpcSignature, ['Gateway.parameters in both'], { place: 'both' }],
  ['v3-post-query', 'V3: POST, parameters in the query, empty body', v3Signature, ['V3 signature.Authorization', 'V3 signature.x-acs-action', 'V3 signature.host'], { version: 3 }],
  ['v3-get', 'V3: GET', v3Signature, ['Gateway.method GET'], { version: 3, method: 'GET' }],
  ['v3-post-form', 'V3: POST, parameters in the form; the type of the body is signed', v3Signature, ['Gateway.parameters in the form', 'V3 signature.content-type'], { version: 3, place: 'form' }],
  ['v1-pop-core', 'V1 with the x-acs headers that pop-core sends as well', rpcSignature, ['V1 signature.x-acs headers of pop-core'], { headers: { 'x-acs-action': 'QueryCallDetailByCallId', 'x-acs-version': '2017-05-25' } }],
  ['utf-8', 'V1: characters that encoders disagree about, in UTF-8', rpcSignature, ['Gateway.UTF-8', 'Gateway.plus is a space'], { params: { Extra: `喂,你好 (1)*~'!+ %20 😀` } }],
  ['utf-8-query', 'the same in a query', rpcSignature, ['Gateway.UTF-8', 'Gateway.plus is a space'], { method: 'GET', params: { Extra: `喂,你好 (1)*~'!+ %20 😀` } }],
  ['utf-8-v3', 'the same with V3', v3Signature, ['Gateway.UTF-8'], { version: 3, params: { Extra: `喂,你好 (1)*~'!+ %20 😀` } }],
  ['unknown', 'unknown parameters are signed and ignored', metadata, ['Gateway.unknown parameters', 'Gateway.RegionId'], { params: { RegionId: 'cn-hangzhou', Unheard: 'of' } }],
  ['legacy', 'OwnerId, ResourceOwnerAccount and ResourceOwnerId are tolerated', metadata, ['Gateway.OwnerId', 'Gateway.ResourceOwnerAccount', 'Gateway.ResourceOwnerId'], { params: { OwnerId: '1', ResourceOwnerAccount: 'a@b', ResourceOwnerId: '2' } }],
  ['nonce-hex', 'a nonce of 32 hex characters', rpcSignature, ['V1 signature.SignatureNonce'], { params: { get SignatureNonce() { return crypto.randomUUID().replaceAll('-', '') } } }],
  ['nonce-digits', 'a nonce of 17 digits', rpcSignature, ['V1 signature.SignatureNonce'], { params: { get SignatureNonce() { return String(Date.now()) + String(Math.floor(Math.random() * 9_000) + 1_000) } } }],
  ['timestamp-ms', 'a time with milliseconds', rpcSignature, ['V1 signature.Timestamp'], { params: { get Timestamp() { return new Date().toISOString() } } }],
  ['credentials-provider', 'V3: headers that the client signs beyond the needed ones', v3Signature, ['V3 signature.x-acs-credentials-provider', 'V3 signature.SignedHeaders'], { version: 3, headers: { 'x-acs-credentials-provider': 'static_ak', 'x-acs-more': 'signed' } }],
]

const formats: readonly [id: string, title: string, ask: Partial<Ask>, root: 'json' | 'xml', covers: readonly Item[]][] = [
  ['json', 'Format=JSON', { params: { Format: 'JSON' } }, 'json', ['Gateway.Format', 'Gateway.JSON answer']],
  ['json-lower', 'Format=json', { params: { Format: 'json' } }, 'json', ['Gateway.Format']],
  ['xml', 'Format=XML', { params: { Format: 'XML' } }, 'xml', ['Gateway.Format', 'Gateway.XML answer']],
  ['absent', 'without Format', { params: { Format: undefined } }, 'xml', ['Gateway.Format', 'Gateway.XML answer']],
  ['v3-accept', 'V3: accept: application/json', { version: 3 }, 'json', ['V3 signature.accept', 'Gateway.JSON answer']],
]

const requestId = '[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}'
const action = 'QueryCallDetailByCallId'

export const gatewayCases: readonly Case[] = [
  ...probes.map(([id, title, page, covers, ask]): Case => ({ id: `gateway/${id}`, title, page, covers, expected: believed, got: (bench) => bench.probe(ask) })),
  ...formats.map(([id, title, ask, root, covers]): Case => ({
    id: `gateway/format-${id}`, title, page: responseFormat, covers, expected: [root],
    async got(bench) {
      const { type, text } = await bench.ask({ action, ...ask, params: { ...bench.query('1^2', '1'), ...ask.params } })
      if (/^application\/json/i.test(type) && text.startsWith('{')) return 'json'
      return /xml/i.test(type) && text.includes(`<${action}Response>`) ? 'xml' : `${type}: ${text.slice(0, 60)}`
    },
  })),
  {
    id: 'gateway/request-id', title: 'RequestId is a UUID in upper case', page: responseFormat, covers: ['Gateway.RequestId', 'Gateway.JSON answer'], expected: ['upper-case UUID'],
    async got(bench) {
      const { fields } = await bench.ask({ action, params: bench.query('1^2', '1') })
      return new RegExp(`^${requestId}$`).test(String(fields['RequestId'])) ? 'upper-case UUID' : String(fields['RequestId'])
    },
  },
  {
    id: 'gateway/error-json', title: 'an error of the gateway in JSON', page: clientErrors, covers: ['Gateway.error body'], expected: ['Code, HostId, Message, RequestId'],
    async got(bench) {
      const { fields } = await bench.ask({ action: 'NoSuchOperation' })
      return Object.keys(fields).filter((name) => name !== 'Recommend').sort().join(', ')
    },
  },
  {
    id: 'gateway/error-xml', title: 'an error of the gateway in XML, with the type that clients look for', page: clientErrors, covers: ['Gateway.error body', 'Gateway.XML answer'], expected: ['<Error> as text/xml;charset=utf-8'],
    async got(bench) {
      const { type, text } = await bench.ask({ action: 'NoSuchOperation', params: { Format: 'XML' } })
      return /<Error>.*<RequestId>.*<HostId>.*<Code>.*<Message>.*<\/Error>/s.test(text) ? `<Error> as ${type}` : text.slice(0, 80)
    },
  },
  {
    id: 'gateway/business-error', title: 'a business error has Code and Message beside RequestId, and no CallId', page: pages.errorCodes, covers: ['Gateway.business error'], expected: ['Code, Message, RequestId'],
    async got(bench) {
      const { fields } = await bench.ask({ action: 'SingleCallByTts', params: { CalledNumber: 'nobody', CalledShowNumber: bench.target.shown ?? '', TtsCode: 'TTS_0' } })
      return Object.keys(fields).filter((name) => !['Recommend', 'HostId'].includes(name)).sort().join(', ')
    },
  },
  {
    id: 'gateway/plus', title: 'a space that was sent as + is the space that was signed', page: rpcSignature, covers: ['Gateway.plus is a space'], expected: believed,
    got: (bench) => bench.probe({ params: { Extra: 'a b' }, meddle: (request) => ({ ...request, body: Buffer.from(request.body.toString().replace('Extra=a%20b', 'Extra=a+b')) }) }),
  },
  {
    id: 'gateway/unsigned-query', title: 'a parameter added after signing is noticed', page: rpcSignature, covers: ['V1 signature.Signature'], expected: ['400 SignatureDoesNotMatch', '403 SignatureDoesNotMatch'],
    got: (bench) => bench.probe({ meddle: (request) => ({ ...request, url: '/?Extra=1' }) }),
  },
  {
    id: 'gateway/changed-body-v3', title: 'V3: a body that is not the one that was hashed is noticed', page: v3Signature, covers: ['V3 signature.x-acs-content-sha256'], expected: ['400 SignatureDoesNotMatch', '403 SignatureDoesNotMatch'],
    got: (bench) => bench.probe({ version: 3, place: 'form', meddle: (request) => ({ ...request, body: Buffer.concat([request.body, Buffer.from('&Extra=1')]), headers: { ...request.headers, 'content-type': form } }) }),
  },
]
