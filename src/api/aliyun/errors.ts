// Knows the published errors of the gateway and of the voice product, and which of them our own errors are. Does not know how answers are written.
// Source: the error lists of the published documents. HTTP 200 for business errors: clients in several languages read `Code` after a normal return.
import { AppError, InvalidInputError, NotFoundError, OverloadedError, RefusedError, type RefusalCode } from '../../errors.ts'

/** Everything that is not `OK`. `code` and `status` as on the wire. */
export class AliyunError extends AppError {
  override name = 'AliyunError'
  readonly status: number
  constructor(code: string, message: string, status: number, options?: ErrorOptions) {
    super(code, message, options)
    this.status = status
  }
}

const gatewayErrors = {
  'InvalidAccessKeyId.NotFound': [404, 'Specified access key is not found.'],
  'InvalidAccessKeyId.Inactive': [400, 'Specified access key is disabled.'],
  SignatureDoesNotMatch: [400, 'Specified signature is not matched with our calculation.'],
  IncompleteSignature: [400, 'The request signature does not conform to Aliyun standards.'],
  InvalidSignatureMethod: [400, 'Specified signature method is not valid.'],
  SignatureNonceUsed: [400, 'Specified signature nonce was used already.'],
  'InvalidTimeStamp.Format': [400, 'Specified time stamp or date value is not well formatted.'],
  'InvalidTimeStamp.Expired': [400, 'Specified time stamp or date value is expired.'],
  InvalidVersion: [400, 'Specified parameter Version is not valid.'],
  'InvalidAction.NotFound': [404, 'Specified api is not found, please check your url and method.'],
  'InvalidParameter.Format': [400, 'Specified parameter format is not valid.'],
  UnsupportedHTTPMethod: [400, 'This http method is not supported.'],
  'Throttling.User': [400, 'Request was denied due to user flow control.'],
  Throttling: [400, 'Request was denied due to request throttling.'],
  'InvalidSecurityToken.Malformed': [400, 'Specified SecurityToken is malformed.'],
  'InvalidSecurityToken.Expired': [400, 'Specified SecurityToken is expired.'],
  'InvalidSecurityToken.MismatchWithAccessKey': [400, 'Specified SecurityToken mismatch with the AccessKey.'],
  MissingSecurityToken: [400, 'SecurityToken is mandatory for this action.'],
  InternalError: [500, 'The request processing has failed due to some unknown error.'],
  ServiceUnavailable: [503, 'The request has failed due to a temporary failure of the server.'],
} as const satisfies Record<string, readonly [status: number, message: string]>
export type GatewayErrorCode = keyof typeof gatewayErrors

/** `more` follows the published message. */
export function gatewayError(code: GatewayErrorCode, more = '', options?: ErrorOptions): AliyunError {
  const [status, message] = gatewayErrors[code]
  return new AliyunError(code, `${message}${more}`, status, options)
}

export function missing(parameter: string): AliyunError {
  return new AliyunError(`Missing${parameter}`, `${parameter} is mandatory for this action.`, 400)
}

export function invalid(parameter: string, why = ''): AliyunError {
  return new AliyunError(`Invalid${parameter}`, `Specified parameter ${parameter} is not valid.${why === '' ? '' : ` ${why}`}`, 400)
}

/** Business errors are answered with 200 and the code in the body. */
export type BusinessErrorCode =
  | 'InvalidParameter.date'
  | 'isv.ACCOUNT_ABNORMAL'
  | 'isv.AMOUNT_NOT_ENOUGH'
  | 'isv.BILLID_NOT_EXIST'
  | 'isv.BUSINESS_LIMIT_CONTROL'
  | 'isv.COMPLAINT_REJECT'
  | 'isv.DISPLAY_NUMBER_ILLEGAL'
  | 'isv.INVALID_JSON_PARAM'
  | 'isv.INVALID_PARAMETERS'
  | 'isv.MOBILE_COUNT_OVER_LIMIT'
  | 'isv.MOBILE_NUMBER_ILLEGAL'
  | 'isv.PARAM_LENGTH_LIMIT'
  | 'isv.PARAM_NOT_SUPPORT_URL'
  | 'isv.PRODUCT_UNSUBSCRIBE'
  | 'isv.TEMPLATE_MISSING_PARAMETERS'
  | 'isv.TEMPLATE_PARAMS_ILLEGAL'
  | 'isv.TTS_TEMPLATE_ILLEGAL'
  | 'isv.VOICE_CALL_FAIL'
  | 'isv.VOICE_CALL_PERIOD_ERROR'
  | 'isv.VOICE_FILE_ILLEGAL'
  | 'isv.VOICE_ROBOT_CALLEE_LIMIT'
  | 'isv.VOICE_ROBOT_NOT_PERIOD'

export function businessError(code: BusinessErrorCode, message: string, options?: ErrorOptions): AliyunError {
  return new AliyunError(code, message, 200, options)
}

const refusals: Partial<Record<RefusalCode, BusinessErrorCode>> = {
  'never-dial': 'isv.MOBILE_NUMBER_ILLEGAL',
  'do-not-call': 'isv.COMPLAINT_REJECT',
  'calling-hours': 'isv.VOICE_CALL_PERIOD_ERROR',
  frequency: 'isv.BUSINESS_LIMIT_CONTROL',
  'no-balance': 'isv.AMOUNT_NOT_ENOUGH',
  'not-allowed': 'isv.VOICE_CALL_FAIL',
}

/** The field of the dialer that was wrong, as the error that clients know. */
const fields: Readonly<Record<string, BusinessErrorCode>> = {
  phones: 'isv.MOBILE_NUMBER_ILLEGAL',
  caller: 'isv.BILLID_NOT_EXIST',
  'template-code': 'isv.TTS_TEMPLATE_ILLEGAL',
  'template-missing': 'isv.TEMPLATE_MISSING_PARAMETERS',
  'template-value': 'isv.TEMPLATE_PARAMS_ILLEGAL',
  'template-length': 'isv.PARAM_LENGTH_LIMIT',
  'template-url': 'isv.PARAM_NOT_SUPPORT_URL',
  'voice-file': 'isv.VOICE_FILE_ILLEGAL',
  'callback-server': 'isv.PRODUCT_UNSUBSCRIBE',
  'plan.callers': 'isv.BILLID_NOT_EXIST',
  'too-many-numbers': 'isv.MOBILE_COUNT_OVER_LIMIT',
  at: 'InvalidParameter.date',
  'at-outside-hours': 'isv.VOICE_ROBOT_NOT_PERIOD',
}

/** Any error as one of theirs. Unknown ones tell nothing but that it was us. Never throws. */
export function toAliyunError(error: unknown): AliyunError {
  if (error instanceof AliyunError) return error
  if (error instanceof InvalidInputError) return businessError(fields[error.field] ?? 'isv.INVALID_PARAMETERS', error.message)
  if (error instanceof RefusedError) return businessError(refusals[error.code] ?? 'isv.VOICE_CALL_FAIL', error.message)
  if (error instanceof NotFoundError) return error.code === 'account-not-found' ? businessError('isv.ACCOUNT_ABNORMAL', error.message) : businessError('isv.INVALID_PARAMETERS', error.message)
  if (error instanceof OverloadedError) return gatewayError('ServiceUnavailable')
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; statusCode?: unknown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AliyunError('InvalidParameter', 'Specified request body is too large.', 413)
  // Of the HTTP server: a length that is wrong, a body that stopped.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return new AliyunError('InvalidParameter', 'Specified request is not valid.', statusCode)
  return gatewayError('InternalError')
}
