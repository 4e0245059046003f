// GET, POST and DELETE do_not_call: numbers that are not called. Translates only; the do-not-call desk decides.
import { z } from 'zod'
import type { DoNotCallDesk } from '../../dialer/do-not-call-desk.ts'
import { apiLimits } from '../limits.ts'
import { action, jsonObject, requiredText, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'
import { listScope as scope, whose, type ListScope } from './list-scope.ts'
import { readable } from './wire.ts'

const path = '/api/v1/do_not_call'
const needs = { key: true, version: false } as const

function deskOf({ doNotCall }: StepOne): DoNotCallDesk {
  if (doNotCall === undefined) throw new HttpError(404, 'path-not-found', '此服务不管理免打扰名单')
  return doNotCall
}

export const list_do_not_call = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看免打扰名单',
  description: '本账户登记的、被叫在通话中要求的，以及全平台的，新的在前。',
  needs,
  query: z.object({
    phone: z.string().max(40).optional().meta({ description: '只看这个号码' }),
    before: z.coerce.number({ error: 'before 应为上一页最后一条的 id' }).int().min(1).optional().meta({ description: '上一页最后一条的 id' }),
    limit: z.coerce.number({ error: 'limit 应为 1–500' }).int().min(1).max(500).default(100),
  }),
  answer: z.object({
    success: z.literal(true),
    entries: z.array(z.object({ id: z.int(), phone: z.string(), scope: z.enum(['account', 'everybody']), source: z.enum(['callee', 'account', 'operator', 'import']), reason: z.string(), call_id: z.string().nullable(), created_at: z.string(), expires_at: z.string().nullable() })),
  }),
  async handle({ accountId, request }, stepone) {
    const entries = await deskOf(stepone).list(accountId, request.query as { phone?: string; before?: number; limit: number })
    return {
      success: true as const,
      entries: entries.map(({ id, phone, scope: whom, source, evidence, callId, createdAt, expiresAt }) => ({
        id, phone, scope: whom, source, reason: whom === 'account' ? readable(evidence) : '', call_id: whom === 'account' ? callId : null, created_at: createdAt.toISOString(), expires_at: expiresAt?.toISOString() ?? null,
      })),
    }
  },
})

export const add_do_not_call = action({
  method: 'POST',
  path,
  tag: '账户',
  summary: '登记免打扰号码',
  description: '立即生效，排队中的通话也不再拨打。全部登记或全部不登记；已登记的保持不变。',
  needs,
  body: jsonObject({
    phones: requiredText('phones', '号码，多个用逗号分隔', apiLimits.phonesCharsMax).meta({ examples: ['13800138000'] }),
    reason: z.string({ error: 'reason 应为字符串' }).trim().default(''),
    expires_at: z.iso.datetime({ offset: true, error: 'expires_at 应为 ISO 8601 时间，如 2027-01-01T00:00:00+08:00' }).optional().meta({ description: '到期后不再有效；不填则永久' }),
    scope,
  }),
  answer: z.object({ success: z.literal(true), phones: z.array(z.string()).meta({ description: 'E.164' }) }),
  async handle(input, stepone) {
    const { phones, reason, expires_at: expires, scope: wanted } = input.body
    const listed = await deskOf(stepone).add(await whose(input, stepone, wanted), phones, { reason, expiresAt: expires === undefined ? undefined : new Date(expires) })
    return { success: true as const, phones: listed.phones }
  },
})

export const remove_do_not_call = action({
  method: 'DELETE',
  path: `${path}/:phone`,
  tag: '账户',
  summary: '移除免打扰号码',
  description: '移除的记录会保留。被叫自己要求的，请先征得对方同意。',
  needs,
  params: z.object({ phone: z.string().max(40) }),
  query: z.object({ scope }),
  answer: z.object({ success: z.literal(true) }),
  async handle(input, stepone) {
    const { phone } = input.request.params as { phone: string }
    const { scope: wanted } = input.request.query as { scope: ListScope }
    await deskOf(stepone).remove(await whose(input, stepone, wanted), phone, input.accountId)
    return { success: true as const }
  },
})
