// GET and PUT account webhook: where call reports are sent. Translates only; the account decides which addresses are allowed.
import { z } from 'zod'
import { account, action, jsonObject } from './action.ts'

const path = `${account}/webhook`

export const account_webhook = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看通话报告的推送地址',
  needs: { key: true, version: false },
  answer: z.object({ success: z.literal(true), url: z.string().nullable() }),
  async handle({ accountId }, { accounts }) {
    const { url } = await accounts.webhook(accountId)
    return { success: true as const, url: url ?? null }
  },
})

export const set_account_webhook = action({
  method: 'PUT',
  path,
  tag: '账户',
  summary: '设置通话报告的推送地址',
  description: '`secret` 只在设置新地址时返回这一次，用于验证推送的签名。`url` 为 null 时停止推送。',
  needs: { key: true, version: false },
  body: jsonObject({
    url: z
      .string({ error: 'url 应为 http(s) 地址，或 null' })
      .trim()
      .max(2_000, { error: 'url 过长，最多 2000 个字符' })
      .refine((value) => isHttpUrl(value), { error: 'url 应为 http(s) 地址，且不带用户名密码' })
      .nullable()
      .meta({ examples: ['https://example.com/waihu-hook'] }),
  }),
  answer: z.object({ success: z.literal(true), url: z.string().nullable(), secret: z.string().nullable() }),
  async handle({ body, accountId }, { accounts }) {
    const { url, secret } = await accounts.setWebhook(accountId, body.url ?? undefined)
    return { success: true as const, url: url ?? null, secret: secret ?? null }
  },
})

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === ''
}
