// GET, PUT and DELETE the callback server of an account: whom SmartCall asks about every turn. Translates only; the account decides what may be set.
import { z } from 'zod'
import type { CallbackServers, CallbackServerSettings } from '../../account/callback-servers.ts'
import { callbackServerDefaults as defaults } from '../../robot/callback/plan.ts'
import { account, action, jsonObject, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = `${account}/callback_server`
const needs = { key: true, version: false } as const

const line = (name: string, or: string, what: string) => z.string({ error: `${name} 应为字符串` }).trim().default(or).meta({ description: `${what}；空字符串表示不说` })
const whole = (name: string, or: number, what: string) => z.number({ error: `${name} 应为数字` }).int({ error: `${name} 应为整数` }).default(or).meta({ description: what })
const shape = {
  url: z.string({ error: 'url 应为 http(s) 地址' }).trim().meta({ examples: ['https://example.com/call/ai'] }),
  parameters: z.enum(['form', 'query'], { error: 'parameters 应为 form 或 query' }).default(defaults.parameters).meta({ description: '四个参数放在表单里还是地址里' }),
  timeout_ms: whole('timeout_ms', defaults.timeoutMs, '一轮的超时，含重试，500–20000'),
  retries_max: whole('retries_max', defaults.retriesMax, '连接失败、5xx 或 429 时重试几次，0–5'),
  waiting: line('waiting', defaults.waiting, '回答迟迟未到时说的话'),
  fallback: line('fallback', defaults.fallback, '一轮出错时说的话'),
  closing: line('closing', defaults.closing, '连续出错、挂机之前说的话'),
  says_synthetic: z.boolean({ error: 'says_synthetic 应为布尔' }).default(false).meta({ description: '开场自己已写明是合成语音，之前不再加提示' }),
  call_centres: z.record(z.string(), z.string({ error: 'call_centres 的值应为号码' }), { error: 'call_centres 应为对象' }).default({}).meta({ description: '并行转接的呼叫中心：名称 → 号码', examples: [{ sales: '057112345678' }] }),
}
const shown = z.object({ success: z.literal(true), callback_server: z.object(shape).nullable() })

function serversOf({ callbackServers }: StepOne): CallbackServers {
  if (callbackServers === undefined) throw new HttpError(404, 'path-not-found', '此服务不提供阿里云接口')
  return callbackServers
}

function toWire({ url, parameters, timeoutMs, retriesMax, waiting, fallback, closing, saysSynthetic, callCentres }: CallbackServerSettings) {
  return { url, parameters, timeout_ms: timeoutMs, retries_max: retriesMax, waiting, fallback, closing, says_synthetic: saysSynthetic, call_centres: { ...callCentres } }
}

export const callback_server = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看 SmartCall 的回调设置',
  needs,
  answer: shown,
  async handle({ accountId }, stepone) {
    const settings = await serversOf(stepone).find(accountId)
    return { success: true as const, callback_server: settings ? toWire(settings) : null }
  },
})

export const set_callback_server = action({
  method: 'PUT',
  path,
  tag: '账户',
  summary: '设置 SmartCall 的回调',
  description: '替换全部设置，没有写的取默认值；对之后发起的呼叫生效。',
  needs,
  body: jsonObject(shape),
  answer: shown,
  async handle({ accountId, body }, stepone) {
    const { url, parameters, waiting, fallback, closing } = body
    const settings = await serversOf(stepone).put(accountId, { url, parameters, waiting, fallback, closing, timeoutMs: body.timeout_ms, retriesMax: body.retries_max, saysSynthetic: body.says_synthetic, callCentres: body.call_centres })
    return { success: true as const, callback_server: toWire(settings) }
  },
})

export const remove_callback_server = action({
  method: 'DELETE',
  path,
  tag: '账户',
  summary: '删除 SmartCall 的回调设置',
  description: '之后的 SmartCall 返回 isv.PRODUCT_UNSUBSCRIBE；已发起的呼叫不受影响。',
  needs,
  answer: z.object({ success: z.literal(true) }),
  async handle({ accountId }, stepone) {
    await serversOf(stepone).remove(accountId)
    return { success: true as const }
  },
})
