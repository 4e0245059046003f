// Knows the way of one RPC call: read, believe, count, remember, check, do, answer. Does not know HTTP servers, or what operations do.
import { randomUUID } from 'node:crypto'
import type { Log } from '../../log.ts'
import type { Clock } from '../clock.ts'
import { formatOf, writeAnswer, type AnswerFields, type AnswerFormat } from './answer.ts'
import { checkSignature, readClaim, type AccessKeyDesk, type Claim, type Nonces } from './authenticate.ts'
import { AliyunError, gatewayError, toAliyunError } from './errors.ts'
import { FlowControl } from './flow-control.ts'
import type { Aliyun, Operation } from './operation.ts'
import { readParameters } from './parameters.ts'
import { readRpcRequest, type RpcRequest } from './rpc-request.ts'

export const productVersion = '2017-05-25'

export const gatewayLimits = {
  /** Requests of one address that nobody can be held to account for, in a second: wrong keys and signatures. */
  strangersPerSecondMax: 100,
}
export type GatewayLimits = typeof gatewayLimits

export type GatewayDeps = Aliyun & {
  operations: Readonly<Record<string, Operation>>
  keys: AccessKeyDesk
  nonces: Nonces
  clock: Clock
  log: Log
  limits?: Partial<GatewayLimits> | undefined
}

export type GatewayRequest = {
  method: string
  /** Path and query as they came. */
  url: string
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  body: Buffer
  /** Of the client. */
  address: string
  /** How it addressed us, for links in answers; '' when that cannot be told. */
  origin?: string | undefined
}
/** `operation` and `accountId`: as far as they were believed. */
export type GatewayAnswer = { status: number; type: string; body: string; headers?: Readonly<Record<string, string>> | undefined; operation?: string | undefined; accountId?: string | undefined }

export class Gateway {
  readonly #deps: GatewayDeps
  readonly #limits: GatewayLimits
  readonly #strangers: FlowControl
  readonly #accounts: FlowControl

  constructor(deps: GatewayDeps) {
    this.#deps = deps
    this.#limits = { ...gatewayLimits, ...deps.limits }
    this.#strangers = new FlowControl(deps.clock)
    this.#accounts = new FlowControl(deps.clock)
  }

  /** Never rejects: every error is an answer. */
  async answer(given: GatewayRequest): Promise<GatewayAnswer> {
    const requestId = randomUUID().toUpperCase()
    let format: AnswerFormat = 'JSON'
    let host = ''
    let operation: string | undefined
    let accountId: string | undefined
    try {
      const request = readRpcRequest(given)
      host = request.headers['host'] ?? ''
      const wanted = formatOf(request)
      if (wanted === undefined) throw gatewayError('InvalidParameter.Format')
      format = wanted
      if (request.method !== 'GET' && request.method !== 'POST') throw gatewayError('UnsupportedHTTPMethod')
      const { claim, row, account } = await this.#believe(request, given.address, requestId)
      operation = claim.action
      accountId = account
      const { calls, singleCalls, robotTasks, recordFile } = this.#deps
      const fields = await row.handle(readParameters(row.parameters, request.params), { calls, singleCalls, robotTasks, recordFile, accountId, requestId, origin: given.origin ?? '' })
      return { status: 200, ...writeAnswer(format, `${operation}Response`, { Code: 'OK', Message: 'OK', RequestId: requestId, ...fields }), operation, accountId }
    } catch (error) {
      const known = toAliyunError(error)
      if (known.status === 500) this.#deps.log.error({ err: error, request: requestId, operation }, 'an RPC call failed')
      return { ...this.errorAnswer(known, { format, host, operation, requestId }), operation, accountId }
    }
  }

  /** Also for what fails before there is a request to read. */
  errorAnswer(error: AliyunError, p: { format?: AnswerFormat; host: string; operation?: string | undefined; requestId?: string }): GatewayAnswer {
    const { format = 'JSON', host, operation, requestId = randomUUID().toUpperCase() } = p
    // Business errors have the members of a success, gateway errors those of an error.
    const business = error.status === 200
    const fields: AnswerFields = business ? { Code: error.code, Message: error.message, RequestId: requestId } : { RequestId: requestId, HostId: host, Code: error.code, Message: error.message }
    // Milliseconds: the newest clients wait for so long and try again by themselves. Shares are of a second of the clock.
    const headers = error.code.startsWith('Throttling') ? { 'x-acs-retry-after': String(1_000 - (this.#deps.clock.nowMs() % 1_000)) } : undefined
    return { status: error.status, ...writeAnswer(format, business ? `${operation}Response` : 'Error', fields), ...(headers && { headers }) }
  }

  /** Who asks for what. Errors: AliyunError, OverloadedError. */
  async #believe(request: RpcRequest, address: string, requestId: string): Promise<{ claim: Claim; row: Operation; account: string }> {
    const { operations, keys, nonces, clock } = this.#deps
    const { strangersPerSecondMax } = this.#limits
    if (this.#strangers.isFull(address, strangersPerSecondMax)) throw gatewayError('Throttling')
    try {
      const claim = readClaim(request, clock)
      const row = Object.hasOwn(operations, claim.action) ? operations[claim.action] : undefined
      if (row === undefined) throw gatewayError('InvalidAction.NotFound')
      if (claim.version !== productVersion) throw gatewayError('InvalidVersion')
      const account = await checkSignature(claim, keys)
      if (!this.#accounts.take(`${account} ${claim.action}`, row.perSecondMax)) throw gatewayError('Throttling.User')
      // Durable before anything is done, so that nothing is done twice.
      if (!(await nonces.use(claim.keyId, claim.nonce, requestId))) throw gatewayError('SignatureNonceUsed')
      return { claim, row, account }
    } catch (error) {
      if (error instanceof AliyunError && !error.code.startsWith('Throttling')) this.#strangers.take(address, strangersPerSecondMax)
      throw error
    }
  }
}
