// GET, POST, PUT and DELETE access keys: who may sign requests to the Alibaba Cloud face. Translates only; the access keys decide.
import { z } from 'zod'
import type { AccessKeys } from '../../account/access-keys.ts'
import { account, action, jsonObject, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = `${account}/access_keys`
const needs = { key: true, version: false } as const
const params = z.object({ id: z.string().max(64) })

function keysOf({ accessKeys }: StepOne): AccessKeys {
  if (accessKeys === undefined) throw new HttpError(404, 'path-not-found', '此服务不提供阿里云接口')
  return accessKeys
}

export const list_access_keys = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看 AccessKey',
  description: '阿里云接口用的密钥，新的在前；不含 AccessKeySecret。',
  needs,
  answer: z.object({ success: z.literal(true), access_keys: z.array(z.object({ access_key_id: z.string(), label: z.string(), enabled: z.boolean(), created_at: z.string(), last_used_at: z.string().nullable() })) }),
  async handle({ accountId }, stepone) {
    const keys = await keysOf(stepone).list(accountId)
    return { success: true as const, access_keys: keys.map(({ id, label, enabled, createdAt, lastUsedAt }) => ({ access_key_id: id, label, enabled, created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null })) }
  },
})

export const create_access_key = action({
  method: 'POST',
  path,
  tag: '账户',
  summary: '新建 AccessKey',
  description: '`access_key_secret` 只在这一次返回。',
  needs,
  body: jsonObject({ label: z.string({ error: 'label 应为字符串' }).trim().default('').meta({ examples: ['crm'] }) }),
  answer: z.object({ success: z.literal(true), access_key_id: z.string(), access_key_secret: z.string() }),
  async handle({ accountId, body }, stepone) {
    const { id, secret } = await keysOf(stepone).create(accountId, body.label)
    return { success: true as const, access_key_id: id, access_key_secret: secret }
  },
})

export const create_temporary_access_key = action({
  method: 'POST',
  path: `${path}/:id/temporary`,
  tag: '账户',
  summary: '签发临时凭证（STS）',
  description: '到期失效；所属的 AccessKey 停用或删除后也失效。',
  needs,
  params,
  body: jsonObject({ seconds: z.number({ error: 'seconds 应为数字' }).int({ error: 'seconds 应为整数' }).default(3_600).meta({ description: '有效期，900–43200 秒', examples: [3_600] }) }),
  answer: z.object({ success: z.literal(true), access_key_id: z.string(), access_key_secret: z.string(), security_token: z.string(), expiration: z.string() }),
  async handle({ accountId, body, request }, stepone) {
    const { id, secret, securityToken, expiresAt } = await keysOf(stepone).temporary(accountId, (request.params as { id: string }).id, body.seconds)
    return { success: true as const, access_key_id: id, access_key_secret: secret, security_token: securityToken, expiration: expiresAt.toISOString() }
  },
})

export const set_access_key = action({
  method: 'PUT',
  path: `${path}/:id`,
  tag: '账户',
  summary: '停用或启用 AccessKey',
  description: '五秒内处处生效。',
  needs,
  params,
  body: jsonObject({ enabled: z.boolean({ error: 'enabled 应为 true 或 false' }).meta({ examples: [false] }) }),
  answer: z.object({ success: z.literal(true), enabled: z.boolean() }),
  async handle({ accountId, body, request }, stepone) {
    await keysOf(stepone).change(accountId, (request.params as { id: string }).id, { enabled: body.enabled })
    return { success: true as const, enabled: body.enabled }
  },
})

export const remove_access_key = action({
  method: 'DELETE',
  path: `${path}/:id`,
  tag: '账户',
  summary: '删除 AccessKey',
  description: '不能恢复；五秒内处处生效。',
  needs,
  params,
  answer: z.object({ success: z.literal(true) }),
  async handle({ accountId, request }, stepone) {
    await keysOf(stepone).change(accountId, (request.params as { id: string }).id, { removed: true })
    return { success: true as const }
  },
})
