// POST cancel: stops a call that was not dialled yet. Translates only; the dialer decides what there is to stop.
import { z } from 'zod'
import { action, callinfo, jsonObject, zCallId } from './action.ts'

export const cancel = action({
  method: 'POST',
  path: `${callinfo}/cancel`,
  tag: '通话',
  summary: '取消',
  description: '还没拨出的呼叫不再拨出；已在进行的挂断。 可重复调用；`result` 为 already-ended 表示早已结束。',
  needs: { key: true, version: true },
  body: jsonObject({ call_id: zCallId }),
  answer: z.object({ success: z.literal(true), call_id: z.string(), result: z.enum(['stopping', 'already-ended']), message: z.string() }),
  async handle({ body, accountId }, { calls }) {
    const result = await calls.stop(accountId, body.call_id, 'cancel')
    return { success: true as const, call_id: body.call_id, result, message: result === 'stopping' ? '已受理，通话即将结束' : '通话早已结束' }
  },
})
