// GET, PUT and DELETE text templates: what SingleCallByTts and IvrCall say. Translates only; the templates decide.
import { z } from 'zod'
import type { TtsTemplate, TtsTemplates } from '../../account/tts-templates.ts'
import { account, action, jsonObject, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = `${account}/tts_templates`
const needs = { key: true, version: false } as const
const params = z.object({ code: z.string().max(64).meta({ description: 'TTS_ 加 1–32 位数字或字母', examples: ['TTS_1'] }) })

const shape = z.object({ code: z.string(), name: z.string(), text: z.string(), state: z.enum(['pending', 'approved', 'rejected']), says_synthetic: z.boolean(), created_at: z.string() })

function templatesOf({ templates }: StepOne): TtsTemplates {
  if (templates === undefined) throw new HttpError(404, 'path-not-found', '此服务不提供阿里云接口')
  return templates
}

function toWire({ code, name, text, state, saysSynthetic, createdAt }: TtsTemplate): z.infer<typeof shape> {
  return { code, name, text, state, says_synthetic: saysSynthetic, created_at: createdAt.toISOString() }
}

export const list_tts_templates = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看文本模板',
  needs,
  answer: z.object({ success: z.literal(true), tts_templates: z.array(shape) }),
  async handle({ accountId }, stepone) {
    return { success: true as const, tts_templates: (await templatesOf(stepone).list(accountId)).map(toWire) }
  },
})

export const set_tts_template = action({
  method: 'PUT',
  path: `${path}/:code`,
  tag: '账户',
  summary: '新建或修改文本模板',
  description: '变量写成 ${name}；替换全部内容，对之后发起的呼叫生效。只有 approved 的模板能播报。',
  needs,
  params,
  body: jsonObject({
    text: z.string({ error: 'text 应为字符串（要播报的内容）' }).meta({ examples: ['${name}您好，您的快递到了。'] }),
    name: z.string({ error: 'name 应为字符串' }).trim().default(''),
    state: z.enum(['pending', 'approved', 'rejected'], { error: 'state 应为 pending、approved 或 rejected' }).default('approved').meta({ description: '审核状态' }),
    says_synthetic: z.boolean({ error: 'says_synthetic 应为布尔' }).default(false).meta({ description: '内容自己已写明是合成语音，之前不再加提示' }),
  }),
  answer: z.object({ success: z.literal(true), tts_template: shape }),
  async handle({ accountId, body, request }, stepone) {
    const { text, name, state, says_synthetic: saysSynthetic } = body
    return { success: true as const, tts_template: toWire(await templatesOf(stepone).put(accountId, { code: (request.params as { code: string }).code, text, name, state, saysSynthetic })) }
  },
})

export const remove_tts_template = action({
  method: 'DELETE',
  path: `${path}/:code`,
  tag: '账户',
  summary: '删除文本模板',
  description: '已发起的呼叫不受影响。',
  needs,
  params,
  answer: z.object({ success: z.literal(true) }),
  async handle({ accountId, request }, stepone) {
    await templatesOf(stepone).remove(accountId, (request.params as { code: string }).code)
    return { success: true as const }
  },
})
