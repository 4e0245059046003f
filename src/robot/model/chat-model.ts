// The port of a language model: a conversation goes in, sentences and tool calls come out. Knows no provider and no calls.
import type { Meter } from '../../service-use.ts'

export type ChatMessage = { role: 'user' | 'assistant'; content: string }

/** A tool the model may call. `parameters` is a JSON schema of an object. */
export type ChatTool = { name: string; description: string; parameters: { readonly [key: string]: unknown } }

export type ChatRequest = {
  instructions: string
  messages: readonly ChatMessage[]
  tools: readonly ChatTool[]
  tokensMax: number
  /** Told what each answer took, once it is over. */
  meter?: Meter | undefined
}

/**
 * Why an answer broke off. 'rejected': asking again the same way will not help (401, 404); 'busy': 429 and 503;
 * 'unreachable': no connection, or it broke; 'broken': what came is not the protocol; 'empty': neither words nor a call.
 */
export type ModelFailure = { why: 'rejected' | 'busy' | 'unreachable' | 'broken' | 'empty'; status?: number | undefined; retryAfterMs?: number | undefined }

export type ChatEvent =
  /** One sentence, as soon as it is complete. `begunAtMs`, with the first one: when the first token of the answer came, on the clock of performance.now(). */
  | { type: 'sentence'; text: string; begunAtMs?: number }
  /** `input` is what the model wrote, parsed as JSON and not yet believed. */
  | { type: 'tool'; name: string; input: unknown }
  /** Last event of an answer that came to its end. */
  | { type: 'done' }
  /** Last event of one that did not. */
  | { type: 'failed'; failure: ModelFailure }

/** A stream that has started never throws: its last event says how it ended. Aborting `signal` ends it soon, without an event. */
export interface ChatModel {
  readonly name: string
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent>
  /** Opens a connection, so that the next answer does not wait for one. Never throws; resolves within a second. */
  warmUp(): Promise<void>
}
