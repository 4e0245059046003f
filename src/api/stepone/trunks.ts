// GET, PUT and DELETE trunks: the lines of this installation, for admin keys. Translates only; the trunk desk decides.
import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import type { TrunkDesk, TrunkStatus } from '../../dialer/trunk-desk.ts'
import { lineReasons } from '../../dialer/trunk-choice.ts'
import type { TrunkRecord } from '../../dialer/trunk-store.ts'
import { action, jsonObject, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = '/api/v1/trunks'
const needs = { key: true, version: false, admin: true } as const
const params = z.object({ name: z.string({ error: 'name 应为线路名' }).regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: '线路名只能含小写字母、数字和 -，最多 32 个字符' }) })
const configNote = '线路配置，字段与 `waihu trunk show` 相同；密码显示为 `********`，原样发回即保持不变'

const trunkShape = z.object({
  name: z.string(),
  enabled: z.boolean(),
  version: z.int().meta({ description: '修改时原样带回' }),
  problem: z.string().nullable().meta({ description: '配置无法使用的原因' }),
  created_at: z.string(),
  updated_at: z.string(),
  config: z.record(z.string(), z.unknown()).meta({ description: configNote }),
})

const toWire = ({ name, enabled, version, problem, createdAt, updatedAt, shown }: TrunkRecord): z.infer<typeof trunkShape> => ({
  name, enabled, version, problem: problem ?? null, created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString(), config: shown,
})

function deskOf({ trunks }: StepOne): TrunkDesk {
  if (trunks === undefined) throw new HttpError(404, 'path-not-found', '此服务不管理线路')
  return trunks
}

const nameOf = (request: { params: unknown }): string => (request.params as z.infer<typeof params>).name

/** The version that the editor has read: `If-Match: "7"`, or as a field. Errors: InvalidInputError. */
function versionOf(header: string | undefined, field: number | undefined): number | undefined {
  if (header === undefined) return field
  const digits = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim())?.[1]
  if (digits === undefined) throw new InvalidInputError('If-Match', 'If-Match 应为读取时 ETag 的值，如 "7"')
  return Number(digits)
}

const etag = (version: number): string => `"${version}"`

export const list_trunks = action({
  method: 'GET',
  path,
  tag: '线路',
  summary: '列出线路',
  needs,
  answer: z.object({ success: z.literal(true), trunks: z.array(trunkShape) }),
  async handle(_input, stepone) {
    return { success: true as const, trunks: (await deskOf(stepone).list()).map(toWire) }
  },
})

export const get_trunk = action({
  method: 'GET',
  path: `${path}/:name`,
  tag: '线路',
  summary: '查看一条线路',
  needs,
  params,
  answer: z.object({ success: z.literal(true), trunk: trunkShape }),
  async handle({ request, reply }, stepone) {
    const record = await deskOf(stepone).get(nameOf(request))
    reply.header('etag', etag(record.version))
    return { success: true as const, trunk: toWire(record) }
  },
})

export const put_trunk = action({
  method: 'PUT',
  path: `${path}/:name`,
  tag: '线路',
  summary: '新建或修改一条线路',
  description: '立即生效，无需重启，进行中的通话不受影响。新建时不带版本；修改时带上读到的版本（`version` 字段或 `If-Match` 请求头），别人改过就返回 409，什么都不保存。`config` 是完整的配置，没写的字段恢复默认。',
  needs,
  params,
  body: jsonObject({
    version: z.int({ error: 'version 应为读取时得到的数字' }).optional(),
    config: z.record(z.string(), z.unknown(), { error: 'config 应为 JSON 对象' }).meta({ description: configNote, examples: [{ targets: ['192.0.2.10'], callers: [{ number: '02160001000' }], concurrencyMax: 30, cps: 5 }] }),
  }),
  answer: z.object({ success: z.literal(true), trunk: trunkShape }),
  async handle({ body, request, reply }, stepone) {
    const record = await deskOf(stepone).put(nameOf(request), body.config, versionOf(request.headers['if-match'], body.version))
    reply.header('etag', etag(record.version))
    return { success: true as const, trunk: toWire(record) }
  },
})

