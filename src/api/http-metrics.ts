// Knows the figures about HTTP itself. Labels are route patterns and status codes, never ids, numbers or keys.
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type HttpMetrics = { shed(): void }

/** Measures every request and serves the whole registry at /metrics. */
export function httpMetrics(app: FastifyInstance, registry: Registry, openStreams: () => number): HttpMetrics {
  const seconds = new Histogram({
    name: 'waihu_http_request_seconds',
    help: 'Time from a request to the end of its answer; streams not counted.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
    registers: [registry],
  })
  const shed = new Counter({ name: 'waihu_http_shed_total', help: 'Requests refused because of load.', registers: [registry] })
  const streams = new Gauge({
    name: 'waihu_http_streams',
    help: 'Open conversation streams.',
    registers: [registry],
    collect() {
      this.set(openStreams())
    },
  })
  app.addHook('onResponse', async (request, reply) => {
    const { config, url } = request.routeOptions
    if (!config.stream) seconds.observe({ route: `${request.method} ${url ?? 'unknown'}`, status: String(reply.statusCode) }, reply.elapsedTime / 1_000)
    return Promise.resolve()
  })
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { always: true },
    schema: { hide: true },
    handler: async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  })
  app.addHook('onClose', () => {
    // A later server may use the same registry.
    for (const metric of ['waihu_http_request_seconds', 'waihu_http_shed_total', 'waihu_http_streams']) registry.removeSingleMetric(metric)
    streams.reset()
    return Promise.resolve()
  })
  return { shed: () => shed.inc() }
}
