// Knows what the server and a sherpa-onnx child tell each other over the channel between them. Does not know either of them.
import type { EngineConfig } from './engine.ts'
import type { ModelMode } from './model-folder.ts'

/** How a child is started: its only argument, as JSON. */
export type ChildOrder = { engine: string | undefined; mode: ModelMode; config: EngineConfig }

/** `id` numbers one utterance, one text or one call's voice activity. */
export type ToChild =
  /** 8 kHz PCM, in order. */
  | { op: 'audio'; id: number; pcm: Int16Array }
  | { op: 'end'; id: number }
  | { op: 'speak'; id: number; text: string; speaker: number; speed: number }
  /** Nothing more is wanted of it. */
  | { op: 'drop'; id: number }
  | { op: 'ping' }

export type FromChild =
  /** The model is loaded. `speakers`: of a voice. */
  | { type: 'ready'; speakers?: number }
  /** It cannot be; the child ends. */
  | { type: 'unavailable'; reason: string }
  | { type: 'partial'; id: number; text: string }
  /** Seconds of the first and the last word's beginning in the utterance's audio, as far as the model tells. Last message of the id. */
  | { type: 'final'; id: number; text: string; firstS?: number | undefined; lastS?: number | undefined }
  /** 8 kHz PCM. */
  | { type: 'audio'; id: number; pcm: Int16Array }
  /** Last message of the id. */
  | { type: 'done'; id: number }
  | { type: 'failed'; id: number; reason: string }
  /** Whether somebody speaks, after `samples` of 8 kHz audio in all. */
  | { type: 'activity'; id: number; speech: boolean; samples: number }
  | { type: 'pong' }
