// Knows the frame around every message of DashScope's duplex tasks, the same for recognition and synthesis. Source: Model Studio, WebSocket API for run-task.
import { z } from 'zod'
import type { ServiceAddress } from './service-socket.ts'

export const dashScopeUrl = 'wss://dashscope.aliyuncs.com/api-ws/v1/inference'
/** A connection without a task is closed by the service after 60 s. */
export const dashScopeIdleMsMax = 50_000

export function dashScopeAddress({ provider, url = dashScopeUrl, apiKey }: { provider: string; url?: string | undefined; apiKey: string }): ServiceAddress {
  return { provider, url, headers: { Authorization: `Bearer ${apiKey}` } }
}

export function dashScopeMessage(action: 'run-task' | 'continue-task' | 'finish-task', taskId: string, payload: object): string {
  return JSON.stringify({ header: { action, task_id: taskId, streaming: 'duplex' }, payload })
}

const envelope = z.object({
  header: z.object({ event: z.string(), task_id: z.string().optional(), error_code: z.string().optional(), error_message: z.string().optional() }),
  payload: z.unknown(),
})

export type DashScopeEvent =
  | { event: 'task-started' | 'task-finished' }
  | { event: 'result-generated'; payload: unknown }
  | { event: 'task-failed'; reason: string; retryable: boolean }
  /** Of another task, or none that we know. */
  | { event: 'other' }

/** Errors: ZodError for what is no message of the service. */
export function readDashScope(raw: unknown, taskId: string): DashScopeEvent {
  const { header, payload } = envelope.parse(raw)
  if (header.task_id !== undefined && header.task_id !== taskId) return { event: 'other' }
  switch (header.event) {
    case 'task-started':
    case 'task-finished':
      return { event: header.event }
    case 'result-generated':
      return { event: 'result-generated', payload }
    case 'task-failed': {
      const code = header.error_code ?? 'unknown'
      // What is wrong with the request or the account stays wrong.
      const retryable = !/InvalidParameter|InvalidApiKey|AccessDenied|Arrearage|ModelNotFound/i.test(code)
      return { event: 'task-failed', reason: `${code}: ${header.error_message ?? ''}`, retryable }
    }
    default:
      return { event: 'other' }
  }
}
