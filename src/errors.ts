// Knows the few kinds of error that callers tell apart. Does not know wire codes: each API maps them in one place.

/** Base of every expected error. `code` is stable; `message` says what to do next. */
export abstract class AppError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The caller sent something we cannot use. `field` is the name on the wire. Source: 4xx of every API. */
export class InvalidInputError extends AppError {
  override name = 'InvalidInputError'
  readonly field: string
  /** One entry per bad item when the field is a list. */
  readonly items: readonly { value: string; reason: string }[]
  constructor(field: string, message: string, items: readonly { value: string; reason: string }[] = [], options?: ErrorOptions) {
    super('invalid-input', message, options)
    this.field = field
    this.items = items
  }
}

/** The thing asked for does not exist, or belongs to somebody else. */
export class NotFoundError extends AppError {
  override name = 'NotFoundError'
  constructor(what: string, message: string) {
    super(`${what}-not-found`, message)
  }
}

/** Why policy forbids a request. */
export type RefusalCode =
  | 'never-dial'
  | 'do-not-call'
  | 'calling-hours'
  | 'frequency'
  | 'no-balance'
  | 'expired'
  | 'key-invalid'
  | 'idempotency-conflict'
  | 'version-conflict'
  | 'not-allowed'
  /** What was wished of a call that nobody talks in … */
  | 'not-live'
  /** … whose process is gone, */
  | 'no-owner'
  /** … or that cannot do it in its state. */
  | 'not-possible'

/** Policy says no; asking again the same way will not help unless `retryAfterMs` is given. */
export class RefusedError extends AppError {
  override name = 'RefusedError'
  declare readonly code: RefusalCode
  readonly retryAfterMs: number | undefined
  readonly items: readonly { value: string; reason: string }[]
  constructor(code: RefusalCode, message: string, more: { retryAfterMs?: number; items?: readonly { value: string; reason: string }[]; cause?: unknown } = {}) {
    super(code, message, { cause: more.cause })
    this.retryAfterMs = more.retryAfterMs
    this.items = more.items ?? []
  }
}

/** We are too busy or a part of us is down; nothing was started. */
export class OverloadedError extends AppError {
  override name = 'OverloadedError'
  readonly retryAfterMs: number
  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super('overloaded', message, options)
    this.retryAfterMs = retryAfterMs
  }
}

/** A speech, language or storage provider failed. Whoever throws decides `retryable`. */
export class ProviderError extends AppError {
  override name = 'ProviderError'
  readonly provider: string
  readonly retryable: boolean
  constructor(provider: string, message: string, retryable: boolean, options?: ErrorOptions) {
    super('provider-failed', `${provider}: ${message}`, options)
    this.provider = provider
    this.retryable = retryable
  }
}

/** A peer sent bytes that break its protocol. */
export class ProtocolError extends AppError {
  override name = 'ProtocolError'
  constructor(protocol: string, message: string, options?: ErrorOptions) {
    super('protocol-error', `${protocol}: ${message}`, options)
  }
}

/** Makes a switch over a union exhaustive: the build breaks when a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`)
}
