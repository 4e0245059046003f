// POST initiate_call: one sentence and one or more numbers become calls. Translates only; the dialer decides.
import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { apiLimits } from '../limits.ts'
import { action, callinfo, jsonObject, requiredText } from './action.ts'

const requirementIs = '要通知或询问的内容'

export const initiate_call = action({
  method: 'POST',
  path: `${callinfo}/initiate_call`,
  tag: '通话',
  summary: '发起呼叫',
  description:
    '一句话（或一个话术和它的变量）和一个或多个号码（用逗号、顿号、分号或换行分隔）。全部受理或全部拒绝：只要有一个号码不能拨打，就一个都不拨，并逐个说明原因。' +
    '可带 `Idempotency-Key` 请求头：同键同内容重发返回同样的编号（`"replayed":true`），同键不同内容返回 409。',
  needs: { key: true, version: true },
  body: jsonObject({
    phones: requiredText('phones', '被叫号码', apiLimits.phonesCharsMax).meta({ examples: ['13800138000'] }),
    user_requirement: requiredText('user_requirement', requirementIs, apiLimits.requirementCharsMax).optional().meta({
      description: '要通知或询问的内容；用 script 时不填',
      examples: ['通知张总明天上午9点开会'],
    }),
    script: requiredText('script', '话术编号', 60).optional().meta({ description: '由已发布的话术主导，见 `GET /api/v1/scripts`；代替 user_requirement' }),
    script_version: z.int({ error: 'script_version 应为整数' }).min(1).optional().meta({ description: '话术的版本；不填则用已发布的' }),
    vars: z.record(z.string(), z.string({ error: 'vars 的值应为字符串' }).max(200, { error: 'vars 的值最多 200 个字符' }), { error: 'vars 应为 JSON 对象，值都是字符串' }).optional().meta({ description: '话术的变量；org 不填则用账户的机构名', examples: [{ name: '张伟', time: '明天下午3点' }] }),
    line: requiredText('line', '线路名', 32).optional().meta({ description: '只走这条线路；不填则自动选择' }),
    caller: requiredText('caller', '主叫号码', 32).optional().meta({ description: '只用这个主叫号码，须在线路的号码池里；不填则自动选择' }),
    handover_phone: requiredText('handover_phone', '人工的号码', 40).optional().meta({ description: '对方要求人工时转接到这个号码；不填则用 HANDOVER_NUMBER，都没有则只转达' }),
    knowledge: requiredText('knowledge', '机器人可以用来回答的资料', apiLimits.knowledgeCharsMax).optional().meta({ description: '对方问起时可以回答的资料，逐行或“问：…答：…”；确认是本人之前同样不说' }),
    call_back: z.enum(['record', 'schedule']).optional().meta({ description: '对方约定再打的时间时：record 只记录（默认），schedule 到时再打一次' }),
  }),
  answer: z.object({
    success: z.literal(true),
    call_ids: z.array(z.string()),
    provider_call_id: z.string().meta({ description: '第一个编号，供旧脚本使用' }),
    message: z.string(),
    replayed: z.literal(true).optional(),
  }),
  async handle({ body, accountId, request }, { calls }) {
    const { script, user_requirement: requirement } = body
    if (script === undefined && requirement === undefined) throw new InvalidInputError('user_requirement', `user_requirement 应为字符串（${requirementIs}）`)
    if (script === undefined && (body.vars !== undefined || body.script_version !== undefined)) throw new InvalidInputError('script', 'vars 和 script_version 只和 script 一起用')
    for (const field of ['user_requirement', 'knowledge'] as const) if (script !== undefined && body[field] !== undefined) throw new InvalidInputError(field, `${field} 和 script 只能填一个：话术已经写明要说什么`)
    const { callIds, replayed } = await calls.place({
      accountId,
      source: 'stepone',
      phones: body.phones,
      userRequirement: requirement ?? '',
      script: script === undefined ? undefined : { id: script, version: body.script_version, vars: body.vars ?? {} },
      line: body.line,
      caller: body.caller,
      handoverPhone: body.handover_phone,
      knowledge: body.knowledge,
      callsBack: body.call_back === undefined ? undefined : body.call_back === 'schedule',
      idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']),
    })
    return {
      success: true as const,
      call_ids: callIds,
      provider_call_id: callIds[0] ?? '',
      message: replayed ? '此前已受理，没有重复拨打' : `已受理 ${callIds.length} 个呼叫`,
      ...(replayed ? { replayed: true as const } : {}),
    }
  },
})

/** Errors: InvalidInputError for a key that cannot be stored and compared. */
function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = String(header).trim()
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new InvalidInputError('Idempotency-Key', 'Idempotency-Key 应为 1–200 个可见的 ASCII 字符，不含空格')
  return key
}
