// Knows how every failure looks on the StepOne paths: status, headers, body. Does not know what failed or why it was decided so.
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { AppError, InvalidInputError, NotFoundError, OverloadedError, ProviderError, RefusedError, type RefusalCode } from '../../errors.ts'
import { readable } from './wire.ts'

/** A refusal that only HTTP knows: wrong path, method, version, rate. */
export class HttpError extends AppError {
  override name = 'HttpError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, message)
    this.status = status
    this.headers = headers
  }
}

export const errorBody = z
  .object({
    success: z.literal(false),
    code: z.string().meta({ description: '稳定的错误码', examples: ['invalid-input'] }),
    message: z.string().meta({ description: '给人看的说明，含下一步怎么做' }),
    call_started: z.literal(false).nullable().meta({ description: '没有发起任何通话；null 表示无法确定（仅 500）' }),
    retry_safe: z.boolean().meta({ description: '原样重试不会造成重复拨打' }),
    errors: z.array(z.object({ value: z.string(), reason: z.string() })).optional().meta({ description: '列表中每个有问题的项' }),
    request_id: z.string().meta({ description: '反馈问题时请附上' }),
  })
  .meta({
    description: '任何失败都是这个形状',
    examples: [
      {
        success: false,
        code: 'invalid-input',
        message: '有 1 个号码不能拨打，本次没有拨出任何电话（1380013800O：含有无法识别的字符）',
        call_started: false,
        retry_safe: true,
        errors: [{ value: '1380013800O', reason: '含有无法识别的字符' }],
        request_id: 'r-7f3a',
      },
    ],
  })
export type ErrorBody = z.infer<typeof errorBody>

const refusalStatus: Record<RefusalCode, number> = {
  'key-invalid': 401,
  'no-balance': 402,
  'never-dial': 403,
  'do-not-call': 403,
  'calling-hours': 403,
  frequency: 403,
  expired: 403,
  'not-allowed': 403,
  'not-live': 409,
  'no-owner': 409,
  'not-possible': 409,
  'idempotency-conflict': 409,
  'version-conflict': 409,
}

/** What the HTTP framework itself refuses, by its error code. */
const frameworkErrors: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, code: 'unsupported-media-type', message: '请求体应为 JSON：请加上请求头 Content-Type: application/json' },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'body-too-large', message: '请求体过大（上限 64 kB），请缩短后重试' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, code: 'invalid-input', message: '请求体为空，请发送 JSON 对象' },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, code: 'invalid-json', message: '请求体不是合法的 JSON，请检查引号、转义与编码（UTF-8）' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'invalid-input', message: 'Content-Length 与请求体长度不符' },
  FST_ERR_BAD_URL: { status: 400, code: 'invalid-input', message: '请求地址不合法' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, code: 'invalid-input', message: '请求地址过长' },
}

export type ErrorContext = {
  requestId: string
  /** The request wanted a call to be placed. */
  placing: boolean
  /** It carries a file and not JSON. */
  wantsFile?: boolean | undefined
  /** It carried an Idempotency-Key, so that even an unclear outcome can be retried. */
  idempotent: boolean
}

export type ErrorAnswer = { status: number; headers: Record<string, string>; body: ErrorBody }

/** Turns anything thrown into the answer. Unknown errors become 500 and tell nothing but the request id. Never throws. */
export function toErrorAnswer(error: unknown, context: ErrorContext): ErrorAnswer {
  const answer = (
    status: number,
    code: string,
    message: string,
    more: { items?: readonly { value: string; reason: string }[]; headers?: Record<string, string>; retrySafe?: boolean; started?: false | null } = {},
  ): ErrorAnswer => {
    const items = (more.items ?? []).slice(0, 100).map((item) => ({ value: readable(item.value).slice(0, 64), reason: readable(item.reason) }))
    return {
      status,
      headers: more.headers ?? {},
      body: {
        success: false,
        code,
        message: withItems(readable(message), items),
        call_started: more.started === undefined ? false : more.started,
        retry_safe: more.retrySafe ?? true,
        ...(items.length > 0 ? { errors: items } : {}),
        request_id: context.requestId,
      },
    }
  }
  if (error instanceof HttpError) return answer(error.status, error.code, error.message, { headers: { ...error.headers } })
  if (error instanceof InvalidInputError) return answer(400, error.code, error.message, { items: error.items })
  if (error instanceof NotFoundError) return answer(404, error.code, error.message)
  if (error instanceof RefusedError) {
    return answer(refusalStatus[error.code], error.code, error.message, {
      items: error.items,
      headers: error.retryAfterMs === undefined ? {} : retryAfter(error.retryAfterMs),
    })
  }
  if (error instanceof OverloadedError) return answer(503, error.code, error.message, { headers: retryAfter(error.retryAfterMs) })
  if (hasZodFastifySchemaValidationErrors(error)) {
    return answer(400, 'invalid-input', error.validation.map((issue) => issue.message).join('；'))
  }
  const framework = frameworkErrors[codeOf(error)]
  if (framework?.status === 415 && context.wantsFile) return answer(415, framework.code, '请求体应为文件：请加上文件的 Content-Type，如 audio/wav、text/csv 或 application/octet-stream')
  if (framework) return answer(framework.status, framework.code, framework.message)
  if (error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400) {
    return answer(400, 'invalid-json', frameworkErrors['FST_ERR_CTP_INVALID_JSON_BODY']!.message)
  }
  const unclear = { started: context.placing ? null : false, retrySafe: !context.placing || context.idempotent } as const
  if (error instanceof ProviderError) return answer(502, error.code, '外部服务暂时不可用，请稍后重试', unclear)
  return answer(500, 'internal-error', `服务内部错误，请稍后重试；反馈时请附上编号 ${context.requestId}`, unclear)
}

/** True when the answer means that we, not the caller, failed; such errors are logged whole. */
export const isOurFault = (status: number): boolean => status === 500 || status === 502

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export function retryAfter(ms: number): Record<string, string> {
  return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1_000))) }
}

/** Shell clients show nothing but the message, so what is wrong with each item is in it (unless the thrower already put it there). */
function withItems(message: string, items: readonly { value: string; reason: string }[]): string {
  const missing = items.filter((item) => !message.includes(item.value) || item.value === '')
  if (missing.length === 0) return message
  const shown = missing.slice(0, 10).map((item) => (item.value === '' ? item.reason : `${item.value}：${item.reason}`))
  return `${message}（${shown.join('；')}${missing.length > shown.length ? `；等共 ${missing.length} 项` : ''}）`
}
