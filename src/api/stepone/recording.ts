// GET recording/<call_id>: the recording of a conversation. Translates only.
import { z } from 'zod'
import { action, callinfo, zCallId } from './action.ts'
import { sendAudio } from './audio-download.ts'

export const recording = action({
  method: 'GET',
  path: `${callinfo}/recording/:call_id`,
  tag: '通话',
  summary: '下载录音',
  description: '用 `X-API-Key`，或直接打开查询结果里的 `recording_url`（带签名，短期有效）。支持 Range。',
  needs: { key: false, version: false },
  params: z.object({ call_id: zCallId }),
  query: z.object({ token: z.string().max(200).optional().meta({ description: 'recording_url 里的签名' }) }),
  writes: 'audio/wav',
  handle: (input, stepone) => sendAudio(input as never, stepone, { fileOf: (record) => record.recording, name: (callId) => `${callId}.wav`, missing: '没有这通电话的录音（未录音、尚未结束或已到期删除）' }),
})