export const delete_trunk = action({
  method: 'DELETE',
  path: `${path}/:name`,
  tag: '线路',
  summary: '删除一条线路',
  description: '进行中的通话不受影响。可带 `If-Match` 请求头：只删除读到的版本。',
  needs,
  params,
  answer: z.object({ success: z.literal(true) }),
  async handle({ request }, stepone) {
    await deskOf(stepone).remove(nameOf(request), versionOf(request.headers['if-match'], undefined))
    return { success: true as const }
  },
})

const nullableTime = z.string().nullable()
const statusShape = z.object({
  success: z.literal(true),
  name: z.string(),
  built_in: z.boolean().meta({ description: '由启动选项配置，或模拟线路' }),
  enabled: z.boolean(),
  problem: z.string().nullable(),
  blocked: z.enum(lineReasons).nullable().meta({ description: '此刻不能发起呼叫的原因：pace 每秒呼叫数、full 并发、callers-full 主叫并发、backing-off 退避、down 不通、no-such-trunk 未启用；null 表示可以' }),
  blocked_until: nullableTime,
  running: z.int(),
  concurrency_max: z.int().nullable(),
  callers: z.array(z.object({ number: z.string(), running: z.int(), concurrency_max: z.int().nullable(), last_used_at: nullableTime })).meta({ description: '前 100 个' }),
  backing_off: z.object({ until: z.string(), because: z.enum(['retry-after', 'faults']), steps: z.int() }).nullable().meta({ description: '最近一次退避，可能已过' }),
  suspect: z.object({ until: z.string(), because: z.string() }).nullable().meta({ description: '疑似被封：最近应答的分布，如 403×12 / 15' }),
  faults_in_row: z.int(),
  failures: z.array(z.object({ at: z.string(), status: z.int(), local: z.enum(['timeout', 'transport']).nullable(), retry_after_ms: z.number().nullable() })),
  nodes: z.array(z.object({ node: z.string(), up: z.boolean(), renewed_at: z.string(), detail: z.unknown() })).meta({ description: '每个进程看到的注册与 OPTIONS 情况' }),
})

export const trunk_state = action({
  method: 'GET',
  path: `${path}/:name/state`,
  tag: '线路',
  summary: '查看一条线路的状态',
  description: '注册、OPTIONS、退避、并发和主叫号码的使用情况；`trunk` 与 `simulated` 是内置线路。',
  needs,
  params,
  answer: statusShape,
  async handle({ request }, stepone) {
    return toStatus(await deskOf(stepone).status(nameOf(request)))
  },
})

function toStatus(status: TrunkStatus): z.infer<typeof statusShape> {
  const { name, builtIn, enabled, problem, blocked, running, concurrencyMax, callers, health, nodes } = status
  const at = (ms: number): string => new Date(ms).toISOString()
  return {
    success: true,
    name,
    built_in: builtIn,
    enabled,
    problem: problem ?? null,
    blocked: blocked?.why ?? null,
    blocked_until: blocked?.untilMs === undefined ? null : at(blocked.untilMs),
    running,
    concurrency_max: concurrencyMax ?? null,
    callers: callers.map((caller) => ({ number: caller.number, running: caller.running, concurrency_max: caller.concurrencyMax ?? null, last_used_at: caller.lastUsedAt?.toISOString() ?? null })),
    backing_off: health.backOff ? { until: at(health.backOff.untilMs), because: health.backOff.because, steps: health.backOff.steps } : null,
    suspect: health.suspect ? { until: at(health.suspect.untilMs), because: health.suspect.because } : null,
    faults_in_row: health.faultsInRow,
    failures: health.failures.map((failure) => ({ at: at(failure.atMs), status: failure.status, local: failure.local ?? null, retry_after_ms: failure.retryAfterMs ?? null })),
    nodes: nodes.map(({ node, up, renewedAt, detail }) => ({ node, up, renewed_at: renewedAt.toISOString(), detail })),
  }
}
