// GET, PUT receipts of an account and what is done about those that were not taken: where Alibaba Cloud style call reports are pushed. Translates only; the receipt desk decides.
import { z } from 'zod'
import { receiptKinds, type ReceiptKind } from '../../db/receipt-moments.ts'
import type { ReceiptDesk, ReceiptUrls } from '../../dialer/receipt-desk.ts'
import { kindOfMessage, messageTypes } from '../aliyun/receipts.ts'
import { account, action, jsonObject, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = `${account}/receipts`
const needs = { key: true, version: false } as const
const types = receiptKinds.map((kind) => messageTypes[kind])
const zType = z.enum(types, { error: `type 应为 ${types.join('、')} 之一` })
const zUrl = z.string({ error: '地址应为 http(s) 地址，或 null' }).trim().nullable()
const urlsShape = z.object({ VoiceReport: zUrl, VoiceCallReport: zUrl, VoiceRecordReport: zUrl, VoiceRTASRReport: zUrl })

function deskOf({ receipts }: StepOne): ReceiptDesk {
  if (receipts === undefined) throw new HttpError(404, 'path-not-found', '此服务不提供阿里云接口')
  return receipts
}

const toWire = (urls: ReceiptUrls) => ({ VoiceReport: urls.report ?? null, VoiceCallReport: urls.progress ?? null, VoiceRecordReport: urls.recording ?? null, VoiceRTASRReport: urls['live-text'] ?? null })

export const receipts = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看阿里云接口回执的推送地址',
  needs,
  answer: z.object({ success: z.literal(true), urls: urlsShape }),
  async handle({ accountId }, stepone) {
    return { success: true as const, urls: toWire(await deskOf(stepone).targets(accountId)) }
  },
})

export const set_receipts = action({
  method: 'PUT',
  path,
  tag: '账户',
  summary: '设置阿里云接口回执的推送地址',
  description: '按消息类型各一个地址，替换全部设置；没有写或为 null 的不推送。请求体是 JSON 数组，700 毫秒内以 HTTP 200 和 `{"code":0}`（code 为任意数字）应答为成功；失败后 1、5、10 分钟各重试一次。',
  needs,
  body: jsonObject({ urls: urlsShape.partial().meta({ examples: [{ VoiceReport: 'https://example.com/receipts' }] }) }),
  answer: z.object({ success: z.literal(true), urls: urlsShape }),
  async handle({ body, accountId }, stepone) {
    const wanted = receiptKinds.flatMap((kind): [ReceiptKind, string][] => {
      const url = body.urls[messageTypes[kind]]
      return url === undefined || url === null ? [] : [[kind, url]]
    })
    return { success: true as const, urls: toWire(await deskOf(stepone).setTargets(accountId, Object.fromEntries(wanted), (kind) => messageTypes[kind])) }
  },
})

export const test_receipts = action({
  method: 'POST',
  path: `${path}/test`,
  tag: '账户',
  summary: '向回执地址推送一条示例',
  description: '立即推送一次，不重试；说明对方的应答是否算接收。',
  needs,
  body: jsonObject({ type: zType.default('VoiceReport') }),
  answer: z.object({ success: z.literal(true), accepted: z.boolean(), error: z.string().nullable(), ms: z.int(), sent: z.array(z.record(z.string(), z.unknown())) }),
  async handle({ body, accountId }, stepone) {
    const { ms, record, error } = await deskOf(stepone).test(accountId, kindOfMessage(body.type)!)
    return { success: true as const, accepted: error === undefined, error: error ?? null, ms, sent: [record] }
  },
})

export const failed_receipts = action({
  method: 'GET',
  path: `${path}/failed`,
  tag: '账户',
  summary: '查看没有送达的回执',
  description: '重试之后仍未被接收的，新的在前；保留 30 天。`waiting` 是还在等待推送的条数。',
  needs,
  query: z.object({ limit: z.coerce.number({ error: 'limit 应为 1–1000' }).int().min(1).max(1_000).default(100) }),
  answer: z.object({
    success: z.literal(true),
    waiting: z.int(),
    failed: z.array(z.object({ id: z.string(), type: zType, call_id: z.string(), wire_call_id: z.string(), attempts: z.int(), error: z.string().nullable(), created_at: z.string(), failed_at: z.string() })),
  }),
  async handle({ accountId, request }, stepone) {
    const { limit } = request.query as { limit: number }
    const { failed, waiting } = await deskOf(stepone).failed(accountId, limit)
    return {
      success: true as const,
      waiting,
      failed: failed.map(({ id, kind, callId, wireId, attempts, lastError, createdAt, deadAt }) => ({ id, type: messageTypes[kind], call_id: callId, wire_call_id: wireId, attempts, error: lastError, created_at: createdAt.toISOString(), failed_at: deadAt!.toISOString() })),
    }
  },
})

export const replay_receipts = action({
  method: 'POST',
  path: `${path}/replay`,
  tag: '账户',
  summary: '重新推送没有送达的回执',
  description: '`ids` 不填为全部。编号不变，重试次数重新计算。',
  needs,
  body: jsonObject({ ids: z.array(z.string(), { error: 'ids 应为回执编号的数组' }).max(1_000, { error: '一次最多 1000 条；全部重推请不填 ids' }).optional() }),
  answer: z.object({ success: z.literal(true), replayed: z.int() }),
  async handle({ body, accountId }, stepone) {
    return { success: true as const, replayed: await deskOf(stepone).replay(accountId, body.ids) }
  },
})
