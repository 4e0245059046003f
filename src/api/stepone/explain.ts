// POST explain: what happened in a call, stage by stage, in plain words. Translates only; the dialer explains.
import { z } from 'zod'
import { explain as explainCall, explanationText } from '../../dialer/explain.ts'
import { action, callinfo, jsonObject, zCallId } from './action.ts'

export const explain = action({
  method: 'POST',
  path: `${callinfo}/explain`,
  tag: '通话',
  summary: '说明通话经过',
  description: '一步一步说明这个电话发生了什么、为什么，以及下一步怎么做。通话还在进行时说明到目前为止。',
  needs: { key: true, version: true },
  body: jsonObject({ call_id: zCallId, language: z.enum(['zh', 'en'], { error: 'language 应为 zh 或 en' }).default('zh') }),
  answer: z.object({ success: z.literal(true), call_id: z.string(), text: z.string() }),
  async handle({ body, accountId }, { calls }) {
    const record = await calls.lookUp(accountId, body.call_id)
    const [rows, undelivered] = await Promise.all([calls.events(accountId, record.id), calls.undelivered(accountId, record.id)])
    return { success: true as const, call_id: record.id, text: explanationText(explainCall(record, rows, body.language, undelivered)) }
  },
})
