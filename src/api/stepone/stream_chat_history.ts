// POST stream_chat_history: the conversation as it happens, as server-sent events. Translates only; chat-stream.ts does the writing.
import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { action, callinfo, jsonObject, zCallId } from './action.ts'

const zEventId = z.union([z.int(), z.string().trim()], { error: 'last_event_id 应为数字（上一条的 id）' })

export const stream_chat_history = action({
  method: 'POST',
  path: `${callinfo}/stream_chat_history`,
  tag: '通话',
  summary: '实时会话（SSE）',
  description:
    '每行 `data: {"role": "assistant", "content": "…"}`；接通前每 0.5 秒一行 `: keep-alive`；结束时 `[DONE]`，30 秒未接通 `[TIMEOUT]`。' +
    '晚到的读者先收到此前全部内容。断开后用 `Last-Event-ID` 请求头或 `last_event_id` 续读，不缺不重。',
  needs: { key: true, version: true },
  body: jsonObject({ call_id: zCallId, last_event_id: zEventId.optional().meta({ description: '从这条之后续读', examples: [7] }) }),
  writes: 'text/event-stream',
  stream: true,
  async handle({ body, accountId, request, reply }, { calls, streams }) {
    const afterSeq = seqOf(request.headers['last-event-id'] ?? body.last_event_id)
    const record = await calls.lookUp(accountId, body.call_id)
    streams.admit(accountId)
    reply.hijack()
    await streams.run({
      response: reply.raw,
      follow: (signal) => calls.follow(accountId, record.id, afterSeq, signal),
      connected: record.answeredAt !== undefined,
      accountId,
      callId: record.id,
    })
    return reply
  },
})

function seqOf(id: string | string[] | number | undefined): number {
  if (id === undefined || id === '') return 0
  const digits = String(id).trim()
  if (!/^\d{1,9}$/.test(digits)) throw new InvalidInputError('last_event_id', 'last_event_id 应为数字（上一条的 id）')
  return Number(digits)
}
