// POST search_callinfo: everything known about one call. Translates only.
import type { CallEventRow } from '../../events.ts'
import { OverloadedError } from '../../errors.ts'
import { action, callinfo, jsonObject, zCallId } from './action.ts'
import { callInfoShape, toCallInfo } from './wire.ts'

export const search_callinfo = action({
  method: 'POST',
  path: `${callinfo}/search_callinfo`,
  tag: '通话',
  summary: '查询通话',
  description: '`duration_seconds` 是数字时通话已结束（未接通为 0），为 null 时还在进行。',
  needs: { key: true, version: true },
  body: jsonObject({ call_id: zCallId }),
  answer: callInfoShape,
  async handle({ body, accountId, request }, { calls, clock, limits, recordings, baseUrl }) {
    const record = await calls.lookUp(accountId, body.call_id)
    const rows: CallEventRow[] = []
    if (record.status === 'ended') {
      // The log of an ended call ends by itself; the limit is for a database that hangs.
      const stop = new AbortController()
      const cancel = clock.after(limits.lookUpMsMax, () => stop.abort())
      try {
        for await (const row of calls.follow(accountId, record.id, 0, stop.signal)) {
          rows.push(row)
          if (row.event.type === 'ended') break
        }
      } finally {
        cancel()
      }
      if (stop.signal.aborted) throw new OverloadedError('通话记录暂时读取不到，请稍后重试', 2_000)
    }
    const url =
      record.recording === undefined || recordings.fileOf(record.recording) === undefined
        ? undefined
        : `${baseUrl(request)}${callinfo}/recording/${encodeURIComponent(record.id)}?token=${recordings.sign(accountId, record.id)}`
    return toCallInfo(record, rows, url)
  },
})
