// Puts the HTTP server together: limits, errors, documents, the faces. Translates between HTTP and the program; decides nothing.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { Registry } from 'prom-client'
import type { AccountNumbers } from '../account/account-numbers.ts'
import type { AccessKeys } from '../account/access-keys.ts'
import type { CallbackServers } from '../account/callback-servers.ts'
import type { TtsTemplates } from '../account/tts-templates.ts'
import type { CallService } from '../dialer/call-service.ts'
import type { ImportDesk } from '../dialer/lists/import-desk.ts'
import type { DoNotCallDesk } from '../dialer/do-not-call-desk.ts'
import type { ReceiptDesk } from '../dialer/receipt-desk.ts'
import { RecordingFiles } from '../dialer/recording-files.ts'
import { SingleCalls, type SingleCallDeps } from '../dialer/single-calls.ts'
import type { RobotTasks } from '../dialer/tasks/robot-tasks.ts'
import type { TaskDesk } from '../dialer/tasks/task-desk.ts'
import type { ScriptDesk } from '../dialer/script-desk.ts'
import type { TrunkDesk } from '../dialer/trunk-desk.ts'
import type { Log } from '../log.ts'
import type { S3Bucket } from '../objects/s3.ts'
import type { AccountDesk } from './accounts.ts'
import type { Nonces } from './aliyun/authenticate.ts'
import { Gateway, type GatewayDeps, type GatewayLimits } from './aliyun/gateway.ts'
import { operations } from './aliyun/index.ts'
import { aliyunPlugin } from './aliyun/plugin.ts'
import { systemClock, type Clock } from './clock.ts'
import { healthRoute, type HealthProbes } from './health.ts'
import { httpMetrics } from './http-metrics.ts'
import { apiLimits, type ApiLimits } from './limits.ts'
import { originOf } from './origin.ts'
import { shedLoad, watchEventLoop } from './load-shedding.ts'
import { ChatStreams } from './stepone/chat-stream.ts'
import { HttpError, isOurFault, retryAfter, toErrorAnswer } from './stepone/errors.ts'
import { actions } from './stepone/index.ts'
import { authenticateWith, stepOnePlugin } from './stepone/plugin.ts'
import type { ReadingDesk } from '../reading-desk.ts'
import type { ReportDesk } from '../reports/run-report.ts'
import { RecordingLinks } from './stepone/recording-links.ts'
import { skillVersion } from './stepone/wire.ts'
import type { VoiceFileDesk } from '../voice-file-desk.ts'

export type ServerDeps = {
  calls: CallService
  /** Undefined: tasks are not served. */
  tasks?: TaskDesk | undefined
  accounts: AccountDesk
  log: Log
  health: HealthProbes
  /** Served at /metrics; the server adds its own figures. */
  metrics: Registry
  /** Folder of recordings, the store they go to, and the secret of their links (same on every node). Undefined: recordings are not served. */
  recordings?: { dir: string; bucket?: S3Bucket | undefined; linkSecret: string } | undefined
  /** Undefined: trunks and the do-not-call list are not served. */
  trunks?: TrunkDesk | undefined
  doNotCall?: DoNotCallDesk | undefined
  /** Undefined: which numbers accounts may show is not served. */
  numbers?: AccountNumbers | undefined
  /** Undefined: how words are read is not served. */
  readings?: ReadingDesk | undefined
  /** Undefined: lists of numbers are not served. */
  imports?: ImportDesk | undefined
  /** Undefined: reports are not served. */
  reports?: ReportDesk | undefined
  /** Undefined: scripts are not served. */
  scripts?: ScriptDesk | undefined
  /** Who may sign requests to the RPC gateway. Undefined: it is not served. */
  aliyun?: { keys: AccessKeys; nonces: Nonces; templates: TtsTemplates; callbackServers?: CallbackServers | undefined; voiceFiles?: VoiceFileDesk | undefined; receipts?: ReceiptDesk | undefined; knowsVoice?: SingleCallDeps['knowsVoice']; sounds: SingleCallDeps['sounds']; robotTasks?: RobotTasks | undefined; limits?: Partial<GatewayLimits> | undefined } | undefined
  /** Folder of SIP traces. */
  traces?: string | undefined
  /** Base of links in answers. Undefined: as the client addressed us. */
  publicUrl?: string | undefined
  clock?: Clock | undefined
  limits?: Partial<ApiLimits> | undefined
}

