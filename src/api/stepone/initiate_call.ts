// POST initiate_call: one sentence and one or more numbers become calls. Translates only; the dialer decides.
import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { apiLimits } from '../limits.ts'
import { action, callinfo, jsonObject, requiredText } from './action.ts'

export const initiate_call = action({
  method: 'POST',
  path: `${callinfo}/initiate_call`,
  tag: '通话',
  summary: '发起呼叫',
  description:
    '一句话和一个或多个号码（用逗号、顿号、分号或换行分隔）。全部受理或全部拒绝：只要有一个号码不能拨打，就一个都不拨，并逐个说明原因。' +
    '可带 `Idempotency-Key` 请求头：同键同内容重发返回同样的编号（`"replayed":true`），同键不同内容返回 409。',
  needs: { key: true, version: true },
  body: jsonObject({
    phones: requiredText('phones', '被叫号码', apiLimits.phonesCharsMax).meta({ examples: ['13800138000'] }),
    user_requirement: requiredText('user_requirement', '要通知或询问的内容', apiLimits.requirementCharsMax).meta({
      examples: ['通知张总明天上午9点开会'],
    }),
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
    const { callIds, replayed } = await calls.place({
      accountId,
      source: 'stepone',
      phones: body.phones,
      userRequirement: body.user_requirement,
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
