// POST search_callinfo: everything known about one call. Translates only.
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
  async handle({ body, accountId, request }, { calls, recordings, baseUrl }) {
    const record = await calls.lookUp(accountId, body.call_id)
    const rows = await calls.events(accountId, record.id)
    const url = (what: 'recording' | 'early_media', file: string | undefined) =>
      file === undefined || !recordings.offers(file) ? undefined : recordings.address(baseUrl(request), accountId, record.id, what)
    return toCallInfo(record, rows, { recording: url('recording', record.recording), earlyMedia: url('early_media', record.reason?.evidence.clip) })
  },
})
