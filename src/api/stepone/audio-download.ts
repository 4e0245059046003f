// Streams audio that belongs to a call, whole or a range of it, to whoever may hear it. Does not know which audio that is, or where it lies.
import { Readable } from 'node:stream'
import { NotFoundError } from '../../errors.ts'
import type { CallRecord } from '../../dialer/call-service.ts'
import type { ActionInput, StepOne } from './action.ts'
import { HttpError } from './errors.ts'

/** Which audio of the call, under what name, and what to say when there is none. */
export type CallAudio = { fileOf(record: CallRecord): string | undefined; name(callId: string): string; missing: string }

/** For the owner's X-API-Key, or a signed link of that call. Errors: NotFoundError, HttpError 403 and 416, ProviderError, those of `authenticate`. */
export async function sendAudio({ request, reply }: ActionInput<never>, { calls, recordings, authenticate }: StepOne, audio: CallAudio): Promise<unknown> {
  const { call_id: callId } = request.params as { call_id: string }
  const { token } = request.query as { token?: string }
  const signedFor = token === undefined ? undefined : recordings.verify(callId, token)
  if (token !== undefined && signedFor === undefined) throw new HttpError(403, 'link-expired', '录音链接无效或已过期，请重新查询通话获取新链接')
  const kept = audio.fileOf(await calls.lookUp(signedFor ?? (await authenticate(request.headers['x-api-key'])), callId))
  const stored = kept === undefined ? undefined : await recordings.find(kept)
  if (stored === undefined) throw new NotFoundError('recording', audio.missing)
  const size = stored.sizeBytes
  const range = rangeOf(request.headers.range, size)
  if (range === 'unsatisfiable') throw new HttpError(416, 'range-not-satisfiable', `请求的范围超出录音长度 ${size} 字节`, { 'content-range': `bytes */${size}` })
  // Whoever asks for the head only is spared the way of the bytes from the store.
  const bytes = request.method === 'HEAD' ? Readable.from([]) : await stored.read(range)
  // It was moved, or its time was over, a moment ago: asking again tells.
  if (bytes === undefined) throw new NotFoundError('recording', audio.missing)
  reply.header('content-type', 'audio/wav').header('accept-ranges', 'bytes').header('content-disposition', `inline; filename="${audio.name(callId)}"`)
  if (range === undefined) reply.header('content-length', size)
  else reply.code(206).header('content-length', range.end - range.start + 1).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  return reply.send(bytes)
}

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
