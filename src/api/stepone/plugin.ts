// Serves the table of StepOne actions: version, key, rate, then the handler. Does not know what the actions do.
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { RefusedError } from '../../errors.ts'
import type { Action, ActionInput, StepOne } from './action.ts'
import { errorBody, HttpError } from './errors.ts'
import { actions } from './index.ts'
import { skillVersion } from './wire.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    action?: string
    needs?: Action['needs']
    stream?: boolean
    bytes?: boolean
  }
  interface FastifyRequest {
    /** '' until a key was accepted. */
    accountId: string
  }
}

const zAnything = z.string()
const zFile = z.any().meta({ type: 'string', format: 'binary' })

/** Registers every action. The hook runs before the body is read, so that refused requests cost little. */
export function stepOnePlugin(stepone: StepOne): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRequest', async (request) => {
      const { needs } = request.routeOptions.config
      if (needs?.version) requireVersion(request.headers['x-skill-version'])
      if (needs?.key) request.accountId = await stepone.authenticate(request.headers['x-api-key'], needs.admin ? 'admin' : undefined)
    })
    for (const [name, action] of Object.entries<Action>(actions)) serve(app, name, action, stepone)
    return Promise.resolve()
  }
}

/** Types that a file may be sent as. Nothing is made of them: its bytes tell what it is. */
const fileTypes = ['application/octet-stream', 'audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave', 'audio/mpeg', 'audio/mp3', 'text/csv', 'application/vnd.ms-excel', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']

function serve(app: FastifyInstance, name: string, action: Action, stepone: StepOne): void {
  if (action.bytes === undefined) {
    route(app, name, action, stepone)
    return
  }
  // Here alone: other actions refuse what is no JSON.
  void app.register((scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(fileTypes, (_request, payload, done) => done(null, payload))
    route(scope, name, action, stepone)
    return Promise.resolve()
  })
}

function route(app: FastifyInstance, name: string, action: Action, stepone: StepOne): void {
  app.route({
    method: action.method,
    url: action.path,
    ...(action.bodyBytesMax === undefined ? {} : { bodyLimit: action.bodyBytesMax }),
    config: { action: name, needs: action.needs, ...(action.bytes ? { bytes: true } : {}), ...(action.stream ? { stream: true } : {}) },
    schema: {
      operationId: name,
      tags: [action.tag],
      summary: action.summary,
      ...(action.description === undefined ? {} : { description: action.description }),
      security: action.needs.key ? [{ apiKey: [], ...(action.needs.version ? { skillVersion: [] } : {}) }] : [],
      ...(action.body ? { body: action.body } : action.bytes ? { body: zFile, consumes: fileTypes } : {}),
      ...(action.params ? { params: action.params } : {}),
      ...(action.query ? { querystring: action.query } : {}),
      response: {
        ...(action.answer ? { 200: action.answer } : {}),
        ...(action.writes === undefined ? {} : { 200: { description: action.writes, content: { [action.writes]: { schema: zAnything } } } }),
        '4xx': errorBody,
        '5xx': errorBody,
      },
    },
    handler: (request, reply) => {
      const input: ActionInput<unknown> = { body: request.body, accountId: request.accountId, request, reply }
      return action.handle(input as ActionInput<never>, stepone)
    },
  })
}

function requireVersion(header: string | string[] | undefined): void {
  if (String(header ?? '').trim() === skillVersion) return
  throw new HttpError(
    426,
    'skill-version-outdated',
    `脚本版本不符：服务端为 ${skillVersion}，收到 ${header === undefined ? '空' : String(header).slice(0, 20)}。请更新到最新脚本（git pull）并带上请求头 X-Skill-Version: ${skillVersion}`,
    { upgrade: `stepone-skill/${skillVersion}` },
  )
}

/** The authenticate function of StepOne, from the accounts' own. */
export function authenticateWith(desk: StepOne['accounts']): StepOne['authenticate'] {
  return async (header, rights) => {
    const key = typeof header === 'string' ? header.trim() : ''
    if (key === '') throw new RefusedError('key-invalid', '缺少密钥：请在请求头 X-API-Key 中填写 sk_ 开头的密钥')
    // Longer than any key: not worth a look-up.
    const found = key.length <= 200 ? await desk.authenticate(key) : undefined
    if (!found) throw new RefusedError('key-invalid', '密钥无效或已停用：请检查 X-API-Key（或环境变量 STEPONEAI_API_KEY）')
    if (rights === 'admin' && !found.admin) throw new RefusedError('not-allowed', '此操作需要管理密钥：用 waihu key create <账户> --admin 新建，或使用本机的演示密钥')
    return found.accountId
  }
}
