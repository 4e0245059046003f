// The shape of one public action and what it may use. Does not know which actions exist.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountNumbers } from '../../account/account-numbers.ts'
import type { AccessKeys } from '../../account/access-keys.ts'
import type { CallbackServers } from '../../account/callback-servers.ts'
import type { TtsTemplates } from '../../account/tts-templates.ts'
import type { CallService } from '../../dialer/call-service.ts'
import type { ImportDesk } from '../../dialer/lists/import-desk.ts'
import type { DoNotCallDesk } from '../../dialer/do-not-call-desk.ts'
import type { ReceiptDesk } from '../../dialer/receipt-desk.ts'
import type { ScriptDesk } from '../../dialer/script-desk.ts'
import type { ReadingDesk } from '../../reading-desk.ts'
import type { ReportDesk } from '../../reports/run-report.ts'
import type { TaskDesk } from '../../dialer/tasks/task-desk.ts'
import type { TrunkDesk } from '../../dialer/trunk-desk.ts'
import type { VoiceFileDesk } from '../../voice-file-desk.ts'
import type { AccountDesk } from '../accounts.ts'
import type { Clock } from '../clock.ts'
import type { ApiLimits } from '../limits.ts'
import type { ChatStreams } from './chat-stream.ts'
import type { RecordingLinks } from './recording-links.ts'

/** Everything the actions work with. */
export type StepOne = {
  calls: CallService
  accounts: AccountDesk
  clock: Clock
  limits: ApiLimits
  streams: ChatStreams
  recordings: RecordingLinks
  /** Base of links in answers, without a trailing slash, for this request. */
  baseUrl: (request: FastifyRequest) => string
  /** Undefined: this server has no tasks. */
  tasks: TaskDesk | undefined
  /** Undefined: this server manages no trunks. */
  trunks: TrunkDesk | undefined
  doNotCall: DoNotCallDesk | undefined
  readings: ReadingDesk | undefined
  reports: ReportDesk | undefined
  /** Undefined: this server has no scripts. */
  scripts: ScriptDesk | undefined
  /** Undefined: no lists of numbers are taken. */
  imports: ImportDesk | undefined
  accessKeys: AccessKeys | undefined
  callbackServers: CallbackServers | undefined
  numbers: AccountNumbers | undefined
  templates: TtsTemplates | undefined
  voiceFiles: VoiceFileDesk | undefined
  receipts: ReceiptDesk | undefined
  /** Folder of SIP traces; undefined: none are kept. */
  traces: string | undefined
  /** The account of an X-API-Key header. Errors: RefusedError key-invalid; not-allowed when an admin's key is needed and this is none. */
  authenticate: (key: unknown, rights?: 'admin') => Promise<string>
}

export type ActionInput<Body> = {
  body: Body
  /** '' when the action needs no key. */
  accountId: string
  request: FastifyRequest
  reply: FastifyReply
}

export type Action = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  tag: '通话' | '话术' | '任务' | '报表' | '账户' | '线路' | '其他'
  summary: string
  description?: string
  /** `version`: X-Skill-Version is checked as well. `admin`: the key must be an admin's. */
  needs: { key: boolean; version: boolean; admin?: boolean }
  body?: z.ZodType
  /** Where a body may be larger than others. */
  bodyBytesMax?: number
  /** The body is the bytes of a file, handed over as they come; there is no `body` then. */
  bytes?: true
  params?: z.ZodType
  query?: z.ZodType
  /** Shape of the 200 answer; undefined when the action writes the answer itself. */
  answer?: z.ZodType
  /** For the document only: media type of an answer that the action writes itself. */
  writes?: string
  /** Counts as a stream, not as a request in progress. */
  stream?: boolean
  handle(input: ActionInput<never>, stepone: StepOne): Promise<unknown>
}

/** Ties the type of `body` to the handler; returns the action unchanged. */
export function action<Body extends z.ZodType = z.ZodUndefined>(
  definition: Omit<Action, 'body' | 'handle'> & { body?: Body; handle(input: ActionInput<z.output<Body>>, stepone: StepOne): Promise<unknown> },
): Action {
  return definition as Action
}

export const callinfo = '/api/v1/callinfo'
export const account = '/api/v1/account'

const text = (name: string, what: string) => z.string({ error: `${name} 应为字符串（${what}）` })

/** Every body is a JSON object; anything else gets this sentence. */
export const jsonObject = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape, { error: '请求体应为 JSON 对象' })

export const requiredText = (name: string, what: string, charsMax: number) =>
  text(name, what)
    .trim()
    .min(1, { error: `${name} 不能为空（${what}）` })
    .max(charsMax, { error: `${name} 过长，最多 ${charsMax} 个字符` })
    .refine((value) => value.isWellFormed() && !value.includes('\ufffd') && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value), {
      error: `${name} 含有不可见的控制字符或损坏的编码，请用 UTF-8 重新填写`,
    })

export const zCallId = text('call_id', '发起呼叫时返回的编号')
  .trim()
  .min(1, { error: 'call_id 不能为空' })
  .max(128, { error: 'call_id 过长' })
  .regex(/^[a-zA-Z0-9^_-]+$/, { error: 'call_id 格式不对：只能含字母、数字、^、_、-' })
  .meta({ description: '发起呼叫时返回的编号', examples: ['call_01JC9Z3V5N'] })
