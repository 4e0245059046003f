// GET /healthz: whether this process can do its work, in one quick look. Does not know how its parts are built.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock } from './clock.ts'

/** One look at one part. `detail` is shown to everybody: no addresses, no secrets. A probe that throws counts as not ok. */
export type HealthProbe = () => Promise<{ ok: boolean; detail?: string | undefined }> | { ok: boolean; detail?: string | undefined }
export type HealthProbes = { database: HealthProbe; carrier: HealthProbe; speech: HealthProbe }

const partShape = z.object({ ok: z.boolean(), detail: z.string().optional() })
const healthShape = z.object({
  status: z.enum(['ok', 'degraded']),
  database: partShape,
  carrier: partShape,
  speech: partShape,
  uptime_seconds: z.int(),
})

/**
 * 200 when calls can be accepted (the database answers), also when degraded; 503 when not.
 * Each probe has `msMax`; a slow part is reported, never waited for.
 */
export function healthRoute(app: FastifyInstance, probes: HealthProbes, clock: Clock, msMax: number): void {
  const startedMs = clock.nowMs()
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { always: true },
    schema: { tags: ['其他'], summary: '健康检查', description: '数据库可用时 200（可能 degraded），否则 503。', response: { 200: healthShape, 503: healthShape } },
    async handler(_request, reply) {
      const [database, carrier, speech] = await Promise.all([probes.database, probes.carrier, probes.speech].map((probe) => look(probe, clock, msMax)))
      const status = database!.ok && carrier!.ok && speech!.ok ? 'ok' : 'degraded'
      return reply
        .code(database!.ok ? 200 : 503)
        .send({ status, database, carrier, speech, uptime_seconds: Math.floor((clock.nowMs() - startedMs) / 1_000) })
    },
  })
}

async function look(probe: HealthProbe, clock: Clock, msMax: number): Promise<{ ok: boolean; detail?: string }> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(msMax, () => late.reject(new Error('late')))
  try {
    const { ok, detail } = await Promise.race([Promise.try(probe), late.promise])
    return detail === undefined ? { ok } : { ok, detail }
  } catch {
    // The error may hold addresses or credentials, so only the fact is told.
    return { ok: false, detail: `check failed or took over ${msMax} ms` }
  } finally {
    cancel()
  }
}
