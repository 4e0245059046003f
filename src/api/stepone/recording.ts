// GET recording/<call_id>: streams a call's recording, whole or a range of it. Does not know how recordings are made.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { NotFoundError } from '../../errors.ts'
import { action, callinfo, zCallId } from './action.ts'
import { HttpError } from './errors.ts'

const missing = () => new NotFoundError('recording', '没有这通电话的录音（未录音、尚未结束或已到期删除）')

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
  async handle({ request, reply }, { calls, recordings, authenticate }) {
    const { call_id: callId } = request.params as { call_id: string }
    const { token } = request.query as { token?: string }
    const signedFor = token === undefined ? undefined : recordings.verify(callId, token)
    if (token !== undefined && signedFor === undefined) throw new HttpError(403, 'link-expired', '录音链接无效或已过期，请重新查询通话获取新链接')
    const record = await calls.lookUp(signedFor ?? (await authenticate(request.headers['x-api-key'])), callId)
    const file = record.recording === undefined ? undefined : recordings.fileOf(record.recording)
    if (file === undefined) throw missing()
    const size = await stat(file).then((found) => (found.isFile() ? found.size : undefined), () => undefined)
    if (size === undefined) throw missing()
    reply.header('content-type', 'audio/wav').header('accept-ranges', 'bytes').header('content-disposition', `inline; filename="${callId}.wav"`)
    const range = rangeOf(request.headers.range, size)
    if (range === 'unsatisfiable') {
      reply.header('content-type', 'application/json; charset=utf-8')
      throw new HttpError(416, 'range-not-satisfiable', `请求的范围超出录音长度 ${size} 字节`, { 'content-range': `bytes */${size}` })
    }
    if (range === undefined) {
      reply.header('content-length', size)
      return reply.send(createReadStream(file))
    }
    reply.code(206).header('content-length', range.end - range.start + 1).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
    return reply.send(createReadStream(file, range))
  },
})

/**
 * The one byte range that is asked for, both ends included. Undefined: send everything, which RFC 9110 §14.2 allows for several ranges,
 * other units and nonsense alike.
 */
export function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [, first, last] = match
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}
