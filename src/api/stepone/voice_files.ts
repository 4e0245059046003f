// GET, PUT and DELETE voice files: the recordings that VoiceCode names. Translates only; the voice file desk decides.
import { z } from 'zod'
import { voiceFileLimits, type VoiceFileDesk } from '../../voice-file-desk.ts'
import { account, action, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = `${account}/voice_files`
const needs = { key: true, version: false } as const
const params = z.object({ code: z.string().max(64).meta({ description: '由字母、数字、_ 和 - 组成，最长 39 个字符，可带 .wav 或 .mp3', examples: ['welcome.wav'] }) })

function deskOf({ voiceFiles }: StepOne): VoiceFileDesk {
  if (voiceFiles === undefined) throw new HttpError(404, 'path-not-found', '此服务不提供阿里云接口')
  return voiceFiles
}

export const list_voice_files = action({
  method: 'GET',
  path,
  tag: '账户',
  summary: '查看语音文件',
  needs,
  answer: z.object({ success: z.literal(true), voice_files: z.array(z.object({ code: z.string(), bytes: z.number(), changed_at: z.string() })) }),
  async handle({ accountId }, stepone) {
    const files = await deskOf(stepone).list(accountId)
    return { success: true as const, voice_files: files.map(({ code, bytes, changedAt }) => ({ code, bytes, changed_at: changedAt.toISOString() })) }
  },
})

export const put_voice_file = action({
  method: 'PUT',
  path: `${path}/:code`,
  tag: '账户',
  summary: '上传或替换语音文件',
  description: `请求体就是文件：WAV 或 MP3，最大 ${voiceFileLimits.bytesMax >> 20} MB、最长 5 分钟；对之后播放它的呼叫生效。`,
  needs,
  params,
  bytes: true,
  bodyBytesMax: voiceFileLimits.bytesMax,
  answer: z.object({ success: z.literal(true), code: z.string(), bytes: z.number(), duration_ms: z.number() }),
  async handle({ accountId, request }, stepone) {
    const { code, bytes, ms } = await deskOf(stepone).add(accountId, (request.params as { code: string }).code, (request.body ?? []) as AsyncIterable<Buffer> | Iterable<Buffer>)
    return { success: true as const, code, bytes, duration_ms: ms }
  },
})

export const remove_voice_file = action({
  method: 'DELETE',
  path: `${path}/:code`,
  tag: '账户',
  summary: '删除语音文件',
  description: '之后要播放它的呼叫返回 isv.VOICE_FILE_ILLEGAL。',
  needs,
  params,
  answer: z.object({ success: z.literal(true) }),
  async handle({ accountId, request }, stepone) {
    await deskOf(stepone).remove(accountId, (request.params as { code: string }).code)
    return { success: true as const }
  },
})
