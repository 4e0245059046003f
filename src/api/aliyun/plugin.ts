// Serves the RPC gateway at `/`. Does not know what it answers. A GET without any parameter is a person with a browser, who gets a page.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { originOf } from '../origin.ts'
import { toAliyunError } from './errors.ts'
import type { Gateway, GatewayAnswer } from './gateway.ts'

export function aliyunPlugin(gateway: Gateway, { landing, bodyBytesMax }: { landing: string; bodyBytesMax: number }): FastifyPluginAsync {
  return async (app) => {
    // The third signature covers the bytes of the body, so nobody may have parsed them before.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    // What is refused before the handler, for load or size, is still one of their errors.
    app.setErrorHandler((error, request, reply) => send(reply, gateway.errorAnswer(toAliyunError(error), { host: request.headers.host ?? '' })))
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: '/',
      schema: { hide: true },
      bodyLimit: bodyBytesMax,
      // The gateway counts by account and operation itself.
      config: { rateLimit: false },
      async handler(request, reply) {
        if (isVisit(request)) return reply.type('text/plain; charset=utf-8').send(landing)
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const answer = await gateway.answer({ method: request.method, url: request.raw.url ?? '/', headers: request.headers, body, address: request.ip, origin: originOf(request) })
        request.accountId = answer.accountId ?? ''
        request.log.debug({ request: request.id, operation: answer.operation, account: answer.accountId, status: answer.status }, 'RPC call answered')
        return send(reply, answer)
      },
    })
    return Promise.resolve()
  }
}

function isVisit({ method, url, headers }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && !url.includes('?') && !/^\s*ACS3-/i.test(headers.authorization ?? '')
}

function send(reply: FastifyReply, { status, type, body, headers = {} }: GatewayAnswer): FastifyReply {
  return reply.code(status).headers(headers).type(type).send(body)
}
