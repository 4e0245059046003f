// GET, POST and DELETE readings: how words are read aloud. Translates only; the reading desk decides.
import { z } from 'zod'
import type { ReadingDesk } from '../../reading-desk.ts'
import { action, jsonObject, requiredText, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'
import { listScope, whose, type ListScope } from './list-scope.ts'

const path = '/api/v1/readings'
const needs = { key: true, version: false } as const
const PREVIEW_CHARS_MAX = 300

function deskOf({ readings }: StepOne): ReadingDesk {
  if (readings === undefined) throw new HttpError(404, 'path-not-found', '此服务不管理读法')
  return readings
}

export const list_readings = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看词语读法',
  description: '先是全平台的，再是本账户的；同一个词以本账户的为准。',
  needs,
  answer: z.object({
    success: z.literal(true),
    readings: z.array(z.object({ word: z.string(), pinyin: z.string().nullable(), say: z.string().nullable(), scope: z.enum(['account', 'everybody']), created_at: z.string() })),
  }),
  async handle({ accountId }, stepone) {
    const rows = await deskOf(stepone).list(accountId)
    return { success: true as const, readings: rows.map(({ word, pinyin, say, scope, createdAt }) => ({ word, pinyin, say, scope, created_at: createdAt.toISOString() })) }
  },
})

export const set_reading = action({
  method: 'POST',
  path,
  tag: '账户',
  summary: '登记词语读法',
  description: '几秒后开始的通话按它朗读。拼音（pinyin）逐字注音，只用于汉字词；替换（say）是用另一段文字来念，适合字母、数字和缩写。填且只填一个；再次登记同一个词会替换原来的读法。',
  needs,
  body: jsonObject({
    word: requiredText('word', '词语', 64).meta({ examples: ['乐天'] }),
    pinyin: z.string({ error: 'pinyin 应为字符串' }).max(200).optional().meta({ description: '如 yue4 tian1 或 yuè tiān' }),
    say: z.string({ error: 'say 应为字符串' }).max(200).optional().meta({ description: '如把 3M 念作 三M' }),
    scope: listScope,
  }),
  answer: z.object({ success: z.literal(true), word: z.string(), pinyin: z.string().nullable(), say: z.string().nullable() }),
  async handle(input, stepone) {
    const { word, pinyin, say, scope } = input.body
    const kept = await deskOf(stepone).set(await whose(input, stepone, scope), { word, pinyin, say })
    return { success: true as const, word: kept.word, pinyin: 'pinyin' in kept ? kept.pinyin : null, say: 'say' in kept ? kept.say : null }
  },
})

export const remove_reading = action({
  method: 'DELETE',
  path: `${path}/:word`,
  tag: '账户',
  summary: '删除词语读法',
  description: '之后按通常的读法朗读。',
  needs,
  params: z.object({ word: z.string().max(64) }),
  query: z.object({ scope: listScope }),
  answer: z.object({ success: z.literal(true) }),
  async handle(input, stepone) {
    const { word } = input.request.params as { word: string }
    const { scope } = input.request.query as { scope: ListScope }
    await deskOf(stepone).remove(await whose(input, stepone, scope), word)
    return { success: true as const }
  },
})

export const preview_reading = action({
  method: 'GET',
  path: `${path}/preview`,
  tag: '账户',
  summary: '试读',
  description: '一段文字会怎样念：数字、日期、金额、号码都写成读出来的样子，再加上拼音。不打电话。',
  needs,
  query: z.object({ text: z.string({ error: 'text 不能为空' }).min(1, 'text 不能为空').max(PREVIEW_CHARS_MAX) }),
  answer: z.object({ success: z.literal(true), spoken: z.string(), pinyin: z.string() }),
  async handle({ accountId, request }, stepone) {
    const { text } = request.query as { text: string }
    return { success: true as const, ...(await deskOf(stepone).preview(accountId, text)) }
  },
})
