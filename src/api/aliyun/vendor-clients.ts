// Programs of customers: the vendors' own clients, unmodified, each called in one way. For tests, not for the program itself.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
export type Answer = Record<string, unknown>
export type Key = { id: string; secret: string; securityToken?: string | undefined }
/** One way that programs call: resolves with the answer, or rejects as that client does. */
export type Client = { name: string; call: (base: string, key: Key, action: string, params: Record<string, unknown>) => Promise<Answer>; codeOf: (error: unknown) => string; placesOnly?: true }

const PopCore = require('@alicloud/pop-core') as new (config: object) => { request: (action: string, params: object, options: object) => Promise<Answer> }
const OpenApiClient = require('@alicloud/openapi-client') as { default: new (config: object) => { callApi: (params: object, request: object, runtime: object) => Promise<{ body: Answer }> }; Config: new (map: object) => object; Params: new (map: object) => object; OpenApiRequest: new (map: object) => object }
const { RuntimeOptions } = require('@alicloud/tea-util') as { RuntimeOptions: new (map: object) => object }
const OpenApiCore = require('@alicloud/openapi-core') as { default: typeof OpenApiClient.default; $OpenApiUtil: Pick<typeof OpenApiClient, 'Config' | 'Params' | 'OpenApiRequest'> }
const { RuntimeOptions: CoreRuntime } = require('@darabonba/typescript') as { RuntimeOptions: new (map: object) => object }
const AliyunSdk = require('aliyun-sdk') as { DYVMSAPI: new (config: object) => Record<string, (params: object, done: (error: unknown, data: Answer) => void) => void> }

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
const popCore = (method: string): Client => ({
  name: `pop-core ${method}`,
  codeOf,
  call: (base, { id, secret, securityToken }, action, params) => new PopCore({ accessKeyId: id, accessKeySecret: secret, ...(securityToken && { securityToken }), endpoint: base, apiVersion: '2017-05-25' }).request(action, params, { method, timeout: 10_000 }),
})
const tea = (name: string, lib: Pick<typeof OpenApiClient, 'default' | 'Config' | 'Params' | 'OpenApiRequest'>, Runtime: new (map: object) => object, more: { signatureAlgorithm?: string; form?: boolean; method?: string } = {}): Client => ({
  name,
  codeOf,
  async call(base, { id, secret, securityToken }, action, params) {
    const { signatureAlgorithm, form = false, method = 'POST' } = more
    const config = new lib.Config({ accessKeyId: id, accessKeySecret: secret, ...(securityToken && { securityToken, type: 'sts' }), endpoint: base.replace('http://', ''), protocol: 'http', ...(signatureAlgorithm && { signatureAlgorithm }) })
    const text = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)]))
    const request = new lib.OpenApiRequest(form ? { body: text } : { query: text })
    const api = new lib.Params({ action, version: '2017-05-25', protocol: 'HTTPS', method, authType: 'AK', style: 'RPC', pathname: '/', reqBodyType: 'formData', bodyType: 'json' })
    return (await new lib.default(config).callApi(api, request, new Runtime({}))).body
  },
})
const aliyunSdk: Client = {
  name: 'aliyun-sdk',
  // It places calls, with lasting keys, and knows no other operation.
  placesOnly: true,
  codeOf,
  call: (base, { id, secret }, action, params) =>
    new Promise((resolve, reject) => {
      const sdk = new AliyunSdk.DYVMSAPI({ accessKeyId: id, secretAccessKey: secret, endpoint: base, apiVersion: '2017-05-25' })
      // It refuses to send what it does not know, lists and tokens included.
      const known = Object.fromEntries(Object.entries(params).filter(([name]) => !/^(?:PlayTimes|Timeout|Bye|Menu)/.test(name)))
      sdk[action[0]!.toLowerCase() + action.slice(1)]!(known, (error, data) => (error ? reject(error) : resolve(data)))
    }),
}
const core = { ...OpenApiCore.$OpenApiUtil, default: OpenApiCore.default }
export const clients: readonly Client[] = [
  popCore('GET'),
  popCore('POST'),
  tea('openapi-client V3', OpenApiClient, RuntimeOptions),
  tea('openapi-client V3 GET', OpenApiClient, RuntimeOptions, { method: 'GET' }),
  tea('openapi-client V3 form', OpenApiClient, RuntimeOptions, { form: true }),
  tea('openapi-client V1', OpenApiClient, RuntimeOptions, { signatureAlgorithm: 'v2' }),
  tea('openapi-client V1 form', OpenApiClient, RuntimeOptions, { signatureAlgorithm: 'v2', form: true }),
  tea('openapi-core V3', core, CoreRuntime),
  aliyunSdk,
]
