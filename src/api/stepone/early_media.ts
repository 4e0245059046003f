// GET early_media/<call_id>: what the line played before a call that nobody answered. Translates only.
import { z } from 'zod'
import { action, callinfo, zCallId } from './action.ts'
import { sendAudio } from './audio-download.ts'

export const early_media = action({
  method: 'GET',
  path: `${callinfo}/early_media/:call_id`,
  tag: '通话',
  summary: '下载接通前的声音',
  description: '未接通的电话在接通前听到的提示音或彩铃，最长 15 秒，用作结果的依据；只有回铃音时没有。权限与录音相同：`X-API-Key`，或查询结果里的 `early_media_url`。支持 Range。',
  needs: { key: false, version: false },
  params: z.object({ call_id: zCallId }),
  query: z.object({ token: z.string().max(200).optional().meta({ description: 'early_media_url 里的签名' }) }),
  writes: 'audio/wav',
  handle: (input, stepone) => sendAudio(input as never, stepone, { fileOf: (record) => record.reason?.evidence.clip, name: (callId) => `${callId}.early.wav`, missing: '没有这通电话接通前的声音（已接通、只有回铃音、未录音或已到期删除）' }),
})
