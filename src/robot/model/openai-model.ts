// Knows how to talk to endpoints of the OpenAI chat-completions protocol through the AI SDK. Does not know calls, robots or what may be said.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, extractReasoningMiddleware, jsonSchema, streamText, tool, type ToolSet, wrapLanguageModel } from 'ai'
import type { ChatEvent, ChatModel, ChatRequest, ChatTool, ModelFailure } from './chat-model.ts'
import { SentenceSplitter } from './sentences.ts'

export type OpenAiModelOptions = {
  /** Up to and with the version: https://dashscope.aliyuncs.com/compatible-mode/v1 */
  baseUrl: string
  apiKey?: string | undefined
  model: string
}

/** An idle connection is closed by fetch after 4 s unless the server promises more; a little before that it is used again. */
const KEEP_WARM_MS = 3_500
const WARM_UP_MS_MAX = 1_000
/** An answer on the phone is short; a model that does not stop is stopped. */
const ANSWER_CHARS_MAX = 4_000
/** A little freedom of wording, none with facts. */
const TEMPERATURE = 0.3
const RETRY_AFTER_S_MAX = 3_600

/** Warnings of the SDK go to the console, past our log. */
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

export class OpenAiModel implements ChatModel {
  readonly name: string
  readonly #options: OpenAiModelOptions
  readonly #model: Parameters<typeof streamText>[0]['model']
  #usedAtMs = -Infinity
  #warming: Promise<void> | undefined

  constructor(options: OpenAiModelOptions) {
    this.#options = { ...options, baseUrl: options.baseUrl.replace(/\/+$/, '') }
    this.name = options.model
    const provider = createOpenAICompatible({ name: 'llm', baseURL: this.#options.baseUrl, includeUsage: true, ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }) })
    // Local models think aloud in <think>; thoughts are not for the callee.
    this.#model = wrapLanguageModel({ model: provider.chatModel(options.model), middleware: extractReasoningMiddleware({ tagName: 'think' }) })
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent> {
    const splitter = new SentenceSplitter()
    let chars = 0
    let answered = false
    let begunAtMs: number | undefined
    let use: { inputTokens: number; outputTokens: number } | 'refused' | undefined
    try {
      this.#usedAtMs = performance.now()
      const { stream } = streamText({
        model: this.#model,
        instructions: request.instructions,
        messages: [...request.messages],
        tools: toolSet(request.tools),
        maxOutputTokens: request.tokensMax,
        temperature: TEMPERATURE,
        // A second try would come too late for somebody who is listening.
        maxRetries: 0,
        abortSignal: signal,
        telemetry: { isEnabled: false },
        // The default prints the error, and with it the words of the callee.
        onError: () => {},
      })
      for await (const part of stream) {
        if (part.type === 'finish' && (part.totalUsage.inputTokens ?? part.totalUsage.outputTokens) !== undefined) use = { inputTokens: part.totalUsage.inputTokens ?? 0, outputTokens: part.totalUsage.outputTokens ?? 0 }
        // What was refused costs nothing.
        if (part.type === 'error' && !answered && APICallError.isInstance(part.error)) use = 'refused'
        if (signal.aborted || part.type === 'abort') return
        if (part.type === 'text-delta' || part.type === 'tool-input-start') begunAtMs ??= performance.now()
        if (part.type === 'text-delta') {
          chars += part.text.length
          for (const text of splitter.push(part.text)) {
            yield answered ? { type: 'sentence', text } : { type: 'sentence', text, begunAtMs: begunAtMs! }
            answered = true
          }
          if (chars > ANSWER_CHARS_MAX) break
        } else if (part.type === 'tool-call') {
          answered = true
          yield { type: 'tool', name: part.toolName, input: part.input }
        } else if (part.type === 'error' || (part.type === 'finish' && part.rawFinishReason === undefined)) {
          // A connection that broke ends the stream like one that was closed, but gives no reason to finish.
          yield { type: 'failed', failure: part.type === 'error' ? failureOf(part.error) : { why: 'broken' } }
          return
        }
      }
      if (signal.aborted) return
      for (const text of splitter.flush()) {
        yield answered ? { type: 'sentence', text } : { type: 'sentence', text, begunAtMs: begunAtMs! }
        answered = true
      }
      yield answered ? { type: 'done' } : { type: 'failed', failure: { why: 'empty' } }
    } catch (error) {
      if (!signal.aborted) yield { type: 'failed', failure: failureOf(error) }
    } finally {
      this.#usedAtMs = performance.now()
      if (use !== 'refused') request.meter?.({ kind: 'model', provider: this.name, inputTokens: use?.inputTokens ?? 0, outputTokens: use?.outputTokens ?? 0, untold: use ? 0 : 1 })
    }
  }

  async warmUp(): Promise<void> {
    if (performance.now() - this.#usedAtMs < KEEP_WARM_MS) return
    this.#warming ??= this.#connect().finally(() => (this.#warming = undefined))
    await this.#warming
  }

  /** OPTIONS costs nobody anything, needs no key, and leaves the connection open whatever it is answered (fetch closes it after HEAD). */
  async #connect(): Promise<void> {
    try {
      const response = await fetch(`${this.#options.baseUrl}/chat/completions`, { method: 'OPTIONS', redirect: 'manual', signal: AbortSignal.timeout(WARM_UP_MS_MAX) })
      // Only what was read to its end leaves the connection to the next request.
      await response.arrayBuffer()
      this.#usedAtMs = performance.now()
    } catch {
      // The answer that needs the connection will say what is wrong.
    }
  }
}

function toolSet(tools: readonly ChatTool[]): ToolSet {
  return Object.fromEntries(tools.map(({ name, description, parameters }) => [name, tool({ description, inputSchema: jsonSchema(parameters) })]))
}

function failureOf(error: unknown): ModelFailure {
  if (!APICallError.isInstance(error)) return { why: isNetworkError(error) ? 'unreachable' : 'broken' }
  const status = error.statusCode
  if (status === undefined) return { why: 'unreachable' }
  if (status === 429 || status === 503) return { why: 'busy', status, retryAfterMs: retryAfterMs(error.responseHeaders?.['retry-after']) }
  if (status >= 400 && status < 500 && status !== 408) return { why: 'rejected', status }
  return { why: status >= 200 && status < 300 ? 'broken' : 'unreachable', status }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && 'code' in error && /^(?:E[A-Z]+|UND_ERR_.+)$/.test(String(error.code)))
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), RETRY_AFTER_S_MAX) * 1_000 : undefined
}