/** The server, ready to `listen`. `close()` ends the streams between two events, lets requests finish and then resolves. */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const clock = deps.clock ?? systemClock
  const limits: ApiLimits = { ...apiLimits, ...deps.limits }
  const log = deps.log.child({ part: 'api' })
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    // One line of our own per request, without addresses, keys or bodies.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMsMax,
    // Node looks for late requests every 30 s by itself, too seldom for this limit; and headers may not take longer than the whole.
    http: { maxHeaderSize: limits.headerBytesMax, connectionsCheckingInterval: Math.ceil(limits.requestMsMax / 3), headersTimeout: limits.requestMsMax },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    genReqId: () => `r-${randomUUID().slice(0, 13)}`,
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply)
    },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  // JSON only: text would reach the handlers as a string.
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('accountId', '')
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))

  const streams = new ChatStreams({ clock, limits, log })
  const loop = watchEventLoop(clock)
  const methodsByRoute = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByRoute.get(url) ?? new Set()
    for (const name of [method].flat()) methods.add(name)
    methodsByRoute.set(url, methods)
  })
  const metrics = httpMetrics(app, deps.metrics, () => streams.open)
  shedLoad(app, loop, limits, () => metrics.shed())
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
    return Promise.resolve()
  })
  app.addHook('onResponse', async (request, reply) => {
    const { config, url } = request.routeOptions
    log.debug({ request: request.id, method: request.method, route: url, action: config.action, account: request.accountId || undefined, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered')
    return Promise.resolve()
  })
  app.addHook('preClose', () => streams.close())
  app.addHook('onClose', () => {
    loop[Symbol.dispose]()
    return Promise.resolve()
  })

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'waihu 外呼',
        version: skillVersion,
        description: '一句话和一个号码，打一通会听会说的电话。失败的回答都是同一种形状，并说明下一步怎么做。',
      },
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'sk_ 开头的密钥' },
          skillVersion: { type: 'apiKey', in: 'header', name: 'X-Skill-Version', description: skillVersion },
        },
      },
    },
    transform: jsonSchemaTransform,
  })
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list' } })
  await app.register(rateLimit, {
    global: true,
    max: limits.requestsPerMinuteMax,
    timeWindow: 60_000,
    // Runs after the hook that sets the account; keyless requests are counted by address.
    keyGenerator: (request) => request.accountId || request.ip,
    allowList: (request) => request.routeOptions.config.always === true,
    errorResponseBuilder: (_request, { ttl, max }) =>
      new HttpError(429, 'too-many-requests', `请求过于频繁（每分钟最多 ${max} 次），请在 ${Math.ceil(ttl / 1_000)} 秒后重试`, retryAfter(ttl)),
  })

  healthRoute(app, deps.health, clock, limits.healthMsMax)
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  const baseUrl = (origin: string): string => (deps.publicUrl ?? origin).replace(/\/+$/, '')
  const linkParts = {
    files: deps.recordings && new RecordingFiles(deps.recordings.dir, deps.recordings.bucket),
    secret: deps.recordings?.linkSecret ?? randomBytes(32).toString('hex'),
    clock,
  }
  const recordings = new RecordingLinks({ ...linkParts, validMs: limits.recordingLinkMs })
  const recordFiles = new RecordingLinks({ ...linkParts, validMs: limits.recordFileLinkMs })
  const recordFile: GatewayDeps['recordFile'] = ({ accountId, callId, recording }, origin) =>
    recording !== undefined && recordFiles.offers(recording) ? recordFiles.address(baseUrl(origin), accountId, callId) : undefined
  if (deps.aliyun) await app.register(aliyunPlugin(new Gateway({ ...deps.aliyun, recordFile, calls: deps.calls, singleCalls: new SingleCalls({ ...deps.aliyun, calls: deps.calls }), operations, clock, log }), { landing, bodyBytesMax: limits.rpcBodyBytesMax }))
  else app.get('/', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send(landing))
  await app.register(
    stepOnePlugin({
      calls: deps.calls,
      accounts: deps.accounts,
      clock,
      limits,
      streams,
      tasks: deps.tasks,
      trunks: deps.trunks,
      doNotCall: deps.doNotCall,
      readings: deps.readings,
      reports: deps.reports,
      scripts: deps.scripts,
      imports: deps.imports,
      accessKeys: deps.aliyun?.keys,
      callbackServers: deps.aliyun?.callbackServers,
      numbers: deps.numbers,
      templates: deps.aliyun?.templates,
      voiceFiles: deps.aliyun?.voiceFiles,
      receipts: deps.aliyun?.receipts,
      traces: deps.traces,
      recordings,
      baseUrl: (request) => baseUrl(originOf(request)),
      authenticate: authenticateWith(deps.accounts),
    }),
  )
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0]!.replace(/(.)\/$/, '$1')
    const allowed = [...methodsByRoute].find(([url]) => matches(url, path))?.[1]
    if (allowed && !allowed.has(request.method)) {
      const allow = [...allowed].join(', ')
      throw new HttpError(405, 'method-not-allowed', `此地址只接受 ${allow}`, { allow })
    }
    throw new HttpError(404, 'path-not-found', '没有这个接口，请对照 /docs 检查地址')
  })
  return app

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const placing = request.routeOptions.config?.action === 'initiate_call'
    const answer = toErrorAnswer(error, { requestId: request.id, placing, wantsFile: request.routeOptions.config?.bytes, idempotent: request.headers['idempotency-key'] !== undefined })
    if (isOurFault(answer.status)) log.error({ err: error, request: request.id, action: request.routeOptions.config?.action }, 'request failed')
    return reply
      .code(answer.status)
      .headers(answer.headers)
      .type('application/json; charset=utf-8')
      // With a line end: clients of the stream read line by line and would miss an unfinished one.
      .send(`${JSON.stringify(answer.body)}\n`)
  }
}

/** Bytes that are no HTTP at all never become a request; the answer is written by hand. */
function answerBrokenHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? (['431 Request Header Fields Too Large', 'headers-too-large', '请求头过大，请缩短后重试'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? (['408 Request Timeout', 'request-timeout', '请求没有在限定时间内发完，请重试'] as const)
        : (['400 Bad Request', 'invalid-http', '不是合法的 HTTP 请求'] as const)
  const body = JSON.stringify({ success: false, code, message, call_started: false, retry_safe: true, request_id: `r-${randomUUID().slice(0, 13)}` })
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

function matches(route: string, path: string): boolean {
  if (route.includes('*')) return false
  const parts = route.split('/')
  const given = path.split('/')
  return parts.length === given.length && parts.every((part, i) => part.startsWith(':') || part === given[i])
}

const landing = `waihu 外呼：一句话和一个号码，打一通会听会说的电话。
AI outbound calls for mainland China: one sentence and a number become a phone call.

接口文档 API docs      /docs          OpenAPI  /openapi.json
健康 health            /healthz       指标 metrics  /metrics

${Object.values(actions)
  .map((action) => `${action.method.padEnd(5)} ${action.path.padEnd(45)} ${action.summary}`)
  .join('\n')}
`
