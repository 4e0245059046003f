// POST hang_up: ends a running call. Translates only; the dialer decides what there is to stop.
import { z } from 'zod'
import { action, callinfo, jsonObject, zCallId } from './action.ts'

export const hang_up = action({
  method: 'POST',
  path: `${callinfo}/hang_up`,
  tag: '通话',
  summary: '挂断',
  description: '通话中礼貌挂断；还没拨出的呼叫则取消。 可重复调用；`result` 为 already-ended 表示早已结束。',
  needs: { key: true, version: true },
  body: jsonObject({ call_id: zCallId }),
  answer: z.object({ success: z.literal(true), call_id: z.string(), result: z.enum(['stopping', 'already-ended']), message: z.string() }),
  async handle({ body, accountId }, { calls }) {
    const result = await calls.stop(accountId, body.call_id, 'hang-up')
    return { success: true as const, call_id: body.call_id, result, message: result === 'stopping' ? '已受理，通话即将结束' : '通话早已结束' }
  },
})
