// GET trace/<call_id>: the SIP messages of a call, as text to read or as a capture to open. Does not know how they are kept.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { traceFiles } from '../../call/trace-files.ts'
import { NotFoundError } from '../../errors.ts'
import { action, callinfo, zCallId } from './action.ts'
import { HttpError } from './errors.ts'

export const trace = action({
  method: 'GET',
  path: `${callinfo}/trace/:call_id`,
  tag: '通话',
  summary: '下载 SIP 消息',
  description: '通话的 SIP 消息：`format=text` 为梯形图和全文，`format=pcap` 可用 Wireshark 打开。线路的 `trace` 或选项 `SIP_TRACE=on` 打开后才有，通话结束后写入。权限与录音相同。',
  needs: { key: false, version: false },
  params: z.object({ call_id: zCallId }),
  query: z.object({
    format: z.enum(['text', 'pcap'], { error: 'format 应为 text 或 pcap' }).default('text'),
    token: z.string().max(200).optional().meta({ description: 'recording_url 里的签名' }),
  }),
  writes: 'text/plain',
  async handle({ request, reply }, { calls, recordings, authenticate, traces }) {
    const { call_id: callId } = request.params as { call_id: string }
    const { format, token } = request.query as { format: 'text' | 'pcap'; token?: string }
    const signedFor = token === undefined ? undefined : recordings.verify(callId, token)
    if (token !== undefined && signedFor === undefined) throw new HttpError(403, 'link-expired', '链接无效或已过期，请重新查询通话获取新链接')
    const { id } = await calls.lookUp(signedFor ?? (await authenticate(request.headers['x-api-key'])), callId)
    const missing = (): NotFoundError => new NotFoundError('trace', '没有这通电话的 SIP 消息（尚未结束，或当时没有打开线路的 trace 或 SIP_TRACE）')
    if (traces === undefined) throw missing()
    const files = traceFiles(traces, id)
    const bytes = await readFile(format === 'text' ? files.ladder : files.pcap).catch(() => Promise.reject(missing()))
    reply.header('content-type', format === 'text' ? 'text/plain; charset=utf-8' : 'application/vnd.tcpdump.pcap')
    reply.header('content-disposition', `${format === 'text' ? 'inline' : 'attachment'}; filename="${id}.${format === 'text' ? 'txt' : 'pcap'}"`)
    return reply.send(bytes)
  },
})
