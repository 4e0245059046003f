// Knows the frame around every message of Aliyun's speech gateway (NLS) and how its tokens are had. Source: Intelligent Speech Interaction, WebSocket protocol and CreateToken 2019-02-28.
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { ProviderError } from '../../errors.ts'

export const nlsUrl = 'wss://nls-gateway-cn-shanghai.aliyuncs.com/ws/v1'
export const nlsTokenUrl = 'https://nls-meta.cn-shanghai.aliyuncs.com/'

const TOKEN_MS_MAX = 5_000
/** A token is renewed this long before it ends. */
const RENEW_MS = 10 * 60_000

export type NlsKeys = { accessKeyId: string; accessKeySecret: string }

/** Tokens live for a day or more; one serves all connections until it is about to end. */
export class NlsTokens {
  readonly #provider: string
  readonly #keys: NlsKeys
  readonly #url: string
  #token: { id: string; endsAtMs: number } | undefined
  #asking: Promise<string> | undefined

  constructor(options: { provider: string; keys: NlsKeys; url?: string | undefined }) {
    this.#provider = options.provider
    this.#keys = options.keys
    this.#url = options.url ?? nlsTokenUrl
  }

  /** Errors: ProviderError. */
  get(): Promise<string> {
    if (this.#token && this.#token.endsAtMs - RENEW_MS > Date.now()) return Promise.resolve(this.#token.id)
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #ask(): Promise<string> {
    let answer: Response
    try {
      answer = await fetch(`${this.#url}?${signedQuery({ Action: 'CreateToken', Version: '2019-02-28', RegionId: 'cn-shanghai' }, this.#keys)}`, { signal: AbortSignal.timeout(TOKEN_MS_MAX) })
    } catch (error) {
      throw new ProviderError(this.#provider, 'no token could be asked for: the address does not answer', true, { cause: error })
    }
    const body = tokenAnswer.safeParse(await answer.json().catch(() => undefined))
    if (!body.success || body.data.Token === undefined) {
      const why = body.success ? `${body.data.Code ?? answer.status} ${body.data.Message ?? ''}` : `HTTP ${answer.status}`
      throw new ProviderError(this.#provider, `no token was given: check the access key and its rights (${why})`, answer.status >= 500)
    }
    this.#token = { id: body.data.Token.Id, endsAtMs: body.data.Token.ExpireTime * 1_000 }
    return this.#token.id
  }
}

const tokenAnswer = z.object({ Token: z.object({ Id: z.string(), ExpireTime: z.number() }).optional(), Code: z.string().optional(), Message: z.string().optional() })

/** A query with its signature (RPC signature, HMAC-SHA1). */
function signedQuery(parameters: Readonly<Record<string, string>>, { accessKeyId, accessKeySecret }: NlsKeys): string {
  const all: Record<string, string> = {
    ...parameters,
    Format: 'JSON',
    AccessKeyId: accessKeyId,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: randomUUID(),
    Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const canonical = Object.keys(all).sort().map((name) => `${escaped(name)}=${escaped(all[name]!)}`).join('&')
  const signature = createHmac('sha1', `${accessKeySecret}&`).update(`GET&${escaped('/')}&${escaped(canonical)}`).digest('base64')
  return `${canonical}&Signature=${escaped(signature)}`
}

/** RFC 3986, with the four characters that encodeURIComponent leaves. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

export function nlsId(): string {
  return randomBytes(16).toString('hex')
}

export function nlsMessage(header: { namespace: string; name: string; taskId: string; appkey: string }, payload?: object): string {
  const { namespace, name, taskId, appkey } = header
  return JSON.stringify({ header: { message_id: nlsId(), task_id: taskId, namespace, name, appkey }, ...(payload && { payload }) })
}

const envelope = z.object({
  header: z.object({ name: z.string(), task_id: z.string().optional(), status: z.number().optional(), status_text: z.string().optional(), status_message: z.string().optional() }),
  payload: z.unknown(),
})

const SUCCESS = 20_000_000

export type NlsEvent = { name: string; payload: unknown; failed: { reason: string; retryable: boolean } | undefined }

/** Undefined for a message of another task. Errors: ZodError for what is no message of the service. */
export function readNls(raw: unknown, taskId: string): NlsEvent | undefined {
  const { header, payload } = envelope.parse(raw)
  if (header.task_id !== undefined && header.task_id !== '' && header.task_id !== taskId) return undefined
  const { status = SUCCESS } = header
  const isFailed = header.name === 'TaskFailed' || status !== SUCCESS
  const reason = `${status} ${header.status_text ?? header.status_message ?? ''}`.trim()
  // By groups: 4… is ours to mend, except too many requests and idle time; 5… is theirs.
  const retryable = status >= 50_000_000 || status === 40_000_005 || status === 40_000_004
  return { name: header.name, payload, failed: isFailed ? { reason, retryable } : undefined }
}
